//! Network namespaces of a test's own, with lines between them that lose and delay packets and can be cut.
//!
//! Needs root, `ip` and `/dev/net/tun`: nothing outside these namespaces is touched.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::stage;

type Link = (Child, ChildStdin, BufReader<ChildStdout>);

/// Namespaces that end with this.
pub(crate) struct Namespaces {
    prefix: String,
    names: Vec<&'static str>,
    link: Mutex<Option<Link>>,
}

fn ip(arguments: &[&str]) {
    let done = Command::new("ip").args(arguments).output().expect("`ip` runs");
    let why = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "ip {}: {why} (this test needs root)", arguments.join(" "));
}

impl Namespaces {
    /// Makes namespaces, with a line from the first of them to each of the others: there it has the address 10.77.N.1,
    /// and they have 10.77.N.2. `here` is an address of the first that all of them reach.
    pub(crate) fn new(names: &[&'static str], here: &str) -> Self {
        assert!(Path::new("/dev/net/tun").exists(), "this test needs /dev/net/tun");
        let prefix = format!("lw{}", std::process::id());
        let mut made = Self { prefix, names: Vec::new(), link: Mutex::new(None) };
        for name in names {
            ip(&["netns", "add", &made.called(name)]);
            made.names.push(name);
            ip(&["-n", &made.called(name), "link", "set", "lo", "up"]);
        }
        let hub = made.called(names[0]);
        ip(&["-n", &hub, "addr", "add", &format!("{here}/32"), "dev", "lo"]);
        let mut link = Command::new("python3")
            .arg(stage::tests().join("live/servers/link.py"))
            .args(names.iter().map(|name| made.called(name)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 runs");
        let (orders, said) = (link.stdin.take().expect("orders"), link.stdout.take().expect("answers"));
        made.link = Mutex::new(Some((link, orders, BufReader::new(said))));
        made.order(None, "ready");
        made
    }

    fn called(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    fn order(&self, order: Option<&str>, expected: &str) {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, orders, answers) = link.as_mut().expect("the lines are there");
        if let Some(order) = order {
            writeln!(orders, "{order}").expect("an order");
        }
        let mut line = String::new();
        answers.read_line(&mut line).expect("an answer");
        assert_eq!(line.trim(), expected, "the lines are not there");
    }

    fn ordered(&self, order: &str) {
        self.order(Some(order), "done");
    }

    /// Loses a share of the packets of all lines, and delays them, each way.
    pub(crate) fn weather(&self, loss: f64, delay: Duration, jitter: Duration) {
        self.ordered(&format!("loss all {loss}"));
        self.ordered(&format!("delay all {} {}", delay.as_millis(), jitter.as_millis()));
    }

    /// Cuts the line of one.
    pub(crate) fn cut(&self, name: &str) {
        self.ordered(&format!("cut {}", self.called(name)));
    }

    /// Mends the line of one.
    pub(crate) fn mend(&self, name: &str) {
        self.ordered(&format!("mend {}", self.called(name)));
    }

    /// A command in the namespace of one.
    pub(crate) fn within(&self, name: &str, command: Command) -> Command {
        let mut there = Command::new("ip");
        there.args(["netns", "exec", &self.called(name)]).arg(command.get_program()).args(command.get_args());
        if let Some(folder) = command.get_current_dir() {
            there.current_dir(folder);
        }
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => there.env(key, value),
                None => there.env_remove(key),
            };
        }
        there
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        if let Some((mut link, orders, _)) =
            self.link.get_mut().unwrap_or_else(PoisonError::into_inner).take()
        {
            drop(orders);
            let _ = link.kill();
            let _ = link.wait();
        }
        for name in &self.names {
            let _ = Command::new("ip").args(["netns", "del", &self.called(name)]).status();
        }
    }
}

//! One real server, started and broken through its launcher (servers/launch.py).

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::output::{Lines, tail};
use super::stage;
use super::wait::until;

/// What servers know of each other: ports and tokens.
pub(crate) type Env = BTreeMap<String, String>;

/// Longest wait for a server; the launcher itself gives up before.
const READY: u64 = 150;
/// Longest wait for a launcher to do as it was told.
const ANSWER: u64 = 60;

/// A real server.
pub(crate) struct Server {
    name: String,
    launcher: Child,
    stdin: Option<ChildStdin>,
    said: Lines,
    heard: usize,
    log: PathBuf,
    /// What it told when it was ready.
    pub(crate) facts: Value,
    /// What others must be told to know it.
    pub(crate) env: Env,
}

impl Server {
    /// Starts a server and waits until it answers.
    pub(crate) async fn start(name: &str, work: &Path, env: &Env) -> Self {
        let tests = stage::tests();
        let python = tests.join(".venv/bin/python");
        assert!(python.exists(), "{} is missing: run tests/setup first", python.display());
        let mut launcher = Command::new(python)
            .arg(tests.join("live/servers/launch.py"))
            .arg(name)
            .arg("--work")
            .arg(work.join(name))
            .envs(env)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("the launcher of {name} cannot be started: {e}"));
        let said = Lines::of(launcher.stdout.take().expect("its output"));
        let stdin = launcher.stdin.take();
        let log = work.join(name).join(format!("{name}.log"));
        let (facts, env) = (Value::Null, env.clone());
        let mut server = Self { name: name.to_owned(), launcher, stdin, said, heard: 0, log, facts, env };
        server.ready().await;
        server
    }

    async fn ready(&mut self) {
        let facts = self.event(&["ready", "failed"], READY).await;
        assert_eq!(facts["event"], "ready", "{} did not start (run tests/setup first?): {facts}", self.name);
        for (name, value) in facts["env"].as_object().into_iter().flatten() {
            self.env.insert(name.clone(), value.as_str().unwrap_or_default().to_owned());
        }
        self.facts = facts;
    }

    /// The next event of one of these kinds.
    async fn event(&mut self, kinds: &[&str], bound: u64) -> Value {
        let (said, heard) = (self.said.clone(), &mut self.heard);
        let what = format!("{kinds:?} of the launcher of {}", self.name);
        until(&what, bound, async || {
            let lines = said.since(*heard);
            for line in &lines {
                *heard += 1;
                let event: Value = serde_json::from_str(line).unwrap_or_default();
                if event["event"].as_str().is_some_and(|kind| kinds.contains(&kind)) {
                    return Ok(event);
                }
            }
            Err(format!("{:?}", said.since(0).last()))
        })
        .await
    }

    fn say(&mut self, command: &str) {
        let stdin = self.stdin.as_mut().expect("the launcher listens");
        writeln!(stdin, "{command}").and_then(|()| stdin.flush()).expect("the launcher listens");
    }

    /// Has a command done (`stop`, `cont`, `kill user:NAME`, `list`, …) and gives the answer.
    pub(crate) async fn order(&mut self, command: &str) -> Value {
        self.say(command);
        let answer = self.event(&["done", "refused", "list"], ANSWER).await;
        assert_ne!(answer["event"], "refused", "{}: {answer}", self.name);
        answer
    }

    /// Kills the server outright and waits until it is gone.
    pub(crate) async fn kill(&mut self) {
        self.order("kill").await;
        self.event(&["ended"], ANSWER).await;
    }

    /// Starts it again in the same place, with the same data.
    pub(crate) async fn start_again(&mut self) {
        self.say("start");
        self.ready().await;
    }

    /// Something it told when it was ready.
    pub(crate) fn fact(&self, name: &str) -> &str {
        self.facts[name].as_str().unwrap_or_else(|| panic!("{} tells no {name}: {}", self.name, self.facts))
    }

    /// A port, token or path of it.
    pub(crate) fn env(&self, name: &str) -> &str {
        self.env.get(name).unwrap_or_else(|| panic!("{} has no {name}", self.name))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- end of the log of {}:\n{}", self.name, tail(&self.log, 40));
        }
        // The end of its input tells the launcher to take the server down; it kills what has not gone after 5 s.
        drop(self.stdin.take());
        for _ in 0..200 {
            if !matches!(self.launcher.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.launcher.kill();
        let _ = self.launcher.wait();
    }
}

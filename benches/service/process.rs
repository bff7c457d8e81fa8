//! Processes under measurement: the service and the servers it looks at, their CPU time and memory.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::PART;
use crate::scrape;

/// Ticks of `/proc/PID/stat` in a second: fixed on Linux.
const TICKS: f64 = 100.0;

/// CPU seconds a process has used, its threads included.
pub(crate) fn cpu(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process is gone");
    let (_, rest) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |n: usize| fields[n].parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / TICKS
}

/// A line of `/proc/PID/status` in MB (of 1,000,000 bytes).
pub(crate) fn memory(pid: u32, key: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process is gone");
    let line = status.lines().find(|l| l.starts_with(key)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 1024.0 / 1e6
}

/// How busy the machine is besides: runnable tasks of the last minute.
pub(crate) fn load() -> String {
    std::fs::read_to_string("/proc/loadavg")
        .unwrap_or_default()
        .split(' ')
        .take(2)
        .collect::<Vec<_>>()
        .join(" ")
}

/// A child that is ended when it is dropped.
pub(crate) struct Ended(pub(crate) Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _gone_already = self.0.kill();
        let _ended = self.0.wait();
    }
}

/// The limit of open files of our children: as high as the system lets us.
fn with_files(program: &Path) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "ulimit -n $(ulimit -Hn); exec \"$0\" \"$@\""]).arg(program);
    for proxy in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    command
}

/// Servers to be looked at: this program once more, told what to serve. It says its addresses on its first line.
pub(crate) struct Servers {
    child: Ended,
    _stdout: BufReader<ChildStdout>,
    /// Where it can be told how to behave, and asked for its counts.
    pub(crate) control: SocketAddr,
    /// Where it serves.
    pub(crate) ports: Vec<u16>,
}

impl Servers {
    pub(crate) fn start(part: &str) -> Self {
        let program = std::env::current_exe().unwrap();
        let mut child = Ended(with_files(&program).env(PART, part).stdout(Stdio::piped()).spawn().unwrap());
        let mut stdout = BufReader::new(child.0.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let ports: Vec<u16> = line.split_whitespace().map(|p| p.parse().unwrap()).collect();
        let (control, ports) = ports.split_first().unwrap();
        Self { child, _stdout: stdout, control: ([127, 0, 0, 1], *control).into(), ports: ports.to_vec() }
    }

    /// Tells it something, and reads its answer.
    pub(crate) fn tell(&self, path: &str) -> String {
        scrape::get(self.control, path)
    }

    pub(crate) fn cpu(&self) -> f64 {
        cpu(self.child.0.id())
    }
}

/// The service under measurement, in a folder of its own.
pub(crate) struct Service {
    child: Ended,
    _folder: tempfile::TempDir,
    /// Pages and metrics.
    pub(crate) at: SocketAddr,
}

impl Service {
    /// Starts the binary with this configuration (without `service`), and waits until it answers.
    pub(crate) fn start(limits: &str, body: &str, environment: &[(&str, String)]) -> Self {
        let folder = tempfile::tempdir_in(place()).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let at: SocketAddr = ([127, 0, 0, 1], port).into();
        let config = folder.path().join("launchwatch.yaml");
        let text =
            format!("version: 1\nservice:\n  listen: {at}\n  grace: 6s\n  witnesses: []\n{limits}{body}");
        std::fs::write(&config, text).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = with_files(&binary());
        command.args(["serve", "--log", "warn", "--config"]).arg(&config).stderr(log);
        command.envs(environment.iter().map(|(k, v)| (*k, v)));
        let mut service = Self { child: Ended(command.spawn().unwrap()), _folder: folder, at };
        service.wait();
        service
    }

    fn wait(&mut self) {
        let began = Instant::now();
        while scrape::try_get(self.at, "/healthz").is_none() {
            let ended = self.child.0.try_wait().unwrap();
            assert!(
                ended.is_none() && began.elapsed() < Duration::from_secs(60),
                "it does not start:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self._folder.path().join("log")).unwrap_or_default()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.0.id()
    }

    pub(crate) fn cpu(&self) -> f64 {
        cpu(self.pid())
    }

    pub(crate) fn memory(&self, key: &str) -> f64 {
        memory(self.pid(), key)
    }

    pub(crate) fn scrape(&self) -> scrape::Scrape {
        scrape::Scrape::of(&scrape::get(self.at, "/metrics"))
    }
}

/// The service's binary: the one that cargo built with this bench, or the one named.
fn binary() -> PathBuf {
    std::env::var_os("LAUNCHWATCH_BENCH_BINARY")
        .map_or_else(|| env!("CARGO_BIN_EXE_launchwatch").into(), PathBuf::from)
}

/// Where state is kept while measuring: on a disk, for results are to be durable.
fn place() -> PathBuf {
    std::env::var_os("LAUNCHWATCH_BENCH_STATE").map_or_else(std::env::temp_dir, PathBuf::from)
}

//! The binary as people run it: a folder with its configuration, one-off commands, and the service itself.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

use super::output::tail;
use super::stage;
use super::wait::until;

const BINARY: &str = env!("CARGO_BIN_EXE_launchwatch");
/// Longest a one-off command may take.
const COMMAND: Duration = Duration::from_secs(150);

/// A folder with a configuration, the store and the log.
pub(crate) struct Home {
    dir: TempDir,
    secrets: Vec<(String, String)>,
}

impl Home {
    /// Writes the configuration. `secrets` become environment variables of the binary, for `env:NAME`.
    pub(crate) fn new(yaml: &str, secrets: &[(&str, &str)]) -> Self {
        let home = Self {
            dir: tempfile::tempdir().expect("a folder"),
            secrets: secrets.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        };
        home.rewrite(yaml);
        home
    }

    /// Writes another configuration.
    pub(crate) fn rewrite(&self, yaml: &str) {
        std::fs::write(self.dir.path().join("launchwatch.yaml"), yaml).expect("the configuration is written");
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Everything the service has said, in all its lives.
    pub(crate) fn log(&self) -> PathBuf {
        self.dir.path().join("serve.log")
    }

    /// The binary, in this folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.args(arguments).current_dir(self.dir.path()).stdin(Stdio::null());
        for proxy in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            command.env_remove(proxy);
        }
        command
            .env_remove("LAUNCHWATCH_CONFIG")
            .env_remove("LAUNCHWATCH_LOG")
            .envs(self.secrets.iter().cloned());
        command
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = tokio::process::Command::from(self.command(arguments));
        let run = command.kill_on_drop(true).output();
        match tokio::time::timeout(COMMAND, run).await {
            Ok(output) => output.unwrap_or_else(|e| panic!("launchwatch {arguments:?} cannot be run: {e}")),
            Err(_) => panic!("launchwatch {arguments:?} did not end within {COMMAND:?}"),
        }
    }

    /// One run of a probe, as `probe --json` tells it, and the seconds the whole command took.
    pub(crate) async fn probe(&self, name: &str) -> (Value, f64) {
        let began = Instant::now();
        let output = self.run(&["probe", name, "--json"]).await;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let value = serde_json::from_str(&out)
            .unwrap_or_else(|e| panic!("probe {name} ({}): {e}\n{out}\n{err}", output.status));
        (value, began.elapsed().as_secs_f64())
    }

    /// Starts the service and waits until it says where its pages are.
    pub(crate) async fn serve(&self) -> Serve {
        let log = OpenOptions::new().create(true).append(true).open(self.log()).expect("a log");
        let before = log.metadata().expect("a log").len();
        let child = self
            .command(&["serve"])
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|e| panic!("{BINARY} cannot be started: {e}"));
        let mut serve = Serve { child, log: self.log(), url: String::new(), client: stage::client() };
        serve.url = until("the service to say where its pages are", 30, async || {
            if let Ok(Some(status)) = serve.child.try_wait() {
                panic!("the service ended at once ({status}):\n{}", tail(&serve.log, 40));
            }
            let said = text_from(&serve.log, before);
            let rest = said.split_once("pages and metrics at ").map(|(_, rest)| rest.to_owned());
            let url = rest.and_then(|r| r.split_once('\n').map(|(url, _)| url.trim().to_owned()));
            url.ok_or(said)
        })
        .await;
        serve
    }

    /// Looks for texts that may stand nowhere: in no file of the folder, logs and database included.
    /// Gives `file: label` for each that was found.
    pub(crate) fn leaks<'a>(&self, secrets: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<String> {
        let secrets: Vec<_> = secrets.into_iter().collect();
        let mut found = Vec::new();
        for file in files(self.dir.path()) {
            let bytes = std::fs::read(&file).unwrap_or_default();
            for (label, secret) in &secrets {
                assert!(secret.len() >= 8, "{label} is too short to be looked for");
                if bytes.windows(secret.len()).any(|w| w == secret.as_bytes()) {
                    found.push(format!("{}: {label}", file.display()));
                }
            }
        }
        found
    }
}

/// Debts of launches in the store of a directory, by state. For a service that has ended, or another's snapshot.
pub(crate) fn debts(state: &Path) -> Vec<(String, u32)> {
    let file = files(state).into_iter().find(|f| f.extension().is_some_and(|e| e == "db")).expect("a store");
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let db = rusqlite::Connection::open_with_flags(file, flags).expect("the store opens");
    let mut query =
        db.prepare("SELECT state, count(*) FROM debt GROUP BY state ORDER BY state").expect("debts");
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("debts");
    rows.map(|row| row.expect("a row")).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all
}

fn text_from(file: &Path, offset: u64) -> String {
    let mut bytes = Vec::new();
    let read = File::open(file)
        .and_then(|mut f| f.seek(SeekFrom::Start(offset)).map(|_| f))
        .and_then(|mut f| f.read_to_end(&mut bytes));
    read.map(|_| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// The service while it runs; killed outright when dropped.
pub(crate) struct Serve {
    child: Child,
    log: PathBuf,
    /// Root of its pages.
    pub(crate) url: String,
    client: reqwest::Client,
}

impl Serve {
    /// Fetches a page of it.
    pub(crate) async fn get(&self, path: &str) -> Result<String, String> {
        let answer =
            self.client.get(format!("{}{path}", self.url)).send().await.map_err(|e| e.to_string())?;
        let status = answer.status();
        let text = answer.text().await.map_err(|e| e.to_string())?;
        if status.is_success() { Ok(text) } else { Err(format!("{path}: {status} {text}")) }
    }

    /// How everything stands, as JSON.
    pub(crate) async fn status(&self) -> Result<Value, String> {
        let text = self.get("api/v1/status").await?;
        serde_json::from_str(&text).map_err(|e| format!("{e}: {text}"))
    }

    /// How one probe stands.
    pub(crate) async fn probe(&self, target: &str, probe: &str) -> Result<Value, String> {
        let status = self.status().await?;
        let named = |list: &Value, name: &str| {
            list.as_array().into_iter().flatten().find(|each| each["name"] == name).cloned()
        };
        let target =
            named(&status["targets"], target).ok_or_else(|| format!("no target {target}: {status}"))?;
        named(&target["probes"], probe).ok_or_else(|| format!("no probe {probe}: {target}"))
    }

    /// Number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A figure of `/metrics`, summed over the lines that begin with `name` and hold all of `labels`.
    pub(crate) async fn metric(&self, name: &str, labels: &[&str]) -> Result<f64, String> {
        let text = self.get("metrics").await?;
        let fits = |line: &&str| {
            line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']))
                && labels.iter().all(|label| line.contains(label))
        };
        let values: Vec<f64> =
            text.lines().filter(fits).filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect();
        if values.is_empty() {
            Err(format!("no {name} with {labels:?}:\n{text}"))
        } else {
            Ok(values.iter().sum())
        }
    }

    /// Kills it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    /// Asks it to stop and waits until it has; gives its exit code.
    pub(crate) async fn stop(mut self, bound: u64) -> Option<i32> {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(asked.is_ok_and(|s| s.success()), "the service is not there to be stopped");
        let log = self.log.clone();
        let child = &mut self.child;
        until("the service to stop", bound, async || match child.try_wait() {
            Ok(Some(status)) => Ok(status.code()),
            _ => Err(tail(&log, 5)),
        })
        .await
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- end of the log of launchwatch:\n{}", tail(&self.log, 60));
        }
        self.end();
    }
}

/// The demo while it runs, on ports of its own.
pub(crate) struct Demo {
    child: Child,
    home: Home,
    /// Root of its pages.
    pub(crate) url: String,
}

impl Demo {
    /// Starts it and waits until its pages are there.
    pub(crate) async fn start() -> Self {
        let home = Home::new("", &[]);
        let (pages, hub) = (free_address(), free_address());
        let log = File::create(home.log()).expect("a log");
        let child = home
            .command(&["demo", "--listen", &pages, "--hub", &hub])
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|e| panic!("{BINARY} cannot be started: {e}"));
        let demo = Self { child, home, url: format!("http://{pages}/") };
        let client = stage::client();
        until("the demo's pages", 30, async || {
            let asked = client.get(format!("{}healthz", demo.url)).send().await;
            asked.map(drop).map_err(|e| format!("{e}:\n{}", tail(&demo.home.log(), 20)))
        })
        .await;
        demo
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- end of the log of the demo:\n{}", tail(&self.home.log(), 60));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address on which nobody listens just now.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").to_string()
}

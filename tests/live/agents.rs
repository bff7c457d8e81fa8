//! A service, agents and a cron job, each in a network namespace of its own, on lines that lose, delay and break.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use jiff::Timestamp;
use launchwatch::observation::{Observation, ProbeId};
use launchwatch::store::{Retention, RunQuery, SqliteStore, Store};
use launchwatch_probes::Verdict;
use serde_json::Value;
use tokio::time::Instant;

use crate::kit::namespaces::Namespaces;
use crate::kit::output::tail;
use crate::kit::service::Home;
use crate::kit::wait::{so, until};

/// Where the service is, and what is looked at: an address that all reach over their lines.
const HERE: &str = "10.78.0.1";
/// How often agents look, in seconds.
const EVERY: i64 = 5;

const CONFIGURATION: &str = "
version: 1
service: { listen: '0.0.0.0:8480', witnesses: [] }
agents:
  - { name: frankfurt, silent_after: 60s }
  - { name: oslo, silent_after: 60s }
  - { name: nightly, silent_after: 10m }
  - { name: gone, silent_after: 30s }
targets:
  - name: site
    url: http://10.78.0.1:8000/
    probes:
      - { type: http, name: often, every: 5s, locations: [frankfurt, oslo] }
      - { type: http, name: seldom, every: 10s, locations: [nightly] }
      - { type: http, name: last, every: 10s, locations: [gone] }
";

/// A process that ends with the test.
struct Process(Child, &'static str, std::path::PathBuf);

impl Process {
    fn start(mut command: Command, name: &'static str, folder: &Path) -> Self {
        let log = folder.join(format!("{name}.log"));
        let file = File::create(&log).expect("a log");
        let command = command.stdin(Stdio::null()).stdout(file.try_clone().expect("a log")).stderr(file);
        Self(command.spawn().unwrap_or_else(|e| panic!("{name} cannot be started: {e}")), name, log)
    }

    async fn stop(mut self) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().is_ok_and(|s| s.success()));
        let (log, child) = (self.2.clone(), &mut self.0);
        let code = until("it to stop", 40, async || match child.try_wait() {
            Ok(Some(status)) => Ok(status.code()),
            _ => Err(tail(&log, 5)),
        })
        .await;
        assert_eq!(code, Some(0), "{}:\n{}", self.1, tail(&self.2, 20));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
        if std::thread::panicking() {
            eprintln!("--- end of the log of {}:\n{}", self.1, tail(&self.2, 30));
        }
    }
}

/// All that runs.
struct World {
    net: Namespaces,
    home: Home,
}

impl World {
    fn command(&self, place: &str, arguments: &[&str]) -> Command {
        self.net.within(place, self.home.command(arguments))
    }

    fn agent(&self, place: &'static str) -> Process {
        let (join, state) = (format!("http://{HERE}:8480/"), format!("of-{place}"));
        let token = format!("{place}.token");
        let witness = format!("http://{HERE}:8000/");
        let arguments =
            ["agent", "--join", &join, "--state", &state, "--token-file", &token, "--witness", &witness];
        Process::start(self.command(place, &arguments), place, self.home.path())
    }

    /// Runs a command where the service is, and gives what it says.
    async fn ask(&self, arguments: &[&str]) -> String {
        let command = tokio::process::Command::from(self.command("hub", arguments)).output().await;
        let output = command.expect("it runs");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{arguments:?}: {out}{err}");
        out.into_owned()
    }

    async fn status(&self) -> Result<Value, String> {
        let script = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8480/api/v1/status').read().decode())";
        let mut python = Command::new("python3");
        python.args(["-c", script]);
        let output = tokio::process::Command::from(self.net.within("hub", python)).output().await;
        let output = output.map_err(|e| e.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        serde_json::from_slice(&output.stdout).map_err(|e| format!("{e}: {said}"))
    }

    /// How one probe stands, as the service says.
    async fn probe(&self, name: &str) -> Result<Value, String> {
        let status = self.status().await?;
        let probes = status["targets"][0]["probes"].as_array().cloned().unwrap_or_default();
        let found = probes.into_iter().find(|p| p["name"] == name);
        found.ok_or_else(|| format!("no {name}: {status}"))
    }

    async fn incidents(&self) -> Vec<Value> {
        let text = self.ask(&["incidents", "--all", "--json"]).await;
        let value: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
        value["incidents"].as_array().or(value.as_array()).cloned().unwrap_or_default()
    }

    /// One round of the cron job: the slots it has seen, and its code.
    async fn round(&self) -> (Vec<Timestamp>, i32) {
        let (url, token) = (format!("http://{HERE}:8480/"), "nightly.token");
        let witness = format!("http://{HERE}:8000/");
        let arguments = [
            "run",
            "--once",
            "--json",
            "--report-to",
            &url,
            "--state",
            "of-nightly",
            "--token-file",
            token,
            "--witness",
            &witness,
            "--deadline",
            "8s",
        ];
        let output = tokio::process::Command::from(self.command("nightly", &arguments)).output().await;
        let output = output.expect("it runs");
        let value: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let seen = value["seen"].as_array().cloned().unwrap_or_default();
        let slots = seen.iter().filter_map(|s| s["slot"].as_str()?.parse().ok()).collect();
        (slots, output.status.code().unwrap_or(-1))
    }
}

async fn runs(store: &SqliteStore, probe: &str) -> Vec<Observation> {
    let query =
        RunQuery { probe: Some(ProbeId::from(probe.to_owned())), limit: 100_000, ..RunQuery::default() };
    store.runs(&query).await.expect("runs")
}

/// Every slot of the grid between the first and the last was seen, and each once. A run that confirms stands for the
/// slots that pass meanwhile.
async fn whole(store: &SqliteStore, probe: &str, until: Timestamp) -> usize {
    let all = runs(store, probe).await;
    let grid: Vec<i64> = all.iter().filter(|r| !r.confirms).map(|r| r.slot.as_millisecond()).collect();
    let slots: BTreeSet<i64> = grid.iter().copied().collect();
    assert_eq!(slots.len(), grid.len(), "{probe}: a slot stands there twice");
    let (first, last) = (slots.first().copied().expect("runs"), slots.last().copied().expect("runs"));
    let covered = |slot: i64| {
        let ended = |r: &Observation| r.ended().as_millisecond() + 1_000;
        all.iter().any(|r| r.confirms && r.slot.as_millisecond() <= slot && slot <= ended(r))
    };
    let due = (0..).map(|n| first + n * EVERY * 1_000).take_while(|slot| *slot <= last);
    let missing: Vec<i64> = due.filter(|slot| !slots.contains(slot) && !covered(*slot)).collect();
    assert!(missing.is_empty(), "{probe}: {missing:?} of {} did not arrive", slots.len());
    assert!(last > until.as_millisecond() - 2 * EVERY * 1_000, "{probe}: the last ones did not arrive");
    slots.len()
}

/// Cuts and mends the lines; says whether the place that was cut off for longest was seen to be unknown.
async fn weather(world: &World, began: Instant) -> bool {
    let mut noticed = false;
    for (second, cuts, place) in [
        (0, true, "frankfurt"),
        (4, true, "oslo"),
        (10, true, "nightly"),
        (24, false, "frankfurt"),
        (28, false, "oslo"),
        (30, false, "nightly"),
    ] {
        while began.elapsed() < Duration::from_secs(second) {
            let probe = world.probe("often@frankfurt").await.unwrap_or_default();
            noticed |= probe["stale"] == true;
            assert_ne!(probe["verdict"], "failed", "{probe}");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        if cuts { world.net.cut(place) } else { world.net.mend(place) }
    }
    noticed
}

/// Runs the cron job again and again: the slots it has seen, and how its rounds ended.
async fn rounds(world: &World, began: Instant) -> (Vec<Timestamp>, BTreeSet<i32>) {
    let (mut slots, mut codes) = (Vec::new(), BTreeSet::new());
    while began.elapsed() < Duration::from_secs(32) {
        let (seen, code) = world.round().await;
        slots.extend(seen);
        codes.insert(code);
    }
    (slots, codes)
}

/// The only trouble there is, is ours: an agent that is gone, and what only it looked at.
async fn nobody_is_accused(world: &World) {
    let gap = |i: &Value| i.to_string().contains("observability-gap") && !i.to_string().contains("often");
    let accused: Vec<_> = world
        .incidents()
        .await
        .into_iter()
        .filter(|i| !i.to_string().contains("agent-gone") && !gap(i))
        .collect();
    assert!(accused.is_empty(), "a false alarm: {accused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root, network namespaces and /dev/net/tun: tests/run runs it where they are"]
async fn on_lines_that_lose_delay_and_break_every_observation_arrives_once_and_nobody_is_accused() {
    let net = Namespaces::new(&["hub", "frankfurt", "oslo", "nightly", "gone"], HERE);
    net.weather(0.05, Duration::from_millis(50), Duration::from_millis(25));
    let world = World { net, home: Home::new(CONFIGURATION, &[]) };
    let folder = world.home.path().to_owned();
    std::fs::create_dir(folder.join("pages")).expect("a folder");
    let mut site = Command::new("python3");
    site.args(["-m", "http.server", "8000"]).current_dir(folder.join("pages"));
    let _site = Process::start(world.net.within("hub", site), "site", &folder);
    let serve = Process::start(world.command("hub", &["serve"]), "serve", &folder);
    until("the service", 40, async || world.status().await).await;
    for place in ["frankfurt", "oslo", "nightly", "gone"] {
        let token = world.ask(&["token", "add", "--agent", place]).await;
        std::fs::write(folder.join(format!("{place}.token")), token).expect("a token");
    }
    let (frankfurt, oslo, gone) = (world.agent("frankfurt"), world.agent("oslo"), world.agent("gone"));
    for name in ["often@frankfurt", "often@oslo", "last@gone"] {
        until("a first look", 30, async || {
            let probe = world.probe(name).await?;
            so(probe["verdict"] == "passed", probe)
        })
        .await;
    }
    drop(gone); // killed outright: nobody hears of it any more
    let began = Instant::now();
    let cut = crate::kit::stage::now();
    let (noticed, (mut rounds, codes)) = tokio::join!(weather(&world, began), rounds(&world, began));
    let mended = cut + Duration::from_secs(24);
    assert!(noticed, "the partitioned place was not unknown");
    assert!(codes.contains(&5) && codes.contains(&0), "rounds of the cron job ended with {codes:?}");
    // One more, with a line that is whole: what was kept goes first.
    let last = until("a round that is delivered", 30, async || {
        let (slots, code) = world.round().await;
        so(code == 0, code).map(|()| slots)
    })
    .await;
    rounds.extend(last);
    let silent = until("the silent agent to be told of", 60, async || {
        let incidents = world.incidents().await;
        let about = incidents.iter().find(|i| i.to_string().contains("agent-gone"));
        about.cloned().ok_or_else(|| format!("{incidents:?}"))
    })
    .await;
    assert!(silent.to_string().contains("launchwatch"), "it is trouble of our own: {silent}");
    nobody_is_accused(&world).await;
    let end = crate::kit::stage::now();
    frankfurt.stop().await;
    oslo.stop().await;
    serve.stop().await;

    let store = SqliteStore::open(&folder.join("state"), Retention::default()).expect("the store opens");
    let mut counts = Vec::new();
    for place in ["frankfurt", "oslo"] {
        counts.push((place, whole(&store, &format!("site/often@{place}"), end).await));
    }
    let here: Vec<Timestamp> = runs(&store, "site/seldom@nightly").await.iter().map(|r| r.slot).collect();
    for slot in &rounds {
        assert_eq!(here.iter().filter(|s| *s == slot).count(), 1, "{slot} of the cron job");
    }
    assert_eq!(here.len(), rounds.len(), "{here:?} {rounds:?}");
    let of_the_cut = runs(&store, "site/often@frankfurt").await;
    let of_the_cut = of_the_cut.iter().filter(|r| (cut..mended).contains(&r.slot));
    let verdicts: Vec<_> = of_the_cut.map(|r| (r.slot, r.outcome.verdict, r.outcome.reason)).collect();
    assert!(verdicts.iter().all(|(_, v, _)| *v != Verdict::Failed), "{verdicts:?}");
    assert!(verdicts.iter().filter(|(_, v, _)| *v == Verdict::Unknown).count() >= 2, "{verdicts:?}");
    eprintln!(
        "{counts:?} slots, {} of the cron job, codes {codes:?}, {:.0} s",
        rounds.len(),
        began.elapsed().as_secs_f64()
    );
}

//! The public pages as people see them: good days, outages, and when we ourselves know nothing.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use launchwatch_alerts::diagnosis::Diagnosis;
use launchwatch_alerts::{Ack, Alert, AlertState, Entry, Incident, IncidentState};
use launchwatch_probes::{Outcome, Reason, Stage, StageTime, Verdict};

use super::{Status, Which};
use crate::config::{Config, Registries, load_text};
use crate::observation::{Observation, ProbeId};
use crate::pipeline::board::SharedBoard;
use crate::store::testing as kept;
use crate::store::{Batch, Retention, SqliteStore, Store};
use crate::web::access::Who;
use crate::web::testing::{NOW, sources};
use crate::web::{Role, Sources};

const TWO: &str = "
targets:
  - name: gke
    url: https://gke.example/
    labels: { says: Free notebooks for everybody }
    probes:
      - { type: binder-launch, name: cached, spec: gh/example/tiny/v1, every: 2m }
      - { type: binder-launch, name: fresh, spec: gh/example/tiny/v1, mode: fresh, every: 10m }
      - { type: http, name: site, every: 30s }
      - { type: binderhub-health, name: health, every: 60s }
  - name: ovh
    url: https://ovh.example/
    probes: [{ type: http, name: site, every: 30s }]
";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn ago(minutes: i64) -> Timestamp {
    now() - SignedDuration::from_mins(minutes)
}

fn configured(text: &str) -> Config {
    let env = |_: &str| Some("http://chat.example/hook".to_owned());
    let text = format!(
        "version: 1\nservice: {{ witnesses: [] }}\n{text}\nchannels: [{{ type: webhook, url: 'env:HOOK' }}]\n"
    );
    load_text("test.yaml", &text, Registries::BUILT_IN, &env)
        .unwrap_or_else(|problems| panic!("{}", crate::config::told(&problems)))
        .0
}

/// A world that is looked at: what is on the board and in the store.
struct Scene {
    sources: Sources,
    config: Config,
}

impl Scene {
    fn new(text: &str) -> Self {
        let config = configured(text);
        let mut sources = sources();
        sources.board = SharedBoard::new(&config);
        sources.status = Status::new(&config);
        sources.planned = config.policy.maintenance.as_slice().into();
        sources.board.write(|b| (b.alive_at, b.committed_at) = (Some(now()), Some(ago(0))));
        Self { sources, config }
    }

    /// The probe's last look, a moment ago.
    async fn saw(&self, target: &str, probe: &str, verdict: Verdict, reason: Option<Reason>) {
        let mut outcome = Outcome::bare(verdict, reason, "words of <b>the hub</b>");
        let took = std::time::Duration::from_secs(7);
        outcome.stages = vec![StageTime { stage: Stage::Launch, start: std::time::Duration::ZERO, took }];
        outcome.evidence = vec!["a line of a log".into()];
        let seen = Observation {
            probe: ProbeId::new(target, probe),
            location: "here".into(),
            slot: now() - SignedDuration::from_secs(20),
            lag: std::time::Duration::ZERO,
            confirms: false,
            outcome,
        };
        self.sources.board.write(|b| b.saw(&seen));
        let batch = Batch { observations: vec![seen], now: now(), ..Batch::default() };
        self.sources.store.record(batch).await.unwrap();
    }

    /// All probes have passed.
    async fn all_well(&self) {
        for probe in &self.config.probes {
            self.saw(probe.id.target(), probe.id.probe(), Verdict::Passed, None).await;
        }
    }

    fn open(&self, incident: &Incident) {
        let targets = incident.targets.clone();
        self.sources.board.write(|b| {
            for target in targets {
                b.open.insert(target.clone(), incident.part(&target));
            }
        });
    }

    async fn keep(&self, incident: &Incident) {
        let changes = vec![launchwatch_alerts::Change::Incident(incident.clone())];
        self.sources.store.record(Batch { changes, now: now(), ..Batch::default() }).await.unwrap();
    }

    async fn front(&self) -> String {
        text_of(super::front(State(self.sources.clone()), Who::nobody(), HeaderMap::new()).await).await
    }
}

async fn text_of(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What somebody reads who sees no pictures: tags become line ends, drawings their words.
fn read(page: &str) -> String {
    let body = page.split_once("<header").unwrap().1.split_once("<footer").unwrap().0;
    let mut out = String::new();
    for part in body.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap();
        if let Some(says) = tag.strip_prefix("svg").and_then(|t| t.split_once("aria-label=\"")) {
            out.push_str(&format!("\n[{}]", says.1.split_once('"').unwrap().0));
        }
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        if ["p", "li", "h1", "h2", "h3", "h4", "article", "section", "summary", "figcaption", "title"]
            .contains(&name)
        {
            out.push('\n');
        }
        if name != "title" || tag.starts_with('/') {
            out.push_str(text);
        }
    }
    let lines = out.lines().map(str::trim).filter(|l| !l.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

fn incident(id: &str, target: &str, probe: &str, reason: &str, since: Timestamp) -> Incident {
    let mut alert: Alert = kept::alert(probe, AlertState::Firing);
    alert.key.series.target = target.into();
    (alert.since, alert.reason) = (since, Some(reason.into()));
    alert.evidence = vec!["a line of a log".into()];
    let mut incident = kept::incident(id, 0, IncidentState::Open);
    (incident.since, incident.opened_at) = (since, since);
    (incident.target, incident.targets) = (target.into(), [target.to_owned()].into());
    incident.alerts = [(format!("{target}/{probe}"), alert)].into();
    incident.diagnosis = vec![Diagnosis {
        label: "registry-down".into(),
        title: "the registry does not take images".into(),
        confidence: 0.8,
        evidence: vec!["pod hub-7 said so".into()],
        against: vec!["but pod hub-8 did not".into()],
        next_looks: Vec::new(),
        actions: Vec::new(),
        not_first: Vec::new(),
        splits: Vec::new(),
    }];
    let said = |by: &str| Entry { at: since, by: Some(by.into()), what: "the disk of anna is full".into() };
    incident.timeline = vec![said("anna")];
    incident.ack = Some(Ack { by: "anna".into(), at: since, until: now() });
    incident
}

#[tokio::test(start_paused = true)]
async fn on_a_good_day_the_page_says_what_works() {
    let scene = Scene::new(TWO);
    scene.all_well().await;
    let mut over = incident("gke-1", "gke", "fresh", "push_failed", ago(3 * 1_440));
    (over.state, over.resolved_at) = (IncidentState::Resolved, Some(ago(3 * 1_440 - 258)));
    scene.keep(&over).await;
    let page = scene.front().await;
    insta::assert_snapshot!(read(&page));
    assert!(
        page.contains("Sat 7 Jul: 100 % of") && page.contains("Wed 4 Jul: no runs, 4 h 18 min down"),
        "{page}"
    );
}

#[tokio::test(start_paused = true)]
async fn in_a_partial_outage_it_says_what_still_works_and_nothing_of_people_or_logs() {
    let scene = Scene::new(&format!("{TWO}pages: {{ time_zone: Europe/Oslo }}\n"));
    scene.all_well().await;
    scene.saw_again("gke", "fresh", Verdict::Failed, Some(Reason::PushFailed)).await;
    scene.open(&incident("gke-1", "gke", "fresh", "push_failed", ago(93)));
    let page = scene.front().await;
    insta::assert_snapshot!(read(&page));
    for secret in ["anna", "a line of a log", "hub-7", "hub-8", "disk", "words of"] {
        assert!(!page.contains(secret), "{secret} is on the public page");
    }
    let who = Who::nobody();
    let target = super::target(State(scene.sources.clone()), who, Path("gke".into()), HeaderMap::new()).await;
    let target = text_of(target).await;
    insta::assert_snapshot!("one_target", read(&target));
}

impl Scene {
    /// A later look of a probe.
    async fn saw_again(&self, target: &str, probe: &str, verdict: Verdict, reason: Option<Reason>) {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let mut outcome = Outcome::bare(verdict, reason, "words of <b>the hub</b>");
        outcome.evidence = vec!["a line of a log".into()];
        let seen = Observation {
            probe: ProbeId::new(target, probe),
            location: "here".into(),
            slot: now() - SignedDuration::from_secs(1),
            lag: std::time::Duration::ZERO,
            confirms: false,
            outcome,
        };
        self.sources.board.write(|b| b.saw(&seen));
    }
}

#[tokio::test(start_paused = true)]
async fn in_a_storm_many_targets_are_counted_and_what_works_is_folded_away() {
    let targets: String = (0..12)
        .map(|n| format!("  - {{ name: hub-{n:02}, url: 'https://h.example/', probes: [{{ type: http, name: site }}] }}\n"))
        .collect();
    let groups = "pages: { groups: [{ name: Europe, targets: [hub-00, hub-01] }, { name: Asia, targets: [hub-11] }] }\n";
    let scene = Scene::new(&format!("targets:\n{targets}{groups}"));
    scene.all_well().await;
    let mut storm = incident("many-1", "many targets", "site", "connect", ago(4));
    storm.storm = true;
    storm.targets = (0..5).map(|n| format!("hub-{n:02}")).collect();
    storm.ack = None;
    for target in storm.targets.clone() {
        scene.saw_again(&target, "site", Verdict::Failed, Some(Reason::Connect)).await;
    }
    scene.open(&storm);
    insta::assert_snapshot!(read(&scene.front().await));
}

#[tokio::test(start_paused = true)]
async fn a_silent_recorder_is_never_green() {
    let scene = Scene::new(TWO);
    scene.all_well().await;
    assert!(scene.front().await.contains("Everything works"));
    tokio::time::sleep(std::time::Duration::from_secs(240)).await;
    let page = scene.front().await;
    insta::assert_snapshot!(read(&page));
    for green in ["Everything works", "fresh passed", "badge passed", "card passed", "✓"] {
        assert!(!page.contains(green), "{green}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_overdue_is_not_green_while_the_rest_is() {
    let scene = Scene::new(TWO);
    scene.all_well().await;
    // The recorder goes round, but nothing of `ovh` comes any more.
    tokio::time::sleep(std::time::Duration::from_secs(1_200)).await;
    scene.sources.board.write(|b| b.alive_at = Some(scene.sources.clock.now()));
    let page = read(&scene.front().await);
    assert!(page.contains("The site: nothing heard since 11:59 UTC"), "{page}");
    assert!(page.starts_with("Not everything is known") && page.contains("ovh not known"), "{page}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_leaves_the_last_history_with_its_age() {
    let mut scene = Scene::new(TWO);
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path(), Retention::default()).unwrap().at_once();
    scene.sources.store = Arc::new(store) as Arc<dyn Store>;
    scene.all_well().await;
    let before = scene.front().await;
    assert!(before.contains("100 %") && !before.contains("store does not answer"), "{before}");
    let db = rusqlite::Connection::open(folder.path().join("launchwatch.db")).unwrap();
    db.execute("DROP TABLE incident", []).unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(840)).await;
    scene.sources.board.write(|b| b.alive_at = Some(scene.sources.clock.now()));
    let after = scene.front().await;
    assert!(after.contains("The store does not answer: the history below is 14 min old."), "{after}");
    assert!(after.contains("100 %"), "the last history is still there: {after}");
}

#[tokio::test(start_paused = true)]
async fn hostile_words_are_words() {
    let mut scene = Scene::new(
        "targets:\n  - { name: hub, url: 'https://h.example/', labels: { says: '<script>alert(1)</script>', says_site: \"<i>\\u202Esite\" }, probes: [{ type: http, name: site }] }\npages: { title: '<b>Hubs</b>' }\n",
    );
    scene.sources.base = "/services/watch".into();
    scene.all_well().await;
    let mut bad = incident("hub-1", "hub", "site", "</time><script>", ago(3));
    bad.alerts.values_mut().for_each(|a| a.reason = Some("<script>".repeat(100_000)));
    bad.diagnosis[0].title = format!("</p><script>\u{202e}{}", "x".repeat(1_000_000));
    bad.diagnosis[0].label = "\"><script>".into();
    scene.open(&bad);
    let page = scene.front().await;
    assert_eq!(page.matches("<script").count(), 1, "only our own: {page}");
    assert!(page.len() < 30_000 && !page.contains('\u{202e}'), "{} bytes", page.len());
    let links: Vec<&str> = page.split("href=\"").skip(1).filter_map(|l| l.split('"').next()).collect();
    assert!(links.iter().all(|l| l.starts_with("/services/watch/") || *l == "#main"), "{links:?}");
}

#[tokio::test(start_paused = true)]
async fn past_incidents_have_a_page_for_each_month_and_hidden_targets_have_none() {
    let scene = Scene::new(&format!("{TWO}pages: {{ hide: [ovh] }}\n"));
    scene.all_well().await;
    for (id, target, days) in [("a", "gke", 3), ("b", "ovh", 3), ("c", "gke", 40)] {
        let mut over = incident(id, target, "site", "timeout", ago(days * 1_440));
        (over.state, over.resolved_at) = (IncidentState::Resolved, Some(ago(days * 1_440 - 10)));
        scene.keep(&over).await;
    }
    let month = |month: &str| {
        let which = Which { month: Some(month.into()), page: None };
        super::past(State(scene.sources.clone()), Who::nobody(), Query(which), HeaderMap::new())
    };
    let july = text_of(month("2018-07").await).await;
    assert!(july.contains("past-a") && !july.contains("past-b") && !july.contains("past-c"), "{july}");
    assert!(july.contains("month=2018-06") && !july.contains("month=2018-08"), "{july}");
    let may = text_of(month("2018-05").await).await;
    assert!(may.contains("past-c") && may.contains("lasted 10 min"), "{may}");
    assert_eq!(month("2018-13").await.status(), 404);
    assert_eq!(month("2018-08").await.status(), 404);
    let front = scene.front().await;
    assert!(!front.contains("ovh"), "{front}");
    let hidden =
        super::target(State(scene.sources.clone()), Who::nobody(), Path("ovh".into()), HeaderMap::new());
    assert_eq!(hidden.await.status(), 404);
}

#[tokio::test(start_paused = true)]
async fn planned_work_is_shown_ahead_and_while_it_goes_on() {
    let plan = "maintenance:\n  - { name: new-disks, targets: [gke], from: 2018-07-07T11:00:00Z, until: 2018-07-07T14:00:00Z }\n  - { name: updates, days: [sun], at: '22:00', for: 2h }\n  - { name: long-over, targets: [gke], from: 2018-07-01T11:00:00Z, until: 2018-07-01T14:00:00Z }\n";
    let scene = Scene::new(&format!("{TWO}{plan}"));
    scene.all_well().await;
    let page = read(&scene.front().await);
    for words in [
        "new-disks going on",
        "until 14:00 UTC: gke",
        "updates",
        "Sun 8 Jul 22:00 UTC to Mon 9 Jul 00:00 UTC: everything",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("long-over"), "{page}");
}

#[tokio::test(start_paused = true)]
async fn who_is_known_gets_a_page_of_their_own() {
    let scene = Scene::new(TWO);
    let nobody = super::front(State(scene.sources.clone()), Who::nobody(), HeaderMap::new()).await;
    assert!(
        nobody.headers().contains_key("etag")
            && nobody.headers()["vary"].to_str().unwrap().contains("cookie")
    );
    let mut who = Who::nobody();
    who.role = Some(Role::Viewer);
    let known = super::front(State(scene.sources.clone()), who, HeaderMap::new()).await;
    assert_eq!(known.status(), 200);
}

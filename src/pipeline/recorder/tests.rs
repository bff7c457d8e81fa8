use launchwatch_alerts::{Envelope, Known, Memory, Plan, Post, Reply, Rule, Selector, Undelivered, When};
use launchwatch_probes::Outcome;

use super::*;
use crate::config::{self, Registries};
use crate::inbox::{self, Inbox};
use crate::ourselves::Question;
use crate::store::{Retention, RunQuery, SqliteStore, Wanted};
use crate::tasks::{OnExit, Tasks};

const CONFIG: &str = "version: 1\ntargets:\n  - name: hub\n    url: http://hub.example\n    probes: [{ type: http, name: site }]\nchannels: [{ type: webhook, name: ops, url: env:HOOK }]\n";

struct Bench {
    inbox: Inbox,
    store: Arc<SqliteStore>,
    board: SharedBoard,
    standing: Standing,
    clock: Clock,
    tasks: Tasks,
    post: PostOffice,
}

/// Takes everything.
#[derive(Clone, Default)]
struct PostOffice(Arc<std::sync::Mutex<Vec<String>>>);

#[async_trait::async_trait]
impl Post for PostOffice {
    async fn deliver(&self, envelope: Envelope) -> Result<Reply, Undelivered> {
        let Envelope::Http(request) = envelope else { panic!("no mail here") };
        let key = request.headers()["idempotency-key"].to_str().unwrap().to_owned();
        self.0.lock().unwrap().push(key);
        Ok(Reply::Http { status: 200, headers: http::HeaderMap::new(), body: bytes::Bytes::new() })
    }
}

fn bench() -> Bench {
    let env = |_: &str| Some("http://chat.example/hook".to_owned());
    let (config, _) = config::load_text("t.yaml", CONFIG, Registries::BUILT_IN, &env).unwrap();
    let post = PostOffice::default();
    let clock = Clock::simulated("2018-07-07T12:00:00Z".parse().unwrap());
    let (store, board) =
        (Arc::new(SqliteStore::in_memory(Retention::default()).unwrap()), SharedBoard::new(&config));
    let known =
        Known { series: series(&ProbeId::new("hub", "site"), "here"), every: Duration::from_secs(30) };
    let of_us = Rule::new("ourselves", When::Failures { failures: 1, successes: 1 });
    let of_us = Rule { of: Selector::target(OURSELVES), ..of_us };
    let plan = Plan::simple(vec![Rule::success_zero(), of_us], vec![known], ["ops".to_owned()]);
    let ((inbox, letters), standing, tasks) = (inbox::inbox(), Standing::default(), Tasks::new());
    let recorder = Recorder {
        orders: Orders::default(),
        clock: clock.clone(),
        engine: Engine::new(plan, Memory::default()),
        store: Arc::clone(&store) as Arc<dyn Store>,
        board: board.clone(),
        standing: standing.clone(),
        asks: Asks::default(),
        ourselves: SelfWatch::new(false, Question::default(), inbox.drops()),
        location: "here".into(),
        reported: Reported::default(),
        backlog: Backlog::default(),
        direct: Direct { channels: config.channels.clone(), post: Arc::new(post.clone()) },
        metrics: Metrics::new(&config.probes).unwrap(),
        public_url: None,
        owed: Arc::new(Notify::new()),
        tasks: tasks.clone(),
    };
    tasks.spawn("recorder", OnExit::Fine, async move { drop(recorder.run(letters).await) });
    Bench { inbox, store, board, standing, clock, tasks, post }
}

impl Bench {
    fn see(&self, verdict: Verdict) {
        let reason = (verdict == Verdict::Failed).then_some(Reason::HttpStatus);
        let seen = Observation {
            probe: ProbeId::new("hub", "site"),
            location: "here".into(),
            slot: self.clock.now(),
            lag: Duration::ZERO,
            confirms: false,
            outcome: Outcome::bare(verdict, reason, "the hub answers 503"),
        };
        assert!(self.inbox.put(Letter::Observation(seen)));
    }

    fn open(&self) -> Vec<String> {
        self.board.read().open.keys().cloned().collect()
    }

    async fn runs(&self) -> usize {
        self.store.runs(&RunQuery { limit: 1_000, ..RunQuery::default() }).await.unwrap().len()
    }
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn while_nothing_can_be_written_judging_goes_on_and_all_is_written_later() {
    let bench = bench();
    bench.store.refuse_writes(true);
    for _ in 0..2 {
        bench.see(Verdict::Failed);
        pass(2).await;
    }
    assert_eq!(bench.open(), ["hub"]);
    assert!(bench.standing.down_since("hub").is_some());
    assert_eq!(bench.runs().await, 0);
    for _ in 0..10 {
        bench.see(Verdict::Failed);
        pass(10).await;
    }
    assert_eq!(bench.open(), ["hub", OURSELVES], "after a minute it is our trouble, too");
    let told = bench.post.0.lock().unwrap().clone();
    assert!(
        matches!(&told[..], [hub, ours] if hub.starts_with("hub-") && ours.starts_with(OURSELVES)),
        "{told:?}"
    );
    bench.store.refuse_writes(false);
    pass(11).await;
    assert_eq!(bench.runs().await, 12);
    assert_eq!(bench.store.incidents(10).await.unwrap().len(), 2);
    assert!(
        bench.store.owed("ops", bench.clock.now(), 10, Wanted::Due).await.unwrap().is_empty(),
        "told twice"
    );
    pass(6).await;
    assert_eq!(bench.open(), ["hub"]);
    drop(bench.inbox);
    assert!(bench.tasks.drain(Duration::from_secs(5)).await);
}

#[tokio::test(start_paused = true)]
async fn a_stop_while_nothing_can_be_written_gets_one_last_try_and_ends() {
    for mended in [true, false] {
        let bench = bench();
        bench.store.refuse_writes(true);
        bench.see(Verdict::Passed);
        pass(30).await;
        bench.store.refuse_writes(!mended);
        let Bench { inbox, store, tasks, .. } = bench;
        drop(inbox);
        assert!(tasks.drain(Duration::from_secs(5)).await, "it ends");
        store.refuse_writes(false);
        let runs = store.runs(&RunQuery { limit: 10, ..RunQuery::default() }).await.unwrap().len();
        assert_eq!(runs, usize::from(mended));
    }
}

#[test]
fn links_of_messages_lead_to_the_page_of_the_incident() {
    for (root, incident, expected) in [
        ("https://x.example/", "hub-1", "https://x.example/incidents/hub-1"),
        ("https://x.example/watch/", "a b/../c", "https://x.example/watch/incidents/a%20b%2F..%2Fc"),
        ("https://x.example/", "silence-s", "https://x.example/"),
    ] {
        let page = super::page_of(&root.parse().unwrap(), &launchwatch_alerts::IncidentId(incident.into()));
        assert_eq!(page.as_deref(), Some(expected));
    }
}

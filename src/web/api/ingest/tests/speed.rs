//! What one service takes in, measured.

use super::*;
use crate::store::{Accounts as _, Retention, SqliteStore, Store};

/// Run with `--ignored --nocapture`, better with `--release`: what one service takes in, with a store on disk.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn how_many_observations_a_second_are_taken() {
    const PROBES: usize = 200;
    let probes = (0..PROBES).map(|n| format!("      - {{ type: http, name: p{n} }}\n")).collect::<String>();
    let text = format!(
        "version: 1\nagents: [{{ name: frankfurt }}]\ntargets:\n  - name: hub\n    url: http://hub.example\n    locations: [frankfurt]\n    probes:\n{probes}"
    );
    let (config, _) =
        crate::config::load_text("t.yaml", &text, crate::config::Registries::BUILT_IN, &|_| None).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path(), Retention::default()).unwrap());
    let app = crate::app::App::build(config, edges(), Arc::clone(&store) as Arc<dyn Store>, None).unwrap();
    let (sources, tasks) = (app.sources(), app.tasks());
    let now = sources.clock.now();
    let_in(&store, now).await;
    let keeper = crate::tasks::Tasks::new();
    keeper.spawn("service", crate::tasks::OnExit::Fine, async move { app.run().await.unwrap() });
    let router = crate::web::router(sources);
    let tell = |text: String| {
        let request = request(Method::POST, REPORT, "agent").body(Body::from(text)).unwrap();
        let router = router.clone();
        async move { router.oneshot(request).await.unwrap().status() }
    };
    let bodies = |first: usize, size: usize, passes: bool| {
        let all: Vec<Value> = (first..first + size)
            .map(|n| {
                let slot = now - jiff::SignedDuration::from_secs(i64::try_from(n / PROBES).unwrap() * 30);
                let mut one = seen(&slot.to_string());
                one["probe"] = json!(format!("hub/p{}", n % PROBES));
                if !passes {
                    one["outcome"]["verdict"] = json!("failed");
                    one["outcome"]["reason"] = json!("http_status");
                    one["outcome"]["evidence"] = json!(["the hub answered 503 Service Unavailable"]);
                }
                one
            })
            .collect();
        body(&all)
    };
    let mut first = 0;
    for (size, side_by_side, reports, passes) in [
        (1, 1, 20, true),
        (100, 1, 10, true),
        (500, 1, 10, true),
        (500, 8, 3, true),
        (500, 8, 3, false),
        (500, 1, 10, true),
    ] {
        // Lets the bucket of the token fill up again.
        tokio::time::sleep(Duration::from_secs(10)).await;
        #[expect(clippy::disallowed_methods, reason = "a measurement in real time")]
        let began = std::time::Instant::now();
        for _ in 0..reports {
            let texts: Vec<String> =
                (0..side_by_side).map(|n| bodies(first + n * size, size, passes)).collect();
            first += side_by_side * size;
            let all = futures::future::join_all(texts.into_iter().map(&tell)).await;
            assert!(all.iter().all(|status| *status == StatusCode::OK), "{all:?}");
        }
        let count = size * side_by_side * reports;
        let took = began.elapsed();
        println!(
            "{count} observations, {size} a report, {side_by_side} at once, {}: {took:?}, {:.0} a second",
            if passes { "passed" } else { "failed" },
            f64::from(u32::try_from(count).unwrap()) / took.as_secs_f64()
        );
    }
    tasks.stop();
}

/// Makes the token that lets the agent in.
async fn let_in(store: &SqliteStore, now: Timestamp) {
    let token = ApiToken {
        id: "agent".into(),
        name: "agent".into(),
        role: Role::Viewer,
        location: Some("frankfurt".into()),
        created_by: "ada".into(),
        created_at: now,
        expires_at: None,
        last_used: None,
        revoked_at: None,
        revoked_by: None,
    };
    let [who, via, what, about, came_to] = std::array::from_fn(|_| String::new());
    let row = AuditRow { at: now, who, via, what, about, came_to };
    store.make_token(token, Digest::of("agent"), row).await.unwrap();
}

fn edges() -> crate::edges::Edges {
    crate::edges::Edges {
        clock: crate::clock::Clock::simulated(testing::NOW.parse().unwrap()),
        net: testing::no_net(),
        post: Arc::new(Nobody),
        dice: crate::dice::Dice::seeded(1),
    }
}

struct Nobody;

#[async_trait::async_trait]
impl launchwatch_alerts::Post for Nobody {
    async fn deliver(
        &self,
        _: launchwatch_alerts::Envelope,
    ) -> Result<launchwatch_alerts::Reply, launchwatch_alerts::Undelivered> {
        std::future::pending().await
    }
}

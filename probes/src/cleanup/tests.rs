//! Debts are paid once, twice, late and against resistance.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::{CleanUp, Paid, pay};
use crate::Net;
use crate::staged::{SERVER, SERVER_TOKEN, Stage, World};

const PATIENCE: Duration = Duration::from_secs(90);

fn server_debt(token: &str) -> CleanUp {
    CleanUp::Server { url: SERVER.into(), token: SecretString::from(token) }
}

fn user_debt(delete_user: bool) -> CleanUp {
    CleanUp::HubUser {
        api: "https://hub.example.org/hub/api/".into(),
        user: "probe".into(),
        server: "second one".into(),
        delete_user,
        token: SecretString::from("hub-t0ken-of-ours"),
    }
}

async fn settle(debt: &CleanUp, world: &Arc<World>) -> Paid {
    let net: Arc<dyn Net> = Arc::clone(world) as _;
    pay(debt, &net, "launchwatch/test", PATIENCE).await
}

fn hub(answers: &[(&str, u16, &str)]) -> Arc<World> {
    let mut stage = Stage::default();
    for (key, status, body) in answers {
        stage.hub.entry((*key).into()).or_default().push((*status, (*body).into()));
    }
    Arc::new(World::new(stage))
}

#[tokio::test(start_paused = true)]
async fn paying_twice_is_as_good_as_once() {
    let world = Arc::new(World::new(Stage::default()));
    assert_eq!(settle(&server_debt(SERVER_TOKEN), &world).await, Paid::Gone);
    assert_eq!(settle(&server_debt(SERVER_TOKEN), &world).await, Paid::Gone);
    assert!(world.server_ended());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_or_lives_on_is_not_paid() {
    let world = Arc::new(World::new(Stage::default()));
    assert!(matches!(settle(&server_debt("wrong"), &world).await, Paid::NotYet(why) if why.contains("403")));
    let stubborn = Arc::new(World::new(Stage { lingers: Duration::from_secs(9999), ..Stage::default() }));
    let started = tokio::time::Instant::now();
    assert!(matches!(settle(&server_debt(SERVER_TOKEN), &stubborn).await, Paid::NotYet(_)));
    assert!((90..92).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
    let broken = Arc::new(World::new(Stage { shutdown: 500, ..Stage::default() }));
    assert!(
        matches!(settle(&server_debt(SERVER_TOKEN), &broken).await, Paid::NotYet(why) if why.contains("500"))
    );
}

#[tokio::test(start_paused = true)]
async fn patience_is_kept_to_also_when_nobody_answers() {
    let net: Arc<dyn Net> = Arc::new(World::new(Stage { silent: true, ..Stage::default() }));
    for debt in [server_debt(SERVER_TOKEN), user_debt(true)] {
        for seconds in [0, 1, 11, 23] {
            let (patience, started) = (Duration::from_secs(seconds), tokio::time::Instant::now());
            assert!(matches!(pay(&debt, &net, "launchwatch/test", patience).await, Paid::NotYet(_)));
            assert!(started.elapsed() <= patience + Duration::from_millis(2), "{:?}", started.elapsed());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_debt_that_makes_no_sense_is_not_paid_and_does_not_panic() {
    let world = Arc::new(World::new(Stage::default()));
    for url in ["", "not an address", "http://"] {
        let debt = CleanUp::Server { url: url.into(), token: SecretString::from("x\ny") };
        assert!(matches!(settle(&debt, &world).await, Paid::NotYet(_)), "{url}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hub_user_is_stopped_seen_stopped_and_removed() {
    let server = "DELETE users/probe/servers/second%20one";
    let running = r#"{"servers": {"second one": {"ready": true, "stopped": false}}}"#;
    let stopped = r#"{"servers": {"second one": {"ready": false, "stopped": true}}}"#;
    let world = hub(&[
        (server, 400, r#"{"message": "pending"}"#),
        (server, 202, ""),
        ("GET users/probe", 200, running),
        ("GET users/probe", 200, running),
        ("GET users/probe", 200, stopped),
        ("DELETE users/probe", 400, ""),
        ("DELETE users/probe", 204, ""),
    ]);
    assert_eq!(settle(&user_debt(true), &world).await, Paid::Gone);
    assert_eq!(world.asked("DELETE https://hub.example.org/hub/api/users/probe").len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_user_that_was_never_made_is_paid_for_although_the_hub_trips_over_it() {
    let server = "DELETE users/probe/servers/second%20one";
    let unknown =
        hub(&[(server, 500, "{}"), ("GET users/probe", 404, "{}"), ("DELETE users/probe", 404, "{}")]);
    assert_eq!(settle(&user_debt(true), &unknown).await, Paid::Gone);
    let there = hub(&[(server, 500, "{}"), ("GET users/probe", 200, r#"{"servers": {}}"#)]);
    assert!(matches!(settle(&user_debt(true), &there).await, Paid::NotYet(why) if why.contains("500")));
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_refuses_says_which_right_is_missing() {
    let world = hub(&[("DELETE users/probe/servers/second%20one", 403, "{}")]);
    assert!(
        matches!(settle(&user_debt(false), &world).await, Paid::NotYet(why) if why.contains("delete:servers"))
    );
    let world = hub(&[
        ("DELETE users/probe/servers/second%20one", 204, ""),
        ("GET users/probe", 403, "{}"),
        ("DELETE users/probe", 403, "{}"),
    ]);
    assert_eq!(settle(&user_debt(false), &world).await, Paid::Accepted);
    assert!(
        matches!(settle(&user_debt(true), &world).await, Paid::NotYet(why) if why.contains("delete:users"))
    );
    // A Hub without named servers cannot have this one.
    let world = hub(&[
        ("DELETE users/probe/servers/second%20one", 400, r#"{"message": "Named servers are not enabled."}"#),
        ("GET users/probe", 200, r#"{"servers": {}}"#),
    ]);
    assert_eq!(settle(&user_debt(false), &world).await, Paid::Gone);
    // Nobody of that name: nothing is owed.
    assert_eq!(settle(&user_debt(true), &hub(&[])).await, Paid::Gone);
}

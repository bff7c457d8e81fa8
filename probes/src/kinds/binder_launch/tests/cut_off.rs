//! Runs that end before their launch does: followed, settled, abandoned, or dropped in the middle.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::{play, settings};
use crate::staged::{Entry, Memory, Play, Ran, SERVER, Stage, World, run, run_until};
use crate::{Reason, Verdict};

async fn followed(ran: &mut Ran) -> Entry {
    ran.follow.take().expect("nothing follows the launch").await;
    ran.entry()
}

#[tokio::test(start_paused = true)]
async fn a_server_that_comes_after_the_deadline_is_shut_down() {
    let mut ran = play("late-ready").await;
    assert_eq!(ran.outcome().verdict, Verdict::Failed);
    assert_eq!(ran.entry(), Entry::Begun);
    assert_eq!(followed(&mut ran).await, Entry::Settled);
    assert_eq!(ran.ledger.told(), [format!("server {SERVER}")]);
    assert!(ran.world.server_ended());
    assert_eq!(
        ran.world.asked("GET https://hub.example.org/build/").len(),
        1,
        "following is not asking again"
    );
}

#[tokio::test(start_paused = true)]
async fn a_launch_that_fails_after_the_run_is_settled() {
    for name in ["hub-down", "launch-never-ready", "launch-spawner-raises"] {
        let mut ran = play(name).await;
        assert_eq!(followed(&mut ran).await, Entry::Settled, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_launch_whose_end_nobody_saw_stays_begun() {
    // The stream dies, or the time to follow is up.
    let text = "0.05 {\"phase\": \"launching\", \"message\": \"Launching server...\"}\n300.0 cut\n";
    for build in [Play::text(text), Play::fixture("hub-killed-mid-launch"), Play::Hangs] {
        let mut ran = run("binder-launch", settings(), Stage { build, ..Stage::default() }, 120).await;
        let began = tokio::time::Instant::now();
        assert_eq!(followed(&mut ran).await, Entry::Begun);
        assert!(began.elapsed() <= Duration::from_secs(25 * 60));
    }
    assert_eq!(play("cut-mid-launch").await.entry(), Entry::Begun);
}

#[tokio::test(start_paused = true)]
async fn patience_with_the_retry_ends_when_it_should() {
    let settings = json!({"spec": "gh/acme/tiny/HEAD", "retry_patience": "10s"});
    let stage = Stage { build: Play::fixture("hub-stopped-40s-mid-launch"), ..Stage::default() };
    let mut ran = run("binder-launch", settings, stage, 120).await;
    assert_eq!((ran.outcome().verdict, ran.outcome().reason), (Verdict::Failed, Some(Reason::SpawnFailed)));
    assert!((ran.took.as_secs_f64() - 54.8).abs() < 0.1, "{:?}", ran.took);
    assert_eq!(followed(&mut ran).await, Entry::Settled);
    assert!(ran.world.server_ended(), "the retry's server was left behind");
}

#[tokio::test(start_paused = true)]
async fn a_proof_is_told_at_once_and_not_at_the_end() {
    for (name, line) in [
        ("launch-spawner-raises", "Suspect(SpawnFailed, \"Spawn failed: the spawner raised\")"),
        ("k8s-no-room", "Suspect(NoCapacity, "),
        ("k8s-image-gone", "Suspect(PushFailed, "),
        ("hub-down", "Suspect(HubUnavailable, "),
    ] {
        let ran = play(name).await;
        assert!(ran.progress.iter().any(|p| p.starts_with(line)), "{name}: {:?}", ran.progress);
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_ledger_nothing_is_launched() {
    let world = Arc::new(World::new(Stage::default()));
    let ran = run_until("binder-launch", settings(), world, &Arc::new(Memory::broken()), 120, None).await;
    assert_eq!((ran.outcome().verdict, ran.outcome().reason), (Verdict::Unknown, Some(Reason::Prober)));
    assert!(ran.world.asked("GET https://hub.example.org/build/").is_empty());
}

#[tokio::test(start_paused = true)]
async fn wherever_a_run_is_dropped_the_ledger_knows_of_its_server() {
    let mut servers = 0;
    for step in 0..1400 {
        let cut = Duration::from_micros(step * 5_100);
        let world = Arc::new(World::new(Stage::default()));
        let ran = run_until("binder-launch", settings(), world, &Arc::default(), 120, Some(cut)).await;
        if ran.world.handed_out() {
            servers += 1;
            assert_eq!(ran.ledger.told(), [format!("server {SERVER}")], "dropped after {cut:?}");
            match ran.entry() {
                Entry::Settled => assert!(ran.world.server_ended()),
                entry => assert_eq!(entry, Entry::Told(format!("server {SERVER}")), "dropped after {cut:?}"),
            }
        } else if !ran.world.asked("GET https://hub.example.org/build/").is_empty() {
            assert_eq!(ran.entry(), Entry::Begun, "dropped after {cut:?}");
        }
    }
    assert!(servers > 100, "the cuts never met a server");
}

#[tokio::test(start_paused = true)]
async fn dropped_after_any_number_of_polls_the_ledger_knows_of_its_server() {
    use std::task::Poll;
    let mut servers = 0;
    for polls in 1..200 {
        let (world, ledger) = (Arc::new(World::new(Stage::default())), Arc::<Memory>::default());
        let mut run =
            Box::pin(run_until("binder-launch", settings(), Arc::clone(&world), &ledger, 120, None));
        let mut left = polls;
        let ended = std::future::poll_fn(|cx| {
            left -= 1;
            match run.as_mut().poll(cx) {
                Poll::Ready(_) => Poll::Ready(true),
                Poll::Pending if left == 0 => Poll::Ready(false),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        drop(run);
        if world.handed_out() {
            servers += 1;
            assert_eq!(ledger.told(), [format!("server {SERVER}")], "dropped after {polls} polls");
        }
        if ended {
            assert!(servers > 5, "only {servers} of {polls} cuts met a server");
            return;
        }
    }
    panic!("the run never ended");
}

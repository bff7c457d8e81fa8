//! What people are told, and what is left behind, in single stories.

use std::time::Duration;

use launchwatch::standin::Fault;
use launchwatch::store::{DebtState, RunQuery, Store};
use launchwatch_probes::Verdict;

use crate::world::{THREE_PROBES, World, configuration};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn an_outage_is_told_within_minutes_with_stage_reason_and_what_still_works() {
    let world = World::start(configuration(THREE_PROBES), 1).await;
    world.run_for(20 * MINUTE).await;
    assert!(world.post.letters().is_empty(), "{:#?}", world.post.letters());
    let broken_at = world.clock.now();
    world.break_hub(Fault::SpawnerRaises);
    world.run_for(10 * MINUTE).await;
    let letters = world.post.letters();
    let opened = letters.first().expect("nobody was told");
    assert_eq!(opened.kind, "opened");
    let delay = opened.at.duration_since(broken_at);
    assert!(delay < jiff::SignedDuration::from_mins(4), "told after {delay}");
    for word in ["launch", "spawn", "site"] {
        assert!(opened.body.contains(word), "{word} is not in {}", opened.body);
    }
    world.break_hub(Fault::None);
    world.run_for(15 * MINUTE).await;
    let letters = world.post.letters();
    assert_eq!(letters.last().unwrap().kind, "resolved");
    assert_eq!(letters.iter().filter(|l| l.kind == "opened").count(), 1);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_rules_the_built_in_ones_tell_of_an_outage_once() {
    let text = THREE_PROBES.split("rules:").next().unwrap();
    let world = World::start(configuration(text), 6).await;
    world.run_for(30 * MINUTE).await;
    assert!(world.post.letters().is_empty(), "{:#?}", world.post.letters());
    let broken_at = world.clock.now();
    world.break_hub(Fault::SpawnerRaises);
    world.run_for(20 * MINUTE).await;
    let letters = world.post.letters();
    let delay = letters.first().expect("nobody was told").at.duration_since(broken_at);
    assert!(delay < jiff::SignedDuration::from_mins(7), "told after {delay}");
    world.break_hub(Fault::None);
    // What failed often is over only when it has not for a while.
    world.run_for(90 * MINUTE).await;
    let kinds: Vec<String> = world.post.letters().into_iter().map(|l| l.kind).collect();
    assert_eq!(kinds.iter().filter(|k| *k == "opened").count(), 1, "{kinds:?}");
    assert_eq!(kinds.last().map(String::as_str), Some("resolved"), "{kinds:?}");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_came_and_went_while_the_channel_was_down_is_told_as_one_message() {
    let world = World::start(configuration(THREE_PROBES), 2).await;
    world.run_for(10 * MINUTE).await;
    world.post.close(true);
    world.break_hub(Fault::HubDown);
    world.run_for(20 * MINUTE).await;
    world.break_hub(Fault::None);
    world.run_for(20 * MINUTE).await;
    assert!(world.post.letters().is_empty());
    world.post.close(false);
    world.run_for(10 * MINUTE).await;
    // That the channel was down is told as well, of a target of its own.
    let letters = world.post.letters();
    let of_hub = letters.iter().filter(|l| l.body.contains("\"target\":\"hub\""));
    let kinds: Vec<_> = of_hub.map(|l| l.kind.as_str()).collect();
    assert_eq!(kinds, ["resolved"], "{letters:#?}");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_by_policy_is_no_outage() {
    for fault in [Fault::RateLimited, Fault::TotalQuota, Fault::RepoQuota, Fault::Banned, Fault::RefNotFound]
    {
        let world = World::start(configuration(THREE_PROBES), 3).await;
        world.run_for(5 * MINUTE).await;
        world.break_hub(fault);
        world.run_for(20 * MINUTE).await;
        let launches =
            RunQuery { probe: Some("hub/cached".to_owned().into()), limit: 5, ..RunQuery::default() };
        for run in world.store.runs(&launches).await.unwrap() {
            assert_eq!(run.outcome.verdict, Verdict::Unknown, "{fault:?}: {:?}", run.outcome);
        }
        let told: Vec<_> = world.post.letters().into_iter().filter(|l| l.body.contains("cached")).collect();
        assert!(told.is_empty(), "{fault:?}: {told:#?}");
        world.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_is_down_is_not_fed_with_launches() {
    let text = THREE_PROBES.replace("every: 2m", "every: 30s, deadline: 25s");
    let world = World::start(configuration(&text), 4).await;
    world.run_for(10 * MINUTE).await;
    world.break_hub(Fault::SpawnerRaises);
    world.run_for(10 * MINUTE).await;
    let before = world.hub.snapshot().launches_begun;
    world.run_for(60 * MINUTE).await;
    let begun = world.hub.snapshot().launches_begun - before;
    assert!((10..=60).contains(&begun), "{begun} launches in an hour");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn after_three_hours_people_hear_within_four_minutes_that_it_works_again() {
    let text = THREE_PROBES.split("rules:").next().unwrap().replace("every: 2m", "every: 1m");
    for seed in 10..13 {
        let world = World::start(configuration(&text), seed).await;
        world.run_for(20 * MINUTE).await;
        world.break_hub(Fault::SpawnerRaises);
        world.run_for(180 * MINUTE + Duration::from_secs(17 * seed)).await;
        world.break_hub(Fault::None);
        let over = world.clock.now();
        world.run_for(4 * MINUTE).await;
        let heard = |l: &&crate::post::Posted| l.at > over && l.body.contains("works again");
        let letters = world.post.letters();
        let heard = letters.iter().find(heard).expect("nobody heard that it works again");
        assert_eq!(heard.kind, "update", "{}", heard.body);
        world.run_for(60 * MINUTE).await;
        assert_eq!(world.post.letters().last().map(|l| l.kind.clone()).as_deref(), Some("resolved"));
        world.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_no_server_is_left_behind() {
    let world = World::start(configuration(THREE_PROBES), 5).await;
    for fault in Fault::ALL {
        world.break_hub(*fault);
        world.run_for(12 * MINUTE).await;
    }
    world.break_hub(Fault::None);
    world.run_for(90 * MINUTE).await;
    let left: Vec<_> = world.store.debts().await.unwrap();
    let told = left.iter().filter(|d| matches!(d.state, DebtState::Told(_))).count();
    assert!(told == 0, "{left:#?}");
    let (hub, ..) = world.stop().await;
    let snapshot = hub.snapshot();
    assert_eq!(snapshot.servers_running, 0, "{snapshot:#?}");
}

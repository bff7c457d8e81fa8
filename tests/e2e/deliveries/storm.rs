//! Very much at once, and nothing for a long time.

use super::*;
use launchwatch::config::DeadMan;

#[tokio::test(start_paused = true)]
async fn five_hundred_targets_that_fail_at_once_are_three_messages_a_channel() {
    let names: Vec<String> = (0..500).map(|n| format!("s{n}")).collect();
    let config = configuration(&sites_yaml(names.iter().map(String::as_str), TWO));
    let world = world(config).await;
    let down_at = world.clock.now();
    world.sites.all_down(true);
    world.run_for(4 * MINUTE).await;
    let incidents = world.store.incidents(100).await.unwrap();
    let first = incidents.iter().map(|i| i.opened_at).min().unwrap();
    for host in [OPS, SPARE] {
        let letters = world.post.letters_of(host);
        assert!((1..=3).contains(&letters.len()), "{} messages through {host}", letters.len());
        let told = letters[0].at;
        assert!(seconds(first, told) <= 15.0 && seconds(down_at, told) < 30.0, "{told}");
        assert!(letters.iter().any(|l| l.body.contains("498 fail at once")), "{letters:#?}");
    }
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn when_nobody_could_be_told_for_an_hour_each_channel_tells_each_incident_once_and_the_dead_man_is_silent()
 {
    let mut config = config(TWO);
    config.service.dead_man =
        Some(DeadMan { url: "http://dead-man.example/ping/id".to_owned().into(), every: MINUTE });
    let world = world(config).await;
    world.run_for(10 * MINUTE).await;
    let pings = |world: &World| world.post.attempts_of("dead-man.example").len();
    assert!((10..=11).contains(&pings(&world)), "{}", pings(&world));
    // Only the chats are down: who calls the dead man's switch still could.
    for host in [OPS, SPARE] {
        world.post.always(host, crate::post::Order::Fail("connect", "refused"));
    }
    world.sites.down("a", true);
    world.run_for(20 * MINUTE).await;
    let before = pings(&world);
    world.sites.down("b", true);
    world.run_for(20 * MINUTE).await;
    world.sites.down("b", false);
    world.run_for(20 * MINUTE).await;
    assert_eq!(pings(&world), before, "the dead man's switch hears that all is well");
    assert!(before <= 18, "{before}");
    let (_, metrics) = world.get("/metrics").await;
    assert!(metrics.contains(r#"launchwatch_dead_man_calls_total{result="withheld"}"#), "{metrics}");

    for host in [OPS, SPARE] {
        world.post.always(host, crate::post::Order::Take);
    }
    // The longest wait is five minutes and a fifth.
    world.run_for(14 * MINUTE).await;
    for host in [OPS, SPARE] {
        assert_eq!(about(&world, host, "a").len(), 1, "{:?}", world.post.letters_of(host));
        assert_eq!(about(&world, host, "b"), ["resolved"]);
        assert!(about(&world, host, "launchwatch").len() <= 2);
        assert_eq!(wrong(&world, host), Vec::<String>::new());
    }
    assert!(pings(&world) > before + 5, "the dead man's switch hears of us again");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn no_more_messages_go_out_in_a_minute_than_a_channel_allows() {
    let mut config = config(TWO);
    config.channels[0].per_minute = 2;
    let world = world(config).await;
    for site in ["a", "b", "c", "a", "b", "c"] {
        world.sites.down(site, true);
        world.run_for(Duration::from_secs(5)).await;
    }
    world.run_for(4 * MINUTE).await;
    let at: Vec<_> = world.post.attempts_of(OPS).iter().map(|a| a.at).collect();
    assert!(at.len() >= 3, "{at:?}");
    assert!(at.windows(3).all(|w| seconds(w[0], w[2]) >= 59.0), "{at:?}");
    world.stop().await;
}

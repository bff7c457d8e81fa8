//! Channels that refuse, and messages that are refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::post::Order;
use crate::world::configuration_with;
use launchwatch::store::DeliveryState;

const GONE: Order = Order::Answer(404, &[], "no such hook");

#[tokio::test(start_paused = true)]
async fn a_broken_channel_keeps_its_queue_its_fallback_tells_and_so_is_that_it_is_broken() {
    let world = world(with_fallback()).await;
    world.post.always(OPS, GONE);
    world.sites.down("a", true);
    world.run_for(2 * MINUTE).await;
    let told = world.post.letters_of(SPARE);
    assert_eq!(about(&world, SPARE, "a"), ["opened"]);
    assert!(told[0].body.contains("Told here because the channel ops does not take it"), "{}", told[0].body);
    let first = world.post.attempts_of(OPS)[0].at;
    assert!(seconds(first, told[0].at) < 60.0);
    assert_eq!(about(&world, SPARE, "launchwatch"), ["opened"]);
    assert!(
        told[1].body.contains("channel-ops") && told[1].body.contains("no such hook"),
        "{}",
        told[1].body
    );
    // Something new is told by the fallback as well.
    world.sites.down("b", true);
    world.run_for(MINUTE).await;
    assert_eq!(about(&world, SPARE, "b"), ["opened"]);
    world.run_for(60 * MINUTE).await;
    let attempts = world.post.attempts_of(OPS).len();
    assert!((4..12).contains(&attempts), "{attempts} attempts on a broken channel in an hour");
    let kept = deliveries(&world, "ops").await;
    assert!(kept.iter().all(|d| d.state != DeliveryState::Refused), "{kept:#?}");

    world.post.always(OPS, Order::Take);
    world.sites.down("b", false);
    world.run_for(15 * MINUTE).await;
    assert_eq!(about(&world, OPS, "a").len(), 1, "one message for what was missed");
    assert_eq!(about(&world, OPS, "b"), ["resolved"]);
    // It told of its own trouble last: that lasted when it worked again.
    let own = about(&world, OPS, "launchwatch");
    assert!(own.len() <= 2 && own.last().is_some_and(|kind| kind == "resolved"), "{own:?}");
    for (target, last) in [("b", "resolved"), ("launchwatch", "resolved")] {
        assert_eq!(about(&world, SPARE, target).last().map(String::as_str), Some(last), "{target}");
    }
    assert_eq!((wrong(&world, OPS), wrong(&world, SPARE)), (Vec::new(), Vec::new()));
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_fallback_that_is_broken_has_its_own_and_a_circle_ends() {
    let three = [TWO, "  - { type: webhook, name: last, url: env:LAST }\n"].concat();
    let mut config = config(&three);
    for (at, fallback) in ["spare", "last", "ops"].into_iter().enumerate() {
        config.channels[at].fallback = Some(fallback.into());
    }
    config.policy.channels = vec!["ops".into()];
    let world = world(config).await;
    world.post.always(OPS, GONE);
    world.post.always(SPARE, GONE);
    world.sites.down("a", true);
    world.run_for(2 * MINUTE).await;
    assert_eq!(about(&world, "last.example", "a"), ["opened"]);
    world.post.always("last.example", GONE);
    world.sites.down("b", true);
    world.run_for(20 * MINUTE).await;
    for host in [OPS, SPARE, "last.example"] {
        world.post.always(host, Order::Take);
    }
    world.run_for(60 * MINUTE).await;
    for host in [OPS, SPARE, "last.example"] {
        let told = about(&world, host, "b");
        let opened = told.iter().filter(|kind| *kind == "opened").count();
        assert!(!told.is_empty() && opened <= 1, "{host}: {told:?}");
        assert_eq!(wrong(&world, host), Vec::<String>::new());
    }
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_new_secret_is_picked_up_and_the_queue_goes_out() {
    let text = sites_yaml(["a", "b", "c"], TWO);
    let configured = move |secret: &str| {
        let env = |name: &str| Some(format!("http://{}.example/{secret}", name.to_lowercase()));
        configuration_with(&text, &env)
    };
    // 0: as at the start, 1: the file is half written, 2: the new secret.
    let state = Arc::new(AtomicU32::new(0));
    let asked = Arc::new(AtomicU32::new(0));
    let mut setting = Setting::new(configured("old"), 1);
    let (now, count) = (Arc::clone(&state), Arc::clone(&asked));
    setting.reload = Some(Arc::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
        match now.load(Ordering::Relaxed) {
            0 => Ok(configured("old").channels),
            1 => Err("the file `token` is empty".into()),
            _ => Ok(configured("new").channels),
        }
    }));
    let world = World::begin(setting).await;
    world.run_for(MINUTE).await;
    world.post.wants(OPS, "new");
    world.sites.down("a", true);
    world.run_for(3 * MINUTE).await;
    state.store(1, Ordering::Relaxed);
    world.run_for(10 * MINUTE).await;
    assert_eq!(world.post.letters_of(OPS), []);
    assert!(world.post.attempts_of(OPS).len() < 8, "{:#?}", world.post.attempts_of(OPS));
    state.store(2, Ordering::Relaxed);
    world.run_for(75 * Duration::from_secs(1)).await;
    assert_eq!(about(&world, OPS, "a"), ["opened"]);
    assert_eq!(wrong(&world, OPS), Vec::<String>::new());
    let asked = asked.load(Ordering::Relaxed);
    assert!((14..22).contains(&asked), "the configuration was read {asked} times in a quarter of an hour");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn one_message_that_is_refused_while_others_pass_holds_nobody_up_and_is_given_up() {
    let world = world(with_fallback()).await;
    world.post.dislikes(OPS, Some("\"target\":\"a\""));
    world.sites.down("a", true);
    world.run_for(MINUTE).await;
    assert_eq!(about(&world, SPARE, "a"), ["opened"]);
    world.sites.down("b", true);
    world.run_for(2 * MINUTE).await;
    assert_eq!(about(&world, OPS, "b"), ["opened"]);
    world.sites.down("c", true);
    world.run_for(2 * MINUTE).await;
    assert_eq!(about(&world, OPS, "c"), ["opened"]);
    world.run_for(25 * MINUTE).await;
    let of_a = |d: &&Delivery| d.incident.0.starts_with("a-");
    let told = deliveries(&world, "ops").await;
    let first = told.iter().rfind(of_a).unwrap_or_else(|| panic!("{told:#?}"));
    assert_eq!((first.state, first.attempts), (DeliveryState::Owed, 4), "{told:#?}");
    // Its end is disliked as well; there it is given up.
    world.sites.down("a", false);
    world.run_for(100 * MINUTE).await;
    let told = deliveries(&world, "ops").await;
    let last = told.iter().find(of_a).unwrap();
    assert_eq!((last.state, last.attempts), (DeliveryState::Refused, 5), "{told:#?}");
    assert_eq!(about(&world, SPARE, "a").last().map(String::as_str), Some("resolved"));
    assert_eq!((wrong(&world, OPS), wrong(&world, SPARE)), (Vec::new(), Vec::new()));
    world.stop().await;
}

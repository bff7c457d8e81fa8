//! Killed, stopped and started again while something is owed.

use super::*;
use crate::post::Order;
use launchwatch::store::DeliveryState;

/// Runs until a host was called for the first time.
async fn called(world: &World, host: &str) {
    for _ in 0..600 {
        if !world.post.attempts_of(host).is_empty() {
            return;
        }
        world.run_for(Duration::from_millis(100)).await;
    }
    panic!("{host} was never called");
}

#[tokio::test(start_paused = true)]
async fn killed_between_deciding_and_sending_it_is_sent_exactly_once() {
    let world = world(config(TWO)).await;
    world.post.next(OPS, [Order::Hang]);
    world.sites.down("a", true);
    called(&world, OPS).await;
    let world = World::begin(world.kill(config(TWO)).await).await;
    world.run_for(2 * MINUTE).await;
    assert_eq!(world.post.kinds_of(OPS), ["opened"]);
    assert_eq!(world.post.kinds_of(SPARE), ["opened"]);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn killed_between_sent_and_recorded_it_comes_twice_at_most_with_one_key_and_says_so() {
    let world = world(config(TWO)).await;
    world.post.next(OPS, [Order::TakeAndHang]);
    world.sites.down("a", true);
    called(&world, OPS).await;
    let world = World::begin(world.kill(config(TWO)).await).await;
    world.run_for(2 * MINUTE).await;
    let letters = world.post.letters_of(OPS);
    assert_eq!(letters.len(), 2);
    assert_eq!((&letters[0].key, &letters[0].body), (&letters[1].key, &letters[1].body));
    let doubtful = |d: &Delivery| (d.state, d.possible_duplicate);
    let (ops, spare) = (deliveries(&world, "ops").await, deliveries(&world, "spare").await);
    assert_eq!(doubtful(&ops[0]), (DeliveryState::Delivered, true));
    assert_eq!(doubtful(&spare[0]), (DeliveryState::Delivered, false));
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn killed_again_and_again_in_an_outage_it_opens_one_incident_and_tells_it_once() {
    let mut world = world(config(TWO)).await;
    world.sites.down("a", true);
    for _ in 0..40 {
        world.run_for(Duration::from_secs(3)).await;
        world = World::begin(world.kill(config(TWO)).await).await;
    }
    let incidents = world.store.incidents(10).await.unwrap();
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
    let due = incidents[0].reminder_due.unwrap();
    assert_eq!(seconds(incidents[0].opened_at, due), 1_800.0, "the reminder's clock was set again");
    for host in [OPS, SPARE] {
        let letters = world.post.letters_of(host);
        assert!(letters.iter().all(|l| l.kind == "opened" && l.key == letters[0].key), "{letters:#?}");
        assert!((1..=2).contains(&letters.len()), "{letters:#?}");
    }
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn stopped_with_a_full_queue_it_ends_within_its_grace_and_goes_on_at_the_next_start() {
    let world = world(config(TWO)).await;
    world.post.always(OPS, Order::Hang);
    for site in ["a", "b", "c"] {
        world.sites.down(site, true);
        world.run_for(100 * Duration::from_secs(1)).await;
    }
    let (clock, sites) = (world.clock.clone(), world.sites.clone());
    let before = clock.now();
    let (hub, post, store) = world.stop().await;
    assert!(seconds(before, clock.now()) <= 25.0, "the stop took longer than its grace");
    assert_eq!(post.letters_of(OPS), []);
    post.always(OPS, Order::Take);
    let setting = Setting {
        config: config(TWO),
        seed: 2,
        clock,
        store,
        before: Some((hub, post)),
        sites,
        reload: None,
    };
    let world = World::begin(setting).await;
    world.run_for(6 * MINUTE).await;
    for site in ["a", "b", "c"] {
        assert_eq!(about(&world, OPS, site), ["opened"]);
    }
    assert_eq!(wrong(&world, OPS), Vec::<String>::new());
    world.stop().await;
}

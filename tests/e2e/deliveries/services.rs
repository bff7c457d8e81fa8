//! Services that limit, fail, hang, or lose their answers.

use super::*;
use crate::post::Order;
use launchwatch::store::{DeliveryState, RunQuery};

const LIMITED: Order = Order::Answer(429, &[("retry-after", "7")], "slow down");

#[tokio::test(start_paused = true)]
async fn a_service_that_asks_for_time_gets_it_from_all_messages_and_others_are_not_held_up() {
    let world = world(config(TWO)).await;
    world.post.next(OPS, [LIMITED]);
    world.sites.down("a", true);
    world.sites.down("b", true);
    world.run_for(MINUTE).await;
    let attempts = world.post.attempts_of(OPS);
    let waited = seconds(attempts[0].at, attempts[1].at);
    assert!((7.0..8.2).contains(&waited), "the next request came after {waited} s");
    assert_eq!(attempts.len(), 3, "one more, for the second target: {attempts:#?}");
    assert_eq!((world.post.kinds_of(OPS).len(), wrong(&world, OPS)), (2, Vec::new()));
    let first = world.post.letters_of(SPARE)[0].at;
    assert!(seconds(first, attempts[0].at).abs() < 1.0, "the other channel was held up");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_that_ends_while_the_service_limits_us_is_told_as_one_message() {
    let world = world(config(TWO)).await;
    world.post.always(OPS, Order::Answer(429, &[("retry-after", "20")], ""));
    world.sites.down("a", true);
    world.run_for(3 * MINUTE).await;
    world.sites.down("a", false);
    world.run_for(7 * MINUTE).await;
    world.post.always(OPS, Order::Take);
    world.run_for(6 * MINUTE).await;
    let letters = world.post.letters_of(OPS);
    assert_eq!(about(&world, OPS, "a"), ["resolved"], "{letters:#?}");
    let text = &letters.iter().find(|l| l.body.contains("\"target\":\"a\"")).unwrap().body;
    assert!(text.contains("works again, was down 12:01–12:04"), "{text}");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_fails_five_times_is_delivered_at_the_sixth_with_growing_pauses() {
    let world = world(config(TWO)).await;
    world.post.next(OPS, vec![Order::Answer(500, &[], "oops"); 5]);
    world.sites.down("a", true);
    world.run_for(3 * MINUTE).await;
    let gaps = gaps(&world, OPS);
    assert_eq!(gaps.len(), 5, "{gaps:?}");
    assert!(gaps.windows(2).all(|w| w[0] < w[1]), "{gaps:?}");
    let told = deliveries(&world, "ops").await;
    assert_eq!((told[0].state, told[0].attempts), (DeliveryState::Delivered, 6), "{told:#?}");
    assert_eq!(world.post.kinds_of(OPS), ["opened"]);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_service_that_never_answers_holds_up_neither_probing_nor_others() {
    let world = world(config(TWO)).await;
    world.post.always(OPS, Order::Hang);
    world.sites.down("a", true);
    world.run_for(10 * MINUTE).await;
    let runs = world.store.runs(&RunQuery { limit: 1_000, ..RunQuery::default() }).await.unwrap();
    let late = runs.iter().filter(|r| r.lag > Duration::from_millis(250)).count();
    assert_eq!((late, runs.len() > 180), (0, true), "of {}", runs.len());
    assert_eq!(about(&world, SPARE, "a"), ["opened"]);
    let told = deliveries(&world, "ops").await;
    assert!(told.iter().any(|d| d.error.as_deref() == Some("time limit: not done within 20 s")), "{told:#?}");
    world.post.always(OPS, Order::Take);
    world.run_for(6 * MINUTE).await;
    assert_eq!((about(&world, OPS, "a"), wrong(&world, OPS)), (vec!["opened".into()], Vec::new()));
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_costs_one_duplicate_with_the_same_key_and_none_in_matrix() {
    let matrix = "  - { type: matrix, name: room, homeserver: 'http://matrix.example/', access_token: env:TOKEN, room: '!ops:example' }\n";
    let world = world(config(&[TWO, matrix].concat())).await;
    world.post.next(OPS, [Order::TakeAndCut]);
    // The first request of a delivery joins the room, the second one sends.
    world.post.next("matrix.example", [Order::Take, Order::TakeAndCut]);
    world.sites.down("a", true);
    world.run_for(2 * MINUTE).await;
    let letters = world.post.letters_of(OPS);
    assert_eq!(letters.len(), 2, "{letters:#?}");
    assert_eq!((&letters[0].key, &letters[0].body), (&letters[1].key, &letters[1].body));
    let sent = world.post.attempts_of("matrix.example").iter().filter(|a| !a.key.is_empty()).count();
    assert_eq!((sent, world.post.letters_of("matrix.example").len()), (2, 1));
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_has_expired_is_named_and_not_tried_at_full_rate() {
    let world = world(config(TWO)).await;
    world.post.always(OPS, Order::Fail("tls", "invalid peer certificate: Expired"));
    world.sites.down("a", true);
    world.run_for(4 * MINUTE).await;
    let told = deliveries(&world, "ops").await;
    assert!(told[0].error.as_deref().unwrap().contains("certificate: Expired"), "{told:#?}");
    let before = world.post.attempts_of(OPS).len();
    world.run_for(60 * MINUTE).await;
    let attempts = world.post.attempts_of(OPS).len() - before;
    assert!((10..=60).contains(&attempts), "{attempts} attempts in an hour");
    assert!(
        about(&world, SPARE, "launchwatch").contains(&"opened".to_owned()),
        "nobody hears of the channel"
    );
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_name_that_cannot_be_resolved_for_a_while_is_waited_for_and_the_queue_drains_in_order() {
    let world = world(config(TWO)).await;
    world.post.always(OPS, Order::Fail("resolve", "server failure"));
    for site in ["a", "b", "c"] {
        world.sites.down(site, true);
        world.run_for(100 * Duration::from_secs(1)).await;
    }
    world.post.always(OPS, Order::Take);
    world.run_for(5 * MINUTE).await;
    for site in ["a", "b", "c"] {
        assert_eq!(about(&world, OPS, site), ["opened"]);
    }
    assert_eq!(wrong(&world, OPS), Vec::<String>::new());
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn greylisting_is_waited_out_for_one_recipient_and_holds_up_nobody_else() {
    let mail = "  - { type: email, name: mail, host: mail.example, from: watch@x.example, to: [ann@x.example, bob@x.example] }\n";
    let world = world(config(mail)).await;
    world.post.answer_mail("bob@x.example", [(451, "4.7.1 greylisted, try later")]);
    world.sites.down("a", true);
    world.run_for(MINUTE).await;
    world.sites.down("b", true);
    world.run_for(7 * MINUTE).await;
    let (ann, bob) = (world.post.letters_of("ann@x.example"), world.post.attempts_of("bob@x.example"));
    assert_eq!(ann.len(), 2, "{:?}", ann.iter().map(|l| (&l.kind, l.at)).collect::<Vec<_>>());
    assert!(seconds(ann[0].at, ann[1].at) < 90.0, "the second outage waited for bob");
    let of_first: Vec<_> = bob.iter().filter(|a| a.key == ann[0].key).collect();
    assert_eq!(of_first.iter().map(|a| a.taken).collect::<Vec<_>>(), [false, true]);
    assert!(seconds(of_first[0].at, of_first[1].at) >= 300.0);
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_homeserver_that_limits_is_heeded_and_a_room_that_was_left_is_told_elsewhere() {
    const LIMIT: &str = r#"{"errcode":"M_LIMIT_EXCEEDED","error":"Too Many Requests","retry_after_ms":9000}"#;
    const LEFT: &str = r#"{"errcode":"M_FORBIDDEN","error":"You are not invited to this room"}"#;
    let matrix = "  - { type: matrix, name: ops, homeserver: 'http://matrix.example/', access_token: env:TOKEN, room: '!ops:example' }\n  - { type: webhook, name: spare, url: env:SPARE }\n";
    let mut config = config(matrix);
    config.channels[0].fallback = Some("spare".into());
    config.policy.channels = vec!["ops".into()];
    let world = world(config).await;
    world.post.next("matrix.example", [Order::Answer(429, &[], LIMIT)]);
    world.sites.down("a", true);
    world.run_for(MINUTE).await;
    let first = gaps(&world, "matrix.example")[0];
    assert!((9.0..10.2).contains(&first), "{first}");
    assert_eq!((world.post.letters_of("matrix.example").len(), world.post.letters_of(SPARE).len()), (1, 0));
    world.post.always("matrix.example", Order::Answer(403, &[], LEFT));
    world.sites.down("b", true);
    world.run_for(MINUTE).await;
    assert_eq!(about(&world, SPARE, "b"), ["opened"]);
    let told = deliveries(&world, "ops").await;
    let forbidden = |d: &Delivery| d.error.as_deref().is_some_and(|e| e.contains("M_FORBIDDEN"));
    assert!(told.iter().any(forbidden), "{told:#?}");
    world.stop().await;
}

use std::time::Duration;

use jiff::Timestamp;
use launchwatch_alerts::Notification;

use super::channels::Channels;
use super::pace::Pace;
use super::stand::{given_up, pause};
use crate::config::{self, ChannelConfig, Registries};
use crate::store::{Owed, Stand};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + seconds).unwrap()
}

fn refused(refusals: u32, since: Option<i64>) -> Owed {
    Owed {
        notification: Notification::test(at(0), "x"),
        channel: "ops".into(),
        attempts: refusals,
        thread: None,
        settled: launchwatch_alerts::Settled::default(),
        refusals,
        refused_since: since.map(at),
        instead_of: None,
    }
}

#[test]
fn a_broken_channel_is_tried_after_one_five_fifteen_and_then_every_thirty_minutes() {
    let mut stand = Stand::default();
    let mut waits = Vec::new();
    for _ in 0..6 {
        stand.broke(at(0), "HTTP 403");
        waits.push(stand.not_before.unwrap().duration_since(at(0)).as_mins());
    }
    assert_eq!(waits, [1, 5, 15, 30, 30, 30]);
    assert_eq!((stand.broken, stand.failures), (Some(at(0)), 6));
    stand.took(at(9));
    assert_eq!(stand, Stand { worked: Some(at(9)), ..Stand::default() });
}

#[test]
fn a_channel_that_does_not_answer_is_tried_every_minute_at_least_unless_it_asked_for_more() {
    let mut stand = Stand::default();
    let mut wait = |asked: Option<u64>| {
        stand.held_off(at(0), asked.map(Duration::from_secs), 0.5, "HTTP 503");
        stand.not_before.unwrap().duration_since(at(0)).as_secs()
    };
    assert_eq!([(); 8].map(|()| wait(None)), [1, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!([wait(Some(7)), wait(Some(900)), wait(Some(86_400))], [7, 900, 3_600]);
    stand.broke(at(0), "HTTP 403");
    stand.held_off(at(0), None, 0.5, "HTTP 503");
    assert_eq!(stand.not_before, Some(at(300)), "it is still broken");
}

#[test]
fn the_message_is_disliked_if_the_channel_has_worked_since_it_was_first_refused() {
    for (worked, since, disliked) in [
        (None, None, false),
        (Some(5), None, false),
        (None, Some(5), false),
        (Some(4), Some(5), false),
        (Some(5), Some(5), false),
        (Some(6), Some(5), true),
    ] {
        let stand = Stand { worked: worked.map(at), ..Stand::default() };
        assert_eq!(stand.dislikes(&refused(1, since)), disliked, "{worked:?} {since:?}");
    }
    for (refusals, age, given) in
        [(0, 0, false), (3, 3_000, false), (4, 3_000, true), (2, 86_399, false), (2, 86_400, true)]
    {
        assert_eq!(given_up(&refused(refusals, Some(0)), at(age)), given, "{refusals} {age}");
    }
    assert_eq!([0, 1, 2, 9].map(|n| pause(n).as_mins()), [1, 1, 5, 30]);
}

#[tokio::test(start_paused = true)]
async fn tokens_come_back_with_time_and_no_more_than_a_few_are_saved_up() {
    let mut pace = Pace::new(20);
    assert_eq!((pace.tokens(), pace.wait()), (5, Duration::ZERO));
    for _ in 0..6 {
        pace.take();
    }
    assert_eq!((pace.tokens(), pace.wait().as_secs()), (0, 6));
    tokio::time::advance(pace.wait()).await;
    assert_eq!((pace.tokens(), pace.wait()), (1, Duration::ZERO));
    tokio::time::advance(Duration::from_secs(3_600)).await;
    assert_eq!(pace.tokens(), 5);
    assert_eq!([0, 1, 4, 6_000].map(|rate| Pace::new(rate).tokens()), [1, 1, 1, 10]);
}

#[test]
fn only_channels_whose_secret_has_changed_are_swapped() {
    let channels = |secret: &str| -> Vec<ChannelConfig> {
        let text = "version: 1\ntargets: [ { name: a, url: 'http://a.example/', probes: [ { type: http } ] } ]\nchannels:\n\
            \x20 - { type: webhook, name: one, url: env:ONE }\n  - { type: webhook, name: two, url: env:TWO }\n";
        let env = |name: &str| {
            Some(if name == "ONE" {
                format!("http://x.example/{secret}")
            } else {
                "http://y.example/".into()
            })
        };
        config::load_text("test", text, Registries::BUILT_IN, &env)
            .unwrap_or_else(|p| panic!("{p:?}"))
            .0
            .channels
    };
    let table = Channels::new(&channels("old"));
    assert_eq!(table.swap(&channels("old")), [""; 0]);
    assert_eq!(table.swap(&channels("new")), ["one"]);
    assert_eq!(table.get("one").map(|(_, version)| version), Some(1));
    assert_eq!(table.get("two").map(|(_, version)| version), Some(0));
    assert_eq!(table.swap(&channels("new")[1..]), [""; 0], "one that is gone from the file stays");
}

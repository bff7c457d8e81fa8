use std::sync::Arc;

use launchwatch_alerts::{Envelope, Post, Reply, Undelivered};

use super::*;
use crate::clock::Clock;
use crate::dice::Dice;
use crate::edges::Edges;
use crate::edges::memory::{MemoryNet, spawner};
use crate::inbox::{self, Letter};
use crate::store::{Retention, SqliteStore};
use crate::tasks::Tasks;

struct NoPost;

#[async_trait]
impl Post for NoPost {
    async fn deliver(&self, _: Envelope) -> Result<Reply, Undelivered> {
        Err(Undelivered { step: "connect", detail: "no post here".into() })
    }
}

fn desk(orders: inbox::Orders) -> Desk {
    let tasks = Tasks::new();
    let clock = Clock::simulated("2018-07-07T12:00:00Z".parse().unwrap());
    let net = Arc::new(MemoryNet::new(spawner(&tasks)));
    let edges = Edges { clock, net, post: Arc::new(NoPost), dice: Dice::seeded(1) };
    let store = Arc::new(SqliteStore::in_memory(Retention::default()).unwrap());
    Desk { edges, store, orders, tasks }
}

fn click(user: Value) -> Value {
    let action = json!({"action_id": Hearing::ACKNOWLEDGE, "value": "hub-1"});
    json!({"type": "block_actions", "user": user, "actions": [{"action_id": "other"}, action]})
}

#[tokio::test(start_paused = true)]
async fn a_click_that_nobody_can_take_is_left_to_slack_to_send_again() {
    let (inbox, _) = inbox::inbox();
    let (ear, desk) =
        (SlackSocket::new("http://slack.example/api".into(), "x".to_owned().into()), desk(inbox.orders()));
    let taken = ear.clicked(&desk, &click(json!({"username": "ada"}))).await;
    assert_eq!(taken, Err(Unheard::Again));
}

#[tokio::test(start_paused = true)]
async fn whoever_clicks_is_named_as_well_as_slack_says() {
    for (user, expected) in [
        (json!({"id": "U1", "username": "ada", "name": "Ada L."}), "ada"),
        (json!({"id": "U1", "username": "", "name": "Ada L."}), "Ada L."),
        (json!({"id": "U1"}), "U1"),
        (json!({"username": "ada\u{202e}\n"}), "ada"),
        (Value::Null, "somebody"),
    ] {
        let (inbox, mut letters) = inbox::inbox();
        let (ear, desk) = (
            SlackSocket::new("http://slack.example/api".into(), "x".to_owned().into()),
            desk(inbox.orders()),
        );
        let heard = async {
            let Some(Letter::Command { command, answer, .. }) = letters.recv().await else {
                panic!("nothing")
            };
            answer.send(Ok(())).unwrap();
            command
        };
        let payload = click(user);
        let (taken, command) = futures::join!(ear.clicked(&desk, &payload), heard);
        assert_eq!((taken, command.by()), (Ok(()), expected));
    }
}

//! Kernel: a websocket through the in-memory pipe, from the handshake to the printed answer.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::DuplexStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::kit::{hear, request, settings, spawner, stand_in};
use crate::standin::{Fault, StandIn, dial};

const OWN: &str = "authorization: token own-key\r\n";

async fn kernel(binder: &StandIn) -> String {
    binder.adopt("gauge", "own-key", "gh/harbour/tide-tables/HEAD");
    let made = hear(&binder.router(), &request("POST", "/user/gauge/api/kernels", OWN, "{}"), 5).await;
    assert_eq!(made.status(), 201);
    made.json()["id"].as_str().unwrap().to_owned()
}

async fn connect(binder: &StandIn, id: &str) -> Option<WebSocketStream<DuplexStream>> {
    let pipe = dial(binder.router(), &spawner());
    let url = format!("ws://binder.test/user/gauge/api/kernels/{id}/channels?session_id=s1&token=own-key");
    let handshake = timeout(Duration::from_secs(60), client_async(url, pipe)).await;
    handshake.ok().map(|open| open.unwrap().0)
}

/// Runs code and returns the messages that answer it, until idle or for a minute.
async fn run(socket: &mut WebSocketStream<DuplexStream>, code: &str) -> Vec<Value> {
    let ask = json!({
        "header": {"msg_id": "ask-1", "msg_type": "execute_request", "session": "s1", "version": "5.3"},
        "parent_header": {}, "metadata": {}, "channel": "shell",
        "content": {"code": code, "silent": false},
    });
    socket.send(Message::text(ask.to_string())).await.unwrap();
    let mut heard = Vec::new();
    // One deadline for all: pings would keep a deadline per message alive for ever.
    let end = Instant::now() + Duration::from_secs(60);
    while let Ok(Some(Ok(message))) = timeout_at(end, socket.next()).await {
        let Message::Text(text) = message else { continue };
        let message: Value = serde_json::from_str(&text).unwrap();
        if message["parent_header"]["msg_id"] != "ask-1" {
            continue;
        }
        let idle = message["content"]["execution_state"] == "idle";
        heard.push(message);
        if idle {
            break;
        }
    }
    heard
}

fn kinds(heard: &[Value]) -> Vec<&str> {
    heard.iter().map(|m| m["msg_type"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_kernel_answers_in_the_order_of_the_real_one() {
    let binder = stand_in(settings());
    let id = kernel(&binder).await;
    let mut socket = connect(&binder, &id).await.unwrap();
    let heard = run(&mut socket, "print(6*7)").await;
    assert_eq!(kinds(&heard), ["status", "execute_input", "stream", "execute_reply", "status"]);
    assert_eq!(heard[2]["content"]["text"], "42\n");
    assert_eq!((&heard[3]["channel"], &heard[3]["content"]["status"]), (&"shell".into(), &"ok".into()));
    let heard = run(&mut socket, "import os\nprint('high ' + \"water\"); print(2+3*(4+1))").await;
    assert_eq!(heard[2]["content"]["text"], "high water\n17\n");
    let heard = run(&mut socket, "while True: pass").await;
    assert_eq!(kinds(&heard), ["status", "execute_input", "error", "execute_reply", "status"]);
    let gone =
        hear(&binder.router(), &request("DELETE", &format!("/user/gauge/api/kernels/{id}"), OWN, ""), 5)
            .await;
    assert_eq!(gone.status(), 204);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_pinged() {
    let binder = stand_in(settings());
    let id = kernel(&binder).await;
    let mut socket = connect(&binder, &id).await.unwrap();
    let hello = socket.next().await.unwrap().unwrap();
    assert!(hello.to_text().unwrap().contains("\"parent_header\":{}"));
    assert!(matches!(socket.next().await, Some(Ok(Message::Ping(_)))));
}

#[tokio::test(start_paused = true)]
async fn kernels_in_trouble_die_hang_or_lie() {
    let binder = stand_in(settings());
    let id = kernel(&binder).await;
    binder.set_fault(None, Fault::KernelDies);
    assert!(connect(&binder, &id).await.is_none());
    binder.set_fault(None, Fault::KernelHangs);
    let mut hung = connect(&binder, &id).await.unwrap();
    assert_eq!(kinds(&run(&mut hung, "print(6*7)").await), ["status"]);
    binder.set_fault(None, Fault::WrongOutput);
    let mut wrong = connect(&binder, &id).await.unwrap();
    assert_ne!(run(&mut wrong, "print(6*7)").await[2]["content"]["text"], "42\n");
}

//! The demo's part of the status page: the chat, and the switches of the faults.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, Json, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use maud::html;
use serde::Deserialize;
use serde_json::Value;

use super::Chat;
use crate::standin::{Fault, StandIn};
use crate::web::Extra;

#[derive(Deserialize)]
struct Switch {
    fault: String,
}

pub(super) fn router(hub: StandIn, chat: Chat) -> Router {
    let faults = Router::new().route("/demo/fault", post(switch)).with_state(hub);
    let room = Router::new().route("/demo/chat", post(take)).with_state(chat);
    faults.merge(room)
}

async fn switch(State(hub): State<StandIn>, Form(form): Form<Switch>) -> Response {
    match form.fault.parse::<Fault>() {
        Ok(fault) => {
            tracing::info!(fault = fault.name(), "the demo's hub now has this fault");
            hub.set_fault(None, fault);
            Redirect::to("/").into_response()
        }
        Err(unknown) => (StatusCode::BAD_REQUEST, format!("{unknown}\n")).into_response(),
    }
}

async fn take(State(chat): State<Chat>, Json(message): Json<Value>) -> StatusCode {
    chat.post(&message);
    StatusCode::NO_CONTENT
}

pub(super) fn extra(hub: StandIn, chat: Chat) -> Extra {
    Arc::new(move || {
        let now = hub.snapshot().fault;
        html! {
            section.card {
                h2 { "Demo: what people were told" }
                @let messages = chat.messages();
                @if messages.is_empty() { p { "Nothing yet. Switch on a fault below and wait half a minute." } }
                @for (at, kind, text) in messages {
                    p { strong { (kind) } " " small { (at.strftime("%H:%M:%S UTC")) } }
                    pre { (text) }
                }
            }
            section.card {
                h2 { "Demo: break the hub" }
                p { "This hub is built in; nothing outside this machine is touched. Switched on now: " strong { (now.name()) } " (" (now.describe()) ")" ". What lies before today is made up." }
                form.faults method="post" action="/demo/fault" {
                    @for fault in Fault::ALL {
                        button name="fault" value=(fault.name()) title=(fault.describe()) aria-pressed=(if *fault == now { "true" } else { "false" }) { (fault.name()) }
                    }
                }
            }
        }
    })
}

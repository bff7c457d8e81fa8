//! Brings news from the service: how everything stands, what happens, what was asked for.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::cli::client::{Client, Failure};

/// The status is fetched this often.
const EVERY: Duration = Duration::from_secs(2);
/// Pause before the stream is taken up again.
const AGAIN: Duration = Duration::from_secs(2);

/// Something to be shown.
#[derive(Debug)]
pub(super) enum News {
    /// How everything stands.
    Status {
        /// The answer of `/status`.
        status: Value,
        /// The open incidents.
        incidents: Value,
    },
    /// Something happened.
    Event(Value),
    /// What somebody wanted to see of a probe.
    Details {
        /// `target/probe`.
        of: String,
        /// Its last run, if there was one.
        run: Value,
        /// The open incident of its target, if there is one.
        incident: Value,
    },
    /// The service does not answer, in these words.
    Lost(String),
    /// A word about what somebody wished.
    Word(String),
}

/// Fetches the status again and again.
pub(super) async fn look(client: Arc<Client>, bring: mpsc::Sender<News>) {
    loop {
        let news = match status(&client).await {
            Ok(news) => news,
            Err(failure) => News::Lost(failure.words().to_owned()),
        };
        if bring.send(news).await.is_err() {
            return;
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn status(client: &Client) -> Result<News, Failure> {
    let status = client.get(&["status"], &[]).await?;
    let incidents = client.get(&["incidents"], &[("state", "open")]).await?;
    Ok(News::Status { status, incidents })
}

/// Follows the events; where they break off they are taken up again after the last one that was seen.
pub(super) async fn follow(client: Arc<Client>, bring: mpsc::Sender<News>) {
    let mut last: Option<String> = None;
    loop {
        match client.events(&["events"], last.as_deref()).await {
            Ok(mut events) => {
                while let Some((id, event)) = events.next().await {
                    last = id.or(last);
                    if bring.send(News::Event(event)).await.is_err() {
                        return;
                    }
                }
            }
            Err(failure) if failure.is_refusal() => {
                drop(bring.send(News::Word(format!("no events: {}", failure.words()))).await);
                return;
            }
            // That the service is away is told by those who ask how everything stands.
            Err(_) => {}
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// The last run of a probe and the incident of its target.
pub(super) async fn details(client: &Client, target: &str, probe: &str, incident: Option<String>) -> News {
    let asked = async {
        let runs = client.get(&["runs"], &[("target", target), ("probe", probe), ("limit", "1")]).await?;
        let slot = runs.pointer("/runs/0/slot").and_then(Value::as_str).map(str::to_owned);
        let run = match slot {
            Some(slot) => client.get(&["runs", target, probe, &slot], &[]).await?,
            None => Value::Null,
        };
        let incident = match incident {
            Some(id) => client.get(&["incidents", &id], &[]).await?,
            None => Value::Null,
        };
        Ok::<_, Failure>(News::Details { of: format!("{target}/{probe}"), run, incident })
    };
    asked.await.unwrap_or_else(|failure| News::Word(failure.words().to_owned()))
}

/// Says that somebody sees to an incident.
pub(super) async fn acknowledge(client: &Client, incident: &str, by: &str) -> News {
    match client.post(&["incidents", incident, "acknowledge"], &json!({ "by": by })).await {
        Ok(_) => News::Word(format!("{by} sees to {incident}")),
        Err(failure) => News::Word(failure.words().to_owned()),
    }
}

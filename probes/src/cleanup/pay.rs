//! Pays a debt: shuts a server down (and removes its user), and looks whether it is gone.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use secrecy::SecretString;
use tokio::time::Instant;

use super::{CleanUp, Paid, pay_user};
use crate::hub::{Answer, AskError, Door};
use crate::net::NetFault;
use crate::{Launch, Net};

/// Longest wait for one answer.
const ANSWER: Duration = Duration::from_secs(10);
/// How often a server that was told to stop is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Looks that must find nobody behind the address before a server that never accepted counts as gone.
const LOOKS: u32 = 3;

/// Ends what the debt names, within `patience`. Harmless to repeat: what is gone already counts as gone.
///
/// `Gone` = seen to be gone; `Accepted` = told to stop, but it cannot be seen from here whether it did;
/// `NotYet` = refused, still answering after `patience`, or out of reach: keep the debt and come again.
pub async fn pay(cleanup: &CleanUp, net: &Arc<dyn Net>, user_agent: &str, patience: Duration) -> Paid {
    let door = Door::new(Arc::clone(net), user_agent);
    match cleanup {
        CleanUp::Server { url, token } => server(&door, url, token.clone(), patience).await,
        CleanUp::HubUser { api, user, server, delete_user, token } => {
            let door = door.with_token(token.clone());
            pay_user::Debtor { door, api, user, server, delete_user: *delete_user }.pay(patience).await
        }
    }
}

/// Pays and, if that worked, settles.
pub(crate) async fn pay_and_settle(
    launch: &Launch,
    debt: &CleanUp,
    net: &Arc<dyn Net>,
    user_agent: &str,
    patience: Duration,
) {
    if !matches!(pay(debt, net, user_agent, patience).await, Paid::NotYet(_)) {
        // Unwritten, the debt is paid once more, which finds nothing.
        let _ = launch.settled().await;
    }
}

/// What an answer says about a server.
enum Sight {
    Alive,
    /// The proxy knows no such server.
    Absent,
    /// The proxy knows nobody who answers there.
    Deserted,
    Refused(u16),
    Unclear(String),
}

async fn server(door: &Door, url: &str, token: SecretString, patience: Duration) -> Paid {
    let door = door.clone().with_token(token);
    let until = Instant::now() + patience;
    let (mut accepted, mut deserted, mut last) = (false, 0, "there was no time to ask".to_owned());
    while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        let (method, page) = if accepted { (Method::GET, "status") } else { (Method::POST, "shutdown") };
        let answer = door.ask(method, &format!("{url}api/{page}"), None, left.min(ANSWER)).await;
        let asked_to_stop = !accepted;
        match sight(answer, accepted) {
            Sight::Alive if asked_to_stop => accepted = true,
            Sight::Alive => last = "the server still answers after it accepted its shutdown".to_owned(),
            Sight::Absent => return Paid::Gone,
            Sight::Deserted => {
                deserted += 1;
                if accepted || deserted == LOOKS {
                    return Paid::Gone;
                }
                "nobody answers at the address of the server".clone_into(&mut last);
            }
            Sight::Refused(_) if accepted => return Paid::Gone,
            Sight::Refused(status) => {
                return Paid::NotYet(format!("the server refused to shut down (status {status})"));
            }
            Sight::Unclear(what) => last = what,
        }
        if !(accepted && asked_to_stop) {
            tokio::time::sleep_until((Instant::now() + LOOK_EVERY).min(until)).await;
        }
    }
    Paid::NotYet(last)
}

fn sight(answer: Result<Answer, AskError>, accepted: bool) -> Sight {
    match answer {
        Ok(answer) => match answer.status {
            200..=299 => Sight::Alive,
            404 | 410 | 424 => Sight::Absent,
            300..=399 | 502..=504 => Sight::Deserted,
            status @ 400..=499 => Sight::Refused(status),
            status => Sight::Unclear(format!("the server answered {status}")),
        },
        // The process stops while it answers.
        Err(AskError::Net(e)) if e.fault == NetFault::Cut && !accepted => Sight::Alive,
        Err(AskError::Net(e)) if e.fault == NetFault::Connect && accepted => Sight::Deserted,
        Err(e) => Sight::Unclear(format!("the server cannot be asked: {e}")),
    }
}

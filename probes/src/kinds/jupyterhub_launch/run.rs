//! One run of `jupyterhub-launch`.

use std::time::Duration;

use async_trait::async_trait;
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::HubLaunch;
use super::hub::{Corner, UserIs, missing};
use crate::hub::{Door, HubEvent, Trouble, Vigil, Weight, give_back, prove, tidy, use_server};
use crate::sse::{End, Events, Item, Request};
use crate::{CleanUp, Cx, Outcome, Probe, Reason, Stage};

/// How much of a run is kept for using and stopping a server that comes late.
const KEPT: f64 = 0.125;

#[async_trait]
impl Probe for HubLaunch {
    async fn run(&self, cx: &mut Cx) -> Outcome {
        match self.launch_and_use(cx).await {
            Ok(()) => cx.passed(),
            Err(trouble) => trouble.here(cx).into_outcome(cx),
        }
    }
}

impl HubLaunch {
    async fn launch_and_use(&self, cx: &mut Cx) -> Result<(), Trouble> {
        cx.hide(self.api_token.expose_secret());
        let temporary = self.user.is_none();
        let user = self.user.clone().unwrap_or_else(|| format!("launchwatch-{}", cx.nonce()));
        let ledger = |e: crate::LedgerError| Trouble::unknown(Reason::Prober, e.to_string());
        let launch = cx.begin_launch(&format!("jupyterhub {} {user}", self.api)).await.map_err(ledger)?;
        // The names are known, so the debt is: told before anything is made.
        let debt = CleanUp::HubUser {
            api: self.api.clone(),
            user: user.clone(),
            server: self.server_name.clone(),
            delete_user: temporary,
            token: self.api_token.clone(),
        };
        launch.told(&debt).await.map_err(ledger)?;
        let door = Door::new(cx.net(), cx.user_agent()).with_token(self.api_token.clone());
        let corner = Corner { door, api: self.api.clone(), user, server: self.server_name.clone() };

        cx.stage(Stage::User);
        if let Err(trouble) = self.user(&corner, temporary).await {
            let trouble = trouble.here(cx);
            if trouble.reason == Reason::ProbeAuth {
                // Nothing was made, and with this token nothing could be cleaned up either.
                let _ = launch.settled().await;
            } else {
                give_back(cx, &launch, &debt, true).await;
            }
            return Err(trouble);
        }
        let mut vigil = Vigil::new(self.cluster.clone());
        let used = self.start_and_use(cx, &corner, &mut vigil).await;
        let took = cx.elapsed();
        let told = Instant::now();
        let left_behind = give_back(cx, &launch, &debt, used.is_err()).await;
        if let (Err(_), Some(also)) = (&used, &left_behind) {
            cx.fact("teardown", &also.summary);
        }
        used?;
        match left_behind {
            Some(trouble) => Err(trouble),
            None if took > self.slow_after => {
                let text = format!("{:.1} s until the kernel's answer", took.as_secs_f64());
                let mut slow = Trouble::degraded(Reason::Slow, text);
                slow.stage = Some(Stage::Launch);
                Err(slow)
            }
            None => vigil.see_gone(cx, told).await.map_or(Ok(()), Err),
        }
    }

    async fn user(&self, corner: &Corner, temporary: bool) -> Result<(), Trouble> {
        match corner.make_user().await? {
            UserIs::Untouched if temporary => {
                Err(Trouble::unknown(Reason::ProbeAuth, missing("creating a temporary user", "admin:users")))
            }
            // A user of our own is there, or the start will say that it is not.
            UserIs::Made | UserIs::There | UserIs::Untouched => Ok(()),
        }
    }

    async fn start_and_use(&self, cx: &mut Cx, corner: &Corner, vigil: &mut Vigil) -> Result<(), Trouble> {
        let own = corner.token().await.map_err(|t| t.here(cx))?;
        let fallback = own.is_none();
        let token = own.unwrap_or_else(|| self.api_token.clone());
        cx.hide(token.expose_secret());
        cx.stage(Stage::Launch);
        let kept = cx.remaining().mul_f64(KEPT).clamp(Duration::from_secs(2), Duration::from_secs(20));
        let until = cx.deadline() - kept;
        let options = Value::Object(self.user_options.clone());
        let starting = tokio::time::timeout_at(until, async {
            corner.start(&options).await?;
            progress(cx, corner, &self.api_token, vigil).await
        });
        let url = match starting.await {
            Ok(url) => url.map_err(|t| t.here(cx))?,
            Err(_) => return Err(vigil.verdict(cx).here(cx)),
        };
        let url = self.absolute(&url).ok_or_else(|| {
            Trouble::failed(Reason::Garbled, "the Hub names an address of the server that is none").here(cx)
        })?;
        cx.measure("launch_seconds", cx.elapsed().as_secs_f64());
        let used = use_server(cx, &url, token, &self.errand).await;
        cx.measure("time_to_result_seconds", cx.elapsed().as_secs_f64());
        used.map_err(|trouble| {
            if fallback && trouble.summary.contains("403") {
                let text = missing("using the server", "tokens (to make it a token) or access:servers");
                Trouble {
                    reason: Reason::ProbeAuth,
                    verdict: crate::Verdict::Unknown,
                    summary: text,
                    ..trouble
                }
            } else {
                trouble
            }
        })
    }

    fn absolute(&self, url: &str) -> Option<String> {
        let url = Url::parse(&self.api).ok()?.join(url).ok()?;
        matches!(url.scheme(), "http" | "https").then(|| format!("{}/", url.as_str().trim_end_matches('/')))
    }
}

/// Reads the Hub's progress stream until the server is ready.
async fn progress(
    cx: &mut Cx,
    corner: &Corner,
    token: &secrecy::SecretString,
    vigil: &mut Vigil,
) -> Result<String, Trouble> {
    let request = Request {
        url: corner.progress_url(),
        headers: vec![
            ("user-agent", cx.user_agent().to_owned()),
            ("authorization", format!("token {}", token.expose_secret())),
        ],
        origin_elsewhere: None,
    };
    let mut events = match Events::new(cx.net(), request) {
        Ok(events) => events,
        Err(end) => return ended(cx, corner, end).await,
    };
    loop {
        let item = tokio::select! {
            biased; // what was said counts before that nothing was
            item = events.next() => item,
            () = vigil.next() => match vigil.check(cx) {
                Some(trouble) => return Err(trouble),
                None => continue,
            },
        };
        let data = match item {
            Ok(Item::Data(data)) => data,
            Ok(_) => continue,
            Err(end) => return ended(cx, corner, end).await,
        };
        let event = HubEvent::read(&data).map_err(|what| Trouble::failed(Reason::Garbled, what))?;
        cx.line(event.message());
        vigil.heard(event.message());
        if event.ready {
            let url = match event.url {
                Some(url) => Some(url),
                None => corner.ready_at().await,
            };
            return url.ok_or_else(|| {
                Trouble::failed(Reason::Garbled, "the server is ready but nobody says where")
            });
        }
        if event.failed {
            vigil.give_up(cx);
            return Err(failed(cx, &tidy(event.message())));
        }
        if let Some(proof) = vigil.prove(cx, event.message()) {
            cx.suspect(proof.reason, event.message());
            if proof.weight == Weight::Final {
                return Err(Trouble::failed(proof.reason, tidy(event.message())));
            }
        }
    }
}

/// The Hub gave up. Where it only says that it did, or that the pod never started, the proof before it says why.
fn failed(cx: &Cx, message: &str) -> Trouble {
    let bare = message.trim_end_matches([':', ' ']).eq_ignore_ascii_case("spawn failed");
    match cx.suspicion() {
        Some((reason, line)) if bare || message.contains("did not start in") => Trouble::failed(reason, line),
        _ => Trouble::failed(prove(message).map_or(Reason::SpawnFailed, |p| p.reason), message),
    }
}

/// The progress stream has ended early; the Hub's own record may still know of a server.
async fn ended(cx: &mut Cx, corner: &Corner, end: End) -> Result<String, Trouble> {
    if let Some(url) = corner.ready_at().await {
        cx.line("the progress stream ended early, but the server is ready");
        return Ok(url);
    }
    Err(match end {
        End::Status(401 | 403, _) => {
            Trouble::unknown(Reason::ProbeAuth, missing("the progress of the start", "read:servers"))
        }
        End::Status(status @ 500..=599, _) => Trouble::failed(
            Reason::HubUnavailable,
            format!("the progress of the start was answered {status}"),
        ),
        End::Status(400, _) => {
            Trouble::failed(Reason::SpawnFailed, "the server stopped starting without a word")
        }
        End::Status(status, _) => {
            Trouble::failed(Reason::HttpStatus, format!("the progress of the start was answered {status}"))
        }
        End::Net(e) => Trouble::unanswered("the progress of the start", &crate::hub::AskError::Net(e)),
        End::TooLarge(what) => {
            Trouble::failed(Reason::TooLarge, format!("the progress stream is a flood: {what}"))
        }
        End::Redirects(what) => Trouble::failed(Reason::Redirects, what),
        End::NotEvents(what) | End::Garbled(what) => {
            Trouble::failed(Reason::Garbled, format!("no progress stream: {}", tidy(&what)))
        }
        End::Closed => Trouble::failed(Reason::StreamCut, "the progress stream ended before the start did"),
    })
}

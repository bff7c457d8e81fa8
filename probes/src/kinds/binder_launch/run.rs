//! One run of `binder-launch`.

use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use super::follow::CutOff;
use super::watch::{Handed, Step, Watch};
use super::{BinderLaunch, Mode, NONCE, page};
use crate::hub::{BinderEvent, Door, Trouble, Vigil, give_back, tidy, use_server};
use crate::net::NetFault;
use crate::sse::{End, Events, Item, Request};
use crate::{CleanUp, Cx, Launch, Outcome, Probe, Reason, Stage};

/// How much of a run is kept for using and ending a server that comes late.
const KEPT: f64 = 0.125;

/// How the stream ended for the run.
enum Launched {
    Ready(Handed),
    /// Over, and nothing was or will be launched.
    Nothing(Trouble),
    /// Over, and nobody knows what comes of it.
    Lost(Trouble),
    /// Cut off by us while it goes on.
    CutOff(Trouble),
}

#[async_trait]
impl Probe for BinderLaunch {
    async fn run(&self, cx: &mut Cx) -> Outcome {
        match self.launch_and_use(cx).await {
            Ok(()) => cx.passed(),
            Err(trouble) => trouble.here(cx).into_outcome(cx),
        }
    }
}

impl BinderLaunch {
    async fn launch_and_use(&self, cx: &mut Cx) -> Result<(), Trouble> {
        let kept = cx.remaining().mul_f64(KEPT).clamp(Duration::from_secs(2), Duration::from_secs(20));
        let until = cx.deadline() - kept;
        let spec = self.spec.replace(NONCE, cx.nonce());
        let build_token = self.admission(cx, &spec, until).await?;
        let request = self.request(cx, &spec, build_token.as_ref());
        let mut events = Events::new(cx.net(), request)
            .map_err(|_| Trouble::unknown(Reason::Prober, "the address of the launch is no address"))?;
        let launch = cx
            .begin_launch(&format!("binder {} {spec}", self.host))
            .await
            .map_err(|e| Trouble::unknown(Reason::Prober, e.to_string()))?;
        cx.stage(Stage::Resolve);
        let vigil = Vigil::new(self.cluster.clone());
        let mut watch = Watch::new(self.mode, &self.base, self.retry_patience, vigil);
        let trouble = match read(cx, &mut events, &mut watch, &self.host, until).await {
            Launched::Ready(handed) => {
                drop(events);
                return self.use_and_give_back(cx, &launch, &mut watch, handed).await;
            }
            Launched::Nothing(trouble) => {
                if let Err(e) = launch.settled().await {
                    cx.line(&e.to_string());
                }
                trouble
            }
            Launched::Lost(trouble) => trouble,
            Launched::CutOff(trouble) => {
                let (net, user_agent) = (cx.net(), cx.user_agent().to_owned());
                let cut_off = CutOff { events, launch, net, user_agent, base: self.base.clone() };
                cx.follow(cut_off.follow(self.follow_for));
                trouble
            }
        };
        Err(trouble.here(cx))
    }

    /// The build token of the launch page, unless a Hub token admits us.
    async fn admission(
        &self,
        cx: &mut Cx,
        spec: &str,
        until: Instant,
    ) -> Result<Option<SecretString>, Trouble> {
        if let Some(token) = &self.api_token {
            cx.hide(token.expose_secret());
            return Ok(None);
        }
        cx.stage(Stage::Token);
        let door = Door::new(cx.net(), cx.user_agent()).with_origin(self.origin.clone());
        let page = format!("{}v2/{spec}", self.base);
        match tokio::time::timeout_at(until, page::build_token(cx, &door, &page)).await {
            Ok(token) => token.map_err(|t| t.here(cx)),
            Err(_) => Err(Trouble::failed(Reason::Timeout, "the launch page did not come in time").here(cx)),
        }
    }

    fn request(&self, cx: &Cx, spec: &str, build_token: Option<&SecretString>) -> Request {
        let mut url = format!("{}build/{spec}", self.base);
        let mut headers = vec![("user-agent", cx.user_agent().to_owned())];
        if let Some(token) = build_token {
            url.push_str("?build_token=");
            url.push_str(token.expose_secret());
        }
        if let Some(token) = &self.api_token {
            headers.push(("authorization", format!("token {}", token.expose_secret())));
        }
        if let Some(origin) = &self.origin {
            headers.push(("origin", origin.clone()));
        }
        let origin_elsewhere = self.origin.clone().or_else(|| build_token.map(|_| self.home.clone()));
        Request { url, headers, origin_elsewhere }
    }

    async fn use_and_give_back(
        &self,
        cx: &mut Cx,
        launch: &Launch,
        watch: &mut Watch,
        handed: Handed,
    ) -> Result<(), Trouble> {
        cx.hide(handed.token.expose_secret());
        let debt = CleanUp::Server { url: handed.url.clone(), token: handed.token.clone() };
        // Before anything else: from here on the server is shut down whatever happens to us.
        let written = launch.told(&debt).await;
        let used = match &written {
            Ok(()) => use_server(cx, &handed.url, handed.token, &self.errand).await,
            Err(e) => Err(Trouble::unknown(Reason::Prober, e.to_string()).here(cx)),
        };
        let took = cx.elapsed();
        cx.measure("time_to_result_seconds", took.as_secs_f64());
        let told = Instant::now();
        let left_behind = give_back(cx, launch, &debt, used.is_err()).await;
        if let (Err(_), Some(also)) = (&used, &left_behind) {
            cx.fact("teardown", &also.summary);
        }
        used?;
        if let Some(trouble) = left_behind {
            return Err(trouble);
        }
        // What else is wrong weighs more, and is known already.
        self.judge(watch, took)?;
        watch.vigil.see_gone(cx, told).await.map_or(Ok(()), Err)
    }

    /// All was done: was it done well?
    fn judge(&self, watch: &Watch, took: Duration) -> Result<(), Trouble> {
        let staged = |mut trouble: Trouble, stage| {
            trouble.stage = Some(stage);
            Err(trouble)
        };
        if self.mode == Mode::Fresh && !watch.saw_build() {
            let text = "the image was there already: this was not a fresh build";
            return staged(Trouble::unknown(Reason::Prober, text), Stage::Build);
        }
        if watch.attempts_failed() > 0 {
            let text = format!("BinderHub had to try {} times", watch.attempts_failed() + 1);
            return staged(Trouble::degraded(Reason::Retried, text), Stage::Launch);
        }
        if self.mode == Mode::Cached && watch.saw_build() {
            let text = "the image was not found in the registry and had to be built: the registry does not answer, \
                        the image was collected, or the image prefix was changed";
            return staged(Trouble::degraded(Reason::PushFailed, text), Stage::Build);
        }
        match self.slow_after {
            Some(limit) if took > limit => {
                let text = format!("{:.1} s until the kernel's answer", took.as_secs_f64());
                staged(Trouble::degraded(Reason::Slow, text), Stage::Launch)
            }
            _ => Ok(()),
        }
    }
}

/// Reads the stream until the launch is decided, or `until`.
async fn read(cx: &mut Cx, events: &mut Events, watch: &mut Watch, home: &str, until: Instant) -> Launched {
    let asked = Instant::now();
    loop {
        let stop = watch.give_up_at().map_or(until, |at| at.min(until));
        let item = tokio::select! {
            biased; // what was said counts before that nothing was
            item = events.next() => item,
            () = tokio::time::sleep_until(stop) => return Launched::CutOff(watch.verdict(cx)),
            () = watch.vigil.next() => match watch.vigil.check(cx) {
                Some(trouble) => return Launched::CutOff(trouble),
                None => continue,
            },
        };
        let item = match item {
            Ok(item) => item,
            Err(end) => {
                let (nothing, trouble) = ended(&end, watch, cx);
                return if nothing { Launched::Nothing(trouble) } else { Launched::Lost(trouble) };
            }
        };
        let data = match item {
            Item::Data(data) => data,
            Item::Redirected(member) => {
                if member != home {
                    cx.fact("member", &member);
                }
                continue;
            }
            Item::Open => {
                cx.measure("stream_open_seconds", asked.elapsed().as_secs_f64());
                continue;
            }
            Item::Comment => continue,
        };
        let step = match BinderEvent::read(&data) {
            Ok(event) => watch.take(cx, event),
            Err(what) => return Launched::CutOff(Trouble::failed(Reason::Garbled, what)),
        };
        match step {
            Step::On => {}
            Step::Ready(handed) => return Launched::Ready(handed),
            Step::Ended(trouble) => return Launched::Nothing(trouble),
            Step::Lost(trouble) => return Launched::Lost(trouble),
            Step::Enough(trouble) => return Launched::CutOff(trouble),
        }
    }
}

/// What the end of a stream means; true if nothing can have been launched.
fn ended(end: &End, watch: &Watch, cx: &mut Cx) -> (bool, Trouble) {
    match end {
        End::Net(e) if e.fault == NetFault::Local => (true, Trouble::unknown(Reason::Prober, e.to_string())),
        End::Net(e) => {
            let before = matches!(e.fault, NetFault::Dns | NetFault::Connect | NetFault::Tls);
            (before, suspected(cx).unwrap_or_else(|| Trouble::failed(e.reason(), e.to_string())))
        }
        End::Status(status, body) => {
            cx.line(&tidy(body));
            let text = format!("something before BinderHub answered {status}");
            let trouble = match status {
                429 => Trouble::unknown(Reason::RateLimited, text),
                401 | 407 => Trouble::unknown(Reason::ProbeAuth, text),
                _ => Trouble::failed(Reason::HttpStatus, text),
            };
            (!matches!(status, 502 | 504), trouble)
        }
        End::NotEvents(kind) => {
            let text = format!("the URL is wrong: it answers with `{}` and not with events", tidy(kind));
            (true, Trouble::failed(Reason::Garbled, text))
        }
        End::Redirects(what) => (true, Trouble::failed(Reason::Redirects, what.clone())),
        End::TooLarge(what) => {
            (false, Trouble::failed(Reason::TooLarge, format!("the stream is a flood: {what}")))
        }
        End::Garbled(what) => (false, Trouble::failed(Reason::Garbled, format!("no event stream: {what}"))),
        End::Closed => {
            let cut = || {
                let last = watch.verdict(cx).summary;
                Trouble::failed(Reason::StreamCut, format!("the stream ended before the launch did ({last})"))
            };
            (false, suspected(cx).unwrap_or_else(cut))
        }
    }
}

fn suspected(cx: &Cx) -> Option<Trouble> {
    cx.suspicion().map(|(reason, line)| Trouble::failed(reason, line))
}

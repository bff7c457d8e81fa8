//! Speaks to the service that runs: finds its address and token, asks, and says in words what went wrong.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use futures::StreamExt;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{Method, StatusCode};
use launchwatch_probes::Net;
use launchwatch_probes::net::NetFault;
use launchwatch_probes::net::real::{NetSettings, RealNet};
use serde_json::Value;
use url::Url;

use super::{FAILED, MISCONFIGURED, NOT_THERE, WithConfig, token, world};
use crate::config::{self, Config, Registries};

/// Longest wait for an answer: a bit longer than the service itself waits for its store.
const PATIENCE: Duration = Duration::from_secs(15);
/// Most bytes of an answer.
const MOST: usize = 16 << 20;

/// Which service, and how to answer.
#[derive(Args, Clone)]
pub(super) struct Reach {
    #[command(flatten)]
    pub(super) with: WithConfig,
    /// Where the service is, instead of where the configuration says.
    #[arg(long, env = "LAUNCHWATCH_URL")]
    url: Option<Url>,
    /// The file with the service's token, instead of `command.token` in its state directory.
    #[arg(long, env = "LAUNCHWATCH_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    /// Print the answer as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// The service, within reach.
pub(super) struct Client {
    net: RealNet,
    root: Url,
    token: Result<String, String>,
}

/// What ends a command: the words, and the exit code.
#[derive(Debug)]
pub(super) struct Failure {
    code: u8,
    words: String,
}

impl Failure {
    /// What went wrong.
    pub(super) fn words(&self) -> &str {
        &self.words
    }

    /// The service answers and says no: to ask again helps nobody.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self.code, MISCONFIGURED | NOT_THERE)
    }

    /// Prints it.
    pub(super) fn told(&self) -> ExitCode {
        eprintln!("launchwatch: {}", self.words);
        ExitCode::from(self.code)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { code: FAILED, words: format!("{error:#}") }
    }
}

impl Reach {
    /// The configuration, as far as it can be read here: secrets of the service need not be in this environment.
    fn configuration(&self) -> Result<Config, Failure> {
        config::glance(&self.with.config, Registries::BUILT_IN, &world::env).map_err(|problems| {
            let hint = "say where the service is with --config, or with --url and --token-file";
            let words = format!("{}{hint}", config::told(&problems));
            Failure { code: MISCONFIGURED, words }
        })
    }

    /// The service that is meant.
    pub(super) fn client(&self) -> Result<Client, Failure> {
        // With an address, the configuration is only where the token may be.
        let config = match (&self.url, self.configuration()) {
            (_, Ok(config)) => Some(config.service),
            (Some(_), Err(_)) => None,
            (None, Err(failure)) => return Err(failure),
        };
        let state = config.as_ref().map(|s| s.state.clone());
        let said = state.as_deref().and_then(|s| token::read(&token::address_file(s)).ok());
        let root = match (&self.url, said.and_then(|url| url.parse().ok()), &config) {
            (Some(url), ..) => with_slash(url.clone()),
            (None, Some(url), _) => url,
            (None, None, Some(service)) => near(service.listen).context("no address to speak to")?,
            (None, None, None) => return Err(anyhow::anyhow!("no address to speak to").into()),
        };
        let file = self.token_file.clone().or(state.map(|s| token::token_file(&s)));
        let token = match file {
            None => Err("say where the token is with --token-file".to_owned()),
            Some(file) => token::read(&file).map_err(|e| unreadable(&file, &e)),
        };
        let local = matches!(root.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        let ca_file = config.and_then(|s| s.ca_file);
        let net = RealNet::new(NetSettings { ca_file, ignore_proxies: local })
            .context("cannot prepare the network")?;
        Ok(Client { net, root, token })
    }
}

fn unreadable(file: &std::path::Path, error: &std::io::Error) -> String {
    let file = file.display();
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            format!(
                "{file} is not there: `launchwatch serve` writes it when it starts (is this its configuration?)"
            )
        }
        std::io::ErrorKind::PermissionDenied => {
            format!("{file} can be read only by the user that the service runs as: run this as the same user")
        }
        _ => format!("{file} cannot be read: {error}"),
    }
}

/// Where something that listens on all addresses can be reached from here.
pub(super) fn near(listen: std::net::SocketAddr) -> anyhow::Result<Url> {
    let mut listen = listen;
    if listen.ip().is_unspecified() {
        listen.set_ip(if listen.is_ipv4() {
            [127, 0, 0, 1].into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        });
    }
    Ok(format!("http://{listen}/").parse()?)
}

fn with_slash(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    url
}

impl Client {
    /// Asks for something. What everybody may know is told without the token too.
    pub(super) async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Value, Failure> {
        self.ask(Method::GET, path, query, None).await
    }

    /// Commands something.
    pub(super) async fn post(&self, path: &[&str], body: &Value) -> Result<Value, Failure> {
        self.needs_token()?;
        self.ask(Method::POST, path, &[], Some(body)).await
    }

    /// Ends something.
    pub(super) async fn delete(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Value, Failure> {
        self.needs_token()?;
        self.ask(Method::DELETE, path, query, None).await
    }

    /// Where the service is.
    pub(super) fn root(&self) -> &str {
        self.root.as_str()
    }

    /// Takes up a stream of events, after the one of this id.
    pub(super) async fn events(&self, path: &[&str], after: Option<&str>) -> Result<Events, Failure> {
        let mut request = self.request(Method::GET, path, &[]);
        if let Some(after) = after {
            request = request.header("last-event-id", after);
        }
        let request = request.body(bytes::Bytes::new()).context("the request cannot be made")?;
        let late = || anyhow::anyhow!("{} does not answer within {PATIENCE:?}", self.root);
        let sent = tokio::time::timeout(PATIENCE, self.net.send(request)).await;
        let answer = sent.map_err(|_| late())?.map_err(|e| self.unreachable(&e))?;
        if !answer.status.is_success() {
            let status = answer.status;
            let said = answer.read(MOST).await.map_err(|e| self.unreachable(&e))?;
            let problem = serde_json::from_slice(&said).unwrap_or_default();
            return Err(self.refused(status, &problem));
        }
        Ok(Events { body: answer.body, text: Vec::new() })
    }

    fn needs_token(&self) -> Result<(), Failure> {
        let no_token = |why: &String| Failure { code: MISCONFIGURED, words: format!("no token: {why}") };
        self.token.as_ref().map(|_| ()).map_err(no_token)
    }

    async fn ask(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Value, Failure> {
        let mut request = self.request(method, path, query);
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let bytes = body.map(Value::to_string).unwrap_or_default();
        let request = request.body(bytes.into()).context("the request cannot be made")?;
        let exchange = async {
            let answer = self.net.send(request).await?;
            let status = answer.status;
            Ok((status, answer.read(MOST).await?))
        };
        let exchange = tokio::time::timeout(PATIENCE, exchange).await;
        let late = || anyhow::anyhow!("{} does not answer within {PATIENCE:?}", self.root);
        let (status, said) = exchange.map_err(|_| late())?.map_err(|e| self.unreachable(&e))?;
        match serde_json::from_slice::<Value>(&said) {
            Ok(value) if status.is_success() => Ok(value),
            Ok(problem) => Err(self.refused(status, &problem)),
            Err(_) => Err(anyhow::anyhow!("{} answers {status}: is that launchwatch?", self.root).into()),
        }
    }

    fn request(&self, method: Method, path: &[&str], query: &[(&str, &str)]) -> http::request::Builder {
        let mut url = self.root.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "v1"]).extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = http::Request::builder().method(method).uri(url.as_str());
        match &self.token {
            Ok(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            Err(_) => request,
        }
    }

    fn unreachable(&self, error: &launchwatch_probes::net::NetError) -> Failure {
        let hint = match error.fault {
            NetFault::Connect => " (is `launchwatch serve` running?)",
            _ => "",
        };
        Failure { code: FAILED, words: format!("no launchwatch answers at {}: {error}{hint}", self.root) }
    }

    fn refused(&self, status: StatusCode, problem: &Value) -> Failure {
        let word = |key: &str| problem.get(key).and_then(Value::as_str).unwrap_or_default();
        let code = match status {
            StatusCode::NOT_FOUND => NOT_THERE,
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::UNPROCESSABLE_ENTITY => {
                MISCONFIGURED
            }
            _ => FAILED,
        };
        let mut words = word("detail").to_owned();
        if status == StatusCode::UNAUTHORIZED {
            words = match &self.token {
                Ok(_) => format!(
                    "the service at {} has another token: is this its configuration, and did it start since?",
                    self.root
                ),
                Err(why) => format!("this needs the token: {why}"),
            };
        } else if !word("hint").is_empty() {
            words.push_str(&format!("\n  {}", word("hint")));
        }
        Failure { code, words }
    }
}

/// A stream of events.
pub(super) struct Events {
    body: launchwatch_probes::net::Body,
    text: Vec<u8>,
}

impl Events {
    /// The next event: its id, where it has one, and its data. `None` when the stream has broken off.
    pub(super) async fn next(&mut self) -> Option<(Option<String>, Value)> {
        loop {
            while let Some(end) = self.text.windows(2).position(|two| two == b"\n\n") {
                let event: Vec<u8> = self.text.drain(..end + 2).collect();
                let event = event_of(&String::from_utf8_lossy(&event));
                if event.is_some() {
                    return event;
                }
            }
            if self.text.len() > MOST {
                return None;
            }
            self.text.extend_from_slice(&self.body.next().await?.ok()?);
        }
    }
}

/// The id and data of an event of a stream; nothing for a comment.
fn event_of(text: &str) -> Option<(Option<String>, Value)> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let data = serde_json::from_str(field("data")?).ok()?;
    Some((field("id").map(|id| id.trim().to_owned()), data))
}

/// Prints a failure, or goes on with what was answered.
pub(super) fn ended(result: Result<(), Failure>) -> anyhow::Result<ExitCode> {
    Ok(result.map_or_else(|failure| failure.told(), |()| ExitCode::SUCCESS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_everywhere_is_reached_from_here_over_loopback() {
        for (listen, url) in [
            ("0.0.0.0:8480", "http://127.0.0.1:8480/"),
            ("[::]:8480", "http://[::1]:8480/"),
            ("192.0.2.7:80", "http://192.0.2.7/"),
        ] {
            assert_eq!(near(listen.parse().unwrap()).unwrap().as_str(), url);
        }
        assert_eq!(
            with_slash("https://x.example/watch".parse().unwrap()).as_str(),
            "https://x.example/watch/"
        );
    }
}

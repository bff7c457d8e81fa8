//! Signing in with an account of a real JupyterHub, as a browser does it.

use std::collections::BTreeMap;
use std::net::TcpListener;

use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use super::kit::launcher::{Env, Server};
use super::kit::service::{Home, Serve};
use super::kit::stage::{self, Place};

/// Most answers on the way from one address to the page in the end.
const STEPS: usize = 20;

/// What a browser keeps: by host (ports do not matter to cookies), path and name.
#[derive(Default)]
struct Browser {
    cookies: BTreeMap<(String, String, String), String>,
}

/// A page in the end.
struct Page {
    url: Url,
    status: u16,
    text: String,
}

impl Browser {
    /// Goes to an address, and on to wherever it leads.
    async fn go(&mut self, url: &str) -> Page {
        self.follow(reqwest::Method::GET, url.parse().expect("an address"), None).await
    }

    async fn send(&mut self, url: Url, form: &[(&str, &str)]) -> Page {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        self.follow(reqwest::Method::POST, url, Some(body)).await
    }

    async fn follow(&mut self, mut method: reqwest::Method, mut url: Url, mut form: Option<String>) -> Page {
        for _ in 0..STEPS {
            let mut request = stage::client().request(method, url.clone());
            let cookies = self.sent_to(&url);
            if !cookies.is_empty() {
                request = request.header("cookie", cookies);
            }
            if let Some(body) = form.take() {
                let origin = url.origin().ascii_serialization();
                request = request.header("origin", origin).body(body);
                request = request.header("content-type", "application/x-www-form-urlencoded");
            }
            let answer = request.send().await.expect("an answer");
            self.keep(&url, &answer);
            let status = answer.status();
            let Some(location) = answer.headers().get("location").filter(|_| status.is_redirection()) else {
                let text = answer.text().await.expect("a page");
                return Page { url, status: status.as_u16(), text };
            };
            url = url.join(location.to_str().expect("an address")).expect("an address");
            method = reqwest::Method::GET;
        }
        panic!("it leads on and on, now to {url}");
    }

    fn sent_to(&self, url: &Url) -> String {
        let host = url.host_str().unwrap_or_default();
        let fits = |((of, path, _), _): &(&(String, String, String), &String)| {
            of == host && url.path().starts_with(path.as_str())
        };
        let fitting = self.cookies.iter().filter(fits).map(|((_, _, name), value)| format!("{name}={value}"));
        fitting.collect::<Vec<_>>().join("; ")
    }

    fn keep(&mut self, url: &Url, answer: &reqwest::Response) {
        for line in answer.headers().get_all("set-cookie") {
            let line = line.to_str().expect("a cookie");
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').expect("a cookie");
            let attribute = |wanted: &str| {
                let all = attributes.split(';').filter_map(|a| a.trim().split_once('='));
                all.filter(|(key, _)| key.eq_ignore_ascii_case(wanted)).map(|(_, value)| value).next()
            };
            let path = attribute("path").unwrap_or("/");
            let key = (url.host_str().unwrap_or_default().to_owned(), path.to_owned(), name.to_owned());
            if attribute("max-age") == Some("0") || value.is_empty() {
                self.cookies.remove(&key);
            } else {
                self.cookies.insert(key, value.trim_matches('"').to_owned());
            }
        }
    }
}

/// A hub that knows launchwatch as a service, and launchwatch.
struct Stage {
    serve: Serve,
    hub: Server,
    _proxy: Server,
    _home: Home,
    _work: TempDir,
    _place: Place,
}

async fn start() -> Stage {
    let place = Place::take().await;
    let work = tempfile::tempdir().expect("a folder");
    let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let pages = format!("http://127.0.0.1:{port}/");
    let env = [("LIVE_PAGES_URL", pages.as_str()), ("LIVE_ADMINS", "root")];
    let env = Env::from(env.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let proxy = Server::start("proxy", work.path(), &env).await;
    let hub = Server::start("hub", work.path(), &proxy.env).await;
    let yaml = format!(
        r#"version: 1
service: {{ listen: "127.0.0.1:{port}", public_url: "{pages}", witnesses: [] }}
targets:
  - {{ name: hub, url: "{hub}", probes: [{{ type: http, name: page, every: 5s, deadline: 4s }}] }}
access:
  jupyterhub:
    url: {hub}
    client_id: service-pages
    client_secret: env:PAGES_TOKEN
    roles: {{ operator: [ada], admin: [admin] }}
"#,
        hub = hub.fact("url"),
    );
    let home = Home::new(&yaml, &[("PAGES_TOKEN", hub.env("LIVE_PAGES_TOKEN"))]);
    let serve = home.serve().await;
    Stage { serve, hub, _proxy: proxy, _home: home, _work: work, _place: place }
}

/// From our pages to the hub's own form, filled in, and back.
async fn sign_in(stage: &Stage, name: &str) -> (Browser, Page) {
    let mut browser = Browser::default();
    let form = browser.go(&format!("{}sign-in/jupyterhub?next=/silences", stage.serve.url)).await;
    assert!(form.url.path().ends_with("/hub/login"), "{}: {}", form.url, form.text);
    let action = form.text.split(r#"action=""#).nth(1).and_then(|rest| rest.split('"').next());
    let action = action.expect("a form").replace("&amp;", "&");
    let xsrf = form.text.split(r#"name="_xsrf" value=""#).nth(1).and_then(|rest| rest.split('"').next());
    let fields = [
        ("_xsrf", xsrf.unwrap_or_default()),
        ("username", name),
        ("password", stage.hub.env("LIVE_HUB_TOKEN")),
    ];
    let page = browser.send(form.url.join(&action).expect("an address"), &fields).await;
    (browser, page)
}

#[tokio::test]
async fn people_sign_in_with_their_account_of_the_hub() {
    let stage = start().await;
    let (mut ada, page) = sign_in(&stage, "ada").await;
    assert!(page.url.as_str().starts_with(&stage.serve.url), "{}: {}", page.url, page.text);
    assert_eq!(page.url.path(), "/silences", "back to where she wanted to go: {}", page.text);
    let page = ada.go(&format!("{}sign-in", stage.serve.url)).await;
    assert!(page.text.contains("<strong>ada</strong>, who may act as operator"), "{}", page.text);

    // She commands, in her own name whatever is written.
    let cookies = ada.sent_to(&page.url);
    let wish = json!({"by": "eve", "reason": "works", "targets": ["hub"], "for": "1h"});
    let command = async |site: &str| {
        let request = stage::client().post(format!("{}api/v1/silences", stage.serve.url));
        let request = request.header("cookie", &cookies).header("sec-fetch-site", site);
        request.body(wish.to_string()).send().await.expect("an answer")
    };
    assert_eq!(command("cross-site").await.status(), 403);
    let done = command("same-origin").await;
    assert_eq!(done.status(), 201);
    let silence: Value = serde_json::from_str(&done.text().await.expect("an answer")).expect("JSON");
    assert_eq!(silence["by"], "ada");
    let page = ada.go(&format!("{}audit", stage.serve.url)).await;
    assert_eq!(page.status, 403, "no admin: {}", page.text);

    // Somebody whom the hub knows, and we do not.
    let (mut mallory, page) = sign_in(&stage, "mallory").await;
    assert_eq!(page.status, 403);
    assert!(page.text.contains("You are mallory there, but you have no role here"), "{}", page.text);
    let page = mallory.go(&format!("{}audit", stage.serve.url)).await;
    assert_eq!(page.url.path(), "/sign-in", "still nobody");

    let (_, page) = sign_in(&stage, "root").await;
    assert_eq!(page.url.path(), "/silences", "an admin of the hub is one here: {}", page.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_signs_in_with_their_account_of_the_hub_in_a_browser() {
    let stage = start().await;
    let password = stage.hub.env("LIVE_HUB_TOKEN").to_owned();
    super::browser::tell("hub", &stage.serve.url, &[("HUB_PASSWORD", &password)]).await;
}

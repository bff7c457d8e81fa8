//! The door as a whole: asked over HTTP, without sockets.

mod forms;
mod oauth;
mod policy;
mod records;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use jiff::SignedDuration;
use launchwatch_probes::Net;
use secrecy::SecretString;
use tower::ServiceExt as _;

use super::{Keeper, Role, Token};
use crate::config::access::{Access, PasswordUser};
use crate::store::{ApiToken, AuditRow, Digest, Session};
use crate::web::{Sources, testing};

/// Of the password `demo`, with as little work as is allowed.
const DEMO: &str = "$argon2id$v=19$m=64,t=1,p=1$bGF1bmNod2F0Y2g$eOMYkJZ/elvuUdPih5CkkbEG/SF8mxxQ5gG2hyBb1ZQ";
/// The token of the machine.
const MACHINE: &str = "the-machine";

/// Everything behind the door.
struct House {
    sources: Sources,
    router: Router,
    clients: AtomicU32,
}

/// A way to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    Nobody,
    Session(Role),
    Token(Role),
    Machine,
    Agent,
    RevokedToken,
    ExpiredToken,
    ExpiredSession,
}

impl Caller {
    const ALL: [Self; 12] = [
        Self::Nobody,
        Self::Session(Role::Viewer),
        Self::Session(Role::Operator),
        Self::Session(Role::Admin),
        Self::Token(Role::Viewer),
        Self::Token(Role::Operator),
        Self::Token(Role::Admin),
        Self::Machine,
        Self::Agent,
        Self::RevokedToken,
        Self::ExpiredToken,
        Self::ExpiredSession,
    ];

    /// What they bring with them.
    fn secret(self) -> String {
        match self {
            Self::Machine => MACHINE.to_owned(),
            other => format!("{other:?}"),
        }
    }

    fn headers(self) -> Vec<(&'static str, String)> {
        match self {
            Self::Nobody => Vec::new(),
            Self::Session(_) | Self::ExpiredSession => {
                let cookie = self.secret().replace(['(', ')'], "-");
                vec![("cookie", format!("launchwatch={cookie}")), ("sec-fetch-site", "same-origin".into())]
            }
            _ => vec![("authorization", format!("Bearer {}", self.secret()))],
        }
    }
}

fn passwords() -> Access {
    let user = |name: &str, role| PasswordUser { name: name.into(), hash: DEMO.to_owned().into(), role };
    Access { passwords: vec![user("ada", Role::Admin), user("ben", Role::Viewer)], ..Access::default() }
}

impl House {
    async fn new(access: Access) -> Self {
        Self::with(access, None, testing::no_net()).await
    }

    async fn with(access: Access, public_url: Option<&str>, net: Arc<dyn Net>) -> Self {
        let url = public_url.map(|url| url.parse().unwrap());
        let mut sources = testing::sources();
        sources.base = url.as_ref().map_or("", |url: &url::Url| url.path().trim_end_matches('/')).into();
        sources.keeper = Arc::new(Keeper::new(&access, url.as_ref(), net));
        sources.agents = testing::agents();
        sources.token = Some(Token::new(&SecretString::from(MACHINE.to_owned())));
        let router = crate::web::router(sources.clone());
        let house = Self { sources, router, clients: AtomicU32::new(0) };
        house.fill().await;
        house
    }

    /// Lets everybody of [`Caller::ALL`] have what they bring.
    async fn fill(&self) {
        let (store, now) = (&self.sources.store, self.sources.clock.now());
        let hour = SignedDuration::from_hours(1);
        for caller in Caller::ALL {
            let secret = caller.secret();
            match caller {
                Caller::Session(role) => self.open(&secret.replace(['(', ')'], "-"), role, hour).await,
                Caller::ExpiredSession => self.open(&secret, Role::Admin, -hour).await,
                Caller::Token(role) => self.make(caller, role, Some(now + hour)).await,
                Caller::Agent => self.make(caller, Role::Admin, Some(now + hour)).await,
                Caller::ExpiredToken => self.make(caller, Role::Admin, Some(now - hour)).await,
                Caller::RevokedToken => {
                    self.make(caller, Role::Admin, None).await;
                    let id = format!("{caller:?}");
                    store.revoke_token(&id, row(now)).await.unwrap();
                }
                Caller::Nobody | Caller::Machine => {}
            }
        }
    }

    async fn open(&self, cookie: &str, role: Role, lasts: SignedDuration) {
        let created = self.sources.clock.now();
        let (person, provider) = ("eve".to_owned(), "password".to_owned());
        let (digest, expires) = (Digest::of(cookie), created + lasts);
        let session = Session { digest, person, role, provider, created, expires };
        self.sources.store.open_session(session).await.unwrap();
    }

    async fn make(&self, caller: Caller, role: Role, expires_at: Option<jiff::Timestamp>) {
        let now = self.sources.clock.now();
        let token = ApiToken {
            id: format!("{caller:?}"),
            name: "bot".into(),
            role,
            // Whatever role is written beside it.
            location: (caller == Caller::Agent).then(|| "frankfurt".to_owned()),
            created_by: "ada".into(),
            created_at: now,
            expires_at,
            last_used: None,
            revoked_at: None,
            revoked_by: None,
        };
        self.sources.store.make_token(token, Digest::of(&caller.secret()), row(now)).await.unwrap();
    }

    /// Lets somebody back in who has signed out.
    async fn again(&self, caller: Caller) {
        if let Caller::Session(role) = caller {
            self.open(&caller.secret().replace(['(', ')'], "-"), role, SignedDuration::from_hours(1)).await;
        }
    }

    /// Asks from an address that nobody asked from before.
    async fn ask(&self, method: Method, path: &str, headers: &[(&str, String)], body: &str) -> Answer {
        let number = self.clients.fetch_add(1, Ordering::Relaxed);
        let peer = SocketAddr::from((std::net::Ipv4Addr::from_bits(0x0a00_0000 + number), 9));
        self.ask_from(peer, (method, path), headers, body).await
    }

    async fn ask_from(
        &self,
        peer: SocketAddr,
        (method, path): (Method, &str),
        headers: &[(&str, String)],
        body: &str,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).extension(ConnectInfo(peer));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        Answer(self.router.clone().oneshot(request).await.unwrap())
    }

    /// What a form of somebody's session brings.
    async fn csrf(&self, caller: Caller) -> String {
        let page = self.ask(Method::GET, "/sign-in", &caller.headers(), "").await.text().await;
        let value = page.split(r#"name="csrf" value=""#).nth(1).and_then(|rest| rest.split('"').next());
        value.unwrap_or_default().to_owned()
    }
}

fn row(at: jiff::Timestamp) -> AuditRow {
    let [who, via, what, about, came_to] = ["ada", "session", "x", "y", "done"].map(str::to_owned);
    AuditRow { at, who, via, what, about, came_to }
}

/// What came back.
struct Answer(Response<Body>);

impl Answer {
    fn status(&self) -> StatusCode {
        self.0.status()
    }

    fn header(&self, name: header::HeaderName) -> &str {
        self.0.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn cookies(&self) -> Vec<&str> {
        self.0.headers().get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok()).collect()
    }

    /// Refused by the guard, whatever the handler would have said.
    fn is_refused(&self) -> bool {
        matches!(self.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) || self.leads_to_sign_in()
    }

    fn leads_to_sign_in(&self) -> bool {
        self.status() == StatusCode::SEE_OTHER && self.header(header::LOCATION).starts_with("/sign-in")
    }

    async fn text(self) -> String {
        let bytes = self.0.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }
}

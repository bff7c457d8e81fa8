//! Calls to providers of accounts, over the net, bounded in time and size.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, HeaderValue, USER_AGENT};
use launchwatch_probes::Net;
use launchwatch_probes::net::{NetError, NetFault};
use oauth2::basic::{BasicErrorResponse, BasicTokenType};
use oauth2::{AccessToken, ExtraTokenFields, HttpRequest, HttpResponse, StandardTokenResponse};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Refusal;

/// Longest wait for an answer, and most bytes of one.
const PATIENCE: Duration = Duration::from_secs(10);
const MOST: usize = 256 * 1024;
const AGENT: HeaderValue = HeaderValue::from_static(concat!("launchwatch/", env!("CARGO_PKG_VERSION")));

/// What the token endpoint of an OpenID Connect provider adds to its answer.
#[derive(Deserialize, Serialize)]
pub(super) struct IdToken {
    pub(super) id_token: Option<String>,
}

impl ExtraTokenFields for IdToken {}

impl std::fmt::Debug for IdToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdToken")
    }
}

/// The answer of a token endpoint.
pub(super) type Tokens = StandardTokenResponse<IdToken, BasicTokenType>;

/// A client of the kind that we need.
pub(super) type Client = oauth2::Client<
    BasicErrorResponse,
    Tokens,
    oauth2::basic::BasicTokenIntrospectionResponse,
    oauth2::StandardRevocableToken,
    oauth2::basic::BasicRevocationErrorResponse,
>;

/// One request and its answer, on the wire.
pub(super) async fn exchange(net: Arc<dyn Net>, request: HttpRequest) -> Result<HttpResponse, NetError> {
    let (mut head, body) = request.into_parts();
    head.headers.insert(USER_AGENT, AGENT);
    let request = http::Request::from_parts(head, Bytes::from(body));
    let all = async {
        let answer = net.send(request).await?;
        let (status, headers) = (answer.status, answer.headers.clone());
        let mut whole = http::Response::new(answer.read(MOST).await?.to_vec());
        (*whole.status_mut(), *whole.headers_mut()) = (status, headers);
        Ok(whole)
    };
    let late = |_| NetError::new(NetFault::Cut, format!("no answer within {PATIENCE:?}"));
    tokio::time::timeout(PATIENCE, all).await.map_err(late)?
}

/// The same as the door that the `oauth2` crate calls through.
pub(super) fn door(
    net: &Arc<dyn Net>,
) -> impl Fn(HttpRequest) -> std::pin::Pin<Box<dyn Future<Output = Result<HttpResponse, NetError>> + Send>> {
    let net = Arc::clone(net);
    move |request| Box::pin(exchange(Arc::clone(&net), request))
}

/// Reads JSON from an address, with a token where there is one.
pub(super) async fn read<T: DeserializeOwned>(
    net: &Arc<dyn Net>,
    url: &str,
    token: Option<&AccessToken>,
) -> Result<T, Refusal> {
    let mut request = http::Request::get(url).header(ACCEPT, "application/json");
    if let Some(token) = token {
        let bearer: SecretString = format!("Bearer {}", token.secret()).into();
        let mut value = HeaderValue::from_str(bearer.expose_secret()).map_err(Refusal::provider)?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    let request = request.body(Vec::new()).map_err(Refusal::provider)?;
    let answer = exchange(Arc::clone(net), request).await.map_err(Refusal::provider)?;
    if !answer.status().is_success() {
        return Err(Refusal::provider(format!("{url} answers {}", answer.status())));
    }
    serde_json::from_slice(answer.body()).map_err(|e| {
        Refusal::provider(format!("{url} answers what cannot be read, at column {}", e.column()))
    })
}

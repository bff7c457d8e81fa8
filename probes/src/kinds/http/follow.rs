//! Asks for a page and follows its redirects, in circles only once.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use url::Url;

use super::expect::Expect;
use crate::net::{Body, Request};
use crate::{Cx, Outcome, Reason, exchange};

/// What to ask for.
#[derive(Clone)]
pub(super) struct Page {
    pub(super) url: Url,
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    /// Headers for the first host alone.
    pub(super) secrets: HeaderMap,
    pub(super) body: Bytes,
}

/// The last answer of a chain of redirects.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
}

impl Page {
    /// Keeps the secrets out of the outcome, also without the word (`Bearer`, `token`) before them.
    pub(super) fn hide_secrets(&self, cx: &mut Cx) {
        for value in self.secrets.values().filter_map(|v| std::str::from_utf8(v.as_bytes()).ok()) {
            if let Some((_, bare)) = value.split_once(' ') {
                cx.hide(bare);
            }
            cx.hide(value);
        }
    }

    fn request(&self, cx: &Cx) -> Result<Request, http::Error> {
        let mut request = http::Request::builder()
            .method(self.method.clone())
            .uri(self.url.as_str())
            .body(self.body.clone())?;
        *request.headers_mut() = self.headers.clone();
        request.headers_mut().extend(self.secrets.clone());
        if !request.headers().contains_key(USER_AGENT) {
            request.headers_mut().insert(USER_AGENT, HeaderValue::try_from(cx.user_agent())?);
        }
        Ok(request)
    }

    /// The next page of a redirect, as browsers do: another host gets no credentials, and only 307 and 308 keep
    /// method and body.
    fn redirected(self, to: Url, status: StatusCode) -> Self {
        let mut next = Self { url: to, ..self.clone() };
        if next.url.origin() != self.url.origin() {
            next.secrets.clear();
            next.headers.remove(AUTHORIZATION);
            next.headers.remove(COOKIE);
        }
        let keeps = matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
        if !keeps && !matches!(self.method, Method::GET | Method::HEAD) {
            next.method = Method::GET;
            next.body = Bytes::new();
            next.headers.remove(CONTENT_TYPE);
            next.headers.remove(CONTENT_LENGTH);
        }
        next
    }
}

/// Asks, following at most `limit` redirects that are not themselves what is expected.
pub(super) async fn fetch(
    cx: &mut Cx,
    page: &Page,
    limit: u8,
    expect: &Expect,
) -> Result<Answer, Box<Outcome>> {
    let mut page = page.clone();
    let mut seen = vec![page.url.clone()];
    loop {
        let request = page.request(cx).map_err(|e| {
            Box::new(cx.unknown(Reason::Prober, format!("cannot make a request for {}: {e}", page.url)))
        })?;
        let sent = exchange::send(cx, request).await;
        let answer = sent.map_err(|e| Box::new(exchange::failed(cx, &e)))?;
        cx.line(&format!("{} {} → {}", page.method, page.url, answer.status));
        let target =
            redirect(answer.status, &answer.headers).filter(|_| limit > 0 && !expect.names(answer.status));
        let Some(location) = target else {
            return Ok(Answer { status: answer.status, headers: answer.headers, body: answer.body });
        };
        let circle = |cx: &mut Cx, what: String| Box::new(cx.failed(Reason::Redirects, what));
        let next = match page.url.join(location) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => url,
            _ => return Err(circle(cx, format!("{} redirects to {location:?}, which is no page", page.url))),
        };
        if seen.contains(&next) {
            return Err(circle(cx, format!("{} redirects back to {next}", page.url)));
        }
        if seen.len() > usize::from(limit) {
            return Err(circle(cx, format!("more than {limit} redirects, the last one to {next}")));
        }
        seen.push(next.clone());
        page = page.redirected(next, answer.status);
    }
}

fn redirect(status: StatusCode, headers: &HeaderMap) -> Option<&str> {
    let follows = matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308);
    headers.get(LOCATION).filter(|_| follows).and_then(|l| std::str::from_utf8(l.as_bytes()).ok())
}

//! The launch page, for the build token that a browser finds in it.

use std::time::Duration;

use http::Method;
use secrecy::SecretString;
use url::Url;

use crate::hub::{Answer, Door, Trouble, tidy};
use crate::{Cx, Reason};

/// Longest wait for the page.
const ANSWER: Duration = Duration::from_secs(30);
/// Redirects of the page that are followed, such as from http to https.
const HOPS: u32 = 2;

/// Fetches the page and the token in it. `None`: this BinderHub has no launch page (API-only mode).
pub(super) async fn build_token(
    cx: &mut Cx,
    door: &Door,
    page: &str,
) -> Result<Option<SecretString>, Trouble> {
    let mut at = page.to_owned();
    for _ in 0..=HOPS {
        let limit = cx.remaining().min(ANSWER);
        let answer = door.ask(Method::GET, &at, None, limit).await;
        let answer = answer.map_err(|e| Trouble::unanswered("the launch page", &e))?;
        match answer.location().filter(|_| (300..400).contains(&answer.status)) {
            Some(to) => at = next(&at, to)?,
            None => return read(cx, &answer),
        }
    }
    Err(Trouble::failed(Reason::Redirects, format!("the launch page redirects more than {HOPS} times")))
}

fn next(at: &str, location: &str) -> Result<String, Trouble> {
    if location.contains("oauth") || location.contains("/login") {
        let text = "this BinderHub wants a login: set `auth.api_token`";
        return Err(Trouble::unknown(Reason::ProbeAuth, text));
    }
    let next = Url::parse(at).ok().and_then(|base| base.join(location).ok());
    next.map(String::from).ok_or_else(|| {
        Trouble::failed(Reason::Redirects, "the launch page redirects to something that is no address")
    })
}

fn read(cx: &mut Cx, answer: &Answer) -> Result<Option<SecretString>, Trouble> {
    let text = answer.text();
    match answer.status {
        200..=299 => match find(&text) {
            Some(token) => {
                cx.hide(token);
                Ok(Some(SecretString::from(token.to_owned())))
            }
            None => {
                cx.fact("build_token", "the launch page holds none");
                Ok(None)
            }
        },
        404 => {
            cx.fact("build_token", "there is no launch page (API-only mode): launches are rate limited");
            Ok(None)
        }
        400 => {
            // The spec is not one; the stream says in words what is wrong with it.
            cx.fact("build_token", "the launch page does not accept the spec");
            Ok(None)
        }
        401 => {
            Err(Trouble::unknown(Reason::ProbeAuth, "the launch page wants a login: set `auth.api_token`"))
        }
        403 if text.contains("are not allowed") => {
            Err(Trouble::unknown(Reason::Banned, "this BinderHub does not admit requests from our network"))
        }
        429 => Err(Trouble::unknown(Reason::RateLimited, "the launch page was refused: too many requests")),
        status => {
            cx.line(&tidy(&text));
            Err(Trouble::failed(Reason::HttpStatus, format!("the launch page answered {status}")))
        }
    }
}

/// The value of `"buildToken": "…"`. The page is HTML around a JSON object that holds more than a parser wants.
fn find(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once("\"buildToken\"")?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let (token, _) = rest.split_once('"')?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (!token.is_empty() && token.len() < 4096 && token.chars().all(fits)).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn the_token_is_found_in_the_page() {
        let page =
            r#"<script>window.pageConfig = {"baseUrl": "/", "buildToken": "eyJ.a_b-c.d", "x": {}};</script>"#;
        assert_eq!(find(page), Some("eyJ.a_b-c.d"));
        for none in
            ["", "<html>", r#"{"buildToken": null}"#, r#"{"buildToken": ""}"#, r#""buildToken": "a b""#]
        {
            assert_eq!(find(none), None, "{none}");
        }
    }
}

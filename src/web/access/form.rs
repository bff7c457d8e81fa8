//! Forms of pages: a field that proves that a page of ours made the form, and the reader that asks for it.

use axum::Form;
use axum::body::{Body, Bytes};
use axum::extract::rejection::{BytesRejection, FormRejection};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use maud::{Markup, html};
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::{Via, Who};
use crate::web::Sources;
use crate::web::shell::Page;

/// The name of the field.
const FIELD: &str = "csrf";

/// The hidden field that every form with `method=post` has.
pub(in crate::web) fn csrf(who: &Who) -> Markup {
    html! { @if let Some(csrf) = &who.csrf { input type="hidden" name=(FIELD) value=(csrf.text()); } }
}

/// What a form says, once it is known that a page of ours made it. Fields that `T` does not know are ignored, the one of
/// [`csrf`] is gone.
pub(in crate::web) struct Said<T>(pub(in crate::web) T);

impl<T: DeserializeOwned> FromRequest<Sources> for Said<T> {
    type Rejection = Response;

    async fn from_request(request: Request, sources: &Sources) -> Result<Self, Response> {
        let who = request.extensions().get::<Who>().cloned().unwrap_or(Who::nobody());
        let refused = |status, what: &str, hint: &str| refusal(sources, &who, status, what, hint);
        let bytes = match Bytes::from_request(request, sources).await {
            Ok(bytes) => bytes,
            Err(BytesRejection::FailedToBufferBody(e)) if e.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                let hint = "Say it in fewer words.";
                return Err(refused(StatusCode::PAYLOAD_TOO_LARGE, "That is too much text", hint));
            }
            Err(_) => {
                let hint = "The form did not arrive whole. Send it again.";
                return Err(refused(StatusCode::BAD_REQUEST, "The form cannot be read", hint));
            }
        };
        let (brought, rest) = without_field(&bytes);
        if who.via == Via::Session && !who.csrf.as_ref().is_some_and(|ours| ours.is(&brought)) {
            let hint = "You signed in or out since it was shown, or it is not from here. \
                        Go back, load the page again and send it once more. Nothing was changed.";
            return Err(refused(StatusCode::FORBIDDEN, "This form is no longer good", hint));
        }
        match read(rest).await {
            Ok(Form(said)) => Ok(Self(said)),
            Err(error) => {
                let why = launchwatch_alerts::text::one_line(&error.body_text(), 200);
                let hint = format!("{why}. Go back and fill it in once more. Nothing was changed.");
                Err(refused(StatusCode::UNPROCESSABLE_ENTITY, "The form cannot be read", &hint))
            }
        }
    }
}

/// The value of our field, and the form without it.
fn without_field(bytes: &[u8]) -> (String, String) {
    let mut brought = String::new();
    let mut rest = form_urlencoded::Serializer::new(String::new());
    for (key, value) in form_urlencoded::parse(bytes) {
        if key == FIELD {
            brought = value.into_owned();
        } else {
            rest.append_pair(&key, &value);
        }
    }
    (brought, rest.finish())
}

async fn read<T: DeserializeOwned>(form: String) -> Result<Form<T>, FormRejection> {
    let mut request = Request::new(Body::from(form));
    *request.method_mut() = Method::POST;
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(header::CONTENT_TYPE, kind);
    Form::from_request(request, &()).await
}

/// A page that says no.
pub(in crate::web) fn refusal(
    sources: &Sources,
    who: &Who,
    status: StatusCode,
    what: &str,
    hint: &str,
) -> Response {
    let body = html! { p { (hint) } p { a href=(sources.to("/")) { "To the status page" } } };
    sources.page_with(status, Page { title: what, here: "", who, fresh: html! {}, body, live: false })
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use serde::Deserialize;

    use super::super::Role;
    use super::super::who::Csrf;
    use super::*;
    use crate::web::testing;

    #[derive(Debug, Deserialize, PartialEq, Eq)]
    #[serde(deny_unknown_fields)]
    struct Remark {
        text: String,
    }

    async fn said(who: Who, body: &str) -> Result<Remark, StatusCode> {
        let mut request = Request::new(Body::from(body.to_owned()));
        request.extensions_mut().insert(who);
        let said = Said::from_request(request, &testing::sources()).await;
        said.map(|Said(remark)| remark).map_err(|response| response.status())
    }

    fn ada() -> Who {
        Who {
            name: "ada".into(),
            role: Some(Role::Operator),
            via: Via::Session,
            location: None,
            csrf: Some(Csrf::new("a+b/c")),
        }
    }

    #[tokio::test]
    async fn a_form_of_a_session_brings_the_sessions_own_value() {
        let good = || Remark { text: "a & b".into() };
        for (body, expected) in [
            ("csrf=a%2Bb%2Fc&text=a+%26+b", Ok(good())),
            ("text=a+%26+b&csrf=a%2Bb%2Fc", Ok(good())),
            ("text=a+%26+b", Err(StatusCode::FORBIDDEN)),
            ("text=a+%26+b&csrf=", Err(StatusCode::FORBIDDEN)),
            ("text=a+%26+b&csrf=a%2Bb%2Fd", Err(StatusCode::FORBIDDEN)),
            ("csrf=a%2Bb%2Fc", Err(StatusCode::UNPROCESSABLE_ENTITY)),
        ] {
            assert_eq!(said(ada(), body).await, expected, "{body}");
        }
    }

    #[tokio::test]
    async fn who_has_no_session_cannot_be_made_to_use_it() {
        assert!(said(Who::nobody(), "text=x").await.is_ok());
        assert!(said(Who::bearer("bot", Role::Operator, Via::Token), "text=x").await.is_ok());
    }

    #[test]
    fn the_value_stands_in_the_field_and_nowhere_else() {
        let field = csrf(&ada()).into_string();
        assert_eq!(field, r#"<input type="hidden" name="csrf" value="a+b/c">"#);
        assert_eq!(csrf(&Who::nobody()).into_string(), "");
        assert!(!format!("{:?}", ada()).contains("a+b/c"));
    }
}

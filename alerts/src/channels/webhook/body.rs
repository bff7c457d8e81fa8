//! A body of the operator's own: a template whose outcome is sent as it is.

use http::header::HeaderValue;

use crate::text::Tried;
use crate::{Notification, Refused};

/// A body that has been tried with every kind of notification.
pub(super) struct OwnBody {
    template: Tried,
    json: bool,
    pub(super) content_type: HeaderValue,
}

impl OwnBody {
    pub(super) fn read(source: String, content_type: Option<&str>) -> Result<Self, Refused> {
        let content_type = content_type.unwrap_or("application/json");
        let json = content_type.to_ascii_lowercase().contains("json");
        let content_type = HeaderValue::from_str(content_type)
            .map_err(|_| Refused::new("content_type", "not a valid type", "such as text/plain"))?;
        let refused = |why: String| {
            let hint = if why.contains("JSON") {
                "write values as `{{ title|tojson }}`, without quotes"
            } else {
                ""
            };
            Refused::new("body", why, hint)
        };
        let template = Tried::parse(source).map_err(refused)?;
        template.check(|text| judge(text, json)).map_err(refused)?;
        Ok(Self { template, json, content_type })
    }

    /// The body for one notification.
    pub(super) fn write(&self, n: &Notification) -> Result<Vec<u8>, String> {
        let text = self.template.render(n)?;
        judge(&text, self.json)?;
        Ok(text.into_bytes())
    }
}

fn judge(text: &str, json: bool) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("it makes nothing".into());
    }
    if json && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        // The library's words name what it found, which is foreign text.
        return Err(format!("what it makes is not JSON (line {})", error.line()));
    }
    Ok(())
}

//! Microsoft Teams: by a webhook of the Workflows app; every notification is an Adaptive Card of its own.
//!
//! A workflow takes a card and answers nothing of use, so there are no threads and no updates in place. A picture
//! would have to be in the card, which may have 28 KB; the last hours are told in words.

mod card;

use http::Method;
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use crate::channel::{Kind, hinted, judged};
use crate::{Channel, MessageRef, Next, Notification, Receipt, Refused, Reply, Spec, request};

pub(super) const KIND: Kind = Kind::of::<TeamsSpec>(
    "teams",
    "Microsoft Teams: cards, by a webhook of the Workflows app",
    "webhook_url: https://example.westeurope.logic.azure.com/workflows/0a1b/triggers/manual/paths/invoke?api-version=2016-06-01&sig=example-signature\n",
);

/// Settings of a Teams channel or chat.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TeamsSpec {
    /// Address of the workflow "Post to a channel (or chat) when a webhook request is received".
    #[schemars(with = "String", extend("format" = "secret"))]
    webhook_url: SecretString,
}

struct Teams {
    url: SecretString,
    /// The signature in the address, where there is one.
    signature: Option<SecretString>,
}

impl Spec for TeamsSpec {
    type Channel = Teams;

    fn build(self) -> Result<Teams, Vec<Refused>> {
        request::checked_url("webhook_url", &self.webhook_url).map_err(|r| vec![r])?;
        let signature = Url::parse(self.webhook_url.expose_secret())
            .ok()
            .and_then(|u| u.query_pairs().find(|(n, _)| n == "sig").map(|(_, v)| v.into_owned().into()));
        Ok(Teams { url: self.webhook_url, signature })
    }
}

impl Channel for Teams {
    fn compose(&self, n: &Notification, replies: &[Reply], _: Option<&MessageRef>) -> Next {
        match replies.last() {
            None => {
                request::json(Method::POST, self.url.expose_secret(), vec![request::JSON], &card::message(n))
            }
            Some(reply) => Next::Done(read(reply)),
        }
    }

    fn secrets(&self) -> Vec<&SecretString> {
        std::iter::once(&self.url).chain(&self.signature).collect()
    }
}

/// A workflow says 202 and posts the card by itself. The connectors before it (and gateways that imitate them) say
/// 200 and put the error of the real endpoint into the text.
fn read(reply: &Reply) -> Receipt {
    let Reply::Http { status, headers, body } = reply else {
        return request::wrong_reply();
    };
    let said = String::from_utf8_lossy(body);
    let code = said.split_once("returned HTTP error ").and_then(|(_, rest)| rest.get(..3)?.parse().ok());
    let status = code.filter(|_| (200..300).contains(status)).unwrap_or(*status);
    let hint = match status {
        401 | 403 => "the signature in the address is not valid: copy the address from the workflow again",
        404 | 410 => "the workflow was deleted or switched off, or its owner left: make a new one",
        413 => "the card is too large",
        _ => "",
    };
    hinted(judged(status, headers, &said, None), hint)
}

#[cfg(test)]
mod tests;

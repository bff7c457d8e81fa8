//! Judges the section `exports`.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::names::Names;
use super::{Desk, schema_of};
use crate::config::file::ExportKeys;
use crate::config::path::Path;
use crate::config::settled::{Export, ExportKind};
use crate::config::tree::Node;
use crate::config::typed::Item;

/// How often something may be sent.
const EVERY: std::ops::RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_secs(3_600);
/// Labels that the series have anyway.
const OURS: [&str; 7] = ["target", "probe", "location", "verdict", "reason", "stage", "le"];
/// Headers that the protocols set.
const THEIRS: [&str; 4] = ["content-type", "content-encoding", "content-length", "host"];

/// The stores of time series that get what was counted.
pub(super) fn settle(nodes: &[&Node], desk: &mut Desk<'_, '_>) -> Vec<Export> {
    let mut names = Names::default();
    let elements = desk.elements("exports", nodes);
    elements.iter().filter_map(|(path, node)| export(node, path, &mut names, desk)).collect()
}

fn export(node: &Node, path: &Path, names: &mut Names, desk: &mut Desk<'_, '_>) -> Option<Export> {
    if !desk.is_mapping(node, path, "an export has a `type` and a `url`") {
        return None;
    }
    let mut item = desk.item(node, path.clone(), &[&schema_of::<ExportKeys>()]);
    let keys = item.read::<ExportKeys>(desk.report)?;
    let name = keys.name.clone().unwrap_or_else(|| keys.kind.as_str().to_owned());
    let key = if keys.name.is_some() { "name" } else { "type" };
    let place = item.place(&Path::default().key(key));
    desk.check_name(&name, place, &path.key(key));
    names.take(desk, &name, place, &path.key(key));
    let url = desk.url(&keys.url, item.place(&Path::default().key("url")), &path.key("url"));
    let every = keys.every.map_or(Duration::from_secs(60), |span| span.0);
    if !EVERY.contains(&every) {
        desk.refuse(&item, &Path::default().key("every"), "it is not between 10s and 1h", "such as `60s`");
    }
    let deltas = keys.deltas.unwrap_or(false);
    if deltas && keys.kind != ExportKind::Otlp {
        let what = "remote-write knows no deltas";
        desk.refuse(&item, &Path::default().key("deltas"), what, "leave it out, or take `type: otlp`");
    }
    let mut judge = Judge { desk, item: &item };
    let labels = judge.labels(keys.labels.unwrap_or_default());
    let mut headers = judge.login(keys.username, keys.password, keys.bearer);
    for (name, value) in keys.headers.unwrap_or_default() {
        judge.header("headers", &name, &value, &mut headers);
    }
    for (name, value) in keys.secret_headers.unwrap_or_default() {
        judge.header("secret_headers", &name, value.expose_secret(), &mut headers);
    }
    Some(Export { name, kind: keys.kind, url: url?, every, labels, headers, deltas })
}

struct Judge<'j, 'a, 's> {
    desk: &'j mut Desk<'a, 's>,
    item: &'j Item<'j>,
}

impl Judge<'_, '_, '_> {
    fn refuse(&mut self, path: &Path, what: &str, hint: &str) {
        self.desk.refuse(self.item, path, what, hint);
    }

    fn labels(&mut self, written: BTreeMap<String, String>) -> BTreeMap<String, String> {
        for name in written.keys() {
            let path = Path::default().key("labels").key(name);
            let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(letters)
            {
                self.refuse(&path, "this cannot be the name of a label", "use letters, digits and `_`");
            } else if OURS.contains(&name.as_str()) || name.starts_with("__") {
                self.refuse(&path, "every series has this label already", "give it another name");
            }
        }
        written
    }

    fn login(
        &mut self,
        username: Option<String>,
        password: Option<SecretString>,
        bearer: Option<SecretString>,
    ) -> HeaderMap {
        let value = match (username, password, bearer) {
            (None, None, None) => return HeaderMap::new(),
            (Some(user), Some(password), None) => {
                format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.expose_secret())))
            }
            (None, None, Some(token)) => format!("Bearer {}", token.expose_secret()),
            (_, _, Some(_)) => {
                self.refuse(&Path::default().key("bearer"), "either a token or a user, not both", "keep one");
                return HeaderMap::new();
            }
            (user, _, None) => {
                let (key, hint) = match user {
                    Some(_) => ("username", "add `password: env:NAME`"),
                    None => ("password", "add `username`"),
                };
                self.refuse(&Path::default().key(key), "user and password go together", hint);
                return HeaderMap::new();
            }
        };
        match HeaderValue::from_str(&value) {
            Ok(mut value) => {
                value.set_sensitive(true);
                [(AUTHORIZATION, value)].into_iter().collect()
            }
            Err(_) => {
                self.refuse(&Path::default(), "the user, password or token holds what no header can", "");
                HeaderMap::new()
            }
        }
    }

    fn header(&mut self, key: &str, name: &str, value: &str, into: &mut HeaderMap) {
        let path = Path::default().key(key).key(name);
        let made = HeaderName::try_from(name).ok().zip(HeaderValue::from_str(value).ok());
        match made {
            Some((name, _)) if THEIRS.contains(&name.as_str()) || into.contains_key(&name) => {
                self.refuse(&path, "this header is set already", "leave it out");
            }
            Some((name, mut value)) => {
                value.set_sensitive(true);
                into.insert(name, value);
            }
            None => self.refuse(&path, "not a valid HTTP header", ""),
        }
    }
}

//! Judges the section `service`.

use std::path::PathBuf;
use std::time::Duration;

use launchwatch_alerts::diagnosis::CAUSES;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{Desk, schema_of, usual_service};
use crate::config::duration::{Span, show};
use crate::config::file::{DeadManKeys, LimitKeys, RetentionKeys, ServiceKeys};
use crate::config::path::Path;
use crate::config::settled::{DeadMan, Limits, Service};
use crate::config::tree::Node;
use crate::config::typed::Item;
use crate::config::words;
use crate::runbooks::Runbooks;
use crate::store::{PgStore, Retention, SealKey};

/// The shortest time anything is kept: the status pages show the last hour from it.
const SHORTEST: Duration = Duration::from_secs(3_600);
/// The shortest lease of who leads.
const SHORTEST_LEASE: Duration = Duration::from_secs(2);
/// How often somebody outside is told that we live: usually, and at most.
const DEAD_MAN: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(10));

/// The service of the one file that has the section.
pub(super) fn settle(nodes: &[&Node], desk: &mut Desk<'_, '_>) -> Service {
    let mut service = usual_service(desk.vault);
    let hint = "such as `service: { listen: 0.0.0.0:8480 }`";
    let Some(node) = desk.only("service", nodes, hint) else { return service };
    let path = Path::default().key("service");
    let mut item = desk.item(node, path, &[&schema_of::<ServiceKeys>()]);
    if let Some(keys) = item.read::<ServiceKeys>(desk.report) {
        Judge { desk, item: &item }.settle(keys, &mut service);
    }
    service
}

struct Judge<'j, 'a, 's> {
    desk: &'j mut Desk<'a, 's>,
    item: &'j Item<'j>,
}

impl Judge<'_, '_, '_> {
    fn settle(&mut self, keys: ServiceKeys, service: &mut Service) {
        if let Some(listen) = keys.listen {
            match listen.parse() {
                Ok(address) => service.listen = address,
                Err(_) => self.refuse(
                    &["listen"],
                    format!("`{listen}` is not an address and a port"),
                    address(&listen),
                ),
            }
        }
        if let Some(state) = keys.state {
            service.state = self.desk.vault.base.join(state);
        }
        service.store = keys.store.and_then(|address| self.store(address));
        service.seal = keys.seal.and_then(|text| self.seal(&text));
        if let Some(location) = keys.location {
            let (place, path) = self.at(&["location"]);
            self.desk.check_name(&location, place, &path);
            service.location = location.into();
        }
        if let Some(url) = keys.public_url {
            let (place, path) = self.at(&["public_url"]);
            service.public_url = self.desk.url(&url, place, &path);
        }
        service.ca_file = keys.ca_file.and_then(|file| self.ca_file(&file));
        service.runbooks = keys.runbooks.and_then(|folder| self.runbooks(&folder));
        if let Some(Span(grace)) = keys.grace {
            service.grace = grace;
        }
        if let Some(Span(lease)) = keys.lease {
            if lease < SHORTEST_LEASE {
                let what = format!("{} is less than 2s", show(lease));
                self.refuse(&["lease"], what, "a slow moment would change the leader: `15s` is usual");
            }
            service.lease = lease;
        }
        self.retention(keys.retention.unwrap_or_default(), &mut service.retention);
        self.limits(&keys.limits.unwrap_or_default(), &mut service.limits);
        if let Some(witnesses) = keys.witnesses {
            service.witnesses = self.witnesses(&witnesses);
        }
        service.dead_man = keys.dead_man.map(|keys| self.dead_man(keys));
    }

    /// The address of the database. What is wrong with it is told without what it is.
    fn store(&mut self, address: SecretString) -> Option<SecretString> {
        match PgStore::check_address(&address) {
            Ok(()) => Some(address),
            Err(e) => {
                let hint = "in the environment variable or file that this names, such as `postgres://launchwatch:…@db/launchwatch`";
                self.refuse(&["store"], e.to_string(), hint);
                None
            }
        }
    }

    fn seal(&mut self, text: &SecretString) -> Option<SealKey> {
        let key = SealKey::of(text);
        if key.is_none() {
            let what = "too short to seal anything with".to_owned();
            self.refuse(&["seal"], what, "64 hexadecimal digits: `openssl rand -hex 32`");
        }
        key
    }

    fn witnesses(&mut self, written: &[String]) -> Vec<Url> {
        let mut witnesses = Vec::new();
        for (at, text) in written.iter().enumerate() {
            let inner = Path::default().key("witnesses").index(at);
            witnesses.extend(self.desk.url(text, self.item.place(&inner), &self.item.path.join(&inner)));
        }
        if let [_] = written {
            let what = "one witness alone decides whether it is us who are cut off";
            let hint = "name two or three of different operators, or `[]` for none";
            self.desk.doubt(self.item, &Path::default().key("witnesses"), what, hint);
        }
        witnesses
    }

    fn dead_man(&mut self, keys: DeadManKeys) -> DeadMan {
        // What is wrong with it is told without what it is.
        let usable =
            Url::parse(keys.url.expose_secret()).is_ok_and(|u| matches!(u.scheme(), "http" | "https"));
        if !usable {
            self.refuse(
                &["dead_man", "url"],
                "not an address that can be called".into(),
                "such as `https://hc-ping.com/…`",
            );
        }
        let every = keys.every.map_or(DEAD_MAN.0, |Span(every)| every);
        if every < DEAD_MAN.1 {
            let what = format!("{} is less than 10s", show(every));
            self.refuse(&["dead_man", "every"], what, "a minute is soon enough: `60s`");
        }
        self.desk.bounded(self.item, &Path::default().key("dead_man").key("every"), every);
        DeadMan { url: keys.url, every }
    }

    fn ca_file(&mut self, file: &str) -> Option<PathBuf> {
        let path = self.desk.vault.base.join(file);
        match std::fs::read_to_string(&path) {
            Ok(text) if text.contains("-----BEGIN CERTIFICATE-----") => return Some(path),
            Ok(_) => {
                let what = format!("the file `{}` has no certificate in it", path.display());
                self.refuse(&["ca_file"], what, "it must be PEM: `-----BEGIN CERTIFICATE-----`");
            }
            Err(e) => {
                self.refuse(&["ca_file"], format!("the file `{}` cannot be read: {e}", path.display()), "")
            }
        }
        None
    }

    fn runbooks(&mut self, folder: &str) -> Option<PathBuf> {
        let path = self.desk.vault.base.join(folder);
        match Runbooks::read(&path) {
            Ok(own) => {
                let known: Vec<&str> = CAUSES.iter().map(|c| c.label).collect();
                for label in own.strangers() {
                    let what = format!("no cause is called `{label}`, so nobody is led to `{label}.md`");
                    let hint = words::did_you_mean(label, &known);
                    self.desk.doubt(self.item, &Path::default().key("runbooks"), what, hint);
                }
                Some(path)
            }
            Err(e) => {
                self.refuse(
                    &["runbooks"],
                    format!("the folder `{}` cannot be read: {e}", path.display()),
                    "",
                );
                None
            }
        }
    }

    fn retention(&mut self, keys: RetentionKeys, retention: &mut Retention) {
        for (name, written, kept) in [
            ("runs", keys.runs, &mut retention.runs),
            ("minutes", keys.minutes, &mut retention.minutes),
            ("hours", keys.hours, &mut retention.hours),
            ("days", keys.days, &mut retention.days),
        ] {
            let Some(Span(span)) = written else { continue };
            if span < SHORTEST {
                self.refuse(
                    &["retention", name],
                    "nothing is kept for less than an hour".into(),
                    "write `1h` or more",
                );
            }
            *kept = span;
        }
    }

    fn limits(&mut self, keys: &LimitKeys, limits: &mut Limits) {
        for (name, written, limit) in [
            ("launches", keys.launches, &mut limits.launches),
            ("launches_per_target", keys.launches_per_target, &mut limits.launches_per_target),
            ("runs", keys.runs, &mut limits.runs),
        ] {
            let Some(count) = written else { continue };
            if count == 0 {
                self.refuse(&["limits", name], "with 0, nothing would ever run".into(), "write 1 or more");
            }
            *limit = usize::try_from(count).unwrap_or(usize::MAX);
        }
    }

    fn refuse(&mut self, keys: &[&str], what: String, hint: &str) {
        let (place, path) = self.at(keys);
        self.desk.report.error(place, path, what, hint);
    }

    fn at(&self, keys: &[&str]) -> (crate::config::tree::Place, Path) {
        let inner = keys.iter().fold(Path::default(), |path, key| path.key(key));
        (self.item.place(&inner), self.item.path.join(&inner))
    }
}

fn address(written: &str) -> &'static str {
    if written.starts_with("localhost") {
        "write the number: `127.0.0.1:8480`"
    } else if written.starts_with(':') {
        "to listen on every address write `0.0.0.0:8480`, or `[::]:8480` for IPv6 as well"
    } else {
        "such as `127.0.0.1:8480`"
    }
}

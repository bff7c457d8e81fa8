//! Judges the section `pages`.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use url::Url;

use super::{Desk, schema_of};
use crate::config::file::{GroupKeys, LinkKeys, PagesKeys};
use crate::config::pages::{Group, Link, Logo, Pages};
use crate::config::path::Path;
use crate::config::settled::Target;
use crate::config::tree::Node;
use crate::config::typed::Item;
use crate::config::words;

/// More would not be a head of a page any more.
const LONGEST_NAME: usize = 80;
/// A logo is sent with every first visit.
const LARGEST_LOGO: usize = 64 * 1024;

/// How the pages look.
pub(super) fn settle(nodes: &[&Node], targets: &[Target], desk: &mut Desk<'_, '_>) -> Pages {
    let hint = "such as `pages: { title: Our hubs }`";
    let Some(node) = desk.only("pages", nodes, hint) else { return Pages::default() };
    let mut item = desk.item(node, Path::default().key("pages"), &[&schema_of::<PagesKeys>()]);
    let Some(keys) = item.read::<PagesKeys>(desk.report) else { return Pages::default() };
    let known: BTreeSet<&str> = targets.iter().map(|t| t.name.as_str()).collect();
    let named: BTreeSet<String> = desk.named.iter().map(|n| n.id.target().to_owned()).collect();
    let known = named.iter().map(String::as_str).chain(known).collect();
    Judge { desk, item: &item, known }.settle(keys)
}

struct Judge<'j, 'a, 's> {
    desk: &'j mut Desk<'a, 's>,
    item: &'j Item<'j>,
    /// Names of targets.
    known: BTreeSet<&'j str>,
}

impl Judge<'_, '_, '_> {
    fn settle(&mut self, keys: PagesKeys) -> Pages {
        let base = Path::default();
        let title = keys.title.and_then(|title| self.name(title, &base.key("title")));
        let logo = keys.logo.and_then(|file| self.logo(&file));
        let groups = self.groups(keys.groups.unwrap_or_default());
        let time_zone = self.desk.zone(self.item, &base.key("time_zone"), keys.time_zone.as_deref());
        let links = self.links(keys.links.unwrap_or_default());
        let hide = keys.hide.unwrap_or_default();
        for (at, name) in hide.iter().enumerate() {
            self.target(name, &base.key("hide").index(at));
        }
        let standard = Pages::default();
        Pages {
            title: title.unwrap_or(standard.title),
            logo,
            groups,
            time_zone: if time_zone.iana_name() == Some("UTC") { TimeZone::UTC } else { time_zone },
            links,
            hide: hide.into_iter().collect(),
        }
    }

    fn groups(&mut self, written: Vec<GroupKeys>) -> Vec<Group> {
        let mut seen = BTreeSet::new();
        let mut groups = Vec::new();
        for (at, group) in written.into_iter().enumerate() {
            let path = Path::default().key("groups").index(at);
            for (at, name) in group.targets.iter().enumerate() {
                let path = path.key("targets").index(at);
                self.target(name, &path);
                if !seen.insert(name.clone()) {
                    self.desk.refuse(
                        self.item,
                        &path,
                        format!("`{name}` is in a group already"),
                        "keep it in one",
                    );
                }
            }
            if let Some(name) = self.name(group.name, &path.key("name")) {
                groups.push(Group { name, targets: group.targets });
            }
        }
        groups
    }

    fn links(&mut self, written: Vec<LinkKeys>) -> Vec<Link> {
        let mut links = Vec::new();
        for (at, link) in written.into_iter().enumerate() {
            let path = Path::default().key("links").index(at);
            let title = self.name(link.title, &path.key("title"));
            let url = Url::parse(&link.url).ok();
            let url = url.filter(|url| matches!(url.scheme(), "http" | "https" | "mailto"));
            if url.is_none() {
                let hint = "such as `https://example.org/help` or `mailto:help@example.org`";
                self.desk.refuse(self.item, &path.key("url"), "this is not an address to link to", hint);
            }
            links.extend(title.zip(url).map(|(title, url)| Link { title, url }));
        }
        links
    }

    /// Something short to be shown.
    fn name(&mut self, name: String, path: &Path) -> Option<String> {
        let short = name.trim();
        if short.is_empty() || short.chars().count() > LONGEST_NAME || short.chars().any(char::is_control) {
            let hint = format!("write one line of at most {LONGEST_NAME} letters");
            self.desk.refuse(self.item, path, "this cannot be shown as a name", hint);
            return None;
        }
        Some(short.to_owned())
    }

    fn target(&mut self, name: &str, path: &Path) {
        if self.known.contains(name) || self.desk.nameless {
            return;
        }
        let known: Vec<&str> = self.known.iter().copied().collect();
        let hint = words::did_you_mean(name, &known);
        self.desk.refuse(self.item, path, format!("there is no target `{name}`"), hint);
    }

    fn logo(&mut self, file: &str) -> Option<Logo> {
        let path = self.desk.vault.base.join(file);
        let at = Path::default().key("logo");
        let shown = path.display();
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) => {
                self.desk.refuse(self.item, &at, format!("the file `{shown}` cannot be read: {e}"), "");
                return None;
            }
        };
        if bytes.len() > LARGEST_LOGO {
            let what = format!("the file `{shown}` has {} bytes", bytes.len());
            self.desk.refuse(self.item, &at, what, format!("at most {LARGEST_LOGO}: make it smaller"));
            return None;
        }
        let svg = std::str::from_utf8(&bytes).is_ok_and(|text| text.contains("<svg"));
        if !svg && !bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            self.desk.refuse(self.item, &at, format!("the file `{shown}` is neither SVG nor PNG"), "");
            return None;
        }
        Some(Logo { bytes: bytes.into(), svg })
    }
}

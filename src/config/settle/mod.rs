//! The only place that judges: what is written becomes what is believed.

mod access;
mod agents;
mod channels;
mod circle;
mod desk;
mod exports;
mod locations;
mod maintenance;
mod names;
mod pages;
mod people;
mod probes;
mod routes;
mod rules;
mod schedule;
mod service;
mod subscriptions;
mod targets;

use std::collections::BTreeSet;

use launchwatch_alerts::Policy;
use schemars::{JsonSchema, schema_for};
use serde_json::Value;

use super::report::Report;
use super::secret::Vault;
use super::settled::{Config, Service};
use super::source::Source;
use super::tree::{Content, Node, Place};
use super::{Registries, words, yaml};

use desk::{Desk, Named};
pub(super) use rules::MANUAL as BUILT_IN_RULES;

/// The sections of a file.
pub(super) const SECTIONS: &[&str] = &[
    "version",
    "service",
    "access",
    "agents",
    "targets",
    "channels",
    "rules",
    "people",
    "teams",
    "routes",
    "reminders",
    "maintenance",
    "subscriptions",
    "pages",
    "exports",
];

/// A file that could be read as YAML.
struct Sheet {
    index: usize,
    root: Node,
}

/// Judges the files; from `rules_from` on, they count for their rules alone, and the others for all else. `None` if there is nothing to go by; whether the answer may be used, the report knows.
pub(super) fn settle(
    sources: &[Source],
    rules_from: Option<usize>,
    registries: Registries,
    vault: Vault<'_>,
    report: &mut Report<'_>,
) -> Option<Config> {
    let mut sheets = read(sources, report);
    if let Some(from) = rules_from {
        other_rules(&mut sheets, from, report);
    }
    let ears = Some(Vec::new());
    let (named, keys) = (Vec::new(), BTreeSet::new());
    let mut desk = Desk { registries, vault, report, named, nameless: false, ears, keys, elsewhere: false };
    if sheets.len() < sources.len() || sources.is_empty() {
        // A file that cannot be read may hold what others refer to: judge each section for itself, but not the whole.
        sections(&sheets, &mut desk);
        return None;
    }
    version(&sheets, &mut desk);
    let mut config = sections(&sheets, &mut desk);
    rules::settle(&sheets_section(&sheets, "rules"), &mut config, &mut desk);
    policy(&sheets, &mut config, &mut desk);
    let subscriptions = sheets_section(&sheets, "subscriptions");
    config.subscriptions = subscriptions::settle(&subscriptions, &config, &mut desk);
    whole(&config, &sheets, &mut desk);
    Some(config)
}

fn read(sources: &[Source], report: &mut Report<'_>) -> Vec<Sheet> {
    let mut sheets = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        match yaml::read(index, &source.text) {
            Err(unreadable) => report.error(unreadable.place, "", unreadable.what, unreadable.hint),
            Ok((None, _)) => {
                let place = Place { file: index, ..Place::default() };
                report.error(
                    place,
                    "",
                    "nothing is written here",
                    "`launchwatch init URL` writes a file to start from",
                );
            }
            Ok((Some(root), twice)) => {
                for yaml::Twice { first, second } in twice {
                    let what = format!(
                        "the key `{}` is written twice, first at {}",
                        second.name,
                        report.name(first)
                    );
                    report.error(second.place, "", what, "keep one of them");
                }
                match root.entries() {
                    Some(_) => sheets.push(Sheet { index, root }),
                    None => {
                        report.error(root.place, "", "the file must be a mapping", "begin with `version: 1`")
                    }
                }
            }
        }
    }
    sheets
}

/// Takes the rules from these files on, everything else from those before.
fn other_rules(sheets: &mut [Sheet], from: usize, report: &mut Report<'_>) {
    let mut written = None;
    for sheet in sheets {
        let theirs = sheet.index >= from;
        if theirs {
            let found = sheet.root.get("rules").is_some();
            written = Some(written.map_or(found, |before| before || found));
        }
        if let Content::Map(entries) = &mut sheet.root.content {
            entries.retain(|(key, _)| (key.name == "rules") == theirs);
        }
    }
    if written == Some(false) {
        let place = Place { file: from, ..Place::default() };
        report.error(
            place,
            "rules",
            "no rules are written here",
            "write the section `rules` as in a configuration",
        );
    }
}

/// The sections that stand for themselves; rules, routes and so on are about them.
fn sections(sheets: &[Sheet], desk: &mut Desk<'_, '_>) -> Config {
    for sheet in sheets {
        for (key, _) in sheet.root.entries().unwrap_or_default() {
            if !SECTIONS.contains(&key.name.as_str()) {
                let what = format!("unknown key `{}`", key.name);
                desk.report.error(key.place, &key.name, what, words::did_you_mean(&key.name, SECTIONS));
            }
        }
    }
    let service = service::settle(&sheets_section(sheets, "service"), desk);
    let access = access::settle(&sheets_section(sheets, "access"), service.public_url.as_ref(), desk);
    let mut agents = agents::settle(&sheets_section(sheets, "agents"), &service.location, desk);
    let target_nodes = sheets_section(sheets, "targets");
    let (targets, probes) = targets::settle(&target_nodes, &locations::Places::of(&service, &agents), desk);
    agents::assign(&mut agents, &target_nodes, &probes, &sheets_section(sheets, "agents"), desk);
    let channels = channels::settle(&sheets_section(sheets, "channels"), desk);
    let policy = Policy::everybody(channels.iter().map(|c| c.name.clone()));
    let exports = exports::settle(&sheets_section(sheets, "exports"), desk);
    let pages = pages::settle(&sheets_section(sheets, "pages"), &targets, desk);
    Config {
        service,
        targets,
        probes,
        channels,
        rules: Vec::new(),
        policy,
        access,
        pages,
        agents,
        exports,
        subscriptions: None,
    }
}

/// Who is told, and what is planned: sections about each other and about all that comes before.
fn policy(sheets: &[Sheet], config: &mut Config, desk: &mut Desk<'_, '_>) {
    let crowd = people::settle(&sheets_section(sheets, "people"), &sheets_section(sheets, "teams"), desk);
    let nodes = sheets_section(sheets, "routes");
    let routes = routes::settle(&nodes, &crowd, desk);
    routes::whole(&nodes, &routes, &crowd, config, desk);
    config.policy = Policy {
        channels: crowd.everybodys(config),
        routes,
        reminders: routes::reminders(&sheets_section(sheets, "reminders"), desk),
        maintenance: maintenance::settle(&sheets_section(sheets, "maintenance"), desk),
        people: crowd.people,
        teams: crowd.teams,
    };
}

/// The value of a section in each file that has it.
fn sheets_section<'a>(sheets: &'a [Sheet], name: &str) -> Vec<&'a Node> {
    let sections = sheets.iter().filter_map(|sheet| sheet.root.get(name));
    sections.filter(|node| node.content != Content::Null).collect()
}

fn version(sheets: &[Sheet], desk: &mut Desk<'_, '_>) {
    let mut written = false;
    for sheet in sheets {
        let Some(node) = sheet.root.get("version") else { continue };
        written = true;
        if node.value() != 1 {
            let what = "this version of the file is not understood";
            desk.report.error(node.place, "version", what, "write `version: 1`");
        }
    }
    if let Some(first) = sheets.first().filter(|_| !written) {
        desk.report.error(first.root.place, "", "missing key `version`", "begin with `version: 1`");
    }
}

/// What can only be said when everything is known.
fn whole(config: &Config, sheets: &[Sheet], desk: &mut Desk<'_, '_>) {
    let Some(first) = sheets.first() else { return };
    let place = Place { file: first.index, ..Place::default() };
    if sheets_section(sheets, "targets")
        .iter()
        .all(|n| matches!(&n.content, Content::List(l) if l.is_empty()))
    {
        let entry = sheets.iter().find_map(|s| s.root.entry("targets"));
        let place = entry.map_or(first.root.place, |(key, _)| key.place);
        let hint = "a target has a `name`, a `url` and `probes`";
        desk.report.error(place, "targets", "there is nothing to look at", hint);
    }
    if config.channels.is_empty() && sheets_section(sheets, "channels").is_empty() {
        let kinds: Vec<&str> = desk.registries.channels.iter().map(|k| k.name).collect();
        let hint = format!("add `channels:`; {}", words::known(&kinds));
        desk.report.warning(place, "", "nobody will be told: there are no channels", hint);
    }
}

/// The schema of a type.
pub(super) fn schema_of<T: JsonSchema>() -> Value {
    schema_for!(T).to_value()
}

/// What the service is when nothing is written about it.
fn usual_service(vault: Vault<'_>) -> Service {
    Service {
        listen: std::net::SocketAddr::from(([127, 0, 0, 1], 8480)),
        state: vault.base.join("state"),
        store: None,
        seal: None,
        location: "here".into(),
        public_url: None,
        ca_file: None,
        runbooks: None,
        grace: std::time::Duration::from_secs(25),
        lease: std::time::Duration::from_secs(15),
        retention: crate::store::Retention::default(),
        limits: super::settled::Limits::default(),
        witnesses: super::settled::WITNESSES.iter().filter_map(|text| url::Url::parse(text).ok()).collect(),
        dead_man: None,
    }
}

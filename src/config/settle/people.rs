//! Judges the sections `people` and `teams`: who can be told, and who is on call when.

use std::collections::{BTreeMap, BTreeSet};

use launchwatch_alerts::{Hours, Override, Person, Recipient, Rotation, Team, Turn};

use super::names::Names;
use super::{Desk, schema_of};
use crate::config::file::{DayHours, OverrideKeys, PersonKeys, RotationKeys, TeamKeys};
use crate::config::path::Path;
use crate::config::settled::Config;
use crate::config::texts::TurnText;
use crate::config::tree::{Node, Place};
use crate::config::typed::Item;
use crate::config::words;

/// Where a name is written.
pub(super) type Written = (Place, Path);

/// Everybody who can be told.
#[derive(Default)]
pub(super) struct Crowd {
    pub(super) people: Vec<Person>,
    pub(super) teams: Vec<Team>,
    /// People that are named, usable or not.
    pub(super) persons: BTreeMap<String, Written>,
    /// Teams that are named, usable or not.
    pub(super) crews: BTreeMap<String, Written>,
    /// There are people or teams whose names cannot be read.
    pub(super) nameless: bool,
}

/// People and teams.
pub(super) fn settle(people: &[&Node], teams: &[&Node], desk: &mut Desk<'_, '_>) -> Crowd {
    let (people, teams) = (desk.elements("people", people), desk.elements("teams", teams));
    let mut crowd = Crowd::default();
    crowd.persons = crowd.named(&people);
    crowd.crews = crowd.named(&teams);
    let (mut names, schema) = (Names::default(), schema_of::<PersonKeys>());
    for (path, node) in people {
        if !desk.is_mapping(node, &path, "a person has a `name` and `channels`") {
            continue;
        }
        let mut item = desk.item(node, path, &[&schema]);
        if let Some(keys) = item.read::<PersonKeys>(desk.report) {
            desk.named_item(&keys.name, &item, &mut names);
            crowd.people.push(person(keys, &item, desk));
        }
    }
    let (mut names, schema) = (Names::default(), schema_of::<TeamKeys>());
    for (path, node) in teams {
        if !desk.is_mapping(node, &path, "a team has a `name` and `rotations`") {
            continue;
        }
        let mut item = desk.item(node, path, &[&schema]);
        if let Some(keys) = item.read::<TeamKeys>(desk.report) {
            desk.named_item(&keys.name, &item, &mut names);
            let team = team(keys, &item, &crowd, desk);
            crowd.teams.push(team);
        }
    }
    crowd
}

fn person(keys: PersonKeys, item: &Item<'_>, desk: &mut Desk<'_, '_>) -> Person {
    let base = Path::default().key("channels");
    if keys.channels.is_empty() {
        desk.refuse(item, &base, format!("nothing reaches `{}`", keys.name), "name at least one channel");
    }
    for (at, name) in keys.channels.iter().enumerate() {
        desk.ear(name, item, &base.index(at));
    }
    Person { name: keys.name, channels: keys.channels }
}

fn team(keys: TeamKeys, item: &Item<'_>, crowd: &Crowd, desk: &mut Desk<'_, '_>) -> Team {
    let time_zone = desk.zone(item, &Path::default().key("time_zone"), keys.time_zone.as_deref());
    let base = Path::default().key("rotations");
    if keys.rotations.is_empty() {
        desk.refuse(item, &base, "nobody is in this team", "a rotation has `people` and a `start`");
    }
    let rotations = keys.rotations.into_iter().enumerate();
    let rotations = rotations.map(|(at, keys)| rotation(keys, &base.index(at), item, crowd, desk)).collect();
    let base = Path::default().key("overrides");
    let overrides = keys.overrides.unwrap_or_default().into_iter().enumerate();
    let overrides = overrides.map(|(at, keys)| exception(keys, &base.index(at), item, crowd, desk)).collect();
    Team { name: keys.name, time_zone, rotations, overrides }
}

fn rotation(
    keys: RotationKeys,
    base: &Path,
    item: &Item<'_>,
    crowd: &Crowd,
    desk: &mut Desk<'_, '_>,
) -> Rotation {
    let people = base.key("people");
    if keys.people.is_empty() {
        desk.refuse(item, &people, "nobody is in this rotation", "name people in the order of their turns");
    }
    for (at, name) in keys.people.iter().enumerate() {
        crowd.person(name, item, &people.index(at), desk);
    }
    let turn = keys.every.map_or(Turn::Weeks(1), |TurnText(turn)| turn);
    let (days, most) = match turn {
        Turn::Days(days) => (days, 366),
        Turn::Weeks(weeks) => (weeks, 52),
    };
    if days == 0 {
        desk.refuse(
            item,
            &base.key("every"),
            "a turn of no time never comes to anybody",
            "write `1d` or more",
        );
    } else if days > most {
        desk.refuse(item, &base.key("every"), "a turn lasts at most a year", "such as `1w`");
    }
    Rotation { people: keys.people, start: keys.start.0, turn, hours: hours(keys.hours) }
}

fn exception(
    keys: OverrideKeys,
    base: &Path,
    item: &Item<'_>,
    crowd: &Crowd,
    desk: &mut Desk<'_, '_>,
) -> Override {
    crowd.person(&keys.person, item, &base.key("person"), desk);
    if keys.until.0 <= keys.from.0 {
        desk.refuse(item, &base.key("until"), "it ends before it begins", "write a moment after `from`");
    }
    Override { from: keys.from.0, until: keys.until.0, person: keys.person }
}

/// Hours as believed; every day where none is named.
pub(super) fn hours(written: Option<Vec<DayHours>>) -> Vec<Hours> {
    let hours = written.unwrap_or_default().into_iter();
    hours
        .map(|keys| {
            let days = keys.days.unwrap_or_default().into_iter().flat_map(|d| d.0).collect();
            Hours { days, from: keys.from.0, until: keys.until.0 }
        })
        .collect()
}

impl Crowd {
    /// The names of a section.
    fn named(&mut self, elements: &[(Path, &Node)]) -> BTreeMap<String, Written> {
        let mut names = BTreeMap::new();
        for (path, node) in elements {
            match node.get("name").and_then(|n| Some((n.text()?.to_owned(), n.place))) {
                Some((name, place)) => {
                    names.entry(name).or_insert((place, path.key("name")));
                }
                None => self.nameless = true,
            }
        }
        names
    }

    /// Tells if there is no person of this name.
    fn person(&self, name: &str, item: &Item<'_>, inner: &Path, desk: &mut Desk<'_, '_>) {
        if !self.nameless && !self.persons.contains_key(name) {
            let known: Vec<&str> = self.persons.keys().map(String::as_str).collect();
            let hint = if known.is_empty() {
                "add them to `people`".to_owned()
            } else {
                words::did_you_mean(name, &known)
            };
            desk.refuse(item, inner, format!("there is no person `{name}`"), hint);
        }
    }

    /// Who is meant by the word of a route; tells if there is nobody of this name.
    pub(super) fn recipient(
        &self,
        word: &str,
        item: &Item<'_>,
        inner: &Path,
        desk: &mut Desk<'_, '_>,
    ) -> Recipient {
        if let Some(name) = word.strip_prefix("person:") {
            self.person(name, item, inner, desk);
            return Recipient::Person(name.to_owned());
        }
        if let Some(name) = word.strip_prefix("team:") {
            if !self.nameless && !self.crews.contains_key(name) {
                let known: Vec<&str> = self.crews.keys().map(String::as_str).collect();
                let hint = if known.is_empty() {
                    "add it to `teams`".to_owned()
                } else {
                    words::did_you_mean(name, &known)
                };
                desk.refuse(item, inner, format!("there is no team `{name}`"), hint);
            }
            return Recipient::Team(name.to_owned());
        }
        let other = [("person", &self.persons), ("team", &self.crews)];
        let other = other.into_iter().find(|(_, names)| names.contains_key(word));
        match other.filter(|_| desk.ears.as_ref().is_some_and(|ears| !ears.iter().any(|e| e == word))) {
            Some((what, _)) => {
                let hint = format!("write `{what}:{word}`");
                desk.refuse(item, inner, format!("there is no channel `{word}`, but a {what}"), hint);
            }
            None => desk.ear(word, item, inner),
        }
        Recipient::Channel(word.to_owned())
    }

    /// The channels that hear of everything that no route is about: nobody's own, and nobody's fallback.
    pub(super) fn everybodys(&self, config: &Config) -> Vec<String> {
        let own = self.people.iter().flat_map(|p| &p.channels).map(String::as_str);
        let fallbacks = config.channels.iter().filter_map(|c| c.fallback.as_deref());
        let taken: BTreeSet<&str> = own.chain(fallbacks).collect();
        let all = || config.channels.iter().map(|c| c.name.clone());
        let free: Vec<String> = all().filter(|name| !taken.contains(name.as_str())).collect();
        if free.is_empty() { all().collect() } else { free }
    }
}

impl Desk<'_, '_> {
    /// Judges and takes the name of an item.
    pub(super) fn named_item(&mut self, name: &str, item: &Item<'_>, names: &mut Names) {
        let inner = Path::default().key("name");
        let (place, path) = (item.place(&inner), item.path.join(&inner));
        self.check_name(name, place, &path);
        names.take(self, name, place, &path);
    }

    /// Tells if there is no channel of this name.
    pub(super) fn ear(&mut self, name: &str, item: &Item<'_>, inner: &Path) {
        let Some(ears) = self.ears.as_ref().filter(|ears| !ears.iter().any(|e| e == name)) else { return };
        let known: Vec<&str> = ears.iter().map(String::as_str).collect();
        let hint = if known.is_empty() {
            "add it to `channels`".to_owned()
        } else {
            words::did_you_mean(name, &known)
        };
        self.refuse(item, inner, format!("there is no channel `{name}`"), hint);
    }
}

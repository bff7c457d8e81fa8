//! The queues of some incidents, worked on in memory and written back at once: a whole batch costs two round trips.

use std::collections::{BTreeMap, BTreeSet};

use deadpool_postgres::GenericClient;
use tokio_postgres::Row;

use super::sql::{Values, execute, fail, rows, text};
use crate::store::Error;

/// A delivery as far as others depend on it.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    /// `None` for one that is not in the store yet.
    pub(super) id: Option<i64>,
    pub(super) notification: String,
    pub(super) channel: String,
    pub(super) incident: String,
    pub(super) kind: String,
    pub(super) at: i64,
    /// Still to be told.
    pub(super) owed: bool,
    /// Taken by its service.
    pub(super) delivered: bool,
    pub(super) attempts: i64,
    pub(super) next: i64,
    pub(super) due: i64,
    pub(super) instead: Option<String>,
}

/// Deliveries, those of the store and new ones.
#[derive(Debug, Default)]
pub(super) struct Queues {
    lines: Vec<Line>,
    /// What is owed, by incident and channel.
    owed: BTreeMap<(String, String), Vec<usize>>,
    /// Notification and channel of all lines: there is one of each.
    there: BTreeSet<(String, String)>,
    /// Lines of the store that are owed no more.
    dropped: Vec<i64>,
}

impl Queues {
    /// Reads deliveries of the store; `which` is a condition.
    pub(super) async fn read(db: &impl GenericClient, which: &str, with: Values<'_>) -> Result<Self, Error> {
        let sql = format!(
            "SELECT id, notification, channel, incident, kind, at, state = 'owed', state = 'delivered', attempts, next, due, instead
             FROM delivery WHERE {which} ORDER BY id"
        );
        let mut queues = Self::default();
        let what = "read the queues of incidents";
        for row in rows(db, what, &sql, with).await? {
            queues.put(line(&row).map_err(fail(what))?);
        }
        Ok(queues)
    }

    fn put(&mut self, line: Line) {
        if line.owed {
            let key = (line.incident.clone(), line.channel.clone());
            self.owed.entry(key).or_default().push(self.lines.len());
        }
        self.there.insert((line.notification.clone(), line.channel.clone()));
        self.lines.push(line);
    }

    /// Lines that are owed of an incident through a channel.
    pub(super) fn owed(&self, incident: &str, channel: &str) -> impl Iterator<Item = &Line> {
        let key = (incident.to_owned(), channel.to_owned());
        let places = self.owed.get(&key).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|at| self.lines.get(*at))
    }

    /// Whether a notification goes through a channel already, owed or not.
    pub(super) fn has(&self, notification: &str, channel: &str) -> bool {
        self.there.contains(&(notification.to_owned(), channel.to_owned()))
    }

    /// All lines of an incident.
    pub(super) fn of<'a>(&'a self, incident: &'a str) -> impl Iterator<Item = &'a Line> {
        self.lines.iter().filter(move |line| line.incident == incident)
    }

    /// What is owed of an incident through a channel is told by something else, where `which` says so.
    pub(super) fn supersede(&mut self, incident: &str, channel: &str, which: impl Fn(&Line) -> bool) {
        let Some(places) = self.owed.get_mut(&(incident.to_owned(), channel.to_owned())) else { return };
        let (lines, dropped) = (&mut self.lines, &mut self.dropped);
        places.retain(|at| match lines.get_mut(*at) {
            Some(line) if which(line) => {
                line.owed = false;
                dropped.extend(line.id);
                false
            }
            _ => true,
        });
    }

    /// Adds a delivery that is owed from now on. There must not be one of this notification through this channel.
    pub(super) fn owe(&mut self, line: Line) {
        self.put(Line { id: None, owed: true, ..line });
    }

    /// Writes what changed.
    pub(super) async fn write(&self, db: &impl GenericClient) -> Result<(), Error> {
        futures::try_join!(self.drop(db), self.insert(db))?;
        Ok(())
    }

    async fn drop(&self, db: &impl GenericClient) -> Result<(), Error> {
        if self.dropped.is_empty() {
            return Ok(());
        }
        let sql = "UPDATE delivery SET state = 'superseded' WHERE id = ANY($1)";
        execute(db, "supersede notifications", sql, &[&self.dropped]).await.map(|_| ())
    }

    async fn insert(&self, db: &impl GenericClient) -> Result<(), Error> {
        let new: Vec<&Line> = self.lines.iter().filter(|l| l.id.is_none()).collect();
        if new.is_empty() {
            return Ok(());
        }
        let texts = |of: fn(&Line) -> &str| new.iter().map(|l| of(l)).collect::<Vec<_>>();
        let numbers = |of: fn(&Line) -> i64| new.iter().map(|l| of(l)).collect::<Vec<_>>();
        let (notifications, channels) = (texts(|l| &l.notification), texts(|l| &l.channel));
        let (incidents, kinds) = (texts(|l| &l.incident), texts(|l| &l.kind));
        let (at, next, due) = (numbers(|l| l.at), numbers(|l| l.next), numbers(|l| l.due));
        let states = texts(|l| if l.owed { "owed" } else { "superseded" });
        let instead: Vec<Option<&str>> = new.iter().map(|l| l.instead.as_deref()).collect();
        let sql = "INSERT INTO delivery (notification, channel, incident, kind, at, state, next, due, instead)
             SELECT notification, channel, incident, kind, at, state, next, due, instead
             FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[],
                $8::bigint[], $9::text[]) WITH ORDINALITY
                AS d (notification, channel, incident, kind, at, state, next, due, instead, place)
             ORDER BY place ON CONFLICT (notification, channel) DO NOTHING";
        let with: Values<'_> =
            &[&notifications, &channels, &incidents, &kinds, &at, &states, &next, &due, &instead];
        execute(db, "keep notifications", sql, with).await.map(|_| ())
    }
}

fn line(row: &Row) -> Result<Line, tokio_postgres::Error> {
    Ok(Line {
        id: Some(row.try_get(0)?),
        notification: row.try_get(1)?,
        channel: row.try_get(2)?,
        incident: row.try_get(3)?,
        kind: row.try_get(4)?,
        at: row.try_get(5)?,
        owed: row.try_get(6)?,
        delivered: row.try_get(7)?,
        attempts: row.try_get(8)?,
        next: row.try_get(9)?,
        due: row.try_get(10)?,
        instead: row.try_get(11)?,
    })
}

/// Names that are asked for, each once.
pub(super) fn each<'a>(names: impl Iterator<Item = &'a str>) -> Vec<std::borrow::Cow<'a, str>> {
    names.collect::<BTreeSet<_>>().into_iter().map(text).collect()
}

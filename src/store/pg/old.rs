//! Drops what is older than its retention: a bounded part of each table a call, so that no lock is held for long and
//! what is left to clean up stays little.

use deadpool_postgres::GenericClient;
use jiff::Timestamp;

use super::sql::{execute, micros};
use super::subscribers;
use crate::store::Error;

/// Statements that drop rows from before `$1` (in microseconds), at most `$2` of them, and what each does.
const OLD: [(&str, &str); 6] = [
    (
        "drop old deliveries",
        "DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE at < $1 AND state <> 'owed' ORDER BY at LIMIT $2)",
    ),
    (
        "drop old notifications",
        "DELETE FROM notification WHERE id IN (SELECT id FROM notification n WHERE at < $1
            AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.notification = n.id) ORDER BY at LIMIT $2)",
    ),
    (
        "drop what was not told long ago",
        "DELETE FROM hidden WHERE id IN (SELECT id FROM hidden WHERE at < $1 ORDER BY at LIMIT $2)",
    ),
    (
        "drop old deployments",
        "DELETE FROM deploy WHERE id IN (SELECT id FROM deploy WHERE at < $1 ORDER BY at LIMIT $2)",
    ),
    (
        "drop old mails",
        "DELETE FROM letter WHERE id IN (SELECT id FROM letter WHERE at < $1 AND state <> 'owed' ORDER BY at LIMIT $2)",
    ),
    (
        "drop old rows of the record",
        "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < $1 ORDER BY at LIMIT $2)",
    ),
];

/// Drops sessions that are over, subscribers that never were, and what is from before a moment (in microseconds): a
/// bounded part a call. Answers how many rows went.
pub(super) async fn drop_old(
    db: &impl GenericClient,
    now: Timestamp,
    before: i64,
    at_once: i64,
) -> Result<u64, Error> {
    let over = "DELETE FROM session WHERE digest IN (SELECT digest FROM session WHERE expires <= $1 ORDER BY expires LIMIT $2)";
    let mut dropped = execute(db, "drop sessions that are over", over, &[&micros(now), &at_once]).await?;
    for (what, sql) in OLD {
        dropped += execute(db, what, sql, &[&before, &at_once]).await?;
    }
    subscribers::forget(db, now).await?;
    Ok(dropped)
}

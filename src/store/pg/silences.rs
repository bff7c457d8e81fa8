//! Silences, and what was hidden.

use deadpool_postgres::GenericClient;
use launchwatch_alerts::{Hidden, Silence};

use super::incidents::{all, json};
use super::sql::{execute, micros, most};
use crate::store::Error;
use crate::store::damage::Damaged;

/// Keeps silences as they stand; one that is over stays on record.
pub(super) async fn keep(db: &impl GenericClient, silences: &[&Silence]) -> Result<(), Error> {
    let sql = "INSERT INTO silence (id, until, over, json) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO UPDATE SET until = excluded.until, over = excluded.over, json = excluded.json";
    // One by one: people make them.
    for silence in silences {
        let (until, over, text) = (micros(silence.until), silence.ended.is_some(), json(silence)?);
        execute(db, "keep a silence", sql, &[&silence.id, &until, &over, &text]).await?;
    }
    Ok(())
}

/// Keeps what was not told. A batch may come again, of which nobody knew whether it had been kept: that adds nothing.
pub(super) async fn hide(db: &impl GenericClient, hidden: &[&Hidden]) -> Result<(), Error> {
    if hidden.is_empty() {
        return Ok(());
    }
    let at: Vec<i64> = hidden.iter().map(|h| micros(h.at)).collect();
    let texts = hidden.iter().map(json).collect::<Result<Vec<_>, _>>()?;
    let sql = "INSERT INTO hidden (at, json) SELECT at, json
         FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS h (at, json, place)
         WHERE NOT EXISTS (SELECT 1 FROM hidden WHERE hidden.at = h.at AND hidden.json = h.json) ORDER BY place";
    execute(db, "keep what was not told", sql, &[&at, &texts]).await.map(|_| ())
}

/// Silences, those that last longest first; the ones that are over too.
pub(super) async fn silences(
    db: &impl GenericClient,
    limit: usize,
    damaged: &Damaged,
) -> Result<Vec<Silence>, Error> {
    let sql = "SELECT 0::bigint, json FROM silence ORDER BY over, until DESC, id LIMIT $1";
    all(db, sql, &[&most(limit)], &mut |id, e| damaged.note("silence", (id, 0), &e)).await
}

/// What was not told, newest first.
pub(super) async fn hidden(
    db: &impl GenericClient,
    limit: usize,
    damaged: &Damaged,
) -> Result<Vec<Hidden>, Error> {
    let sql = "SELECT id, json FROM hidden ORDER BY at DESC, id DESC LIMIT $1";
    all(db, sql, &[&most(limit)], &mut |id, e| damaged.note("hidden", (id, 0), &e)).await
}

//! Several replicas on one database: the lease, the letter box, what was recorded since.

use std::future::pending;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::GenericClient;
use serde_json::Value;
use tokio_postgres::error::SqlState;

use super::lane::{Lane, read, within};
use super::sql::{self, column, fail};
use super::{Inner, PgStore};
use crate::store::damage::Damaged;
use crate::store::together::{Fate, KEPT, Kind, Lease, Left, STALE, Since, Together};
use crate::store::{Error, Store};

/// An epoch that never is: whoever shows it may not write.
const NEVER: i64 = -1;

impl PgStore {
    /// The same database for one term: by the same connections, with a fence of its own, and with nothing in memory of
    /// what another term knew.
    pub(crate) fn for_term(&self, epoch: i64) -> Self {
        let inner = &self.inner;
        let fresh = Inner {
            readers: inner.readers.clone(),
            writer: inner.writer.clone(),
            lease: inner.lease.clone(),
            known: tokio::sync::Mutex::default(),
            open: std::sync::Mutex::default(),
            epoch: AtomicI64::new(epoch),
            seal: Arc::clone(&inner.seal),
            retention: inner.retention,
            damaged: Damaged::default(),
            clock: inner.clock.clone(),
            latest: AtomicI64::new(inner.latest.load(Ordering::Relaxed)),
            hidden: RwLock::default(),
        };
        Self { inner: Arc::new(fresh) }
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// Whether the row can be had; who has it, and for how many microseconds more.
async fn look(db: &impl GenericClient) -> Result<(String, i64), Error> {
    let what = "look who leads";
    let held = "SELECT holder, GREATEST(0, EXTRACT(EPOCH FROM until - clock_timestamp()) * 1000000)::BIGINT
                FROM lease WHERE name = 'heartbeat'";
    let row = sql::one(db, what, held, &[]).await?;
    Ok((column(&row, 0, what)?, column(&row, 1, what)?))
}

async fn renew(db: &impl GenericClient, holder: &str, epoch: i64, length: Duration) -> Result<bool, Error> {
    let renewal = "UPDATE lease SET until = clock_timestamp() + $3::BIGINT * INTERVAL '1 microsecond'
                   WHERE name = 'heartbeat' AND holder = $1 AND epoch = $2";
    let values: sql::Values<'_> = &[&holder, &epoch, &micros(length)];
    Ok(sql::execute(db, "renew the lease", renewal, values).await? > 0)
}

/// Takes the lease if it is still free. Waits for what is being written under the old epoch, but not for long.
async fn seize(lane: &mut Lane, holder: &str, length: Duration) -> Result<Option<i64>, Error> {
    let what = "take the lead";
    let tx = lane.client()?.transaction().await.map_err(fail(what))?;
    let wait = (length / 6).min(Duration::from_secs(2)).as_millis();
    tx.batch_execute(&format!("SET LOCAL lock_timeout = '{wait}ms'")).await.map_err(fail(what))?;
    let free = "SELECT epoch FROM lease WHERE name = 'heartbeat' AND until <= clock_timestamp() FOR UPDATE";
    let Some(row) = sql::maybe(&tx, what, free, &[]).await? else { return Ok(None) };
    let epoch = column::<i64>(&row, 0, what)? + 1;
    let lead = tx
        .execute("UPDATE lease SET holder = $1, epoch = $2 WHERE name = 'leader'", &[&holder, &epoch])
        .await;
    if let Err(error) = lead {
        let stuck = error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE);
        drop(tx);
        if stuck {
            end_forgotten(&*lane.client()?).await?;
        }
        return Err(fail(what)(error));
    }
    let until = "UPDATE lease SET holder = $1, epoch = $2,
                 until = clock_timestamp() + $3::BIGINT * INTERVAL '1 microsecond' WHERE name = 'heartbeat'";
    sql::execute(&tx, what, until, &[&holder, &epoch, &micros(length)]).await?;
    tx.commit().await.map_err(fail(what))?;
    Ok(Some(epoch))
}

/// A leader that was stopped in the middle of a write holds on to its row for as long as it stands still: its lease is
/// over, and so is that write.
async fn end_forgotten(db: &impl GenericClient) -> Result<(), Error> {
    let forgotten = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
          AND application_name = current_setting('application_name')
          AND state LIKE 'idle in transaction%' AND state_change < clock_timestamp() - INTERVAL '1 second'";
    let ended = sql::rows(db, "end forgotten writes", forgotten, &[]).await?.len();
    tracing::warn!(count = ended, "writes of the old leader that stand still are ended");
    Ok(())
}

#[async_trait]
impl Together for PgStore {
    async fn lease(&self, holder: &str, held: Option<i64>, length: Duration) -> Result<Lease, Error> {
        let mut lane = self.line().await?;
        if let Some(epoch) = held
            && renew(&*lane.client()?, holder, epoch, length).await?
        {
            lane.done();
            return Ok(Lease::Ours { epoch });
        }
        let (mut theirs, mut left) = look(&*lane.client()?).await?;
        if left == 0 {
            if let Some(epoch) = seize(&mut lane, holder, length).await? {
                lane.done();
                return Ok(Lease::Ours { epoch });
            }
            (theirs, left) = look(&*lane.client()?).await?;
        }
        lane.done();
        Ok(Lease::Theirs { holder: theirs, left: Duration::from_micros(u64::try_from(left).unwrap_or(0)) })
    }

    async fn give_back(&self, holder: &str, epoch: i64) -> Result<(), Error> {
        let mut lane = self.line().await?;
        let end = "UPDATE lease SET until = TIMESTAMPTZ 'epoch'
                   WHERE name = 'heartbeat' AND holder = $1 AND epoch = $2";
        sql::execute(&*lane.client()?, "give the lead back", end, &[&holder, &epoch]).await?;
        lane.done();
        Ok(())
    }

    fn store(&self, epoch: Option<i64>) -> Arc<dyn Store> {
        Arc::new(self.for_term(epoch.unwrap_or(NEVER)))
    }

    async fn leave(&self, letter: &Left) -> Result<(), Error> {
        let (kind, body) = (letter.kind.as_str(), letter.body.to_string());
        let insert =
            "INSERT INTO letter_box (id, kind, body) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING";
        let body = sql::text(&body);
        read!(self, |db| async {
            sql::execute(db, "leave a letter", insert, &[&letter.id, &kind, &body.as_ref()]).await
        })
        .map(drop)
    }

    async fn collect(&self, epoch: i64, limit: usize) -> Result<Vec<Left>, Error> {
        let what = "take letters";
        let open = "SELECT 1 FROM letter_box WHERE answer IS NULL AND taken IS DISTINCT FROM $1 LIMIT 1";
        let take = "UPDATE letter_box SET taken = $1 WHERE nr IN (
                SELECT nr FROM letter_box WHERE answer IS NULL AND (
                    (kind = 'report' AND taken IS DISTINCT FROM $1)
                    OR (taken IS NULL AND at > clock_timestamp() - $2::BIGINT * INTERVAL '1 microsecond'))
                ORDER BY nr LIMIT $3)
            RETURNING nr, id, kind, body";
        within(async {
            let mut lane = self.reader().await?;
            if sql::maybe(&*lane.client()?, what, open, &[&epoch]).await?.is_none() {
                lane.done();
                return Ok(Vec::new());
            }
            let tx = lane.begin(epoch).await?;
            let values: sql::Values<'_> = &[&epoch, &micros(STALE), &sql::most(limit)];
            let rows = sql::rows(&tx, what, take, values).await?;
            tx.commit().await.map_err(fail(what))?;
            lane.done();
            let mut letters = Vec::with_capacity(rows.len());
            for row in &rows {
                let (nr, id): (i64, String) = (column(row, 0, what)?, column(row, 1, what)?);
                let (kind, body): (String, String) = (column(row, 2, what)?, column(row, 3, what)?);
                // What cannot be understood is of another version: it is taken, and not answered.
                let (Some(kind), Ok(body)) = (Kind::named(&kind), serde_json::from_str(&body)) else {
                    continue;
                };
                letters.push((nr, Left { id, kind, body }));
            }
            letters.sort_by_key(|(nr, _)| *nr);
            Ok(letters.into_iter().map(|(_, letter)| letter).collect())
        })
        .await
    }

    async fn answer(&self, epoch: i64, id: &str, answer: &Value) -> Result<(), Error> {
        let what = "answer a letter";
        let text = answer.to_string();
        within(async {
            let mut lane = self.reader().await?;
            let tx = lane.begin(epoch).await?;
            let update = "UPDATE letter_box SET answer = $2 WHERE id = $1";
            sql::execute(&tx, what, update, &[&id, &sql::text(&text).as_ref()]).await?;
            tx.commit().await.map_err(fail(what))?;
            lane.done();
            Ok(())
        })
        .await
    }

    async fn fate(&self, id: &str) -> Result<Fate, Error> {
        let what = "look what became of a letter";
        let select = "SELECT answer, taken, kind, (SELECT epoch FROM lease WHERE name = 'leader')
                      FROM letter_box WHERE id = $1";
        let row = read!(self, |db| sql::maybe(db, what, select, &[&id]))?;
        let Some(row) = row else { return Ok(Fate::Gone) };
        let (answer, taken): (Option<String>, Option<i64>) = (column(&row, 0, what)?, column(&row, 1, what)?);
        let (kind, epoch): (String, Option<i64>) = (column(&row, 2, what)?, column(&row, 3, what)?);
        Ok(match (answer, taken) {
            (Some(answer), _) => Fate::Answered(serde_json::from_str(&answer).unwrap_or_default()),
            (None, None) => Fate::Waiting,
            (None, Some(_)) if taken == epoch => Fate::Taken,
            (None, Some(_)) if kind == Kind::Report.as_str() => Fate::Waiting,
            (None, Some(_)) => Fate::Lost,
        })
    }

    async fn withdraw(&self, id: &str) -> Result<bool, Error> {
        let delete = "DELETE FROM letter_box WHERE id = $1 AND taken IS NULL";
        let gone = read!(self, |db| sql::execute(db, "take a letter back", delete, &[&id]))?;
        Ok(gone > 0)
    }

    async fn since(&self, cursor: Option<i64>, limit: usize) -> Result<Since, Error> {
        match cursor {
            None => {
                let batch = read!(self, |db| super::load::meta(db, "batch"))?;
                Ok(Since { observations: Vec::new(), cursor: batch.unwrap_or(0) })
            }
            Some(batch) => {
                let (observations, cursor) = within(super::runs::since(self, batch, limit)).await?;
                Ok(Since { observations, cursor })
            }
        }
    }

    async fn bell(&self) {
        // Who waits looks by the clock.
        pending().await
    }

    async fn tidy(&self, epoch: i64) -> Result<(), Error> {
        let what = "drop old letters";
        within(async {
            let mut lane = self.reader().await?;
            let tx = lane.begin(epoch).await?;
            let delete =
                "DELETE FROM letter_box WHERE at < clock_timestamp() - $1::BIGINT * INTERVAL '1 microsecond'
                          AND (kind <> 'report' OR answer IS NOT NULL)";
            sql::execute(&tx, what, delete, &[&micros(KEPT)]).await?;
            tx.commit().await.map_err(fail(what))?;
            lane.done();
            Ok(())
        })
        .await
    }
}

/// Begins to write as the leader of an epoch, and stands still.
#[cfg(test)]
pub(in crate::store) async fn stand_still(store: &PgStore, epoch: i64) -> Box<dyn std::any::Any> {
    let mut lane = store.writer().await.unwrap();
    let client = lane.client().unwrap();
    client.batch_execute("BEGIN").await.unwrap();
    let held = "SELECT 1 FROM lease WHERE name = 'leader' AND epoch = $1 FOR SHARE";
    sql::maybe(&*client, "stand still", held, &[&epoch]).await.unwrap().unwrap();
    Box::new(lane)
}

//! A connection for one piece of work, the transaction on it, and how long it may take.

use std::future::Future;
use std::time::Duration;

use deadpool_postgres::{Client, Pool, PoolError, Transaction};
use tokio_postgres::IsolationLevel;

use super::PgStore;
use super::sql::{self, fail};
use crate::store::Error;

/// Longest time that one piece of work may take, with waiting for a connection.
const LONGEST: Duration = Duration::from_secs(30);

/// A connection. Unless its work came to a good end it is closed, not used again: nobody knows what is under way on it.
pub(super) struct Lane {
    client: Option<Client>,
    clean: bool,
}

impl Drop for Lane {
    fn drop(&mut self) {
        if let Some(client) = self.client.take().filter(|_| !self.clean) {
            drop(Client::take(client));
        }
    }
}

impl Lane {
    /// The connection, for single statements.
    pub(super) fn client(&mut self) -> Result<&mut Client, Error> {
        self.client.as_mut().ok_or(Error::Stopped)
    }

    /// A transaction that sees one state of everything.
    pub(super) async fn snapshot(&mut self) -> Result<Transaction<'_>, Error> {
        let begin = self
            .client()?
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true);
        begin.start().await.map_err(fail("begin to read the database"))
    }

    /// A transaction that writes; `epoch` 0: anybody may.
    ///
    /// # Errors
    /// [`Error::Deposed`] if the lease has another epoch.
    pub(super) async fn begin(&mut self, epoch: i64) -> Result<Transaction<'_>, Error> {
        let what = "begin to write to the database";
        let tx = self.client()?.transaction().await.map_err(fail(what))?;
        if epoch != 0 {
            let held = "SELECT 1 FROM lease WHERE name = 'leader' AND epoch = $1 FOR SHARE";
            sql::maybe(&tx, what, held, &[&epoch]).await?.ok_or(Error::Deposed)?;
        }
        Ok(tx)
    }

    /// Its work came to a good end.
    pub(super) fn done(&mut self) {
        self.clean = true;
    }
}

impl PgStore {
    /// A connection for reading, or for what any replica may write.
    pub(super) async fn reader(&self) -> Result<Lane, Error> {
        lane(&self.inner.readers).await
    }

    /// The connection for the lease.
    pub(super) async fn line(&self) -> Result<Lane, Error> {
        lane(&self.inner.lease).await
    }

    /// The connection that writes.
    pub(super) async fn writer(&self) -> Result<Lane, Error> {
        lane(&self.inner.writer).await
    }
}

async fn lane(pool: &Pool) -> Result<Lane, Error> {
    let client = pool.get().await.map_err(unreached)?;
    Ok(Lane { client: Some(client), clean: false })
}

fn unreached(error: PoolError) -> Error {
    let what = "reach the database";
    match error {
        PoolError::Backend(source) => fail(what)(source),
        other => Error::Database { what, source: other.to_string().into() },
    }
}

/// Cuts work off that takes too long.
pub(super) async fn within<T>(work: impl Future<Output = Result<T, Error>> + Send) -> Result<T, Error> {
    match tokio::time::timeout(LONGEST, work).await {
        Ok(result) => result,
        Err(_) => Err(Error::Database {
            what: "wait for the database",
            source: format!("it has not answered for {} s", LONGEST.as_secs()).into(),
        }),
    }
}

/// Work on a connection that reads: `read!(store, |db| work(db))`, where work answers a future.
macro_rules! read {
    ($store:expr, |$db:ident| $work:expr) => {
        $crate::store::pg::lane::within(async {
            let mut lane = $store.reader().await?;
            let made = {
                let $db = &*lane.client()?;
                $work.await?
            };
            lane.done();
            Ok(made)
        })
        .await
    };
}
pub(super) use read;

/// Work in one transaction of the leader: `write_fenced!(store, |db| work(db))`.
macro_rules! write_fenced {
    ($store:expr, |$db:ident| $work:expr) => {
        $crate::store::pg::lane::within(async {
            let mut lane = $store.writer().await?;
            let tx = lane.begin($store.epoch()).await?;
            let made = {
                let $db = &tx;
                $work.await?
            };
            tx.commit().await.map_err($crate::store::pg::sql::fail("end a write to the database"))?;
            lane.done();
            Ok(made)
        })
        .await
    };
}
pub(super) use write_fenced;

/// Work in one transaction that any replica may do: `write_open!(store, |db| work(db))`.
macro_rules! write_open {
    ($store:expr, |$db:ident| $work:expr) => {
        $crate::store::pg::lane::within(async {
            let mut lane = $store.reader().await?;
            let tx = lane.begin(0).await?;
            let made = {
                let $db = &tx;
                $work.await?
            };
            tx.commit().await.map_err($crate::store::pg::sql::fail("end a write to the database"))?;
            lane.done();
            Ok(made)
        })
        .await
    };
}
pub(super) use write_open;

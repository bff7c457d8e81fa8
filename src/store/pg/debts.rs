//! Debts of launches: written before a launch is asked for, so that also a crash leaves nothing behind.

use deadpool_postgres::GenericClient;
use launchwatch_probes::{CleanUp, DebtId};

use super::sql::{self, column, date, text};
use crate::store::damage::Damaged;
use crate::store::seal::Seal;
use crate::store::{Debt, DebtState, Error};

pub(super) async fn begun(db: &impl GenericClient, id: &DebtId, what: &str, now: i64) -> Result<(), Error> {
    let begin = "INSERT INTO debt (id, what, since, changed, state) VALUES ($1, $2, $3, $3, 'begun')
         ON CONFLICT (id) DO NOTHING";
    sql::execute(db, "begin a debt", begin, &[&id.0, &text(what), &now]).await.map(|_| ())
}

/// Also a debt that was never begun is owed once a server was named.
pub(super) async fn told(
    db: &impl GenericClient,
    seal: &Seal,
    id: &DebtId,
    cleanup: &CleanUp,
    now: i64,
) -> Result<(), Error> {
    let sealed = seal.seal(&id.0, cleanup).ok_or_else(|| Error::Corrupt {
        what: "a debt to be kept",
        detail: "it could not be sealed: the system gives no random bytes".into(),
    })?;
    let keep =
        "INSERT INTO debt (id, what, since, changed, state, sealed) VALUES ($1, $2, $3, $3, 'told', $4)
         ON CONFLICT (id) DO UPDATE SET state = 'told', changed = excluded.changed, sealed = excluded.sealed";
    let what = cleanup.what().to_string();
    let values: sql::Values<'_> = &[&id.0, &what, &now, &sealed];
    sql::execute(db, "keep how to pay a debt", keep, values).await.map(|_| ())
}

/// Ends a debt, and forgets its secret.
pub(super) async fn end(db: &impl GenericClient, id: &DebtId, state: &str, now: i64) -> Result<(), Error> {
    let end = "UPDATE debt SET state = $2, changed = $3, sealed = NULL WHERE id = $1 AND state IN ('begun', 'told')";
    sql::execute(db, "end a debt", end, &[&id.0, &state, &now]).await.map(|_| ())
}

/// Open debts, oldest first. One whose seal does not open (another key) is told as begun: that it is owed is known.
pub(super) async fn open(
    db: &impl GenericClient,
    seal: &Seal,
    damaged: &Damaged,
) -> Result<Vec<Debt>, Error> {
    let what = "read debts";
    let all =
        "SELECT nr, id, what, since, sealed FROM debt WHERE state IN ('begun', 'told') ORDER BY since, nr";
    let mut debts = Vec::new();
    for row in sql::rows(db, what, all, &[]).await? {
        let id: String = column(&row, 1, what)?;
        let sealed: Option<&[u8]> = column(&row, 4, what)?;
        let cleanup = sealed.and_then(|bytes| seal.unseal(&id, bytes));
        if sealed.is_some() && cleanup.is_none() {
            damaged.note("debt", (column(&row, 0, what)?, 0), &"its seal does not open with this key");
        }
        let state = cleanup.map_or(DebtState::Begun, DebtState::Told);
        let since = date(column(&row, 3, what)?);
        debts.push(Debt { id: DebtId(id), what: column(&row, 2, what)?, since, state });
    }
    Ok(debts)
}

pub(super) async fn abandoned(db: &impl GenericClient) -> Result<u64, Error> {
    let what = "count abandoned debts";
    let row = sql::one(db, what, "SELECT count(*) FROM debt WHERE state = 'abandoned'", &[]).await?;
    column(&row, 0, what).map(i64::unsigned_abs)
}

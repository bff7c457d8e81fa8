//! What the store in PostgreSQL promises, against a real server: `server.rs` says how one is named.

mod copy;
mod damage;
mod fence;
mod open;
mod replicas;
pub(in crate::store) mod server;
mod speed;
mod truth;

use crate::store::conformance;

/// Every promise as a test of its own, with sockets and so in real time.
macro_rules! promises {
    ($($room:ident $name:ident)*) => { $(
        #[tokio::test]
        async fn $name() {
            let Some(address) = server::address().await else { return };
            conformance::$room::$name(server::open(&address).await).await;
        }
    )* };
}
conformance::promises! { promises }

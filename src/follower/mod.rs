//! Several replicas on one store: the lease is kept, followers show what the leader found and hand over what they are
//! asked for.
//!
//! ```text
//! people, agents ─▶ follower: web ─▶ inbox ─▶ forward ─▶ letter box (store) ─▶ obey: leader's inbox ─▶ RECORDER
//!                   follower: board ◀─ what was recorded since ◀────────────────────────── STORE ◀──────┘
//! ```

pub mod board;
pub mod forward;
pub mod keeper;
pub mod obey;
mod words;

pub use self::keeper::Keeper;

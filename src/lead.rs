//! Who acts for all: the right to do so, which ends by itself, and what is known of who has it.
//!
//! # Why
//! Several processes may serve one store; one of them leads. It may act for as long as its lease holds, counted on its
//! own monotonic clock from before the lease was asked for: so it stops before anybody else can begin, also when it
//! was stopped, or is cut off from the store that would tell it so.

use std::future::{Future, pending};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

/// The right to act for all, for as long as the lease holds. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Right(Kind);

#[derive(Debug, Clone)]
enum Kind {
    /// There is nobody else: for ever.
    Alone,
    /// Another one leads.
    Never,
    /// Until this moment.
    Lease(watch::Receiver<Instant>),
}

impl Right {
    /// Of the only one there is.
    pub const fn alone() -> Self {
        Self(Kind::Alone)
    }

    /// Of one who follows.
    pub const fn never() -> Self {
        Self(Kind::Never)
    }

    /// For as long as the sender says; who holds the sender moves the end on.
    pub fn lease(until: Instant) -> (watch::Sender<Instant>, Self) {
        let (sender, receiver) = watch::channel(until);
        (sender, Self(Kind::Lease(receiver)))
    }

    /// Whether others may lead.
    pub const fn is_shared(&self) -> bool {
        !matches!(self.0, Kind::Alone)
    }

    /// Whether it is that of a leader among others.
    pub const fn is_lease(&self) -> bool {
        matches!(self.0, Kind::Lease(_))
    }

    /// Whether it holds now.
    pub fn holds(&self) -> bool {
        match &self.0 {
            Kind::Alone => true,
            Kind::Never => false,
            Kind::Lease(until) => Instant::now() < *until.borrow(),
        }
    }

    /// Waits until it does not hold.
    pub fn ended(&self) -> impl Future<Output = ()> + Send + 'static {
        let kind = self.0.clone();
        async move {
            let mut until = match kind {
                Kind::Alone => return pending().await,
                Kind::Never => return,
                Kind::Lease(until) => until,
            };
            loop {
                let end = *until.borrow_and_update();
                if end <= Instant::now() {
                    return;
                }
                tokio::select! {
                    biased;
                    () = tokio::time::sleep_until(end) => {}
                    Ok(()) = until.changed() => {}
                }
            }
        }
    }
}

/// How this process stands among the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// It leads.
    pub leads: bool,
    /// The name of who leads, as far as it is known.
    pub leader: Option<String>,
    /// When the lease was last renewed, by us, if we lead.
    pub renewed: Option<Timestamp>,
    /// Times that the lead has changed since this process began, as far as it has seen.
    pub changes: u64,
}

/// What is known of who leads, for all who want to show it. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Lead(Option<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    name: String,
    standing: watch::Sender<Standing>,
}

impl Lead {
    /// There is nobody else.
    pub const fn alone() -> Self {
        Self(None)
    }

    /// One of several, which goes by this name.
    pub fn of(name: &str) -> Self {
        let standing = watch::Sender::new(Standing::default());
        Self(Some(Arc::new(Shared { name: name.to_owned(), standing })))
    }

    /// The name of this process; `None` where there is nobody else.
    pub fn name(&self) -> Option<&str> {
        self.0.as_deref().map(|shared| shared.name.as_str())
    }

    /// How it stands; `None` where there is nobody else.
    pub fn standing(&self) -> Option<Standing> {
        self.0.as_deref().map(|shared| shared.standing.borrow().clone())
    }

    /// Whether it leads; who is alone does.
    pub fn leads(&self) -> bool {
        self.standing().is_none_or(|standing| standing.leads)
    }

    /// It leads, or goes on doing so, since this date at least.
    pub fn we(&self, renewed: Timestamp) {
        let Some(shared) = &self.0 else { return };
        shared.standing.send_modify(|s| {
            s.changes += u64::from(!s.leads);
            (s.leads, s.leader, s.renewed) = (true, Some(shared.name.clone()), Some(renewed));
        });
    }

    /// Somebody else leads, or it is not known who.
    pub fn other(&self, leader: Option<&str>) {
        let Some(shared) = &self.0 else { return };
        shared.standing.send_modify(|s| {
            let new = leader.is_some() && s.leader.as_deref() != leader;
            s.changes += u64::from(new);
            (s.leads, s.renewed) = (false, None);
            s.leader = leader.map(str::to_owned).or(s.leader.take().filter(|was| *was != shared.name));
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_right_ends_by_itself_and_later_when_it_is_renewed() {
        let began = Instant::now();
        let (until, right) = Right::lease(began + Duration::from_secs(10));
        assert!(right.holds() && right.is_shared());
        let end = right.ended();
        tokio::time::sleep(Duration::from_secs(9)).await;
        until.send_replace(began + Duration::from_secs(19));
        end.await;
        assert_eq!(began.elapsed(), Duration::from_secs(19));
        assert!(!right.holds());
        until.send_replace(Instant::now() + Duration::from_secs(1));
        assert!(right.holds(), "back with the same lease it goes on");
        drop(until);
        right.ended().await;
        assert!(!right.holds(), "a lease that nobody renews any more ends");
        Right::never().ended().await;
        assert!(!Right::never().holds() && Right::alone().holds());
    }

    #[test]
    fn changes_of_the_lead_are_counted_once_and_the_last_leader_is_remembered() {
        let lead = Lead::of("b");
        lead.other(Some("a"));
        lead.other(None);
        lead.other(Some("a"));
        assert_eq!(lead.standing().map(|s| (s.changes, s.leader)), Some((1, Some("a".into()))));
        lead.we(Timestamp::UNIX_EPOCH);
        lead.we(Timestamp::UNIX_EPOCH);
        assert!(lead.leads());
        lead.other(None);
        assert_eq!(lead.standing().map(|s| (s.changes, s.leader)), Some((2, None)));
        assert!(Lead::alone().leads() && Lead::alone().standing().is_none());
    }
}

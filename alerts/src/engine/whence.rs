//! From where something is seen to fail, and from where it is seen to work, where several places look at it.

use jiff::Timestamp;

use super::quorum::{anywhere, voice_until};
use super::{Engine, Seen};
use crate::{AlertKey, Health, SeriesId, Whence};

impl Engine {
    /// What each place says of what an alert is about, at this moment; `None` where only one looks. Who has not spoken for
    /// long says nothing.
    pub(super) fn whence(&self, key: &AlertKey, now: Timestamp) -> Option<Whence> {
        let all = anywhere(&key.series);
        let places = self.series.range::<SeriesId, _>(&all..).take_while(|(s, _)| anywhere(s) == all);
        let mut whence = Whence::default();
        for (series, seen) in places {
            let own = key.series.location == series.location || self.votes_for(key, &series.location);
            let list = match said(seen, now) {
                // What was believed to fail and passed just now is not believed to work yet.
                Some(_) if own => &mut whence.fails,
                Some(Health::Bad) => &mut whence.fails,
                Some(Health::Good | Health::Poor) => &mut whence.works,
                Some(Health::Unknown) | None => &mut whence.unknown,
            };
            list.push(series.location.clone());
        }
        (whence.places() > 1).then_some(whence)
    }

    /// What a probe is called beside others of its name that look from elsewhere and fail.
    pub(super) fn called(&self, series: &SeriesId) -> String {
        let all = anywhere(series);
        let places = self.series.range::<SeriesId, _>(&all..).take_while(|(s, _)| anywhere(s) == all);
        let fails = |seen: &Seen| seen.active > 0 || seen.health == Some(Health::Bad);
        let elsewhere = places.filter(|(s, _)| s.location != series.location).any(|(_, seen)| fails(seen));
        if elsewhere { format!("{} from {}", series.probe, series.location) } else { series.probe.clone() }
    }
}

/// What a series last said, if that was not too long ago.
fn said(seen: &Seen, now: Timestamp) -> Option<Health> {
    let spoke = seen.spoke?;
    seen.health.filter(|_| now < voice_until(seen, spoke))
}

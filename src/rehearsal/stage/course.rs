//! Course: how a count of the file goes over time, and since when it has been above a number.

/// Points in time; between two of them the value stays or goes straight to the next one's.
#[derive(Debug, Clone, Default)]
pub(crate) struct Course(Vec<(f64, f64, bool)>);

impl Course {
    /// From points `(second, value, goes straight to the next)` in order of time.
    pub(crate) fn new(points: Vec<(f64, f64, bool)>) -> Self {
        Self(points)
    }

    /// The value at a second; before the first point, that one's. 0 without points.
    pub(crate) fn at(&self, t: f64) -> f64 {
        let after = self.0.partition_point(|(at, ..)| *at <= t);
        let Some(here) = after.checked_sub(1).and_then(|n| self.0.get(n)) else {
            return self.0.first().map_or(0.0, |(_, value, _)| *value);
        };
        value(here, self.0.get(after), t)
    }

    /// The value as a number of things.
    pub(crate) fn count(&self, t: f64) -> usize {
        whole(self.at(t))
    }

    /// The last second up to `t` at which there were not more than `index` things; `None`: there always were.
    pub(crate) fn since(&self, index: usize, t: f64) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "thousands at most")]
        let enough = index as f64 + 0.5;
        let after = self.0.partition_point(|(at, ..)| *at <= t);
        for n in (0..after).rev() {
            let here = self.0.get(n)?;
            let next = self.0.get(n + 1);
            let end = next.map_or(t, |(at, ..)| at.min(t));
            let last = value(here, next, end);
            if last < enough {
                return Some(end);
            }
            if here.1 < enough {
                return Some(here.0 + (enough - here.1) / (last - here.1) * (end - here.0));
            }
        }
        None
    }
}

fn value(here: &(f64, f64, bool), next: Option<&(f64, f64, bool)>, t: f64) -> f64 {
    match (here.2, next) {
        (true, Some((until, to, _))) if *until > here.0 => {
            here.1 + (to - here.1) * ((t - here.0) / (until - here.0)).clamp(0.0, 1.0)
        }
        _ => here.1,
    }
}

/// A value as a number of things, at most ten thousand.
pub(crate) fn whole(value: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
    let whole = (value + 0.5).clamp(0.0, 10_000.0) as usize;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_stays_or_goes_straight_and_knows_since_when() {
        let course = Course::new(vec![(0.0, 10.0, true), (100.0, 20.0, false), (200.0, 5.0, false)]);
        let table = [(-5.0, 10), (0.0, 10), (50.0, 15), (100.0, 20), (199.0, 20), (200.0, 5), (900.0, 5)];
        for (t, expected) in table {
            assert_eq!(course.count(t), expected, "{t}");
        }
        let table = [(9, 50.0, None), (14, 50.0, Some(45.0)), (19, 150.0, Some(95.0)), (4, 300.0, None)];
        for (index, t, expected) in table {
            assert_eq!(course.since(index, t), expected, "{index} at {t}");
        }
        let jump = Course::new(vec![(0.0, 0.0, false), (60.0, 3.0, false)]);
        assert_eq!(jump.since(2, 90.0), Some(60.0));
    }
}

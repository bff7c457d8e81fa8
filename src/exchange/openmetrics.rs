//! What is kept as OpenMetrics text with times: for `promtool tsdb create-blocks-from openmetrics` and its like.
//!
//! # Why
//! The format wants all samples of a family together, and in it those of a series together and in their order. So the
//! store is gone through once for each family and probe, and never more is in hand than what that probe has of it.
//! Histograms are written as gauges with the names they have in Prometheus: each tells of one bucket, which is no
//! histogram in the sense of the format, where counts only grow.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::series::{FAMILIES, Outside, Sample, Shape};
use crate::observation::ProbeId;
use crate::store::{self, SeriesQuery, Store, Tier};

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Of these probes; empty means all.
    pub probes: Vec<ProbeId>,
    /// Width of the buckets.
    pub tier: Tier,
    /// Buckets that start at or after this second.
    pub from: i64,
    /// Buckets that end at or before this second.
    pub to: i64,
    /// Our location, and labels that are added.
    pub outside: Outside,
}

/// Why it cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store cannot be read.
    #[error("cannot read the store")]
    Store(#[from] store::Error),
    /// Nobody takes the text.
    #[error("cannot write it")]
    Write(#[from] io::Error),
}

/// Writes everything that is wanted; answers how many samples that was.
///
/// # Errors
/// See [`Error`]; what was written then has no `# EOF` at its end, and no reader takes it for whole.
pub async fn write(store: &dyn Store, wanted: &Wanted, out: &mut (dyn Write + Send)) -> Result<u64, Error> {
    let all = store.last_slots().await?.into_keys();
    let probes: Vec<_> = all.filter(|p| wanted.probes.is_empty() || wanted.probes.contains(p)).collect();
    let mut count = 0;
    for (family, ends) in FAMILIES.iter().flat_map(|f| behind(f.shape).iter().map(move |ends| (f, ends))) {
        let name = format!("{}{ends}", family.name);
        writeln!(out, "# TYPE {name} gauge\n# HELP {name} {}", family.meaning)?;
        for probe in &probes {
            for (labels, samples) in of_probe(store, wanted, probe, &name).await? {
                for (time, value) in samples {
                    writeln!(out, "{name}{{{labels}}} {value} {time}")?;
                    count += 1;
                }
            }
        }
    }
    writeln!(out, "# EOF")?;
    out.flush()?;
    Ok(count)
}

/// What stands behind the name of a family.
const fn behind(shape: Shape) -> &'static [&'static str] {
    match shape {
        Shape::Count => &[""],
        Shape::Spread => &["_bucket", "_sum", "_count"],
    }
}

/// Samples by their labels, each series in order of time.
type Samples = BTreeMap<String, Vec<(i64, f64)>>;

async fn of_probe(
    store: &dyn Store,
    wanted: &Wanted,
    probe: &ProbeId,
    name: &str,
) -> Result<Samples, store::Error> {
    let (tier, mut samples, mut from) = (wanted.tier, Samples::new(), wanted.from);
    // A day of minutes, sixty of hours, all of the days.
    let step = tier.seconds().saturating_mul(1_440);
    // An hour's stages are not read for what does not need them.
    let bare = !name.starts_with(super::series::STAGES.name);
    while from < wanted.to {
        let to = from.saturating_add(step).min(wanted.to);
        let query = SeriesQuery { probes: vec![probe.clone()], tier, from, to };
        let found = if bare { store.totals(&query).await? } else { store.series(&query).await? };
        for bucket in found.into_iter().flat_map(|(_, buckets)| buckets) {
            let end = bucket.start.saturating_add(tier.seconds());
            if end > wanted.to {
                continue;
            }
            for sample in wanted.outside.samples(probe, &bucket).into_iter().filter(|s| s.name == name) {
                samples.entry(labels(&sample)).or_default().push((end, sample.value));
            }
        }
        from = to;
    }
    Ok(samples)
}

fn labels(sample: &Sample) -> String {
    let label = |(name, value): &(String, String)| format!("{name}=\"{}\"", escaped(value));
    sample.labels.iter().map(label).collect::<Vec<_>>().join(",")
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::store::testing::{START, batch, failed, passed};
    use crate::store::{Retention, SqliteStore};

    async fn text(tier: Tier, to: i64, probes: Vec<ProbeId>) -> String {
        let store = SqliteStore::in_memory(Retention::default()).unwrap();
        for second in (0..7_200).step_by(50) {
            store.record(batch(vec![passed("site", second), failed("other", second + 3)])).await.unwrap();
        }
        let labels = [("quote".to_owned(), "a\"b\\c\nd".to_owned())].into();
        let outside = Outside { location: "here".into(), labels };
        let mut out = Vec::new();
        let wanted = Wanted { probes, tier, from: START, to: START + to, outside };
        let count = write(&store, &wanted, &mut out).await.unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().filter(|l| !l.starts_with('#')).count() as u64, count);
        text
    }

    #[tokio::test]
    async fn families_and_series_stand_together_and_go_on_in_time() {
        let text = text(Tier::Minute, 3_600, Vec::new()).await;
        assert!(text.ends_with("\n# EOF\n"));
        let (mut over, mut now, mut last) = (BTreeSet::new(), String::new(), 0);
        for line in text.lines().filter(|l| !l.starts_with('#')) {
            let (series, numbers) = line.rsplit_once("} ").unwrap();
            let time: i64 = numbers.split_once(' ').unwrap().1.parse().unwrap();
            if series != now {
                assert!(over.insert(series.to_owned()), "{series} comes again");
                (now, last) = (series.to_owned(), 0);
            }
            assert!(time > last && time > START && time <= START + 3_600 && time % 60 == 0, "{line}");
            last = time;
        }
        assert!(over.len() > 150, "{}", over.len());
        assert!(text.contains(r#"quote="a\"b\\c\nd""#));
        let runs = |verdict: &str| -> f64 {
            let of = text.lines().filter(|l| l.starts_with("launchwatch_bucket_runs{"));
            let of = of.filter(|l| l.contains(verdict) && l.contains("probe=\"site\""));
            of.map(|l| l.rsplit(' ').nth(1).unwrap().parse::<f64>().unwrap()).sum()
        };
        assert_eq!((runs("verdict=\"passed\""), runs("verdict=\"failed\"")), (72.0, 0.0));
    }

    #[tokio::test]
    async fn hours_are_told_when_they_are_over_and_only_of_who_is_asked_for() {
        let text = text(Tier::Hour, 7_199, vec![ProbeId::new("hub", "site")]).await;
        let times: BTreeSet<&str> =
            text.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.rsplit(' ').next()).collect();
        assert_eq!(times, [(START + 3_600).to_string().as_str()].into());
        assert!(!text.contains("probe=\"other\""));
    }
}

//! Every recorded build stream, and the finding it must lead to.

use std::collections::BTreeSet;

use super::play;
use crate::Reason::{self, *};
use crate::Stage::{self, *};
use crate::Verdict::{self, *};
use crate::staged::{Entry, SECRETS};

/// fixture, verdict, reason, stage it is booked on, failed attempts seen, second of the decision
type Row = (&'static str, Verdict, Option<Reason>, Option<Stage>, u32, f64);

#[rustfmt::skip]
const TABLE: &[Row] = &[
    ("bad-provider", Unknown, Some(NotFound), Some(Resolve), 0, 0.0),
    ("bad-spec-no-ref", Unknown, Some(NotFound), Some(Resolve), 0, 0.0),
    ("bad-spec", Unknown, Some(NotFound), Some(Resolve), 0, 0.0),
    ("banned-spec", Unknown, Some(Banned), Some(Resolve), 0, 0.0),
    ("binderhub-down", Failed, Some(Reason::Connect), Some(Resolve), 0, 0.0),
    ("binderhub-stopped-30s-mid-launch", Passed, None, None, 0, 36.4),
    ("build-failure", Failed, Some(BuildFailed), Some(Build), 0, 3.5),
    ("build-hang", Failed, Some(Stalled), Some(Build), 0, 105.0),
    ("build-only-build", Failed, Some(Garbled), Some(Push), 0, 5.4),
    ("build-only-cached", Failed, Some(Garbled), Some(Resolve), 0, 0.0),
    ("build-only-not-allowed", Unknown, Some(Prober), Some(Resolve), 0, 0.0),
    ("build-token-expired", Unknown, Some(ProbeAuth), Some(Resolve), 0, 0.0),
    ("build-token-invalid", Unknown, Some(ProbeAuth), Some(Resolve), 0, 0.0),
    ("build-token-valid", Passed, None, None, 0, 7.2),
    ("build-token-wrong-origin", Unknown, Some(ProbeAuth), Some(Resolve), 0, 0.0),
    ("build-token-wrong-spec", Unknown, Some(ProbeAuth), Some(Resolve), 0, 0.0),
    ("client-disconnect-building", Failed, Some(Stalled), Some(Build), 0, 105.0),
    ("client-disconnect-launching", Failed, Some(Stalled), Some(Launch), 0, 105.0),
    ("cut-mid-launch", Failed, Some(StreamCut), Some(Launch), 0, 2.0),
    ("github-500", Unknown, Some(Dependency), Some(Resolve), 0, 0.0),
    ("github-ratelimit", Unknown, Some(Dependency), Some(Resolve), 0, 0.0),
    ("hub-down", Failed, Some(HubUnavailable), Some(Launch), 2, 60.1),
    ("hub-graceful-restart-mid-launch-timeout45-chp5", Degraded, Some(Retried), Some(Launch), 1, 34.5),
    ("hub-killed-and-restarted-mid-launch-timeout45-chp4", Degraded, Some(Retried), Some(Launch), 1, 71.6),
    ("hub-killed-and-restarted-mid-launch-timeout45-chp5", Degraded, Some(Retried), Some(Launch), 1, 70.3),
    ("hub-killed-mid-launch", Failed, Some(Stalled), Some(Launch), 0, 105.0),
    ("hub-stopped-40s-mid-launch", Degraded, Some(Retried), Some(Launch), 1, 68.9),
    ("k8s-assigned-and-ready", Passed, None, None, 0, 8.0),
    ("k8s-grows-in-time", Passed, None, None, 0, 60.0),
    ("k8s-image-gone", Failed, Some(PushFailed), Some(Launch), 0, 105.0),
    ("k8s-namespace-quota", Failed, Some(ResourceQuota), Some(Launch), 0, 1.2),
    ("k8s-no-room", Failed, Some(NoCapacity), Some(Launch), 0, 105.0),
    ("k8s-pod-runs-hub-blind", Failed, Some(Stalled), Some(Launch), 0, 105.0),
    ("late-ready", Failed, Some(Stalled), Some(Launch), 0, 105.0),
    ("launch-never-ready", Failed, Some(SpawnFailed), Some(Launch), 2, 43.3),
    ("launch-slow-15", Passed, None, None, 0, 24.0),
    ("launch-spawner-exits", Failed, Some(SpawnFailed), Some(Launch), 2, 42.4),
    ("launch-spawner-raises", Failed, Some(SpawnFailed), Some(Launch), 2, 5.9),
    ("no-accept-header", Unknown, Some(Prober), Some(Resolve), 0, 0.0),
    ("post-request", Unknown, Some(Prober), Some(Resolve), 0, 0.0),
    ("proxy-down", Failed, Some(HubUnavailable), Some(Launch), 2, 60.0),
    ("push-failed", Failed, Some(PushFailed), Some(Push), 0, 6.0),
    ("quota-check-k8s-500", Failed, Some(HubUnavailable), Some(Launch), 0, 0.0),
    ("quota-repo-exceeded", Unknown, Some(Quota), Some(Launch), 0, 0.0),
    ("quota-repo-first-ok", Passed, None, None, 0, 4.4),
    ("quota-total-exceeded-build", Unknown, Some(Quota), Some(Resolve), 0, 0.0),
    ("quota-total-exceeded", Unknown, Some(Quota), Some(Launch), 0, 0.0),
    ("ratelimit-1-ok-failing-ref", Unknown, Some(NotFound), Some(Resolve), 0, 0.0),
    ("ratelimit-429", Unknown, Some(RateLimited), Some(Resolve), 0, 0.0),
    ("ratelimit-bypassed-by-build-token", Failed, Some(Garbled), Some(Resolve), 0, 0.0),
    ("ref-not-found-404-cached", Unknown, Some(NotFound), Some(Resolve), 0, 0.0),
    ("ref-not-found-404-repo", Unknown, Some(NotFound), Some(Resolve), 0, 0.0),
    ("ref-not-found-422", Unknown, Some(NotFound), Some(Resolve), 0, 0.0),
    ("registry-500-turns-into-build", Degraded, Some(PushFailed), Some(Build), 0, 11.3),
    ("success-build", Degraded, Some(PushFailed), Some(Build), 0, 13.3),
    ("success-cached", Passed, None, None, 0, 5.9),
    ("unknown-path", Failed, Some(Garbled), Some(Resolve), 0, 0.0),
    ("v010-bad-provider", Unknown, Some(NotFound), Some(Resolve), 0, 0.0),
    ("v010-bad-spec", Unknown, Some(NotFound), Some(Resolve), 0, 0.0),
    ("v010-build-failed", Failed, Some(BuildFailed), Some(Build), 0, 1.0),
    ("v010-fakebuild-never-ends", Failed, Some(Stalled), Some(Build), 0, 105.0),
    ("v010-launch-never-ready", Failed, Some(SpawnFailed), Some(Launch), 2, 52.9),
    ("v010-launch-slow-15", Passed, None, None, 0, 26.4),
    ("v010-launch-spawner-raises", Failed, Some(SpawnFailed), Some(Launch), 2, 4.5),
    ("v010-no-accept", Unknown, Some(NotFound), Some(Resolve), 0, 0.0),
    ("v010-ref-not-found", Unknown, Some(NotFound), Some(Resolve), 0, 0.0),
    ("v010-success-build", Degraded, Some(PushFailed), Some(Build), 0, 11.4),
    ("v010-success-cached", Passed, None, None, 0, 6.6),
];

#[tokio::test(start_paused = true)]
async fn every_recorded_stream_leads_to_its_finding() {
    let mut wrong = Vec::new();
    for row in TABLE {
        let ran = play(row.0).await;
        let outcome = ran.outcome();
        let attempts = outcome.facts.get("attempts_failed").map_or(0, |n| n.parse().unwrap());
        let took = (ran.took.as_secs_f64() * 10.0).round() / 10.0;
        let got: Row = (row.0, outcome.verdict, outcome.reason, outcome.failed_stage, attempts, took);
        if got != *row {
            wrong.push(format!(
                "    (\"{}\", {:?}, {:?}, {:?}, {}, {:?}), // {}",
                got.0, got.1, got.2, got.3, got.4, got.5, outcome.summary
            ));
        }
        for secret in SECRETS {
            assert!(!ran.leavings().contains(secret), "{} shows {secret}", row.0);
        }
    }
    assert!(wrong.is_empty(), "found instead:\n{}", wrong.join("\n"));
}

#[test]
fn no_recorded_stream_is_left_out() {
    let folder = format!("{}/testdata/binder", env!("CARGO_MANIFEST_DIR"));
    let names = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> = names.map(|n| n.trim_end_matches(".txt").to_owned()).collect();
    let rows: BTreeSet<String> = TABLE.iter().map(|r| r.0.to_owned()).collect();
    assert_eq!(files, rows);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_was_handed_out_is_given_back_and_settled() {
    for row in TABLE {
        let ran = play(row.0).await;
        // `ready` without a server is what a build without launch ends in.
        if ran.world.handed_out() && row.2 != Some(Garbled) {
            assert!(ran.world.server_ended(), "{} left its server behind", row.0);
            assert_eq!(ran.entry(), Entry::Settled, "{}", row.0);
        }
    }
}

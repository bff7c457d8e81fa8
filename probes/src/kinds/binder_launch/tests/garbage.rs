//! Streams that no BinderHub sends: pieces cut anywhere, floods, noise.

use proptest::prelude::*;

use super::settings;
use crate::staged::{Play, Stage, run};
use crate::{Outcome, Reason};

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(work)
}

fn raw(pieces: Vec<Vec<u8>>) -> Outcome {
    block_on(async {
        let stage = Stage { build: Play::Raw(pieces), ..Stage::default() };
        run("binder-launch", settings(), stage, 60).await.outcome.unwrap()
    })
}

fn split(bytes: &[u8], cuts: &[prop::sample::Index]) -> Vec<Vec<u8>> {
    let mut at: Vec<usize> = cuts.iter().map(|c| c.index(bytes.len() + 1)).collect();
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    at.windows(2).map(|w| bytes[w[0]..w[1]].to_vec()).collect()
}

const STREAMS: &[&str] =
    &["success-cached", "success-build", "build-failure", "launch-never-ready", "quota-repo-exceeded"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_stream_cut_into_any_pieces_leads_to_the_same_outcome(
        name in prop::sample::select(STREAMS),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let bytes = Play::fixture(name).bytes();
        let whole = raw(vec![bytes.clone()]);
        prop_assert_eq!(raw(split(&bytes, &cuts)), whole);
    }

    #[test]
    fn noise_never_panics_and_never_passes(pieces in prop::collection::vec(any::<Vec<u8>>(), 0..20)) {
        prop_assert_ne!(raw(pieces).verdict, crate::Verdict::Passed);
    }

    #[test]
    fn noise_in_the_shape_of_events_never_panics(lines in prop::collection::vec(
        r#"(data: |:|id: |event: |retry: |)(\{"phase": ?("ready"|"failed"|"built"|7|null)(, "(message|url|token|status_code)": ?("[a-z:/ ]{0,12}"|9|null|\[\]))*\}|[ -~é\r]{0,30})\n{0,3}"#, 0..20)) {
        prop_assert_ne!(raw(vec![lines.concat().into_bytes()]).verdict, crate::Verdict::Passed);
    }
}

#[test]
fn floods_are_stopped() {
    let line = vec![b'x'; 1 << 16];
    let endless: Vec<Vec<u8>> =
        std::iter::once(b"data: ".to_vec()).chain(std::iter::repeat_n(line, 40)).collect();
    let many = b"data: {\"phase\": \"building\", \"message\": \"x\"}\n\n".repeat(20_100);
    let empty = b"\n".repeat(300_000);
    for (name, pieces) in [("line", endless), ("events", vec![many]), ("empty lines", vec![empty])] {
        let outcome = raw(pieces);
        assert_eq!(outcome.reason, Some(Reason::TooLarge), "{name}: {outcome:?}");
        assert!(outcome.evidence.len() <= 40);
    }
}

#[test]
fn an_event_that_is_no_json_is_garbled_and_does_not_quote_it() {
    let outcome = raw(vec![b"data: s3rver-k3y-of-this-launch\n\n".to_vec()]);
    assert_eq!(outcome.reason, Some(Reason::Garbled));
    assert!(!format!("{outcome:?}").contains("s3rver"));
}

#[test]
fn every_phase_in_capitals_is_understood() {
    let bytes = Play::fixture("success-cached").bytes();
    let shouted =
        String::from_utf8(bytes).unwrap().replace("\"built\"", "\"Built\"").replace("\"ready\"", "\"READY\"");
    assert_eq!(raw(vec![shouted.into_bytes()]).verdict, crate::Verdict::Passed);
}

//! Servers that were announced and are of no use, and servers that will not go.

use std::time::Duration;

use super::settings;
use crate::staged::{Entry, Kernel, SECRETS, Stage, run};
use crate::{Reason, Verdict};

#[tokio::test(start_paused = true)]
async fn a_server_that_is_no_good_is_named_and_still_given_back() {
    use crate::Stage::{Kernel as InKernel, Server};
    let kernel = |kernel| Stage { kernel, ..Stage::default() };
    let server = |server| Stage { server, ..Stage::default() };
    for (name, stage, reason, at) in [
        ("503", server(503), Reason::ServerUnusable, Server),
        ("403", server(403), Reason::ServerUnusable, Server),
        ("302", server(302), Reason::ServerUnusable, Server),
        ("dies", kernel(Kernel::Dies), Reason::KernelFailed, InKernel),
        ("silent", kernel(Kernel::Silent), Reason::KernelFailed, InKernel),
        ("no handshake", kernel(Kernel::NoHandshake), Reason::KernelFailed, InKernel),
        ("no websockets", kernel(Kernel::Refused), Reason::KernelFailed, InKernel),
        ("closes", kernel(Kernel::Closes), Reason::KernelFailed, InKernel),
        ("raises", kernel(Kernel::Raises), Reason::WrongOutput, InKernel),
        ("wrong", kernel(Kernel::Prints("41")), Reason::WrongOutput, InKernel),
    ] {
        let ran = run("binder-launch", settings(), stage, 120).await;
        let outcome = ran.outcome();
        assert_eq!((outcome.verdict, outcome.reason), (Verdict::Failed, Some(reason)), "{name}: {outcome:?}");
        assert_eq!(outcome.failed_stage, Some(at), "{name}");
        assert!(outcome.stages.iter().any(|s| s.stage == crate::Stage::Teardown), "{name}");
        assert!(ran.world.server_ended(), "{name} left its server behind");
        assert_eq!(ran.entry(), Entry::Settled, "{name}");
        for secret in SECRETS {
            assert!(!ran.leavings().contains(secret), "{name} shows {secret}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_shutdown_degrades_and_stays_owed() {
    for shutdown in [403, 405] {
        let ran = run("binder-launch", settings(), Stage { shutdown, ..Stage::default() }, 120).await;
        assert_eq!(ran.outcome().verdict, Verdict::Degraded);
        assert_eq!(ran.outcome().reason, Some(Reason::TeardownFailed));
        assert_eq!(ran.outcome().failed_stage, Some(crate::Stage::Teardown));
        assert!(matches!(ran.entry(), Entry::Told(_)), "{:?}", ran.entry());
        assert!(ran.took < Duration::from_secs(10));
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_lives_on_after_its_shutdown_degrades_and_stays_owed() {
    let stage = Stage { lingers: Duration::from_secs(3600), ..Stage::default() };
    let ran = run("binder-launch", settings(), stage, 120).await;
    assert_eq!(
        (ran.outcome().verdict, ran.outcome().reason),
        (Verdict::Degraded, Some(Reason::TeardownFailed))
    );
    assert!(ran.outcome().summary.contains("still answers"), "{}", ran.outcome().summary);
    assert!(matches!(ran.entry(), Entry::Told(_)));
}

#[tokio::test(start_paused = true)]
async fn a_teardown_that_the_deadline_cuts_short_accuses_nobody_and_goes_on_after_the_run() {
    let stage = Stage { lingers: Duration::from_secs(30), ..Stage::default() };
    let mut ran = run("binder-launch", settings(), stage, 15).await;
    assert_eq!(ran.outcome().verdict, Verdict::Passed, "{:?}", ran.outcome());
    assert!(ran.outcome().facts["teardown"].contains("goes on"));
    ran.follow.take().expect("nothing goes on").await;
    assert_eq!(ran.entry(), Entry::Settled);
}

#[tokio::test(start_paused = true)]
async fn what_was_lost_between_us_and_a_kernel_the_question_or_half_the_answer_is_asked_again() {
    for kernel in [Kernel::LosesTheFirst, Kernel::LosesOutput, Kernel::LosesReply] {
        let ran = run("binder-launch", settings(), Stage { kernel, ..Stage::default() }, 120).await;
        assert_eq!(ran.outcome().verdict, Verdict::Passed, "{:?}", ran.outcome());
        let took = ran.outcome().stages.iter().find(|s| s.stage == crate::Stage::Kernel).unwrap().took;
        assert!(took >= Duration::from_secs(10) && took < Duration::from_secs(12), "{took:?}");
    }
}

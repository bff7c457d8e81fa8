//! A certificate ends soon, or has ended.

use super::super::{Action, Case, Cause, Mode, Proposal, Scene};

/// Renewal begins a month before; what is left after that long should not be there.
const SOON: f64 = 14.0 * 86400.0;

pub(super) const CAUSE: Cause = Cause {
    label: "tls-expiring",
    title: "a certificate ends soon: after that browsers turn people away",
    runbook: include_str!("../runbooks/tls-expiring.md"),
    weigh,
    remedy,
    not_first: &[
        (Action::RestartHub, "certificates are not the Hub's matter"),
        (Action::RestartProxy, "it drops everybody's connections; the certificate stays as it is"),
        (Action::Deploy, "a deployment renews nothing by itself"),
    ],
    explains: &[],
};

fn weigh(scene: &Scene<'_>) -> Case {
    let left = scene.least("certificate_left_seconds").filter(|s| *s < SOON);
    let refused = scene.mostly_because(&["tls"]);
    Case::new()
        .sign(
            0.9,
            left.map(|s| match s > 0.0 {
                true => format!("a certificate ends in {:.1} days", s / 86400.0),
                false => "a certificate has ended".into(),
            }),
        )
        .sign(
            0.3,
            left.and(refused).map(|(such, of)| format!("{such} of {of} test launches failed at the certificate")),
        )
        .ask("look at the certificate that is really served, on every host: a warning by mail may mean another one")
}

fn remedy(_: &Scene<'_>) -> Vec<Proposal> {
    vec![
        Proposal::new(
            Action::RotateCertificate,
            Mode::Advise,
            "the renewal that should have come by itself has not; look at what renews it, then renew by hand",
        )
        .guard("the host still serves the old certificate", None)
        .effect("the certificate that is served ends in more than a month"),
    ]
}

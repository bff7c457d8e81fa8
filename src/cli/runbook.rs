//! `launchwatch runbook`: what to do about a cause; without a label, all there are.

use std::path::PathBuf;

use clap::Args;

use super::check::{Answer, MEND};
use super::world;
use crate::config::{self, Registries};
use crate::runbooks::Runbooks;

#[derive(Args)]
pub(super) struct Arguments {
    /// The label of a cause, such as `hub-pod-reflector-stale`.
    label: Option<String>,
    /// The configuration, for runbooks of your own; without it only the built-in ones are known.
    #[arg(long, short, env = "LAUNCHWATCH_CONFIG")]
    config: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<Answer> {
    let mut runbooks = Runbooks::default();
    if let Some(path) = &arguments.config {
        match config::load(path, Registries::BUILT_IN, &world::env) {
            Ok((config, _)) => {
                if let Some(folder) = &config.service.runbooks {
                    runbooks = Runbooks::read(folder)?;
                }
            }
            Err(problems) => return Ok(Answer { text: config::told(&problems), code: MEND }),
        }
    }
    Ok(said(&runbooks, arguments.label.as_deref()))
}

fn said(runbooks: &Runbooks, label: Option<&str>) -> Answer {
    let Some(label) = label else {
        let lines = runbooks.list().into_iter().map(|(label, title, own)| {
            format!("{label:<36} {title}{}\n", if own { " (your own)" } else { "" })
        });
        return Answer { text: lines.collect(), code: 0 };
    };
    match runbooks.of(label) {
        Some(text) => Answer { text: format!("{}\n", text.trim_end()), code: 0 },
        None => {
            let all = runbooks.list();
            let known: Vec<&str> = all.iter().map(|(label, ..)| *label).collect();
            let hint = config::did_you_mean(label, &known);
            Answer { text: format!("there is no runbook `{label}`: {hint}\n"), code: MEND }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runbook_is_printed_listed_or_guessed() {
        let all = Runbooks::default();
        assert!(said(&all, Some("hub-pod-reflector-stale")).text.starts_with("# "));
        assert!(said(&all, None).text.contains("hub-pod-reflector-stale  "));
        let wrong = said(&all, Some("hub-pod-reflector-stail"));
        assert_eq!((wrong.code, wrong.text.contains("did you mean `hub-pod-reflector-stale`?")), (2, true));
    }
}

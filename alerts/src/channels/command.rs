//! Command: a program of the operator's own takes the notification; no shell in between.
//!
//! It reads the notification as one JSON object (the same that `webhook` sends) and finds `LAUNCHWATCH_ID`,
//! `LAUNCHWATCH_INCIDENT`, `LAUNCHWATCH_KIND`, `LAUNCHWATCH_SEVERITY`, `LAUNCHWATCH_TARGET` and `LAUNCHWATCH_TITLE` in
//! its environment, besides `PATH` and what `secrets` names: nothing else. An exit code of 0 means taken, 75
//! (`EX_TEMPFAIL` of sysexits.h) later, and any other never.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::channel::Kind;
use crate::text::{self, last_lines, one_line};
use crate::{
    Channel, Envelope, MessageRef, Next, Notification, Order, Receipt, Refused, Reply, Spec, payload, request,
};

pub(super) const KIND: Kind = Kind::of::<CommandSpec>(
    "command",
    "Command: a program of your own reads the notification as JSON",
    "command: [/usr/local/bin/page-the-team, --quietly]\nsecrets:\n  TEAM_TOKEN: example-0000\n",
);

/// "Temporary failure, user is invited to retry" (sysexits.h).
const EX_TEMPFAIL: i32 = 75;
/// Longest that a program may be allowed, in seconds.
const MOST_SECONDS: u16 = 300;

/// Settings of a command.
///
/// The program reads the notification as one JSON object (as `webhook` sends it) from its standard input. Its
/// environment holds `PATH`, `LAUNCHWATCH_ID` (the same for every attempt), `LAUNCHWATCH_INCIDENT`, `LAUNCHWATCH_KIND`,
/// `LAUNCHWATCH_SEVERITY`, `LAUNCHWATCH_TARGET`, `LAUNCHWATCH_TITLE` and the `secrets`. Exit code 0 means taken, 75 that
/// it is to be tried again later, any other that it never will be. What it says last is kept as the reason.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CommandSpec {
    /// Program (a path, or a name that `PATH` knows) and its arguments, each as it is: no shell reads them.
    command: Vec<String>,
    /// Further variables of its environment, such as tokens.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, request::SecretText>")]
    secrets: BTreeMap<String, SecretString>,
    /// Longest it may run, in seconds, at most 300; then it is killed, and tried again later.
    #[serde(default = "twenty")]
    #[schemars(extend("default" = 20))]
    time_limit_seconds: u16,
}

fn twenty() -> u16 {
    20
}

struct Command {
    argv: Vec<String>,
    secrets: BTreeMap<String, SecretString>,
    time_limit: Duration,
}

impl Spec for CommandSpec {
    type Channel = Command;

    fn build(self) -> Result<Command, Vec<Refused>> {
        let mut problems = Vec::new();
        match self.command.first().map(|program| program.trim()) {
            None | Some("") => {
                problems.push(Refused::new("command", "names no program", "such as [/usr/local/bin/page]"));
            }
            Some(program) if self.command.len() == 1 && program.contains(' ') && !program.contains('/') => {
                let hint = "write the arguments as items of their own: [program, argument]";
                problems.push(Refused::new("command", "no shell takes this apart", hint));
            }
            Some(_) => {}
        }
        if self.command.iter().any(|word| word.contains('\0')) {
            problems.push(Refused::new("command", "has a zero byte in it", ""));
        }
        for (name, value) in &self.secrets {
            let known = name == "PATH" || name.starts_with("LAUNCHWATCH_");
            let good = !name.is_empty() && !name.contains(['=', '\0']);
            if known || !good || value.expose_secret().contains('\0') {
                let what = "cannot be the name of a variable, or is one of ours, or holds a zero byte";
                problems.push(Refused::new(format!("secrets.{name}"), what, ""));
            }
        }
        if !(1..=MOST_SECONDS).contains(&self.time_limit_seconds) {
            let what = format!("not between 1 and {MOST_SECONDS}");
            problems.push(Refused::new("time_limit_seconds", what, "such as 20"));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let time_limit = Duration::from_secs(u64::from(self.time_limit_seconds));
        Ok(Command { argv: self.command, secrets: self.secrets, time_limit })
    }
}

impl Channel for Command {
    fn compose(&self, n: &Notification, replies: &[Reply], _: Option<&MessageRef>) -> Next {
        match replies.last() {
            None => self.order(n),
            Some(Reply::Command { code, said }) => Next::Done(read(*code, said)),
            Some(_) => Next::Done(request::wrong_reply()),
        }
    }

    fn secrets(&self) -> Vec<&SecretString> {
        self.secrets.values().collect()
    }

    /// The post ends the program and says so; the courier waits a little longer.
    fn time_limit(&self) -> Duration {
        self.time_limit + Duration::from_secs(5)
    }
}

impl Command {
    fn order(&self, n: &Notification) -> Next {
        let Some(stdin) = payload::json(n) else {
            return request::refused("the notification cannot be written as JSON");
        };
        let ours = [
            ("LAUNCHWATCH_ID", text::key(&n.id.0, 200)),
            ("LAUNCHWATCH_INCIDENT", text::key(&n.incident.0, 200)),
            ("LAUNCHWATCH_KIND", n.kind.as_str().to_owned()),
            ("LAUNCHWATCH_SEVERITY", n.severity.as_str().to_owned()),
            ("LAUNCHWATCH_TARGET", one_line(&n.facts.target, 200)),
            ("LAUNCHWATCH_TITLE", text::title(n)),
        ];
        let secrets =
            self.secrets.iter().map(|(name, value)| (name.clone(), value.expose_secret().to_owned()));
        let env = ours.map(|(name, value)| (name.to_owned(), value)).into_iter().chain(secrets).collect();
        let order = Order { argv: self.argv.clone(), env, stdin: stdin.into(), time_limit: self.time_limit };
        Next::Send(Box::new(Envelope::Command(order)))
    }
}

fn read(code: Option<i32>, said: &str) -> Receipt {
    let said = last_lines(&[said.to_owned()], 3, 300).0.join(" ");
    let why = |how: String| if said.is_empty() { how } else { format!("{how}: {said}") };
    match code {
        Some(0) => Receipt::Delivered(None),
        Some(EX_TEMPFAIL) => Receipt::Retry { after: None, why: why("exit code 75 (try later)".into()) },
        None => Receipt::Retry { after: None, why: why("ended by a signal".into()) },
        Some(code) => Receipt::Refused { why: why(format!("exit code {code}")) },
    }
}

#[cfg(test)]
mod tests;

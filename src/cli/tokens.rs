//! Tokens for programs on the command line: made, listed, taken back.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::client::{Failure, Reach, ended};
use super::shown::{self, at, list, word};
use crate::clock::Clock;

#[derive(Subcommand)]
pub(super) enum Do {
    /// Make a token for a program or an agent; it is printed this once.
    #[command(visible_alias = "add")]
    Create(Wish),
    /// Tokens that are good.
    List(Look),
    /// Take a token back.
    Revoke(End),
}

/// What its bearer may do.
#[derive(Clone, Copy, ValueEnum)]
enum Role {
    /// Look at everything.
    Viewer,
    /// Acknowledge, comment, silence, test channels.
    Operator,
    /// Give and take away access.
    Admin,
}

#[derive(Args)]
pub(super) struct Wish {
    /// What it is for.
    #[arg(required_unless_present = "agent")]
    name: Option<String>,
    /// What it may do.
    #[arg(long, value_enum, default_value = "viewer", conflicts_with = "agent")]
    role: Role,
    /// For the agent of this name: it may report what is seen from there, and nothing else.
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// How long it is good, such as `30d`; at most 366 days. By default 90 days, of an agent's 366.
    #[arg(long = "for", value_name = "SPAN")]
    lasts: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Args)]
pub(super) struct Look {
    /// Those that are no longer good too.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    reach: Reach,
}

#[derive(Args)]
pub(super) struct End {
    /// Its id, as `list` shows it.
    id: String,
    #[command(flatten)]
    reach: Reach,
}

pub(super) async fn run(what: &Do) -> anyhow::Result<ExitCode> {
    ended(match what {
        Do::Create(wish) => create(wish).await,
        Do::List(look) => show(look).await,
        Do::Revoke(end) => revoke(end).await,
    })
}

async fn create(wish: &Wish) -> Result<(), Failure> {
    let role = match wish.role {
        Role::Viewer => "viewer",
        Role::Operator => "operator",
        Role::Admin => "admin",
    };
    let usual = wish.agent.as_ref().map(|agent| format!("agent {agent}"));
    let mut body = Map::new();
    body.insert("name".into(), json!(wish.name.clone().or(usual)));
    match &wish.agent {
        Some(agent) => body.insert("agent".into(), json!(agent)),
        None => body.insert("role".into(), json!(role)),
    };
    if let Some(lasts) = &wish.lasts {
        body.insert("for".into(), json!(lasts));
    }
    let body = Value::Object(body);
    let made = wish.reach.client()?.post(&["tokens"], &body).await?;
    if wish.reach.json {
        shown::json(&made);
        return Ok(());
    }
    let now = Clock::system().now();
    let until = at(&made, "/token/expires_at").map_or_else(String::new, |end| shown::moment(end, now));
    // The token alone goes to standard output, so that it can be sent on into a file.
    let role = wish.agent.as_ref().map_or_else(|| role.to_owned(), |agent| format!("agent {agent}"));
    eprintln!("{}: {role} until {until}; it is shown this once and kept nowhere", word(&made, "/token/id"));
    println!("{}", word(&made, "/secret"));
    Ok(())
}

async fn show(look: &Look) -> Result<(), Failure> {
    let answer = look.reach.client()?.get(&["tokens"], &[("limit", "500")]).await?;
    let tokens: Vec<&Value> =
        list(&answer, "/tokens").iter().filter(|token| look.all || is_good(token)).collect();
    if look.reach.json {
        shown::json(&json!(tokens));
        return Ok(());
    }
    let now = Clock::system().now();
    match tokens.as_slice() {
        [] => println!("no token is good; `launchwatch token create NAME` makes one"),
        tokens => print!("{}", table(tokens, now)),
    }
    Ok(())
}

async fn revoke(end: &End) -> Result<(), Failure> {
    let gone = end.reach.client()?.delete(&["tokens", &end.id], &[]).await?;
    if end.reach.json {
        shown::json(&gone);
    } else {
        println!("{}: taken back by {}", word(&gone, "/id"), word(&gone, "/revoked_by"));
    }
    Ok(())
}

fn is_good(token: &Value) -> bool {
    token.get("good").and_then(Value::as_bool).unwrap_or_default()
}

fn table(tokens: &[&Value], now: Timestamp) -> String {
    let row = |token: &&Value| {
        let moment = |pointer: &str, without: &str| {
            at(token, pointer).map_or_else(|| without.to_owned(), |at| shown::moment(at, now))
        };
        let until = match (at(token, "/revoked_at"), is_good(token)) {
            (Some(at), _) => format!("taken back {}", shown::moment(at, now)),
            (None, true) => moment("/expires_at", "taken back"),
            (None, false) => format!("ended {}", moment("/expires_at", "")),
        };
        let location = token.get("location").and_then(Value::as_str);
        let role = location.map_or_else(|| word(token, "/role").to_owned(), |at| format!("agent {at}"));
        let words = [word(token, "/id").to_owned(), role];
        let (by, used) = (word(token, "/created_by").to_owned(), moment("/last_used", "never"));
        [&words[..], &[until, used, by, word(token, "/name").to_owned()]].concat()
    };
    let rows: Vec<Vec<String>> = tokens.iter().map(row).collect();
    shown::table(&["ID", "ROLE", "UNTIL", "LAST USED", "BY", "FOR"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_listed_with_how_long_it_is_good() {
        let now = "2018-07-07T12:00:00Z".parse().unwrap();
        let good = json!({
            "id": "token-1", "role": "viewer", "name": "nightly", "created_by": "ada", "good": true,
            "expires_at": "2018-10-05T12:00:00Z",
        });
        let gone = json!({
            "id": "token-2", "role": "admin", "name": "old", "created_by": "ada", "good": false,
            "last_used": "2018-07-07T11:58:00Z", "revoked_at": "2018-07-07T11:59:00Z",
        });
        assert_eq!(
            table(&[&good, &gone], now),
            "ID       ROLE    UNTIL                 LAST USED  BY   FOR\n\
             token-1  viewer  2018-10-05 12:00 UTC  never      ada  nightly\n\
             token-2  admin   taken back 11:59 UTC  11:58 UTC  ada  old\n"
        );
    }
}

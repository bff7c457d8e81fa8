//! What people get when channels, or we, fail: nothing is lost, nothing is told out of order, and what comes twice is
//! bounded and has the same key.

mod broken;
mod crashes;
mod services;
mod storm;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::SignedDuration;
use launchwatch::config::Config;
use launchwatch::store::{Delivery, Store};

use crate::sites::sites_yaml;
use crate::world::{Setting, World, configuration};

const MINUTE: Duration = Duration::from_secs(60);
const OPS: &str = "ops.example";
const SPARE: &str = "spare.example";

/// Two webhooks; the second one stands in for the first where a test says so.
const TWO: &str =
    "  - { type: webhook, name: ops, url: env:OPS }\n  - { type: webhook, name: spare, url: env:SPARE }\n";

/// Sites `a`, `b` and `c`, and these channels.
fn config(channels: &str) -> Config {
    configuration(&sites_yaml(["a", "b", "c"], channels))
}

/// Only `ops` is told; `spare` tells in its place.
fn with_fallback() -> Config {
    let mut config = config(TWO);
    config.channels[0].fallback = Some("spare".into());
    config.policy.channels = vec!["ops".into()];
    config
}

async fn world(config: Config) -> World {
    let world = World::begin(Setting::new(config, 1)).await;
    world.run_for(MINUTE).await;
    world
}

/// Whoever was told something twice, or out of order.
fn wrong(world: &World, host: &str) -> Vec<String> {
    let letters = world.post.letters_of(host);
    let mut keys = BTreeSet::new();
    let twice = letters.iter().filter(|l| !keys.insert(l.key.clone())).map(|l| format!("twice: {}", l.key));
    let number = |key: &str| key.rsplit_once('/').map(|(i, n)| (i.to_owned(), n.parse::<u32>().unwrap()));
    let mut last = std::collections::BTreeMap::new();
    let order = letters.iter().filter_map(|l| {
        let (incident, number) = number(&l.key)?;
        let before = last.insert(incident, number).unwrap_or(0);
        (number < before).then(|| format!("{} after {before}", l.key))
    });
    twice.chain(order).collect()
}

/// Seconds between attempts.
fn gaps(world: &World, host: &str) -> Vec<f64> {
    let at: Vec<_> = world.post.attempts_of(host).iter().map(|a| a.at).collect();
    at.windows(2).map(|w| w[1].duration_since(w[0]).as_secs_f64()).collect()
}

async fn deliveries(world: &World, channel: &str) -> Vec<Delivery> {
    let all = world.store.deliveries(10_000).await.unwrap();
    all.into_iter().filter(|d| d.channel == channel).collect()
}

/// Of the letters of one host, those about a target.
fn about(world: &World, host: &str, target: &str) -> Vec<String> {
    let part = format!("\"target\":\"{target}\"");
    let letters = world.post.letters_of(host).into_iter().filter(|l| l.body.contains(&part));
    letters.map(|l| l.kind).collect()
}

fn seconds(from: jiff::Timestamp, to: jiff::Timestamp) -> f64 {
    SignedDuration::as_secs_f64(&to.duration_since(from))
}

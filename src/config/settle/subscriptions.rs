//! Judges the section `subscriptions`.

use super::{Desk, schema_of};
use crate::config::file::SubscriptionKeys;
use crate::config::path::Path;
use crate::config::settled::{Config, Subscriptions};
use crate::config::tree::Node;
use crate::config::words;

/// How many mails a minute may be sent.
const PER_MINUTE: std::ops::RangeInclusive<u32> = 1..=600;

/// How everybody can hear of trouble by e-mail, if they can.
pub(super) fn settle(nodes: &[&Node], config: &Config, desk: &mut Desk<'_, '_>) -> Option<Subscriptions> {
    let hint = "such as `subscriptions: { channel: mail }`";
    let node = desk.only("subscriptions", nodes, hint)?;
    let path = Path::default().key("subscriptions");
    let mut item = desk.item(node, path, &[&schema_of::<SubscriptionKeys>()]);
    let keys = item.read::<SubscriptionKeys>(desk.report)?;
    let per_minute = keys.per_minute.unwrap_or(60);
    if !PER_MINUTE.contains(&per_minute) {
        let what = format!("{per_minute} mails a minute are not between 1 and 600");
        desk.refuse(
            &item,
            &Path::default().key("per_minute"),
            what,
            "what must wait is told later, not lost",
        );
    }
    let inner = Path::default().key("channel");
    let known = desk.ears.clone();
    match config.channels.iter().find(|c| c.name == keys.channel) {
        Some(channel) if channel.channel.relay().is_some() => {}
        Some(channel) => {
            let what =
                format!("the channel `{}` is of type {}, which sends no mails", channel.name, channel.kind);
            desk.refuse(&item, &inner, what, "name a channel of type `email`");
        }
        // A channel that is named and cannot be used is told where it stands.
        None if known.is_none_or(|known| known.contains(&keys.channel)) => {}
        None => {
            let names: Vec<&str> = config.channels.iter().map(|c| c.name.as_str()).collect();
            let hint = words::did_you_mean(&keys.channel, &names);
            desk.refuse(&item, &inner, format!("there is no channel `{}`", keys.channel), hint);
        }
    }
    if config.service.public_url.is_none() {
        let what = "links in mails need to know where people reach the pages";
        desk.refuse(&item, &Path::default(), what, "write `service: { public_url: https://… }`");
    }
    Some(Subscriptions { channel: keys.channel, per_minute })
}

//! The story as a Discord message: a line that phones show, and an embed, within Discord's limits.

use serde_json::{Value, json};

use crate::request::with;
use crate::text::{Markup, Story, backslashed, bare_address, joined, one_line, unfenced, unlinked};
use crate::{Notification, NotificationKind, picture};

/// Bytes of an embed's description: Discord takes 4,096 characters there and 6,000 in all embeds of a message
/// (docs.discord.com, "Embed Limits").
const DESCRIPTION: usize = 4000;
/// Name of the picture's file; the embed refers to it.
pub(super) const PICTURE: &str = "hours.png";
/// Characters that Discord takes as the name of a forum post: 100.
const POST_NAME: usize = 100;

const DISCORD: Markup = Markup {
    // `>`, `#` and `-` mean something at the start of a line only, and no line starts with foreign text.
    escaped: |text| backslashed(&unlinked(text), "*_~`|[]<"),
    code: unfenced,
    strong: ("**", "**"),
    item: "• ",
    fence: ("```\n", "\n```"),
    link: |url, words| format!("[{words}]({})", bare_address(url)),
};

/// The message and its picture. It mentions nobody, whatever stands in it.
pub(super) fn of(n: &Notification) -> (Value, Option<Vec<u8>>) {
    let story = Story::of(n);
    let shown = picture::shown_first(n);
    let link = story.link.iter().map(|l| (DISCORD.link)(l, "Open the incident"));
    let under = shown.iter().map(|s| (DISCORD.escaped)(&s.words()));
    let tail = link.chain(under).collect::<Vec<_>>().join("\n");
    let pieces = DISCORD.pieces(&story.pieces, DESCRIPTION.saturating_sub(tail.len() + 2));
    let description = joined([pieces, tail]);
    let mut embed = json!({
        "description": description,
        "color": colour(n.kind),
        "footer": {"text": story.footer},
    });
    let mut attachments = Vec::new();
    if let Some(shown) = &shown {
        embed = with(embed, "image", json!({"url": format!("attachment://{PICTURE}")}));
        attachments.push(json!({"id": 0, "filename": PICTURE, "description": shown.words()}));
    }
    let body = json!({
        "content": DISCORD.headline(&story),
        "embeds": [embed],
        "allowed_mentions": {"parse": []},
        // In a rewritten message: this picture instead of the one before.
        "attachments": attachments,
    });
    (body, shown.and_then(|s| s.png()))
}

/// What a forum shows in its list.
pub(super) fn post_name(story: &Story) -> String {
    one_line(&format!("{} {}", story.mark, story.title), POST_NAME)
}

fn colour(kind: NotificationKind) -> u32 {
    match kind {
        NotificationKind::Opened => 0x00c2_330f,
        NotificationKind::Update | NotificationKind::Reminder => 0x00e0_a100,
        NotificationKind::Acknowledged | NotificationKind::Test => 0x008a_8a8a,
        NotificationKind::Resolved => 0x000a_7d8c,
    }
}

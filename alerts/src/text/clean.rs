//! Makes foreign text harmless: no control characters, no hidden direction marks, no mentions, no end.

use sha2::{Digest, Sha256};

/// Foreign text as one line of at most `most` bytes: control sequences, line ends and runs of blanks become one
/// blank, invisible and direction-changing characters go, mentions of whole rooms are defused.
pub fn one_line(text: &str, most: usize) -> String {
    // What is cut away need not be cleaned: a message can hold megabytes.
    let head = cut(text, most.saturating_mul(8));
    let mut out = String::new();
    for word in bare(head).split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    shortened(&defused(&out), most, head.len() < text.len())
}

/// The last lines of foreign text, oldest first, and how many before them were left out.
pub(crate) fn last_lines(texts: &[String], most_lines: usize, most_bytes: usize) -> (Vec<String>, usize) {
    let all = || texts.iter().flat_map(|t| t.lines()).filter(|l| !l.trim().is_empty());
    let (mut kept, mut left) = (Vec::new(), most_bytes);
    for line in all().rev().take(most_lines) {
        // A progress bar rewrites its line: the last state counts.
        let line = line.trim_end().rsplit('\r').next().unwrap_or_default();
        let head = cut(line, 1600);
        let line = shortened(&defused(bare(head).trim_end()), 200, head.len() < line.len());
        if line.len() > left {
            break;
        }
        left -= line.len();
        kept.push(line);
    }
    kept.reverse();
    let left_out = all().count().saturating_sub(kept.len());
    (kept, left_out)
}

/// At most `most` bytes of `text`, whole characters only.
fn cut(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default()
}

/// Text of our own with its line ends, at most `most` bytes of it.
pub(crate) fn at_most(text: &str, most: usize) -> String {
    shortened(text, most, false)
}

/// A name that every service takes as a key: letters, digits and `-._/:` as they are, everything else in hex, at most
/// `most` bytes. The same text gives the same key; what is too long keeps its beginning and a mark of the whole.
pub(crate) fn key(text: &str, most: usize) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._/:".contains(&b);
    let spelled = |b: u8| if plain(b) { char::from(b).to_string() } else { format!("={b:02x}") };
    let key: String = text.bytes().map(spelled).collect();
    if key.len() <= most {
        return if key.is_empty() { "-".to_owned() } else { key };
    }
    let mark: String = Sha256::digest(text).iter().take(8).map(|b| format!("{b:02x}")).collect();
    format!("{}~{mark}", cut(&key, most.saturating_sub(17)))
}

fn shortened(text: &str, most: usize, already_cut: bool) -> String {
    if text.len() <= most && !already_cut {
        return text.to_owned();
    }
    format!("{}…", cut(text, most.saturating_sub('…'.len_utf8())).trim_end())
}

/// Without terminal control sequences, control characters (tabs become blanks) and invisible characters.
fn bare(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' if chars.next_if_eq(&'[').is_some() => {
                while chars.next().is_some_and(|c| !('\u{40}'..='\u{7e}').contains(&c)) {}
            }
            '\u{1b}' => {}
            '\t' | '\n' | '\r' => out.push(' '),
            c if c.is_control() || invisible(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// Direction marks and overrides, zero-width characters, tags: they change what a reader sees without being seen.
fn invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Mentions that would wake a whole room get an invisible joint.
fn defused(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('@') {
        out.push_str(before);
        out.push('@');
        let name = after.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        if ["channel", "here", "everyone", "room", "all"].iter().any(|n| name.eq_ignore_ascii_case(n)) {
            out.push('\u{2060}');
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Foreign text in which no chat finds an address, a mention, a hashtag or a command: those get an invisible joint.
/// Names of hosts are left alone: they must be there to be copied, and a chat that makes a link of one shows where
/// it leads.
pub(crate) fn unlinked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let named = rest.peek().is_some_and(|n| n.is_alphanumeric() || matches!(n, '_' | '*' | '-'));
        let word_before = before.is_some_and(char::is_alphanumeric);
        match c {
            // Between scheme and colon: some chats take anything behind `://` for a host.
            ':' if rest.peek() == Some(&'/') => out.extend(['\u{2060}', ':']),
            '@' | '#' if named => out.extend([c, '\u{2060}']),
            '/' if named && !word_before && before != Some('/') => out.extend([c, '\u{2060}']),
            '.' if word_before && out.to_ascii_lowercase().ends_with("www") => out.extend(['\u{2060}', '.']),
            c => out.push(c),
        }
        before = Some(c);
    }
    out
}

/// Foreign lines that cannot end the ``` around them.
pub(crate) fn unfenced(line: &str) -> String {
    line.replace("``", "`\u{2060}`")
}

/// For Markdown that knows the backslash: `signs` and the backslash itself are taken literally.
pub(crate) fn backslashed(text: &str, signs: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\\' || signs.contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// For HTML text and attributes.
pub(crate) fn html_escaped(text: &str) -> String {
    replaced(text, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        _ => None,
    })
}

/// For Slack's mrkdwn outside code: its three characters, and the signs that start formatting become look-alikes.
pub(crate) fn mrkdwn_escaped(text: &str) -> String {
    replaced(text, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '`' => Some("\u{2cb}"),
        '*' => Some("\u{2217}"),
        '~' => Some("\u{223c}"),
        _ => None,
    })
}

fn replaced(text: &str, by: impl Fn(char) -> Option<&'static str>) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match by(c) {
            Some(text) => out.push_str(text),
            None => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_becomes_one_harmless_line() {
        for (text, expected) in [
            ("a\n\t b\r\nc", "a b c"),
            ("\u{1b}[31mred\u{1b}[0m \u{7}bell\u{0}", "red bell"),
            ("user\u{202e}gnp.exe\u{200b}", "usergnp.exe"),
            ("hey @channel: @Here me@hereford.org", "hey @\u{2060}channel: @\u{2060}Here me@hereford.org"),
            ("שלום עולם", "שלום עולם"),
            ("\u{1b}", ""),
            ("", ""),
        ] {
            assert_eq!(one_line(text, 200), expected, "{text:?}");
        }
    }

    #[test]
    fn long_text_is_cut_at_a_whole_character_and_shows_it() {
        let line = one_line(&"ü".repeat(1_000_000), 10);
        assert_eq!(line, "üüü…");
        assert_eq!(one_line(&format!("{}x", " ".repeat(500)), 10), "…");
    }

    #[test]
    fn a_key_is_the_same_each_time_and_short() {
        for (text, most, expected) in [
            ("hub-20240503", 30, "hub-20240503"),
            ("a b/ü", 30, "a=20b/=c3=bc"),
            ("", 30, "-"),
            ("a-very-long-incident-name", 20, "a-v~a7a4723dccb40565"),
        ] {
            assert_eq!(key(text, most), expected);
        }
        assert_ne!(key(&"a".repeat(90), 20), key(&"a".repeat(91), 20));
    }

    #[test]
    fn the_last_lines_are_kept_and_the_others_counted() {
        let texts: Vec<String> = vec!["one\ntwo\n\n".into(), "10 %\r50 %\r100 %\r".into(), "four".into()];
        assert_eq!(last_lines(&texts, 2, 1000), (vec!["100 %".into(), "four".into()], 2));
        assert_eq!(last_lines(&texts, 9, 9), (vec!["100 %".into(), "four".into()], 2));
        assert_eq!(last_lines(&[], 9, 9), (vec![], 0));
    }

    #[test]
    fn nothing_foreign_is_an_address_a_mention_a_tag_or_a_command() {
        for (text, expected) in [
            ("see https://x.example/a:b", "see https\u{2060}://x.example/a:b"),
            ("WWW.x.example", "WWW\u{2060}.x.example"),
            ("@ada a@b.example @**all**", "@\u{2060}ada a@\u{2060}b.example @\u{2060}**all**"),
            ("#12 #**general** # 3", "#\u{2060}12 #\u{2060}**general** # 3"),
            ("/start at 0/12 of a/b in /hub/x", "/\u{2060}start at 0/12 of a/b in /\u{2060}hub/x"),
            ("at 12:30, 1.5 GiB, node1.example.org", "at 12:30, 1.5 GiB, node1.example.org"),
        ] {
            assert_eq!(unlinked(text), expected);
        }
        assert!(!unfenced("a ``````` b").contains("```"));
        assert_eq!(backslashed(r"a\*b_c", "*_"), r"a\\\*b\_c");
    }

    #[test]
    fn markup_of_each_service_is_escaped() {
        assert_eq!(html_escaped("<b a='1'>&\""), "&lt;b a=&#39;1&#39;&gt;&amp;&quot;");
        assert_eq!(mrkdwn_escaped("<!channel> *a* `b` & ~c~"), "&lt;!channel&gt; ∗a∗ ˋbˋ &amp; ∼c∼");
    }
}

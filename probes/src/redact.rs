//! Keeps secrets out of everything that leaves a run: known secrets by value, tokens in URLs by shape.

/// Lines kept as evidence, and characters kept of each: enough for a stack's last words, bounded for floods.
pub(crate) const EVIDENCE_LINES: usize = 40;
pub(crate) const EVIDENCE_CHARS: usize = 400;

const MASK: &str = "‹secret›";
/// Query keys whose values are secrets wherever they occur.
const SECRET_KEYS: [&str; 4] = ["token=", "build_token=", "access_token=", "password="];

/// The secrets that a run was told of.
#[derive(Default)]
pub(crate) struct Redactor {
    secrets: Vec<String>,
}

impl Redactor {
    /// Adds a value that must never be seen. Short values are left out: masking them would garble the text.
    pub(crate) fn hide(&mut self, secret: &str) {
        if secret.len() >= 4 && !self.secrets.iter().any(|s| s == secret) {
            self.secrets.push(secret.to_owned());
        }
    }

    /// Whether a line can stay as it is, told at little cost: thousands of streams send lines all the time.
    fn is_harmless(&self, line: &str) -> bool {
        line.len() <= EVIDENCE_CHARS
            && line.bytes().all(|b| (b' '..0x7f).contains(&b) && b != b'=')
            && !self.secrets.iter().any(|s| line.contains(s.as_str()))
    }

    /// One line of text, without secrets and control characters, cut to a bounded length.
    pub(crate) fn clean(&self, text: &str) -> String {
        let text = text.trim();
        if self.is_harmless(text) {
            return text.to_owned();
        }
        let mut line: String = text.chars().take(EVIDENCE_CHARS * 4).collect();
        for secret in &self.secrets {
            if line.contains(secret.as_str()) {
                line = line.replace(secret.as_str(), MASK);
            }
        }
        line = mask_query_values(&line);
        let mut kept: String =
            line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(EVIDENCE_CHARS).collect();
        if line.chars().count() > EVIDENCE_CHARS {
            kept.push('…');
        }
        kept
    }
}

/// One line of text that came from somebody else, without these secrets, tokens in URLs and control characters, and of
/// bounded length.
pub fn cleaned(text: &str, secrets: &[&str]) -> String {
    let mut redactor = Redactor::default();
    secrets.iter().for_each(|secret| redactor.hide(secret));
    redactor.clean(text)
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} secrets)", self.secrets.len())
    }
}

/// Replaces the value after `token=` and its kin by a mask.
pub(crate) fn mask_query_values(text: &str) -> String {
    let mut out = text.to_owned();
    for key in SECRET_KEYS {
        let mut from = 0;
        while let Some(at) = out.get(from..).and_then(|rest| rest.find(key)) {
            let start = from + at + key.len();
            let end = out
                .get(start..)
                .and_then(|rest| rest.find(['&', ' ', '"', '\'', ')', '#']))
                .map_or(out.len(), |n| start + n);
            out.replace_range(start..end, MASK);
            from = start + MASK.len();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_secret_is_masked_wherever_it_stands() {
        let mut r = Redactor::default();
        r.hide("QfrPjlgrR3qkNPKd9EiS9A");
        assert_eq!(r.clean("x QfrPjlgrR3qkNPKd9EiS9A y"), format!("x {MASK} y"));
    }

    #[test]
    fn tokens_in_urls_are_masked_by_shape() {
        let r = Redactor::default();
        let seen = r.clean("GET http://h/user/x/?token=abc&x=1 build_token=zzz");
        assert!(!seen.contains("abc") && !seen.contains("zzz"), "{seen}");
        assert!(seen.contains("x=1"));
    }

    #[test]
    fn a_flood_is_cut_and_control_characters_are_gone() {
        let r = Redactor::default();
        let seen = r.clean(&format!("a\u{1b}[31m{}", "x".repeat(10_000)));
        assert!(seen.chars().count() <= EVIDENCE_CHARS + 1);
        assert!(!seen.contains('\u{1b}'));
    }
}

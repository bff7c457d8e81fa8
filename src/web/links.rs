//! Names in addresses: written so that any of them is one segment of a path.

/// Text as one segment of a path or one value of a query.
pub(super) fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b':' => {
                out.push(byte.into());
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    // A path of dots would lead somewhere else.
    if out.bytes().all(|b| b == b'.') { out.replace('.', "%2E") } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_is_one_segment() {
        for (name, expected) in [
            ("hub-1", "hub-1"),
            ("a b", "a%20b"),
            ("a/../b?c#d%", "a%2F..%2Fb%3Fc%23d%25"),
            ("..", "%2E%2E"),
            ("ä\"<", "%C3%A4%22%3C"),
        ] {
            assert_eq!(segment(name), expected);
        }
    }
}

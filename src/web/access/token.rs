//! The token of this machine: whoever can read the state directory may command.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// The token that commands need. Only its digest is kept: comparing digests takes the same time whatever was sent.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl Token {
    /// The token with this text.
    pub fn new(text: &SecretString) -> Self {
        Self(Sha256::digest(text.expose_secret()).into())
    }

    pub(super) fn is(&self, text: &str) -> bool {
        let theirs: [u8; 32] = Sha256::digest(text).into();
        same(&self.0, &theirs)
    }
}

/// Whether two texts are the same: all bytes are looked at, whichever differs first.
pub(super) fn same(ours: &[u8], theirs: &[u8]) -> bool {
    let differs = ours.iter().zip(theirs).fold(0, |differs, (ours, theirs)| differs | (ours ^ theirs));
    differs == 0 && ours.len() == theirs.len()
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_token_opens_the_door() {
        let token = Token::new(&"correct-horse".to_owned().into());
        for (text, expected) in
            [("correct-horse", true), ("correct-hors", false), ("correct-horsf", false), ("", false)]
        {
            assert_eq!(token.is(text), expected, "{text}");
        }
        assert_eq!(format!("{token:?}"), "Token");
    }
}

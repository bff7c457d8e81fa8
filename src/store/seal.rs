//! Seals what a launch owes and whom we write to, so that neither lies in the store in clear (ChaCha20-Poly1305), and
//! signs links (HMAC).

use std::path::Path;

use launchwatch_probes::CleanUp;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};

use super::{Error, files};

/// What seals things in the store: 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SealKey(pub(super) [u8; 32]);

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey")
    }
}

impl SealKey {
    /// The key that a text stands for: 64 hexadecimal digits are the key itself, any other text of 32 characters or
    /// more is hashed. `None` if it is shorter.
    pub fn of(text: &SecretString) -> Option<Self> {
        let text = text.expose_secret().trim();
        if text.len() < 32 {
            return None;
        }
        let digits = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let bytes = || (0..32).map(|at| u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()).collect();
        let exact: Option<Vec<u8>> = if digits { bytes() } else { None };
        let exact = exact.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        Some(Self(exact.unwrap_or_else(|| {
            let hashed =
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"launchwatch: seal"), text.as_bytes());
            let mut key = [0; 32];
            key.iter_mut().zip(hashed.as_ref()).for_each(|(to, from)| *to = *from);
            key
        })))
    }

    /// The key in the file `key` of a folder, made (both, for nobody else to read) if it is not there.
    ///
    /// # Errors
    /// If the file cannot be read or written, or has another length.
    pub fn in_folder(folder: &Path) -> Result<Self, Error> {
        files::folder(folder)?;
        files::key(folder, Seal::new_key).map(Self)
    }

    /// Leaves the key in a folder, where another service will look for it.
    ///
    /// # Errors
    /// [`Error::OtherKey`] if there is another one already.
    pub fn put(&self, folder: &Path) -> Result<(), Error> {
        files::folder(folder)?;
        let there = files::key(folder, || Some(self.0))?;
        if there == self.0 { Ok(()) } else { Err(Error::OtherKey) }
    }
}

/// Seals and unseals with one key. The id of the debt is sealed with it: a seal moved to another debt does not open.
pub(super) struct Seal {
    key: LessSafeKey,
    /// Signs what must be known again. Made of the key, so that neither use tells of the other.
    signer: hmac::Key,
    random: SystemRandom,
}

impl Seal {
    pub(super) fn new(key: &[u8; 32]) -> Option<Self> {
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), b"launchwatch: signer");
        let signer = hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref());
        let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).ok()?);
        Some(Self { key, signer, random: SystemRandom::new() })
    }

    /// Random bytes for a new key.
    pub(super) fn new_key() -> Option<[u8; 32]> {
        let mut key = [0; 32];
        SystemRandom::new().fill(&mut key).ok().map(|()| key)
    }

    /// The nonce, then the sealed bytes. `None` if the system gives no random bytes.
    pub(super) fn seal(&self, id: &str, cleanup: &CleanUp) -> Option<Vec<u8>> {
        self.seal_bytes(id, serde_json::to_vec(cleanup).ok()?)
    }

    /// The same of a text.
    pub(super) fn seal_text(&self, id: &str, text: &str) -> Option<Vec<u8>> {
        self.seal_bytes(id, text.as_bytes().to_vec())
    }

    fn seal_bytes(&self, id: &str, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).ok()?;
        let unique = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(unique, Aad::from(id.as_bytes()), &mut bytes).ok()?;
        Some([&nonce[..], &bytes].concat())
    }

    /// What was sealed; `None` under another key or id, or if a bit differs.
    pub(super) fn unseal(&self, id: &str, sealed: &[u8]) -> Option<CleanUp> {
        serde_json::from_slice(&self.unseal_bytes(id, sealed)?).ok()
    }

    /// The same of a text.
    pub(super) fn unseal_text(&self, id: &str, sealed: &[u8]) -> Option<String> {
        String::from_utf8(self.unseal_bytes(id, sealed)?).ok()
    }

    /// A signature of these words, in this order; the first says what for.
    pub(super) fn sign(&self, words: &[&str]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.signer);
        for word in words {
            // With its length, so that words cannot flow into one another.
            context.update(&(word.len() as u64).to_be_bytes());
            context.update(word.as_bytes());
        }
        context.sign().as_ref().to_vec()
    }

    fn unseal_bytes(&self, id: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, bytes) = sealed.split_first_chunk::<{ NONCE_LEN }>()?;
        let mut bytes = bytes.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let clear = self.key.open_in_place(nonce, Aad::from(id.as_bytes()), &mut bytes).ok()?;
        Some(clear.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleanup() -> CleanUp {
        CleanUp::Server { url: "https://hub/user/x/".into(), token: "sesame".to_owned().into() }
    }

    #[test]
    fn only_the_same_key_and_debt_open_a_seal() {
        let (seal, other) = (Seal::new(&[1; 32]).unwrap(), Seal::new(&[2; 32]).unwrap());
        let sealed = seal.seal("a", &cleanup()).unwrap();
        let Some(CleanUp::Server { token, .. }) = seal.unseal("a", &sealed) else { panic!("does not open") };
        assert_eq!(token.expose_secret(), "sesame");
        assert!(other.unseal("a", &sealed).is_none());
        assert!(seal.unseal("b", &sealed).is_none());
        assert!(seal.unseal("a", &sealed[..sealed.len() - 1]).is_none());
        assert!(seal.unseal("a", b"short").is_none());
    }

    #[test]
    fn a_key_is_its_digits_or_made_of_a_long_text() {
        let of = |text: &str| SealKey::of(&text.to_owned().into());
        assert_eq!(of(&"0a".repeat(32)), Some(SealKey([10; 32])));
        assert_eq!(of(&format!("{}\n", "0A".repeat(32))), Some(SealKey([10; 32])));
        let (long, other) = (of(&"a long sentence ".repeat(3)), of(&"a long sentence ".repeat(4)));
        assert!(long.is_some() && long != other && long == of(&"a long sentence ".repeat(3)));
        assert_eq!(of("short"), None);
        assert_eq!(format!("{:?}", long.unwrap()), "SealKey");
    }

    #[test]
    fn nothing_of_the_secret_shows() {
        let sealed = Seal::new(&[1; 32]).unwrap().seal("a", &cleanup()).unwrap();
        assert!(!sealed.windows(6).any(|w| w == b"sesame" || w == b"https:"));
    }
}

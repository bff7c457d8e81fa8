//! The token of commands: made anew at each start, kept where only the same user of this machine can read it.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};

/// Where the token of a service with this state directory is.
pub(super) fn token_file(state: &Path) -> PathBuf {
    state.join("command.token")
}

/// Where the address of a service with this state directory is.
pub(super) fn address_file(state: &Path) -> PathBuf {
    state.join("command.url")
}

/// Makes a token and writes it to a file that only its owner can read, in place of what is there.
pub(super) fn fresh(file: &Path) -> anyhow::Result<SecretString> {
    let mut bytes = [0_u8; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| anyhow::anyhow!("the system gives no random bytes"))?;
    let token: SecretString = bytes.iter().map(|b| format!("{b:02x}")).collect::<String>().into();
    write(file, token.expose_secret()).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(token)
}

/// Writes a short text for readers of the same user only: at once whole, never through a link that lies in the way.
pub(super) fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let beside = file.with_extension("new");
    match std::fs::remove_file(&beside) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut new = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    new.write_all(format!("{text}\n").as_bytes())?;
    drop(new);
    std::fs::rename(&beside, file)
}

/// Reads what is there.
pub(super) fn read(file: &Path) -> std::io::Result<String> {
    std::fs::read_to_string(file).map(|text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_token_is_new_each_time_and_only_its_owner_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = token_file(folder.path());
        let first = fresh(&file).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let second = fresh(&file).unwrap();
        assert_ne!(first.expose_secret(), second.expose_secret());
        assert_eq!(second.expose_secret().len(), 64);
        assert_eq!(read(&file).unwrap(), second.expose_secret());
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

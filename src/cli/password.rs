//! Makes of a password what the configuration may hold.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

use anyhow::Context;
use argon2::Argon2;
use argon2::password_hash::PasswordHasher as _;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use secrecy::{ExposeSecret, SecretString};

use super::MISCONFIGURED;

/// Fewest and most bytes of a password.
const LENGTH: std::ops::RangeInclusive<usize> = 8..=1024;

/// Asks for a password, twice on a terminal and once otherwise, and prints what stands for it.
pub(super) fn run() -> anyhow::Result<ExitCode> {
    let password = if std::io::stdin().is_terminal() {
        let first = hidden("Password: ")?;
        if first.expose_secret() != hidden("Once more: ")?.expose_secret() {
            eprintln!("launchwatch: the two are not the same");
            return Ok(ExitCode::from(MISCONFIGURED));
        }
        first
    } else {
        line()?
    };
    if !LENGTH.contains(&password.expose_secret().len()) {
        eprintln!("launchwatch: a password has {} to {} bytes", LENGTH.start(), LENGTH.end());
        return Ok(ExitCode::from(MISCONFIGURED));
    }
    println!("{}", phc(&password)?);
    Ok(ExitCode::SUCCESS)
}

/// The PHC string of a password, with a salt of its own.
fn phc(password: &SecretString) -> anyhow::Result<String> {
    let hash = Argon2::default().hash_password(password.expose_secret().as_bytes());
    Ok(hash.map_err(|e| anyhow::anyhow!("cannot hash the password: {e}"))?.to_string())
}

fn line() -> anyhow::Result<SecretString> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("cannot read the password")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned().into())
}

/// A line that the terminal does not show.
fn hidden(prompt: &str) -> anyhow::Result<SecretString> {
    eprint!("{prompt}");
    std::io::stderr().flush()?;
    let stdin = std::io::stdin();
    let before = tcgetattr(&stdin).context("cannot ask the terminal")?;
    let mut quiet = before.clone();
    quiet.local_modes.remove(LocalModes::ECHO);
    quiet.local_modes.insert(LocalModes::ECHONL);
    tcsetattr(&stdin, OptionalActions::Flush, &quiet).context("cannot quiet the terminal")?;
    let line = line();
    tcsetattr(&stdin, OptionalActions::Flush, &before).context("cannot wake the terminal")?;
    line
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::PasswordVerifier as _;
    use argon2::password_hash::phc::PasswordHash;

    use super::*;

    #[test]
    fn what_stands_for_a_password_opens_with_it_alone_and_is_new_each_time() {
        let password: SecretString = "correct horse".to_owned().into();
        let (one, two) = (phc(&password).unwrap(), phc(&password).unwrap());
        assert_ne!(one, two);
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        let hash = PasswordHash::new(&one).unwrap();
        assert!(Argon2::default().verify_password(b"correct horse", &hash).is_ok());
        assert!(Argon2::default().verify_password(b"correct hors", &hash).is_err());
    }
}

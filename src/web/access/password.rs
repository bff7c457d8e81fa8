//! Passwords: looked at with the same work whether the name is known or not, a few at once.

use std::sync::Arc;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use secrecy::{ExposeSecret, SecretString};

use super::Role;
use super::keeper::Keeper;

/// Longest wait until others' passwords have been looked at.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest name and longest password, in bytes.
const NAME: usize = 80;
const PASSWORD: usize = 1_024;

/// Too many sign in at once.
pub(super) struct Busy;

/// The person with this name and password, and what they may do.
pub(super) async fn person(
    keeper: &Keeper,
    name: &str,
    password: SecretString,
) -> Result<Option<(String, Role)>, Busy> {
    let user = keeper.passwords.iter().find(|user| user.name == name && name.len() <= NAME);
    // For a name that nobody has, somebody's password is looked at all the same: how long it takes tells nothing.
    let Some(hash) = user.or(keeper.passwords.first()).map(|user| user.hash.clone()) else { return Ok(None) };
    let permit = tokio::time::timeout(PATIENCE, Arc::clone(&keeper.hashing).acquire_owned());
    let Ok(Ok(permit)) = permit.await else { return Err(Busy) };
    let looked = tokio::task::spawn_blocking(move || {
        let good = is(&hash, &password);
        drop(permit);
        good
    });
    let good = looked.await.unwrap_or(false);
    Ok(user.filter(|_| good).map(|user| (user.name.clone(), user.role)))
}

fn is(hash: &SecretString, password: &SecretString) -> bool {
    let password = password.expose_secret();
    let Ok(hash) = PasswordHash::new(hash.expose_secret()) else { return false };
    password.len() <= PASSWORD && Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
}

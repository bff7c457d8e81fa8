//! The loader as a whole: fixtures and what is said about them, places, and files that nobody would write.

mod built_in;
mod database;
mod exports;
mod glance;
mod kinds;
mod locations;
mod pages;
mod places;
mod random;
mod renamed;
mod rules;
mod said;
mod settled;
mod subscriptions;

use super::problem::Problem;
use super::secret::Vault;
use super::source::Source;
use super::{Config, judge};

/// The environment of every test.
fn environment(name: &str) -> Option<String> {
    match name {
        "CHAT_WEBHOOK" => Some("https://chat.example.org/hook/s3cr3t".to_owned()),
        "DEAD_MAN" => Some("https://dead.example.org/s3cr3t".to_owned()),
        "DATABASE" => Some("postgres://me:s3cr3t@db.example.org/watch?sslmode=verify-full".to_owned()),
        "SEAL" => Some("s3cr3t".repeat(8)),
        "WEB_TOKEN" => Some("t0k3n".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

/// Judges a text as if it stood in a file.
fn judged(text: &str) -> (Option<Config>, Vec<Problem>) {
    let sources = [Source { name: "config.yaml".to_owned(), text: text.to_owned() }];
    judge(&sources, kinds::REGISTRIES, Vault { env: &environment, base: std::path::Path::new("/nowhere") })
}

//! `launchwatch store`: everything that is kept, from one place to another.

use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use secrecy::SecretString;

use super::{WithConfig, database, world};
use crate::config::Service;
use crate::store::{Either, PgOptions, PgStore, SealKey, copy};

#[derive(Subcommand)]
pub(super) enum Do {
    /// Copy everything that is kept into an empty store. The service must not run meanwhile. A copy that was interrupted
    /// begins anew when it is asked for again.
    Copy(Arguments),
}

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    with: WithConfig,
    /// Where it is: `sqlite:FOLDER`, `postgres:env:VARIABLE` or `postgres:file:PATH` (which hold the address).
    #[arg(long)]
    from: Place,
    /// Where it goes to, in the same words.
    #[arg(long)]
    to: Place,
}

/// Where a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Folder(PathBuf),
    Variable(String),
    File(PathBuf),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("sqlite", folder)) if !folder.is_empty() => Ok(Self::Folder(folder.into())),
            Some(("postgres", place)) => {
                match place.split_once(':') {
                    Some(("env", name)) if !name.is_empty() => Ok(Self::Variable(name.into())),
                    Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
                    // Never said: it may hold a password.
                    _ => Err("the address is a secret: name an environment variable or a file that holds it"
                        .into()),
                }
            }
            _ => Err("write `sqlite:FOLDER`, `postgres:env:VARIABLE` or `postgres:file:PATH`".into()),
        }
    }
}

impl Place {
    fn address(&self) -> anyhow::Result<SecretString> {
        let text = match self {
            Self::Folder(folder) => bail!("{} is a folder", folder.display()),
            Self::Variable(name) => {
                world::env(name).with_context(|| format!("the environment variable {name} is not set"))?
            }
            Self::File(path) => {
                std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?
            }
        };
        Ok(text.trim().to_owned().into())
    }

    async fn open(&self, service: &Service, key: SealKey) -> anyhow::Result<Either> {
        if let Self::Folder(folder) = self {
            let store = database::folder_with(folder, service, &key);
            return Ok(Either::Sqlite(store.with_context(|| format!("cannot open {}", folder.display()))?));
        }
        let options = PgOptions { retention: service.retention, key, ca_file: service.ca_file.clone() };
        let store = PgStore::open(&self.address()?, options).await;
        Ok(Either::Pg(store.context("cannot open the database")?))
    }
}

pub(super) async fn run(what: &Do) -> anyhow::Result<ExitCode> {
    let Do::Copy(arguments) = what;
    let config = match world::configuration(&arguments.with.config) {
        Ok(config) => config,
        Err(code) => return Ok(code),
    };
    let service = &config.service;
    // What is sealed stays as it is, so both go by the key of the first.
    let home = match &arguments.from {
        Place::Folder(folder) => folder,
        _ => &service.state,
    };
    let key = database::key(service, home).context("cannot read what seals secrets in the store")?;
    if let (Place::Folder(folder), None) = (&arguments.to, &service.seal) {
        key.put(folder).with_context(|| format!("cannot leave the key in {}", folder.display()))?;
    }
    let (from, to) = (arguments.from.open(service, key).await?, arguments.to.open(service, key).await?);
    for (table, rows) in copy(&from, &to).await? {
        println!("{table:14} {rows:>10}");
    }
    if service.seal.is_none() && !matches!(arguments.to, Place::Folder(_)) {
        println!(
            "What is sealed in it opens with the file {}: every replica needs it in its `service.state`, or as 64 hexadecimal digits in `service.seal`.",
            home.join("key").display()
        );
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_folders_and_secrets_never_addresses() {
        assert_eq!("sqlite:/var/lib/x".parse(), Ok(Place::Folder("/var/lib/x".into())));
        assert_eq!("postgres:env:STORE".parse(), Ok(Place::Variable("STORE".into())));
        assert_eq!("postgres:file:/run/x".parse(), Ok(Place::File("/run/x".into())));
        for wrong in ["", "x", "sqlite:", "postgres://me:s3cr3t@db/x", "postgres:env:"] {
            let told = wrong.parse::<Place>().unwrap_err();
            assert!(!told.contains("s3cr3t"), "{told}");
        }
    }
}

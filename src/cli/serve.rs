//! Runs the service.

mod replicas;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use secrecy::SecretString;
use tokio::net::TcpListener;

use super::{FAILED, client, database, token, world};
use crate::app::App;
use crate::config::Service;
use crate::store::{Error, SqliteStore};
use crate::tasks::Tasks;

pub(super) async fn run(path: &Path) -> anyhow::Result<ExitCode> {
    let config = match world::configuration(path) {
        Ok(config) => config,
        Err(code) => return Ok(code),
    };
    let service = config.service.clone();
    let edges = world::edges(service.ca_file.as_deref())?;
    if let Some(store) = database::database(&service, &edges.clock).await? {
        replicas::run(path, &service, edges, store).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let (store, unwritable) = store(&service).await?;
    let clock = edges.clock.clone();
    let store = store.with_clock(move || clock.now());
    let listener = TcpListener::bind(service.listen)
        .await
        .with_context(|| format!("cannot listen on {}", service.listen))?;
    let address = listener.local_addr()?;
    tracing::info!("pages and metrics at http://{address}/");
    let app = App::build(config, edges, Arc::new(store), Some(listener))?;
    let app = match unwritable {
        Some(why) => app.without_memory(why),
        None => app.with_token(&local_token(&service, address)?),
    };
    let file = path.to_owned();
    let app = app.with_reload(Arc::new(move || world::channels(&file)));
    stop_on_signal(&app.tasks());
    app.run().await?;
    Ok(ExitCode::SUCCESS)
}

/// Whoever can read the state directory may command: `launchwatch ack` works with nothing set up.
fn local_token(service: &Service, address: SocketAddr) -> anyhow::Result<SecretString> {
    std::fs::create_dir_all(&service.state)
        .with_context(|| format!("cannot make the state folder {}", service.state.display()))?;
    let token = token::fresh(&token::token_file(&service.state))?;
    let near = client::near(address)?;
    token::write(&token::address_file(&service.state), near.as_str())
        .context("cannot write down where we listen")?;
    Ok(token)
}

/// The store. Where its folder may not be written to, one in memory and why: to watch and tell without a memory is
/// better than not to watch.
async fn store(service: &Service) -> anyhow::Result<(SqliteStore, Option<String>)> {
    let error = match database::folder(service, &service.state).await {
        Ok(store) => return Ok((store, None)),
        Err(error) => error,
    };
    let refused =
        |e: &std::io::Error| matches!(e.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem);
    if !matches!(&error, Error::File { source, .. } if refused(source)) {
        return Err(error).with_context(|| format!("cannot open the store in {}", service.state.display()));
    }
    let why =
        format!("nothing can be written to the state folder ({error}), so nothing outlives this process");
    tracing::error!("{why}; mend its rights and start again");
    let store = SqliteStore::in_memory(service.retention).context("cannot keep anything in memory either")?;
    Ok((store, Some(why)))
}

/// The first signal drains, the second ends the process at once: launches under way are then cleaned up at the next
/// start.
pub(super) fn stop_on_signal(tasks: &Tasks) {
    let stopped = tasks.clone();
    tasks.spawn_detached(async move {
        world::asked_to_stop().await;
        stopped.stop();
        world::asked_to_stop().await;
        tracing::warn!("stopped at once; launches under way are cleaned up at the next start");
        std::process::exit(i32::from(FAILED));
    });
}

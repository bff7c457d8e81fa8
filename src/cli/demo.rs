//! The demo from the command line.

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use launchwatch_probes::Net;
use launchwatch_probes::net::real::{NetSettings, RealNet};

use super::{serve, token, world};
use crate::demo;

#[derive(Args)]
pub(super) struct Arguments {
    /// Where the pages are.
    #[arg(long, default_value = "127.0.0.1:8480")]
    listen: SocketAddr,
    /// Where the built-in hub listens.
    #[arg(long, default_value = "127.0.0.1:8481")]
    hub: SocketAddr,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Switch a fault of the running demo on (`none` switches it off).
    Fault {
        /// Name of the fault, as on the demo's page.
        name: String,
    },
}

pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if let Some(Command::Fault { name }) = &arguments.command {
        return switch(arguments.listen, name).await;
    }
    let edges = world::edges(None)?;
    let file = std::env::temp_dir().join(format!("launchwatch-demo-{}.token", arguments.listen.port()));
    let app = demo::build(edges, arguments.listen, arguments.hub).await?.with_token(&token::fresh(&file)?);
    println!("launchwatch demo");
    println!("  pages        http://{}/   (switch faults at the end of the page)", arguments.listen);
    println!("  built-in hub http://{}/", arguments.hub);
    println!("  break it     launchwatch demo fault hub-down");
    println!("  mend it      launchwatch demo fault none");
    println!("  answer it    launchwatch incidents, ack, silence, … after");
    println!(
        "               export LAUNCHWATCH_URL=http://{}/ LAUNCHWATCH_TOKEN_FILE={}",
        arguments.listen,
        file.display()
    );
    println!("Ctrl-C ends it.");
    serve::stop_on_signal(&app.tasks());
    let ended = app.run().await;
    drop(std::fs::remove_file(&file));
    ended?;
    Ok(ExitCode::SUCCESS)
}

async fn switch(listen: SocketAddr, name: &str) -> anyhow::Result<ExitCode> {
    let request = http::Request::post(format!("http://{listen}/demo/fault"))
        .header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(format!("fault={name}").into())?;
    let net = RealNet::new(NetSettings { ignore_proxies: true, ..NetSettings::default() })?;
    let no_demo = || format!("no demo answers at {listen}; start it with `launchwatch demo`");
    let answer = net.send(request).await.with_context(no_demo)?;
    if answer.status.is_redirection() {
        println!("the demo's hub now has the fault `{name}`");
        return Ok(ExitCode::SUCCESS);
    }
    let said = answer.read(4096).await?;
    anyhow::bail!("{}", String::from_utf8_lossy(&said).trim_end());
}

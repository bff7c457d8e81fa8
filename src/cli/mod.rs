//! The commands.
//!
//! Exit codes: 0 all well; 1 what was looked at failed, or a fault of ours; 2 the configuration or the command line
//! is wrong (also: the token); 3 a probe could not look (verdict `unknown`); 4 there is no such incident or silence;
//! 5 what was seen is not delivered, and kept for the next time.

mod ack;
mod agent;
mod backtest;
pub mod check;
mod client;
mod database;
mod demo;
mod export;
mod incidents;
pub mod init;
mod kept;
mod maintenance;
mod password;
mod probe;
pub mod reference;
mod regroup;
mod rehearse;
mod report;
mod run_once;
mod runbook;
mod serve;
mod shown;
mod silence;
mod slo;
mod stores;
mod test_alert;
mod token;
mod tokens;
mod top;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::config::Registries;

/// Prints what a command has to say: to standard output if all is well, else to standard error.
fn answer(answer: &check::Answer) -> anyhow::Result<ExitCode> {
    if answer.code == 0 {
        print!("{}", answer.text)
    } else {
        eprint!("{}", answer.text)
    }
    Ok(ExitCode::from(answer.code))
}

/// What ends a command that could not do its work.
pub(crate) const FAILED: u8 = 1;
/// The configuration or the command line is wrong.
pub(crate) const MISCONFIGURED: u8 = 2;
/// A probe could not look.
pub(crate) const UNKNOWN: u8 = 3;
/// There is no such incident or silence.
pub(crate) const NOT_THERE: u8 = 4;

#[derive(Parser)]
#[command(
    name = "launchwatch",
    version,
    about = "Launches real servers on a BinderHub or JupyterHub, and tells people when it no longer goes"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// What to log: a filter such as `info`, `debug` or `launchwatch=debug`.
    #[arg(long, global = true, env = "LAUNCHWATCH_LOG", default_value = "info")]
    log: String,
    /// Log as JSON, one object a line.
    #[arg(long, global = true)]
    log_json: bool,
}

/// Which configuration.
#[derive(Args, Clone)]
struct WithConfig {
    /// The configuration: a YAML file, or a folder of them.
    #[arg(long, short, env = "LAUNCHWATCH_CONFIG", default_value = "launchwatch.yaml")]
    config: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// Run the service: probe on schedule, record, alert, show.
    Serve(WithConfig),
    /// Run probes for a service that is elsewhere: what it asks for, from here.
    Agent(agent::Arguments),
    /// Run once what is due, and hand it to the service: for cron jobs.
    Run(run_once::Arguments),
    /// Run one probe once and show its stages live.
    Probe(probe::Arguments),
    /// Read the configuration and say everything that is wrong with it.
    Check {
        #[command(flatten)]
        with: WithConfig,
        /// Print the problems as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write a commented configuration to start from.
    Init {
        /// Where the BinderHub or JupyterHub is.
        url: String,
        /// It is a JupyterHub without BinderHub.
        #[arg(long)]
        jupyterhub: bool,
        /// What to launch on the BinderHub: `gh/owner/repository/commit`.
        #[arg(long, conflicts_with = "jupyterhub")]
        spec: Option<String>,
        /// The file to write; one that is there is never overwritten.
        #[arg(long, short, default_value = "launchwatch.yaml")]
        output: PathBuf,
    },
    /// List open incidents, or show one with all that happened to it.
    Incidents(incidents::Arguments),
    /// Watch how everything stands, live, in the terminal.
    Top(top::Arguments),
    /// Print what to do about a cause; without a label, list all runbooks.
    Runbook(runbook::Arguments),
    /// Say that you see to an incident: no reminders for a time.
    Ack(ack::Arguments),
    /// Say whose an incident is.
    Assign(incidents::Assignment),
    /// Put a remark on an incident's record.
    Comment(incidents::Remark),
    /// Say whether an incident was real or a false alarm, also after its end.
    Label(incidents::Judgement),
    /// Say that two incidents are the same trouble: one goes on with both.
    Merge(regroup::Merge),
    /// Say that some alerts of an incident are another trouble.
    Split(regroup::Split),
    /// Tell of a deployment that was made or failed (for pipelines): it stands beside the troubles it may cause.
    Deploy(regroup::Deploy),
    /// Draft the report of an incident in the form in which it is filed (Markdown), from what was recorded.
    Report(report::Arguments),
    /// Say how a month went: success, error budget, time down, by target and probe.
    Slo(slo::Arguments),
    /// Do not tell of something for a time.
    #[command(subcommand)]
    Silence(silence::Do),
    /// Announce work on something.
    #[command(subcommand)]
    Maintenance(maintenance::Do),
    /// Give programs access, and take it away.
    #[command(subcommand)]
    Token(tokens::Do),
    /// Move everything that is kept from a file to PostgreSQL, or back.
    #[command(subcommand)]
    Store(stores::Do),
    /// Make of a password what the section `access` of the configuration may hold.
    Password,
    /// Send a test message through a channel, naming the exact step that fails.
    TestAlert(test_alert::Arguments),
    /// Play recorded runs under other rules: who would have been told of what, and was it right?
    Backtest(backtest::Arguments),
    /// Write what was counted to a file, for other stores of time series.
    #[command(subcommand)]
    Export(export::Do),
    /// Play outages that were written down to the whole service, in simulated time: what would you have been told, and
    /// when?
    Rehearse(rehearse::Arguments),
    /// Watch a built-in hub on this machine, with faults you can switch on; nothing to configure.
    Demo(demo::Arguments),
    /// Print the reference of the configuration (Markdown).
    Reference {
        /// Print the JSON Schema of the file instead, for editors.
        #[arg(long)]
        json: bool,
        /// Print the description of the service's API (OpenAPI 3.1) instead.
        #[arg(long, conflicts_with = "json")]
        openapi: bool,
    },
    /// Print completions for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // A log would be drawn across the picture.
    let log = if matches!(cli.command, Command::Top(_)) { "off" } else { &cli.log };
    crate::telemetry::logs::start(log, cli.log_json);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("cannot start: {error}");
            return ExitCode::from(FAILED);
        }
    };
    let code = runtime.block_on(run(cli.command));
    // A hung name look-up must not keep the process alive.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    code
}

async fn run(command: Command) -> ExitCode {
    let result = match command {
        Command::Serve(with) => serve::run(&with.config).await,
        Command::Agent(arguments) => agent::run(&arguments).await,
        Command::Run(arguments) => run_once::run(&arguments).await,
        Command::Probe(arguments) => probe::run(&arguments).await,
        Command::Check { with, json } => {
            answer(&check::check(&with.config, Registries::BUILT_IN, &world::env, json))
        }
        Command::Init { url, jupyterhub, spec, output } => {
            let deployment = if jupyterhub {
                init::Deployment::Jupyter
            } else {
                init::Deployment::Binder(spec.as_deref())
            };
            answer(&init::init(&output, &init::Starter { url: &url, deployment }, Registries::BUILT_IN))
        }
        Command::Incidents(arguments) => incidents::run(&arguments).await,
        Command::Top(arguments) => top::run(&arguments).await,
        Command::Runbook(arguments) => runbook::run(&arguments).and_then(|said| answer(&said)),
        Command::Ack(arguments) => ack::run(&arguments).await,
        Command::Assign(said) => incidents::assign(&said).await,
        Command::Comment(said) => incidents::comment(&said).await,
        Command::Label(said) => incidents::label(&said).await,
        Command::Merge(said) => regroup::merge(&said).await,
        Command::Split(said) => regroup::split(&said).await,
        Command::Deploy(said) => regroup::deploy(&said).await,
        Command::Report(arguments) => report::run(&arguments).await,
        Command::Slo(arguments) => slo::run(&arguments).await,
        Command::Silence(what) => silence::run(&what).await,
        Command::Maintenance(what) => maintenance::run(&what).await,
        Command::Token(what) => tokens::run(&what).await,
        Command::Store(what) => stores::run(&what).await,
        Command::Password => password::run(),
        Command::TestAlert(arguments) => test_alert::run(&arguments).await,
        Command::Backtest(arguments) => backtest::run(&arguments).await,
        Command::Export(what) => export::run(&what).await,
        Command::Rehearse(arguments) => rehearse::run(arguments).await,
        Command::Demo(arguments) => demo::run(&arguments).await,
        Command::Reference { openapi: true, .. } => {
            print!("{}", crate::web::openapi(""));
            Ok(ExitCode::SUCCESS)
        }
        Command::Reference { json, .. } => answer(&reference::reference(Registries::BUILT_IN, json)),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "launchwatch", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    };
    result.unwrap_or_else(|error| {
        eprintln!("launchwatch: {error:#}");
        ExitCode::from(FAILED)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incident_is_assigned_by_two_names() {
        let read = |words: &[&str]| Cli::try_parse_from([&["launchwatch", "assign"], words].concat());
        let cli = read(&["hub", "ben", "--by", "ada"]).unwrap_or_else(|e| panic!("{e}"));
        let Command::Assign(said) = cli.command else { panic!("read as another command") };
        assert_eq!((said.id.as_str(), said.who.as_str(), said.by.as_str()), ("hub", "ben", "ada"));
        assert!(read(&["hub", "--by", "ada"]).is_err(), "to whom?");
        Cli::command().debug_assert();
    }
}

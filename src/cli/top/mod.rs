//! `launchwatch top`: how everything stands, live, in a terminal.

mod feed;
mod keys;
mod state;
#[cfg(test)]
mod tests;
mod view;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{self, Event, KeyEvent, KeyEventKind};
use tokio::sync::mpsc;
use tokio::time::Instant;

use self::feed::News;
use self::keys::Wish;
use self::state::State;
use super::FAILED;
use super::client::{Client, Failure, Reach};
use crate::clock::Clock;
use crate::tasks::{OnExit, Tasks};

/// News that wait to be shown; those who bring them wait when there are more.
const WAITING: usize = 64;
/// A key is waited for so long at a time.
const KEY: Duration = Duration::from_millis(200);
/// Ages are drawn anew this often, with nothing else to show.
const TICK: Duration = Duration::from_secs(1);
/// The size of a frame that goes into a pipe.
const PAPER: (u16, u16) = (100, 40);

#[derive(Args)]
pub(super) struct Arguments {
    /// Print one frame as text and end; works without a terminal.
    #[arg(long)]
    once: bool,
    /// Only targets and probes in whose name this occurs.
    #[arg(long, default_value = "")]
    filter: String,
    #[command(flatten)]
    reach: Reach,
}

pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let client = match arguments.reach.client() {
        Ok(client) => Arc::new(client),
        Err(failure) => return Ok(failure.told()),
    };
    let mut state = State::new(client.root().to_owned());
    state.filter.clone_from(&arguments.filter);
    state.colours = std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
    if arguments.once {
        return super::client::ended(once(&client, &mut state, arguments.reach.json).await);
    }
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        eprintln!("launchwatch: this is not a terminal: `launchwatch top --once` prints one frame");
        return Ok(ExitCode::from(super::MISCONFIGURED));
    }
    live(client, state).await
}

/// One frame, as text.
async fn once(client: &Client, state: &mut State, json: bool) -> Result<(), Failure> {
    let status = client.get(&["status"], &[]).await?;
    let incidents = client.get(&["incidents"], &[("state", "open")]).await?;
    if json {
        super::shown::json(&serde_json::json!({ "status": status, "incidents": incidents }));
        return Ok(());
    }
    state.take(News::Status { status, incidents });
    let width = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).unwrap_or(PAPER.0);
    print!("{}", frame(state, (width.clamp(60, 400), PAPER.1), Clock::system().now()));
    Ok(())
}

/// A frame as lines of text.
fn frame(state: &mut State, (width, height): (u16, u16), now: jiff::Timestamp) -> String {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(width, height));
    let Ok(_drawn) = terminal.draw(|frame| view::draw(frame, state, now));
    let buffer = terminal.backend().buffer();
    let rows = buffer.content().chunks(usize::from(width));
    let lines: Vec<String> = rows
        .map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>().trim_end().to_owned())
        .collect();
    format!("{}\n", lines.join("\n").trim_end())
}

/// Until somebody has seen enough. The terminal is as it was afterwards, whatever happens.
async fn live(client: Arc<Client>, state: State) -> anyhow::Result<ExitCode> {
    let tasks = Tasks::new();
    let (bring, news) = mpsc::channel(WAITING);
    tasks.spawn("status", OnExit::Fine, feed::look(Arc::clone(&client), bring.clone()));
    tasks.spawn("events", OnExit::Fine, feed::follow(Arc::clone(&client), bring.clone()));
    // It also puts the terminal back when we panic.
    let terminal = ratatui::try_init()?;
    let desk = Desk { client, tasks: tasks.clone(), bring };
    let shown = show(terminal, state, &desk, news).await;
    ratatui::restore();
    tasks.stop();
    tasks.drain(Duration::ZERO).await;
    match shown {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            eprintln!("launchwatch: the terminal is gone: {error}");
            Ok(ExitCode::from(FAILED))
        }
    }
}

/// What wishes need.
struct Desk {
    client: Arc<Client>,
    tasks: Tasks,
    bring: mpsc::Sender<News>,
}

async fn show(
    mut terminal: ratatui::DefaultTerminal,
    mut state: State,
    desk: &Desk,
    mut news: mpsc::Receiver<News>,
) -> std::io::Result<()> {
    let mut ended = std::pin::pin!(terminated());
    let mut key = Box::pin(key());
    loop {
        terminal.draw(|frame| view::draw(frame, &mut state, Clock::system().now()))?;
        let tick = tokio::time::sleep_until(Instant::now() + TICK);
        tokio::select! {
            pressed = &mut key => {
                key = Box::pin(self::key());
                match pressed?.map(|pressed| keys::press(&mut state, pressed)) {
                    Some(Some(Wish::Quit)) => return Ok(()),
                    Some(Some(wish)) => fulfil(desk, wish),
                    Some(None) | None => {}
                }
            }
            brought = news.recv() => {
                let Some(brought) = brought else { return Ok(()) };
                state.take(brought);
                // A flood of events is one drawing.
                while let Ok(more) = news.try_recv() {
                    state.take(more);
                }
            }
            () = tick => {}
            () = &mut ended => return Ok(()),
        }
    }
}

fn fulfil(desk: &Desk, wish: Wish) {
    let (client, bring) = (Arc::clone(&desk.client), desk.bring.clone());
    desk.tasks.spawn("wish", OnExit::Fine, async move {
        let news = match wish {
            Wish::Quit => return,
            Wish::Details { target, probe, incident } => {
                feed::details(&client, &target, &probe, incident).await
            }
            Wish::Acknowledge { incident, by } => feed::acknowledge(&client, &incident, &by).await,
        };
        drop(bring.send(news).await);
    });
}

/// A key, or nothing for a moment; another size of the terminal is nothing too.
async fn key() -> std::io::Result<Option<KeyEvent>> {
    let read = tokio::task::spawn_blocking(|| {
        if !event::poll(KEY)? {
            return Ok(None);
        }
        Ok(match event::read()? {
            Event::Key(key) if key.kind == KeyEventKind::Press => Some(key),
            _ => None,
        })
    });
    read.await.unwrap_or_else(|error| Err(std::io::Error::other(error)))
}

/// Somebody asks us to end in another way than by a key.
async fn terminated() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut asked) => drop(asked.recv().await),
        Err(_) => std::future::pending().await,
    }
}

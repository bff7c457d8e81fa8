//! Envelopes that are programs: run without a shell and with next to no environment, ended when they take too long.

use std::process::Stdio;
use std::time::Duration;

use launchwatch_alerts::{Order, Reply, Undelivered};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

/// What is kept of what a program says: the end.
const KEPT: usize = 4 * 1024;
/// How long what is said may go on after the program has ended: something it left behind can hold its output open.
const ECHO: Duration = Duration::from_millis(500);

/// Runs a program to its end or to its time limit.
pub(super) async fn deliver(order: Order) -> Result<Reply, Undelivered> {
    let mut child = start(&order)?;
    // Whatever ends this delivery, also a stop of the service, ends the program and all that it started.
    let family = Family(child.id());
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let feeding = async {
        if let Some(mut stdin) = stdin {
            // A program need not read.
            let _ = stdin.write_all(&order.stdin).await;
        }
        // What was read is at its end: nothing more is to come of this arm.
        std::future::pending::<()>().await;
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let ended = {
        let listening = async {
            tokio::join!(tail(stdout, &mut out), tail(stderr, &mut err));
        };
        tokio::pin!(feeding, listening);
        let whole = async {
            let mut silent = false;
            loop {
                tokio::select! {
                    status = child.wait() => {
                        if !silent {
                            let _ = tokio::time::timeout(ECHO, listening.as_mut()).await;
                        }
                        return status;
                    }
                    () = listening.as_mut(), if !silent => silent = true,
                    () = feeding.as_mut() => {}
                }
            }
        };
        tokio::time::timeout(order.time_limit, whole).await
    };
    drop(family);
    let said = if err.iter().all(u8::is_ascii_whitespace) { out } else { err };
    let said = String::from_utf8_lossy(&said).into_owned();
    match ended {
        Ok(Ok(status)) => Ok(Reply::Command { code: status.code(), said }),
        Ok(Err(error)) => Err(Undelivered { step: "run", detail: error.to_string() }),
        Err(_) => {
            let detail = format!("not done within {} s, so it was killed", order.time_limit.as_secs());
            Err(Undelivered { step: "run", detail })
        }
    }
}

fn start(order: &Order) -> Result<Child, Undelivered> {
    let undelivered = |detail: String| Undelivered { step: "start", detail };
    let (program, arguments) =
        order.argv.split_first().ok_or_else(|| undelivered("no program is named".into()))?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .envs(order.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    command.spawn().map_err(|error| undelivered(format!("{program}: {error}")))
}

/// Reads to the end and keeps the last of it.
async fn tail(from: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut from) = from else { return };
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        kept.extend_from_slice(buffer.get(..read).unwrap_or_default());
        let extra = kept.len().saturating_sub(KEPT);
        kept.drain(..extra);
    }
}

/// The process group of a program; killed when dropped.
struct Family(Option<u32>);

impl Drop for Family {
    fn drop(&mut self) {
        let leader = self.0.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(leader) = leader {
            // None of it may be left; then there is nobody to be killed.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

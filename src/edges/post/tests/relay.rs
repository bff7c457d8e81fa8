//! A mail relay that follows a script.

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// What the relay answers to a command that begins like this; the first match counts. `hang up` closes at once; an
/// answer that starts with 421 and ends with `!` closes after it.
pub(super) type Script<'a> = &'a [(&'a str, &'a str)];

/// Answers that any relay gives.
const MANNERS: Script<'static> = &[
    ("GREETING", "220 relay ESMTP"),
    ("EHLO", "250-relay\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN"),
    ("STARTTLS", "220 go ahead"),
    ("AUTH", "235 welcome"),
    ("MAIL", "250 sender ok"),
    ("RCPT", "250 recipient ok"),
    ("DATA", "354 go ahead"),
    (".", "250 queued as 1"),
    ("QUIT", "221 bye"),
];

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

pub(super) struct Relay<'a> {
    pub(super) listener: TcpListener,
    pub(super) script: Script<'a>,
    pub(super) identity: Option<&'a Identity>,
    /// TLS from the first byte.
    pub(super) sealed: bool,
}

impl Relay<'_> {
    /// Serves one connection after another. Every command and every letter goes into `seen`.
    pub(super) async fn serve(&self, seen: &mut Vec<String>) -> std::io::Result<()> {
        loop {
            let mut wire: Box<dyn Wire> = Box::new(self.listener.accept().await?.0);
            if self.sealed {
                let Ok(sealed) = self.acceptor().accept(wire).await else { continue };
                wire = Box::new(sealed);
            }
            seen.push("GREETING".into());
            // A client that hangs up is no reason to stop.
            let _ = self.converse(wire, seen).await;
        }
    }

    fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.identity.unwrap().server.clone())
    }

    async fn converse(&self, wire: Box<dyn Wire>, seen: &mut Vec<String>) -> std::io::Result<()> {
        let mut wire = BufReader::new(wire);
        let mut command = "GREETING".to_owned();
        loop {
            let answer = self.answer(&command);
            if answer == "hang up" {
                return Ok(());
            }
            wire.write_all(format!("{}\r\n", answer.trim_end_matches('!')).as_bytes()).await?;
            wire.flush().await?;
            if answer.ends_with('!') || command == "QUIT" {
                return wire.shutdown().await;
            }
            if command == "STARTTLS" && answer.starts_with('2') {
                let sealed: Box<dyn Wire> = Box::new(self.acceptor().accept(wire.into_inner()).await?);
                wire = BufReader::new(sealed);
            }
            command = match answer.starts_with("354") {
                true => letter(&mut wire, seen).await?,
                false => line(&mut wire).await?,
            };
            seen.push(command.clone());
        }
    }

    fn answer(&self, command: &str) -> &str {
        let all = self.script.iter().chain(MANNERS);
        all.into_iter()
            .find(|(begin, _)| command.starts_with(begin))
            .map_or("502 what?", |(_, answer)| answer)
    }
}

async fn line(wire: &mut (impl tokio::io::AsyncBufRead + Unpin)) -> std::io::Result<String> {
    let mut line = String::new();
    match wire.read_line(&mut line).await? {
        0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(line.trim_end().to_owned()),
    }
}

async fn letter(
    wire: &mut (impl tokio::io::AsyncBufRead + Unpin),
    seen: &mut Vec<String>,
) -> std::io::Result<String> {
    let mut text = String::new();
    loop {
        match line(wire).await?.as_str() {
            "." => break,
            line => text.push_str(&format!("{line}\n")),
        }
    }
    seen.push(text);
    Ok(".".into())
}

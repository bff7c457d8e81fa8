//! One conversation with a relay, from the name of the host to the last dot.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use launchwatch_alerts::{Letter, Smtp, SmtpTls, Undelivered};
use lettre::Address;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::response::Response;
use rustls::pki_types::ServerName;
use secrecy::ExposeSecret;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::super::CONNECT;
use super::super::trust::Trust;
use super::Answer;
use super::stream::Sealed;

/// How a conversation came to its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Everybody has an answer.
    Whole,
    /// The relay hung up after turning somebody away; nobody got the letter.
    HungUp,
}

/// Why a conversation stopped.
pub(super) enum Stop {
    /// The relay said no, which is an answer.
    Said(Answer),
    /// There was no answer.
    Broken(Undelivered),
}

impl Stop {
    /// The answer, if it was one.
    pub(super) fn answered(self) -> Result<Answer, Undelivered> {
        match self {
            Self::Said(answer) => Ok(answer),
            Self::Broken(undelivered) => Err(undelivered),
        }
    }
}

/// An open conversation.
pub(super) struct Session {
    relay: AsyncSmtpConnection,
}

impl Session {
    /// Connects, greets, protects and logs in.
    pub(super) async fn open(smtp: &Smtp, trust: &Trust) -> Result<Self, Stop> {
        let tcp = connected(smtp).await?;
        let stream: Box<dyn AsyncTokioStream> = match smtp.tls {
            SmtpTls::Tls => Box::new(Sealed(sealed(tcp, smtp, trust).await?)),
            SmtpTls::Starttls | SmtpTls::None => Box::new(tcp),
        };
        let hello = smtp.hello.clone().map_or_else(ClientId::default, ClientId::Domain);
        let greeted = AsyncSmtpConnection::connect_with_transport(stream, &hello).await;
        let mut relay = greeted.map_err(|e| stop("greeting", &e))?;
        if smtp.tls == SmtpTls::Starttls {
            let parameters = trust.for_relay(&smtp.host).map_err(|e| stop("starttls", &e))?;
            relay.starttls(parameters, &hello).await.map_err(|e| stop("starttls", &e))?;
        }
        if let Some((user, password)) = &smtp.login {
            let login = Credentials::new(user.clone(), password.expose_secret().to_owned());
            let ways = [Mechanism::Plain, Mechanism::Login];
            relay.auth(&ways, &login).await.map_err(|e| stop("login", &e))?;
        }
        Ok(Self { relay })
    }

    /// Names sender and recipients and hands the letter over to those whom the relay takes.
    pub(super) async fn hand_over(
        &mut self,
        letter: &Letter,
        waiting: &[(usize, Address)],
        answers: &mut [Option<Answer>],
    ) -> Result<End, Stop> {
        self.sender(letter, waiting).await?;
        let mut taken = Vec::new();
        let mut turned_away = false;
        for (at, address) in waiting {
            match self.command("rcpt", Rcpt::new(address.clone(), Vec::new())).await {
                Ok(_) => taken.push(*at),
                Err(Stop::Said(answer)) => {
                    turned_away |= answer.0 == 421;
                    set(answers, *at, answer);
                }
                Err(Stop::Broken(_)) if turned_away => return Ok(End::HungUp),
                Err(broken) => return Err(broken),
            }
        }
        if taken.is_empty() {
            return Ok(End::Whole);
        }
        let answer = match self.content(letter).await {
            Ok(response) => answer(&response),
            Err(Stop::Said(answer)) => answer,
            // The letter had not begun: `354` never came.
            Err(Stop::Broken(u)) if turned_away && u.step == "data" => return Ok(End::HungUp),
            Err(broken) => return Err(broken),
        };
        taken.into_iter().for_each(|at| set(answers, at, answer.clone()));
        Ok(End::Whole)
    }

    async fn sender(&mut self, letter: &Letter, waiting: &[(usize, Address)]) -> Result<(), Stop> {
        let from = letter
            .from
            .parse::<Address>()
            .map_err(|_| Stop::Said((553, "sender is not an address".into())))?;
        let foreign = |a: &Address| !AsRef::<str>::as_ref(a).is_ascii();
        let mut options = Vec::new();
        if foreign(&from) || waiting.iter().any(|(_, a)| foreign(a)) {
            if !self.relay.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(Stop::Said((553, "the relay takes no addresses beyond ASCII".into())));
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        self.command("mail from", Mail::new(Some(from), options)).await.map(drop)
    }

    async fn content(&mut self, letter: &Letter) -> Result<Response, Stop> {
        self.command("data", Data).await?;
        self.relay.message(&letter.message).await.map_err(|e| stop("answer", &e))
    }

    async fn command(
        &mut self,
        step: &'static str,
        command: impl std::fmt::Display,
    ) -> Result<Response, Stop> {
        self.relay.command(command).await.map_err(|e| stop(step, &e))
    }

    /// Says goodbye; what the relay makes of it changes nothing.
    pub(super) async fn close(mut self) {
        let _ = timeout(Duration::from_secs(2), self.relay.quit()).await;
    }
}

fn set(answers: &mut [Option<Answer>], at: usize, answer: Answer) {
    if let Some(slot) = answers.get_mut(at) {
        *slot = Some(answer);
    }
}

async fn connected(smtp: &Smtp) -> Result<TcpStream, Stop> {
    let found = tokio::net::lookup_host((smtp.host.as_str(), smtp.port)).await;
    let addresses = found.map_err(|e| broken("resolve", e))?;
    let mut last = io::Error::other("no address");
    for address in addresses {
        match timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(e)) => last = e,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(broken("connect", last))
}

async fn sealed(
    tcp: TcpStream,
    smtp: &Smtp,
    trust: &Trust,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Stop> {
    let name = ServerName::try_from(smtp.host.clone()).map_err(|e| broken("tls", io::Error::other(e)))?;
    TlsConnector::from(trust.config()).connect(name, tcp).await.map_err(|e| broken("tls", e))
}

fn broken(step: &'static str, error: io::Error) -> Stop {
    Stop::Broken(Undelivered { step, detail: error.to_string() })
}

/// A negative reply is an answer; everything else is silence.
fn stop(step: &'static str, error: &SmtpError) -> Stop {
    let said = error.source().map(ToString::to_string).unwrap_or_default();
    match error.status() {
        Some(code) => {
            let words = format!("{step}: {}", said.replace(['\r', '\n'], " "));
            Stop::Said((u16::from(code), words))
        }
        None if said.is_empty() => Stop::Broken(Undelivered { step, detail: error.to_string() }),
        None => Stop::Broken(Undelivered { step, detail: said }),
    }
}

fn answer(response: &Response) -> Answer {
    let words: Vec<&str> = response.message().collect();
    (u16::from(response.code()), words.join(" "))
}

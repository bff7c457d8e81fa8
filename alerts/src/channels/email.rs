//! E-mail: a letter that reads well as HTML and as text, one thread an incident, an answer for each recipient.

mod answer;
mod letter;
mod relay;

pub use self::relay::{Mail, Relay};
use lettre::Address;
use lettre::message::Mailbox;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use crate::channel::Kind;
use crate::{
    Channel, Envelope, Letter, MessageRef, Next, Notification, Refused, Reply, Smtp, SmtpTls, Spec, request,
};

pub(super) const KIND: Kind = Kind::of::<EmailSpec>(
    "email",
    "E-mail by a relay (SMTP): HTML with a picture of the last hours, and plain text",
    "host: mail.example.org\nusername: launchwatch\npassword: not-a-real-one\nfrom: launchwatch <launchwatch@example.org>\n\
     to: [ops@example.org]\n",
);

/// Settings of an e-mail channel.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct EmailSpec {
    /// Name of the relay; its certificate must show it.
    host: String,
    /// Port; 587, 465 or 25, as `tls` says.
    #[serde(default)]
    port: Option<u16>,
    /// Protection of the connection.
    #[serde(default)]
    tls: SmtpTls,
    /// User name, where the relay wants one.
    #[serde(default)]
    username: Option<String>,
    /// Password of that user.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    password: Option<SecretString>,
    /// Sender: `name <user@host>` or `user@host`.
    from: String,
    /// Recipients; at least one.
    to: Vec<String>,
    /// Where answers go, if not to the sender.
    #[serde(default)]
    reply_to: Option<String>,
    /// Name to greet the relay with; the machine's own by default.
    #[serde(default)]
    hello: Option<String>,
}

struct Email {
    smtp: Smtp,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    to: Vec<Mailbox>,
}

impl Spec for EmailSpec {
    type Channel = Email;

    fn build(self) -> Result<Email, Vec<Refused>> {
        let mut problems = Vec::new();
        let host = self.host.trim().to_owned();
        if host.is_empty() || host.contains(['/', ' ', '@']) {
            problems.push(Refused::new("host", "not a host name", "such as mail.example.org"));
        }
        let from = mailbox("from", &self.from, &mut problems);
        let reply_to = self.reply_to.as_deref().and_then(|r| mailbox("reply_to", r, &mut problems));
        let mut to: Vec<Mailbox> = Vec::new();
        for (at, text) in self.to.iter().enumerate() {
            let known = |m: &Mailbox| to.iter().any(|t| same(&t.email, &m.email));
            let one = mailbox(&format!("to[{at}]"), text, &mut problems).filter(|m| !known(m));
            to.extend(one);
        }
        if self.to.is_empty() {
            problems.push(Refused::new("to", "nobody", "at least one address"));
        }
        let login = login(self.username, self.password, self.tls, &host, &mut problems);
        let port = self.port.unwrap_or(match self.tls {
            SmtpTls::Starttls => 587,
            SmtpTls::Tls => 465,
            SmtpTls::None => 25,
        });
        match from {
            Some(from) if problems.is_empty() => {
                let smtp = Smtp { host, port, tls: self.tls, login, hello: self.hello };
                Ok(Email { smtp, from, reply_to, to })
            }
            _ => Err(problems),
        }
    }
}

/// Written differently, but the same to every mail server that we know of.
fn same(one: &Address, other: &Address) -> bool {
    let (one, other): (&str, &str) = (one.as_ref(), other.as_ref());
    one.eq_ignore_ascii_case(other)
}

fn mailbox(path: &str, text: &str, problems: &mut Vec<Refused>) -> Option<Mailbox> {
    let parsed = text.trim().parse::<Mailbox>();
    parsed
        .map_err(|_| problems.push(Refused::new(path, "not an address", "user@host or name <user@host>")))
        .ok()
}

fn login(
    username: Option<String>,
    password: Option<SecretString>,
    tls: SmtpTls,
    host: &str,
    problems: &mut Vec<Refused>,
) -> Option<(String, SecretString)> {
    match (username, password) {
        (Some(user), Some(password)) => {
            let here = host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
            if tls == SmtpTls::None && !here {
                let what = "a password would cross the network in clear";
                problems.push(Refused::new("tls", what, "starttls or tls"));
            }
            Some((user, password))
        }
        (None, None) => None,
        (Some(_), None) => {
            problems.push(Refused::new("password", "missing beside username", "env: or file:"));
            None
        }
        (None, Some(_)) => {
            problems.push(Refused::new("username", "missing beside password", ""));
            None
        }
    }
}

impl Channel for Email {
    fn compose(&self, n: &Notification, replies: &[Reply], thread: Option<&MessageRef>) -> Next {
        let waiting: Vec<&Address> =
            self.to.iter().map(|m| &m.email).filter(|a| answer::of(a, replies).is_none()).collect();
        if waiting.is_empty() {
            let first = thread.cloned().unwrap_or_else(|| MessageRef(letter::message_id(n, &self.from)));
            return Next::Done(answer::receipt(self.to.iter().map(|m| &m.email), replies, first));
        }
        match letter::write(n, &self.from, self.reply_to.as_ref(), &self.to, thread) {
            Ok(message) => Next::Send(Box::new(Envelope::Mail(Letter {
                smtp: self.smtp.clone(),
                from: self.from.email.to_string(),
                to: waiting.iter().map(ToString::to_string).collect(),
                message,
            }))),
            Err(e) => request::refused(&format!("the letter cannot be written: {e}")),
        }
    }

    fn relay(&self) -> Option<Relay> {
        Some(Relay { smtp: self.smtp.clone(), from: self.from.clone(), reply_to: self.reply_to.clone() })
    }

    fn secrets(&self) -> Vec<&SecretString> {
        self.smtp.login.iter().map(|(_, password)| password).collect()
    }

    /// Greylisting is about one letter.
    fn waits_for_all(&self) -> bool {
        false
    }

    /// Relays take their time: greeting delays and content checks are part of their trade.
    fn time_limit(&self) -> std::time::Duration {
        std::time::Duration::from_secs(60)
    }
}

#[cfg(test)]
mod tests;

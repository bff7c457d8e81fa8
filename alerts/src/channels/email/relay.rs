//! Letters that are no notifications: to people outside, one address each, by the same relay and from the same sender.

use std::time::SystemTime;

use jiff::Timestamp;
use lettre::message::{Mailbox, SinglePart};
use lettre::{Address, Message};

use super::letter::{ascii, raw};
use crate::text::one_line;
use crate::{Letter, Smtp};

/// A relay and a sender.
#[derive(Debug, Clone)]
pub struct Relay {
    pub(super) smtp: Smtp,
    pub(super) from: Mailbox,
    pub(super) reply_to: Option<Mailbox>,
}

/// What is written to one person.
#[derive(Debug, Clone, Copy)]
pub struct Mail<'a> {
    /// To whom; one address.
    pub to: &'a str,
    /// One line.
    pub subject: &'a str,
    /// Plain text.
    pub text: &'a str,
    /// Its name for life: the same letter, sent again after a crash, is one mail to whoever gets both.
    pub id: &'a str,
    /// When it became owed.
    pub at: Timestamp,
    /// The name of the first letter about the same.
    pub first: Option<&'a str>,
    /// The address that ends the subscription, with one POST and no question (RFC 8058).
    pub leave: Option<&'a str>,
}

impl Relay {
    /// The letter. The same mail gives the same bytes.
    ///
    /// # Errors
    /// In words, if the address is none or a line cannot be written. The words hold no address.
    pub fn letter(&self, mail: &Mail<'_>) -> Result<Letter, String> {
        let to: Address = mail.to.parse().map_err(|_| "the address is none".to_owned())?;
        let name = |id: &str| format!("<{}@{}>", ascii(id), self.from.email.domain());
        let mut message = Message::builder()
            .message_id(Some(name(mail.id)))
            .date(SystemTime::from(mail.at.max(Timestamp::UNIX_EPOCH)))
            .from(self.from.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(one_line(mail.subject, 200))
            .raw_header(raw("Auto-Submitted", "auto-generated")?)
            .raw_header(raw("X-Auto-Response-Suppress", "All")?);
        if let Some(mailbox) = &self.reply_to {
            message = message.reply_to(mailbox.clone());
        }
        if let Some(first) = mail.first {
            message = message.in_reply_to(name(first)).references(name(first));
        }
        if let Some(leave) = mail.leave.filter(|l| l.bytes().all(|b| b.is_ascii_graphic() && b != b'>')) {
            message = message
                .raw_header(raw("List-Unsubscribe", &format!("<{leave}>"))?)
                .raw_header(raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")?);
        }
        let message = message
            .singlepart(SinglePart::plain(mail.text.to_owned()))
            .map_err(|e| format!("the letter cannot be written: {e}"))?;
        let (smtp, from) = (self.smtp.clone(), self.from.email.to_string());
        Ok(Letter { smtp, from, to: vec![to.to_string()], message: message.formatted() })
    }

    /// Whether this is an address that one can write to.
    pub fn is_address(text: &str) -> bool {
        text.len() <= 254 && text.is_ascii() && text.parse::<Address>().is_ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::conformance::fixture::built;

    fn mail() -> Mail<'static> {
        Mail {
            to: "eve@example.org",
            subject: "hub: out\r\nBcc: all@example.org",
            text: "It does not work.\n.\nIt really does not.",
            id: "letter/7",
            at: Timestamp::UNIX_EPOCH,
            first: Some("letter/3"),
            leave: Some("https://status.example/unsubscribe/x"),
        }
    }

    #[test]
    fn a_letter_goes_to_one_address_and_says_how_to_hear_no_more() {
        let channel =
            built("email", json!({"host": "localhost", "from": "lw@example.org", "to": ["ops@example.org"]}));
        let relay = channel.relay().unwrap();
        let letter = relay.letter(&mail()).unwrap();
        assert_eq!(
            (letter.to.as_slice(), letter.from.as_str()),
            (&["eve@example.org".to_owned()][..], "lw@example.org")
        );
        let text = String::from_utf8(letter.message.clone()).unwrap();
        for line in [
            "Message-ID: <letter=2f7@example.org>\r\n",
            "In-Reply-To: <letter=2f3@example.org>\r\n",
            "List-Unsubscribe: <https://status.example/unsubscribe/x>\r\n",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
            "To: eve@example.org\r\n",
            "Auto-Submitted: auto-generated\r\n",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
        assert!(!text.contains("\nBcc:") && !text.contains("ops@example.org"), "{text}");
        assert_eq!(relay.letter(&mail()).unwrap().message, letter.message);
        assert!(relay.letter(&Mail { to: "eve", ..mail() }).is_err());
        assert!(relay.letter(&Mail { to: "a@b.example, c@d.example", ..mail() }).is_err());
    }

    #[test]
    fn what_is_no_address_is_known_before_anything_is_sent() {
        for (text, good) in [
            ("eve@example.org", true),
            ("eve+x@mail.example.org", true),
            ("eve", false),
            ("eve@", false),
            ("a@b.example\r\nBcc: c@d.example", false),
            ("Eve <eve@example.org>", false),
            ("a@b.example,c@d.example", false),
        ] {
            assert_eq!(Relay::is_address(text), good, "{text}");
        }
        assert!(!Relay::is_address(&format!("{}@example.org", "x".repeat(300))));
    }
}

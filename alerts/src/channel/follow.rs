//! The two steps of every chat that can rewrite a message: the first one shows how things are, a reply tells the news.

use std::time::Duration;

use http::HeaderMap;

use super::{MessageRef, Next, Receipt, Reply};

/// An answer, judged.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    /// Done: the message, where the service names it.
    Taken(Option<MessageRef>),
    /// The message that was to be rewritten or answered is gone.
    Gone(String),
    /// What came of it instead.
    Not(Receipt),
}

impl Answer {
    fn receipt(self) -> Receipt {
        match self {
            Self::Taken(message) => Receipt::Delivered(message),
            Self::Gone(why) => Receipt::Refused { why },
            Self::Not(receipt) => receipt,
        }
    }
}

/// Without a first message the news becomes it. With one, it is rewritten (which may be repeated at will), then the
/// news is told below it; if it is gone, the news starts anew rather than being lost. That it could not be rewritten
/// is a remark.
pub(crate) fn follow<R>(
    root: Option<(&R, &MessageRef)>,
    replies: &[Reply],
    read: impl Fn(&Reply) -> Answer,
    rewrite: impl FnOnce(&R) -> Next,
    tell: impl FnOnce(Option<&R>) -> Next,
) -> Next {
    let Some((root, first)) = root else {
        return match replies.last() {
            None => tell(None),
            Some(reply) => Next::Done(read(reply).receipt()),
        };
    };
    let Some((rewritten, told)) = replies.split_first() else {
        return rewrite(root);
    };
    let rewritten = read(rewritten);
    if let Answer::Not(retry @ Receipt::Retry { .. }) = rewritten {
        return Next::Done(retry);
    }
    let gone = matches!(rewritten, Answer::Gone(_));
    let remark = match rewritten {
        Answer::Not(receipt) => {
            receipt.why().map(|w| format!("told, but the first message was not rewritten: {w}"))
        }
        Answer::Taken(_) | Answer::Gone(_) => None,
    };
    match (told, told.first().map(&read)) {
        (_, None) => tell((!gone).then_some(root)),
        ([_], Some(Answer::Gone(_))) if !gone => tell(None),
        ([_, again, ..], Some(Answer::Gone(_))) if !gone => Next::Done(read(again).receipt()),
        (_, Some(Answer::Taken(message))) => {
            let message = if gone { message } else { Some(first.clone()) };
            Next::Done(match remark {
                None => Receipt::Delivered(message),
                Some(remark) => Receipt::Remarked { message, remark },
            })
        }
        (_, Some(other)) => Next::Done(other.receipt()),
    }
}

/// [`Receipt::by_status`], with the seconds that the service asks for in its own way.
pub(crate) fn judged(status: u16, headers: &HeaderMap, said: &str, seconds: Option<f64>) -> Receipt {
    let asked = seconds.and_then(|s| Duration::try_from_secs_f64(s).ok());
    match Receipt::by_status(status, headers, said) {
        Receipt::Retry { after, why } => Receipt::Retry { after: after.max(asked), why },
        other => other,
    }
}

/// The words of a refusal with a hint for whoever mends the channel; other receipts as they are.
pub(crate) fn hinted(receipt: Receipt, hint: &str) -> Receipt {
    match receipt {
        Receipt::Refused { why } if !hint.is_empty() => Receipt::Refused { why: format!("{why} ({hint})") },
        other => other,
    }
}

/// A good status whose answer the service does not give: a proxy spoke.
pub(crate) fn not_theirs(status: u16, service: &str) -> Answer {
    let why = format!("HTTP {status}, but the answer is not {service}'s");
    Answer::Not(Receipt::Retry { after: None, why })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::fixture::http_reply;

    /// `ok` is taken, `gone` is gone, anything else speaks by its status.
    fn read(reply: &Reply) -> Answer {
        let Reply::Http { status, headers, body } = reply else { panic!() };
        match &body[..] {
            b"ok" => Answer::Taken(Some(MessageRef("new".into()))),
            b"gone" => Answer::Gone("gone".into()),
            said => Answer::Not(judged(*status, headers, &String::from_utf8_lossy(said), None)),
        }
    }

    /// What is asked for next, or what came of it.
    fn after(root: Option<&str>, replies: &[&str]) -> String {
        let replies: Vec<_> = replies
            .iter()
            .map(|said| match *said {
                "busy" => http_reply(503, &[], "busy"),
                said => http_reply(403, &[], said),
            })
            .collect();
        let first = MessageRef("first".into());
        let word = |word: &str| Next::Done(Receipt::Refused { why: word.to_owned() });
        let next = follow(
            root.as_ref().map(|r| (r, &first)),
            &replies,
            read,
            |_| word("rewrite"),
            |root| word(if root.is_some() { "reply" } else { "begin" }),
        );
        match next {
            Next::Done(Receipt::Refused { why }) => why,
            Next::Done(Receipt::Delivered(message)) => format!("delivered {}", message.unwrap().0),
            Next::Done(Receipt::Remarked { message, .. }) => format!("remarked {}", message.unwrap().0),
            Next::Done(receipt) => receipt.why().unwrap().to_owned(),
            Next::Send(_) => panic!(),
        }
    }

    #[test]
    fn the_first_message_is_rewritten_and_the_news_is_told_whatever_became_of_it() {
        for (root, replies, expected) in [
            (None, &[][..], "begin"),
            (None, &["ok"], "delivered new"),
            (None, &["gone"], "gone"),
            (None, &["no"], "HTTP 403 no"),
            (None, &["busy"], "HTTP 503 busy"),
            (Some("r"), &[], "rewrite"),
            (Some("r"), &["busy"], "HTTP 503 busy"),
            (Some("r"), &["ok"], "reply"),
            (Some("r"), &["ok", "ok"], "delivered first"),
            (Some("r"), &["ok", "busy"], "HTTP 503 busy"),
            (Some("r"), &["no"], "reply"),
            (Some("r"), &["no", "ok"], "remarked first"),
            (Some("r"), &["gone"], "begin"),
            (Some("r"), &["gone", "ok"], "delivered new"),
            (Some("r"), &["ok", "gone"], "begin"),
            (Some("r"), &["ok", "gone", "ok"], "delivered new"),
            (Some("r"), &["ok", "gone", "no"], "HTTP 403 no"),
            (Some("r"), &["gone", "gone"], "gone"),
        ] {
            assert_eq!(after(root, replies), expected, "{root:?} {replies:?}");
        }
    }
}

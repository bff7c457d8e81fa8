//! What a relay's answers mean: taken, later or never, for each recipient.

use std::time::Duration;

use lettre::Address;

use crate::text::one_line;
use crate::{MessageRef, Receipt, Reply, Settled};

/// A relay that does not know us yet takes a letter at the second try, if that comes minutes later.
const GREYLISTING: Duration = Duration::from_secs(300);

/// The last answer for a recipient, if there was one.
pub(super) fn of<'a>(recipient: &Address, replies: &'a [Reply]) -> Option<(u16, &'a str)> {
    let answers = replies.iter().rev().filter_map(|r| match r {
        Reply::Mail(answers) => Some(answers),
        _ => None,
    });
    let mine = |to: &str| to.eq_ignore_ascii_case(recipient.as_ref());
    answers.flatten().find(|(to, ..)| mine(to)).map(|(_, code, said)| (*code, said.as_str()))
}

/// What all answers come to; everybody has one.
pub(super) fn receipt<'a>(
    recipients: impl Iterator<Item = &'a Address>,
    replies: &[Reply],
    message: MessageRef,
) -> Receipt {
    let (mut taken, mut later, mut never) = (Vec::new(), Vec::new(), Vec::new());
    for recipient in recipients {
        let Some((code, said)) = of(recipient, replies) else { continue };
        let answer = (recipient.to_string(), code, one_line(said, 200));
        match code {
            200..=299 => taken.push(answer),
            500..=599 => never.push(answer),
            _ => later.push(answer),
        }
    }
    if later.is_empty() {
        return match (taken.is_empty(), never.is_empty()) {
            (_, true) => Receipt::Delivered(Some(message)),
            (false, false) => Receipt::Remarked { message: Some(message), remark: words(&never) },
            (true, false) => Receipt::Refused { why: words(&never) },
        };
    }
    let (after, why) = (greylisted(&later).then_some(GREYLISTING), words(&later));
    taken.append(&mut never);
    match taken.is_empty() {
        true => Receipt::Retry { after, why },
        false => Receipt::Partly { after, why, settled: Settled(taken) },
    }
}

fn greylisted(answers: &[(String, u16, String)]) -> bool {
    answers.iter().any(|(_, code, said)| {
        let said = said.to_ascii_lowercase();
        matches!(code, 450 | 451) && (said.contains("greylist") || said.contains("graylist"))
    })
}

/// `ann@example.org: 451 try later; … and 3 more`.
fn words(answers: &[(String, u16, String)]) -> String {
    let mut out: Vec<_> =
        answers.iter().take(5).map(|(to, code, said)| format!("{to}: {code} {said}")).collect();
    if let Some(more) = answers.len().checked_sub(5).filter(|m| *m > 0) {
        out.push(format!("and {more} more"));
    }
    out.join("; ")
}

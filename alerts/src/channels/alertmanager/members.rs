//! Which member of a cluster is told next, and what all their answers come to.

use std::time::Duration;

use crate::{Receipt, Reply, Settled, request};

/// The member that is to be told next, or the receipt. A reply that stands first and is no answer to a request names
/// those that an earlier attempt has settled.
pub(super) fn next<'a>(members: &'a [String], replies: &[Reply]) -> Result<&'a str, Receipt> {
    let (settled, answers) = match replies {
        [Reply::Mail(settled), answers @ ..] => (settled.as_slice(), answers),
        answers => (&[][..], answers),
    };
    let waiting: Vec<&String> =
        members.iter().filter(|m| !settled.iter().any(|(known, ..)| known == *m)).collect();
    if let Some(member) = waiting.get(answers.len()) {
        return Ok(member);
    }
    let fresh = waiting.into_iter().zip(answers).map(|(m, reply)| (m.as_str(), request::answered(reply)));
    let before = settled.iter().filter(|(known, ..)| members.contains(known));
    let known: Vec<(&str, u16, &str)> =
        before.map(|(m, code, said)| (m.as_str(), *code, said.as_str())).collect();
    if members.len() == 1
        && let Some(Reply::Http { .. } | Reply::Lost(_)) = answers.first()
    {
        return Err(answers.first().map_or_else(request::wrong_reply, request::answered));
    }
    Err(receipt(fresh.collect(), &known))
}

/// As with the recipients of a mail: who is settled is not told again.
fn receipt(fresh: Vec<(&str, Receipt)>, known: &[(&str, u16, &str)]) -> Receipt {
    let mut settled: Vec<(String, u16, String)> =
        known.iter().map(|(m, code, said)| ((*m).to_owned(), *code, (*said).to_owned())).collect();
    let (mut later, mut wait) = (Vec::new(), None::<Duration>);
    for (member, receipt) in fresh {
        match receipt {
            Receipt::Retry { after, why } => {
                wait = wait.max(after);
                later.push(format!("{member}: {why}"));
            }
            Receipt::Refused { why } => settled.push((member.to_owned(), 400, why)),
            _ => settled.push((member.to_owned(), 200, String::new())),
        }
    }
    let never: Vec<String> =
        settled.iter().filter(|(_, code, _)| *code >= 300).map(|(m, _, why)| format!("{m}: {why}")).collect();
    let taken = settled.len() > never.len();
    match (later.is_empty(), never.is_empty(), taken) {
        (true, true, _) => Receipt::Delivered(None),
        (true, false, true) => Receipt::Remarked { message: None, remark: never.join("; ") },
        (true, false, false) => Receipt::Refused { why: never.join("; ") },
        (false, ..) if settled.is_empty() => Receipt::Retry { after: wait, why: later.join("; ") },
        (false, ..) => Receipt::Partly { after: wait, why: later.join("; "), settled: Settled(settled) },
    }
}

//! Letters by a mail relay: every recipient's own answer, every step by its name.

mod session;
mod stream;

use std::str::FromStr;

use launchwatch_alerts::{Letter, Reply, Undelivered};
use lettre::Address;

use self::session::{End, Session};
use super::trust::Trust;

/// What the relay said for a recipient.
type Answer = (u16, String);

/// Hands a letter to its relay. A relay that turns one recipient away with 421 may hang up at once; those who were
/// not answered then get a session of their own, as nobody has the letter yet.
pub(super) async fn deliver(letter: &Letter, trust: &Trust) -> Result<Reply, Undelivered> {
    let mut answers: Vec<Option<Answer>> = vec![None; letter.to.len()];
    loop {
        let waiting: Vec<(usize, Address)> = open(letter, &mut answers);
        if waiting.is_empty() {
            break;
        }
        let end = session(letter, trust, &waiting, &mut answers).await?;
        if let End::Whole = end {
            break;
        }
    }
    let said = answers.into_iter().zip(&letter.to).map(|(answer, to)| {
        // Cannot be missing after a whole session; to try again is the safe reading.
        let (code, text) = answer.unwrap_or((450, "no answer".into()));
        (to.clone(), code, text)
    });
    Ok(Reply::Mail(said.collect()))
}

/// Recipients without an answer; one that is no address is answered here.
fn open(letter: &Letter, answers: &mut [Option<Answer>]) -> Vec<(usize, Address)> {
    let mut waiting = Vec::new();
    for (at, (answer, to)) in answers.iter_mut().zip(&letter.to).enumerate().filter(|(_, (a, _))| a.is_none())
    {
        match Address::from_str(to) {
            Ok(address) => waiting.push((at, address)),
            Err(_) => *answer = Some((553, "not an address".into())),
        }
    }
    waiting
}

async fn session(
    letter: &Letter,
    trust: &Trust,
    waiting: &[(usize, Address)],
    answers: &mut [Option<Answer>],
) -> Result<End, Undelivered> {
    let mut session = match Session::open(&letter.smtp, trust).await {
        Ok(session) => session,
        Err(stop) => return everybody(stop.answered()?, waiting, answers),
    };
    match session.hand_over(letter, waiting, answers).await {
        Ok(end) => {
            session.close().await;
            Ok(end)
        }
        Err(stop) => everybody(stop.answered()?, waiting, answers),
    }
}

/// An answer that ends the session is the answer for all who wait.
fn everybody(
    answer: Answer,
    waiting: &[(usize, Address)],
    answers: &mut [Option<Answer>],
) -> Result<End, Undelivered> {
    for (at, _) in waiting {
        if let Some(slot) = answers.get_mut(*at) {
            slot.get_or_insert_with(|| answer.clone());
        }
    }
    Ok(End::Whole)
}

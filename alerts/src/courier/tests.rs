use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use secrecy::SecretString;

use super::*;

/// Sends `steps` requests, then is done; says back what the last reply said.
struct Walker {
    steps: usize,
    secret: SecretString,
}

impl Channel for Walker {
    fn compose(&self, _: &Notification, replies: &[Reply], _: Option<&MessageRef>) -> Next {
        match replies.last() {
            Some(Reply::Http { body, .. }) if replies.len() >= self.steps => {
                let why = String::from_utf8_lossy(body).into_owned();
                Next::Done(Receipt::Retry { after: None, why })
            }
            Some(Reply::Mail(settled)) => Next::Done(Receipt::Partly {
                after: None,
                why: String::new(),
                settled: Settled(settled.clone()),
            }),
            _ => Next::Send(Box::new(Envelope::Http(http::Request::new(Bytes::new())))),
        }
    }

    fn secrets(&self) -> Vec<&SecretString> {
        vec![&self.secret]
    }
}

fn walker(steps: usize) -> Walker {
    Walker { steps, secret: SecretString::from("hunter22") }
}

/// Answers every envelope alike, and counts them.
struct Office {
    answer: Result<&'static str, Option<&'static str>>,
    taken: Mutex<usize>,
}

#[async_trait]
impl Post for Office {
    async fn deliver(&self, _: Envelope) -> Result<Reply, Undelivered> {
        *self.taken.lock().unwrap() += 1;
        match self.answer {
            Ok(body) => Ok(Reply::Http {
                status: 200,
                headers: http::HeaderMap::new(),
                body: Bytes::from_static(body.as_bytes()),
            }),
            Err(Some(detail)) => Err(Undelivered { step: "connect", detail: detail.to_owned() }),
            Err(None) => std::future::pending().await,
        }
    }
}

async fn carried(steps: usize, answer: Result<&'static str, Option<&'static str>>) -> (Receipt, usize) {
    let office = Office { answer, taken: Mutex::new(0) };
    let n = Notification::test(Timestamp::UNIX_EPOCH, "x");
    let receipt = deliver(&walker(steps), &n, None, &office).await;
    let taken = *office.taken.lock().unwrap();
    (receipt, taken)
}

fn retry(why: &str) -> Receipt {
    Receipt::Retry { after: None, why: why.to_owned() }
}

#[tokio::test(start_paused = true)]
async fn steps_are_carried_one_by_one_and_bounded() {
    assert_eq!(carried(3, Ok("done")).await, (retry("done"), 3));
    assert_eq!(carried(8, Ok("done")).await, (retry("done"), 8));
    let (receipt, taken) = carried(9, Ok("done")).await;
    assert_eq!((receipt, taken), (Receipt::Refused { why: "not done after 8 steps".into() }, 8));
}

#[tokio::test(start_paused = true)]
async fn a_post_that_hangs_or_breaks_is_tried_again() {
    let before = tokio::time::Instant::now();
    assert_eq!(carried(1, Err(None)).await.0, retry("time limit: not done within 20 s"));
    assert_eq!(before.elapsed(), Duration::from_secs(20));
    assert_eq!(carried(1, Err(Some("refused"))).await.0, retry("connect: refused"));
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_comes_back_is_blotted_out() {
    assert_eq!(carried(1, Ok("no such token hunter22!")).await.0, retry("no such token ***!"));
    assert_eq!(carried(1, Err(Some("hunter22"))).await.0, retry("connect: ***"));
}

#[tokio::test(start_paused = true)]
async fn who_is_settled_is_told_to_the_channel_first() {
    let office = Office { answer: Ok(""), taken: Mutex::new(0) };
    let settled = Settled(vec![("ann@example.org".into(), 250, "ok".into())]);
    let n = Notification::test(Timestamp::UNIX_EPOCH, "x");
    let receipt = deliver_rest(&walker(1), &n, None, &settled, &office).await;
    assert_eq!(receipt, Receipt::Partly { after: None, why: String::new(), settled });
    assert_eq!(*office.taken.lock().unwrap(), 0);
}

#[test]
fn waits_double_to_five_minutes_within_a_fifth() {
    let wait = |attempt, chance| Backoff::default().next(attempt, None, chance).as_secs_f64();
    for (attempt, expected) in
        [(0, 1.0), (1, 1.0), (2, 2.0), (5, 16.0), (9, 256.0), (10, 300.0), (u32::MAX, 300.0)]
    {
        assert!((wait(attempt, 0.5) - expected).abs() < 1e-6, "attempt {attempt}");
        assert!((wait(attempt, 0.0) - expected * 0.8).abs() < 1e-6);
        assert!((wait(attempt, 1.0) - expected * 1.2).abs() < 1e-6);
        assert!((wait(attempt, f64::NAN) - expected).abs() < 1e-6);
    }
}

#[test]
fn a_wait_is_never_shorter_than_asked_but_at_most_an_hour_longer() {
    let wait = |asked| Backoff::default().next(3, Some(Duration::from_secs(asked)), 0.5).as_secs();
    assert_eq!([wait(1), wait(7), wait(900), wait(86_400)], [4, 7, 900, 3600]);
}

/// An ornament, then a message; tells what became of the ornament.
struct Adorned;

impl Channel for Adorned {
    fn compose(&self, _: &Notification, replies: &[Reply], _: Option<&MessageRef>) -> Next {
        match replies {
            [Reply::Lost(lost), _] => Next::Done(Receipt::Refused { why: format!("ornament, {lost}") }),
            _ => {
                Next::Send(Box::new(Envelope::Http(http::Request::new(Bytes::from(vec![0; replies.len()])))))
            }
        }
    }

    fn is_ornament(&self, _: &Notification, replies: &[Reply], _: Option<&MessageRef>) -> bool {
        replies.is_empty()
    }
}

/// Loses whatever has no body, at once or by never answering.
struct Lossy(bool);

#[async_trait]
impl Post for Lossy {
    async fn deliver(&self, envelope: Envelope) -> Result<Reply, Undelivered> {
        let Envelope::Http(request) = envelope else { panic!("{envelope:?}") };
        match (request.body().is_empty(), self.0) {
            (true, true) => Err(Undelivered { step: "connect", detail: "no".into() }),
            (true, false) => std::future::pending().await,
            (false, _) => {
                Ok(Reply::Http { status: 200, headers: http::HeaderMap::new(), body: Bytes::new() })
            }
        }
    }
}

/// Goes on when a step fails.
struct Stoic(Walker);

impl Channel for Stoic {
    fn compose(&self, n: &Notification, replies: &[Reply], thread: Option<&MessageRef>) -> Next {
        match replies {
            [.., Reply::Lost(lost)] if replies.len() >= self.0.steps => {
                Next::Done(Receipt::Retry { after: None, why: format!("{} lost: {lost}", replies.len()) })
            }
            _ => self.0.compose(n, replies, thread),
        }
    }

    fn step_limit(&self) -> Option<Duration> {
        Some(Duration::from_secs(5))
    }
}

#[tokio::test(start_paused = true)]
async fn an_ornament_that_gets_lost_holds_up_nothing() {
    let n = Notification::test(Timestamp::UNIX_EPOCH, "x");
    for (at_once, lost) in [(true, "connect: no"), (false, "answer: no answer within 5 s")] {
        let receipt = deliver(&Adorned, &n, None, &Lossy(at_once)).await;
        assert_eq!(receipt, Receipt::Refused { why: format!("ornament, {lost}") });
    }
}

#[tokio::test(start_paused = true)]
async fn a_channel_with_several_addresses_hears_of_a_failed_step_and_goes_on() {
    let n = Notification::test(Timestamp::UNIX_EPOCH, "x");
    for (answer, expected, seconds) in [
        (Err(Some("refused")), "2 lost: connect: refused", 0),
        (Err(None), "2 lost: answer: no answer within 5 s", 10),
    ] {
        let before = tokio::time::Instant::now();
        let office = Office { answer, taken: Mutex::new(0) };
        assert_eq!(deliver(&Stoic(walker(2)), &n, None, &office).await, retry(expected));
        assert_eq!(before.elapsed(), Duration::from_secs(seconds));
    }
}

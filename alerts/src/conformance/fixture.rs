//! Notifications, services and settings that the tests of all channels share.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

use crate::channel::Kind;
use crate::diagnosis::{Action, Diagnosis, Mode, Proposal};
use crate::{
    Ack, CHANNELS, Cell, Channel, Envelope, Facts, Failing, Hushed, IncidentId, MessageRef, Next,
    Notification, NotificationId, NotificationKind, Receipt, Reply, Severity, Strip,
};

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// One notification of each kind, in the order of their lives.
pub(crate) fn of_kind() -> Vec<Notification> {
    vec![
        opened(),
        update(),
        reminder(),
        acknowledged(),
        flood(),
        resolved(),
        Notification::test(at("2024-05-03T12:00:00Z"), "k3v9"),
    ]
}

pub(crate) fn opened() -> Notification {
    Notification {
        id: NotificationId("mybinder-20240503-1".into()),
        incident: IncidentId("mybinder-20240503".into()),
        kind: NotificationKind::Opened,
        severity: Severity::Page,
        at: at("2024-05-03T18:29:10Z"),
        to: Vec::new(),
        facts: Facts {
            failing: vec![Failing {
                probe: "launch-requirements".into(),
                stage: Some("launch".into()),
                reason: Some("spawn_failed".into()),
                summary: "User pod jupyter-requirements-7f3k did not start in 600 s".into(),
                since: at("2024-05-03T18:27:00Z"),
                failures: 2,
                says: String::new(),
                target: None,
                evidence: vec![
                    "Found built image, launching...".into(),
                    "Launching server...".into(),
                    "Launch attempt 1 failed, retrying...".into(),
                    "0/12 nodes are available: 12 Insufficient memory. <no preemption>".into(),
                ],
                from: None,
            }],
            working: vec!["hub-health".into(), "front page".into()],
            strips: vec![strip("launch-requirements", 33, 3), strip("hub-health", 36, 0)],
            link: Some("https://status.example.org/incidents/mybinder-20240503?lang=en&full=1".into()),
            ..Facts::bare("mybinder", at("2024-05-03T18:27:00Z"))
        },
    }
}

pub(crate) fn update() -> Notification {
    let mut n = opened();
    n.id = NotificationId("mybinder-20240503-2".into());
    n.kind = NotificationKind::Update;
    n.at = at("2024-05-03T18:41:00Z");
    n.facts.working = vec!["front page".into()];
    n.facts.failing.push(Failing {
        probe: "hub-health".into(),
        stage: Some("first_byte".into()),
        reason: Some("hub_unavailable".into()),
        summary: String::new(),
        since: at("2024-05-03T18:38:00Z"),
        failures: 3,
        says: String::new(),
        target: None,
        evidence: Vec::new(),
        from: None,
    });
    n.facts.strips = vec![strip("launch-requirements", 31, 5), strip("hub-health", 34, 2)];
    n.facts.causes = vec![cause()];
    n
}

fn cause() -> Diagnosis {
    Diagnosis {
        label: "cluster-full".into(),
        title: "the cluster is full: new servers wait for room, and no more nodes come".into(),
        confidence: 0.9,
        evidence: vec![
            "31 pods wait longer than 2 min for a node with room".into(),
            "3 of 3 test launches found no room for their pod".into(),
            "12 nodes, and the limit is 12".into(),
            "no more nodes are made (40 refusals)".into(),
        ],
        against: Vec::new(),
        next_looks: Vec::new(),
        splits: Vec::new(),
        actions: vec![
            Proposal::new(Action::DeleteOrphanPods, Mode::Approve, "room without taking it from anybody"),
            Proposal::new(Action::RaiseNodeLimit, Mode::Advise, "the limit keeps the cluster from growing"),
        ],
        not_first: vec![(Action::RestartHub, "the Hub is well".into())],
    }
}

/// Nobody answered for half an hour; another target fails because it depends on this one.
pub(crate) fn reminder() -> Notification {
    let mut n = update();
    n.id = NotificationId("mybinder-20240503-3".into());
    n.kind = NotificationKind::Reminder;
    n.at = at("2024-05-03T18:59:10Z");
    n.facts.note = Some("nobody has acknowledged it for 30 min".into());
    n.facts.people = vec!["ada".into(), "ben".into()];
    n.facts.hushed = vec![Hushed { target: "grafana".into(), why: "depends on mybinder".into() }];
    n
}

/// Somebody sees to it.
pub(crate) fn acknowledged() -> Notification {
    let mut n = update();
    n.id = NotificationId("mybinder-20240503-4".into());
    n.kind = NotificationKind::Acknowledged;
    n.at = at("2024-05-03T19:02:00Z");
    let (since, until) = (n.at, at("2024-05-03T23:02:00Z"));
    n.facts.ack = Some(Ack { by: "ada".into(), at: since, until });
    n
}

/// Five hundred targets at once.
pub(crate) fn flood() -> Notification {
    let mut n = opened();
    n.id = NotificationId("many-targets-20240503/1".into());
    n.incident = IncidentId("many-targets-20240503".into());
    let one = n.facts.failing[0].clone();
    let of = |i: usize| Failing {
        target: Some(format!("hub-{i:03}")),
        says: "3 runs in a row".into(),
        evidence: Vec::new(),
        ..one.clone()
    };
    n.facts = Facts {
        failing: (0..50).map(of).collect(),
        more: 448,
        targets: 498,
        link: n.facts.link,
        ..Facts::bare("many targets", n.facts.since)
    };
    n
}

pub(crate) fn resolved() -> Notification {
    let mut n = update();
    n.id = NotificationId("mybinder-20240503-3".into());
    n.kind = NotificationKind::Resolved;
    n.at = at("2024-05-03T19:10:30Z");
    n.facts.until = Some(at("2024-05-03T19:09:00Z"));
    n.facts.working = vec!["launch-requirements".into(), "hub-health".into(), "front page".into()];
    n.facts.strips = vec![strip("launch-requirements", 28, 6), strip("hub-health", 30, 4)];
    n
}

/// Some good cells, some bad ones, and the ordinary irregularities between.
fn strip(probe: &str, good: usize, bad: usize) -> Strip {
    let mut cells = vec![Cell { passed: 5, ..Cell::default() }; good];
    cells[7] = Cell { passed: 4, degraded: 1, ..Cell::default() };
    cells[8] = Cell { unknown: 5, ..Cell::default() };
    cells[15] = Cell { passed: 3, failed: 2, ..Cell::default() };
    cells.extend(vec![Cell { failed: 5, ..Cell::default() }; bad]);
    if good + bad < 36 {
        cells.extend(vec![Cell { passed: 5, ..Cell::default() }; 36 - good - bad]);
    }
    Strip { probe: probe.into(), cells, cell_seconds: 600 }
}

/// The settings of the example.
pub(crate) fn settings(kind: &Kind) -> Value {
    serde_saphyr::from_str(kind.example).unwrap()
}

/// The channel that the example makes.
pub(crate) fn example(name: &str) -> Box<dyn Channel> {
    let kind = CHANNELS.iter().find(|k| k.name == name).unwrap();
    kind.build(settings(kind)).map_err(|p| format!("{p:?}")).unwrap()
}

/// A channel with other settings.
pub(crate) fn built(name: &str, settings: Value) -> Box<dyn Channel> {
    let kind = CHANNELS.iter().find(|k| k.name == name).unwrap();
    kind.build(settings).map_err(|p| format!("{p:?}")).unwrap()
}

/// A reference of the form that the channel itself gives out.
pub(crate) fn thread(name: &str) -> Option<MessageRef> {
    Some(MessageRef(super::services::of(name).thread?.to_owned()))
}

pub(crate) fn http_reply(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Reply {
    let headers = headers
        .iter()
        .map(|(n, v)| (http::HeaderName::from_static(n), http::HeaderValue::from_static(v)))
        .collect();
    Reply::Http { status, headers, body: Bytes::copy_from_slice(body.as_bytes()) }
}

/// A reply with which every HTTP service of the registry would be content.
pub(crate) fn good() -> Reply {
    let body = concat!(
        r#"{"ok":true,"channel":"C0123456789","ts":"1714760951.000100","#, // Slack
        r#""room_id":"!room:example.org","event_id":"$first","#,           // Matrix
        r#""id":"42","channel_id":"1100000000000000001","url":"/user_uploads/1/ab/hours.png","#, // Zulip, Discord
        r#""file_infos":[{"id":"f1"}],"#,                                                        // Mattermost
        r#""name":"spaces/A/messages/B.C","thread":{"name":"spaces/A/threads/B"},"#, // Google Chat
        r#""result":{"message_id":42,"chat":{"id":-1001234567890},"photo":[]},"#,    // Telegram
        r#""number":17}"#,                                                           // GitHub
    );
    http_reply(200, &[], body)
}

/// The reply of a contented service to this envelope.
pub(crate) fn contented(envelope: &Envelope) -> Reply {
    match envelope {
        Envelope::Http(_) => good(),
        Envelope::Mail(letter) => {
            Reply::Mail(letter.to.iter().map(|to| (to.clone(), 250, "ok".to_owned())).collect())
        }
        Envelope::Command(_) => Reply::Command { code: Some(0), said: String::new() },
    }
}

/// Walks to the receipt with a contented service; how many envelopes that took.
pub(crate) fn walked(
    channel: &dyn Channel,
    n: &Notification,
    thread: Option<&MessageRef>,
) -> (Receipt, usize) {
    let mut replies = Vec::new();
    while replies.len() < 9 {
        match channel.compose(n, &replies, thread) {
            Next::Send(e) => replies.push(contented(&e)),
            Next::Done(receipt) => return (receipt, replies.len()),
        }
    }
    panic!("still not done after {} envelopes", replies.len());
}

/// Everything of an envelope that goes over the wire.
pub(crate) fn bytes(envelope: &Envelope) -> Vec<u8> {
    match envelope {
        Envelope::Http(r) => {
            let mut out = format!("{} {}\n", r.method(), r.uri()).into_bytes();
            for (name, value) in r.headers() {
                out.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\n"].concat());
            }
            out.extend(r.body());
            out
        }
        Envelope::Mail(letter) => {
            [format!("{} {:?}\n", letter.from, letter.to).into_bytes(), letter.message.clone()].concat()
        }
        Envelope::Command(order) => {
            [format!("{:?} {:?}\n", order.argv, order.env).into_bytes(), order.stdin.to_vec()].concat()
        }
    }
}

/// The body of the next request, as JSON.
pub(crate) fn body(next: Next) -> Value {
    match next {
        Next::Send(e) => match *e {
            Envelope::Http(r) => super::body::read(&r),
            other => panic!("{other:?}"),
        },
        Next::Done(r) => panic!("done: {r:?}"),
    }
}

/// The receipt, where nothing more is to be sent.
pub(crate) fn done(next: Next) -> Receipt {
    match next {
        Next::Done(receipt) => receipt,
        Next::Send(e) => panic!("wants to send {e:?}"),
    }
}

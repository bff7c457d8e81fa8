//! What the public takes away, read as others read it.

use std::collections::BTreeMap;

use atom_syndication::Feed;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use launchwatch_alerts::{Change, Incident, IncidentState, Maintenance, Selector, Window};
use launchwatch_probes::Verdict;
use serde_json::Value;
use tower::ServiceExt;

use crate::config::{self, Registries};
use crate::news;
use crate::pipeline::board::SharedBoard;
use crate::store::Batch;
use crate::store::testing::{failed, incident, passed};
use crate::web::{Sources, router, testing};

const HOSTILE: &str = "<script>alert(1)</script>\u{202e}\u{0}&\"'";

/// Sources with one target `hub`.
pub(super) fn sources() -> Sources {
    let text = "version: 1\ntargets: [ { name: hub, url: 'http://hub.example/', probes: [ { type: http, name: site } ] } ]\n";
    let config = config::load_text("t", text, Registries::BUILT_IN, &|_| None).unwrap().0;
    let sources = testing::sources();
    let board = SharedBoard::new(&config);
    board.write(|b| b.alive_at = Some(sources.clock.now()));
    Sources { board, ..sources }
}

async fn get(sources: &Sources, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    router(sources.clone()).oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

pub(super) async fn text(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 10_000_000).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn read(sources: &Sources, path: &str) -> (StatusCode, String) {
    let response = get(sources, path, &[("host", "watch.example:8480")]).await;
    (response.status(), text(response).await)
}

async fn keep(sources: &Sources, incidents: Vec<Incident>) {
    let changes = incidents.into_iter().map(Change::Incident).collect();
    let now = sources.clock.now();
    sources.store.record(Batch { changes, now, ..Batch::default() }).await.unwrap();
}

fn saw(sources: &Sources, verdict: Verdict) {
    let now = sources.clock.now();
    let mut seen = if verdict == Verdict::Failed { failed("site", 0) } else { passed("site", 0) };
    seen.slot = now;
    seen.outcome.verdict = verdict;
    sources.board.write(|b| b.saw(&seen));
}

#[tokio::test(start_paused = true)]
async fn a_badge_says_how_a_target_stands_and_when_it_does_not_know() {
    let sources = sources();
    let state = async |sources: &Sources| -> String {
        let (_, json) = read(sources, "/badge/hub/state.json").await;
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&json["schemaVersion"], &json["label"]), (&1.into(), &"hub".into()));
        json["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(state(&sources).await, "unknown");
    saw(&sources, Verdict::Passed);
    assert_eq!(state(&sources).await, "works");
    saw(&sources, Verdict::Failed);
    assert_eq!(state(&sources).await, "works in part");
    sources.board.write(|b| {
        b.open.insert("hub".into(), incident("i", 0, IncidentState::Open));
    });
    assert_eq!(state(&sources).await, "down");
    // The recorder stops: whatever was known may be otherwise by now.
    tokio::time::advance(std::time::Duration::from_secs(60)).await;
    assert_eq!(state(&sources).await, "stale");
}

#[tokio::test(start_paused = true)]
async fn a_badge_is_a_picture_with_a_title_and_may_be_kept_for_a_minute() {
    let sources = sources();
    saw(&sources, Verdict::Passed);
    let response = get(&sources, "/badge/hub/state.svg?label=my%20hub", &[]).await;
    assert_eq!(response.status(), 200);
    let headers = response.headers().clone();
    assert_eq!(headers[header::CONTENT_TYPE], "image/svg+xml; charset=utf-8");
    assert_eq!(headers[header::CACHE_CONTROL], "max-age=60");
    let picture = text(response).await;
    assert!(picture.contains("<title>my hub: works</title>"), "{picture}");
    let tag = headers[header::ETAG].to_str().unwrap();
    let again = get(&sources, "/badge/hub/state.svg?label=my%20hub", &[("if-none-match", tag)]).await;
    assert_eq!((again.status().as_u16(), text(again).await), (304, String::new()));
    for (path, status, says) in [
        ("/badge/nothing/state.svg", 404, "state: unknown"),
        ("/badge/hub/colour.svg", 404, "badge: unknown"),
        ("/badge/hub/success.svg?days=8", 400, "days: 1, 7, 30 or 90"),
        ("/badge/hub/success.svg?days=999999999999", 400, "days: 1, 7, 30 or 90"),
        ("/badge/hub/success.svg?days=7", 200, "success, 7 d: unknown"),
        ("/badge/hub/latency.svg", 200, "median run, 30 d: unknown"),
        ("/badge/hub/state.png", 404, "there are badges"),
    ] {
        let (found, body) = read(&sources, path).await;
        assert!(found == status && body.contains(says), "{path}: {found} {body}");
    }
}

#[tokio::test(start_paused = true)]
async fn figures_of_badges_are_those_of_the_store() {
    let sources = sources();
    let start = sources.clock.now();
    let observations = (0..10).map(|n| {
        let mut seen = if n < 2 { failed("site", n) } else { passed("site", n) };
        seen.slot = start - jiff::SignedDuration::from_mins(n);
        seen
    });
    let batch = Batch { observations: observations.collect(), now: start, ..Batch::default() };
    sources.store.record(batch).await.unwrap();
    for (path, says) in
        [("success.svg?days=1", "success, 24 h: 80.0 %"), ("success.svg?days=90", "success, 90 d: 80.0 %")]
    {
        let (_, picture) = read(&sources, &format!("/badge/hub/{path}")).await;
        assert!(picture.contains(says), "{picture}");
    }
    let (_, picture) = read(&sources, "/badge/hub/latency.svg?days=7").await;
    assert!(picture.contains("median run, 7 d: 4 ms"), "{picture}");
}

#[tokio::test(start_paused = true)]
async fn hostile_words_stay_words_in_badges_and_feeds() {
    let sources = sources();
    let label: String =
        url::form_urlencoded::byte_serialize(HOSTILE.repeat(50_000).get(..60_000).unwrap().as_bytes())
            .collect();
    let response =
        get(&sources, &format!("/badge/hub/state.svg?label={}", label.get(..30_000).unwrap()), &[]).await;
    let picture = text(response).await;
    assert!(
        picture.len() < 3_000 && !picture.contains("<script") && !picture.contains('\u{202e}'),
        "{picture}"
    );
    let mut one = incident("i", 0, IncidentState::Open);
    one.target = HOSTILE.to_owned();
    keep(&sources, vec![one]).await;
    let (_, atom) = read(&sources, "/feed.atom").await;
    let feed: Feed = atom.parse().unwrap();
    assert!(feed.entries[0].title.value.starts_with("<script>alert(1)</script>&\"'"), "{atom}");
    assert!(!atom.contains("<script") && !atom.contains(['\u{0}', '\u{202e}']));
}

/// What RFC 4287 asks of every feed.
fn musts(feed: &Feed) {
    let is_uri = |id: &str| id.starts_with("tag:") && !id.contains(' ') && id.is_ascii();
    assert!(is_uri(&feed.id) && !feed.title.value.is_empty() && !feed.authors.is_empty());
    assert!(feed.links.iter().any(|l| l.rel == "self"));
    let mut ids = std::collections::BTreeSet::new();
    for entry in &feed.entries {
        assert!(is_uri(&entry.id), "{}", entry.id);
        assert!(ids.insert(entry.id.clone()), "{} is there twice", entry.id);
        assert!(!entry.title.value.is_empty() && entry.updated <= feed.updated);
        assert!(entry.published.is_none_or(|p| p <= entry.updated));
        assert!(entry.links.iter().any(|l| l.rel == "alternate" && l.href.starts_with("http://")));
    }
}

#[tokio::test(start_paused = true)]
async fn feeds_have_one_entry_an_incident_that_moves_when_it_is_over() {
    let mut sources = sources();
    let now = sources.clock.now();
    let at = |hours: i64| now + jiff::SignedDuration::from_hours(hours);
    let when = Window::Once { from: at(5), until: at(6) };
    sources.planned = [Maintenance { name: "new disks".into(), of: Selector::target("hub"), when }].into();
    let opened = |id: &str, hours: i64| {
        let mut one = incident(id, 0, IncidentState::Open);
        (one.since, one.opened_at) = (at(hours), at(hours));
        one.ack = Some(launchwatch_alerts::Ack { by: "ada".into(), at: now, until: at(9) });
        one
    };
    let mut ours = opened("z", -1);
    ours.target = launchwatch_alerts::OURSELVES.to_owned();
    keep(&sources, vec![opened("a", -3), opened("b", -2), ours]).await;
    let feed = async |sources: &Sources| -> (Feed, BTreeMap<String, String>) {
        let (_, atom) = read(sources, "/feed.atom").await;
        let feed: Feed = atom.parse().unwrap();
        musts(&feed);
        let titles = feed.entries.iter().map(|e| (e.id.clone(), e.title.value.clone())).collect();
        (feed, titles)
    };
    let (before, titles) = feed(&sources).await;
    let id = |what: &str| format!("tag:watch.example,2018:launchwatch/{what}");
    assert_eq!(titles[&id("incident/a")], "hub: out of service");
    assert_eq!(titles.len(), 3, "{titles:?}");
    let works = before.entries.iter().find(|e| e.id.contains("maintenance")).unwrap();
    assert_eq!(works.title.value, "hub: planned maintenance");
    assert!(!before.to_string().contains("ada") && !before.to_string().contains("no answer"));

    let mut over = opened("a", -3);
    (over.state, over.resolved_at) = (IncidentState::Resolved, Some(now));
    keep(&sources, vec![over]).await;
    let (after, titles) = feed(&sources).await;
    assert_eq!(titles[&id("incident/a")], "hub: works again");
    let place = |feed: &Feed| feed.entries.iter().position(|e| e.id == id("incident/a")).unwrap();
    let (earlier, later) = (&before.entries[place(&before)], &after.entries[place(&after)]);
    assert!(later.updated > earlier.updated && later.published == earlier.published);
    assert_eq!(place(&after), 0, "what is new stands first");
}

#[tokio::test(start_paused = true)]
async fn the_json_feed_says_the_same() {
    let mut sources = sources();
    sources.public.url = Some("https://status.example/watch/".parse().unwrap());
    sources.base = "/watch".into();
    keep(&sources, vec![incident("a", -7_200, IncidentState::Resolved)]).await;
    let (_, json) = read(&sources, "/feed.json").await;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["version"], "https://jsonfeed.org/version/1.1");
    assert_eq!(json["feed_url"], "https://status.example/watch/feed.json");
    let item = &json["items"][0];
    assert_eq!(item["id"], "tag:status.example,2018:launchwatch/incident/a");
    assert_eq!(item["url"], "https://status.example/watch/incidents/a");
    assert!(item["content_text"].as_str().unwrap().contains("everything works again"), "{item}");
    let modified: Timestamp = item["date_modified"].as_str().unwrap().parse().unwrap();
    assert_eq!(modified, news::updated(&incident("a", -7_200, IncidentState::Resolved)));
}

#[tokio::test(start_paused = true)]
async fn the_widget_may_stand_in_any_page_and_needs_no_script() {
    let sources = sources();
    saw(&sources, Verdict::Passed);
    let response = get(&sources, "/widget?target=hub", &[("host", "x\"onload=y")]).await;
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert!(policy.contains("frame-ancestors *") && policy.contains("default-src 'none'"), "{policy}");
    assert!(response.headers().get(header::X_FRAME_OPTIONS).is_none());
    let page = text(response).await;
    assert!(page.contains("hub: works") && !page.contains("onload"), "{page}");
    // Ours keeps it fresh, and it does without.
    assert_eq!(
        (page.matches("<script").count(), page.matches("<script src=\"/assets/live-").count()),
        (1, 1)
    );
    assert!(page.contains("<noscript><meta http-equiv=\"refresh\""), "{page}");
    let (status, page) = read(&sources, "/widget?target=nobody").await;
    assert!(status == 404 && page.contains("nobody: unknown"), "{page}");
    let (_, json) = read(&sources, "/widget.json").await;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["state"], &json["targets"][0]["target"]), (&"works".into(), &"hub".into()));
}

#[tokio::test(start_paused = true)]
async fn every_page_leads_readers_to_the_feeds() {
    let (_, page) = read(&sources(), "/subscribe").await;
    for part in
        [r#"type="application/atom+xml""#, r#"href="/feed.json""#, "/badge/hub/state.svg", "&lt;iframe src="]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
}

//! Whatever stands in names, answers of sites, remarks and deployments: on every face it is text, and harmless.

use std::time::Duration;

use launchwatch::standin::Fault;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::commands::say;
use crate::world::{TOKEN, World, configuration};

const MINUTE: Duration = Duration::from_secs(60);

/// What people have been attacked with: markup, links, control characters, marks that turn the reading round, formulas, and
/// pieces that close what they stand in.
const PIECES: [&str; 22] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'-alert(1)-'",
    "</title></style></textarea></pre>",
    "javascript:alert(1)",
    "[a](javascript:alert(1))",
    "![x](http://evil.example/x.png)",
    "<!-- ",
    "]]>",
    "&lt;b&gt;&#x3c;",
    "\u{202e}",
    "\u{2066}\u{2069}",
    "\u{0}",
    "\u{1b}[31m",
    "\u{7}",
    "\u{2028}",
    "\u{feff}",
    "=cmd|' /C calc'!A0",
    "\r\nX-Injected: yes\r\n\r\n",
    "{{7*7}}${7*7}",
    "🦀é\u{301}",
    "@everyone <!channel> <@U0>",
];

const SITES: &str = r#"version: 1
service: { witnesses: [], public_url: "http://watch.example/" }
targets:
  - name: hub
    url: http://hub.example/
    labels: { says: LABEL, team: LABEL }
    probes:
      - { type: binder-launch, name: cached, spec: gh/example/tiny/v1, every: 2m }
  - name: site
    url: http://sites.example/one
    probes: [{ type: http, name: page, every: 20s, expect: { body: { contains: [never-there] } } }]
channels:
  - { type: webhook, name: ops, url: env:HOOK }
  - { type: slack, name: slack, webhook_url: env:SLACK }
  - { type: email, name: mail, host: smtp.example, from: watch@x.example, to: [ops@x.example] }
rules: [{ name: quick, failures: 2 }]
"#;

/// Every page and document, for members and for the public.
const FACES: &[&str] = &[
    "/",
    "/history",
    "/status/hub",
    "/status/site",
    "/incidents",
    "/overview",
    "/targets/hub",
    "/targets/site",
    "/probes/site/page",
    "/cluster",
    "/rules",
    "/silences",
    "/channels",
    "/audit",
    "/tokens",
    "/feed.atom",
    "/feed.json",
    "/widget",
    "/badge/hub/state.svg",
    "/subscribe",
    "/api/v1/runs.csv",
    "/api/v1/status",
    "/api/v1/incidents",
    "/metrics",
];

async fn get(world: &World, path: &str, known: bool) -> (u16, String, String) {
    let mut request = http::Request::builder().uri(path);
    if known {
        request = request.header("authorization", format!("Bearer {TOKEN}"));
    }
    let request = request.body(axum::body::Body::empty()).unwrap();
    let answer = world.pages.clone().oneshot(request).await.unwrap();
    assert!(!answer.headers().contains_key("x-injected"), "{path}");
    let kind = answer.headers().get("content-type").map_or("", |v| v.to_str().unwrap()).to_owned();
    let status = answer.status().as_u16();
    let body = axum::body::to_bytes(answer.into_body(), 50_000_000).await.unwrap();
    (status, kind, String::from_utf8(body.to_vec()).unwrap())
}

/// What is wrong with a text as it is handed out.
fn wrong(kind: &str, text: &str) -> Option<String> {
    let markup = ["html", "svg", "xml"].iter().any(|k| kind.contains(k));
    let lower = text.to_ascii_lowercase();
    let tags =
        ["<script>alert", "<img src=x", "onerror=alert(1)>", "href=\"javascript:", "</textarea></pre>"];
    if let Some(tag) = tags.iter().find(|tag| markup && lower.contains(**tag)) {
        return Some(format!("{tag} is markup"));
    }
    // What programs ask for is the data as it is; JSON says by itself what is text.
    if kind.starts_with("application/json") {
        return None;
    }
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if let Some(c) = text.chars().find(|c| turns(*c) || control(*c)) {
        return Some(format!("{c:?} is in it"));
    }
    if kind.contains("csv") && text.lines().flat_map(|l| l.split(',')).any(|cell| cell.starts_with("=cmd")) {
        return Some("a cell is a formula".into());
    }
    (text.len() > 3_000_000).then(|| format!("{} bytes", text.len()))
}

async fn look_everywhere(text: &str) -> Result<(), String> {
    let label =
        serde_json::to_string(&text.chars().filter(|c| !c.is_control()).take(2_000).collect::<String>())
            .unwrap();
    let world = World::start(configuration(&SITES.replace("LABEL", &label)), 1).await;
    world.sites.say(text.to_owned());
    world.run_for(5 * MINUTE).await;
    world.break_hub(Fault::SpawnerRaises);
    world.run_for(8 * MINUTE).await;
    let (_, open) = say(&world.pages, "GET", "/api/v1/incidents?state=open", Value::Null).await;
    let open: Vec<_> =
        open["incidents"].as_array().unwrap().iter().map(|i| i["id"].as_str().unwrap().to_owned()).collect();
    assert!(!open.is_empty(), "nothing is open");
    let short: String = text.chars().take(60_000).collect();
    for id in &open {
        say(
            &world.pages,
            "POST",
            &format!("/api/v1/incidents/{id}/comment"),
            json!({"by": short.get(..60), "text": short}),
        )
        .await;
        say(
            &world.pages,
            "POST",
            &format!("/api/v1/incidents/{id}/assign"),
            json!({"by": "ada", "to": short.get(..200)}),
        )
        .await;
    }
    let deploy = json!({"target": "hub", "what": short, "result": "failed", "by": "ci"});
    say(&world.pages, "POST", "/api/v1/deploys", deploy).await;
    say(
        &world.pages,
        "POST",
        "/api/v1/silences",
        json!({"by": "ada", "reason": short, "targets": ["nothing"], "for": "1h"}),
    )
    .await;
    world.run_for(MINUTE).await;
    let mut paths: Vec<String> = FACES.iter().map(|face| (*face).to_owned()).collect();
    for id in &open {
        paths.extend([format!("/incidents/{id}"), format!("/report/{id}")]);
        paths.extend(
            ["markdown", "json"]
                .map(|form| format!("/api/v1/incidents/{id}/report?names=true&format={form}")),
        );
    }
    let mut found = Vec::new();
    for path in &paths {
        for known in [true, false] {
            let (status, kind, body) = get(&world, path, known).await;
            assert!(status < 500, "{path}: {status}");
            found.extend(wrong(&kind, &body).map(|why| format!("{path} ({kind}): {why}")));
        }
    }
    let letters = world.post.letters();
    let told = |host: &str| letters.iter().any(|letter| letter.host.contains(host));
    assert!(told("ops@x.example") && told("slack") && told("chat"), "a mail, and messages in chats");
    for letter in letters {
        found.extend(wrong("", &letter.body).map(|why| format!("a message: {why}")));
    }
    world.stop().await;
    if found.is_empty() { Ok(()) } else { Err(found.join("\n")) }
}

#[test]
fn hostile_text_is_text_on_every_face() {
    let config = Config { cases: 12, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let piece = prop::sample::select(&PIECES[..]);
    let texts = (prop::collection::vec(piece, 1..30), prop::sample::select(vec![1_usize, 3, 20_000]));
    let ran = runner.run(&texts, |(pieces, times)| {
        let text = pieces.concat().repeat(times);
        let text: String = text.chars().take(3_000_000).collect();
        let world =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        world.block_on(look_everywhere(&text)).map_err(TestCaseError::fail)
    });
    if let Err(error) = ran {
        panic!("{}", error.to_string().chars().take(4_000).collect::<String>());
    }
}

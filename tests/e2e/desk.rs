//! The operator's working pages: what they show, and what comes of their forms, without scripts.

use std::time::Duration;

use launchwatch::standin::Fault;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::commands::say;
use crate::world::{THREE_PROBES, TOKEN, World, configuration};

const MINUTE: Duration = Duration::from_secs(60);

/// What a request comes to: status, where it leads, and the page.
async fn ask(
    pages: &axum::Router,
    method: &str,
    path: &str,
    form: &str,
    known: bool,
) -> (u16, String, String) {
    let mut request = http::Request::builder().method(method).uri(path);
    if known {
        request = request.header("authorization", format!("Bearer {TOKEN}"));
    }
    if method == "POST" {
        request = request.header("content-type", "application/x-www-form-urlencoded");
    }
    let request = request.body(axum::body::Body::from(form.to_owned())).unwrap();
    let answer = pages.clone().oneshot(request).await.unwrap();
    let to = answer.headers().get("location").map(|l| l.to_str().unwrap().to_owned()).unwrap_or_default();
    let status = answer.status().as_u16();
    let body = axum::body::to_bytes(answer.into_body(), 10_000_000).await.unwrap();
    (status, to, String::from_utf8(body.to_vec()).unwrap())
}

/// A page as a known person sees it.
async fn page(world: &World, path: &str) -> String {
    let (status, _, page) = ask(&world.pages, "GET", path, "", true).await;
    assert_eq!(status, 200, "{path}: {page}");
    page
}

/// Sends a form: it must lead to a page, which is answered.
async fn send(world: &World, path: &str, form: &str) -> String {
    let (status, to, body) = ask(&world.pages, "POST", path, form, true).await;
    assert_eq!(status, 303, "{path} {form}: {body}");
    page(world, &to).await
}

async fn open(world: &World) -> Vec<String> {
    let (_, answer) = say(&world.pages, "GET", "/api/v1/incidents?state=open", Value::Null).await;
    answer["incidents"].as_array().unwrap().iter().map(|i| i["id"].as_str().unwrap().to_owned()).collect()
}

async fn broken(seed: u64) -> (World, String) {
    let world = World::start(configuration(THREE_PROBES), seed).await;
    world.run_for(10 * MINUTE).await;
    world.break_hub(Fault::SpawnerRaises);
    world.run_for(10 * MINUTE).await;
    let id = open(&world).await.remove(0);
    (world, id)
}

/// The words of a page without its marks, blanks as one.
fn words(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => (inside, _) = (true, text.push(' ')),
            '>' => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test(start_paused = true)]
async fn an_incident_says_what_is_broken_since_when_why_and_what_to_do() {
    let (world, id) = broken(1).await;
    let list = page(&world, "/incidents").await;
    assert!(list.contains("Incidents: 1 is open") && list.contains(&format!("/incidents/{id}")), "{list}");
    let whole = page(&world, &format!("/incidents/{id}")).await;
    let text = words(&whole);
    for said in [
        "hub: nobody can launch since",
        "Nobody sees to it yet.",
        "the Hub could not start the server",
        "Still works health, site",
        "last failing run",
        "What was known when",
        "the first failing run began: hub/cached",
        "success-zero over hub/cached from here fires: 2 runs in a row",
        "opened: told through ops after 0 s",
        "I see to it",
    ] {
        assert!(text.contains(said), "{said} is not in {text}");
    }
    assert!(!text.contains("opened told to"), "what the deliveries say is not said twice: {text}");
    assert!(whole.contains("/runs/hub/cached/"), "{whole}");
    // The public: what happened, no evidence, nobody's names, nothing to press.
    let (status, _, public) = ask(&world.pages, "GET", &format!("/incidents/{id}"), "", false).await;
    assert_eq!(status, 200);
    assert!(words(&public).contains("hub: nobody can launch since"), "{public}");
    for hidden in ["<form", "<pre", "told through", "last failing run", "What speaks for it", "/rules"] {
        assert!(!public.contains(hidden), "{hidden} is in {public}");
    }
    // Links of messages lead here.
    assert_eq!(ask(&world.pages, "GET", "/incidents/nobody", "", true).await.0, 404);
    assert_eq!(
        ask(&world.pages, "GET", "/incidents/hub", "", true).await.0,
        200,
        "a target stands for its incident"
    );
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_timeline_is_in_the_order_of_what_was_known() {
    let (world, id) = broken(2).await;
    send(&world, &format!("/incidents/{id}/acknowledge"), "for=30m").await;
    world.run_for(2 * MINUTE).await;
    send(&world, &format!("/incidents/{id}/comment"), "text=restarted+the+hub").await;
    let deploy = json!({"target": "hub", "what": "chart 1.2.3", "result": "ok", "by": "ci", "url": "https://ci.example/1"});
    assert_eq!(say(&world.pages, "POST", "/api/v1/deploys", deploy).await.0, 201);
    world.break_hub(Fault::None);
    world.run_for(20 * MINUTE).await;
    let whole = page(&world, &format!("/incidents/{id}")).await;
    let list = whole.split("<ol class=\"timeline\">").nth(1).unwrap().split("</ol>").next().unwrap();
    let lines: Vec<String> = list.split("<li").skip(1).map(|li| words(&format!("<li{li}"))).collect();
    insta::assert_snapshot!(lines.join("\n"));
    assert!(words(&page(&world, "/incidents").await).contains("chart 1.2.3"));
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn each_form_leads_to_a_page_that_shows_it() {
    let (world, id) = broken(3).await;
    let path = |verb: &str| format!("/incidents/{id}/{verb}");
    for (verb, form, shown) in [
        ("acknowledge", "for=4h", "command line sees to it, until Sat 7 Jul 16:20"),
        ("unacknowledge", "", "Nobody sees to it yet."),
        ("assign", "to=ben", "Assigned to ben"),
        ("label", "label=false_alarm", "false alarm"),
        ("label", "label=real", "says it was real"),
        ("comment", "text=a+drill", "a drill"),
        ("silence", "for=1h&until_resolved=yes&reason=known", "silence silence-"),
    ] {
        let text = words(&send(&world, &path(verb), form).await);
        assert!(text.contains(shown), "{verb}: {shown} is not in {text}");
    }
    let silences = page(&world, "/silences").await;
    assert!(words(&silences).contains("command line : known"), "{}", words(&silences));
    let end = silences.split("/silences/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(words(&send(&world, &format!("/silences/{end}"), "").await).contains("ended by command line"));
    let added =
        send(&world, "/silences", "targets=hub&probes=site&for=90m&reason=work&maintenance=yes").await;
    assert!(words(&added).contains("Maintenance of hub; probes site"), "{}", words(&added));
    // What cannot be meant is refused in words, and nothing is done.
    for (at, form, status, hint) in [
        (path("acknowledge"), "for=soon", 422, "expected a span"),
        (path("acknowledge"), "for=40d", 422, "31 days"),
        (path("comment"), "text=+", 422, "empty"),
        (path("merge"), "into=nobody", 404, "nobody"),
        (path("merge"), &format!("into={id}"), 422, "into itself"),
        (path("split"), "alert=nothing", 422, "no alert that fires"),
        ("/silences".to_owned(), "targets=nowhere&for=1h", 422, "no target"),
        ("/channels/nobody/test".to_owned(), "", 404, "no such channel"),
        ("/incidents/nobody/comment".to_owned(), "text=x", 404, "nobody"),
    ] {
        let (seen, _, body) = ask(&world.pages, "POST", &at, form, true).await;
        assert_eq!(seen, status, "{at} {form}: {}", words(&body));
        assert!(words(&body).contains(hint), "{hint} is not in {}", words(&body));
    }
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn nobody_unknown_can_press_anything_or_read_the_working_pages() {
    let (world, id) = broken(4).await;
    for verb in ["acknowledge", "unacknowledge", "assign", "comment", "label", "merge", "split", "silence"] {
        let (status, ..) =
            ask(&world.pages, "POST", &format!("/incidents/{id}/{verb}"), "text=x&for=1h", false).await;
        assert!(matches!(status, 401 | 403 | 303), "{verb}: {status}");
    }
    for path in ["/silences", "/channels/ops/test", "/silences/x/end", "/api/v1/deploys"] {
        let (status, to, _) = ask(&world.pages, "POST", path, "targets=hub&for=1h", false).await;
        assert!(matches!(status, 401 | 403) || to.contains("sign-in"), "{path}: {status}");
    }
    for path in ["/rules", "/silences", "/channels", "/rehearsals", "/api/v1/deploys"] {
        let (status, to, _) = ask(&world.pages, "GET", path, "", false).await;
        assert!(matches!(status, 401 | 403) || to.contains("sign-in"), "{path}: {status}");
    }
    let text = words(&page(&world, &format!("/incidents/{id}")).await);
    assert!(text.contains("Nobody sees to it yet.") && !text.contains("silence"), "nothing was done");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn hostile_words_are_shown_as_text() {
    let (world, id) = broken(5).await;
    let evil = "%3Cscript%3Ealert(1)%3C/script%3E%22%3E%3Cimg%20src=x%20onerror=y%3E%E2%80%AE%1B%5B31m";
    let path = |verb: &str| format!("/incidents/{id}/{verb}");
    send(&world, &path("comment"), &format!("text={evil}")).await;
    send(&world, &path("assign"), &format!("to={evil}")).await;
    send(&world, &path("silence"), &format!("for=1h&reason={evil}")).await;
    let deploy = json!({"target": "hub", "what": "<script>alert(2)</script>", "result": "failed", "url": "javascript:alert(3)"});
    assert_eq!(say(&world.pages, "POST", "/api/v1/deploys", deploy).await.0, 201);
    for at in [format!("/incidents/{id}"), "/incidents".into(), "/silences".into(), "/rules".into()] {
        let page = page(&world, &at).await;
        for bad in ["<script>alert", "<img", "\u{202e}", "\u{1b}", "href=\"javascript"] {
            assert!(!page.contains(bad), "{bad:?} is in {at}: {page}");
        }
    }
    assert!(page(&world, &format!("/incidents/{id}")).await.contains("&lt;script&gt;alert(1)"));
    let long = format!("text={}", "x".repeat(60_000));
    send(&world, &path("comment"), &long).await;
    assert!(page(&world, &format!("/incidents/{id}")).await.len() < 60_000, "a remark is cut");
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_split_and_merged_is_found_again_and_ends_once() {
    let world = World::start(configuration(THREE_PROBES), 6).await;
    world.run_for(10 * MINUTE).await;
    world.break_hub(Fault::HubDown);
    world.run_for(10 * MINUTE).await;
    let id = open(&world).await.remove(0);
    let whole = page(&world, &format!("/incidents/{id}")).await;
    assert!(whole.contains("name=\"alert\" value=\"success-zero over hub/health from here\""), "{whole}");
    send(&world, &format!("/incidents/{id}/split"), "alert=success-zero+over+hub%2Fhealth+from+here").await;
    let all = open(&world).await;
    assert_eq!(all.len(), 2, "{all:?}");
    let new = all.iter().find(|i| **i != id).unwrap().clone();
    let text = words(&page(&world, &format!("/incidents/{new}")).await);
    assert!(text.contains(&format!("Split off from {id}")), "{text}");
    world.run_for(MINUTE).await;
    let merged = send(&world, &format!("/incidents/{new}/merge"), &format!("into={id}")).await;
    assert!(words(&merged).contains(&format!("merged with incident {new}")), "{}", words(&merged));
    let ended = words(&page(&world, &format!("/incidents/{new}")).await);
    assert!(ended.contains(&format!("It goes on as {id}")), "{ended}");
    world.break_hub(Fault::None);
    world.run_for(30 * MINUTE).await;
    assert_eq!(open(&world).await, [""; 0]);
    let told = |kind: &str, of: &str| {
        let mine = |l: &&crate::post::Posted| l.kind == kind && l.body.contains(of);
        world.post.letters().iter().filter(mine).count()
    };
    assert_eq!((told("resolved", &format!("{id}/")), told("opened", &format!("{new}/"))), (1, 1));
    // One that is over is put on record in another one that is over; twice it cannot.
    world.break_hub(Fault::HubDown);
    world.run_for(10 * MINUTE).await;
    let third = open(&world).await.remove(0);
    world.break_hub(Fault::None);
    world.run_for(30 * MINUTE).await;
    let letters = world.post.letters().len();
    let into = json!({"by": "ada", "into": id});
    let path = format!("/api/v1/incidents/{third}/merge");
    let (status, answer) = say(&world.pages, "POST", &path, into.clone()).await;
    assert_eq!((status, answer["id"].as_str()), (200, Some(id.as_str())), "{answer}");
    let (status, problem) = say(&world.pages, "POST", &path, into).await;
    assert!(status == 422 && problem.to_string().contains("already"), "{problem}");
    world.run_for(MINUTE).await;
    assert_eq!(world.post.letters().len(), letters, "nobody is told of that");
    let again = send(&world, &format!("/incidents/{id}/comment"), "text=afterwards").await;
    assert!(words(&again).contains("afterwards"));
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn rules_say_why_and_channels_are_tried() {
    let (world, id) = broken(7).await;
    let text = words(&page(&world, "/rules").await);
    for said in [
        "Rules: 1 fires",
        "2 runs in a row fail; over when 2 runs in a row succeed",
        "runs in a row failed firing for",
    ] {
        assert!(text.contains(said), "{said} is not in {text}");
    }
    assert!(text.contains("0 runs in a row failed calm the condition does not hold"), "{text}");
    let channels = page(&world, "/channels").await;
    assert!(
        channels.contains(&format!("/incidents/{id}")) && words(&channels).contains("ops webhook works"),
        "{channels}"
    );
    let tried = words(&send(&world, "/channels/ops/test", "").await);
    assert!(tried.contains("delivered: look whether the test message is there"), "{tried}");
    assert!(tried.contains("POST chat.example: answers"), "{tried}");
    assert_eq!(world.post.letters().last().unwrap().kind, "test");
    assert_eq!(ask(&world.pages, "POST", "/channels/ops/test", "", true).await.0, 429, "not so fast");
    assert!(words(&page(&world, "/rehearsals").await).contains("Nothing was kept yet"));
    world.stop().await;
}

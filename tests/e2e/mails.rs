//! News by e-mail: asked back first, one mail each for an outage and its end, one click to hear no more.

use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use launchwatch::config::Config;
use tower::ServiceExt;

use crate::post::{PostOffice, Posted};
use crate::sites::sites_yaml;
use crate::world::{Setting, World, configuration};

const MINUTE: Duration = Duration::from_secs(60);
const ANN: &str = "ann@example.org";
const BOB: &str = "bob@example.org";

fn config() -> Config {
    let channels = "  - { type: webhook, name: ops, url: env:OPS }\n  \
        - { type: email, name: mail, host: localhost, tls: none, from: status@example.org, to: [ops@example.org] }\n\
        subscriptions: { channel: mail }\nservice: { public_url: 'https://status.example/' }\n";
    configuration(&sites_yaml(["a", "b"], channels))
}

async fn post(world: &World, path: &str, form: &str) -> (StatusCode, String) {
    let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    let request = request.body(Body::from(form.to_owned())).unwrap();
    let answer = world.pages.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let body = axum::body::to_bytes(answer.into_body(), 1_000_000).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// A letter as its reader sees it.
fn read(letter: &Posted) -> String {
    letter.body.replace("=\r\n", "").replace("=3D", "=")
}

/// The path of the first link of this kind in a letter.
fn link(letter: &Posted, kind: &str) -> String {
    let text = read(letter);
    let rest = text
        .split_once(&format!("https://status.example{kind}"))
        .unwrap_or_else(|| panic!("{kind}: {text}"))
        .1;
    let token: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    format!("{kind}{token}")
}

fn mails(world: &World, to: &str) -> Vec<Posted> {
    world.post.letters_of(to)
}

fn subjects(world: &World, to: &str) -> Vec<String> {
    mails(world, to).into_iter().map(|l| l.kind).collect()
}

async fn begin() -> World {
    let world = World::begin(Setting::new(config(), 1)).await;
    world.run_for(2 * MINUTE).await;
    world
}

/// Asks and confirms; answers the link that ends it.
async fn subscribe(world: &World, address: &str, target: &str) -> String {
    let before = mails(world, address).len();
    let (status, page) =
        post(world, "/subscribe", &format!("address={}&target={target}", address.replace('@', "%40"))).await;
    assert!(status == 200 && page.contains("a mail is on its way"), "{page}");
    world.run_for(MINUTE).await;
    let letter = mails(world, address).remove(before);
    let confirm = link(&letter, "/subscribe/confirm/");
    // A machine that follows links confirms nothing.
    let (status, page) = world.get(&confirm).await;
    assert!(status == 200 && page.contains("Yes, send me news"), "{page}");
    assert!(post(world, &confirm, "").await.1.contains("From now on you hear"));
    link(&letter, "/unsubscribe/")
}

#[tokio::test(start_paused = true)]
async fn each_who_confirmed_gets_one_mail_of_an_outage_and_one_of_its_end() {
    let world = begin().await;
    subscribe(&world, ANN, "").await;
    let leave = subscribe(&world, BOB, "a").await;
    post(&world, "/subscribe", "address=never%40example.org").await;
    world.sites.down("a", true);
    world.run_for(5 * MINUTE).await;
    for who in [ANN, BOB] {
        assert_eq!(subjects(&world, who), ["Please confirm your subscription", "a: out of service"]);
        let news = &mails(&world, who)[1];
        let text = read(news);
        assert!(text.contains(&format!("To: {who}\r\n")) && text.contains("a does not work since"), "{text}");
        assert!(text.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"), "{text}");
        let other = if who == ANN { BOB } else { ANN };
        assert!(
            !text.contains(other) && !text.contains("ops@example.org") && !text.contains("http_status"),
            "{text}"
        );
        assert!(text.contains("https://status.example/incidents/"), "{text}");
    }
    assert_eq!(subjects(&world, "never@example.org"), ["Please confirm your subscription"]);
    // One click in the mail program.
    let (status, _) = post(&world, &leave, "List-Unsubscribe=One-Click").await;
    assert_eq!(status, 200);
    world.sites.down("a", false);
    world.run_for(20 * MINUTE).await;
    assert_eq!(subjects(&world, ANN).last().unwrap(), "a: works again");
    assert_eq!((mails(&world, ANN).len(), mails(&world, BOB).len()), (3, 2));
    let id = |letter: &Posted| letter.key.clone();
    assert!(read(&mails(&world, ANN)[2]).contains(&format!("In-Reply-To: {}", id(&mails(&world, ANN)[1]))));
    // Those concerned only.
    world.sites.down("b", true);
    world.run_for(5 * MINUTE).await;
    assert_eq!((mails(&world, ANN).len(), mails(&world, BOB).len()), (4, 2));
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn nobody_learns_who_is_subscribed() {
    let world = begin().await;
    subscribe(&world, ANN, "").await;
    let ask = async |address: &str| post(&world, "/subscribe", &format!("address={address}")).await;
    let known = ask("ann%40example.org").await;
    assert_eq!(known, ask("someone%40example.org").await);
    for _ in 0..5 {
        assert_eq!(known, ask("ann%40example.org").await, "also when no more mails go out");
    }
    world.run_for(10 * MINUTE).await;
    assert!(mails(&world, ANN).len() <= 3, "{:?}", subjects(&world, ANN));
    for bad in ["nobody", "a%40b.example%0d%0aBcc%3a+c%40d.example", "a%40b.example%2cc%40d.example", ""] {
        let (status, page) = ask(bad).await;
        assert!(status == 422 && page.contains("not an address"), "{bad}: {page}");
    }
    assert_eq!(post(&world, "/subscribe", "address=ann%40example.org&target=nothing").await.0, 422);
    assert_eq!(post(&world, "/subscribe/confirm/0123-4567", "").await.0, 404);
    assert_eq!(world.get("/unsubscribe/0123-4567").await.0, 404);
    world.stop().await;
}

fn keys(post: &PostOffice, to: &str) -> Vec<String> {
    post.letters_of(to).into_iter().map(|l| l.key).collect()
}

#[tokio::test(start_paused = true)]
async fn killed_at_any_moment_nobody_misses_a_mail_and_at_most_one_comes_twice_under_one_name() {
    for wait in [0_u64, 50, 150, 250, 400, 1_000] {
        let mut world = begin().await;
        let people = [ANN, BOB, "cyd@example.org", "dan@example.org"];
        for who in people {
            subscribe(&world, who, "").await;
        }
        world.sites.down("a", true);
        while !people.iter().any(|who| mails(&world, who).len() > 1) {
            world.run_for(Duration::from_millis(10)).await;
        }
        world.run_for(Duration::from_millis(wait)).await;
        world = World::begin(world.kill(config()).await).await;
        world.run_for(5 * MINUTE).await;
        let mut twice = 0;
        for who in people {
            let keys = keys(&world.post, who);
            let news: std::collections::BTreeSet<&String> = keys.iter().skip(1).collect();
            assert_eq!(news.len(), 1, "{who}: {keys:?}");
            twice += keys.len() - 2;
        }
        assert!(twice <= 1, "{twice} mails came twice");
        world.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_is_down_holds_up_neither_operators_nor_loses_a_mail() {
    let world = begin().await;
    subscribe(&world, ANN, "").await;
    subscribe(&world, BOB, "").await;
    world.post.answer_mail(ANN, [(451, "4.7.1 Greylisted"), (451, "4.3.2 busy")]);
    world.post.answer_mail(BOB, [(550, "5.1.1 <bob@example.org>: no such user")]);
    world.sites.down("a", true);
    world.run_for(20 * MINUTE).await;
    assert_eq!(world.post.kinds_of("ops.example"), ["opened"]);
    assert_eq!(subjects(&world, ANN).last().unwrap(), "a: out of service");
    assert_eq!((mails(&world, ANN).len(), mails(&world, BOB).len()), (2, 1));
    world.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_the_section_nobody_can_ask_and_the_page_shows_feeds_and_badges() {
    let world = World::start(configuration(crate::world::THREE_PROBES), 1).await;
    let (_, page) = world.get("/subscribe").await;
    assert!(
        page.contains("/feed.atom")
            && page.contains("/badge/hub/state.svg")
            && !page.contains("E-mail address"),
        "{page}"
    );
    assert_eq!(post(&world, "/subscribe", "address=ann%40example.org").await.0, 404);
    world.stop().await;
}

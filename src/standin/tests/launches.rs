//! Launches: order, texts and times of whole streams; what stays when the client leaves; two runs alike.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::kit::{SPEC, get, hear, launch, request, settings, stand_in};
use crate::standin::{Fault, Settings, StandIn, serve};

#[tokio::test(start_paused = true)]
async fn a_cached_launch_ends_with_ready_and_closes_at_once() {
    let binder = stand_in(settings());
    let heard = launch(&binder.router(), 60).await;
    assert_eq!(heard.phases(), "built launching ready");
    assert!(heard.closed && (3.0..6.0).contains(&heard.took), "{}", heard.took);
    let ready = heard.events().pop().unwrap();
    let keys = [
        "phase",
        "message",
        "image",
        "repo_url",
        "token",
        "binder_ref_url",
        "binder_launch_host",
        "binder_request",
        "binder_persistent_request",
        "binder_client_ip",
        "url",
    ];
    assert_eq!(ready.as_object().unwrap().len(), keys.len());
    assert!(keys.iter().all(|key| ready[key].is_string()), "{ready}");
    assert_eq!(ready["token"].as_str().unwrap().len(), 22);
    assert_eq!(ready["binder_request"], "v2/gh/harbour/tide-tables/HEAD");
    let path = ready["url"].as_str().unwrap().trim_start_matches("http://binder.test").to_owned();
    let status = get(
        &format!("{path}api/status"),
        &format!("authorization: token {}\r\n", ready["token"].as_str().unwrap()),
    );
    assert_eq!(hear(&binder.router(), &status, 5).await.status(), 200);
    assert_eq!(hear(&binder.router(), &get(&format!("{path}api/status"), ""), 5).await.status(), 403);
    assert_eq!(hear(&binder.router(), &get(&format!("{path}api"), ""), 5).await.status(), 200);
    assert_eq!(binder.snapshot().servers_running, 1);
}

#[tokio::test(start_paused = true)]
async fn a_build_comes_first_for_an_image_that_is_not_there_and_only_once() {
    let binder = stand_in(Settings { uncached: vec!["gh/harbour/".to_owned()], ..settings() });
    let heard = launch(&binder.router(), 200).await;
    assert_eq!(heard.phases(), "waiting - fetching building pushing built launching ready");
    assert!(
        heard.body.contains("\\r\", \"phase\": \"building\"}\n\n\n") && heard.body.contains(":keepalive\n\n")
    );
    assert!(heard.closed && heard.took > 76.0, "stays open 60 s after ready: {}", heard.took);
    assert_eq!(launch(&binder.router(), 200).await.phases(), "built launching ready");
}

#[tokio::test(start_paused = true)]
async fn a_server_stays_when_the_client_leaves_and_goes_when_it_was_idle_too_long() {
    let binder = stand_in(settings());
    let heard = launch(&binder.router(), 1).await;
    assert!(!heard.closed && !heard.body.contains("ready"));
    tokio::time::sleep(Duration::from_secs(10)).await;
    let now = binder.snapshot();
    assert_eq!((now.servers_running, now.launches_abandoned, now.launches_in_flight), (1, 1, 0));
    tokio::time::sleep(Duration::from_secs(610)).await;
    let later = binder.snapshot();
    assert_eq!((later.servers_running, later.users, later.servers_started), (0, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_failing_launch_makes_four_users_in_half_a_minute() {
    let binder = stand_in(settings());
    binder.set_fault(None, Fault::SpawnerRaises);
    let heard = launch(&binder.router(), 60).await;
    assert_eq!(heard.phases(), "built launching failed");
    assert_eq!(heard.body.matches("failed, retrying...").count(), 3);
    assert!((29.0..32.0).contains(&heard.took), "{}", heard.took);
    assert_eq!(binder.snapshot().users, 4);
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_ends_meanwhile_lets_the_launch_through() {
    let binder = stand_in(settings());
    binder.set_fault(Some("gh/harbour/"), Fault::HubDown);
    let healer = binder.clone();
    let heal = async {
        tokio::time::sleep(Duration::from_secs(40)).await;
        healer.set_fault(Some("gh/harbour/"), Fault::None);
    };
    let router = binder.router();
    let (heard, ()) = tokio::join!(launch(&router, 300), heal);
    assert_eq!(heard.phases(), "built launching ready");
    assert!(heard.body.contains("Launch attempt 1 failed, retrying...") && heard.took < 60.0);
}

#[tokio::test(start_paused = true)]
async fn requests_for_one_image_share_one_build_which_goes_on_without_them() {
    let binder = stand_in(Settings { uncached: vec!["gh/".to_owned()], ..settings() });
    let router = binder.router();
    let (a, b) = tokio::join!(launch(&router, 10), launch(&router, 10));
    let dir = |body: &str| body.split("repo2docker").nth(1).map(|d| d.split_at(8).0.to_owned());
    assert_eq!(dir(&a.body), dir(&b.body));
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(binder.snapshot().launches_begun, 0);
    assert!(launch(&router, 2).await.body.contains("Found built image"));
}

#[tokio::test(start_paused = true)]
async fn a_day_of_a_launch_a_minute_leaves_nothing_behind() {
    let binder = stand_in(Settings { rate_limit: None, ..settings() });
    let router = binder.router();
    let day = tokio::time::Instant::now();
    for minute in 1..=1440 {
        let ready = launch(&router, 60).await.events().pop().unwrap();
        let path = ready["url"].as_str().unwrap().trim_start_matches("http://binder.test").to_owned();
        let own = format!("authorization: token {}\r\n", ready["token"].as_str().unwrap());
        hear(&router, &request("POST", &format!("{path}api/shutdown"), &own, ""), 5).await;
        tokio::time::sleep_until(day + Duration::from_secs(60 * minute)).await;
    }
    tokio::time::sleep(Duration::from_secs(1200)).await;
    let end = binder.snapshot();
    assert_eq!((end.launches_ready, end.servers_started, end.peak_servers), (1440, 1440, 1));
    assert_eq!((end.servers_running, end.users, end.requests["build"]), (0, 0, 1440));
}

#[tokio::test]
async fn the_same_is_served_on_a_real_socket() {
    let binder = stand_in(Settings { speed: 100.0, ..settings() });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let client = async {
        let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
        let ask = get(SPEC, "accept: text/event-stream\r\n");
        socket.write_all(ask.as_bytes()).await.unwrap();
        let mut heard = String::new();
        socket.read_to_string(&mut heard).await.unwrap();
        stop.send(()).unwrap();
        heard
    };
    let spawn = super::kit::spawner();
    let server = serve(listener, binder.router(), &spawn, async { stopped.await.unwrap_or(()) });
    let (served, heard) = tokio::join!(server, client);
    served.unwrap();
    assert!(heard.contains("\"phase\": \"ready\"") && heard.ends_with("0\r\n\r\n"));
}

async fn two_launches_and_a_page(binder: &StandIn) -> String {
    let router = binder.router();
    let (a, b) = tokio::join!(launch(&router, 90), launch(&router, 90));
    let page = hear(&router, &get("/v2/gh/harbour/tide-tables/HEAD", ""), 2).await;
    [a.head, a.body, b.body, page.body].concat()
}

#[test]
fn two_runs_with_one_seed_say_the_same_bytes_and_another_seed_does_not() {
    let run = |seed: u64| {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let settings = Settings { uncached: vec!["gh/".to_owned()], ..settings() };
            two_launches_and_a_page(&StandIn::new(settings, super::kit::edges(seed))).await
        })
    };
    let first = run(1);
    assert!(first.contains("\"phase\": \"ready\"") && first.contains(SPEC.trim_start_matches("/build/")));
    assert_eq!(first, run(1));
    assert_ne!(first, run(2));
}

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures::{AsyncBufReadExt as _, StreamExt as _};
use launchwatch_probes::Net as _;
use launchwatch_probes::net::{ClusterAccess, NetFault};
use serde_json::Value;

use super::{Scene, pending, phases};

#[tokio::test(start_paused = true)]
async fn a_launch_goes_as_the_file_says_and_is_real_in_both_worlds() {
    let scene = Scene::new();
    scene.at(-100).await;
    let mut body = scene.launch(&scene.north).await;
    let mut text = String::new();
    while let Some(chunk) = body.next().await {
        text += std::str::from_utf8(&chunk.unwrap()).unwrap();
    }
    assert!(text.contains("\"phase\": \"ready\""), "{text}");
    assert!(
        !text.contains("<pod>") && text.contains("Successfully assigned north/jupyter-launchwatch-cached-"),
        "{text}"
    );
    let url = text.split("\"url\": \"").nth(1).unwrap().split('"').next().unwrap();
    let token = text.split("\"token\": \"").nth(1).unwrap().split('"').next().unwrap();
    let own = |pods: &[Value]| {
        pods.iter().filter(|p| p["metadata"]["name"].as_str().unwrap().contains("launchwatch")).count()
    };
    let pods = scene.pods("singleuser-server").await;
    assert_eq!((own(&pods), phases(&pods, "Running")), (1, 100), "it is one of the hundred");
    assert!(scene.servers().await.iter().any(|s| s["name"].as_str().unwrap().starts_with("launchwatch")));
    let bearer = format!("token {token}");
    let (status, _) = scene.get(&format!("{url}api/status"), &[("authorization", &bearer)]).await;
    assert_eq!(status, 200);

    let request = http::Request::post(format!("{url}api/shutdown")).header("authorization", &bearer);
    let answer = scene.stage.net().send(request.body(Bytes::new()).unwrap()).await.unwrap();
    assert_eq!(answer.status, 200);
    for (wait, pods_left, servers_left) in [(25, 1, 1), (10, 1, 0), (15, 0, 0)] {
        tokio::time::sleep(Duration::from_secs(wait)).await;
        let pods = own(&scene.pods("singleuser-server").await);
        let servers = scene.servers().await;
        let servers =
            servers.iter().filter(|s| s["name"].as_str().unwrap().starts_with("launchwatch")).count();
        assert_eq!((pods, servers), (pods_left, servers_left), "{wait} s later");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stuck_launch_has_a_ready_pod_and_a_starting_server_and_leaks() {
    let scene = Scene::new();
    scene.at(10).await;
    let mut body = scene.launch(&scene.north).await;
    let until = tokio::time::Instant::now() + Duration::from_secs(60);
    while tokio::time::timeout_at(until, body.next()).await.is_ok() {}
    let own = |all: Vec<Value>, at: &str| {
        all.into_iter().find(|p| p.pointer(at).unwrap().as_str().unwrap().contains("launchwatch"))
    };
    let pod = own(scene.pods("singleuser-server").await, "/metadata/name").unwrap();
    assert_eq!(pod["status"]["containerStatuses"][0]["ready"], true);
    let servers = scene.servers().await;
    assert_eq!(pending(&servers, "spawn"), 9, "ours is one of them");
    assert_eq!(own(servers, "/name").unwrap()["servers"][""]["pending"], "spawn");
    scene.at(500).await;
    assert!(own(scene.pods("singleuser-server").await, "/metadata/name").is_some(), "nobody deletes it");
    assert!(own(scene.servers().await, "/name").is_none(), "the Hub gave it up");
}

#[tokio::test(start_paused = true)]
async fn health_and_doors_are_as_the_file_says() {
    let scene = Scene::new();
    scene.at(0).await;
    let (status, body) = scene.get(&format!("{}health", scene.north.url), &[]).await;
    let health: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &health["ok"]), (200, &Value::Bool(true)));
    assert_eq!(health["checks"][1]["user_pods"], 101);
    assert_eq!(scene.get(&format!("{}hub/api/health", scene.north.hub_url), &[]).await.0, 200);
    let (_, page) = scene.get(&format!("{}v2/gh/a/b/c", scene.north.url), &[]).await;
    assert!(page.contains("\"buildToken\":\""), "{page}");

    scene.at(700).await;
    let net = scene.stage.net();
    let ask = |url: String| net.send(http::Request::get(url).body(Bytes::new()).unwrap());
    for path in ["health", "v2/gh/a/b/c", "build/gh/launchwatch/cached/abc"] {
        let error = ask(format!("{}{path}", scene.north.url)).await.err().map(|e| e.fault);
        assert_eq!(error, Some(NetFault::Connect), "{path}");
    }
    assert_eq!(scene.get(&format!("{}hub/api/health", scene.north.hub_url), &[]).await.0, 503);
    scene.at(1300).await;
    assert_eq!(ask(format!("{}build/gh/launchwatch/cached/abc", scene.north.url)).await.unwrap().status, 503);
    let silent =
        tokio::time::timeout(Duration::from_secs(60), ask(format!("{}health", scene.north.url))).await;
    assert!(silent.is_err(), "no answer at all");
    let token = format!("token {}", scene.north.hub_token);
    let url = format!("{}hub/api/users?state=active", scene.north.hub_url);
    assert_eq!(scene.get(&url, &[("authorization", &token)]).await.0, 503);
}

#[tokio::test(start_paused = true)]
async fn without_pages_a_list_of_users_is_cut_and_strangers_get_nothing() {
    let scene = Scene::new();
    scene.at(599).await;
    let url = format!("{}hub/api/users", scene.north.hub_url);
    let token = format!("token {}", scene.north.hub_token);
    let (_, body) = scene.get(&url, &[("authorization", &token)]).await;
    let list: Vec<Value> = serde_json::from_str(&body).unwrap();
    assert_eq!(list.len(), 200);
    assert_eq!(scene.get(&url, &[]).await.0, 403);
}

#[tokio::test(start_paused = true)]
async fn the_redirector_sends_launches_to_healthy_members_and_shows_the_prime_ones_pages() {
    let scene = Scene::new();
    let url = scene.stage.redirector().unwrap();
    for (t, hosts) in [
        (0, vec!["http://north.rehearsal/", "http://south.rehearsal/"]),
        (700, vec!["http://south.rehearsal/"]),
    ] {
        scene.at(t).await;
        let mut seen: Vec<String> = Vec::new();
        for _ in 0..20 {
            let request = http::Request::get(format!("{url}build/gh/a/b/c")).body(Bytes::new()).unwrap();
            let answer = scene.stage.net().send(request).await.unwrap();
            assert_eq!(answer.status, 307);
            let to = answer.headers["location"]
                .to_str()
                .unwrap()
                .strip_suffix("build/gh/a/b/c")
                .unwrap()
                .to_owned();
            if !seen.contains(&to) {
                seen.push(to);
            }
        }
        seen.sort();
        assert_eq!(seen, hosts, "at {t}");
    }
    let (_, active) = scene.get(&format!("{url}active_hosts"), &[]).await;
    assert!(!active.contains("north") && active.contains("south"), "{active}");
    assert_eq!(scene.get(&format!("{url}health"), &[]).await.0, 599, "the prime member does not answer");
}

#[tokio::test(start_paused = true)]
async fn a_watch_tells_of_one_pod_until_it_is_gone() {
    let scene = Scene::new();
    scene.at(-100).await;
    let mut body = scene.launch(&scene.north).await;
    let first = Arc::new(Mutex::new(Vec::new()));
    let _first = tokio::time::timeout(Duration::from_secs(1), body.next()).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let pods = scene.pods("singleuser-server").await;
    let name = pods
        .iter()
        .map(|p| p["metadata"]["name"].as_str().unwrap())
        .find(|n| n.contains("launchwatch"))
        .unwrap();
    let access = ClusterAccess { context: Some("north".into()), ..ClusterAccess::default() };
    let client = scene.stage.net().cluster(&access).await.unwrap();
    let path = format!(
        "/api/v1/namespaces/north/pods?watch=true&timeoutSeconds=12&fieldSelector=metadata.name%3D{name}"
    );
    let lines = client.request_stream(http::Request::get(path).body(Vec::new()).unwrap()).await.unwrap();
    let mut lines = lines.lines();
    while let Some(Ok(line)) = lines.next().await {
        let event: Value = serde_json::from_str(&line).unwrap();
        first.lock().unwrap().push(format!("{} {}", event["type"], event["object"]["status"]["phase"]));
    }
    let seen = first.lock().unwrap().clone();
    assert_eq!(seen.first().map(String::as_str), Some("\"ADDED\" \"Pending\""), "{seen:?}");
    assert!(seen.contains(&"\"MODIFIED\" \"Running\"".to_owned()), "{seen:?}");
}

//! The table of rights is what is really asked for: nothing is missing, and nothing is in it for nothing.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use serde_json::json;

use crate::Cx;
use crate::cluster::staged::{Answer, Only, client, cluster};
use crate::cluster::{RIGHTS, Right, Scope, Verb, pod, watch_pod};
use crate::net::script::{Told, parts};

/// Scope, group, resource and verb of a request, read as an API server reads it.
fn needed(asked: &str) -> (Scope, String, String, Verb) {
    let (path, query) = asked.split_once('?').unwrap_or((asked, ""));
    let mut parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let group = match parts.remove(0) {
        "api" => String::new(),
        "apis" => parts.remove(0).to_owned(),
        other => panic!("{other} in {asked}"),
    };
    parts.remove(0); // the version
    let scope = if parts[0] == "namespaces" {
        let namespace = parts[1];
        parts.drain(..2);
        if namespace == "default" { Scope::Default } else { Scope::Namespace }
    } else {
        Scope::Cluster
    };
    let verb = match parts.len() {
        _ if query.split('&').any(|p| p == "watch=true") => Verb::Watch,
        1 => Verb::List,
        _ => Verb::Get,
    };
    let resource = parts.get(2).map_or(parts[0].to_owned(), |sub| format!("{}/{sub}", parts[0]));
    (scope, group, resource, verb)
}

/// Every request that this crate ever makes to a cluster.
async fn all_requests() -> Vec<String> {
    let pods = json!({"metadata": {"resourceVersion": "7"}, "items": [{
        "metadata": {"name": "hub-1", "labels": {"component": "hub"}},
        "status": {"containerStatuses": [{"name": "hub", "state": {"running": {}}}]},
    }]});
    let answer = move |asked: &str, _| match asked {
        _ if asked.contains("/log?") => Answer::text(200, "well\n"),
        _ if asked.contains("watch=true") => Answer::text(200, "").wait(600),
        _ => Answer::json(200, &pods),
    };
    let mut all = Vec::new();
    for kind in ["kubernetes", "kubernetes-logs"] {
        let (client, asked) = client(answer.clone());
        let kind = crate::kinds::kind(kind).unwrap();
        let probe =
            kind.build(json!({"namespace": "binder"}), &"https://x.example/".parse().unwrap()).unwrap();
        let net = Arc::new(Only::new(client));
        probe.run(&mut Cx::new(parts(net, Duration::from_secs(25), &Told::default()))).await;
        all.append(&mut asked.lock().unwrap());
    }
    let (cluster, asked) = cluster(10, answer);
    let _no_such = pod(&cluster, "binder", "hub-1").await;
    let mut sights = pin!(watch_pod(&cluster, "binder", "hub-1"));
    while sights.next().await.is_some() {}
    all.append(&mut asked.lock().unwrap());
    all
}

#[tokio::test(start_paused = true)]
async fn the_table_of_rights_is_what_is_asked_for() {
    let used: BTreeSet<_> = all_requests().await.iter().map(|asked| needed(asked)).collect();
    let table: BTreeSet<_> = RIGHTS
        .iter()
        .map(|Right { scope, group, resource, verb }| {
            (*scope, (*group).to_owned(), (*resource).to_owned(), *verb)
        })
        .collect();
    assert_eq!(used, table);
}

//! Whole launches on a real BinderHub and a real JupyterHub, code run in a real kernel, nothing left behind.

use serde_json::Value;

use crate::kit::hubs::Hubs;
use crate::kit::service::Home;
use crate::kit::wait::{so, until};

/// Longest wait for what was told to stop to be gone.
const GONE: u64 = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn launches_on_real_hubs_go_through_every_stage_and_leave_nothing_behind() {
    let mut hubs = Hubs::start().await;
    let home = Home::new(&configuration(&hubs, "1h"), &[("HUB_TOKEN", hubs.hub_token())]);

    let (run, took) = home.probe("binder-launch").await;
    passed(&run, &["token", "resolve", "launch", "server", "kernel", "teardown"]);
    eprintln!("binder-launch by hand: {took:.1} s, {}", stages(&run));
    hubs.nothing_is_left(GONE).await;

    let (run, took) = home.probe("jupyterhub-launch").await;
    passed(&run, &["user", "launch", "server", "kernel", "teardown"]);
    eprintln!("jupyterhub-launch by hand: {took:.1} s, {}", stages(&run));
    hubs.nothing_is_left(GONE).await;
    let users = hubs.users().await.expect("the Hub lists its users");
    let left: Vec<_> = users.iter().filter(|u| u["name"].as_str().is_some_and(ours)).collect();
    assert!(left.is_empty(), "temporary users are deleted: {left:?}");

    home.rewrite(&configuration(&hubs, "8s"));
    let serve = home.serve().await;
    for (target, probe) in [("binder", "binder-launch"), ("hub", "jupyterhub-launch")] {
        until(&format!("two runs of {probe} in the service to pass"), 200, async || {
            let seen = serve.probe(target, probe).await?;
            let labels = [&*format!("probe=\"{probe}\""), "verdict=\"passed\""];
            so(serve.metric("launchwatch_runs_total", &labels).await? >= 2.0, &seen)
        })
        .await;
    }
    let code = serve.stop(60).await;
    assert_eq!(code, Some(0), "a service that is asked to stop drains and ends well");
    hubs.nothing_is_left(GONE).await;
    let users = hubs.users().await.expect("the Hub lists its users");
    assert!(
        !users.iter().any(|u| u["name"].as_str().is_some_and(ours)),
        "temporary users are deleted: {users:?}"
    );
    let leaks = home.leaks([("the Hub's token", hubs.hub_token())]);
    assert!(leaks.is_empty(), "secrets were written down in clear: {leaks:?}");
}

fn ours(user: &str) -> bool {
    user.starts_with("launchwatch-")
}

fn configuration(hubs: &Hubs, every: &str) -> String {
    let (binder, hub) = (hubs.binder_url(), hubs.hub_url());
    format!(
        r#"version: 1
service: {{ listen: "127.0.0.1:0", grace: 45s, witnesses: [] }}
targets:
  - name: binder
    url: {binder}
    probes:
      - {{ type: binder-launch, spec: gh/acme/tiny/main, every: {every}, deadline: 60s, overlap: skip }}
  - name: hub
    url: {hub}
    probes:
      - {{ type: jupyterhub-launch, api_token: "env:HUB_TOKEN", every: {every}, deadline: 60s, overlap: skip }}
"#
    )
}

fn passed(run: &Value, stages: &[&str]) {
    let outcome = &run["outcome"];
    assert_eq!(outcome["verdict"], "passed", "{run:#}");
    let seen: Vec<_> = outcome["stages"].as_array().into_iter().flatten().map(|s| &s["stage"]).collect();
    assert_eq!(seen, stages, "{run:#}");
}

fn stages(run: &Value) -> String {
    let one = |s: &Value| {
        let seconds = s["took"]["secs"].as_f64().unwrap_or_default()
            + s["took"]["nanos"].as_f64().unwrap_or_default() / 1e9;
        format!("{} {seconds:.2} s", s["stage"].as_str().unwrap_or_default())
    };
    run["outcome"]["stages"].as_array().into_iter().flatten().map(one).collect::<Vec<_>>().join(", ")
}

//! What lies in `deploy` for clusters, judged by the programs that people use it with: helm, kubectl, promtool, and the schemas of
//! Kubernetes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::kit::service::Home;
use crate::kit::stage;

/// Versions of Kubernetes in whose schemas everything must fit.
const VERSIONS: [&str; 5] = ["1.30.0", "1.31.0", "1.32.0", "1.33.0", "1.34.0"];
const EXAMPLES: [&str; 6] =
    ["one-hub", "federation", "university", "replicas-postgres", "agent-only", "cronjob-only"];

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy")
}

/// A program that `tests/setup charts` got.
fn tool(name: &str) -> PathBuf {
    let path = match name {
        "kubernetes-validate" => stage::tests().join(".venv-charts/bin/kubernetes-validate"),
        "promtool" => stage::tests().join(".servers/debian/usr/bin/promtool"),
        name => stage::tests().join(format!(".servers/charts/{name}/{name}")),
    };
    assert!(path.exists(), "{} is missing: run tests/setup first", path.display());
    path
}

/// What a program says; the test fails when the program does.
fn says(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{out}\n{err}", output.status);
    out.into_owned()
}

fn helm(arguments: &[&str]) -> String {
    let cache = tempfile::tempdir().expect("a folder");
    let homes = ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"].map(|home| (home, cache.path()));
    says(Command::new(tool("helm")).args(arguments).envs(homes).current_dir(deploy().join("chart")))
}

/// The chart with these values.
fn rendered(more: &[&str]) -> String {
    helm(&[&["template", "lw", ".", "--namespace", "watch"], more].concat())
}

/// The documents of a rendering, each as YAML and read.
fn documents(text: &str) -> Vec<(String, Value)> {
    let parts = text.split("\n---");
    let read = |part: &str| {
        let part = part.trim_start_matches("---").to_owned();
        let value: Value = serde_saphyr::from_str(&part).unwrap_or_else(|e| panic!("{e}\n{part}"));
        (part, value)
    };
    parts.map(read).filter(|(_, value)| value["kind"].is_string()).collect()
}

fn fits_every_version(what: &str, text: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(format!("{what}.yaml"));
    // Those of the Prometheus operator are no part of Kubernetes.
    let known = documents(text).into_iter().filter(|(_, d)| d["apiVersion"] != "monitoring.coreos.com/v1");
    let known: Vec<String> = known.map(|(text, _)| text).collect();
    assert!(known.len() > 3, "{what}: {} documents", known.len());
    std::fs::write(&file, known.join("\n---\n")).expect("written");
    for version in VERSIONS {
        let said =
            says(Command::new(tool("kubernetes-validate")).args(["--strict", "-k", version]).arg(&file));
        assert!(!said.contains("ERROR") && !said.contains("WARN"), "{what} for {version}:\n{said}");
        assert_eq!(
            said.matches(" passed for resource ").count(),
            known.len(),
            "{what} for {version}:\n{said}"
        );
    }
}

#[tokio::test]
async fn every_example_of_the_chart_is_lint_free_fits_kubernetes_and_configures_the_service() {
    for example in EXAMPLES {
        let values = format!("examples/{example}.yaml");
        let said = helm(&["lint", "--strict", ".", "--values", &values]);
        assert!(said.contains("0 chart(s) failed") && !said.contains("[WARNING]"), "{said}");
        let text = rendered(&["--values", &values]);
        fits_every_version(example, &text);
        let all = documents(&text);
        let configs: Vec<&str> =
            all.iter().filter_map(|(_, d)| d["data"]["launchwatch.yaml"].as_str()).collect();
        // An agent asks the service what to look at.
        assert_eq!(configs.is_empty(), example == "agent-only", "{example}: {configs:?}");
        for config in configs {
            let ours = ["listen: 0.0.0.0:8480", "state: /var/lib/launchwatch"];
            assert_eq!(ours.map(|key| config.contains(key)), [example != "cronjob-only"; 2], "{config}");
            is_good(example, config).await;
        }
    }
}

/// The service takes this configuration, with the secrets that it names.
async fn is_good(example: &str, config: &str) {
    let secrets = tempfile::tempdir().expect("a folder");
    std::fs::write(secrets.path().join("password"), "a-password-of-good-length").expect("written");
    let here = secrets.path().display().to_string();
    let config = config.replace("/etc/launchwatch/secrets/launchwatch-mail", &here);
    let hubs: Vec<String> = (1..=10).map(|n| format!("HUB_{n:02}_TOKEN")).collect();
    let mut known: Vec<(&str, &str)> =
        hubs.iter().map(|name| (name.as_str(), "a-token-of-good-length")).collect();
    known.extend([
        ("SLACK_WEBHOOK_URL", "https://hooks.slack.example/services/T0/B0/abcdefgh"),
        ("JUPYTERHUB_API_TOKEN", "a-token-of-good-length"),
        ("GITTER_ACCESS_TOKEN", "a-token-of-good-length"),
        ("LAUNCHWATCH_SEAL", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
        ("LAUNCHWATCH_STORE", "postgres://launchwatch:a-password@db.example/launchwatch"),
    ]);
    let output = Home::new(&config, &known).run(&["check"]).await;
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("is good"), "{example}: {said}");
}

#[test]
fn with_everything_switched_on_the_pod_has_no_privileges_and_reads_only_what_the_probes_need() {
    let on = ["serviceMonitor", "podMonitor", "prometheusRule", "dashboards", "ingress", "remediation"]
        .map(|name| format!("{name}.enabled=true"));
    let mut more: Vec<&str> = on.iter().flat_map(|set| ["--set", set.as_str()]).collect();
    more.extend(["--set", "ingress.host=x.example", "--set", "observer.namespaces={binder}"]);
    more.extend(["--set", "remediation.namespaces={binder}", "--set", "runbooks.mine=text"]);
    more.extend(["--set", "secrets={one}", "--set", "secretFiles={two}"]);
    more.extend(AGENT.iter().chain(&JOB).flat_map(|set| ["--set", set]));
    let text = rendered(&more);
    fits_every_version("everything", &text);
    let all = documents(&text);
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    all.iter().for_each(|(_, d)| *kinds.entry(d["kind"].as_str().unwrap_or_default()).or_default() += 1);
    assert_eq!(
        (kinds["ServiceMonitor"], kinds["PodMonitor"], kinds["PrometheusRule"]),
        (1, 2, 1),
        "{kinds:?}"
    );
    assert_eq!(kinds["ConfigMap"], 2 + dashboards(), "configuration, runbooks and dashboards: {kinds:?}");
    assert_eq!(
        (kinds["StatefulSet"], kinds["Deployment"], kinds["CronJob"]),
        (1, 1, 1),
        "the service, an agent and a job"
    );
    for pod in pods(&all) {
        nobody_without_privileges(pod);
    }
    // Without remediation nothing but get, list and watch is asked for.
    let verbs = |text: &str| -> Vec<String> {
        let rules =
            documents(text).into_iter().flat_map(|(_, d)| d["rules"].as_array().cloned().unwrap_or_default());
        let verbs = rules.flat_map(|r| r["verbs"].as_array().cloned().unwrap_or_default());
        verbs.filter_map(|v| v.as_str().map(str::to_owned)).collect()
    };
    let looks = |verb: &String| matches!(verb.as_str(), "get" | "list" | "watch");
    assert!(!verbs(&text).iter().all(looks), "remediation is on here");
    let usual = rendered(&["--set", "observer.namespaces={binder}"]);
    assert!(verbs(&usual).iter().all(looks) && verbs(&usual).len() > 5, "{:?}", verbs(&usual));
}

/// An agent and a job that are whole.
const AGENT: [&str; 3] =
    ["agent.enabled=true", "agent.join=https://watch.example/", "agent.tokenSecret=agent"];
const JOB: [&str; 3] =
    ["cronJob.enabled=true", "cronJob.reportTo=https://watch.example/", "cronJob.tokenSecret=agent"];

/// How many dashboards there are.
fn dashboards() -> usize {
    let files = std::fs::read_dir(deploy().join("grafana")).expect("deploy/grafana").flatten();
    files.filter(|file| file.path().extension().is_some_and(|e| e == "json")).count()
}

/// The pods that these documents make.
fn pods(all: &[(String, Value)]) -> Vec<&Value> {
    let pod = |d: &'_ Value| match d["kind"].as_str() {
        Some("StatefulSet" | "Deployment") => Some("/spec/template/spec"),
        Some("CronJob") => Some("/spec/jobTemplate/spec/template/spec"),
        _ => None,
    };
    all.iter().filter_map(|(_, d)| d.pointer(pod(d)?)).collect()
}

fn nobody_without_privileges(pod: &Value) {
    let (may, container) = (&pod["securityContext"], &pod["containers"][0]);
    assert_eq!((&may["runAsNonRoot"], &may["runAsUser"]), (&true.into(), &65532.into()), "{pod:#}");
    assert_eq!(may["seccompProfile"]["type"], "RuntimeDefault", "{pod:#}");
    let may = &container["securityContext"];
    assert_eq!(
        (&may["readOnlyRootFilesystem"], &may["allowPrivilegeEscalation"], &may["capabilities"]["drop"][0]),
        (&true.into(), &false.into(), &"ALL".into()),
        "{pod:#}"
    );
    let (asked, most) = (&container["resources"]["requests"], &container["resources"]["limits"]);
    assert!(asked["cpu"].is_string() && asked["memory"].is_string() && most["memory"].is_string(), "{pod:#}");
    let volumes = pod["volumes"].as_array().expect("volumes").iter();
    assert!(volumes.clone().all(|v| v["hostPath"].is_null() && v["name"].is_string()), "{pod:#}");
    assert_eq!(pod["containers"].as_array().map(Vec::len), Some(1), "{pod:#}");
}

#[test]
fn replicas_share_a_store_and_no_volume_and_one_of_them_can_always_lead() {
    let text = rendered(&["--values", "examples/replicas-postgres.yaml"]);
    let all = documents(&text);
    let of = |kind: &str| all.iter().map(|(_, d)| d).find(|d| d["kind"] == kind);
    assert!(of("StatefulSet").is_none() && of("PersistentVolumeClaim").is_none());
    let set = &of("Deployment").expect("replicas")["spec"];
    assert_eq!(
        (&set["replicas"], &set["strategy"]["rollingUpdate"]["maxUnavailable"]),
        (&3.into(), &0.into())
    );
    assert!(set["volumeClaimTemplates"].is_null());
    let pod = pods(&all)[0];
    let spread: Vec<_> = pod["topologySpreadConstraints"]
        .as_array()
        .expect("spread")
        .iter()
        .map(|c| &c["topologyKey"])
        .collect();
    assert_eq!(spread, ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]);
    for (n, key) in ["url", "seal"].into_iter().enumerate() {
        let from = &pod["containers"][0]["env"][n]["valueFrom"]["secretKeyRef"];
        assert_eq!((&from["name"], &from["key"]), (&"launchwatch-postgres".into(), &key.into()));
    }
    let config = of("ConfigMap").expect("a configuration")["data"]["launchwatch.yaml"].as_str();
    assert!(config.is_some_and(|c| c.contains("store: env:LAUNCHWATCH_STORE") && !c.contains("postgres://")));
    assert_eq!(of("PodDisruptionBudget").expect("a budget")["spec"]["maxUnavailable"], 1);
}

#[test]
fn agents_and_jobs_call_and_nobody_calls_them_and_what_they_owe_outlives_a_pod() {
    for (example, kind, claim) in
        [("agent-only", "Deployment", "lw-agent"), ("cronjob-only", "CronJob", "lw-look")]
    {
        let all = documents(&rendered(&["--values", &format!("examples/{example}.yaml")]));
        let of = |kind: &str| all.iter().map(|(_, d)| d).find(|d| d["kind"] == kind);
        assert!(of("Service").is_none() && of("StatefulSet").is_none(), "{example}");
        let policy = &of("NetworkPolicy").expect("a policy")["spec"];
        assert_eq!(
            (&policy["ingress"], &policy["policyTypes"][0]),
            (&serde_json::json!([]), &"Ingress".into())
        );
        assert_eq!(of("PersistentVolumeClaim").expect("a claim")["metadata"]["name"], claim);
        assert!(of(kind).is_some(), "{example} has no {kind}");
        let pod = pods(&all)[0];
        nobody_without_privileges(pod);
        // An agent shows its health and figures to the kubelet.
        assert_eq!(pod["containers"][0]["ports"].is_null(), kind == "CronJob", "{example} listens");
        let named = policy["podSelector"]["matchExpressions"][0]["values"].as_array().expect("names");
        let labels = match kind {
            "CronJob" => &of(kind).expect("it")["spec"]["jobTemplate"]["spec"]["template"],
            _ => &of(kind).expect("it")["spec"]["template"],
        };
        assert!(named.contains(&labels["metadata"]["labels"]["app.kubernetes.io/name"]), "{policy:#}");
    }
    let job = |more: &[&str]| {
        let set: Vec<&str> = JOB.iter().chain(more).flat_map(|set| ["--set", *set]).collect();
        let all = documents(&rendered(&set));
        all.into_iter().map(|(_, d)| d).find(|d| d["kind"] == "CronJob").expect("a job")["spec"].clone()
    };
    let (kept, fleeting) = (job(&[]), job(&["cronJob.storage.persistent=false"]));
    assert_eq!(
        (&kept["concurrencyPolicy"], &fleeting["concurrencyPolicy"]),
        (&"Forbid".into(), &"Forbid".into())
    );
    let restart = |job: &Value| job["jobTemplate"]["spec"]["template"]["spec"]["restartPolicy"].clone();
    // An empty folder is there for one pod only, so there it is the container that is tried again.
    assert_eq!((restart(&kept), restart(&fleeting)), ("Never".into(), "OnFailure".into()));
    let codes = &kept["jobTemplate"]["spec"]["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"];
    assert_eq!(codes, &serde_json::json!([1, 2]), "what no other try mends");
}

#[test]
fn the_chart_asks_for_the_rights_that_stand_beside_the_code() {
    let rights = |text: &str| {
        let mut all: Vec<String> = documents(text)
            .into_iter()
            .filter(|(_, d)| d["rules"].is_array())
            .map(|(_, d)| format!("{} {} {}", d["kind"], d["metadata"]["namespace"], d["rules"]))
            .collect();
        all.sort();
        all
    };
    let beside = std::fs::read_to_string(deploy().join("rbac.yaml")).expect("deploy/rbac.yaml");
    assert_eq!(rights(&rendered(&["--set", "observer.namespaces={binder}"])), rights(&beside));
}

#[test]
fn wrong_values_are_refused_with_their_place() {
    for (set, place) in [
        ("image.pullPolicy=Often", "pullPolicy"),
        ("replicas=3", "postgres.existingSecret"),
        ("replicas=0", "replicas"),
        ("serve.enabled=false", "nothing is installed"),
        ("agent.enabled=true", "agent.join"),
        ("agent.enabled=true,agent.join=https://x.example/", "agent.tokenSecret"),
        ("agent.enabled=true,agent.join=x.example", "agent"),
        ("cronJob.enabled=true", "cronJob.reportTo"),
        ("cronJob.enabled=true,cronJob.reportTo=https://x.example/", "cronJob.tokenSecret"),
        ("postgres.existingSecret=db,config.service.store=env:OTHER", "config.service.store"),
        ("config.version=2", "version"),
    ] {
        let mut command = Command::new(tool("helm"));
        command.args(["template", "lw", ".", "--set", set]).current_dir(deploy().join("chart"));
        let output = command.output().expect("helm runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(place), "{set}: {said}");
    }
}

#[test]
fn the_plain_base_is_the_chart_and_an_overlay_changes_it() {
    let said = says(Command::new(deploy().join("render")).arg("--check").env("HELM", tool("helm")));
    assert_eq!(said, "");
    let made = says(Command::new(tool("kubectl")).arg("kustomize").arg(deploy().join("kustomize/example")));
    assert!(
        made.contains("image: registry.example.org/launchwatch:0.1.0") && made.contains("cached-launch"),
        "{made}"
    );
    fits_every_version("overlay", &made);
}

#[test]
fn every_rule_for_prometheus_is_tried_and_the_dashboards_are_as_they_are_built() {
    let rules = deploy().join("prometheus");
    let said =
        says(Command::new(tool("promtool")).args(["check", "rules", "rules.yaml"]).current_dir(&rules));
    let written = std::fs::read_to_string(rules.join("rules.yaml")).expect("the rules");
    let each = |begin: &str| written.lines().filter(|l| l.trim_start().starts_with(begin)).count();
    let count = each("- alert: ") + each("- record: ");
    assert!(count >= 13 && said.contains(&format!("SUCCESS: {count} rules found")), "{said}");
    says(Command::new(tool("promtool")).args(["test", "rules", "rules.test.yaml"]).current_dir(&rules));
    let (written, tried) = ("rules.yaml", "rules.test.yaml");
    let read = |name: &str| std::fs::read_to_string(rules.join(name)).expect(name);
    let tried = read(tried);
    for line in read(written).lines() {
        let line = line.trim_start();
        if let Some(name) = line.strip_prefix("- alert: ").or_else(|| line.strip_prefix("- record: ")) {
            assert!(tried.contains(name), "nothing tries {name}");
        }
    }
    let python = stage::tests().join(".venv/bin/python");
    says(Command::new(python).arg(deploy().join("grafana/build.py")).arg("--check"));
}

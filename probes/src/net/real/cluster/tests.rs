//! Which clients are made, through which proxies, and what is said when none can be made.

use super::*;

#[test]
fn a_proxy_of_the_environment_keeps_its_user_and_password() {
    let matcher = Matcher::builder().all("http://me:p%40ss@proxy.example.org:3128").no("10.0.0.0/8").build();
    let through = |url: &str| matcher.intercept(&url.parse().unwrap()).map(|p| with_user(&p).to_string());
    let proxy = Some("http://me:p%40ss@proxy.example.org:3128/".to_owned());
    assert_eq!(through("https://kube.example.org:6443/"), proxy);
    assert_eq!(through("https://10.1.2.3:6443/"), None, "the API is what `NO_PROXY` is held against");
}

#[test]
fn the_proxy_of_a_kubeconfig_is_that_of_the_context() {
    let text = "current-context: a\n\
                clusters: [{name: x, cluster: {server: https://x, proxy-url: 'http://p:1'}}, {name: y, cluster: {}}]\n\
                contexts: [{name: a, context: {cluster: x, user: u}}, {name: b, context: {cluster: y, user: u}}]\n";
    let file = Kubeconfig::from_yaml(text).unwrap();
    let proxy = |context| own_proxy(&file, context).map(|uri| uri.to_string());
    assert_eq!(proxy(None).as_deref(), Some("http://p:1/"));
    assert_eq!(proxy(Some("b")), None);
}

#[tokio::test]
async fn what_cannot_be_used_is_said_without_quoting_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "s3cret-of-a-cluster";
    let user = |user: &str| {
        format!(
            "current-context: a\nclusters: [{{name: x, cluster: {{server: 'https://127.0.0.1:9'}}}}]\n\
             contexts: [{{name: a, context: {{cluster: x, user: u}}}}]\nusers: [{{name: u, user: {user}}}]\n"
        )
    };
    let cases = [
        (format!("users: [{{token: {secret}, ]"), "it is not a kubeconfig"),
        (user(&format!("{{client-key-data: '{secret}!', client-certificate-data: '{secret}!'}}")), "base64"),
        (
            user(&format!(
                "{{exec: {{command: /bin/false, args: [{secret}], apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never}}}}"
            )),
            "the program",
        ),
        (user("{tokenFile: /nowhere/token}"), "/nowhere/token"),
        (user("{token: x}").replace("current-context: a", "current-context: b"), "no context `b`"),
    ];
    for (number, (text, words)) in cases.into_iter().enumerate() {
        let path = folder.path().join(format!("{number}"));
        std::fs::write(&path, text).unwrap();
        let access = ClusterAccess { kubeconfig: Some(path), context: None };
        let error =
            Clusters::new(None).client(&access, None).await.err().unwrap_or_else(|| panic!("{words}"));
        assert_eq!(error.fault, NetFault::Local, "{error}");
        assert!(error.detail.contains(words) && !error.detail.contains(secret), "{words}: {error}");
    }
}

#[tokio::test]
async fn a_client_is_made_once_for_each_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let text = "current-context: a\nclusters: [{name: x, cluster: {server: 'http://127.0.0.1:9'}}]\n\
                contexts: [{name: a, context: {cluster: x, user: u, namespace: binder}}]\n\
                users: [{name: u, user: {}}]\n";
    std::fs::write(&path, text).unwrap();
    let clusters = Clusters::new(None);
    let access = ClusterAccess { kubeconfig: Some(path.clone()), context: None };
    assert_eq!(clusters.client(&access, None).await.unwrap().default_namespace(), "binder");
    std::fs::remove_file(&path).unwrap();
    assert!(clusters.client(&access, None).await.is_ok(), "kept");
    let other = ClusterAccess { context: Some("a".to_owned()), ..access };
    assert!(clusters.client(&other, None).await.is_err(), "another way is read anew");
}

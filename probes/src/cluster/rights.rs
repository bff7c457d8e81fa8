//! THE TABLE of all that we may ask a Kubernetes API for: every request names its row, and so does `deploy/rbac.yaml`.

/// What is done with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// One object by its name.
    Get,
    /// All objects of a kind.
    List,
    /// Objects as they change.
    Watch,
}

impl Verb {
    /// As written in a Role.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
        }
    }
}

/// Where a right is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// In the namespace that is looked at.
    Namespace,
    /// In the namespace `default`, where events about nodes are.
    Default,
    /// In the whole cluster: the resource has no namespace.
    Cluster,
}

/// One thing that we may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// Where.
    pub scope: Scope,
    /// The API group; empty for the core.
    pub group: &'static str,
    /// The resource as written in a Role, a subresource after a slash.
    pub resource: &'static str,
    /// What is done with it.
    pub verb: Verb,
}

const fn core(scope: Scope, resource: &'static str, verb: Verb) -> Right {
    Right { scope, group: "", resource, verb }
}

pub(super) const GET_POD: Right = core(Scope::Namespace, "pods", Verb::Get);
pub(super) const LIST_PODS: Right = core(Scope::Namespace, "pods", Verb::List);
pub(super) const WATCH_PODS: Right = core(Scope::Namespace, "pods", Verb::Watch);
pub(super) const READ_LOG: Right = core(Scope::Namespace, "pods/log", Verb::Get);
pub(super) const LIST_EVENTS: Right = core(Scope::Namespace, "events", Verb::List);
pub(super) const LIST_NODE_EVENTS: Right = core(Scope::Default, "events", Verb::List);
pub(super) const LIST_QUOTAS: Right = core(Scope::Namespace, "resourcequotas", Verb::List);
pub(super) const LIST_NODES: Right = core(Scope::Cluster, "nodes", Verb::List);
pub(super) const LIST_POD_METRICS: Right =
    Right { scope: Scope::Namespace, group: "metrics.k8s.io", resource: "pods", verb: Verb::List };

/// All that is asked for, and nothing else.
pub const RIGHTS: &[Right] = &[
    GET_POD,
    LIST_PODS,
    WATCH_PODS,
    READ_LOG,
    LIST_EVENTS,
    LIST_NODE_EVENTS,
    LIST_QUOTAS,
    LIST_NODES,
    LIST_POD_METRICS,
];

impl Right {
    /// The path of a request: the namespace (where the scope has one), and the object's name.
    pub(super) fn path(&self, namespace: &str, name: Option<&str>) -> String {
        let root = match self.group {
            "" => "/api/v1".to_owned(),
            group => format!("/apis/{group}/v1beta1"),
        };
        let place = match self.scope {
            Scope::Namespace => format!("/namespaces/{namespace}"),
            Scope::Default => "/namespaces/default".to_owned(),
            Scope::Cluster => String::new(),
        };
        let (kind, sub) = self.resource.split_once('/').unwrap_or((self.resource, ""));
        let mut path = format!("{root}{place}/{kind}");
        for part in [name.unwrap_or_default(), sub].into_iter().filter(|part| !part.is_empty()) {
            path.push('/');
            path.push_str(part);
        }
        path
    }
}

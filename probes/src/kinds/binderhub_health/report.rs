//! The documents `/health` and `/versions` of a BinderHub.

use serde::Deserialize;

/// `/health`.
#[derive(Deserialize)]
pub(super) struct Report {
    pub(super) ok: bool,
    pub(super) checks: Vec<Check>,
}

/// One check of `/health`.
#[derive(Deserialize)]
pub(super) struct Check {
    pub(super) service: String,
    pub(super) ok: bool,
    /// BinderHub itself goes on answering 200 when this one fails.
    #[serde(default, rename = "_ignore_failure")]
    pub(super) soft: bool,
    total_pods: Option<u64>,
    build_pods: Option<u64>,
    user_pods: Option<u64>,
    quota: Option<u64>,
}

impl Check {
    /// The service, cut to a length that fits a line.
    pub(super) fn name(&self) -> String {
        self.service.chars().take(60).collect()
    }

    /// The numbers that come with the check.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let counts = [
            ("total_pods", self.total_pods),
            ("build_pods", self.build_pods),
            ("user_pods", self.user_pods),
            ("limit", self.quota),
        ];
        counts.into_iter().filter_map(|(name, count)| Some((name, count? as f64)))
    }

    /// Why there is no room, in words. A launch is refused as soon as the quota is reached, while the check itself
    /// fails only beyond it.
    pub(super) fn full(&self, ratio: f64) -> Option<String> {
        let (total, quota) = (self.total_pods?, self.quota.filter(|q| *q > 0)?);
        let reached = total as f64 >= quota as f64 * ratio;
        let refuses = if total >= quota { ": launches are refused" } else { "" };
        reached.then(|| format!("{total} of {quota} pods of the quota are in use{refuses}"))
    }
}

/// `/versions`.
#[derive(Deserialize)]
pub(super) struct Versions {
    pub(super) binderhub: Option<String>,
    builder: Option<String>,
    builder_info: Option<BuilderInfo>,
}

#[derive(Deserialize)]
struct BuilderInfo {
    build_image: Option<String>,
}

impl Versions {
    /// The image that builds; older versions have it in another place.
    pub(super) fn builder(&self) -> Option<&str> {
        self.builder.as_deref().or_else(|| self.builder_info.as_ref()?.build_image.as_deref())
    }
}

/// A service's name as part of a measurement's name: `JupyterHub API` → `jupyterhub_api`.
pub(super) fn snake(service: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let text: String = service.trim().chars().take(60).map(word).collect();
    text.split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
}

//! Clients of Kubernetes APIs: from our service account or a kubeconfig, kept for a while, through our proxies.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use hyper_util::client::proxy::matcher::Matcher;
use kube::client::{AuthError, ClientBuilder};
use kube::config::{Config, KubeConfigOptions, Kubeconfig, KubeconfigError, LoadDataError};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::local;
use crate::net::{ClusterAccess, NetError, NetFault};

/// Files and plugins are read anew after this time, so that new credentials count without a restart. Tokens of service
/// accounts change more often: those kube itself reads again every minute.
const KEPT: Duration = Duration::from_secs(600);
/// A connection takes no longer; all the rest is for the caller to bound.
const CONNECT: Duration = Duration::from_secs(10);

/// The clients made so far.
pub(super) struct Clusters {
    kept: Mutex<BTreeMap<ClusterAccess, (Instant, kube::Client)>>,
    ca_file: Option<PathBuf>,
}

impl Clusters {
    /// `ca_file`: trusted where a kubeconfig names no authority of its own.
    pub(super) fn new(ca_file: Option<PathBuf>) -> Self {
        Self { kept: Mutex::default(), ca_file }
    }

    /// The client for this API.
    pub(super) async fn client(
        &self,
        access: &ClusterAccess,
        proxies: Option<&Matcher>,
    ) -> Result<kube::Client, NetError> {
        let mut kept = self.kept.lock().await;
        if let Some((made, client)) = kept.get(access)
            && made.elapsed() < KEPT
        {
            return Ok(client.clone());
        }
        let client = self.make(access.clone(), proxies).await?;
        kept.insert(access.clone(), (Instant::now(), client.clone()));
        Ok(client)
    }

    async fn make(&self, access: ClusterAccess, proxies: Option<&Matcher>) -> Result<kube::Client, NetError> {
        let name = access.name().to_owned();
        let found = blocking(move || Found::of(&access)).await?;
        let (mut config, own_proxy) = match found {
            Found::Inside(config) => (*config, None),
            Found::File(file, options, shown) => {
                let own_proxy = own_proxy(&file, options.context.as_deref());
                let config = Config::from_custom_kubeconfig(*file, &options).await;
                (config.map_err(|e| unusable(&shown, &e))?, own_proxy)
            }
        };
        config.proxy_url = match own_proxy {
            Some(proxy) => Some(proxy),
            None => proxies.and_then(|m| m.intercept(&config.cluster_url)).map(|p| with_user(&p)),
        };
        config.connect_timeout = Some(CONNECT);
        config.read_timeout = None;
        config.write_timeout = None;
        // A refusal is a finding: it is told, not tried again behind our back.
        config.default_retry = false;
        if let (None, Some(path)) = (&config.root_cert, self.ca_file.as_deref()) {
            config.root_cert = Some(roots_and(path)?);
        }
        // kube takes the provider of the process. Somebody may have set one before us: then it is that one.
        let _set_before = rustls::crypto::ring::default_provider().install_default();
        // Plugins that fetch credentials are programs, and waited for.
        blocking(move || Ok(ClientBuilder::try_from(config).map_err(|e| refused(&name, &e))?.build())).await
    }
}

/// Where the way to the API is written.
enum Found {
    Inside(Box<Config>),
    File(Box<Kubeconfig>, KubeConfigOptions, String),
}

impl Found {
    fn of(access: &ClusterAccess) -> Result<Self, NetError> {
        let mut outside = String::new();
        if access.kubeconfig.is_none() && access.context.is_none() {
            match Config::incluster() {
                Ok(config) => return Ok(Self::Inside(Box::new(config))),
                Err(error) => outside = format!(" (and we are in no pod: {error})"),
            }
        }
        let options = KubeConfigOptions { context: access.context.clone(), ..KubeConfigOptions::default() };
        let (file, shown) = match &access.kubeconfig {
            Some(path) => (Kubeconfig::read_from(path), path.display().to_string()),
            None => (Kubeconfig::read(), "of the environment".to_owned()),
        };
        let file = file.map_err(|e| {
            let error = unusable(&shown, &e);
            NetError::new(error.fault, format!("{}{outside}", error.detail))
        })?;
        Ok(Self::File(Box::new(file), options, shown))
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, NetError> + Send + 'static,
) -> Result<T, NetError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(local("reading the credentials of the Kubernetes API broke off")))
}

/// The proxy that the file itself names for the cluster of this context. kube would mix it with those of the environment,
/// and hold `NO_PROXY` against the proxy instead of the API.
fn own_proxy(file: &Kubeconfig, context: Option<&str>) -> Option<http::Uri> {
    let context = context.or(file.current_context.as_deref())?;
    let context = file.contexts.iter().find(|c| c.name == context)?.context.as_ref()?;
    let cluster = file.clusters.iter().find(|c| c.name == context.cluster)?.cluster.as_ref()?;
    cluster.proxy_url.as_deref().filter(|p| !p.is_empty())?.parse().ok()
}

/// A proxy of the environment with its user and password, which kube wants in the URL.
fn with_user(proxy: &hyper_util::client::proxy::matcher::Intercept) -> http::Uri {
    let user = proxy.basic_auth().and_then(|header| {
        let word = header.to_str().ok()?.strip_prefix("Basic ")?;
        String::from_utf8(base64::engine::general_purpose::STANDARD.decode(word).ok()?).ok()
    });
    let with = user.and_then(|user| {
        let (name, password) = user.split_once(':')?;
        let mut url = url::Url::parse(&proxy.uri().to_string()).ok()?;
        url.set_username(name).ok()?;
        url.set_password(Some(password)).ok()?;
        url.as_str().parse().ok()
    });
    with.unwrap_or_else(|| proxy.uri().clone())
}

/// The system's authorities and those of a file.
fn roots_and(path: &Path) -> Result<Vec<Vec<u8>>, NetError> {
    let mut roots: Vec<CertificateDer<'static>> = rustls_native_certs::load_native_certs().certs;
    let ours: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    roots.extend(ours.map_err(|e| local(format!("cannot read certificates from {}: {e}", path.display())))?);
    Ok(roots.into_iter().map(|der| der.to_vec()).collect())
}

/// A kubeconfig that cannot be used.
fn unusable(shown: &str, error: &KubeconfigError) -> NetError {
    local(format!("kubeconfig {shown}: {}", mistake(error)))
}

/// What is wrong with a kubeconfig. Its own text is not quoted: it holds keys and tokens.
fn mistake(error: &KubeconfigError) -> String {
    use KubeconfigError as Bad;
    match error {
        Bad::Parse(error) => match error.location() {
            Some(at) => format!("it is not a kubeconfig (line {})", at.line()),
            None => "it is not a kubeconfig".to_owned(),
        },
        Bad::LoadCertificateAuthority(LoadDataError::DecodeBase64(_)) => {
            "the certificate authority is not base64".to_owned()
        }
        Bad::LoadClientCertificate(LoadDataError::DecodeBase64(_)) => {
            "the client certificate is not base64".to_owned()
        }
        Bad::LoadClientKey(LoadDataError::DecodeBase64(_)) => "the client key is not base64".to_owned(),
        Bad::LoadContext(name) => format!("it has no context `{name}`"),
        Bad::LoadClusterOfContext(name) => format!("it has no cluster `{name}`, which its context names"),
        other => other.to_string(),
    }
}

/// No client can be made of these credentials. What a plugin printed is not quoted.
fn refused(name: &str, error: &kube::Error) -> NetError {
    let why = match error {
        kube::Error::Auth(AuthError::AuthExecRun { cmd, out }) => {
            let program = cmd.split_whitespace().next().unwrap_or_default();
            format!("the program {program} that fetches credentials ended with {}", out.status)
        }
        kube::Error::Auth(AuthError::AuthExecStart(error)) => {
            format!("the program that fetches credentials does not start: {error}")
        }
        kube::Error::Auth(AuthError::ReadTokenFile(error, path)) => {
            format!("cannot read the token from {}: {error}", path.display())
        }
        kube::Error::Auth(_) => "the credentials cannot be used".to_owned(),
        kube::Error::InferKubeconfig(error) => mistake(error),
        kube::Error::RustlsTls(error) => error.to_string(),
        kube::Error::ProxyProtocolUnsupported { .. } | kube::Error::ProxyProtocolDisabled { .. } => {
            "the proxy is of a kind that cannot be used here".to_owned()
        }
        _ => "the settings of the connection cannot be used".to_owned(),
    };
    NetError::new(NetFault::Local, format!("Kubernetes API of {name}: {why}"))
}

#[cfg(test)]
mod tests;

//! Which certificates we trust, and how a refusal is told.

use std::path::Path;
use std::sync::Arc;

use rustls::client::{ClientSessionStore, Resumption, Tls12Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, NamedGroup, RootCertStore, client};

use super::local;
use crate::Stage;
use crate::net::NetError;
use crate::net::watch::mark;

/// The trusted roots, ready for use.
pub(super) struct Trust {
    provider: Arc<CryptoProvider>,
    verifier: Arc<WebPkiServerVerifier>,
}

impl Trust {
    /// The system's roots (Mozilla's where the system has none) and those of a file.
    ///
    /// # Errors
    /// The file cannot be read, or holds no certificate.
    pub(super) fn load(ca_file: Option<&Path>) -> Result<Self, NetError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        if let Some(path) = ca_file {
            add_file(&mut roots, path)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|e| local(format!("cannot use the trusted certificates: {e}")))?;
        Ok(Self { provider, verifier })
    }

    /// The verifier that knows these roots.
    pub(super) fn verifier(&self) -> Arc<WebPkiServerVerifier> {
        Arc::clone(&self.verifier)
    }

    /// Settings for connections that must be trusted.
    pub(super) fn config(&self) -> Result<ClientConfig, NetError> {
        self.config_with(self.verifier())
    }

    /// Settings with another judge over certificates.
    pub(super) fn config_with(
        &self,
        judge: Arc<dyn client::danger::ServerCertVerifier>,
    ) -> Result<ClientConfig, NetError> {
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(rustls::ALL_VERSIONS)
            .map_err(|e| local(format!("cannot set up TLS: {e}")))?
            .dangerous()
            .with_custom_certificate_verifier(judge)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.resumption =
            Resumption::store(Arc::new(MarkHandshake)).tls12_resumption(Tls12Resumption::Disabled);
        Ok(config)
    }
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), NetError> {
    let shown = path.display();
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|e| local(format!("cannot read certificates from {shown}: {e}")))?;
    match roots.add_parsable_certificates(certificates) {
        (0, _) => Err(local(format!("{shown} holds no certificate that can be used"))),
        _ => Ok(()),
    }
}

/// Remembers no session, so that each probe sees a full handshake. That rustls asks it for a hint when it writes
/// the first message is how the start of the handshake is known.
#[derive(Debug)]
struct MarkHandshake;

impl ClientSessionStore for MarkHandshake {
    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        mark(Stage::Tls);
        None
    }

    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn set_tls12_session(&self, _: ServerName<'static>, _: client::Tls12ClientSessionValue) {}

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<client::Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, _: client::Tls13ClientSessionValue) {}

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<client::Tls13ClientSessionValue> {
        None
    }
}

/// A TLS error in an operator's words.
pub(super) fn explain(error: &rustls::Error) -> String {
    use CertificateError as Bad;
    let why = match error {
        rustls::Error::InvalidCertificate(why) => why,
        rustls::Error::InvalidMessage(_) => return "the port does not speak TLS".to_owned(),
        other => return other.to_string(),
    };
    match why {
        Bad::Expired | Bad::ExpiredContext { .. } => "the certificate has expired".to_owned(),
        Bad::NotValidYet | Bad::NotValidYetContext { .. } => "the certificate is not valid yet".to_owned(),
        Bad::NotValidForName => "the certificate is for other names".to_owned(),
        Bad::NotValidForNameContext { expected, presented } => {
            let names = presented.join(", ");
            format!("the certificate is not for {} but for {names}", expected.to_str())
        }
        Bad::UnknownIssuer => "the issuer of the certificate is not trusted (self-signed, private, or an \
                               intermediate certificate is missing)"
            .to_owned(),
        Bad::Revoked => "the certificate was revoked".to_owned(),
        Bad::BadSignature => "the signature of the certificate is wrong".to_owned(),
        other => format!("the certificate is not valid: {other}"),
    }
}

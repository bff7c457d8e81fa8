//! Whom the post trusts: the system's authorities, or a built-in list where it has none, and those of one file.

use std::path::Path;
use std::sync::Arc;

use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::Error;

/// Certificate authorities, loaded once.
pub(super) struct Trust {
    /// Authorities that came as certificates.
    certificates: Vec<CertificateDer<'static>>,
    /// Whether the built-in list stands in for the system's.
    built_in: bool,
    config: Arc<ClientConfig>,
}

impl Trust {
    pub(super) fn load(ca_file: Option<&Path>) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        // The store of a system often has a few that cannot be used: they are passed over.
        let mut certificates: Vec<_> = rustls_native_certs::load_native_certs()
            .certs
            .into_iter()
            .filter(|c| roots.add(c.clone()).is_ok())
            .collect();
        let built_in = certificates.is_empty();
        if built_in {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        if let Some(path) = ca_file {
            for certificate in own(path)? {
                let unusable = |e| Error::CaContent { path: path.to_owned(), why: format!("{e}") };
                roots.add(certificate.clone()).map_err(unusable)?;
                certificates.push(certificate);
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(Error::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { certificates, built_in, config: Arc::new(config) })
    }

    pub(super) fn config(&self) -> Arc<ClientConfig> {
        self.config.clone()
    }

    /// The same trust in the mail library's terms, for a relay that upgrades its connection.
    pub(super) fn for_relay(&self, host: &str) -> Result<TlsParameters, lettre::transport::smtp::Error> {
        let store = if self.built_in { CertificateStore::WebpkiRoots } else { CertificateStore::None };
        let mut builder = TlsParameters::builder(host.to_owned()).certificate_store(store);
        for certificate in &self.certificates {
            builder = builder.add_root_certificate(Certificate::from_der(certificate.to_vec())?);
        }
        builder.build()
    }
}

/// The authorities in a file; at least one.
fn own(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let pem = std::fs::read(path).map_err(|source| Error::CaFile { path: path.to_owned(), source })?;
    let content = |why: String| Error::CaContent { path: path.to_owned(), why };
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err(content("it has no PEM certificate".into())),
        Ok(found) => Ok(found),
        Err(e) => Err(content(e.to_string())),
    }
}

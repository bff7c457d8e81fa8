//! A TLS handshake for the sake of the certificates alone.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rustls::DigitallySignedStruct;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use super::fault::Errand;
use super::roots::{Trust, explain};
use super::{Names, dial};
use crate::Stage;
use crate::net::watch::mark;
use crate::net::{Certificate, Chain, NetError, NetFault, Timing};

/// Connects, shakes hands and reads the chain, whether it is trusted or not. The timing is left to the caller.
pub(super) async fn look(names: &Names, trust: &Trust, host: &str, port: u16) -> Result<Chain, NetError> {
    let stream = dial::dial(names, host, port).await?;
    mark(Stage::Tls);
    let name = ServerName::try_from(host.trim_start_matches('[').trim_end_matches(']').to_owned())
        .map_err(|_| NetError::new(NetFault::Tls, format!("{host} is not a name that TLS can ask for")))?;
    let witness = Arc::new(Witness { judge: trust.verifier(), seen: Mutex::default() });
    let connector = tokio_rustls::TlsConnector::from(Arc::new(trust.config_with(Arc::clone(&witness) as _)?));
    let tls = connector.connect(name, stream).await.map_err(|e| Errand::connect(host, port).failed(&e))?;
    let protocol = tls.get_ref().1.protocol_version().and_then(|v| v.as_str()).map(str::to_owned);
    let seen = std::mem::take(&mut *witness.seen.lock().unwrap_or_else(PoisonError::into_inner));
    let certificates = seen.chain.iter().map(|der| read(der)).collect::<Result<_, _>>()?;
    Ok(Chain { certificates, problem: seen.problem, timing: Timing::default(), protocol })
}

/// Lets every certificate pass and remembers it, with what the real judge says of it.
#[derive(Debug)]
struct Witness {
    judge: Arc<WebPkiServerVerifier>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    chain: Vec<CertificateDer<'static>>,
    problem: Option<String>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = self.judge.verify_server_cert(leaf, others, name, ocsp, now);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.chain = std::iter::once(leaf).chain(others).map(|c| c.clone().into_owned()).collect();
        seen.problem = verdict.err().map(|e| explain(&e));
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.judge.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.judge.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}

fn read(der: &[u8]) -> Result<Certificate, NetError> {
    let unreadable = |why: String| NetError::new(NetFault::Tls, format!("cannot read a certificate: {why}"));
    let (_, parsed) = X509Certificate::from_der(der).map_err(|e| unreadable(e.to_string()))?;
    let date = |t: x509_parser::time::ASN1Time| {
        Timestamp::from_second(t.timestamp()).map_err(|e| unreadable(e.to_string()))
    };
    Ok(Certificate {
        subject: parsed.subject().to_string(),
        issuer: parsed.issuer().to_string(),
        names: names(&parsed),
        not_before: date(parsed.validity().not_before)?,
        not_after: date(parsed.validity().not_after)?,
    })
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(found)) = certificate.subject_alternative_name() else { return Vec::new() };
    let told = found.value.general_names.iter().filter_map(|name| match name {
        GeneralName::DNSName(dns) => Some((*dns).to_owned()),
        GeneralName::IPAddress(raw) => match **raw {
            [a, b, c, d] => Some(std::net::Ipv4Addr::new(a, b, c, d).to_string()),
            _ => <[u8; 16]>::try_from(*raw).ok().map(|v6| std::net::Ipv6Addr::from(v6).to_string()),
        },
        _ => None,
    });
    told.collect()
}

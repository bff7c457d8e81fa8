//! The real network against servers on the loopback, each of which knows one trick.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_tungstenite::tungstenite::Message;

use super::*;
use crate::net::Timing;

const PLAIN: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx-a: b\r\n\r\nhello";

fn net() -> RealNet {
    RealNet::new(NetSettings { ca_file: None, ignore_proxies: true }).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "servers of tests end with their runtime")]
fn aside(work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(work);
}

/// A server that reads a request, writes these bytes and closes.
async fn serve(answer: impl Into<Vec<u8>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let answer = answer.into();
    aside(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(&answer).await;
        }
    });
    at
}

fn get(url: String) -> Request {
    http::Request::get(url).body(Bytes::new()).unwrap()
}

async fn fault_of(answer: impl Into<Vec<u8>>) -> NetError {
    let at = serve(answer).await;
    match net().send(get(format!("http://{at}/"))).await {
        Ok(answer) => answer.read(1 << 20).await.unwrap_err(),
        Err(error) => error,
    }
}

#[tokio::test]
async fn an_answer_comes_with_its_stages() {
    let at = serve(PLAIN).await;
    let seen = net().send(get(format!("http://{at}/"))).await.unwrap();
    assert_eq!((seen.status.as_u16(), seen.remote), (200, Some(at)));
    assert_eq!(seen.headers["x-a"], "b");
    let Timing { resolve, connect, tls, first_byte } = seen.timing;
    assert!(connect.is_some() && first_byte.is_some(), "connect and first byte occur always");
    assert!(resolve.is_none() && tls.is_none(), "an address is not resolved, and there is no TLS");
    assert_eq!(&seen.read(100).await.unwrap()[..], b"hello");
}

#[tokio::test]
async fn a_name_is_resolved_with_the_hosts_file() {
    let at = serve(PLAIN).await;
    let seen = net().send(get(format!("http://localhost:{}/", at.port()))).await.unwrap();
    assert!(seen.timing.resolve.is_some());
    let seen = net().connect("localhost", at.port()).await.unwrap();
    assert!(seen.timing.resolve.is_some() && seen.timing.connect.is_some());
}

#[tokio::test]
async fn each_request_makes_a_new_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let (told, mut seen) = tokio::sync::mpsc::channel(8);
    aside(async move {
        while let Ok((mut stream, from)) = listener.accept().await {
            let told = told.clone();
            aside(async move {
                let mut request = [0; 4096];
                while stream.read(&mut request).await.is_ok_and(|n| n > 0) {
                    let _ = told.send(from).await;
                    let _ = stream.write_all(PLAIN).await;
                }
            });
        }
    });
    let net = net();
    for _ in 0..2 {
        net.send(get(format!("http://{at}/"))).await.unwrap().read(10).await.unwrap();
    }
    assert_ne!(seen.recv().await.unwrap(), seen.recv().await.unwrap());
}

#[tokio::test]
async fn broken_answers_have_their_class() {
    let head = |body: &str| format!("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{body}");
    let cases = [
        (Vec::new(), NetFault::Cut),
        (b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(), NetFault::Garbled),
        (head("half").into_bytes(), NetFault::Cut),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_vec(), NetFault::Garbled),
        ([&b"HTTP/1.1 200 OK\r\nx: "[..], &vec![b'x'; 600_000]].concat(), NetFault::TooLarge),
    ];
    for (n, (answer, fault)) in cases.into_iter().enumerate() {
        let seen = fault_of(answer).await;
        assert_eq!(seen.fault, fault, "case {n}: {}", seen.detail);
        assert!(seen.detail.contains("127.0.0.1"), "case {n}: {}", seen.detail);
    }
}

#[tokio::test]
async fn a_closed_port_refuses_every_kind_of_call() {
    let at = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let net = net();
    let url = format!("http://{at}/x?token=hunter2hunter2");
    let errors = [
        net.send(get(url.clone())).await.err().unwrap(),
        net.websocket(get(url)).await.err().unwrap(),
        net.certificate("127.0.0.1", at.port()).await.err().unwrap(),
        net.connect("127.0.0.1", at.port()).await.err().unwrap(),
    ];
    for error in errors {
        assert_eq!(error.fault, NetFault::Connect, "{error}");
        assert!(error.detail.contains("connection refused"), "{error}");
        assert!(error.detail.contains(&at.to_string()) && !error.detail.contains("hunter2"), "{error}");
    }
}

/// A TLS server with a certificate of its own authority, for these names; the authority stands in the file.
async fn serve_tls(names: &[&str]) -> (SocketAddr, tempfile::NamedTempFile) {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = authority.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let leaf = rcgen::CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(root.pem().as_bytes()).unwrap();

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    aside(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // The pause is long enough to be seen in the stage it belongs to.
            tokio::time::sleep(Duration::from_millis(30)).await;
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(PLAIN).await;
            let _ = stream.shutdown().await;
        }
    });
    (at, file)
}

fn trusting(file: &tempfile::NamedTempFile) -> RealNet {
    RealNet::new(NetSettings { ca_file: Some(file.path().to_owned()), ignore_proxies: true }).unwrap()
}

#[tokio::test]
async fn the_handshake_is_told_apart_from_the_connection() {
    let (at, authority) = serve_tls(&["localhost"]).await;
    let seen = trusting(&authority).send(get(format!("https://localhost:{}/", at.port()))).await.unwrap();
    let Timing { connect, tls, .. } = seen.timing;
    assert!(tls.unwrap() >= Duration::from_millis(30), "the server sleeps before its handshake: {tls:?}");
    assert!(connect.unwrap() < Duration::from_millis(30), "the kernel connects at once: {connect:?}");
    assert_eq!(&seen.read(100).await.unwrap()[..], b"hello");
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_a_tls_fault_and_says_why() {
    let (at, authority) = serve_tls(&["other.example.org"]).await;
    let url = format!("https://localhost:{}/", at.port());
    let strange = net().send(get(url.clone())).await.err().unwrap();
    assert_eq!(strange.fault, NetFault::Tls);
    assert!(strange.detail.contains("not trusted"), "{strange}");
    let misnamed = trusting(&authority).send(get(url)).await.err().unwrap();
    assert_eq!(misnamed.fault, NetFault::Tls);
    assert!(misnamed.detail.contains("other.example.org"), "{misnamed}");
}

#[tokio::test]
async fn certificates_are_read_whether_trusted_or_not() {
    let (at, authority) = serve_tls(&["localhost", "127.0.0.1"]).await;
    let good = trusting(&authority).certificate("localhost", at.port()).await.unwrap();
    assert_eq!(good.problem, None);
    assert_eq!(good.protocol.as_deref(), Some("TLSv1_3"));
    assert_eq!(good.certificates[0].names, ["localhost", "127.0.0.1"]);
    assert!(good.certificates[0].not_before < good.certificates[0].not_after);
    assert!(good.timing.resolve.is_some() && good.timing.connect.is_some());
    assert!(good.timing.tls.unwrap() >= Duration::from_millis(30));
    assert_eq!(good.timing.first_byte, None);
    let bad = net().certificate("127.0.0.1", at.port()).await.unwrap();
    assert!(bad.problem.unwrap().contains("not trusted"));
    assert_eq!(bad.certificates.len(), 1);
}

#[tokio::test]
async fn a_ca_file_without_certificates_is_refused() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"nothing").unwrap();
    let settings = NetSettings { ca_file: Some(file.path().to_owned()), ignore_proxies: true };
    let error = RealNet::new(settings).err().unwrap();
    assert_eq!(error.fault, NetFault::Local);
    assert!(error.detail.contains("no certificate"), "{error}");
}

#[tokio::test]
async fn a_websocket_opens_and_carries_messages() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    aside(async move {
        let (stream, _): (TcpStream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        let message = socket.next().await.unwrap().unwrap();
        socket.send(message).await.unwrap();
    });
    let mut socket = net().websocket(get(format!("ws://{at}/api/kernels/x/channels"))).await.unwrap();
    socket.send(Message::text("ping")).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("ping"));
}

#[tokio::test]
async fn what_is_no_websocket_is_told_with_its_status() {
    let cases = [
        (&b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"[..], "403 Forbidden"),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
              sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            "another key",
        ),
    ];
    for (answer, told) in cases {
        let at = serve(answer).await;
        let error = net().websocket(get(format!("ws://{at}/"))).await.err().unwrap();
        assert_eq!(error.fault, NetFault::Garbled);
        assert!(error.detail.contains(told), "{error}");
    }
}

/// A name server that knows two names.
async fn serve_names() -> SocketAddr {
    use hickory_resolver::proto::op::{Message, ResponseCode};
    use hickory_resolver::proto::rr::{RData, Record, RecordType};
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let at = socket.local_addr().unwrap();
    aside(async move {
        let mut packet = [0; 4096];
        while let Ok((n, from)) = socket.recv_from(&mut packet).await {
            let question = Message::from_vec(&packet[..n]).unwrap();
            let query = question.queries[0].clone();
            let name = query.name().to_string();
            let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
            answer.add_query(query.clone());
            if name.starts_with("gone") {
                answer.metadata.response_code = ResponseCode::NXDomain;
            } else if query.query_type() == RecordType::A {
                let address = RData::A(std::net::Ipv4Addr::new(192, 0, 2, 7).into());
                answer.add_answer(Record::from_rdata(query.name().clone(), 60, address));
            }
            let _ = socket.send_to(&answer.to_vec().unwrap(), from).await;
        }
    });
    at
}

#[tokio::test]
async fn records_are_asked_of_the_server_that_is_named() {
    let server = Some(serve_names().await);
    let net = net();
    let ask = |name: &str, record: &str| {
        let lookup = Lookup { name: name.to_owned(), record: record.to_owned(), server };
        let net = &net;
        async move { net.resolve(&lookup).await }
    };
    assert_eq!(ask("hub.example.org", "A").await.unwrap(), ["192.0.2.7"]);
    assert_eq!(ask("hub.example.org", "AAAA").await.unwrap(), Vec::<String>::new());
    let gone = ask("gone.example.org", "A").await.unwrap_err();
    assert_eq!(gone.fault, NetFault::Dns);
    assert!(gone.detail.contains("does not exist"), "{gone}");
}

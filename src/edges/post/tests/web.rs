use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// Takes one connection, reads one request, sends `answer` as it is and hangs up. The request is put into `seen`.
async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: &[u8],
    seen: &mut String,
) -> std::io::Result<()> {
    let mut buffer = [0; 4096];
    while !seen.contains("\r\n\r\nbody") {
        match stream.read(&mut buffer).await? {
            0 => break,
            read => seen.push_str(&String::from_utf8_lossy(&buffer[..read])),
        }
    }
    stream.write_all(answer).await?;
    stream.shutdown().await
}

fn request(url: &str) -> Envelope {
    let request = ::http::Request::post(url).header("x-one", "1").body(Bytes::from_static(b"body")).unwrap();
    Envelope::Http(request)
}

async fn answered(answer: &[u8]) -> (Result<Reply, Undelivered>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?token=s3cr3t", listener.local_addr().unwrap());
    let mut seen = String::new();
    let server = async { serve(listener.accept().await?.0, answer, &mut seen).await };
    let reply = beside(server, &post(None), request(&url)).await;
    (reply, seen)
}

fn parts(reply: Result<Reply, Undelivered>) -> (u16, ::http::HeaderMap, Bytes) {
    match reply.unwrap() {
        Reply::Http { status, headers, body } => (status, headers, body),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_request_arrives_whole_and_the_answer_comes_back() {
    let (reply, seen) =
        answered(b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nlate").await;
    let (status, headers, body) = parts(reply);
    assert_eq!((status, &headers["retry-after"], &body[..]), (429, &"7".parse().unwrap(), &b"late"[..]));
    assert!(seen.starts_with("POST /hook?token=s3cr3t HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("x-one: 1\r\n") && seen.contains("user-agent: launchwatch/"), "{seen}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_not_an_order() {
    let (reply, _) =
        answered(b"HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(parts(reply).0, 307);
}

#[tokio::test]
async fn a_long_answer_is_cut() {
    let long = [b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n".to_vec(), vec![b'x'; 300_000]].concat();
    assert_eq!(parts(answered(&long).await.0).2.len(), 64 * 1024);
}

#[tokio::test]
async fn silence_is_told_with_its_step_and_without_the_address() {
    let (gone, _) = answered(b"").await;
    let (torn, _) = answered(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").await;
    let (garbage, _) = answered(b"220 mail.example.org ESMTP\r\n").await;
    let closed = post(None).deliver(request(&format!("http://{}/?token=s3cr3t", nobody().await))).await;
    for (reply, step) in [(gone, "send"), (torn, "answer"), (garbage, "send"), (closed, "connect")] {
        let undelivered = reply.unwrap_err();
        assert_eq!(undelivered.step, step, "{undelivered}");
        assert!(
            !undelivered.to_string().contains("s3cr3t") && undelivered.detail.len() > 10,
            "{undelivered}"
        );
    }
}

#[tokio::test]
async fn a_private_authority_is_trusted_only_if_given() {
    let identity = Identity::new();
    for trusted in [true, false] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
        let mut seen = String::new();
        let server = async {
            let stream =
                TlsAcceptor::from(identity.server.clone()).accept(listener.accept().await?.0).await?;
            serve(stream, b"HTTP/1.1 204 Fine\r\n\r\n", &mut seen).await
        };
        let post = post(trusted.then(|| identity.ca_file()));
        let reply = beside(server, &post, request(&url)).await;
        match reply {
            Ok(reply) if trusted => assert_eq!(parts(Ok(reply)).0, 204),
            Err(undelivered) if !trusted => assert_eq!(undelivered.step, "tls", "{undelivered}"),
            other => panic!("trusted {trusted}: {other:?}"),
        }
    }
}

/// Sends one request and is taken by whatever is answered.
struct Once(String);

impl launchwatch_alerts::Channel for Once {
    fn compose(
        &self,
        _: &launchwatch_alerts::Notification,
        replies: &[Reply],
        _: Option<&launchwatch_alerts::MessageRef>,
    ) -> launchwatch_alerts::Next {
        use launchwatch_alerts::{Next, Receipt};
        match replies {
            [] => Next::Send(Box::new(request(&self.0))),
            _ => Next::Done(Receipt::Delivered(None)),
        }
    }

    fn time_limit(&self) -> std::time::Duration {
        std::time::Duration::from_millis(700)
    }
}

#[tokio::test]
async fn an_answer_that_drips_in_is_cut_at_the_time_limit_of_the_whole() {
    use launchwatch_alerts::{Notification, Receipt, courier};
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let channel = Once(format!("http://{}/", listener.local_addr().unwrap()));
    let drip = async {
        let mut stream = listener.accept().await?.0;
        let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
        while !seen.ends_with(b"body") {
            let read = stream.read(&mut buffer).await?;
            seen.extend_from_slice(&buffer[..read]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").await?;
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            stream.write_all(b"x").await?;
        }
    };
    let (test, post) = (Notification::test(jiff::Timestamp::UNIX_EPOCH, "x"), post(None));
    let began = tokio::time::Instant::now();
    let receipt = tokio::select! {
        receipt = courier::deliver(&channel, &test, None, &post) => receipt,
        ended = drip => { let ended: std::io::Result<()> = ended; panic!("{ended:?}") }
    };
    let Receipt::Retry { why, .. } = receipt else { panic!("{receipt:?}") };
    assert!(why.starts_with("time limit"), "{why}");
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
}

//! What is looked at: small servers, as cheap as can be so that they leave the machine to what is measured.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Listening ports for pages: enough that no pair of addresses runs out of ports.
const PAGES: usize = 64;
/// Listening ports for streams.
const STREAMS: usize = 4;
/// Between two events of a stream.
const EVENT: Duration = Duration::from_secs(1);

const GOOD: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 3\r\nconnection: close\r\n\r\nok\n";
const BAD: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const NONE: &[u8] = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const EVENTS: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

/// Switches and counts.
#[derive(Default)]
struct World {
    down: AtomicBool,
    open: AtomicU64,
    events: AtomicU64,
}

/// Serves until the process is ended.
pub(crate) fn serve(part: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let world = Arc::new(World::default());
        let mut ports = vec![listen(&world, control).await];
        if part == "pages" {
            ports.push(listen(&world, hang).await);
            for _ in 0..PAGES {
                ports.push(listen(&world, page).await);
            }
        } else {
            for _ in 0..STREAMS {
                ports.push(listen(&world, launch).await);
            }
        }
        println!("{}", ports.iter().map(u16::to_string).collect::<Vec<_>>().join(" "));
        std::future::pending::<()>().await;
    });
}

/// Listens, and handles each connection. Answers the port.
async fn listen<F, R>(world: &Arc<World>, handle: F) -> u16
where
    F: Fn(TcpStream, Arc<World>) -> R + Send + 'static,
    R: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let world = Arc::clone(world);
    tokio::spawn(async move {
        loop {
            if let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(handle(stream, Arc::clone(&world)));
            }
        }
    });
    port
}

/// The head of a request; `None` if it does not come.
async fn head(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = Vec::with_capacity(512);
    while !head.windows(4).any(|w| w == b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

async fn hang(mut stream: TcpStream, _: Arc<World>) -> std::io::Result<()> {
    let mut waste = [0; 512];
    while stream.read(&mut waste).await? > 0 {}
    Ok(())
}

async fn page(mut stream: TcpStream, world: Arc<World>) -> std::io::Result<()> {
    let Some(_) = head(&mut stream).await else { return Ok(()) };
    stream.write_all(if world.down.load(Relaxed) { BAD } else { GOOD }).await
}

/// A BinderHub without launch page, whose launches never end.
async fn launch(mut stream: TcpStream, world: Arc<World>) -> std::io::Result<()> {
    let Some(head) = head(&mut stream).await else { return Ok(()) };
    if !head.starts_with(b"GET /build/") {
        return stream.write_all(NONE).await;
    }
    drop(head);
    stream.write_all(EVENTS).await?;
    world.open.fetch_add(1, Relaxed);
    let mut beat = tokio::time::interval(EVENT);
    let mut n = 0_u32;
    loop {
        beat.tick().await;
        n += 1;
        let event = format!(
            "data: {{\"phase\": \"building\", \"message\": \"Step {n} : Downloading package number {n} of the environment\\n\"}}\n\n"
        );
        if let Err(e) = stream.write_all(event.as_bytes()).await {
            world.open.fetch_sub(1, Relaxed);
            return Err(e);
        }
        world.events.fetch_add(1, Relaxed);
    }
}

/// `/down`, `/up`, `/counts`.
async fn control(mut stream: TcpStream, world: Arc<World>) -> std::io::Result<()> {
    let Some(head) = head(&mut stream).await else { return Ok(()) };
    if head.starts_with(b"GET /down") {
        world.down.store(true, Relaxed);
    } else if head.starts_with(b"GET /up") {
        world.down.store(false, Relaxed);
    }
    let counts = format!("{} {}", world.open.load(Relaxed), world.events.load(Relaxed));
    stream.write_all(format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{counts}").as_bytes()).await
}

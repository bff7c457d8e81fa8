//! A real PostgreSQL of this test's own, which can be stopped as a power cut would.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Runs a program of PostgreSQL in a folder, as somebody whom it does not refuse.
const RUN: &str = r#"cd "$0"; PATH=$PATH:$(printf '%s:' $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -Vr))
command -v "$1" >/dev/null || exit 127
if [ "$(id -u)" = 0 ]; then chown postgres . && exec runuser -u postgres -- env PATH="$PATH" "$@"; fi
exec "$@""#;

/// The server; stopped when dropped.
pub(super) struct Database {
    dir: TempDir,
    port: u16,
    pub(super) url: String,
}

impl Database {
    /// Makes one and starts it; `None` where there is no PostgreSQL and none is required.
    pub(super) fn start() -> Option<Self> {
        let dir = tempfile::tempdir().expect("a folder");
        let made = [
            "initdb",
            "-D",
            "data",
            "-U",
            "launchwatch",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ];
        if run(dir.path(), &made) == Some(127) {
            let required = std::env::var_os("LAUNCHWATCH_TEST_POSTGRES_REQUIRED");
            assert!(required.is_none(), "no PostgreSQL here: tests/setup postgres");
            eprintln!("skipped: no PostgreSQL here");
            return None;
        }
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let url = format!("postgres://launchwatch@127.0.0.1:{port}/postgres?sslmode=disable");
        let database = Self { dir, port, url };
        database.start_again();
        Some(database)
    }

    /// Starts it, again too: it recovers what it had said to be kept.
    pub(super) fn start_again(&self) {
        // Only the machine's end would need what is not done here.
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off",
            self.port
        );
        let start = ["pg_ctl", "-D", "data", "-w", "-t", "60", "-l", "log", "-o", &options, "start"];
        let log = || std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
        assert_eq!(run(self.dir.path(), &start), Some(0), "the database does not start: {}", log());
    }

    /// Ends it in the middle of whatever it does.
    pub(super) fn stop(&mut self) {
        let stop = ["pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop"];
        assert_eq!(run(self.dir.path(), &stop), Some(0), "the database does not stop");
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        run(self.dir.path(), &["pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop"]);
    }
}

fn run(dir: &Path, program: &[&str]) -> Option<i32> {
    let mut command = Command::new("bash");
    command.args(["-c", RUN]).arg(dir).args(program);
    // What it starts must not hold our ends open.
    let null = std::process::Stdio::null;
    command.stdin(null()).stdout(null()).stderr(null());
    command.status().expect("bash runs").code()
}

//! The program alone in an empty root file system, as in its image: names, time zones and certificates are its own.

use std::path::Path;
use std::process::Command;

/// What `deploy/measure --facts` tells of at least.
const FACTS: usize = 9;

#[test]
fn in_an_empty_root_as_nobody_the_program_misses_nothing() {
    let measure = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/measure");
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    // Mounts and another root are root's.
    let mut command = Command::new(if root { "env" } else { "sudo" });
    if !root {
        command.arg("-n");
    }
    let output = command
        .arg(measure)
        .args(["--facts", env!("CARGO_BIN_EXE_launchwatch")])
        .output()
        .expect("deploy/measure runs");
    let (said, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{said}\n{err}", output.status);
    let good = said.lines().filter(|line| line.starts_with("ok ")).count();
    assert!(good >= FACTS && good == said.lines().count(), "{said}\n{err}");
}

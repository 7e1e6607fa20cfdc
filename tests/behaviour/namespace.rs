//! Runs in namespaces of their own, as root: what is mounted or cut off there, nobody else
//! sees.

use std::process::Command;

use crate::support::{is_root, Run, Site};

/// Runs `keyferry WORDS` behind the shell's `script`, whose mounts only this run sees.
/// `$TOP` stands for the test's directory.
pub fn mounted(site: &Site, script: &str, words: &[&str]) -> Run {
    let script = format!("set -e; {script}; exec \"$@\"");
    let script = script.replace("$TOP", site.path("").to_str().unwrap());
    unshared(site, &["--mount", "sh", "-c", &script, "sh"], words)
}

/// Runs `keyferry WORDS` where there is no network but a loopback that is down.
pub fn cut_off(site: &Site, words: &[&str]) -> Run {
    unshared(site, &["--net"], words)
}

/// Whether this process is the one that goes on with the test `name`. If not, the test is
/// over: it ran to its end in another process, with mounts and a network of its own that the
/// shell's `script` made, or it is skipped for want of root.
#[track_caller]
pub fn entered(name: &str, script: &str) -> bool {
    if std::env::var(INSIDE).is_ok_and(|inside| inside == name) {
        return true;
    }
    if !is_root() {
        return false;
    }
    let script = format!("set -e; ip link set lo up; {script}; exec \"$@\"");
    let output = Command::new("unshare")
        .args(["--mount", "--net", "sh", "-c", &script, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, name)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.contains("test result: ok. 1 passed"),
        "{told}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    false
}

fn unshared(site: &Site, options: &[&str], words: &[&str]) -> Run {
    let inner = site.command(words);
    let mut command = Command::new("unshare");
    command
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap());
    command
        .args(options)
        .arg(inner.get_program())
        .args(inner.get_args());
    site.run(&mut command)
}

/// Names the test that a process was started for by [`entered`].
const INSIDE: &str = "KEYFERRY_TEST_INSIDE";

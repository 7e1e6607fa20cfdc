//! Runs in namespaces of their own, as root: what is mounted or cut off there, nobody else
//! sees.

use std::process::Command;

use crate::support::{Run, Site};

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

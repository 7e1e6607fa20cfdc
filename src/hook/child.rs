//! Running a child process within a time limit.

use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{kill_process_group, Pid, Signal};

use crate::name::SetName;

/// Runs the program of an `on_change.run` entry.
pub(super) fn run(
    argv: &[String],
    set: &SetName,
    directory: &Path,
    until: Instant,
) -> Result<(), String> {
    let (program, arguments) = argv.split_first().ok_or("no program is named")?;
    let mut command = command(program);
    command
        .args(arguments)
        .env("KEYFERRY_SET", set.as_str())
        .env("KEYFERRY_DIRECTORY", directory);
    command.stdout(Stdio::from(io::stderr()));
    let mut child = command
        .spawn()
        .map_err(|error| format!("cannot be started: {error}"))?;
    match wait(&mut child, until) {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(failure(status)),
        None => Err("did not end in time and was killed".to_owned()),
    }
}

/// Runs a program for its output, at most 64 KiB of it.
pub(super) fn output(program: &str, arguments: &[&str], until: Instant) -> Result<String, String> {
    let mut command = command(program);
    command.args(arguments).stdout(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|error| format!("{program} cannot be started: {error}"))?;
    let pipe = child.stdout.take().ok_or("no pipe to the child")?;
    // The children asked here print less than a pipe holds, so waiting first cannot block them.
    match wait(&mut child, until) {
        Some(status) if status.success() => {}
        Some(status) => return Err(failure(status)),
        None => return Err(format!("{program} did not answer in time")),
    }
    let mut text = String::new();
    pipe.take(64 * 1024)
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    Ok(text)
}

fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", PATH)
        .env("LC_ALL", "C.UTF-8");
    command.stdin(Stdio::null()).process_group(0);
    command
}

/// Waits until `until`, then ends the child's process group: politely, then for good.
fn wait(child: &mut Child, until: Instant) -> Option<ExitStatus> {
    if let Some(status) = wait_until(child, until) {
        return Some(status);
    }
    for signal in [Signal::TERM, Signal::KILL] {
        if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            // An error means that the group is gone already.
            let _ = kill_process_group(group, signal);
        }
        if wait_until(child, Instant::now().checked_add(GRACE)?).is_some() {
            break;
        }
    }
    None
}

fn wait_until(child: &mut Child, until: Instant) -> Option<ExitStatus> {
    let mut pause = Duration::from_millis(2);
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        let left = until
            .checked_duration_since(Instant::now())
            .filter(|left| !left.is_zero())?;
        thread::sleep(pause.min(left));
        pause = pause.saturating_mul(2).min(Duration::from_millis(100));
    }
}

fn failure(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => "ended in an unknown way".to_owned(),
    }
}

/// What children find programs with; nothing of ours is inherited.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Time between asking a child to end and making it end.
const GRACE: Duration = Duration::from_secs(5);

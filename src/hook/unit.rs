//! Telling systemd units. A job is queued without waiting for it, so that a unit ordered
//! after our own cannot deadlock with us, and its result is then asked for.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::child;

/// Whether systemd is PID 1 here (sd_booted(3)).
pub fn systemd_is_running() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

/// Queues `verb` for `unit` and learns how the job ended.
///
/// A unit that is ordered after our own starts its job only when we have ended; then that
/// it is queued is all that can be learnt.
pub(super) fn tell(verb: &str, unit: &str, until: Instant) -> Result<(), String> {
    if !systemd_is_running() {
        return Err("systemd is not running here; use on_change.run".to_owned());
    }
    child::output(
        SYSTEMCTL,
        &["--no-block", "--quiet", verb, "--", unit],
        until,
    )
    .map_err(|problem| unloadable(unit, until).unwrap_or(problem))?;
    let own_unit = own_unit();
    loop {
        let properties = child::output(
            SYSTEMCTL,
            &["show", "--property", PROPERTIES, "--", unit],
            until,
        )?;
        let shown = Shown::parse(&properties);
        if !shown.has_job {
            return shown.result(verb);
        }
        if own_unit
            .as_ref()
            .is_some_and(|own| shown.after.contains(own))
        {
            log::info!("{unit} is ordered after this run; its job is queued");
            return Ok(());
        }
        if Instant::now() >= until {
            return Err("its job has not ended in time".to_owned());
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// Why systemd cannot start a job of `unit`, if it lies in the unit's file.
pub(super) fn unloadable(unit: &str, until: Instant) -> Option<String> {
    let shown = child::output(
        SYSTEMCTL,
        &["show", "--property", "LoadState", "--", unit],
        until,
    );
    match shown
        .as_deref()
        .map(|text| text.trim().trim_start_matches("LoadState="))
    {
        Ok("loaded" | "merged") => None,
        Ok("not-found") => Some("there is no such unit".to_owned()),
        Ok("masked") => Some("the unit is masked".to_owned()),
        Ok(state) => Some(format!("the unit cannot be loaded ({state})")),
        Err(problem) => Some(problem.clone()),
    }
}

/// What `systemctl show` says of a unit.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shown {
    has_job: bool,
    active_state: String,
    result: String,
    reload_result: String,
    after: Vec<String>,
}

impl Shown {
    fn parse(text: &str) -> Self {
        let mut shown = Self::default();
        for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
            match key {
                "ActiveState" => shown.active_state = value.to_owned(),
                "After" => shown.after = value.split(' ').map(str::to_owned).collect(),
                "Job" => shown.has_job = !value.is_empty() && value != "0",
                "ReloadResult" => shown.reload_result = value.to_owned(),
                "Result" => shown.result = value.to_owned(),
                _ => {}
            }
        }
        shown
    }

    fn result(&self, verb: &str) -> Result<(), String> {
        let reloaded = verb == "try-reload-or-restart";
        let failed = !matches!(self.result.as_str(), "" | "success");
        match (self.active_state.as_str(), self.reload_result.as_str()) {
            // systemd tries to restart or reload active units only.
            ("failed", _) => Err(format!(
                "the unit failed ({}); it wants `systemctl restart` by hand",
                self.result
            )),
            // Without a job: it failed and waits for its RestartSec=.
            ("activating", _) if failed => Err(format!(
                "the unit failed ({}), systemd tries it again",
                self.result
            )),
            ("active", reload) if reloaded && !matches!(reload, "" | "success") => {
                Err(format!("its reload failed ({reload})"))
            }
            _ => Ok(()),
        }
    }
}

/// The service that this process runs in, if any.
fn own_unit() -> Option<String> {
    let cgroup = fs::read_to_string("/proc/self/cgroup").ok()?;
    let unit = cgroup.lines().next_back()?.rsplit('/').next()?;
    Some(unit.to_owned()).filter(|unit| unit.ends_with(".service"))
}

const SYSTEMCTL: &str = "systemctl";
const PROPERTIES: &str = "ActiveState,After,Job,ReloadResult,Result";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_systemctl_shows() {
        let running =
            Shown::parse("Job=4711\nActiveState=activating\nAfter=a.service keyferry.service\n");
        assert!(running.has_job);
        assert_eq!(running.after, ["a.service", "keyferry.service"]);
        assert!(!Shown::parse("ActiveState=active\n").has_job);
        assert!(!Shown::parse("Job=0\n").has_job);
    }

    #[test]
    fn a_failed_reload_of_a_running_unit_is_a_failure() {
        let reload_failed =
            Shown::parse("ActiveState=active\nResult=success\nReloadResult=exit-code\n");
        assert!(reload_failed.result("try-reload-or-restart").is_err());
        assert!(reload_failed.result("try-restart").is_ok());
        assert!(Shown::parse("ActiveState=failed\nResult=exit-code\n")
            .result("start")
            .is_err());
        let waits = Shown::parse("ActiveState=activating\nResult=exit-code\n");
        assert!(waits.result("try-restart").is_err());
        assert!(Shown::parse("ActiveState=inactive\nResult=success\n")
            .result("try-restart")
            .is_ok());
    }
}

//! What the process gives up before it touches a secret.
//!
//! Secrets leave a process by its core file, by another process that traces it, or by a
//! file made with a wide mode. `no_new_privs` is not set here: hooks may need a set-uid
//! helper, and systemd's unit sets it where they do not.

use rustix::fs::Mode;
use rustix::process::{set_dumpable_behavior, setrlimit, umask};
use rustix::process::{DumpableBehavior, Resource, Rlimit};

use crate::error::Error;

/// Files are made for their owner alone, no core is written, and no other process of the
/// same user may trace this one.
///
/// # Errors
/// A system call that cannot fail here did: [`Error::Internal`].
pub fn process() -> Result<(), Error> {
    umask(Mode::RWXG | Mode::RWXO);
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none).map_err(|errno| failed("forbid core files", errno))?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|errno| failed("forbid tracing", errno))
}

fn failed(action: &str, errno: rustix::io::Errno) -> Error {
    Error::Internal {
        what: format!("cannot {action}: {errno}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{dumpable_behavior, getrlimit};

    /// In a process of its own: the other tests make files and look at their modes.
    #[test]
    fn leaves_no_way_to_a_core_file() {
        if std::env::var_os("HARDENED").is_some() {
            process().unwrap();
            let limit = getrlimit(Resource::Core);
            assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
            assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
            assert_eq!(umask(Mode::empty()), Mode::RWXG | Mode::RWXO);
            return;
        }
        let run = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "harden::tests::leaves_no_way_to_a_core_file"])
            .env("HARDENED", "1")
            .output()
            .unwrap();
        assert!(run.status.success(), "{run:?}");
        let told = String::from_utf8_lossy(&run.stdout).into_owned();
        assert!(told.contains("1 passed"), "{told}");
    }
}

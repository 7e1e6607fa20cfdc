//! One run at a time: an exclusive `flock` that the kernel releases when its holder ends,
//! however it ends. The descriptor is close-on-exec, so hooks do not inherit the lock.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, Mode as Bits, OFlags};
use rustix::io::{retry_on_intr, Errno};

use super::{failed, refuse_read_only, Access, Dir};
use crate::error::Error;

/// A held lock; dropped, it is released. The file stays: removing it would let a third
/// run lock a new one beside a waiting second.
#[derive(Debug)]
pub struct Lock {
    _fd: OwnedFd,
}

impl Lock {
    /// What the lock of an instance is called in its runtime directory.
    pub const FILE: &'static str = "lock";

    /// Opens the runtime directory of an instance, or makes it, and waits so long for its lock.
    pub fn of_instance(runtime: &Path, patience: Duration) -> Result<(Dir, Self), Error> {
        refuse_read_only(runtime)?;
        let runtime = Dir::create_path(runtime, &Access::PUBLIC)?;
        let now = Instant::now();
        let deadline = now.checked_add(patience).unwrap_or(now);
        let lock = Self::acquire(&runtime, Self::FILE, deadline)?;
        Ok((runtime, lock))
    }

    /// Locks the file `name` in `dir` and writes our process id into it, waiting for another
    /// holder until `deadline`; then [`Error::Locked`].
    fn acquire(dir: &Dir, name: &str, deadline: Instant) -> Result<Self, Error> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = dir.attempt("open", name, || {
            rustix::fs::openat(&dir.fd, name, flags, Bits::RUSR | Bits::WUSR)
        })?;
        let mut pause = Duration::from_millis(10);
        loop {
            match retry_on_intr(|| rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive))
            {
                Ok(()) => break,
                Err(Errno::WOULDBLOCK) => {}
                Err(errno) => return Err(failed("lock", &dir.join(name), errno)),
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let path = dir.join(name);
                let holder = holder(dir, name);
                return Err(Error::Locked { path, holder });
            }
            sleep(pause.min(left));
            pause = pause.saturating_mul(2).min(Duration::from_millis(200));
        }
        write_holder(&fd);
        Ok(Self { _fd: fd })
    }
}

/// Only for messages: a full disk must not stop a run here.
fn write_holder(fd: &OwnedFd) {
    let text = format!("{}\n", std::process::id());
    let _ = rustix::fs::ftruncate(fd, 0);
    let _ = rustix::io::pwrite(fd, text.as_bytes(), 0);
}

fn holder(dir: &Dir, name: &str) -> Option<u32> {
    let mut text = String::new();
    let file = dir.open_file(name).ok()??;
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_learns_who_the_first_is_and_waits_no_longer_than_asked() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = Dir::walk(temporary.path()).unwrap().unwrap();
        let first = Lock::acquire(&dir, "lock", Instant::now()).unwrap();
        match Lock::acquire(&dir, "lock", Instant::now()) {
            Err(Error::Locked { holder, .. }) => assert_eq!(holder, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
        drop(first);
        Lock::acquire(&dir, "lock", Instant::now()).unwrap();
    }
}

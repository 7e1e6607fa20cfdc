//! What the running process may do to files, asked before anything is tried.

use std::path::Path;

use rustix::fs::{access, statvfs, Access as Ask, Gid, StatVfsMountFlags};
use rustix::io::Errno;
use rustix::process::{getegid, getgroups};
use rustix::thread::{capabilities, CapabilitySet};

use super::failed;
use crate::error::Error;

/// Whether files can be given to other users and groups (CAP_CHOWN).
pub fn may_change_owners() -> bool {
    capabilities(None).is_ok_and(|sets| sets.effective.contains(CapabilitySet::CHOWN))
}

/// Whether `group` is one of the process's own, to which it may give its files.
pub fn is_own_group(group: Gid) -> bool {
    group == getegid() || getgroups().is_ok_and(|groups| groups.contains(&group))
}

/// Refuses a path that lies on a read-only file system, as far as it exists.
pub fn refuse_read_only(path: &Path) -> Result<(), Error> {
    for existing in path.ancestors() {
        match statvfs(existing) {
            Ok(system) if system.f_flag.contains(StatVfsMountFlags::RDONLY) => {
                return Err(failed("write", path, Errno::ROFS));
            }
            Err(Errno::NOENT) => {}
            _ => return Ok(()),
        }
    }
    Ok(())
}

/// Whether the running user could execute the program at `path`.
pub fn is_executable(path: &Path) -> bool {
    path.is_file() && access(path, Ask::EXEC_OK).is_ok()
}

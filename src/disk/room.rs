//! How much room there is where files lie, and whether they lie in memory.

use std::path::Path;

use rustix::fs::{statfs, statvfs};

/// How many bytes can still be written below `path`, which need not exist yet. What the
/// file system keeps for root is not counted. `None` where nobody can tell.
pub fn free_bytes(path: &Path) -> Option<u64> {
    let system = statvfs(nearest(path)?).ok()?;
    Some(system.f_bavail.saturating_mul(system.f_frsize))
}

/// Whether what is written below `path`, which need not exist yet, takes memory.
pub fn lies_in_memory(path: &Path) -> bool {
    let system = nearest(path).map(statfs);
    let Some(Ok(system)) = system else {
        return false;
    };
    // Of 32 or 64 bits, with or without a sign.
    let kind = i128::from(system.f_type) & 0xffff_ffff;
    kind == TMPFS || kind == RAMFS
}

/// The next directory above that exists, or `path` itself.
fn nearest(path: &Path) -> Option<&Path> {
    path.ancestors().find(|path| path.exists())
}

/// `TMPFS_MAGIC` and `RAMFS_MAGIC` of statfs(2).
const TMPFS: i128 = 0x0102_1994;
const RAMFS: i128 = 0x8584_58f6;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn memory_is_told_from_other_file_systems() {
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
        // The last one at a place hides those before it.
        let mut kinds = BTreeMap::new();
        for line in mounts.lines() {
            let mut words = line.split(' ').skip(1);
            let (place, kind) = (words.next().unwrap(), words.next().unwrap());
            kinds.insert(place, kind);
        }
        let mut seen = 0;
        for (place, kind) in kinds {
            let path = Path::new(place);
            let wanted = match kind {
                "tmpfs" | "ramfs" => true,
                "proc" | "sysfs" | "ext4" | "overlay" | "btrfs" | "xfs" => false,
                _ => continue,
            };
            if path.exists() {
                assert_eq!(lies_in_memory(path), wanted, "{place}: {kind}");
                seen += 1;
            }
        }
        assert!(seen > 0);
        assert!(!lies_in_memory(Path::new("/proc/none/below")));
    }

    #[test]
    fn free_room_is_that_of_the_next_directory_that_exists() {
        let top = tempfile::tempdir().unwrap();
        let below = top.path().join("none/below");
        let (here, there) = (free_bytes(top.path()), free_bytes(&below));
        assert!(here > Some(0) && there > Some(0), "{here:?} {there:?}");
        assert_eq!(free_bytes(Path::new("/proc/none")), Some(0));
        assert_eq!(free_bytes(Path::new("none")), None);
    }
}

//! Small files that are replaced as a whole: records, state, status, token cache.

use super::{is_id, random_id, Access, Dir};
use crate::error::Error;

impl Dir {
    /// Puts `bytes` at `name` so that a reader, or a start after a power cut, finds the old
    /// content or the new, whole. Durable on return.
    ///
    /// What a killed call left beside it (`.NAME.<16 hex>`) is removed first, so callers
    /// hold a lock.
    pub fn replace_small(&self, name: &str, bytes: &[u8], access: &Access) -> Result<(), Error> {
        self.remove_leftovers(name)?;
        let temporary = format!(".{name}.{}", random_id()?);
        let mut file = self.create(&temporary)?;
        file.write(bytes)?;
        file.finish(access)?;
        if let Err(error) = self.rename(&temporary, name) {
            let _ = self.unlink(&temporary);
            return Err(error);
        }
        self.sync()
    }

    /// Removes what killed calls of [`Self::replace_small`] left of `name`.
    fn remove_leftovers(&self, name: &str) -> Result<(), Error> {
        let me = rustix::process::geteuid().as_raw();
        for entry in self.names()? {
            let Some(entry) = entry.to_str() else {
                continue;
            };
            if temporary_of(entry) != Some(name) {
                continue;
            }
            if self.stat(entry)?.is_some_and(|stat| stat.owner == me) {
                self.unlink(entry)?;
            }
        }
        Ok(())
    }
}

/// `NAME` of `.NAME.<16 hex>`: what is written beside its place has such a name until it is
/// whole.
pub fn temporary_of(entry: &str) -> Option<&str> {
    let (name, id) = entry.strip_prefix('.')?.rsplit_once('.')?;
    is_id(id).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_as_a_whole_and_clears_what_a_kill_left() {
        let top = tempfile::tempdir().unwrap();
        let dir = Dir::walk(top.path()).unwrap().unwrap();
        let foreign = ".status.json.backup";
        for name in [".status.json.0123456789abcdef", foreign] {
            dir.create(name).unwrap().finish(&Access::PRIVATE).unwrap();
        }
        for content in ["first", "second"] {
            dir.replace_small("status.json", content.as_bytes(), &Access::PRIVATE)
                .unwrap();
            let read = dir.read("status.json", 10).unwrap().unwrap();
            assert_eq!(read.expose(), content.as_bytes());
        }
        let mut names = dir.names().unwrap();
        names.sort();
        assert_eq!(names, [foreign, "status.json"]);
    }
}

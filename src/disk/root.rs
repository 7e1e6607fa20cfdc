//! Where absolute paths begin: at this system's `/`, or at the tree of an image that is only
//! looked at.
//!
//! In an image a symbolic link leads where it would on the device, never out of the image.
//! `openat2` with `RESOLVE_IN_ROOT` would do that, but builds see their images through
//! libraries such as pseudo, which do not know it.

use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

/// This system, or an image.
#[derive(Clone, Debug, Default)]
pub struct Root(Option<PathBuf>);

impl Root {
    /// The image whose tree lies in the directory `top`.
    ///
    /// # Errors
    /// When there is no such directory.
    pub fn image(top: &Path) -> io::Result<Self> {
        let absolute = std::path::absolute(top)?;
        if !std::fs::metadata(&absolute)?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        // Without the slash at its end.
        Ok(Self(Some(absolute.components().collect())))
    }

    /// Where an image's tree lies; nothing for this system.
    pub fn top(&self) -> Option<&Path> {
        self.0.as_deref()
    }

    /// Where `path`, which is absolute there, is found from here. A symbolic link at its end is
    /// not followed.
    pub fn place(&self, path: &Path) -> PathBuf {
        self.find(path, false)
    }

    /// The same, with a symbolic link at its end followed.
    pub fn target(&self, path: &Path) -> PathBuf {
        self.find(path, true)
    }

    fn find(&self, path: &Path, follow: bool) -> PathBuf {
        let Some(top) = &self.0 else {
            return path.to_owned();
        };
        let (mut here, mut links) = (top.clone(), 0_u32);
        let mut rest = parts(path);
        while let Some(part) = rest.pop() {
            if part == ".." {
                if here != *top {
                    here.pop();
                }
                continue;
            }
            let next = here.join(part);
            let may_follow = (follow || !rest.is_empty()) && links < MOST_LINKS;
            match may_follow.then(|| std::fs::read_link(&next)) {
                Some(Ok(target)) => {
                    links = links.saturating_add(1);
                    if target.has_root() {
                        here.clone_from(top);
                    }
                    rest.extend(parts(&target));
                }
                _ => here = next,
            }
        }
        here
    }
}

/// The steps of `path`, the first one last.
fn parts(path: &Path) -> Vec<OsString> {
    let steps = path.components().rev();
    let steps = steps.filter(|step| matches!(step, Component::Normal(_) | Component::ParentDir));
    steps.map(|step| step.as_os_str().to_owned()).collect()
}

/// As many as the kernel follows.
const MOST_LINKS: u32 = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test plays the operator")]
    fn links_lead_where_they_would_on_the_device() {
        let top = tempfile::tempdir().unwrap();
        let at = |name: &str| top.path().join(name);
        std::fs::create_dir_all(at("data/keyferry")).unwrap();
        std::fs::create_dir_all(at("usr/bin")).unwrap();
        for (target, link) in [
            ("/data/keyferry", "etc"),
            ("../../../../../usr", "up"),
            ("usr/bin", "bin"),
            ("/bin/busybox", "usr/bin/sh"),
            ("loop", "loop"),
        ] {
            std::os::unix::fs::symlink(target, at(link)).unwrap();
        }
        let image = Root::image(top.path()).unwrap();
        let real = top.path();
        for (path, place, target) in [
            ("/", "", ""),
            ("/etc", "etc", "data/keyferry"),
            ("/etc/x", "data/keyferry/x", "data/keyferry/x"),
            ("/up/bin/sh", "usr/bin/sh", "usr/bin/busybox"),
            ("/bin/../lib", "usr/lib", "usr/lib"),
            ("/loop", "loop", "loop"),
            ("/none/../../../none", "none", "none"),
        ] {
            assert_eq!(image.place(Path::new(path)), real.join(place), "{path}");
            assert_eq!(image.target(Path::new(path)), real.join(target), "{path}");
        }
        let here = Root::default();
        assert_eq!(here.target(&at("bin")), at("bin"));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test plays the operator")]
    fn an_image_is_a_directory() {
        let top = tempfile::tempdir().unwrap();
        let file = top.path().join("image.ext4");
        std::fs::write(&file, "").unwrap();
        for path in [file, top.path().join("none")] {
            assert!(Root::image(&path).is_err(), "{}", path.display());
        }
    }
}

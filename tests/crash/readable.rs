//! Never readable: what a rotation asks of the kernel, seen whole.
//!
//! A value goes into the write of its own file and nowhere else, and from its creation on
//! nobody can read that file who could not read it in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::can_trace;
use crate::rotation::{Device, Layout, Rotation};
use crate::trace::{Call, Traced};

#[test]
fn a_value_is_written_to_its_own_file_and_nowhere_else() {
    for_both(|rotation, device, traced| {
        let mut written = BTreeSet::new();
        for call in traced.main.iter().chain(traced.others.iter().flatten()) {
            for (name, file) in rotation.new.files.iter().chain(&rotation.old.files) {
                if !call.line.contains(&file.content[..10]) {
                    continue;
                }
                let own = call.descriptor(0).is_some_and(|path| is_file(&path, name));
                assert!(own, "the value of {name} is in {}", call.line);
                match call.name.as_str() {
                    "write" => {
                        written.insert(name.as_str());
                    }
                    "read" => {}
                    _ => panic!("the value of {name} is in {}", call.line),
                }
            }
        }
        // That the values are seen there shows that the tracer sees through the program.
        let mut expected = BTreeSet::from(["added", "grows", "shrinks"]);
        if rotation.layout == Layout::Linked {
            expected.insert("mode");
        }
        assert_eq!(written, expected);
        assert!(
            traced.main.iter().any(|call| call.name == "prctl"
                && call.line.contains("PR_SET_DUMPABLE, SUID_DUMP_DISABLE")),
            "the program stayed dumpable"
        );
        assert!(device.hooks().len() > 1);
    });
}

#[test]
fn token_and_private_key_are_read_and_never_written() {
    for_both(|rotation, device, traced| {
        let key = rotation.site.device.combined_pem.lines().nth(1).unwrap();
        let token = token(&device.top.join("run"));
        for secret in [key, &token] {
            let holding = traced.main.iter().chain(traced.others.iter().flatten());
            let holding: Vec<&Call> = holding.filter(|call| call.line.contains(secret)).collect();
            assert!(!holding.is_empty(), "the tracer saw no read");
            let strange = holding.iter().find(|call| call.name != "read");
            assert!(strange.is_none(), "{strange:?}");
        }
    });
}

#[test]
fn no_file_is_ever_wider_than_in_the_end() {
    for_both(|_, device, traced| {
        assert_eq!(too_wide(device, traced), Vec::<String>::new());
    });
}

/// The files below the set's directory that somebody could read for a while who cannot read
/// them in the end.
pub fn too_wide(device: &Device, traced: &Traced) -> Vec<String> {
    let set = device.set();
    let mut stages: BTreeMap<PathBuf, Vec<Access>> = BTreeMap::new();
    for call in traced.main.iter().filter(|call| call.succeeded()) {
        if call.name == "openat" && may_write(call) {
            assert!(is_made_safely(call), "{}", call.line);
        }
        let Some(path) = call.changes().filter(|path| path.starts_with(&set)) else {
            continue;
        };
        let access = stages.entry(path).or_default();
        match call.name.as_str() {
            "openat" => *access = vec![Access::made(call.number(3))],
            "mkdirat" => *access = vec![Access::made(call.number(2))],
            "fchmod" | "fchown" => access.extend(access.last().map(|last| last.after(call))),
            "chmod" | "chown" | "fchmodat" | "fchownat" => panic!("{}", call.line),
            _ => {}
        }
    }
    stages.retain(|_, all| !all.is_empty());
    assert!(stages.len() >= 4, "the run made only {stages:?}");
    let is_wider = |(_, all): &(PathBuf, Vec<Access>)| {
        let last = all.last().unwrap().readers();
        all.iter().any(|access| !access.readers().is_subset(&last))
    };
    let wide = stages.into_iter().filter(is_wider);
    wide.map(|(path, all)| format!("{}: {all:?}", path.display()))
        .collect()
}

/// Who may do what with a file, while it is made.
#[derive(Clone, Debug)]
struct Access {
    mode: u32,
    owner: u32,
    group: u32,
}

impl Access {
    fn made(mode: u32) -> Self {
        Self {
            mode,
            owner: 0,
            group: 0,
        }
    }

    fn after(&self, call: &Call) -> Self {
        let mut next = self.clone();
        match call.name.as_str() {
            "fchmod" => next.mode = call.number(1),
            _ => {
                // -1 leaves it as it is.
                next.owner = call.arguments[1].parse().unwrap_or(next.owner);
                next.group = call.arguments[2].parse().unwrap_or(next.group);
            }
        }
        next
    }

    /// All who may read it, but root, who always may.
    fn readers(&self) -> BTreeSet<String> {
        let mut readers = BTreeSet::new();
        if self.mode & 0o400 != 0 && self.owner != 0 {
            readers.insert(format!("user {}", self.owner));
        }
        if self.mode & 0o040 != 0 {
            readers.insert(format!("group {}", self.group));
        }
        if self.mode & 0o004 != 0 {
            readers.insert("everyone".to_owned());
        }
        readers
    }
}

/// Watches a rotation, all calls of it, in both layouts.
fn for_both(check: impl Fn(&Rotation, &Device, &Traced)) {
    if !can_trace() {
        return;
    }
    for layout in [Layout::Linked, Layout::Plain] {
        let rotation = Rotation::prepare(layout);
        let device = rotation.device("watched");
        // A hook that reads nothing, so that every call that holds a value is the program's.
        let hook = "#!/bin/sh\necho >> \"$1\"\n";
        rotation.site.write("hook", hook, 0o755);
        let traced = device.traced(&device.command(&["--log", "debug"]), "all", None);
        assert!(traced.output.status.success(), "{:?}", traced.output);
        check(&rotation, &device, &traced);
    }
}

/// Whether `path` is the file `name`, in its place or waiting beside it.
fn is_file(path: &Path, name: &str) -> bool {
    let found = path.file_name().unwrap_or_default().to_string_lossy();
    found == name || found.starts_with(&format!(".{name}."))
}

fn may_write(call: &Call) -> bool {
    let flags = &call.arguments[2];
    flags.contains("O_WRONLY") || flags.contains("O_RDWR")
}

/// New, not through a link, for the running user alone; the lock is there already.
fn is_made_safely(call: &Call) -> bool {
    let flags = &call.arguments[2];
    let lock = call.line.contains("\"lock\"");
    let new = flags.contains("O_CREAT") && (flags.contains("O_EXCL") || lock);
    new && flags.contains("O_NOFOLLOW") && call.number(3) & 0o077 == 0
}

/// The token that is kept in the runtime directory.
fn token(directory: &Path) -> String {
    let mut entries = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let file = entries
        .find(|path| path.to_string_lossy().contains("/token-"))
        .unwrap();
    let kept: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    kept["token"].as_str().unwrap().to_owned()
}

//! Never readable: what a rotation asks of the kernel, seen whole.
//!
//! A value goes into the write of its own file and nowhere else, and from its creation on
//! nobody can read that file who could not read it in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::can_trace;
use crate::forms::IMAGE;
use crate::resumed;
use crate::rotation::{Device, Layout, Rotation};
use crate::support;
use crate::trace::{Call, Traced};
use crate::verdict;

#[test]
fn a_value_is_written_to_its_own_file_and_nowhere_else() {
    for_both(|rotation, device, traced| {
        let mut written = BTreeSet::new();
        for call in traced.main.iter().chain(traced.others.iter().flatten()) {
            for (name, mark) in rotation.marks() {
                if !call.line.contains(mark) {
                    continue;
                }
                let own = call.descriptor(0).is_some_and(|path| is_file(&path, name));
                assert!(own, "the value of {name} is in {}", call.line);
                match call.name.as_str() {
                    "write" => {
                        written.insert(name);
                    }
                    "read" => {}
                    _ => panic!("the value of {name} is in {}", call.line),
                }
            }
        }
        // That the values are seen there shows that the tracer sees through the program.
        let mut expected = match rotation.account() {
            Some(_) => BTreeSet::from(["image", "peer-b", "peer-c", "service.env", "tls.key"]),
            None => BTreeSet::from(["added", "grows", "shrinks"]),
        };
        if rotation.layout == Layout::Linked && rotation.account().is_none() {
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
        let tokens = tokens(&device.top.join("run"));
        for secret in tokens.iter().map(String::as_str).chain([key]) {
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
        if is_gone_on_with(call) {
            // As an earlier run made it.
            stages.insert(call.entry(1).unwrap(), vec![Access::made(0o600)]);
        }
        let Some(path) = call.changes().filter(|path| path.starts_with(&set)) else {
            continue;
        };
        if call.name == "renameat" {
            let before = stages.remove(&call.entry(1).unwrap());
            stages.insert(path, before.unwrap_or_default());
            continue;
        }
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
        check_rotation(&Rotation::prepare(layout), &check);
        let rotation = Rotation::of_forms(layout);
        check_rotation(&rotation, &check);
        resumed::begin(&rotation);
        let part = support::access(&verdict::part(&rotation.prepared()).unwrap());
        assert_eq!(part, "100600 0:0");
        check_rotation(&rotation, &check);
    }
}

fn check_rotation(rotation: &Rotation, check: &impl Fn(&Rotation, &Device, &Traced)) {
    let device = rotation.device("watched");
    // A hook that reads nothing, so that every call that holds a value is the program's.
    let hook = "#!/bin/sh\necho >> \"$1\"\n";
    rotation.site.write("hook", hook, 0o755);
    let traced = device.traced(&device.command(&["--log", "debug"]), "all", None);
    assert!(traced.output.status.success(), "{:?}", traced.output);
    check(rotation, &device, &traced);
}

/// Whether `path` is the file `name`, in its place or waiting beside it, or comes to be it.
fn is_file(path: &Path, name: &str) -> bool {
    let found = path.file_name().unwrap_or_default().to_string_lossy();
    let is_part = name == IMAGE && found.starts_with("partial-");
    found == name || found.starts_with(&format!(".{name}.")) || is_part
}

fn may_write(call: &Call) -> bool {
    let flags = &call.arguments[2];
    flags.contains("O_WRONLY") || flags.contains("O_RDWR")
}

/// Whether what an earlier run left of a file that comes in pieces is opened to go on with it:
/// at its end, and only if it is there.
fn is_gone_on_with(call: &Call) -> bool {
    if call.name != "openat" {
        return false;
    }
    let (flags, name) = (&call.arguments[2], call.arguments[1].trim_matches('"'));
    let is_part = name
        .strip_prefix("partial-")
        .is_some_and(|id| id.len() == 16);
    let begun = ["O_CREAT", "O_TRUNC", "O_RDWR"];
    is_part
        && flags.contains("O_WRONLY|O_APPEND")
        && flags.contains("O_NOFOLLOW")
        && !begun.iter().any(|flag| flags.contains(flag))
}

/// New, not through a link, for the running user alone; the lock is there already, and so is
/// what came of a file in pieces.
fn is_made_safely(call: &Call) -> bool {
    if is_gone_on_with(call) {
        return true;
    }
    let flags = &call.arguments[2];
    let lock = call.line.contains("\"lock\"");
    let new = flags.contains("O_CREAT") && (flags.contains("O_EXCL") || lock);
    new && flags.contains("O_NOFOLLOW") && call.number(3) & 0o077 == 0
}

/// The tokens that are kept in the runtime directory.
fn tokens(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let entries = entries.map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.to_string_lossy().contains("/token-"));
    let tokens = files.map(|file| {
        let kept: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        kept["token"].as_str().unwrap().to_owned()
    });
    let tokens: Vec<String> = tokens.collect();
    assert!(!tokens.is_empty());
    tokens
}

//! The change that is killed, failed and watched: one set of five files, of which one
//! shrinks, one grows, one is removed, one is added and one changes its mode only.
//!
//! A device is a directory that is copied from a prepared one before each try, so that a
//! try costs no first sync and no sign-in. What a reader may find there is written down
//! here by hand, not taken from a run.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{json, Value};

use crate::support::{program, Run, Site};
use crate::trace::{self, Traced};

/// How the files lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    Linked,
    Plain,
}

/// The files of a version of the set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub files: BTreeMap<String, File>,
}

/// A file as a reader finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub content: String,
    pub mode: u32,
}

/// A cloud that holds the new version, and a device that holds the old one.
pub struct Rotation {
    pub site: Site,
    pub layout: Layout,
    /// What was delivered first: it lies behind the old version.
    pub before: Version,
    pub old: Version,
    pub new: Version,
    /// The device that the others are copies of.
    prepared: &'static str,
}

/// One copy of the device.
pub struct Device {
    pub top: PathBuf,
    prepared: PathBuf,
    layout: Layout,
}

impl Rotation {
    /// Delivers twice, so that a generation lies behind the live one, and fills the vault
    /// with the new version.
    pub fn prepare(layout: Layout) -> Self {
        let site = Site::new();
        site.write("hook", HOOK, 0o755);
        let before_new = |word: &str| {
            Version::of(&[
                ("grows", text("grows", word, 10), 0o440),
                ("mode", text("mode", "same", 100), 0o440),
                ("removed", text("removed", "removed", 50), 0o440),
                ("shrinks", text("shrinks", "old", 9000), 0o440),
            ])
        };
        let rotation = Self {
            before: before_new("before"),
            old: before_new("old"),
            new: Version::of(&[
                ("added", text("added", "added", 70), 0o440),
                ("grows", text("grows", "new", 9000), 0o440),
                ("mode", text("mode", "same", 100), 0o400),
                ("shrinks", text("shrinks", "new", 10), 0o440),
            ]),
            site,
            layout,
            prepared: "prepared",
        };
        fs::create_dir(rotation.site.path("prepared")).unwrap();
        let prepared = rotation.at("prepared");
        prepared.configure(&rotation, &rotation.old);
        for version in [&rotation.before, &rotation.old] {
            rotation.fill(version);
            prepared.sync(&[]).exits(0);
        }
        // As on a device that wrote its state long ago, so that the run writes it again.
        let state = prepared.top.join("state/state.json");
        let mut memory: Value = serde_json::from_slice(&fs::read(&state).unwrap()).unwrap();
        memory["sets"]["mqtt"]["confirmed"] = json!(1);
        fs::write(&state, memory.to_string()).unwrap();
        rotation.fill(&rotation.new);
        rotation
    }

    /// A copy of the device called `name`, configured for the new version.
    pub fn device(&self, name: &str) -> Device {
        let device = self.at(name);
        device.reset(self);
        device
    }

    /// The same with the device called `prepared` as what others are copied from.
    pub fn prepared_as(mut self, prepared: &'static str) -> Self {
        self.prepared = prepared;
        self
    }

    /// Which version `files` is, if it is one. Modes are put right in place, so the old one
    /// may have those of the new.
    pub fn which(&self, files: &Version) -> Option<&'static str> {
        let mut repaired = self.old.clone();
        for (name, file) in &mut repaired.files {
            file.mode = self.new.files.get(name).map_or(file.mode, |new| new.mode);
        }
        if *files == self.old || *files == repaired {
            Some("old")
        } else if *files == self.new {
            Some("new")
        } else {
            None
        }
    }

    /// An empty device called `name`, which has never run.
    pub fn new_device(&self, name: &str) -> Device {
        let device = self.at(name);
        fs::create_dir(&device.top).unwrap();
        device.configure(self, &self.new);
        device
    }

    fn at(&self, name: &str) -> Device {
        Device {
            top: self.site.path(name),
            prepared: self.site.path(self.prepared),
            layout: self.layout,
        }
    }

    fn fill(&self, version: &Version) {
        for (name, file) in &version.files {
            self.site.vault.set(name, &file.content);
        }
    }
}

impl Device {
    /// Puts it back to the old version, as prepared.
    pub fn reset(&self, rotation: &Rotation) {
        let _ = fs::remove_dir_all(&self.top);
        let copied = Command::new("cp")
            .arg("-a")
            .args([&self.prepared, &self.top])
            .status();
        assert!(copied.unwrap().success());
        self.configure(rotation, &rotation.new);
    }

    /// The command `keyferry sync WORDS` for this device.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = program();
        command.arg("sync").args(words);
        command.arg("--config").arg(self.top.join("etc"));
        command
    }

    /// Runs it.
    pub fn sync(&self, words: &[&str]) -> Run {
        Run::of(self.command(words).output().unwrap())
    }

    /// Runs it under strace.
    pub fn traced(&self, command: &Command, calls: &str, inject: Option<&str>) -> Traced {
        trace::run(command, &self.top.join("trace"), calls, inject)
    }

    pub fn set(&self) -> PathBuf {
        self.top.join("run/sets/mqtt")
    }

    /// What the hook saw, run by run.
    pub fn hooks(&self) -> Vec<BTreeMap<String, String>> {
        let log = fs::read_to_string(self.top.join("hook.log")).unwrap_or_default();
        let mut seen = Vec::new();
        for line in log.lines() {
            match line.split_once(' ') {
                None => seen.push(BTreeMap::new()),
                Some((name, content)) => {
                    let version: &mut BTreeMap<String, String> = seen.last_mut().unwrap();
                    version.insert(name.to_owned(), content.to_owned());
                }
            }
        }
        seen
    }

    fn configure(&self, rotation: &Rotation, version: &Version) {
        let mut files = serde_json::Map::new();
        for (name, file) in &version.files {
            let mode = format!("{:04o}", file.mode);
            files.insert(name.clone(), json!({"secret": name, "mode": mode}));
        }
        let mut config = rotation.site.config(json!({"mqtt": {
            "layout": if self.layout == Layout::Linked { "linked" } else { "plain" },
            "owner": OWNER,
            "group": GROUP,
            "files": files,
            "on_change": {"run": [[rotation.site.path("hook"), self.top.join("hook.log")]]},
        }}));
        config["runtime_directory"] = json!(self.top.join("run"));
        config["state_directory"] = json!(self.top.join("state"));
        fs::create_dir_all(self.top.join("etc")).unwrap();
        let path = self.top.join("etc/config.json");
        fs::write(path, config.to_string()).unwrap();
    }
}

impl Version {
    pub fn contents(&self) -> BTreeMap<String, String> {
        let files = self.files.iter();
        files
            .map(|(name, file)| (name.clone(), file.content.clone()))
            .collect()
    }

    pub fn of(files: &[(&str, String, u32)]) -> Self {
        let file = |(name, content, mode): &(&str, String, u32)| {
            let content = content.clone();
            (
                (*name).to_owned(),
                File {
                    content,
                    mode: *mode,
                },
            )
        };
        Self {
            files: files.iter().map(file).collect(),
        }
    }

    /// The files in `directory`, links followed, names with a dot in front left out.
    pub fn read(directory: &Path) -> Self {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if !name.starts_with('.') {
                files.insert(name, File::read(&entry.path()));
            }
        }
        Self { files }
    }
}

impl File {
    fn read(path: &Path) -> Self {
        use std::os::unix::fs::MetadataExt;
        let content = fs::read_to_string(path);
        Self {
            content: content.unwrap_or_else(|error| format!("unreadable: {error}")),
            mode: fs::metadata(path).map_or(0, |stat| stat.mode() & 0o7777),
        }
    }
}

/// A content of this length that says what it is, and differs from all others in its first
/// ten letters.
fn text(file: &str, word: &str, length: usize) -> String {
    format!("{file}-{word}-")
        .chars()
        .cycle()
        .take(length)
        .collect()
}

/// Logs an empty line, then each file with its content. In few calls: strace counts each
/// process's by themselves, and the hook must not be struck in the program's place.
const HOOK: &str = r#"#!/bin/sh
set -eu
cd "$KEYFERRY_DIRECTORY"
seen=
for name in *; do
    seen="$seen
$name $(cat "$name")"
done
echo "$seen" >> "$1"
"#;
pub const OWNER: u32 = 1234;
pub const GROUP: u32 = 2345;

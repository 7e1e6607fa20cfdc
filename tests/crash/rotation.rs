//! The change that is killed, failed and watched: one set of five files, of which one
//! shrinks, one grows, one is removed, one is added and one changes its mode only. Or one of
//! all forms that a file may have: see [`crate::forms`].
//!
//! A device is a directory that is copied from a prepared one before each try, so that a
//! try costs no first sync and no sign-in. What a reader may find there is written down
//! here by hand, not taken from a run.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use cloud::StorageAccount;
use serde_json::{json, Value};

use crate::forms;
use crate::support::{program, Run, Site};
use crate::trace::{self, Traced};
use crate::version::{text, Version};

/// How the files lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    Linked,
    Plain,
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
    supply: Supply,
}

/// Where the cloud has the files.
enum Supply {
    /// Each is made as [`crate::forms`] says, one of a blob of this account.
    Forms(StorageAccount),
    /// Each is a secret of its name.
    Secrets,
}

/// One copy of the device.
pub struct Device {
    pub top: PathBuf,
    prepared: PathBuf,
    /// Where this and the prepared one have their logs: not where they take room.
    logs: [PathBuf; 2],
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
            supply: Supply::Secrets,
        };
        rotation.deliver_before_and_old();
        rotation.fill(&rotation.new);
        rotation
    }

    /// The same with files of all forms. One of them vanishes with the new version, which an
    /// earlier run has seen already.
    pub fn of_forms(layout: Layout) -> Self {
        let site = Site::new();
        site.write("hook", HOOK, 0o755);
        let [before, old, new] = forms::versions();
        let account = site.cloud.storage_account(forms::ACCOUNT);
        let rotation = Self {
            before,
            old,
            new,
            site,
            layout,
            prepared: "prepared",
            supply: Supply::Forms(account),
        };
        let prepared = rotation.deliver_before_and_old();
        rotation.fill(&rotation.new);
        prepared.sync(&[]).exits(75).says("once is not enough");
        rotation
    }

    fn deliver_before_and_old(&self) -> Device {
        fs::create_dir(self.site.path(self.prepared)).unwrap();
        let prepared = self.at(self.prepared);
        prepared.configure(self, &self.old);
        for version in [&self.before, &self.old] {
            self.fill(version);
            prepared.sync(&[]).exits(0);
        }
        // As on a device that wrote its state long ago, so that the run writes it again.
        let state = prepared.top.join("state/state.json");
        let mut memory: Value = serde_json::from_slice(&fs::read(&state).unwrap()).unwrap();
        memory["sets"]["mqtt"]["confirmed"] = json!(1);
        fs::write(&state, memory.to_string()).unwrap();
        prepared
    }

    /// The device that the others are copies of.
    pub fn prepared(&self) -> Device {
        self.at(self.prepared)
    }

    /// The account that has the image, if there is one.
    pub fn account(&self) -> Option<&StorageAccount> {
        match &self.supply {
            Supply::Forms(account) => Some(account),
            Supply::Secrets => None,
        }
    }

    /// A copy of the device called `name`, configured for the new version.
    pub fn device(&self, name: &str) -> Device {
        let device = self.at(name);
        device.reset(self);
        device
    }

    /// What shows a value of the new or the old version, each with the name of its file.
    pub fn marks(&self) -> Vec<(&str, &str)> {
        let files = self.new.files.iter().chain(&self.old.files);
        match &self.supply {
            Supply::Forms(_) => files
                .filter_map(|(name, file)| forms::mark(name, file))
                .collect(),
            Supply::Secrets => files
                .map(|(name, file)| (name.as_str(), &file.content[..10]))
                .collect(),
        }
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

    /// The same with an empty device, on which nothing was ever delivered.
    pub fn on_empty(mut self) -> Self {
        self.new_device("empty");
        self.old = Version::of(&[]);
        self.prepared_as("empty")
    }

    /// An empty device called `name`.
    pub fn new_device(&self, name: &str) -> Device {
        let device = self.at(name);
        fs::create_dir(&device.top).unwrap();
        device.configure(self, &self.new);
        device
    }

    fn at(&self, name: &str) -> Device {
        let logs = [name, self.prepared].map(|name| {
            let logs = self.site.path("logs").join(name.replace('/', "-"));
            fs::create_dir_all(&logs).unwrap();
            logs
        });
        Device {
            top: self.site.path(name),
            prepared: self.site.path(self.prepared),
            logs,
            layout: self.layout,
        }
    }

    fn fill(&self, version: &Version) {
        if let Supply::Forms(account) = &self.supply {
            return forms::fill(&self.site.vault, account, version);
        }
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
        self.remember_own_directory();
        let [own, prepared] = self.logs.each_ref().map(|logs| logs.join(HOOK_LOG));
        let _ = fs::remove_file(&own);
        if prepared.exists() {
            fs::copy(prepared, own).unwrap();
        }
        self.configure(rotation, &rotation.new);
    }

    /// The copy must not take the directory of what it is a copy of for its own.
    fn remember_own_directory(&self) {
        let state = self.top.join("state/state.json");
        let Ok(text) = fs::read_to_string(&state) else {
            return;
        };
        let [prepared, own] = [&self.prepared, &self.top].map(|top| format!("{}/", top.display()));
        fs::write(state, text.replace(&prepared, &own)).unwrap();
    }

    /// The command `keyferry sync WORDS` for this device.
    pub fn command(&self, words: &[&str]) -> Command {
        self.keyferry("sync", words)
    }

    /// The command `keyferry VERB WORDS` for this device.
    pub fn keyferry(&self, verb: &str, words: &[&str]) -> Command {
        let mut command = program();
        command.arg(verb).args(words);
        command.arg("--config").arg(self.top.join("etc"));
        command
    }

    /// Runs it.
    pub fn sync(&self, words: &[&str]) -> Run {
        Run::of(self.command(words).output().unwrap())
    }

    /// Runs it under strace.
    pub fn traced(&self, command: &Command, calls: &str, inject: Option<&str>) -> Traced {
        trace::run(command, &self.logs[0].join("trace"), calls, inject)
    }

    pub fn set(&self) -> PathBuf {
        self.top.join("run/sets/mqtt")
    }

    /// What the hook saw, run by run.
    pub fn hooks(&self) -> Vec<BTreeMap<String, String>> {
        let log = fs::read_to_string(self.logs[0].join(HOOK_LOG)).unwrap_or_default();
        let mut seen = Vec::new();
        for line in log.lines() {
            match line.split_once(' ') {
                None => seen.push(BTreeMap::new()),
                Some((name, content)) => {
                    let version: &mut BTreeMap<String, String> = seen.last_mut().unwrap();
                    version.insert(name.to_owned(), content.replace('~', "\n"));
                }
            }
        }
        seen
    }

    fn configure(&self, rotation: &Rotation, version: &Version) {
        let mut config = rotation.site.config(json!({"mqtt": {
            "layout": if self.layout == Layout::Linked { "linked" } else { "plain" },
            "owner": OWNER,
            "group": GROUP,
            "files": match rotation.supply {
                Supply::Forms(_) => forms::files(),
                Supply::Secrets => secrets(version),
            },
            "on_change": {"run": [[rotation.site.path("hook"), self.logs[0].join(HOOK_LOG)]]},
        }}));
        config["runtime_directory"] = json!(self.top.join("run"));
        config["state_directory"] = json!(self.top.join("state"));
        if let Some(account) = rotation.account() {
            let address = rotation.site.cloud.address().to_string();
            config["network"]["resolve"][account.host()] = json!(address);
        }
        fs::create_dir_all(self.top.join("etc")).unwrap();
        let path = self.top.join("etc/config.json");
        fs::write(path, config.to_string()).unwrap();
    }
}

/// Files that are secrets of their names.
fn secrets(version: &Version) -> Value {
    let mut files = serde_json::Map::new();
    for (name, file) in &version.files {
        let mode = format!("{:04o}", file.mode);
        files.insert(name.clone(), json!({"secret": name, "mode": mode}));
    }
    files.into()
}

/// Logs an empty line, then each file with its content, line breaks as `~`.
const HOOK: &str = r#"#!/bin/sh
set -eu
cd "$KEYFERRY_DIRECTORY"
seen=
for name in *; do
    seen="$seen
$name $(tr '\n' '~' < "$name")"
done
echo "$seen" >> "$1"
"#;
const HOOK_LOG: &str = "hook.log";
pub const OWNER: u32 = 1234;
pub const GROUP: u32 = 2345;

//! What a run does with the store for large and for selected files, without a network: it is
//! made by this test binary, started again with its orders in a variable.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use keyferry::config::{
    Blob, ChangeCheck, File, Form, IfMissing, Layout, OnChange, SelectedFiles, Selection, Set,
    Source, Text,
};
use keyferry::error::Error;
use keyferry::name::{FileName, HostName, Mode, SetName};
use keyferry::store::{Hook, Part, Provenance, Staging, Store};
use rustix::fs::{Gid, Uid};

use crate::rotation::{GROUP, OWNER};
use crate::support;
use crate::version::{text, Version};

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// The new version is delivered; its image comes in pieces, behind what is there of it.
    Deliver,
    /// The same, but the commit fails as late as it can.
    GiveUp,
    /// The new version with the old image, which is kept.
    Keep,
}

/// A directory for a set and the version that comes.
#[derive(Clone, Debug)]
pub struct Place {
    pub directory: PathBuf,
    pub layout: Layout,
}

pub const TASKS: [Task; 3] = [Task::Deliver, Task::GiveUp, Task::Keep];
/// The image is longer than what a kept file is copied up to.
const IMAGE: usize = 99_999;
/// In how many pieces it comes.
pub const PIECES: usize = 3;
const PATIENCE: Duration = Duration::from_secs(60);
const SOURCE: &str = "account.blob.core.windows.net/container/image";
const ORDERS: &str = "KEYFERRY_CRASH_ORDERS";

/// With orders, it carries them out. Without, it does all that can be ordered.
#[test]
fn every_task_can_be_done_undisturbed() {
    if let Some(orders) = std::env::var_os(ORDERS) {
        let orders = orders.into_string().unwrap();
        let [task, layout, directory] = orders.splitn(3, ' ').collect::<Vec<_>>()[..] else {
            panic!("{orders}");
        };
        let place = Place {
            directory: directory.into(),
            layout: LAYOUTS.into_iter().find(|it| word(*it) == layout).unwrap(),
        };
        let task = TASKS.into_iter().find(|it| format!("{it:?}") == task);
        come_behind_the_harness();
        place.run(task.unwrap());
        return;
    }
    if !support::is_root() {
        return;
    }
    for layout in LAYOUTS {
        for task in TASKS {
            let top = tempfile::tempdir().unwrap();
            let place = Place::new(top.path(), layout);
            place.prepare();
            assert_eq!(place.seen(), old());
            place.run(task);
            let (wanted, pieces) = match task {
                Task::GiveUp => (old(), PIECES),
                Task::Deliver | Task::Keep => (new(task), 0),
            };
            assert_eq!(place.seen(), wanted);
            assert_eq!(pieces_left(&place.open()), pieces);
        }
    }
}

/// How many pieces of the new image a later run does not have to fetch.
pub fn pieces_left(store: &Store) -> usize {
    let left = store.part(&name("image"), SOURCE).unwrap();
    let bytes = left.map_or(0, |part| usize::try_from(part.length).unwrap());
    assert_eq!(bytes % (IMAGE / PIECES), 0);
    bytes / (IMAGE / PIECES)
}

/// The version that lies there before.
pub fn old() -> Version {
    version("old", &["peer-a", "peer-b"], "old")
}

/// The version that `task` makes, or would.
pub fn new(task: Task) -> Version {
    let image = if task == Task::Keep { "old" } else { "new" };
    version("new", &["peer-b", "peer-c"], image)
}

impl Place {
    pub fn new(top: &Path, layout: Layout) -> Self {
        Self {
            directory: top.join("set"),
            layout,
        }
    }

    /// Delivers the old version.
    pub fn prepare(&self) {
        let mut store = self.open();
        store.select(&files(&["peer-a", "peer-b"]));
        let mut staging = store.stage().unwrap();
        put(
            &mut staging,
            &old(),
            &["image", "other", "peer-a", "peer-b"],
        );
        staging.commit(Hook::Skip, 1000).unwrap();
    }

    /// This binary with orders.
    pub fn command(&self, task: Task) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "driver::every_task_can_be_done_undisturbed"]);
        let (layout, directory) = (word(self.layout), self.directory.to_str().unwrap());
        command.env(ORDERS, format!("{task:?} {layout} {directory}"));
        command
    }

    pub fn run(&self, task: Task) {
        let mut store = self.open();
        store.select(&files(&["peer-b", "peer-c"]));
        let incoming = match task {
            Task::Keep => None,
            _ => Some(receive(&mut store)),
        };
        let mut staging = store.stage().unwrap();
        match incoming {
            Some(incoming) => staging.adopt(incoming, &provenance()).unwrap(),
            None => staging.keep(&name("image")).unwrap(),
        }
        put(&mut staging, &new(task), &["other", "peer-b", "peer-c"]);
        if task == Task::GiveUp {
            // Where the record of the hook cannot be put.
            let obstacle = self.obstacle();
            fs::create_dir(&obstacle).unwrap();
            let refused = staging.commit(Hook::Run, 2000);
            assert!(matches!(refused, Err(Error::Disk { .. })), "{refused:?}");
            drop(staging);
            fs::remove_dir(&obstacle).unwrap();
        } else {
            staging.commit(Hook::Run, 2000).unwrap();
            staging.store().hook_done().unwrap();
        }
    }

    /// What stands in the way of [`Task::GiveUp`].
    pub fn obstacle(&self) -> PathBuf {
        self.directory.join(".keyferry/pending")
    }

    /// The store, healed. A child of another thread has the locks of this process, too, until
    /// its own program starts.
    pub fn open(&self) -> Store {
        let mut store = Store::open(&self.set(), "").unwrap();
        let began = Instant::now();
        loop {
            match store.heal() {
                Err(Error::Locked { .. }) if began.elapsed() < PATIENCE => thread::yield_now(),
                healed => break drop(healed.unwrap()),
            }
        }
        store
    }

    pub fn seen(&self) -> Version {
        Version::read(&self.directory)
    }

    fn set(&self) -> Set {
        let mut image = file("image");
        image.source = Source::Blob(Blob {
            host: HostName::parse("account.blob.core.windows.net").unwrap(),
            container: "container".to_owned(),
            name: "image".to_owned(),
            max_bytes: None,
            sha256: None,
        });
        Set {
            name: SetName::parse("mqtt").unwrap(),
            directory: self.directory.clone(),
            layout: self.layout,
            directory_mode: Mode::new(0o750).unwrap(),
            group: Gid::from_raw(GROUP),
            files: vec![image, file("other")],
            selections: vec![selection()],
            change_check: ChangeCheck::Get,
            on_change: OnChange {
                reload: Vec::new(),
                restart: Vec::new(),
                start: Vec::new(),
                run: Vec::new(),
                timeout: Duration::from_secs(90),
            },
            max_stale: Duration::from_secs(60),
            required: true,
        }
    }
}

/// The new image in pieces, each made durable, but for what is there of it.
fn receive(store: &mut Store) -> keyferry::store::Incoming {
    let image = text("image", "new", IMAGE);
    let there = store.part(&name("image"), SOURCE).unwrap();
    let there = there.unwrap_or_else(|| part(0));
    let mut incoming = store.receive(&name("image"), SOURCE, &there).unwrap();
    let rest = &image.as_bytes()[usize::try_from(there.length).unwrap()..];
    for piece in rest.chunks(IMAGE / PIECES) {
        incoming.write(piece).unwrap();
        incoming.rest().unwrap();
    }
    incoming.digests().unwrap();
    incoming
}

fn put(staging: &mut Staging<'_>, version: &Version, names: &[&str]) {
    for called in names {
        let content = version.files[*called].content.as_bytes();
        staging.put(&name(called), &provenance(), content).unwrap();
    }
}

fn version(word: &str, peers: &[&str], image: &str) -> Version {
    let mut files = vec![
        ("image", text("image", image, IMAGE), 0o440),
        ("other", text("other", word, 100), 0o440),
    ];
    files.extend(
        peers
            .iter()
            .map(|peer| (*peer, text(peer, word, 100), 0o440)),
    );
    Version::of(&files)
}

fn files(names: &[&str]) -> Vec<File> {
    let names = names.iter();
    names
        .map(|called| File {
            pattern: Some(selection().selection.pattern),
            ..file(called)
        })
        .collect()
}

fn file(called: &str) -> File {
    File {
        name: name(called),
        source: Source::EnvFile(Vec::new()),
        mode: Mode::new(0o440).unwrap(),
        owner: Uid::from_raw(OWNER),
        group: Gid::from_raw(GROUP),
        if_missing: IfMissing::Fail,
        pattern: None,
    }
}

fn selection() -> SelectedFiles {
    SelectedFiles {
        selection: Selection {
            pattern: "peer-${name}".to_owned(),
            vault: HostName::parse("vault.vault.azure.net").unwrap(),
            prefix: String::new(),
            tags: Vec::new(),
            form: Form::Secret(Text::default()),
            max_objects: 64,
            allow_empty: false,
        },
        mode: Mode::new(0o440).unwrap(),
        owner: Uid::from_raw(OWNER),
        group: Gid::from_raw(GROUP),
        if_missing: IfMissing::Fail,
    }
}

fn provenance() -> Provenance {
    Provenance {
        source: SOURCE.to_owned(),
        version: "new".to_owned(),
        expires: None,
    }
}

fn part(length: usize) -> Part {
    Part {
        etag: "new".to_owned(),
        length: u64::try_from(length).unwrap(),
        refused: None,
    }
}

fn name(text: &str) -> FileName {
    FileName::parse(text).unwrap()
}

fn word(layout: Layout) -> &'static str {
    match layout {
        Layout::Linked => "linked",
        Layout::Plain => "plain",
    }
}

/// strace counts the calls of each thread by itself, and a call to be struck is one of all
/// threads: before the work come more calls than the harness makes in its own thread.
fn come_behind_the_harness() {
    for _ in 0..100 {
        fs::write("/dev/null", "x").unwrap();
    }
}

pub const LAYOUTS: [Layout; 2] = [Layout::Linked, Layout::Plain];

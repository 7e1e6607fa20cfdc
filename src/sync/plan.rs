//! What a run has to do: from the configuration and what is on disk to fetches. Pure.

use super::recipe;
use crate::config::{File, Object, Source};
use crate::store::{FileState, Live, LiveFile};

/// A set as the plan sees it.
#[derive(Debug)]
pub struct View<'a> {
    /// Its files, those of selections included.
    pub files: &'a [File],
    /// Which of them need nothing from a vault in this run.
    pub settled: &'a [bool],
    /// What is on disk.
    pub live: Option<&'a Live>,
    /// Whether its objects are to be fetched at all in this run.
    pub fetch: bool,
    /// Whether it missed out last time (budget, deadline) and so goes first.
    pub first: bool,
}

/// One object to fetch, and who uses it.
#[derive(Debug, PartialEq, Eq)]
pub struct Fetch {
    /// The object.
    pub id: Object,
    /// Its users, in order of first use.
    pub users: Vec<User>,
}

/// A value of a file of a set, by their places in the views, the set's files and the file's
/// values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    /// Place of the set among the views.
    pub set: usize,
    /// Place of the file in the set.
    pub file: usize,
    /// Place of the value in the file.
    pub value: usize,
}

/// What a run fetches.
#[derive(Debug, Default)]
pub struct Plan {
    /// The objects in order of first use, each once.
    pub objects: Vec<Fetch>,
    /// The blobs, by set and file. They come last: they may be large.
    pub blobs: Vec<(usize, usize)>,
}

impl Plan {
    /// The plan for the sets of `views`.
    pub fn new(views: &[View<'_>]) -> Self {
        let mut plan = Self::default();
        for first in [true, false] {
            for (set, view) in views.iter().enumerate() {
                if view.fetch && view.first == first {
                    plan.add(set, view);
                }
            }
        }
        plan
    }

    /// How many things are to come for `set`.
    pub fn count(&self, set: usize) -> usize {
        let users = self.objects.iter().flat_map(|fetch| &fetch.users);
        let objects = users.filter(|user| user.set == set).count();
        let blobs = self.blobs.iter().filter(|(of, _)| *of == set).count();
        objects.saturating_add(blobs)
    }

    /// Whether there is nothing to fetch.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.blobs.is_empty()
    }

    fn add(&mut self, set: usize, view: &View<'_>) {
        for (file, wanted) in view.files.iter().enumerate() {
            if view.settled.get(file) == Some(&true) {
                continue;
            }
            let on_disk = view.live.and_then(|live| live.file(&wanted.name));
            if on_disk.is_some_and(|on_disk| is_pinned_at(on_disk, &wanted.source)) {
                continue;
            }
            if matches!(wanted.source, Source::Blob(_)) {
                self.blobs.push((set, file));
            }
            for (value, used) in wanted.source.values().into_iter().enumerate() {
                self.add_user(&used.object, User { set, file, value });
            }
        }
    }

    fn add_user(&mut self, id: &Object, user: User) {
        match self.objects.iter_mut().find(|fetch| fetch.id == *id) {
            Some(fetch) => fetch.users.push(user),
            None => self.objects.push(Fetch {
                id: id.clone(),
                users: vec![user],
            }),
        }
    }
}

/// Whether `on_disk` was made as `source` says from objects of `versions`.
pub(super) fn is_made_of(on_disk: &LiveFile, source: &Source, versions: &[&str]) -> bool {
    let provenance = &on_disk.entry.provenance;
    on_disk.state != FileState::Damaged
        && provenance.version == recipe::version(versions)
        && provenance.source == recipe::source(source)
}

/// Whether all that `source` names is pinned, by versions or by a digest, and lies verified on
/// disk so, so that no request is needed.
fn is_pinned_at(on_disk: &LiveFile, source: &Source) -> bool {
    if let Source::Blob(blob) = source {
        let entry = &on_disk.entry;
        return on_disk.state != FileState::Damaged
            && blob.sha256.as_ref() == Some(&entry.sha256)
            && entry.provenance.source == recipe::source(source);
    }
    let values = source.values();
    let pinned: Option<Vec<&str>> = values
        .iter()
        .map(|value| {
            value
                .object
                .version
                .as_ref()
                .map(|version| version.as_str())
        })
        .collect();
    pinned.is_some_and(|versions| !versions.is_empty() && is_made_of(on_disk, source, &versions))
}

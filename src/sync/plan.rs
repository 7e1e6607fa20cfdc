//! What a run has to do: from the configuration and what is on disk to fetches. Pure.

use crate::config::{Object, Set};
use crate::store::{FileState, Live, LiveFile};

/// A set as the plan sees it.
#[derive(Debug)]
pub struct View<'a> {
    /// Its configuration.
    pub set: &'a Set,
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

/// A file of a set, by their places in the views and the set's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct User {
    /// Place of the set among the views.
    pub set: usize,
    /// Place of the file in the set.
    pub file: usize,
}

/// The fetches of a run in order of first use, each object once.
pub fn fetches(views: &[View<'_>]) -> Vec<Fetch> {
    let mut fetches: Vec<Fetch> = Vec::new();
    for first in [true, false] {
        for (set, view) in views.iter().enumerate() {
            if view.fetch && view.first == first {
                add_fetches(&mut fetches, set, view);
            }
        }
    }
    fetches
}

/// How markers and the memory name an object: host and path, without version.
pub fn source(id: &Object) -> String {
    format!("{}/{}s/{}", id.vault, id.kind.word(), id.name)
}

/// Whether the pinned version of `id` lies verified on disk, so that no request is needed.
fn is_pinned_at(on_disk: &LiveFile, id: &Object) -> bool {
    let provenance = &on_disk.entry.provenance;
    let same_version = id
        .version
        .as_ref()
        .is_some_and(|version| version.as_str() == provenance.version);
    on_disk.state != FileState::Damaged && same_version && provenance.source == source(id)
}

fn add_fetches(fetches: &mut Vec<Fetch>, set: usize, view: &View<'_>) {
    for (file, wanted) in view.set.files.iter().enumerate() {
        let on_disk = view.live.and_then(|live| live.file(&wanted.name));
        for value in wanted.source.values() {
            let id = value.object.clone();
            if on_disk.is_some_and(|on_disk| is_pinned_at(on_disk, &id)) {
                continue;
            }
            let user = User { set, file };
            match fetches.iter_mut().find(|fetch| fetch.id == id) {
                Some(fetch) => fetch.users.push(user),
                None => fetches.push(Fetch {
                    id,
                    users: vec![user],
                }),
            }
        }
    }
}

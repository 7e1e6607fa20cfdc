//! What the vaults' lists say: which objects a selection finds, and which ones changed.
//!
//! One list of a vault serves all sets. Without selections and `change_check: "list"` nothing
//! is listed.

use super::selected;
use super::session::Session;
use super::work::Work;
use super::Mode;
use crate::clock;
use crate::config::{ChangeCheck, ObjectKind, Selection};
use crate::error::Error;
use crate::name::{HostName, ObjectName};
use crate::state::{Seen, SeenFile};
use crate::store::FileState;
use crate::vault::{Item, Listing};

/// A list that is needed.
#[derive(Debug)]
pub(super) struct Want {
    vault: HostName,
    kind: ObjectKind,
    /// Whether a selection needs all of it.
    whole: bool,
    /// The objects of which it shall say whether they changed.
    names: Vec<ObjectName>,
}

/// A list that came.
#[derive(Debug)]
pub(super) struct Listed {
    want: Want,
    outcome: Result<Listing, Error>,
}

/// The lists that the sets need. A list that would save no request is not among them.
pub(super) fn wants(works: &[Work<'_>], seen: &Seen) -> Vec<Want> {
    let mut wants: Vec<Want> = Vec::new();
    for work in works.iter().filter(|work| !work.has_failed()) {
        for selected in &work.set.selections {
            let selection = &selected.selection;
            want(&mut wants, &selection.vault, selection.form.kind()).whole = true;
            if work.set.change_check == ChangeCheck::List {
                note_selected(&mut wants, work, selection, seen);
            }
        }
        if work.set.change_check == ChangeCheck::List {
            for (place, _) in candidates(work, seen) {
                note_names(&mut wants, work, place);
            }
        }
    }
    wants.retain(|want| want.whole || want.names.len() > 1);
    wants
}

/// Reads the lists.
pub(super) fn read(session: &mut Session<'_>, wants: Vec<Want>, works: &[Work<'_>]) -> Vec<Listed> {
    let mut listed = Vec::new();
    for want in wants {
        let selections: Vec<&Selection> = works
            .iter()
            .flat_map(|work| &work.set.selections)
            .map(|selected| &selected.selection)
            .filter(|selection| selection.vault == want.vault && selection.form.kind() == want.kind)
            .collect();
        let keep = |item: &Item| {
            want.names.contains(&item.name)
                || selections.iter().any(|selection| finds(selection, item))
        };
        // Past as many pages as there are objects, fetching them is cheaper.
        let patience = match want.whole {
            true => usize::MAX,
            false => want.names.len(),
        };
        let outcome = session.list(&want.vault, want.kind, &keep, patience);
        if let Err(error) = &outcome {
            // Where nothing of the host can be had, the objects say so themselves.
            if !want.names.is_empty() && !error.concerns_whole_host() {
                log::warn!("{}; {}", every_object_instead(error), error.advice());
            }
        }
        listed.push(Listed { want, outcome });
    }
    listed
}

/// Tells the sets what their selections find, and settles the files of which nothing changed.
pub(super) fn apply(listed: &[Listed], works: &mut [Work<'_>], seen: &Seen) {
    for work in works.iter_mut().filter(|work| !work.has_failed()) {
        let outcome = select(work, listed);
        work.note(outcome);
        if !work.has_failed() && work.set.change_check == ChangeCheck::List {
            settle(work, listed, seen);
        }
    }
}

/// What was seen of the files of `work`, for the next run. What was not fetched keeps what is
/// known of it, which counts for the same content only.
pub(super) fn seen_now(work: &Work<'_>, before: &Seen, now: i64) -> Vec<SeenFile> {
    let set = work.set.name.as_str();
    let mut files = Vec::new();
    if work.set.change_check != ChangeCheck::List {
        return files;
    }
    if work.has_failed() || work.mode == Mode::Offline {
        let known = before.files.iter();
        files.extend(known.filter(|file| file.set == set).cloned());
        return files;
    }
    for (place, file) in work.files.iter().enumerate() {
        let Some(on_disk) = work.live().and_then(|live| live.file(&file.name)) else {
            continue;
        };
        let name = file.name.as_str();
        match work.updates(place) {
            None => files.extend(before.file(set, name).cloned()),
            Some(updated) => files.push(SeenFile {
                set: set.to_owned(),
                file: name.to_owned(),
                source: super::recipe::source(&file.source),
                sha256: on_disk.entry.sha256.clone(),
                at: now,
                updated,
            }),
        }
    }
    files
}

/// The warning that a list did not come which `change_check` wants.
pub fn every_object_instead(error: &Error) -> String {
    format!("{error}; change_check fetches every object instead")
}

/// Whether `selection` finds `item`. Secrets of certificates are no secrets of their own.
pub fn finds(selection: &Selection, item: &Item) -> bool {
    let start = item.name.as_str().get(..selection.prefix.len());
    let begins = start.is_some_and(|start| start.eq_ignore_ascii_case(&selection.prefix));
    let has = |wanted: &(String, String)| item.tags.contains(wanted);
    let is_own = selection.form.kind() != ObjectKind::Secret || !item.is_managed;
    begins && is_own && selection.tags.iter().all(has)
}

/// In which list an object shows that it changed: a certificate is read through its secret.
pub fn listed_as(kind: ObjectKind) -> ObjectKind {
    match kind {
        ObjectKind::Key => ObjectKind::Key,
        ObjectKind::Certificate | ObjectKind::Secret => ObjectKind::Secret,
    }
}

fn want<'a>(wants: &'a mut Vec<Want>, vault: &HostName, kind: ObjectKind) -> &'a mut Want {
    let known = wants
        .iter()
        .position(|want| want.vault == *vault && want.kind == kind);
    let place = known.unwrap_or(wants.len());
    if known.is_none() {
        wants.push(Want {
            vault: vault.clone(),
            kind,
            whole: false,
            names: Vec::new(),
        });
    }
    #[expect(clippy::indexing_slicing, reason = "it was found or pushed above")]
    &mut wants[place]
}

fn note_names(wants: &mut Vec<Want>, work: &Work<'_>, place: usize) {
    let values = work.files.get(place).map(|file| file.source.values());
    for value in values.unwrap_or_default() {
        let object = &value.object;
        if object.version.is_none() {
            let want = want(wants, &object.vault, listed_as(object.kind));
            if !want.names.contains(&object.name) {
                want.names.push(object.name.clone());
            }
        }
    }
}

/// Notes what a selection found before. Certificates show their changes in another list than
/// the one that finds them.
fn note_selected(wants: &mut Vec<Want>, work: &Work<'_>, selection: &Selection, seen: &Seen) {
    let set = work.set.name.as_str();
    for on_disk in work.live().iter().flat_map(|live| &live.files) {
        let entry = &on_disk.entry;
        let is_known = seen.file(set, entry.name.as_str()).is_some();
        if !is_known || entry.pattern.as_ref() != Some(&selection.pattern) {
            continue;
        }
        if let Some(name) = selected::object_of(&entry.provenance.source) {
            let kind = listed_as(selection.form.kind());
            let want = want(wants, &selection.vault, kind);
            if !want.names.contains(&name) {
                want.names.push(name);
            }
        }
    }
}

/// Files that need not be fetched unless the list says so: their places and what was seen.
fn candidates<'a>(work: &Work<'_>, seen: &'a Seen) -> Vec<(usize, &'a SeenFile)> {
    let mut found = Vec::new();
    for (place, file) in work.files.iter().enumerate() {
        let record = seen.file(work.set.name.as_str(), file.name.as_str());
        if let Some(record) = record.filter(|record| is_candidate(work, place, record)) {
            found.push((place, record));
        }
    }
    found
}

fn is_candidate(work: &Work<'_>, place: usize, record: &SeenFile) -> bool {
    let Some(file) = work.files.get(place) else {
        return false;
    };
    let on_disk = work.live().and_then(|live| live.file(&file.name));
    let same = on_disk.is_some_and(|on_disk| {
        on_disk.state != FileState::Damaged && on_disk.entry.sha256 == record.sha256
    });
    let recent = clock::since(record.at, clock::now()).is_some_and(|age| age < FULL_CHECK);
    let values = file.source.values().len();
    same && recent
        && values > 0
        && values == record.updated.len()
        && record.source == super::recipe::source(&file.source)
}

/// Settles what the lists confirm. Files that share an object are fetched together or not at
/// all: parts of one certificate must be of one version.
fn settle(work: &mut Work<'_>, listed: &[Listed], seen: &Seen) {
    for (place, record) in candidates(work, seen) {
        let settled = is_confirmed(work, place, record, listed);
        if let Some(decided) = work.settled.get_mut(place) {
            *decided = settled;
        }
    }
    loop {
        let fetched: Vec<_> = work
            .files
            .iter()
            .zip(&work.settled)
            .filter(|(_, settled)| !**settled)
            .flat_map(|(file, _)| file.source.values())
            .map(|value| value.object.clone())
            .collect();
        let mut changed = false;
        for (file, settled) in work.files.iter().zip(&mut work.settled) {
            let values = file.source.values();
            if *settled && values.iter().any(|value| fetched.contains(&value.object)) {
                *settled = false;
                changed = true;
            }
        }
        if !changed {
            return;
        }
    }
}

fn is_confirmed(work: &Work<'_>, place: usize, record: &SeenFile, listed: &[Listed]) -> bool {
    let values = work.files.get(place).map(|file| file.source.values());
    let mut values = values.unwrap_or_default().into_iter().zip(&record.updated);
    values.all(|(value, updated)| {
        let object = &value.object;
        if object.version.is_some() {
            return true;
        }
        let listing = listing(listed, &object.vault, listed_as(object.kind));
        let item = listing.and_then(|listing| {
            let mut items = listing.as_ref().ok()?.items.iter();
            items.find(|item| item.name == object.name)
        });
        item.is_some_and(|item| item.updated == Some(*updated))
    })
}

fn select(work: &mut Work<'_>, listed: &[Listed]) -> Result<(), Error> {
    let set = work.set;
    for selected in &set.selections {
        let selection = &selected.selection;
        let listing = listing(listed, &selection.vault, selection.form.kind());
        let listing = listing.ok_or_else(|| Error::Internal {
            what: "a selection without a list".to_owned(),
        })?;
        let listing = listing.as_ref().map_err(Error::clone)?;
        let found: Vec<&ObjectName> = listing
            .items
            .iter()
            .filter(|item| finds(selection, item))
            .map(|item| &item.name)
            .collect();
        work.select(selected, &found)?;
    }
    work.end_selection()
}

fn listing<'a>(
    listed: &'a [Listed],
    vault: &HostName,
    kind: ObjectKind,
) -> Option<&'a Result<Listing, Error>> {
    let mut listed = listed.iter();
    let found = listed.find(|listed| listed.want.vault == *vault && listed.want.kind == kind);
    found.map(|listed| &listed.outcome)
}

/// Every object is fetched at least this often, whatever the lists say.
const FULL_CHECK: std::time::Duration = std::time::Duration::from_secs(86_400);

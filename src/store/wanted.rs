//! What a store needs to know of the files that are to be delivered.
//!
//! Those of a selection are named by the vault. Until a run has its list
//! ([`Store::select`]), the records on disk stand for it: they say of each file for which
//! pattern it was delivered. So everything that happens offline happens to all files alike.

use rustix::fs::{Gid, Uid};

use super::record::Record;
use super::{me, Entry, Found, Store};
use crate::config::{CertificatePart, Content, File, Form, SelectedFiles, Source};
use crate::disk::{self, Access};
use crate::error::Error;
use crate::name::{FileName, Mode};

/// A file that is to be delivered.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) name: FileName,
    pub(super) mode: Mode,
    pub(super) owner: Uid,
    pub(super) group: Gid,
    /// The pattern of the selection that it belongs to.
    pub(super) pattern: Option<String>,
    /// When its turn comes in a switch, the lowest first.
    pub(super) turn: u8,
    /// Whether it may come in pieces.
    pub(super) in_pieces: bool,
}

impl Wanted {
    pub(super) fn access(&self) -> Access {
        Access {
            owner: Some(self.owner),
            group: Some(self.group),
            mode: self.mode,
        }
    }

    pub(super) fn configured(file: &File) -> Self {
        let turn = match &file.source {
            Source::Content(Content::Value(value)) => turn(&value.form),
            _ => LAST_TURN,
        };
        Self {
            name: file.name.clone(),
            mode: file.mode,
            owner: file.owner,
            group: file.group,
            pattern: file.pattern.clone(),
            turn,
            in_pieces: matches!(file.source, Source::Blob(_)),
        }
    }

    fn selected(name: FileName, by: &SelectedFiles) -> Self {
        Self {
            name,
            mode: by.mode,
            owner: by.owner,
            group: by.group,
            pattern: Some(by.selection.pattern.clone()),
            turn: turn(&by.selection.form),
            in_pieces: false,
        }
    }
}

impl Store {
    /// Says which files the set's selections consist of now. Those of earlier runs that are
    /// not among `files` are dropped by the next commit. Comes after [`Store::heal`] and
    /// before [`Store::stage`], which refuses foreign files at the new names.
    pub fn select(&mut self, files: &[File]) {
        self.listed = true;
        self.wanted.truncate(self.configured);
        for file in files {
            if self.wanted(&file.name).is_none() {
                self.wanted.push(Wanted::configured(file));
            }
        }
        // As in `load`: its names are known only now.
        let hold = self.hold.as_ref();
        if matches!(hold.map(Record::read_marker), Some(Ok(Found::Damaged))) {
            self.plain_names = self.wanted_names();
        }
    }

    /// The files as the records know them: those of the live version and of an `intent`.
    /// What a run has listed stays.
    pub(super) fn resolve(&mut self, intent: Option<&Record>) {
        if self.listed {
            return;
        }
        let mut wanted = std::mem::take(&mut self.wanted);
        wanted.truncate(self.configured);
        let live = self.live.iter().flat_map(|live| &live.files);
        let coming = intent.into_iter().flat_map(|record| &record.files);
        for entry in live.map(|file| &file.entry).chain(coming) {
            let is_known = wanted.iter().any(|wanted| wanted.name == entry.name);
            if let Some(by) = self.selection(entry).filter(|_| !is_known) {
                wanted.push(Wanted::selected(entry.name.clone(), by));
            }
        }
        self.wanted = wanted;
    }

    pub(super) fn wanted(&self, name: &FileName) -> Option<&Wanted> {
        self.wanted.iter().find(|wanted| wanted.name == *name)
    }

    pub(super) fn wanted_names(&self) -> Vec<FileName> {
        let wanted = self.wanted.iter();
        wanted.map(|wanted| wanted.name.clone()).collect()
    }

    /// Who may do what with the file of `entry`, if it is wanted.
    pub(super) fn access(&self, entry: &Entry) -> Option<Access> {
        if let Some(wanted) = self.wanted(&entry.name) {
            return Some(wanted.access());
        }
        let by = self.selection(entry).filter(|_| !self.listed)?;
        Some(Wanted::selected(entry.name.clone(), by).access())
    }

    /// Whether a file `name` that nobody knows yet could be one of a selection, as far as
    /// name and owner tell.
    pub(super) fn could_be_selected(&self, name: &FileName, owner: u32) -> bool {
        self.set.selections.iter().any(|by| {
            let around = by.selection.pattern.split_once("${name}");
            let fits = around.is_some_and(|(before, behind)| {
                let rest = name.as_str().strip_prefix(before);
                rest.is_some_and(|rest| rest.ends_with(behind))
            });
            fits && by.owner.as_raw() == owner
        })
    }

    /// Only who holds CAP_CHOWN can give files away, or to a group that is not its own.
    pub(super) fn refuse_impossible_owners(&self) -> Result<(), Error> {
        if disk::may_change_owners() {
            return Ok(());
        }
        let files = self.wanted.iter();
        let files = files.map(|file| (Some(file.name.clone()), file.owner, file.group));
        let selected = self.set.selections.iter().map(|by| {
            // A pattern is told like a name, which it would be without what stands in it.
            let name = FileName::parse(&by.selection.pattern);
            (name.ok(), by.owner, by.group)
        });
        for (name, owner, group) in files.chain(selected) {
            let wanted = if owner != me() {
                format!("user {}", owner.as_raw())
            } else if !disk::is_own_group(group) {
                format!("group {}", group.as_raw())
            } else {
                continue;
            };
            let set = self.set.name.clone();
            if let Some(file) = name {
                return Err(Error::WouldNeedChown { set, file, wanted });
            }
        }
        Ok(())
    }

    /// The selection for which the file of `entry` was delivered.
    fn selection(&self, entry: &Entry) -> Option<&SelectedFiles> {
        let mut selections = self.set.selections.iter();
        selections.find(|by| entry.pattern.as_ref() == Some(&by.selection.pattern))
    }
}

/// Private keys go before the certificates that belong to them: who watches a certificate
/// must find the key in its place when that changes.
fn turn(form: &Form) -> u8 {
    match form {
        Form::Certificate(CertificatePart::Key) => 0,
        Form::Certificate(CertificatePart::Bundle | CertificatePart::Pfx) => 1,
        _ => LAST_TURN,
    }
}

const LAST_TURN: u8 = 2;

//! The vaults' lists: what selections find, and whether `change_check` may read them.
//!
//! What a selection finds is counted and named, not fetched: it may be many objects.

use super::finding::{Findings, Id, Outcome};
use crate::config::{Config, File, ObjectKind, SelectedFiles, Selection};
use crate::error::Error;
use crate::name::{HostName, ObjectName};
use crate::sync;
use crate::vault::{self, Access, Listing};

/// A list that is wanted.
pub(super) struct List<'a> {
    pub(super) vault: &'a HostName,
    pub(super) kind: ObjectKind,
    pub(super) selections: Vec<&'a Selection>,
    /// The objects of which it shall say whether they changed.
    changing: Vec<&'a ObjectName>,
    answer: Answer,
}

/// What came of it.
enum Answer {
    Came(Listing),
    Failed(Error),
    Skipped(String),
}

impl<'a> List<'a> {
    pub(super) fn new(vault: &'a HostName, kind: ObjectKind) -> Self {
        Self {
            vault,
            kind,
            selections: Vec::new(),
            changing: Vec::new(),
            answer: Answer::Skipped(String::new()),
        }
    }

    /// It shall say whether the object `name` changed.
    pub(super) fn note(&mut self, name: &'a ObjectName) {
        if !self.changing.contains(&name) {
            self.changing.push(name);
        }
    }

    /// Whether a run ever reads it: not if that would save no request.
    pub(super) fn is_read(&self) -> bool {
        !self.selections.is_empty() || self.tells_changes()
    }

    fn tells_changes(&self) -> bool {
        self.changing.len() > 1
    }

    /// Asks for it: all of it for selections, else one page, which shows whether it may be read.
    pub(super) fn ask(&mut self, access: &Access<'_>) {
        let patience = match self.selections.is_empty() {
            true => 1,
            false => usize::MAX,
        };
        let selections = &self.selections;
        let keep = |item: &vault::Item| selections.iter().any(|one| sync::finds(one, item));
        let outcome = vault::list(access, self.vault, self.kind, &keep, patience);
        self.answer = match outcome {
            Ok(listing) => Answer::Came(listing),
            Err(error) => Answer::Failed(error),
        };
    }

    /// Notes why it is not asked for.
    pub(super) fn skip(&mut self, because: &str) {
        self.answer = Answer::Skipped(because.to_owned());
    }

    /// Why it did not come.
    pub(super) fn error(&self) -> Option<&Error> {
        match &self.answer {
            Answer::Failed(error) => Some(error),
            _ => None,
        }
    }

    /// `secrets in factory7.vault.azure.net`
    fn name(&self) -> String {
        format!("{}s in {}", self.kind.word(), self.vault)
    }

    /// Without it every object is fetched, which takes longer and is no failure.
    fn change_check(&self) -> Outcome {
        match &self.answer {
            Answer::Came(_) => Outcome::Ok(format!("change_check may list the {}", self.name())),
            Answer::Failed(error) => Outcome::Warning {
                what: sync::every_object_instead(error),
                next: error.advice(),
            },
            Answer::Skipped(because) => Outcome::Skipped(because.clone()),
        }
    }
}

/// Tells of the lists what they are wanted for.
pub(super) fn tell(config: &Config, lists: &[List<'_>], findings: &mut Findings) {
    for list in lists.iter().filter(|list| list.tells_changes()) {
        let subject = format!("list of the {}", list.name());
        findings.add(Id::Object, &subject, list.change_check());
    }
    for set in &config.sets {
        let mut files = set.files.clone();
        for selected in &set.selections {
            let selection = &selected.selection;
            let kind = selection.form.kind();
            let list = lists
                .iter()
                .find(|list| *list.vault == selection.vault && list.kind == kind);
            let Some(list) = list else {
                continue;
            };
            let outcome = match &list.answer {
                Answer::Came(listing) => match found(selected, listing, &mut files) {
                    Ok(count) => Outcome::Ok(format!(
                        "select {} finds {count} {}, which are not fetched here",
                        selection.pattern,
                        list.name()
                    )),
                    Err(error) => Outcome::failed(error),
                },
                Answer::Failed(error) => Outcome::failed(error.clone()),
                Answer::Skipped(because) => Outcome::Skipped(because.clone()),
            };
            let subject = format!("select {}/{}", set.name, selection.pattern);
            findings.add(Id::Object, &subject, outcome);
        }
    }
}

/// How many objects are found. Their files join those that the set has already.
fn found(
    selected: &SelectedFiles,
    listing: &Listing,
    files: &mut Vec<File>,
) -> Result<usize, Error> {
    let items = listing.items.iter();
    let found: Vec<&ObjectName> = items
        .filter(|item| sync::finds(&selected.selection, item))
        .map(|item| &item.name)
        .collect();
    files.extend(sync::files_of(selected, &found, files)?);
    Ok(found.len())
}

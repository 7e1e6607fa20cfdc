//! The files of selections: one for each object that the vault lists.

use super::recipe;
use super::work::{Fate, Work};
use crate::config::{Content, File, IfMissing, Object, SelectedFiles, Source, Value};
use crate::error::{Error, SelectionProblem};
use crate::name::{FileName, ObjectName};
use crate::store::FileState;

impl Work<'_> {
    /// Adds a file for each object that a selection found, and decides about those that it
    /// found before and does not any more.
    pub(super) fn select(
        &mut self,
        selected: &SelectedFiles,
        found: &[&ObjectName],
    ) -> Result<(), Error> {
        let files = files_of(selected, found, &self.files)?;
        let mut names = Vec::with_capacity(files.len());
        for file in files {
            names.push(file.name.clone());
            self.add(file, Fate::AsOnDisk, false);
        }
        self.part_with_vanished(selected, &names)
    }

    /// Tells the store which files there are now.
    pub(super) fn end_selection(&mut self) -> Result<(), Error> {
        if self.set.selections.is_empty() {
            return Ok(());
        }
        let files = self.files.iter();
        let selected: Vec<File> = files
            .filter(|file| file.pattern.is_some())
            .cloned()
            .collect();
        self.store()?.select(&selected);
        Ok(())
    }

    /// Files of this selection on disk whose objects it does not find any more.
    fn part_with_vanished(
        &mut self,
        selected: &SelectedFiles,
        names: &[FileName],
    ) -> Result<(), Error> {
        let selection = &selected.selection;
        let mut vanished = Vec::new();
        for on_disk in self.live().iter().flat_map(|live| &live.files) {
            let entry = &on_disk.entry;
            let ours = entry.pattern.as_ref() == Some(&selection.pattern);
            if ours && !names.contains(&entry.name) {
                let object = object_of(&entry.provenance.source);
                let is_whole = on_disk.state != FileState::Damaged;
                vanished.extend(object.map(|object| (object, is_whole)));
            }
        }
        // Each is counted in this run, whichever of them decides.
        let mut believed = Ok(());
        for (name, _) in &vanished {
            let id = recipe::object(&object(selected, name));
            believed = believed.and(self.believe_missing(id, &missing(selected, name)));
        }
        believed?;
        for (name, is_whole) in vanished {
            let file = file(selected, &name).map_err(|problem| Error::Selection {
                pattern: selection.pattern.clone(),
                problem,
            })?;
            let missing = missing(selected, &name);
            match selected.if_missing {
                IfMissing::Keep if is_whole => {
                    log::warn!(
                        "{}: {missing}; {} stays as it was",
                        self.set.name,
                        file.name
                    );
                    self.add(file, Fate::AsOnDisk, true);
                }
                IfMissing::Fail | IfMissing::Keep => return Err(missing),
                IfMissing::Skip => {
                    log::warn!(
                        "{}: {missing}; delivered without {}",
                        self.set.name,
                        file.name
                    );
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, file: File, fate: Fate, settled: bool) {
        self.files.to_mut().push(file);
        self.fates.push(fate);
        self.settled.push(settled);
    }
}

/// The files of the objects that a selection `found`, beside those that the set has already.
///
/// # Errors
/// [`Error::Selection`] for too few or too many, and for what gives no name of its own.
pub fn files_of(
    selected: &SelectedFiles,
    found: &[&ObjectName],
    others: &[File],
) -> Result<Vec<File>, Error> {
    let selection = &selected.selection;
    let unfit = |problem| Error::Selection {
        pattern: selection.pattern.clone(),
        problem,
    };
    if found.is_empty() && !selection.allow_empty {
        return Err(unfit(SelectionProblem::Empty));
    }
    let limit = usize::try_from(selection.max_objects).unwrap_or(usize::MAX);
    if found.len() > limit {
        return Err(unfit(SelectionProblem::TooMany {
            limit: selection.max_objects,
        }));
    }
    let mut files: Vec<File> = Vec::with_capacity(found.len());
    for object in found {
        let file = file(selected, object).map_err(unfit)?;
        let mut known = others.iter().chain(&files);
        if let Some(twin) = known.find(|known| known.name == file.name) {
            return Err(unfit(SelectionProblem::SameFile {
                file: file.name.to_string(),
                first: described(twin),
                second: described(&file),
            }));
        }
        files.push(file);
    }
    Ok(files)
}

fn file(selected: &SelectedFiles, object: &ObjectName) -> Result<File, SelectionProblem> {
    let selection = &selected.selection;
    let name = selection.pattern.replace(NAME, object.as_str());
    let name = FileName::parse(&name).map_err(|invalid| SelectionProblem::UnfitName {
        object: object.to_string(),
        rule: invalid.0,
    })?;
    Ok(File {
        name,
        source: Source::Content(Content::Value(Value {
            object: self::object(selected, object),
            form: selection.form.clone(),
        })),
        mode: selected.mode,
        owner: selected.owner,
        group: selected.group,
        if_missing: selected.if_missing,
        pattern: Some(selection.pattern.clone()),
    })
}

fn object(selected: &SelectedFiles, name: &ObjectName) -> Object {
    Object {
        kind: selected.selection.form.kind(),
        vault: selected.selection.vault.clone(),
        name: name.clone(),
        version: None,
    }
}

fn missing(selected: &SelectedFiles, name: &ObjectName) -> Error {
    let id = object(selected, name);
    Error::Missing {
        object: format!("{} {name}", id.kind.word()),
        vault: id.vault,
        version: None,
        code: "not listed any more".to_owned(),
    }
}

/// The object's name in what a marker says of a file: `HOST/secrets/NAME?…`.
pub(super) fn object_of(source: &str) -> Option<ObjectName> {
    let path = source.split('?').next()?;
    ObjectName::parse(path.rsplit('/').next()?).ok()
}

fn described(file: &File) -> String {
    match file.source.values().as_slice() {
        [value] => value.object.to_string(),
        _ => "what is configured for it".to_owned(),
    }
}

const NAME: &str = "${name}";

//! What a fetched object, or its absence, means for one file of a set.

use super::plan;
use super::work::{version, Change, Content, Work};
use super::Mode;
use crate::config::{File, IfMissing, Object};
use crate::error::Error;
use crate::store::{FileState, Provenance};
use crate::vault::SecretValue;

impl Work<'_> {
    /// Stages the new content of the file at `place`, or decides what becomes of it without.
    pub(super) fn take(
        &mut self,
        place: usize,
        id: &Object,
        fetched: &Result<SecretValue, Error>,
    ) -> Result<(), Error> {
        let Some(file) = self.set.files.get(place) else {
            return Err(Error::Internal {
                what: "a file beyond its set".to_owned(),
            });
        };
        match fetched {
            Ok(value) => self.take_value(place, file, id, value),
            Err(missing @ Error::Missing { .. }) => self.take_missing(place, file, id, missing),
            Err(error) => Err(error.clone()),
        }
    }

    fn take_value(
        &mut self,
        place: usize,
        file: &File,
        id: &Object,
        value: &SecretValue,
    ) -> Result<(), Error> {
        let bytes = value.value.expose();
        let on_disk = self.live().and_then(|live| live.file(&file.name));
        if on_disk.is_some_and(|on_disk| on_disk.holds(bytes)) {
            return Ok(());
        }
        let change = Change {
            file: Some(place),
            name: file.name.to_string(),
            old: on_disk.map(version),
            new: Some(value.version.to_string()),
        };
        let provenance = Provenance {
            source: plan::source(id),
            version: value.version.to_string(),
            expires: value.expires,
        };
        if self.mode != Mode::DryRun {
            self.staging()?.put(&file.name, &provenance, bytes)?;
        }
        self.changes.push(change);
        self.decide(place, Content::New);
        Ok(())
    }

    /// The vault has no such object. For a file that was delivered before, that counts only
    /// when the last run saw the same.
    fn take_missing(
        &mut self,
        place: usize,
        file: &File,
        id: &Object,
        missing: &Error,
    ) -> Result<(), Error> {
        let on_disk = self.live().and_then(|live| live.file(&file.name));
        let object = plan::source(id);
        if let Some(on_disk) = on_disk {
            let (old, verified) = (version(on_disk), on_disk.state != FileState::Damaged);
            let seen_before = self.memory.missing_once.contains(&object);
            self.missing_once.push(object);
            if !seen_before {
                return Err(Error::MissingOnce {
                    vault: id.vault.clone(),
                    object: format!("{} {}", id.kind.word(), id.name),
                });
            }
            match file.if_missing {
                IfMissing::Keep if verified => {
                    log::warn!(
                        "{}: {missing}; {} stays as it was",
                        self.set.name,
                        file.name
                    );
                    return Ok(());
                }
                IfMissing::Fail | IfMissing::Keep => return Err(missing.clone()),
                IfMissing::Skip => {
                    let name = file.name.to_string();
                    self.changes.push(Change {
                        file: Some(place),
                        name,
                        old: Some(old),
                        new: None,
                    });
                }
            }
        } else if file.if_missing == IfMissing::Fail {
            return Err(missing.clone());
        }
        log::warn!(
            "{}: {missing}; delivered without {}",
            self.set.name,
            file.name
        );
        self.decide(place, Content::Absent);
        Ok(())
    }

    fn decide(&mut self, place: usize, content: Content) {
        if let Some(decided) = self.contents.get_mut(place) {
            *decided = content;
        }
    }
}

//! What a fetched object, or its absence, means for one file of a set.

use super::arrival::{Arrival, Piece};
use super::plan::{self, User};
use super::recipe;
use super::work::{version, Change, Fate, Work};
use super::Mode;
use crate::config::{ChangeCheck, Content, File, IfMissing, Source};
use crate::error::{ContentProblem, Error};
use crate::render;
use crate::secret::Secret;
use crate::store::{FileState, Provenance};

impl Work<'_> {
    /// Takes in a value of the file of `user`, and with the last one stages the file's new
    /// content; or decides what becomes of it without.
    pub(super) fn take(&mut self, user: User, arrival: &Arrival<'_>) -> Result<(), Error> {
        let place = user.file;
        let file = self.file(place)?;
        match &arrival.fetched {
            Err(missing @ Error::Missing { .. }) => {
                return self.take_missing(place, &file, recipe::object(arrival.id), missing);
            }
            Err(error) => return Err(error.clone()),
            Ok(fetched) => {
                self.note_update(&file, user, fetched.updated);
                if arrival.chain.is_none() && self.is_at(place, fetched.version.as_str()) {
                    return Ok(());
                }
            }
        }
        let values = file.source.values();
        let Some(value) = values.get(user.value) else {
            return Err(beyond());
        };
        let piece = arrival.piece(value)?;
        if let [_] = values.as_slice() {
            return self.take_pieces(place, &file, vec![piece]);
        }
        let pieces = self.pieces.entry(place).or_default();
        pieces.resize_with(values.len(), || None);
        if let Some(slot) = pieces.get_mut(user.value) {
            *slot = Some(piece);
        }
        if pieces.iter().any(Option::is_none) {
            return Ok(());
        }
        let pieces = self.pieces.remove(&place).unwrap_or_default();
        self.take_pieces(place, &file, pieces.into_iter().flatten().collect())
    }

    /// Remembers when the object was changed, for the next run's comparison with a list.
    fn note_update(&mut self, file: &File, user: User, updated: Option<i64>) {
        if self.set.change_check != ChangeCheck::List {
            return;
        }
        let count = file.source.values().len();
        let known = self.updated.entry(user.file).or_default();
        known.resize(count, None);
        if let Some(slot) = known.get_mut(user.value) {
            *slot = updated;
        }
    }

    /// Whether a certificate that `user` delivers has to be opened: its file is not yet of
    /// this version.
    pub(super) fn wants_chain(&self, user: User, version: &str) -> bool {
        let Ok(file) = self.file(user.file) else {
            return false;
        };
        let values = file.source.values();
        let wants = values
            .get(user.value)
            .is_some_and(|value| value.form.is_pem());
        wants && !self.has_failed() && !self.is_at(user.file, version)
    }

    /// Whether the file at `place` has one object, and is on disk as that version makes it.
    /// Of a secret its tags may have another say by now: its value is looked at each time.
    fn is_at(&self, place: usize, version: &str) -> bool {
        let Some(file) = self.files.get(place) else {
            return false;
        };
        let on_disk = self.live().and_then(|live| live.file(&file.name));
        let is_one =
            matches!(&file.source, Source::Content(Content::Value(value)) if value.form.is_pem());
        is_one && on_disk.is_some_and(|on_disk| plan::is_made_of(on_disk, &file.source, &[version]))
    }

    /// All values of the file are there.
    fn take_pieces(&mut self, place: usize, file: &File, pieces: Vec<Piece>) -> Result<(), Error> {
        let versions: Vec<&str> = pieces.iter().map(|piece| piece.version.as_str()).collect();
        let provenance = Provenance {
            source: recipe::source(&file.source),
            version: recipe::version(&versions),
            expires: pieces.iter().filter_map(|piece| piece.expires).min(),
        };
        let bytes = assembled(file, pieces)?;
        let on_disk = self.live().and_then(|live| live.file(&file.name));
        match on_disk.filter(|on_disk| on_disk.holds(bytes.expose())) {
            None => self.change(place, file, &provenance.version),
            // By its version a certificate is not opened again, by its end it is warned of:
            // both have to be right though a renewal left its issuer or its key.
            Some(on_disk) => {
                let known = &on_disk.entry.provenance;
                if provenance.expires.is_none() || *known == provenance {
                    return Ok(());
                }
                self.renamed = true;
            }
        }
        if self.mode != Mode::DryRun {
            self.staging()?
                .put(&file.name, &provenance, bytes.expose())?;
        }
        self.decide(place, Fate::New);
        Ok(())
    }

    /// Notes that the file gets a new version.
    pub(super) fn change(&mut self, place: usize, file: &File, new: &str) {
        let on_disk = self.live().and_then(|live| live.file(&file.name));
        let old = on_disk.map(version);
        self.changes.push(Change {
            file: Some(place),
            name: file.name.to_string(),
            old,
            new: Some(new.to_owned()),
        });
    }

    /// The vault has no such object. For a file that was delivered before, that counts only
    /// when the last run saw the same.
    pub(super) fn take_missing(
        &mut self,
        place: usize,
        file: &File,
        object: String,
        missing: &Error,
    ) -> Result<(), Error> {
        if self.fates.get(place) == Some(&Fate::Absent) {
            return Ok(());
        }
        let on_disk = self.live().and_then(|live| live.file(&file.name));
        if let Some(on_disk) = on_disk {
            let (old, verified) = (version(on_disk), on_disk.state != FileState::Damaged);
            self.believe_missing(object, missing)?;
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
        self.decide(place, Fate::Absent);
        Ok(())
    }

    /// Once is not enough to believe that an object is gone.
    pub(super) fn believe_missing(&mut self, object: String, missing: &Error) -> Result<(), Error> {
        let seen_before = self.memory.missing_once.contains(&object);
        if !self.missing_once.contains(&object) {
            self.missing_once.push(object);
        }
        match missing {
            Error::Missing { vault, object, .. } if !seen_before => Err(Error::MissingOnce {
                vault: vault.clone(),
                object: object.clone(),
            }),
            _ => Ok(()),
        }
    }

    pub(super) fn decide(&mut self, place: usize, fate: Fate) {
        if let Some(decided) = self.fates.get_mut(place) {
            *decided = fate;
        }
    }

    pub(super) fn file(&self, place: usize) -> Result<File, Error> {
        self.files.get(place).cloned().ok_or_else(beyond)
    }
}

/// The content of `file`, made of the values that went into it.
///
/// # Errors
/// [`Error::Content`] for what cannot be put together.
pub fn assembled(file: &File, pieces: Vec<Piece>) -> Result<Secret, Error> {
    let unfit = |problem| Error::Content {
        object: format!("file {}", file.name),
        problem,
    };
    let mut pieces = pieces.into_iter();
    let mut next = || pieces.next().map(|piece| piece.bytes).ok_or_else(beyond);
    match &file.source {
        Source::Blob(_) => Err(beyond()),
        Source::Content(content) => made(content, &mut next, &unfit),
        Source::EnvFile(variables) => {
            let mut values = Vec::with_capacity(variables.len());
            for variable in variables {
                values.push(made(&variable.content, &mut next, &unfit)?);
            }
            let pairs: Vec<(&str, &Secret)> = variables
                .iter()
                .map(|variable| variable.name.as_str())
                .zip(&values)
                .collect();
            render::env_file(&pairs).map_err(unfit)
        }
    }
}

/// One content, made of as many of the `next` values as it wants.
fn made(
    content: &Content,
    next: &mut dyn FnMut() -> Result<Secret, Error>,
    unfit: &dyn Fn(ContentProblem) -> Error,
) -> Result<Secret, Error> {
    let composition = match content {
        Content::Compose(composition) => composition,
        Content::Value(_) => return next(),
    };
    let mut values = Vec::with_capacity(composition.values.len());
    for _ in &composition.values {
        values.push(next()?);
    }
    let names = composition.values.iter().map(|(name, _)| name.as_str());
    let values: Vec<(&str, &Secret)> = names.zip(&values).collect();
    render::compose(&composition.template, &values).map_err(unfit)
}

fn beyond() -> Error {
    Error::Internal {
        what: "a file beyond its set".to_owned(),
    }
}

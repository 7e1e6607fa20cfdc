//! Files that are made of values: env files and compositions.

use super::finding::{Findings, Id, Outcome};
use crate::config::File;
use crate::name::SetName;
use crate::sync::{self, Piece};

/// Such a file, and the values that came. They are wiped with it.
pub(super) struct Made<'a> {
    set: &'a SetName,
    file: &'a File,
    pieces: Vec<Option<Piece>>,
}

impl<'a> Made<'a> {
    pub(super) fn new(set: &'a SetName, file: &'a File) -> Self {
        let mut pieces = Vec::new();
        pieces.resize_with(file.source.values().len(), || None);
        Self { set, file, pieces }
    }

    pub(super) fn take(&mut self, place: usize, piece: Piece) {
        if let Some(slot) = self.pieces.get_mut(place) {
            *slot = Some(piece);
        }
    }

    /// Puts it together and tells how that went; its content ends here.
    pub(super) fn tell(self, findings: &mut Findings) {
        let subject = format!("file {}/{}", self.set, self.file.name);
        let wanted = self.pieces.len();
        let pieces: Vec<Piece> = self.pieces.into_iter().flatten().collect();
        let outcome = if pieces.len() < wanted {
            Outcome::Skipped("not all of its values came".to_owned())
        } else {
            match sync::assembled(self.file, pieces) {
                Ok(_) => Outcome::Ok(format!("{subject} can be put together")),
                Err(error) => Outcome::failed(error),
            }
        };
        findings.add(Id::Object, &subject, outcome);
    }
}

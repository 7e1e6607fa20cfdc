//! What comes of an object: whether it can be read, and delivered in each form that is wanted.

use super::files::Made;
use super::finding::Outcome;
use crate::clock;
use crate::config::{Object, Value};
use crate::error::Error;
use crate::identity::SOON;
use crate::sync::Arrival;
use crate::vault::{self, Access, Fetched};

/// An object that files use, and the strictest of what they say of its absence.
pub(super) struct Wanted<'a> {
    pub(super) id: &'a Object,
    pub(super) needed: bool,
    pub(super) uses: Vec<Use<'a>>,
}

/// A form that is wanted of it.
pub(super) struct Use<'a> {
    pub(super) value: &'a Value,
    /// Which file is made of it and others, and which of its values it is.
    pub(super) slot: Option<(usize, usize)>,
}

impl Wanted<'_> {
    /// Tries on what was `fetched` all that a run does with it. Its value ends here, but for
    /// what goes into `files`.
    pub(super) fn examine(
        &self,
        access: &Access<'_>,
        fetched: Result<Fetched, Error>,
        files: &mut [Made<'_>],
    ) -> Vec<Outcome> {
        let version = match &fetched {
            Ok(fetched) => fetched.version.short().to_owned(),
            Err(error @ Error::Missing { .. }) if !self.needed => {
                return vec![Outcome::warning_of(error)];
            }
            Err(error) => return vec![Outcome::failed(error.clone())],
        };
        let mut arrival = Arrival::new(self.id, fetched);
        if self.uses.iter().any(|used| used.value.form.is_pem()) {
            arrival.open_chain(&mut |fetched| vault::convert(access, self.id, &fetched.version));
        }
        let mut outcomes = self.problems(&arrival, files);
        for what in arrival.warnings() {
            let next = format!(
                "import {} again with the certificates above it and nothing else",
                self.id
            );
            outcomes.push(Outcome::Warning { what, next });
        }
        outcomes.extend(self.end(access, &arrival));
        if outcomes.is_empty() {
            outcomes.push(Outcome::Ok(format!(
                "{} is readable, version {version}…",
                self.id
            )));
        }
        outcomes
    }

    /// What stands against the wanted forms, each once.
    fn problems(&self, arrival: &Arrival<'_>, files: &mut [Made<'_>]) -> Vec<Outcome> {
        let mut errors: Vec<Error> = Vec::new();
        for used in &self.uses {
            match (arrival.piece(used.value), used.slot) {
                (Ok(piece), Some((file, place))) => {
                    if let Some(file) = files.get_mut(file) {
                        file.take(place, piece);
                    }
                }
                (Ok(_), None) => {}
                (Err(error), _) => {
                    let told = error.to_string();
                    if errors.iter().all(|known| known.to_string() != told) {
                        errors.push(error);
                    }
                }
            }
        }
        errors.into_iter().map(Outcome::failed).collect()
    }

    /// A warning of an end that is near or past.
    fn end(&self, access: &Access<'_>, arrival: &Arrival<'_>) -> Option<Outcome> {
        let end = arrival.expires()?;
        let now = clock::corrected(clock::now(), access.client.clock_offset());
        let left = clock::since(now, end).unwrap_or_default();
        let word = match left.is_zero() {
            true => "expired",
            false => "expires",
        };
        (left < SOON).then(|| Outcome::Warning {
            what: format!("{} {word} on {}", self.id, clock::utc(end)),
            next: "renew it in the vault; it is delivered all the same".to_owned(),
        })
    }
}

//! A blob on its way: piece by piece, and on from where it was cut.

use std::fmt;

use super::facts::{self, unusable, Facts};
use super::{problem, Origin, Start};
use crate::error::{BlobProblem, Error, Phase};
use crate::http::{Attempts, Stream};

/// A blob that is fetched.
pub struct Download<'a> {
    origin: Origin<'a>,
    facts: Facts,
    starts_at: u64,
    /// How many bytes of the blob are there, those of earlier runs included.
    at: u64,
    /// Nothing where nothing is missing.
    stream: Option<Stream>,
    attempts: Attempts,
}

impl<'a> Download<'a> {
    pub(super) fn new(origin: Origin<'a>, start: Start) -> Self {
        Self {
            origin,
            facts: start.facts,
            starts_at: start.at,
            at: start.at,
            stream: start.stream,
            attempts: Attempts::default(),
        }
    }

    /// Which version of the blob it is.
    pub fn etag(&self) -> &str {
        &self.facts.etag
    }

    /// How many bytes the whole blob has.
    pub fn length(&self) -> u64 {
        self.facts.length
    }

    /// How many bytes are there from an earlier run: 0, or the length of the partial file.
    pub fn starts_at(&self) -> u64 {
        self.starts_at
    }

    /// The MD5 of the whole blob, if the account has one.
    pub fn md5(&self) -> Option<[u8; 16]> {
        self.facts.md5
    }

    /// Waits for the next bytes and gives how many came; 0 when all of the blob has come.
    ///
    /// What was cut, or kept silent for `network.timeout`, is asked for again from where it
    /// stands, up to four times in a row without a byte.
    ///
    /// # Errors
    /// [`Error::Blob`] when the blob changed meanwhile, [`Error::Deadline`] at the end of the
    /// run's time, and those of [`super::open`]. What came until then is worth keeping.
    pub fn next(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        loop {
            let missing = self.facts.length.saturating_sub(self.at);
            let came = match &mut self.stream {
                Some(stream) => stream.read(buffer),
                None => Ok(0),
            };
            match came {
                Ok(0) | Err(_) if missing == 0 => return Ok(0),
                Ok(0) => self.resume(self.ended_early())?,
                Ok(count) => {
                    let bytes = u64::try_from(count).unwrap_or(u64::MAX);
                    if bytes > missing {
                        return Err(unusable(self.origin.blob, "with more bytes than it has"));
                    }
                    self.at = self.at.saturating_add(bytes);
                    self.attempts.brought_something();
                    return Ok(count);
                }
                Err(error) => self.resume(error)?,
            }
        }
    }

    /// Asks for the rest after `cut`.
    fn resume(&mut self, cut: Error) -> Result<(), Error> {
        // A broken connection is closed before the next one is made.
        self.stream = None;
        let client = self.origin.access.client;
        client.wait_after_cut(cut, &mut self.attempts)?;
        let etag = &self.facts.etag;
        let stream = self.origin.ask_rest(etag, self.at, &mut self.attempts)?;
        match stream.reply.status {
            206 => {
                let facts = facts::of_rest(self.origin.blob, &stream.reply, self.at, etag)?;
                if facts.length != self.facts.length {
                    return Err(unusable(
                        self.origin.blob,
                        "with another length than before",
                    ));
                }
                self.stream = Some(stream);
                Ok(())
            }
            200 => Err(unusable(
                self.origin.blob,
                "from its beginning, not its rest",
            )),
            412 => Err(problem(self.origin.blob, BlobProblem::Changed)),
            _ => Err(self.origin.refusal(&stream.reply)),
        }
    }

    fn ended_early(&self) -> Error {
        Error::Network {
            host: self.origin.blob.host.clone(),
            phase: Phase::Exchange,
            cause: "the reply ended before all of the blob had come".to_owned(),
        }
    }
}

impl fmt::Debug for Download<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Facts { etag, length, .. } = &self.facts;
        write!(f, "Download({etag}, {} of {length})", self.at)
    }
}

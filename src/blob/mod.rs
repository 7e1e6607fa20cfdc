//! Blob Storage's data plane: with a token, a file of it (protocol notes 6).
//!
//! The bearer is sent up front, to the account's host alone. Content passes through the
//! caller's buffer and is nowhere held. What was cut is asked for from where it stands, and
//! only as long as the blob has the ETag that it began with: parts of two versions never get
//! together. Text of the service is escaped and cut.

mod download;
mod facts;
mod refusal;

use percent_encoding::utf8_percent_encode;

use crate::config::Blob;
use crate::error::{BlobProblem, Error};
use crate::http::{Attempts, Body, Client, Reply, Request, Stream};
use crate::name::{HostName, RESERVED};
use crate::secret::Secret;

pub use download::Download;
pub use facts::Facts;

/// What a request to a storage account is made with.
#[derive(Clone, Copy)]
pub struct Access<'a> {
    /// The client of this run.
    pub client: &'a Client,
    /// The access token, for the cloud's storage audience.
    pub token: &'a Secret,
}

/// What is there of a blob already.
#[derive(Clone, Copy, Debug, Default)]
pub struct Have<'a> {
    /// The ETag of what is delivered.
    pub etag_on_disk: Option<&'a str>,
    /// Of what an earlier run began to fetch, the ETag and how many bytes of it lie there.
    pub partial: Option<(&'a str, u64)>,
}

/// What came of asking for a blob.
#[derive(Debug)]
pub enum Opened<'a> {
    /// There is something to fetch.
    Content(Box<Download<'a>>),
    /// What is delivered is what the account has.
    Unchanged,
}

/// Asks for a blob: for what is missing of it, if it still is the one that was begun; or else
/// for all of it, if it is not the one that is delivered.
///
/// It may have `limit` bytes, which is checked before one of them is taken. An unchanged blob
/// takes one request.
///
/// # Errors
/// [`Error::Missing`] for the service's own 404, [`Error::TokenRefused`] for 401 and 403,
/// [`Error::Blob`] for one that is too large or archived, [`Error::Reply`] for what is no reply
/// of storage, and what [`Client::stream`] gives.
pub fn open<'a>(
    access: &Access<'a>,
    blob: &'a Blob,
    have: &Have<'_>,
    limit: Option<u64>,
) -> Result<Opened<'a>, Error> {
    let origin = Origin::new(access, blob);
    let rest = match have.partial {
        Some((etag, length)) if length > 0 && have.etag_on_disk != Some(etag) => {
            origin.rest(etag, length)?
        }
        _ => None,
    };
    let start = match rest {
        Some(start) => start,
        None => match origin.whole(have.etag_on_disk)? {
            Some(start) => start,
            None => return Ok(Opened::Unchanged),
        },
    };
    refuse_large(blob, start.facts.length, limit)?;
    Ok(Opened::Content(Box::new(Download::new(origin, start))))
}

/// Refuses a blob of `size` bytes that may have `limit`.
///
/// # Errors
/// [`Error::Blob`].
pub fn refuse_large(blob: &Blob, size: u64, limit: Option<u64>) -> Result<(), Error> {
    match limit {
        Some(limit) if size > limit => Err(problem(blob, BlobProblem::TooLarge { size, limit })),
        _ => Ok(()),
    }
}

/// What the account says of a blob, without a byte of it.
///
/// # Errors
/// As [`open`].
pub fn head(access: &Access<'_>, blob: &Blob) -> Result<Facts, Error> {
    let path = path(blob);
    let reply = access.client.send(&Request {
        body: Body::Head,
        ..request(access, &blob.host, &path)
    })?;
    match (reply.status, reply.header("x-ms-access-tier")) {
        (200, Some("Archive")) => {
            let rehydrates = reply.header("x-ms-archive-status").is_some();
            Err(problem(
                blob,
                match rehydrates {
                    true => BlobProblem::Rehydrating,
                    false => BlobProblem::Archived,
                },
            ))
        }
        (200, _) => facts::of_whole(blob, &reply),
        _ => Err(refusal::read(blob, &reply)),
    }
}

/// Asks for one entry of the account's list of containers, which shows whether it takes the
/// token (protocol notes 7). What comes is not looked at.
///
/// # Errors
/// [`Error::TokenRefused`] for 401 and 403, [`Error::Reply`] for what is no reply of storage,
/// and what [`Client::send`] gives.
pub fn probe(access: &Access<'_>, host: &HostName) -> Result<(), Error> {
    let reply = access.client.send(&request(access, host, LIST_OF_ONE))?;
    match reply.status {
        200 => Ok(()),
        _ => Err(refusal::general(host, "the list of containers", &reply)),
    }
}

/// Sends a request without token, which shows whether the account can be reached. Its answer is
/// not looked at.
///
/// # Errors
/// What [`Client::send`] gives.
pub fn knock(client: &Client, host: &HostName) -> Result<(), Error> {
    let request = Request {
        host,
        path: LIST_OF_ONE,
        body: Body::Get,
        bearer: None,
        headers: &[VERSION],
        limit: BODY_LIMIT,
    };
    client.send(&request).map(|_| ())
}

/// How sentences name a blob beside its host.
pub fn object(blob: &Blob) -> String {
    format!("blob {}/{}", blob.container, blob.name)
}

/// Where a blob comes from.
struct Origin<'a> {
    access: Access<'a>,
    blob: &'a Blob,
    path: String,
}

/// What a download begins with.
struct Start {
    facts: Facts,
    /// How many bytes are there already.
    at: u64,
    /// Nothing where nothing is missing.
    stream: Option<Stream>,
}

impl<'a> Origin<'a> {
    fn new(access: &Access<'a>, blob: &'a Blob) -> Self {
        Self {
            access: *access,
            blob,
            path: path(blob),
        }
    }

    /// All of the blob, unless the account still has what is `delivered`.
    fn whole(&self, delivered: Option<&str>) -> Result<Option<Start>, Error> {
        let mut attempts = Attempts::default();
        let stream = match delivered {
            Some(etag) => self.ask(&[("if-none-match", etag)], &mut attempts),
            None => self.ask(&[], &mut attempts),
        }?;
        match stream.reply.status {
            200 => Ok(Some(Start {
                facts: facts::of_whole(self.blob, &stream.reply)?,
                at: 0,
                stream: Some(stream),
            })),
            304 if delivered.is_some() => Ok(None),
            _ => Err(self.refusal(&stream.reply)),
        }
    }

    /// What comes behind the first `at` bytes of what has `etag`, unless the account has
    /// something else by now.
    fn rest(&self, etag: &str, at: u64) -> Result<Option<Start>, Error> {
        let stream = self.ask_rest(etag, at, &mut Attempts::default())?;
        match stream.reply.status {
            206 => Ok(Some(Start {
                facts: facts::of_rest(self.blob, &stream.reply, at, etag)?,
                at,
                stream: Some(stream),
            })),
            // There is nothing behind all of it.
            416 => {
                let facts = head(&self.access, self.blob)?;
                let whole = facts.etag == etag && facts.length == at;
                Ok(whole.then_some(Start {
                    facts,
                    at,
                    stream: None,
                }))
            }
            200 | 412 => Ok(None),
            _ => Err(self.refusal(&stream.reply)),
        }
    }

    /// Asks for the blob, or for what `conditions` make of it.
    fn ask(
        &self,
        conditions: &[(&'static str, &str)],
        attempts: &mut Attempts,
    ) -> Result<Stream, Error> {
        let headers = [&[VERSION], conditions].concat();
        let request = Request {
            headers: &headers,
            ..request(&self.access, &self.blob.host, &self.path)
        };
        self.access.client.stream(&request, attempts)
    }

    /// Asks for what comes behind the first `at` bytes, if the blob still has `etag`.
    fn ask_rest(&self, etag: &str, at: u64, attempts: &mut Attempts) -> Result<Stream, Error> {
        let range = format!("bytes={at}-");
        self.ask(&[("x-ms-range", &range), ("if-match", etag)], attempts)
    }

    /// The error that a reply without content is.
    fn refusal(&self, reply: &Reply) -> Error {
        refusal::read(self.blob, reply)
    }
}

fn request<'a>(access: &Access<'a>, host: &'a HostName, path: &'a str) -> Request<'a> {
    Request {
        host,
        path,
        body: Body::Get,
        bearer: Some(access.token),
        headers: &[VERSION],
        limit: BODY_LIMIT,
    }
}

/// The root container has no part in the path of what lies in it.
fn path(blob: &Blob) -> String {
    let mut path = String::new();
    if blob.container != "$root" {
        add_segment(&mut path, &blob.container);
    }
    for segment in blob.name.split('/') {
        add_segment(&mut path, segment);
    }
    path
}

fn add_segment(path: &mut String, segment: &str) {
    path.push('/');
    path.extend(utf8_percent_encode(segment, RESERVED));
}

/// What is wrong with a blob, as an error that names it.
pub fn problem(blob: &Blob, problem: BlobProblem) -> Error {
    let Blob { host, .. } = blob;
    Error::Blob {
        blob: format!("{} in {host}", object(blob)),
        problem,
    }
}

/// The one place of the service's version: old enough for Azure Stack Hub (protocol notes 6).
const VERSION: (&str, &str) = ("x-ms-version", "2019-02-02");
const LIST_OF_ONE: &str = "/?comp=list&maxresults=1";
/// Bytes of a reply that is no content.
const BODY_LIMIT: usize = 64 * 1024;

#[cfg(test)]
mod tests;

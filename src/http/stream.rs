//! A reply whose body is taken as it comes, in the caller's buffer.

use std::fmt;
use std::io::Read;

use ureq::http::Response;
use ureq::BodyReader;

use super::failure::Failure;
use super::reply::Reply;
use crate::error::Error;
use crate::name::HostName;
use crate::secret::Secret;

/// A reply, and what is still to come of its body.
///
/// Its connection serves nothing else before the end of the body, and is closed if that is not
/// waited for.
pub struct Stream {
    /// The reply: without its body where its status is 200 or 206, else with it.
    pub reply: Reply,
    rest: Option<Rest>,
}

struct Rest {
    host: HostName,
    length: Option<u64>,
    body: BodyReader<'static>,
}

impl Stream {
    /// A reply with its body.
    pub(super) fn whole(reply: Reply) -> Self {
        Self { reply, rest: None }
    }

    /// A reply of `host` whose body is still to come.
    pub(super) fn of(status: u16, response: Response<ureq::Body>, host: &HostName) -> Self {
        let reply = Reply::new(status, response.headers(), Secret::with_limit(0));
        let rest = Rest {
            host: host.clone(),
            length: response.body().content_length(),
            body: response.into_body().into_reader(),
        };
        Self {
            reply,
            rest: Some(rest),
        }
    }

    /// How many bytes the body has, if that was said.
    pub(super) fn length(&self) -> Option<u64> {
        match &self.rest {
            Some(rest) => rest.length,
            None => u64::try_from(self.reply.body.len()).ok(),
        }
    }

    /// Waits for the next bytes and gives how many came; 0 is the end of the body.
    ///
    /// No silence may be longer than `network.timeout`, and the run's deadline is the end of it.
    ///
    /// # Errors
    /// [`Error::Network`] when the connection broke, kept silent, or ended before as much came
    /// as was announced; [`Error::Tls`] and [`Error::Reply`] for what is no body.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let Some(rest) = &mut self.rest else {
            return Ok(0);
        };
        let read = rest.body.read(buffer);
        read.map_err(|error| Failure::from_ureq(error.into(), &rest.host).error)
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stream(status {})", self.reply.status)
    }
}

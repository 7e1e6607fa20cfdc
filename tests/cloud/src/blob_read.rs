//! Reading one blob, whole or in part, or only what is told about it.
//!
//! Conditions come before ranges, ranges before the bytes. A request that no client of this
//! storage has a reason to make is refused and marked, even where the real service is kinder.

use base64::prelude::{Engine, BASE64_STANDARD};

use crate::blob::Front;
use crate::body::Body;
use crate::clock::http_date;
use crate::form;
use crate::http::Reply;
use crate::log::Logged;
use crate::md5;
use crate::storage::StoredBlob;

/// The container and the blob that a path names; one segment alone is in the container `$root`.
pub(crate) fn place(path: &str) -> Option<(String, String)> {
    let path = path.strip_prefix('/')?;
    let (container, name) = path.split_once('/').unwrap_or(("$root", path));
    let segments: Option<Vec<String>> = name.split('/').map(form::segment).collect();
    let segments = segments?;
    let name = segments.join("/");
    let sound = !name.is_empty()
        && name.chars().count() <= LONGEST_NAME
        && !segments
            .iter()
            .any(|segment| segment == "." || segment == "..");
    sound.then_some((form::segment(container)?, name))
}

impl Front<'_> {
    /// The reply to `GET` or `HEAD` of a blob.
    pub(crate) fn read(
        &self,
        query: &[(String, String)],
        record: &mut Logged,
    ) -> Result<Reply, Reply> {
        if let Some((name, _)) = query.iter().find(|(name, _)| name != "timeout") {
            record.unexpected(format!("an unknown parameter: {name}"));
            let text = "Value for one of the query parameters specified in the request URI is \
                        invalid.";
            return Err(self.error(400, "InvalidQueryParameterValue", text, ""));
        }
        let Some((container, name)) = place(&self.request.path) else {
            record.unexpected("a path that names no blob");
            let text = "The requested URI does not represent any resource on the server.";
            return Err(self.error(400, "InvalidUri", text, ""));
        };
        let Some(blobs) = self.account.containers.get(&container) else {
            let text = "The specified container does not exist.";
            return Err(self.error(404, "ContainerNotFound", text, ""));
        };
        let Some(stored) = blobs.get(&name) else {
            let text = "The specified blob does not exist.";
            return Err(self.error(404, "BlobNotFound", text, ""));
        };
        self.check_conditions(stored, record)?;
        if self.request.method == "HEAD" {
            if self.request.header("range").is_some() || self.request.header(RANGE).is_some() {
                record.unexpected("a range of nothing but properties");
            }
            return Ok(properties(stored));
        }
        if stored.blob.archived {
            let text = "This operation is not permitted on an archived blob.";
            return Err(self.error(409, "BlobArchived", text, ""));
        }
        match self.range(stored, record)? {
            Some((begin, length)) => self.part(stored, begin, length, record),
            None => Ok(whole(stored)),
        }
    }

    /// The service takes one ETag a header, or `*`.
    fn check_conditions(&self, stored: &StoredBlob, record: &mut Logged) -> Result<(), Reply> {
        for name in ["if-modified-since", "if-unmodified-since"] {
            if self.request.header(name).is_some() {
                record.unexpected(format!(
                    "a condition that this storage does not know: {name}"
                ));
                return Err(self.invalid_header(name));
            }
        }
        for (name, status) in [("if-match", 412), ("if-none-match", 304)] {
            let Some(etag) = self.request.header(name) else {
                continue;
            };
            let quoted = etag.len() > 2 && etag.starts_with('"') && etag.ends_with('"');
            if etag != "*" && (!quoted || etag.matches('"').count() != 2) {
                record.unexpected(format!("{name} is not one ETag in its quotes"));
                return Err(self.invalid_header(name));
            }
            let same = etag == "*" || etag == stored.etag;
            if same == (name == "if-none-match") {
                let text = "The condition specified using HTTP conditional header(s) is not met.";
                let refused = self.error(status, "ConditionNotMet", text, "");
                return Err(match status {
                    304 => not_modified(refused, stored),
                    _ => refused,
                });
            }
        }
        Ok(())
    }

    /// Where the part that was asked for begins, and its length; `x-ms-range` wins.
    fn range(&self, stored: &StoredBlob, record: &mut Logged) -> Result<Option<(u64, u64)>, Reply> {
        let wanted = [RANGE, "range"]
            .into_iter()
            .find_map(|name| self.request.header(name).map(|value| (name, value)));
        let Some((name, value)) = wanted else {
            return Ok(None);
        };
        let Some((first, last)) = parse(value) else {
            record.unexpected("a range that is not bytes=FIRST- or bytes=FIRST-LAST");
            return Err(self.invalid_header(name));
        };
        let length = stored.blob.data.len();
        if first >= length {
            let text = "The range specified is invalid for the current size of the resource.";
            let refused = self.error(416, "InvalidRange", text, "");
            return Err(refused.header("content-range", format!("bytes */{length}")));
        }
        let end = last.map_or(length, |last| length.min(last.saturating_add(1)));
        Ok(Some((first, end - first)))
    }

    fn part(
        &self,
        stored: &StoredBlob,
        begin: u64,
        length: u64,
        record: &mut Logged,
    ) -> Result<Reply, Reply> {
        let data = &stored.blob.data;
        let range = format!("bytes {begin}-{}/{}", begin + length - 1, data.len());
        let mut reply = described(206, stored).header("content-range", range);
        if let Some(md5) = &stored.blob.md5 {
            reply = reply.header("x-ms-blob-content-md5", md5.as_bytes());
        }
        reply.body = Body::Part {
            data: data.clone(),
            begin,
            length,
        };
        match self.request.header("x-ms-range-get-content-md5") {
            None | Some("false") => Ok(reply),
            Some("true") if length <= LONGEST_DIGEST => {
                let bytes = reply.body.read(0, usize::MAX);
                let digest = BASE64_STANDARD.encode(md5::digest([bytes].into_iter()));
                Ok(reply.header("content-md5", digest))
            }
            Some(_) => {
                record.unexpected("an MD5 of more than 4 MiB asked for");
                let text = "One of the request inputs is out of range.";
                Err(self.error(400, "OutOfRangeInput", text, ""))
            }
        }
    }

    fn invalid_header(&self, name: &str) -> Reply {
        let text = "The value for one of the HTTP headers is not in the correct format.";
        let detail = format!("<HeaderName>{name}</HeaderName>");
        self.error(400, "InvalidHeaderValue", text, &detail)
    }
}

/// First and last byte of `bytes=FIRST-` or `bytes=FIRST-LAST`.
fn parse(range: &str) -> Option<(u64, Option<u64>)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u64>().ok()).flatten()
    };
    let first = number(first)?;
    match last {
        "" => Some((first, None)),
        last => number(last)
            .filter(|last| *last >= first)
            .map(|last| (first, Some(last))),
    }
}

fn whole(stored: &StoredBlob) -> Reply {
    let mut reply = described(200, stored);
    if let Some(md5) = &stored.blob.md5 {
        reply = reply.header("content-md5", md5.as_bytes());
    }
    reply.body = Body::Part {
        data: stored.blob.data.clone(),
        begin: 0,
        length: stored.blob.data.len(),
    };
    reply
}

/// What `HEAD` tells: as for the whole, and the tier.
fn properties(stored: &StoredBlob) -> Reply {
    let tier = match stored.blob.archived {
        true => "Archive",
        false => "Hot",
    };
    whole(stored).header("x-ms-access-tier", tier)
}

fn described(status: u16, stored: &StoredBlob) -> Reply {
    let date = http_date(stored.modified);
    let reply = Reply::new(status)
        .header("content-type", stored.blob.content_type.as_bytes())
        .header("last-modified", date.as_bytes())
        .header("accept-ranges", "bytes")
        .header("etag", stored.etag.as_bytes())
        .header("x-ms-creation-time", date.as_bytes())
        .header("x-ms-lease-status", "unlocked")
        .header("x-ms-lease-state", "available")
        .header("x-ms-blob-type", "BlockBlob")
        .header("x-ms-server-encrypted", "true");
    match &stored.blob.encoding {
        Some(encoding) => reply.header("content-encoding", encoding.as_bytes()),
        None => reply,
    }
}

/// Without a body, whatever the method.
fn not_modified(refused: Reply, stored: &StoredBlob) -> Reply {
    let mut reply = refused.header("etag", stored.etag.as_bytes());
    reply.headers.retain(|(name, _)| name != "content-type");
    reply.body = Vec::new().into();
    reply
}

const RANGE: &str = "x-ms-range";

/// In characters.
const LONGEST_NAME: usize = 1024;

/// Of a part, in bytes.
const LONGEST_DIGEST: u64 = 4 * 1024 * 1024;

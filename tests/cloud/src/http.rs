//! HTTP/1.1 as far as the services speak it: a strict reader and a plain writer.
//!
//! Anything a well-behaved client does not send is refused: chunked requests, folded headers,
//! two Host or Content-Length headers, absolute targets, heads over 32 KiB, bodies over 1 MiB.

use std::io::{self, Read};

use crate::body::Body;

/// One parsed request.
pub(crate) struct Request {
    pub method: String,
    /// The path as sent, still escaped.
    pub path: String,
    /// The query as sent, without the question mark.
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Bytes of head and body on the wire.
    pub size: usize,
}

impl Request {
    /// The value of a header; names are compared without case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The token of an `Authorization: Bearer` header.
    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim())
    }

    /// Whether the client asked for the connection to end after this request.
    pub fn asks_to_close(&self) -> bool {
        self.header("connection")
            .is_some_and(|value| value.to_ascii_lowercase().contains("close"))
    }
}

/// What came in on a connection.
pub(crate) enum Incoming {
    /// The client closed it between two requests.
    Closed,
    /// Not a request this server takes: answer with this status and close.
    Refused(u16, &'static str),
    Request(Request),
}

/// Reads one request. `pending` keeps what was read beyond it, for the next call.
pub(crate) fn read_request(stream: &mut impl Read, pending: &mut Vec<u8>) -> io::Result<Incoming> {
    let head_end = loop {
        if let Some(position) = pending.windows(4).position(|four| four == b"\r\n\r\n") {
            break position;
        }
        if pending.len() > HEAD_LIMIT {
            return Ok(Incoming::Refused(431, "request head too long"));
        }
        if !read_more(stream, pending)? {
            return Ok(match pending.is_empty() {
                true => Incoming::Closed,
                false => Incoming::Refused(400, "connection closed inside a request head"),
            });
        }
    };
    let head: Vec<u8> = pending.drain(..head_end + 4).collect();
    let mut request = match parse_head(&head[..head_end]) {
        Ok(request) => request,
        Err((status, reason)) => return Ok(Incoming::Refused(status, reason)),
    };
    let length = match body_length(&request) {
        Ok(length) => length,
        Err((status, reason)) => return Ok(Incoming::Refused(status, reason)),
    };
    while pending.len() < length {
        if !read_more(stream, pending)? {
            return Ok(Incoming::Refused(400, "connection closed inside a body"));
        }
    }
    request.body = pending.drain(..length).collect();
    request.size = head.len() + length;
    Ok(Incoming::Request(request))
}

fn read_more(stream: &mut impl Read, pending: &mut Vec<u8>) -> io::Result<bool> {
    let mut block = [0; 8192];
    let count = stream.read(&mut block)?;
    pending.extend_from_slice(&block[..count]);
    Ok(count > 0)
}

fn parse_head(head: &[u8]) -> Result<Request, (u16, &'static str)> {
    let text = std::str::from_utf8(head).map_err(|_| (400, "head is not text"))?;
    let mut lines = text.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err((400, "malformed request line"));
    };
    if version != "HTTP/1.1" {
        return Err((505, "not HTTP/1.1"));
    }
    if target.starts_with("http://") || target.starts_with("https://") {
        return Err((400, "an absolute target, as for a proxy"));
    }
    if !target.starts_with('/') || target.contains(['#', '\\', '"', '<', '>']) {
        return Err((400, "target is not a path"));
    }
    let headers = lines.map(parse_header).collect::<Option<Vec<_>>>();
    let headers = headers.ok_or((400, "malformed header"))?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: Vec::new(),
        size: 0,
    };
    match count(&request, "host") {
        1 => Ok(request),
        _ => Err((400, "not exactly one Host header")),
    }
}

fn parse_header(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    let named = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    let printable = value.bytes().all(|byte| byte >= b' ' || byte == b'\t');
    (named && printable).then(|| (name.to_owned(), value.trim().to_owned()))
}

fn body_length(request: &Request) -> Result<usize, (u16, &'static str)> {
    if request.header("transfer-encoding").is_some() {
        return Err((501, "chunked requests are refused"));
    }
    if request.header("expect").is_some() {
        return Err((417, "expectations are refused"));
    }
    match (count(request, "content-length"), request.method.as_str()) {
        (0, "POST" | "PUT" | "PATCH") => return Err((411, "body without a length")),
        (0, _) => return Ok(0),
        (1, _) => {}
        _ => return Err((400, "more than one Content-Length")),
    }
    let length = request.header("content-length").unwrap_or_default();
    if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err((400, "malformed Content-Length"));
    }
    match length.parse::<usize>() {
        Ok(length) if length <= BODY_LIMIT => Ok(length),
        _ => Err((413, "body too long")),
    }
}

fn count(request: &Request, name: &str) -> usize {
    request
        .headers
        .iter()
        .filter(|(known, _)| known.eq_ignore_ascii_case(name))
        .count()
}

/// One reply. Header values are bytes: a fault may put anything there.
pub(crate) struct Reply {
    pub status: u16,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Body,
    /// Whether the body stays behind, as in a reply to `HEAD`.
    pub bare: bool,
}

impl Reply {
    pub fn new(status: u16) -> Reply {
        Reply {
            status,
            headers: Vec::new(),
            body: Vec::new().into(),
            bare: false,
        }
    }

    pub fn json(status: u16, body: String) -> Reply {
        let mut reply =
            Reply::new(status).header("content-type", "application/json; charset=utf-8");
        reply.body = body.into_bytes().into();
        reply
    }

    /// The page of a web server without such a path.
    pub fn not_found_page() -> Reply {
        let mut reply = Reply::new(404).header("content-type", "text/html; charset=utf-8");
        reply.body = b"<html><body>Not found</body></html>".to_vec().into();
        reply
    }

    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Reply {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The head with the given Content-Length, up to the empty line. A 304 has none.
    pub fn head(&self, length: u64) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status)).into_bytes();
        for (name, value) in &self.headers {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        }
        if self.status != 304 {
            head.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
        }
        head.extend_from_slice(b"\r\n");
        head
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}

const HEAD_LIMIT: usize = 32 * 1024;
const BODY_LIMIT: usize = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &str) -> Incoming {
        read_request(&mut bytes.as_bytes(), &mut Vec::new()).unwrap()
    }

    #[test]
    fn keeps_what_belongs_to_the_next_request() {
        let two = "POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: y\r\n\r\n";
        let mut stream = two.as_bytes();
        let mut pending = Vec::new();
        let Incoming::Request(first) = read_request(&mut stream, &mut pending).unwrap() else {
            panic!("refused");
        };
        assert_eq!((first.path.as_str(), first.query.as_str()), ("/a", "b=c"));
        assert_eq!(first.body, b"abc");
        let Incoming::Request(second) = read_request(&mut stream, &mut pending).unwrap() else {
            panic!("refused");
        };
        assert_eq!(second.header("HOST"), Some("y"));
    }

    #[test]
    fn refuses_what_a_careful_client_does_not_send() {
        let cases = [
            ("GET / HTTP/1.0\r\nHost: x\r\n\r\n", 505),
            ("GET https://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400),
            ("POST / HTTP/1.1\r\nHost: x\r\n\r\n", 411),
            (
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
                501,
            ),
            (
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc",
                400,
            ),
        ];
        for (bytes, expected) in cases {
            match read(bytes) {
                Incoming::Refused(status, _) => assert_eq!(status, expected, "{bytes:?}"),
                _ => panic!("taken: {bytes:?}"),
            }
        }
        assert!(matches!(read(""), Incoming::Closed));
    }
}

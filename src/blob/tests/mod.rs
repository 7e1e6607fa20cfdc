//! Downloads from a server on the loopback interface that says what a test tells it to.

mod account;
mod refusals;
mod transfer;

use super::*;
use crate::http::testing::{host, Answer, Fault, Server};

/// Bytes of the caller's buffer.
const ROOM: usize = 3;
const MD5: &str = "AQIDBAUGBwgJCgsMDQ4PEA==";
const DIGEST: [u8; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

/// A blob in its account, which gives each answer once.
struct Site {
    server: Server,
    client: Client,
    token: Secret,
    blob: Blob,
}

impl Site {
    fn new(answers: Vec<Answer>) -> Self {
        let server = Server::start(Fault::None, answers);
        let client = Client::new(&server.settings(), None).unwrap();
        Self {
            server,
            client,
            token: Secret::copy_of(b"t0ken"),
            blob: Blob {
                host: host(),
                container: "devices".to_owned(),
                name: "a b/firmware.bin".to_owned(),
                max_bytes: None,
                sha256: None,
            },
        }
    }

    fn access(&self) -> Access<'_> {
        Access {
            client: &self.client,
            token: &self.token,
        }
    }

    fn open(&self, have: &Have<'_>) -> Result<Opened<'_>, Error> {
        open(&self.access(), &self.blob, have, Some(100))
    }

    fn download(&self, have: &Have<'_>) -> Box<Download<'_>> {
        match self.open(have).unwrap() {
            Opened::Content(download) => download,
            Opened::Unchanged => panic!("unchanged"),
        }
    }

    /// The lines of the request of this number which decide what comes.
    fn asked(&self, number: usize) -> Vec<String> {
        let asked = self.server.asked.lock().unwrap();
        let wanted = |line: &&str| {
            let names = ["GET ", "HEAD ", "if-", "x-ms-range", "range"];
            names.iter().any(|name| line.starts_with(name))
        };
        asked[number]
            .lines()
            .filter(wanted)
            .map(str::to_owned)
            .collect()
    }

    fn count(&self) -> usize {
        self.server.asked.lock().unwrap().len()
    }
}

fn whole(body: &str) -> String {
    part(200, &[("content-md5", MD5)], body.len(), body)
}

/// The part from `from` on of a blob of `length` bytes.
fn rest(from: usize, length: usize, body: &str) -> String {
    let last = length.saturating_sub(1);
    let range = format!("bytes {from}-{last}/{length}");
    let headers = [
        ("content-range", range.as_str()),
        ("x-ms-blob-content-md5", MD5),
    ];
    part(206, &headers, length.saturating_sub(from), body)
}

fn part(status: u16, headers: &[(&str, &str)], length: usize, body: &str) -> String {
    let more: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    format!("HTTP/1.1 {status} X\r\nETag: \"0x1\"\r\n{more}Content-Length: {length}\r\n\r\n{body}")
}

fn refusal(status: u16, code: &str) -> Answer {
    let xml = format!("\u{feff}<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>");
    let length = xml.len();
    Answer::Whole(format!(
        "HTTP/1.1 {status} X\r\nx-ms-error-code: {code}\r\nContent-Length: {length}\r\n\r\n{xml}"
    ))
}

fn drain(download: &mut Download<'_>) -> (String, Option<Error>) {
    let (mut text, mut room) = (String::new(), [0; ROOM]);
    loop {
        match download.next(&mut room) {
            Ok(0) => return (text, None),
            Ok(count) => text.push_str(std::str::from_utf8(&room[..count]).unwrap()),
            Err(error) => return (text, Some(error)),
        }
    }
}

fn fetched(site: &Site, have: &Have<'_>) -> String {
    let (text, end) = drain(&mut site.download(have));
    assert!(end.is_none(), "{end:?}");
    text
}

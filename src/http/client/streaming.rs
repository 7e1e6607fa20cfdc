//! Replies whose body is taken as it comes, and what is asked again when it was cut.

use super::{left, Client, Part, Request};
use crate::error::Error;
use crate::http::failure::Failure;
use crate::http::Stream;

/// The attempts in a row that brought nothing, which are limited.
#[derive(Debug, Default)]
pub struct Attempts {
    pub(super) failed: u32,
}

impl Attempts {
    /// Something came: what failed before no longer counts.
    pub fn brought_something(&mut self) {
        self.failed = 0;
    }

    /// The number of the attempt that is made now, from 1.
    pub(super) fn begun(&self) -> u32 {
        self.failed.saturating_add(1)
    }
}

impl Client {
    /// Sends `request` and gives the reply as soon as its head is there, if it is content (200
    /// or 206), to be read with [`Stream::read`]; any other as [`Client::send`] does.
    ///
    /// Connection, head, and each silence in the body may take `network.timeout`; only the run's
    /// deadline limits the whole. What fails is tried again as [`Client::send`] does, up to four
    /// times in a row with what failed in `attempts` before.
    ///
    /// # Errors
    /// Those of [`Client::send`].
    pub fn stream(&self, request: &Request<'_>, attempts: &mut Attempts) -> Result<Stream, Error> {
        self.repeat(request, Part::Head, attempts)
    }

    /// Waits until what was cut by `error` may be asked for again.
    ///
    /// # Errors
    /// `error` itself when it is not [`Error::Network`] or was one too often; [`Error::Deadline`].
    pub fn wait_after_cut(&self, error: Error, attempts: &mut Attempts) -> Result<(), Error> {
        let failure = match error {
            Error::Network { .. } if left(self.end()).is_zero() => Failure::last(Error::Deadline),
            Error::Network { .. } => Failure::passing(error),
            _ => Failure::last(error),
        };
        self.wait(attempts, failure)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::http::testing::{host, Answer, Fault, Server};
    use crate::http::{Body, Reply};
    use crate::name::HostName;

    /// Bytes of the caller's buffer.
    const ROOM: usize = 7;

    fn request(host: &HostName) -> Request<'_> {
        Request {
            host,
            path: "/c/b",
            body: Body::Get,
            bearer: None,
            headers: &[],
            limit: 4,
        }
    }

    fn content(length: usize, body: &str) -> String {
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}")
    }

    fn open(client: &Client, attempts: &mut Attempts) -> Stream {
        client.stream(&request(&host()), attempts).unwrap()
    }

    /// What comes up to the end or the failure.
    fn drain(stream: &mut Stream) -> (String, Option<Error>) {
        let (mut text, mut room) = (String::new(), [0; ROOM]);
        loop {
            match stream.read(&mut room) {
                Ok(0) => return (text, None),
                Ok(count) => text.push_str(std::str::from_utf8(&room[..count]).unwrap()),
                Err(error) => return (text, Some(error)),
            }
        }
    }

    fn hurried(server: &Server, timeout: u64, deadline: u64) -> Client {
        let mut settings = server.settings();
        settings.timeout = Duration::from_millis(timeout);
        settings.deadline = Duration::from_millis(deadline);
        Client::new(&settings, None).unwrap()
    }

    fn client(server: &Server) -> Client {
        Client::new(&server.settings(), None).unwrap()
    }

    #[test]
    fn content_of_any_length_comes_in_pieces_and_others_send_meanwhile() {
        let long = "x".repeat(50_000);
        let answers = vec![
            Answer::Whole(content(long.len(), &long)),
            Answer::Whole(content(0, "")),
            Answer::Whole(content(2, "ok")),
        ];
        let server = Server::start(Fault::None, answers);
        let client = client(&server);
        let mut stream = open(&client, &mut Attempts::default());
        assert!(client.turn.try_lock().is_ok());
        assert_eq!(stream.reply.header("content-length"), Some("50000"));
        assert!(stream.reply.body.is_empty());
        let (text, end) = drain(&mut stream);
        assert!(text == long && end.is_none());
        let (text, end) = drain(&mut open(&client, &mut Attempts::default()));
        assert!(text.is_empty() && end.is_none());
        let reply = client.send(&request(&host())).unwrap();
        assert_eq!(reply.body.expose(), b"ok");
        let traffic = client.traffic();
        assert_eq!((traffic.connections, traffic.requests), (1, 3));
    }

    #[test]
    fn what_is_no_content_comes_whole_and_within_its_limit() {
        let refusal = "HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\nhere".to_owned();
        let same = "HTTP/1.1 304 Same\r\nETag: \"1\"\r\n\r\n".to_owned();
        let large = "HTTP/1.1 404 No\r\nContent-Length: 5\r\n\r\nlarge".to_owned();
        let answers = [refusal, same, large].map(Answer::Whole);
        let server = Server::start(Fault::None, answers.into());
        let client = client(&server);
        for (status, body) in [(403, "here"), (304, "")] {
            let Reply {
                status: told,
                body: came,
                ..
            } = open(&client, &mut Attempts::default()).reply;
            assert_eq!((told, came.expose_str()), (status, Some(body)));
        }
        let told = client.stream(&request(&host()), &mut Attempts::default());
        let told = told.unwrap_err().to_string();
        assert_eq!(told, "vault.test: sent more than 4 bytes");
    }

    #[test]
    fn a_head_is_asked_for_without_its_body() {
        let answers = vec![
            Answer::Whole(content(900, "")),
            Answer::Whole(content(0, "")),
        ];
        let server = Server::start(Fault::None, answers);
        let (client, host) = (client(&server), host());
        let body = Body::Head;
        let head = Request {
            body,
            ..request(&host)
        };
        let reply = client.send(&head).unwrap();
        assert_eq!(reply.header("content-length"), Some("900"));
        client.send(&request(&host)).unwrap();
        assert!(server.asked.lock().unwrap()[0].starts_with("HEAD /c/b HTTP/1.1\r\n"));
        assert_eq!(client.traffic().connections, 1);
    }

    #[test]
    fn a_cut_is_told_behind_the_bytes_that_came() {
        let answers = vec![
            Answer::Cut(content(9, "cut")),
            Answer::Last(content(9, "ended")),
        ];
        let server = Server::start(Fault::None, answers);
        let client = client(&server);
        for wanted in ["cut", "ended"] {
            let (text, end) = drain(&mut open(&client, &mut Attempts::default()));
            assert_eq!(text, wanted);
            assert!(matches!(end, Some(Error::Network { .. })), "{end:?}");
        }
    }

    #[test]
    fn only_silence_counts_against_the_timeout() {
        let answers = vec![
            Answer::Drip(content(60, &"x".repeat(60))),
            Answer::Whole(content(9, "silent")),
        ];
        let server = Server::start(Fault::None, answers);
        let client = hurried(&server, 700, 30_000);
        let (text, end) = drain(&mut open(&client, &mut Attempts::default()));
        assert_eq!((text.len(), end.is_none()), (60, true), "{end:?}");
        let mut attempts = Attempts::default();
        let (text, end) = drain(&mut open(&client, &mut attempts));
        let end = end.unwrap();
        assert_eq!(text, "silent");
        assert!(end.to_string().contains("in time"), "{end}");
        client.wait_after_cut(end, &mut attempts).unwrap();
        assert_eq!(attempts.failed, 1);
    }

    #[test]
    fn the_deadline_ends_a_body_too() {
        let answers = vec![Answer::Drip(content(900, &"x".repeat(900)))];
        let server = Server::start(Fault::None, answers);
        let client = hurried(&server, 10_000, 2000);
        let mut attempts = Attempts::default();
        let (_, end) = drain(&mut open(&client, &mut attempts));
        let end = client.wait_after_cut(end.unwrap(), &mut attempts);
        assert!(matches!(end, Err(Error::Deadline)), "{end:?}");
    }

    #[test]
    fn cuts_without_progress_are_limited_and_other_ends_are_final() {
        let cut = || Error::Network {
            host: host(),
            phase: crate::error::Phase::Exchange,
            cause: "cut".to_owned(),
        };
        let server = Server::start(Fault::None, Vec::new());
        let client = client(&server);
        let mut attempts = Attempts { failed: 3 };
        let given_up = client.wait_after_cut(cut(), &mut attempts);
        assert!(matches!(given_up, Err(Error::Network { .. })));
        attempts.brought_something();
        client.wait_after_cut(cut(), &mut attempts).unwrap();
        assert_eq!(attempts.begun(), 2);
        let garbage = Error::Reply {
            host: host(),
            problem: "is odd".to_owned(),
        };
        let garbage = client.wait_after_cut(garbage, &mut Attempts::default());
        assert!(matches!(garbage, Err(Error::Reply { .. })));
    }
}

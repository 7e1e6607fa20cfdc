//! Requests to endpoints of the machine: plain HTTP, straight, repeated by a table of their own.

use std::thread;
use std::time::Duration;

use super::{left, random, unless_late, Body, Client, Once, Part, Request};
use crate::error::Error;
use crate::http::failure::Failure;
use crate::http::header::SecretHeader;
use crate::http::{Endpoint, Reply};
use crate::retry::{self, Miss, Misses};
use crate::secret::Secret;

/// A `GET` at an endpoint of the machine, repeated as needed.
pub struct MachineRequest<'a> {
    /// Whom to ask.
    pub endpoint: &'a Endpoint,
    /// The query, already percent-encoded.
    pub query: &'a str,
    /// Headers that are not secret.
    pub headers: &'a [(&'static str, &'a str)],
    /// What stands before the value of the one that is: `secret: `.
    pub label: &'static str,
    /// How long to wait where nothing answers.
    pub patience: Patience,
    /// How many bytes the reply's body may have.
    pub limit: usize,
}

/// How sure it is that the endpoint exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It does: each attempt may take `network.timeout`, and failed connections are repeated.
    Full,
    /// It may: the first answer must be there within three seconds and be JSON, or there is no
    /// other attempt.
    Guess,
}

impl Client {
    /// Asks an endpoint of the machine and gives its reply, whatever the status says, except
    /// for redirects (refused), and the secret that it saw. `secret` is asked for before each
    /// attempt: some are good for one.
    ///
    /// No proxy and no `network.resolve` is looked at. Statuses that may pass are asked again
    /// (protocol notes 4.2), within the deadline; the last reply is given even so. The clock
    /// is not set by it, since anybody on the machine's network may play this endpoint.
    ///
    /// # Errors
    /// Those of `secret`; [`Error::Network`] after the last attempt; [`Error::Reply`],
    /// [`Error::RequestsSpent`] and [`Error::Deadline`] at once.
    pub fn ask_machine(
        &self,
        asked: &MachineRequest<'_>,
        secret: &dyn Fn() -> Result<Option<Secret>, Error>,
    ) -> Result<(Reply, Option<Secret>), Error> {
        let (mut patience, mut misses) = (asked.patience, Misses::default());
        let mut attempt = 1;
        loop {
            let shown = secret()?;
            let outcome = self.ask_once(asked, shown.as_ref(), patience, attempt);
            let pause = miss(&outcome, patience).and_then(|miss| {
                let wanted = outcome.as_ref().ok().and_then(Reply::wait_wanted);
                misses.pause(miss, random(), wanted, left(self.end()))
            });
            let Some(pause) = pause else {
                let reply = outcome.map_err(|failure| failure.error)?;
                return Ok((reply, shown));
            };
            tell(asked.endpoint, &outcome, pause);
            thread::sleep(pause);
            patience = Patience::Full;
            attempt = attempt.saturating_add(1);
        }
    }

    fn ask_once(
        &self,
        asked: &MachineRequest<'_>,
        secret: Option<&Secret>,
        patience: Patience,
        attempt: u32,
    ) -> Result<Reply, Failure> {
        let path = asked.endpoint.path_with(asked.query);
        let request = Request {
            host: asked.endpoint.host(),
            path: &path,
            body: Body::Get,
            bearer: None,
            headers: asked.headers,
            limit: asked.limit,
        };
        let (label, end) = (asked.label, self.end());
        let outcome = self.once(&Once {
            request: &request,
            endpoint: Some(asked.endpoint),
            secret: secret.map(|value| SecretHeader { label, value }),
            timeout: match patience {
                Patience::Full => self.timeout,
                Patience::Guess => self.timeout.min(GUESS),
            },
            part: Part::Whole,
            end,
            budget: Some(self.max_requests),
            attempt,
        });
        unless_late(outcome, end).map(|stream| stream.reply)
    }
}

/// What another attempt may better.
fn miss(outcome: &Result<Reply, Failure>, patience: Patience) -> Option<Miss> {
    match outcome {
        Ok(reply) if !retry::may_pass_here(reply.status) => None,
        Ok(reply) if patience == Patience::Guess && !reply.looks_like_json() => None,
        Ok(reply) => Some(Miss::Status(reply.status)),
        Err(failure) if failure.again && patience == Patience::Full => Some(Miss::NoReply),
        Err(_) => None,
    }
}

fn tell(endpoint: &Endpoint, outcome: &Result<Reply, Failure>, pause: Duration) {
    let pause = pause.as_millis();
    match outcome {
        Ok(reply) => log::debug!(
            "{} answered with status {}; trying again in {pause} ms",
            endpoint.host(),
            reply.status
        ),
        Err(failure) => log::debug!("{}; trying again in {pause} ms", failure.error),
    }
}

/// IMDS's owners ask for three seconds (protocol notes 4.2).
const GUESS: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{SocketAddr, TcpListener};
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::error::Phase;
    use crate::http::testing::{closed_port, read_request, settings, silent_port};
    use crate::http::{Pinned, Proxy, Settings};
    use crate::name::HostName;

    const BUSY: &str = "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n{}";
    const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";
    const PAGE: &str = "HTTP/1.1 404 No\r\nContent-Length: 3\r\n\r\n<p>";

    /// A server that gives each answer on a connection of its own, and what it was asked.
    fn server(answers: &[&'static str]) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, answers) = (Arc::new(Mutex::new(Vec::new())), answers.to_vec());
        let log = Arc::clone(&asked);
        thread::spawn(move || {
            for answer in answers {
                let (mut socket, _) = listener.accept().unwrap();
                log.lock().unwrap().push(read_request(&mut socket));
                socket.write_all(answer.as_bytes()).unwrap();
            }
        });
        (address, asked)
    }

    fn ask(client: &Client, address: SocketAddr, patience: Patience) -> Result<Reply, Error> {
        let endpoint = Endpoint::parse(&format!("http://{address}/msi?v=1")).unwrap();
        let asked = MachineRequest {
            endpoint: &endpoint,
            query: "resource=x",
            headers: &[("metadata", "true")],
            label: "X-IDENTITY-HEADER: ",
            patience,
            limit: 4,
        };
        let secret = || Ok(Some(Secret::copy_of(b"hush")));
        let (reply, shown) = client.ask_machine(&asked, &secret)?;
        assert_eq!(shown.unwrap().expose(), b"hush");
        Ok(reply)
    }

    fn client() -> Client {
        Client::new(&settings(), None).unwrap()
    }

    #[test]
    fn goes_straight_and_carries_its_secret_once() {
        let (address, asked) = server(&[GOOD, GOOD]);
        let settings = Settings {
            proxy: Some(Proxy {
                host: "127.0.0.1".to_owned(),
                port: closed_port().port(),
            }),
            resolve: vec![Pinned {
                host: HostName::parse("127.0.0.1").unwrap(),
                address: closed_port(),
            }],
            ..settings()
        };
        let client = Client::new(&settings, None).unwrap();
        for _ in 0..2 {
            let reply = ask(&client, address, Patience::Full).unwrap();
            assert_eq!(reply.body.expose(), b"good");
        }
        let head = "GET /msi?v=1&resource=x HTTP/1.1\r\nX-IDENTITY-HEADER: hush\r\n";
        for asked in &*asked.lock().unwrap() {
            assert!(asked.starts_with(head), "{asked}");
            assert!(asked.contains(&format!("host: {address}\r\n")), "{asked}");
            assert!(asked.contains("metadata: true\r\n"), "{asked}");
        }
        assert_eq!(client.clock_offset(), None);
    }

    #[test]
    fn asks_again_what_may_pass_and_gives_the_last_reply() {
        for patience in [Patience::Full, Patience::Guess] {
            let (address, _) = server(&[BUSY, GOOD]);
            let client = client();
            assert_eq!(ask(&client, address, patience).unwrap().status, 200);
            assert_eq!(client.traffic().requests, 2);
        }
        let (address, _) = server(&[BUSY]);
        let hurried = Settings {
            deadline: Duration::from_millis(900),
            ..settings()
        };
        let client = Client::new(&hurried, None).unwrap();
        let reply = ask(&client, address, Patience::Full).unwrap();
        assert_eq!((reply.status, client.traffic().requests), (404, 1));
    }

    #[test]
    fn a_guess_that_is_wrong_is_not_repeated() {
        let (page, _) = server(&[PAGE]);
        let guess = client();
        assert_eq!(ask(&guess, page, Patience::Guess).unwrap().status, 404);
        assert_eq!(guess.traffic().requests, 1);
        let (silent, _held) = silent_port();
        let hurried = Settings {
            timeout: Duration::from_millis(200),
            ..settings()
        };
        for address in [closed_port(), silent] {
            let client = Client::new(&hurried, None).unwrap();
            let error = ask(&client, address, Patience::Guess).unwrap_err();
            let connect = Phase::Connect;
            assert!(
                matches!(error, Error::Network { phase, .. } if phase == connect),
                "{error}"
            );
            assert_eq!(client.traffic().requests, 1);
        }
    }

    #[test]
    fn redirects_and_endless_bodies_are_refused() {
        let away =
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
        let large = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nlarge";
        for (answer, wanted) in [
            (away, "redirects to 127.0.0.1, which is refused"),
            (large, "sent more than 4 bytes"),
        ] {
            let (address, _) = server(&[answer]);
            let error = ask(&client(), address, Patience::Full).unwrap_err();
            assert_eq!(error.to_string(), format!("127.0.0.1: {wanted}"));
        }
    }

    /// Whatever asks for it, nothing but an endpoint of the machine is reached without TLS.
    #[test]
    fn no_other_host_is_ever_opened_without_tls() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let settings = Settings {
            resolve: vec![Pinned {
                host: HostName::parse("vault.test").unwrap(),
                address,
            }],
            ..settings()
        };
        let client = Client::new(&settings, None).unwrap();
        for host in ["vault.test", "10.0.0.1", "0.0.0.0", "[::]"] {
            for https_only in [true, false] {
                let request =
                    ureq::http::Request::get(format!("http://{host}:{}/", address.port()));
                let request = request.body(()).unwrap();
                let configured = client.agent.configure_request(request);
                let configured = configured.https_only(https_only).build();
                let error = client.agent.run(configured).unwrap_err().to_string();
                let wanted = match https_only {
                    true => "configured for https only",
                    false => "without TLS to something else than this machine",
                };
                assert!(error.contains(wanted), "{host}: {error}");
            }
        }
        assert_eq!(client.traffic().connections, 0);
        let waiting = listener.accept().unwrap_err().kind();
        assert_eq!(waiting, std::io::ErrorKind::WouldBlock);
    }
}

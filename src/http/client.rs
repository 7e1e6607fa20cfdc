//! The client of a run: sends requests, repeats what may pass, keeps to the limits.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::rand::{getrandom, GetRandomFlags};
use rustix::time::{clock_gettime, ClockId};
use ureq::Agent;

use super::connector::Connector;
use super::endpoint::Endpoint;
use super::exchange::{self, Limits, Line};
use super::failure::Failure;
use super::header::{HeaderSlot, SecretHeader};
use super::lookup::NoLookup;
use super::meter::{Meter, Traffic};
use super::reply::Reply;
use super::route::Routes;
use super::stream::Stream;
use super::{roots, tls, ProxyCredentials, Settings};
use crate::clock;
use crate::error::Error;
use crate::name::HostName;
use crate::retry;
use crate::secret::Secret;

/// All requests of one run: one connection a host, one budget, one deadline.
///
/// The run's time (`network.deadline`) counts from [`Client::new`] on, or from the end of
/// the wait for a person ([`Client::begin_anew`]).
pub struct Client {
    agent: Agent,
    slot: HeaderSlot,
    meter: Meter,
    timeout: Duration,
    began: Mutex<Instant>,
    deadline: Duration,
    max_requests: u32,
    clock_offset: Mutex<Option<i64>>,
    /// Held for each attempt: one token is on its way at a time.
    turn: Mutex<()>,
}

/// One request, repeated as needed.
pub struct Request<'a> {
    /// The host; always port 443, unless `network.resolve` pins it elsewhere.
    pub host: &'a HostName,
    /// Path and query, beginning with `/`, already percent-encoded.
    pub path: &'a str,
    /// What is sent with it.
    pub body: Body<'a>,
    /// The access token for the `Authorization` header.
    pub bearer: Option<&'a Secret>,
    /// More headers; none that is secret, since their memory is not wiped.
    pub headers: &'a [(&'static str, &'a str)],
    /// How many bytes the reply's body may have, where it is read whole.
    pub limit: usize,
}

/// One attempt.
struct Once<'a> {
    request: &'a Request<'a>,
    /// The endpoint of the machine that stands for the host.
    endpoint: Option<&'a Endpoint>,
    secret: Option<SecretHeader<'a>>,
    timeout: Duration,
    /// How much of the reply is waited for.
    part: Part,
    /// When the time for it is over.
    end: Instant,
    /// How many requests the run may have sent before; no limit for what a person costs.
    budget: Option<u32>,
    attempt: u32,
}

/// How much of a reply an attempt waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Its head; the body is taken as it comes.
    Head,
    /// All of it.
    Whole,
}

/// Method and body. All are safe to repeat: a second token does no harm.
#[derive(Clone, Copy)]
pub enum Body<'a> {
    /// `POST` of a form (`application/x-www-form-urlencoded`), already encoded.
    Form(&'a Secret),
    /// `GET`.
    Get,
    /// `HEAD`: what `GET` would give, without the body.
    Head,
}

impl Client {
    /// Reads the certificate authorities; opens no socket. `login` is for the proxy.
    ///
    /// # Errors
    /// [`Error::NoRoots`] when a bundle cannot be read or holds no certificate.
    pub fn new(settings: &Settings, login: Option<&ProxyCredentials>) -> Result<Self, Error> {
        let began = Mutex::new(Instant::now());
        let config = tls::config(roots::load(settings)?)?;
        let (slot, meter) = (HeaderSlot::default(), Meter::default());
        let routes = Routes::new(settings, login)?;
        let connector = Connector::new(config, routes, slot.clone(), meter.clone())?;
        Ok(Self {
            agent: Agent::with_parts(exchange::config(), connector, NoLookup),
            slot,
            meter,
            timeout: settings.timeout,
            began,
            deadline: settings.deadline,
            max_requests: settings.max_requests,
            clock_offset: Mutex::new(None),
            turn: Mutex::new(()),
        })
    }

    /// Sends `request` and gives the reply, whatever its status says, except for
    /// redirects (refused) and for statuses that may pass.
    ///
    /// Those, failed connections and cut exchanges are tried up to four times within the
    /// deadline; a `Retry-After` is obeyed, or the request given up at once.
    ///
    /// # Errors
    /// [`Error::Network`], [`Error::ServerBusy`] and [`Error::Proxy`] after the last
    /// attempt; [`Error::Tls`], [`Error::Reply`], [`Error::RequestsSpent`] and
    /// [`Error::Deadline`] at once.
    pub fn send(&self, request: &Request<'_>) -> Result<Reply, Error> {
        let stream = self.repeat(request, Part::Whole, &mut Attempts::default())?;
        Ok(stream.reply)
    }

    fn repeat(
        &self,
        request: &Request<'_>,
        part: Part,
        attempts: &mut Attempts,
    ) -> Result<Stream, Error> {
        loop {
            match self.attempt(request, part, attempts.begun()) {
                Ok(stream) => return Ok(stream),
                Err(failure) => self.wait(attempts, failure)?,
            }
        }
    }

    /// Waits for the next attempt after `failure`, or gives its error where there is none.
    fn wait(&self, attempts: &mut Attempts, failure: Failure) -> Result<(), Error> {
        let asked = failure.retry_after().map(Duration::from_secs);
        let pause = retry::pause(attempts.begun(), random(), asked, left(self.end()));
        let (true, Some(pause)) = (failure.again, pause) else {
            return Err(failure.error);
        };
        log::debug!(
            "{}; trying again in {} ms",
            failure.error,
            pause.as_millis()
        );
        thread::sleep(pause);
        attempts.failed = attempts.failed.saturating_add(1);
        Ok(())
    }

    /// Sends `request` once, before `end`, to ask whether a person has signed in. Neither
    /// the run's time nor its number of requests is a limit to that.
    ///
    /// # Errors
    /// As [`Client::send`], after one attempt.
    pub fn poll(&self, request: &Request<'_>, end: Instant) -> Result<Reply, Error> {
        let outcome = self.once(&Once {
            request,
            endpoint: None,
            secret: None,
            timeout: self.timeout,
            part: Part::Whole,
            end,
            budget: None,
            attempt: 1,
        });
        let outcome = outcome.and_then(|stream| self.judged(request, stream));
        let outcome = unless_late(outcome, end);
        outcome
            .map(|stream| stream.reply)
            .map_err(|failure| failure.error)
    }

    /// Counts the run's time from now on: until now a person took it.
    pub fn begin_anew(&self) {
        *self.began.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// What has gone over the wire so far.
    pub fn traffic(&self) -> Traffic {
        self.meter.traffic()
    }

    /// The server's time minus ours, in seconds, by the `Date` of the last reply that
    /// carried one: the clock of a device without one of its own is told wrong by it.
    pub fn clock_offset(&self) -> Option<i64> {
        *self
            .clock_offset
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn attempt(&self, request: &Request<'_>, part: Part, attempt: u32) -> Result<Stream, Failure> {
        let end = self.end();
        let label = "Authorization: Bearer ";
        let outcome = self.once(&Once {
            request,
            endpoint: None,
            secret: request.bearer.map(|value| SecretHeader { label, value }),
            timeout: self.timeout,
            part,
            end,
            budget: Some(self.max_requests),
            attempt,
        });
        unless_late(outcome.and_then(|stream| self.judged(request, stream)), end)
    }

    /// Sends a request within budget and time; gives the reply whatever its status.
    fn once(&self, once: &Once<'_>) -> Result<Stream, Failure> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let left = left(once.end);
        if left.is_zero() {
            return Err(Failure::last(Error::Deadline));
        }
        self.meter.begin_request(once.budget)?;
        if let Some(secret) = once.secret {
            self.slot.put(once.request.host, secret)?;
        }
        let line = Line::new(once.request, once.attempt);
        let limits = match once.part {
            Part::Head => Limits {
                whole: left,
                silence: Some(once.timeout),
            },
            Part::Whole => Limits {
                whole: left.min(once.timeout),
                silence: None,
            },
        };
        let outcome = exchange::run(&self.agent, once.request, once.endpoint, limits);
        self.slot.clear();
        if let Ok(stream) = &outcome {
            line.log(stream);
        }
        outcome
    }

    fn judged(&self, request: &Request<'_>, stream: Stream) -> Result<Stream, Failure> {
        let reply = &stream.reply;
        self.note_clock(reply);
        if !retry::may_pass(reply.status) {
            return Ok(stream);
        }
        Err(Failure::passing(Error::ServerBusy {
            host: request.host.clone(),
            status: reply.status,
            retry_after: reply.retry_after(clock::now()),
        }))
    }

    fn note_clock(&self, reply: &Reply) {
        if let Some(date) = reply.date() {
            let offset = date.saturating_sub(clock::now());
            *self
                .clock_offset
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(offset);
        }
    }

    /// When the run's time is over.
    fn end(&self) -> Instant {
        let began = *self.began.lock().unwrap_or_else(PoisonError::into_inner);
        began.checked_add(self.deadline).unwrap_or(began)
    }
}

/// What might have passed, had there been more time, is a matter of the deadline.
fn unless_late(outcome: Result<Stream, Failure>, end: Instant) -> Result<Stream, Failure> {
    match outcome {
        Err(failure) if failure.again && left(end).is_zero() => {
            log::debug!("{}", failure.error);
            Err(Failure::last(Error::Deadline))
        }
        outcome => outcome,
    }
}

fn left(end: Instant) -> Duration {
    end.saturating_duration_since(Instant::now())
}

/// A number for the jitter. A young device may have no entropy yet; how long it has been up,
/// to the nanosecond, is good enough for this purpose.
fn random() -> u64 {
    let mut bytes = [0_u8; 8];
    match getrandom(&mut bytes, GetRandomFlags::NONBLOCK) {
        Ok(8) => u64::from_ne_bytes(bytes),
        _ => u64::try_from(clock_gettime(ClockId::Monotonic).tv_nsec).unwrap_or_default(),
    }
}

mod machine;
#[cfg(test)]
mod round_trips;
mod streaming;

pub use machine::{MachineRequest, Patience};
pub use streaming::Attempts;

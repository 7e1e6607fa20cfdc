//! One attempt: the request as ureq takes it, and its reply read whole.

use std::time::{Duration, Instant};

use ureq::http::{self, Method, Response};
use ureq::Agent;

use super::buffers;
use super::client::{Body, Request};
use super::endpoint::Endpoint;
use super::failure::Failure;
use super::reply::{self, Reply};
use super::stream::Stream;
use crate::name::{foreign, HostName};
use crate::secret::Secret;

/// ureq's settings. Its defaults are wrong for us in most points (style notes, Network).
pub(super) fn config() -> ureq::config::Config {
    Agent::config_builder()
        .http_status_as_error(false)
        .https_only(true)
        .proxy(None)
        .max_redirects(0)
        .user_agent(concat!("keyferry/", env!("CARGO_PKG_VERSION")))
        .accept_encoding("")
        .max_response_header_size(buffers::LONGEST_HEAD)
        .max_idle_connections(4)
        .max_idle_connections_per_host(1)
        .max_idle_age(Duration::from_secs(60))
        .build()
}

/// What an exchange may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Lookup, connection and reply.
    pub(super) whole: Duration,
    /// Where the body is taken as it comes: the connection, the head, and each silence after it.
    pub(super) silence: Option<Duration>,
}

/// Sends `request` once, to its host or to the `endpoint` of the machine. The body of the reply
/// is read whole, unless it is content and `limits` are for a stream.
pub(super) fn run(
    agent: &Agent,
    request: &Request<'_>,
    endpoint: Option<&Endpoint>,
    limits: Limits,
) -> Result<Stream, Failure> {
    let origin = match endpoint {
        Some(endpoint) => format!("http://{}", endpoint.authority()),
        None => format!("https://{}", request.host),
    };
    let scope = Scope {
        agent,
        origin: &origin,
        https_only: endpoint.is_none(),
        limits,
    };
    let outcome = match request.body {
        Body::Form(form) => call(&scope, request, form.expose()),
        Body::Get | Body::Head => call(&scope, request, ()),
    };
    let mut response = outcome?;
    let status = response.status().as_u16();
    if let Some(problem) = reply::redirect(status, response.headers()) {
        return Err(Failure::reply(request.host, problem));
    }
    if limits.silence.is_some() && matches!(status, 200 | 206) {
        return Ok(Stream::of(status, response, request.host));
    }
    let body = read(&mut response, request)?;
    Ok(Stream::whole(Reply::new(status, response.headers(), body)))
}

/// The line that `--log debug` shows of a request. No query, no body, no token; of the
/// headers only those that a ticket to the service needs.
pub(super) struct Line<'a> {
    request: &'a Request<'a>,
    attempt: u32,
    started: Instant,
}

impl<'a> Line<'a> {
    pub(super) fn new(request: &'a Request<'a>, attempt: u32) -> Self {
        Self {
            request,
            attempt,
            started: Instant::now(),
        }
    }

    pub(super) fn log(&self, stream: &Stream) {
        let reply = &stream.reply;
        let header = |name| foreign(reply.header(name).unwrap_or("-"), 60);
        log::debug!(
            "{} {}{}: status {}, {} bytes, {} ms, attempt {}, request id {}, region {}",
            method(self.request.body),
            self.request.host,
            self.request.path.split('?').next().unwrap_or_default(),
            reply.status,
            stream.length().unwrap_or_default(),
            self.started.elapsed().as_millis(),
            self.attempt,
            header("x-ms-request-id"),
            header("x-ms-keyvault-region"),
        );
    }
}

/// What an attempt keeps to.
struct Scope<'a> {
    agent: &'a Agent,
    origin: &'a str,
    https_only: bool,
    limits: Limits,
}

fn call(
    scope: &Scope<'_>,
    request: &Request<'_>,
    body: impl ureq::AsSendBody,
) -> Result<Response<ureq::Body>, Failure> {
    // Without the slash the path would go on the host's name.
    if !request.path.starts_with('/') {
        return Err(malformed(request.host));
    }
    let mut builder = http::Request::builder()
        .method(method(request.body))
        .uri(format!("{}{}", scope.origin, request.path));
    if let Body::Form(_) = request.body {
        builder = builder.header("content-type", "application/x-www-form-urlencoded");
    }
    for (name, value) in request.headers {
        builder = builder.header(*name, *value);
    }
    let built = builder.body(body).map_err(|_| malformed(request.host))?;
    let Limits { whole, silence } = scope.limits;
    let configured = scope
        .agent
        .configure_request(built)
        .https_only(scope.https_only)
        .timeout_global(Some(whole))
        .timeout_connect(silence)
        .timeout_send_request(silence)
        .timeout_recv_response(silence)
        .timeout_per_read(silence)
        .build();
    scope
        .agent
        .run(configured)
        .map_err(|error| Failure::from_ureq(error, request.host))
}

/// The body, to its end: only then does the connection serve the next request.
fn read(response: &mut Response<ureq::Body>, request: &Request<'_>) -> Result<Secret, Failure> {
    let limit = request.limit;
    let too_long = || Failure::reply(request.host, format!("sent more than {limit} bytes"));
    let announced = response.body().content_length();
    let size = match announced.map(usize::try_from) {
        Some(Ok(size)) if size <= limit => size,
        Some(_) => return Err(too_long()),
        None => limit,
    };
    let mut body = Secret::with_limit(size);
    match body.fill_from(&mut response.body_mut().as_reader()) {
        Ok(Ok(())) => Ok(body),
        Ok(Err(_)) => Err(too_long()),
        Err(error) => Err(Failure::from_ureq(error.into(), request.host)),
    }
}

fn method(body: Body<'_>) -> Method {
    match body {
        Body::Form(_) => Method::POST,
        Body::Get => Method::GET,
        Body::Head => Method::HEAD,
    }
}

fn malformed(host: &HostName) -> Failure {
    Failure::internal(format!("a malformed request to {host}"))
}

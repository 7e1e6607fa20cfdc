//! Whole requests against a TLS server on the loopback interface.

use std::net::TcpListener;

use super::*;
use crate::error::{Phase, TlsProblem};
use crate::http::testing::{closed_port, host, settings, Answer, Fault, Server};
use crate::http::{Pinned, Proxy, ProxyCredentials};

const LIMIT: usize = 1000;

fn ok(body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}")
}

fn get(client: &Client) -> Result<Reply, Error> {
    client.send(&request(&host(), None))
}

/// Sends once and no more.
fn get_once(client: &Client) -> Result<Reply, Failure> {
    let stream = client.attempt(&request(&host(), None), Part::Whole, 1)?;
    Ok(stream.reply)
}

fn request<'a>(host: &'a HostName, bearer: Option<&'a Secret>) -> Request<'a> {
    Request {
        host,
        path: "/secrets/a?api-version=7.4",
        body: Body::Get,
        bearer,
        headers: &[("accept", "application/json")],
        limit: LIMIT,
    }
}

fn client(server: &Server) -> Client {
    Client::new(&server.settings(), None).unwrap()
}

#[test]
fn five_requests_take_one_connection() {
    let missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone".to_owned();
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    let answers = [ok("one"), missing, ok(""), chunked.to_owned(), ok("five")];
    let server = Server::start(Fault::None, answers.map(Answer::Whole).into());
    let client = client(&server);
    for (status, body) in [
        (200, "one"),
        (404, "gone"),
        (200, ""),
        (200, "ok"),
        (200, "five"),
    ] {
        let reply = get(&client).unwrap();
        assert_eq!(
            (reply.status, reply.body.expose()),
            (status, body.as_bytes())
        );
    }
    let traffic = client.traffic();
    assert_eq!((traffic.connections, traffic.requests), (1, 5));
    assert!(traffic.sent > 500 && traffic.received > 1000, "{traffic:?}");
}

#[test]
fn a_token_of_any_length_comes_first_and_only_where_it_is_asked_for() {
    let answers = vec![Answer::Whole(ok("")), Answer::Whole(ok(""))];
    let server = Server::start(Fault::None, answers);
    let client = client(&server);
    let token = "t".repeat(9000);
    let bearer = Secret::copy_of(token.as_bytes());
    client.send(&request(&host(), Some(&bearer))).unwrap();
    get(&client).unwrap();
    let asked = server.asked.lock().unwrap();
    let head =
        format!("GET /secrets/a?api-version=7.4 HTTP/1.1\r\nAuthorization: Bearer {token}\r\n");
    assert!(asked[0].starts_with(&head), "{}", asked[0]);
    assert!(
        !asked[1].to_lowercase().contains("authorization"),
        "{}",
        asked[1]
    );
    assert!(asked[1].contains("user-agent: keyferry/"), "{}", asked[1]);
    assert!(!asked[1].contains("accept-encoding"), "{}", asked[1]);
}

#[test]
fn a_form_is_posted_whole() {
    let server = Server::start(Fault::None, vec![Answer::Whole(ok("{}"))]);
    let form = format!("client_assertion={}", "x".repeat(6000));
    let form = Secret::copy_of(form.as_bytes());
    let host = host();
    let request = Request {
        body: Body::Form(&form),
        ..request(&host, None)
    };
    client(&server).send(&request).unwrap();
    let asked = server.asked.lock().unwrap();
    assert!(asked[0].starts_with("POST /secrets/a"), "{}", asked[0]);
    assert!(asked[0].contains("content-type: application/x-www-form-urlencoded"));
    assert!(asked[0].ends_with(form.expose_str().unwrap()));
}

#[test]
fn a_cut_body_is_asked_for_again() {
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut".to_owned();
    let answers = vec![Answer::Cut(cut), Answer::Whole(ok("whole"))];
    let server = Server::start(Fault::None, answers);
    let client = client(&server);
    assert_eq!(get(&client).unwrap().body.expose(), b"whole");
    assert_eq!(client.traffic().requests, 2);
}

#[test]
fn a_body_without_length_must_end_in_order() {
    let endless = || "HTTP/1.1 200 OK\r\n\r\nbody".to_owned();
    let answers = vec![Answer::Last(endless()), Answer::Cut(endless())];
    let server = Server::start(Fault::None, answers);
    let client = client(&server);
    assert_eq!(get_once(&client).unwrap().body.expose(), b"body");
    let failure = get_once(&client).unwrap_err();
    assert!(failure.again);
    assert!(matches!(
        failure.error,
        Error::Network {
            phase: Phase::Exchange,
            ..
        }
    ));
}

#[test]
fn a_connection_that_the_server_ended_is_not_used_again() {
    let answers = vec![Answer::Last(ok("one")), Answer::Whole(ok("two"))];
    let server = Server::start(Fault::None, answers);
    let client = client(&server);
    assert_eq!(get(&client).unwrap().body.expose(), b"one");
    assert_eq!(get(&client).unwrap().body.expose(), b"two");
    assert_eq!(client.traffic().connections, 2);
}

#[test]
fn a_dripping_server_does_not_get_past_the_timeout() {
    let slow = || Answer::Drip(ok(&"x".repeat(900)));
    let server = Server::start(Fault::None, vec![slow(), slow()]);
    let mut settings = server.settings();
    settings.timeout = Duration::from_millis(400);
    let client = Client::new(&settings, None).unwrap();
    let started = Instant::now();
    let failure = get_once(&client).unwrap_err();
    assert!(failure.again);
    assert!(matches!(
        failure.error,
        Error::Network {
            phase: Phase::Exchange,
            ..
        }
    ));
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn bodies_and_heads_end_at_their_limits() {
    let large = "x".repeat(LIMIT + 1);
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n",
        large.len()
    );
    let head = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(40_000));
    let answers = [ok(&"x".repeat(LIMIT)), ok(&large), chunked, head];
    let server = Server::start(Fault::None, answers.map(Answer::Whole).into());
    let client = client(&server);
    assert_eq!(get(&client).unwrap().body.len(), LIMIT);
    for wanted in ["than 1000 bytes", "than 1000 bytes", "bytes of headers"] {
        let told = get(&client).unwrap_err().to_string();
        assert!(told.contains(wanted), "{told}");
    }
}

#[test]
fn redirects_are_refused_and_garbage_too() {
    let redirect =
        "HTTP/1.1 302 Found\r\nLocation: https://portal.test/?t=1\r\nContent-Length: 0\r\n\r\n";
    let answers = [redirect, "SSH-2.0-OpenSSH_9.2\r\n\r\n"].map(str::to_owned);
    let server = Server::start(Fault::None, answers.map(Answer::Last).into());
    let client = client(&server);
    for wanted in [
        "redirects to portal.test, which is refused",
        "no valid HTTP reply",
    ] {
        let error = get(&client).unwrap_err();
        assert!(matches!(error, Error::Reply { .. }), "{error}");
        assert!(error.to_string().contains(wanted), "{error}");
    }
    assert_eq!(client.traffic().requests, 2);
}

#[test]
fn each_fault_of_a_certificate_has_its_own_words_and_no_second_attempt() {
    for (fault, wanted) in [
        (Fault::Expired, TlsProblem::Expired),
        (Fault::NotYetValid, TlsProblem::NotYetValid),
        (Fault::OtherName, TlsProblem::NameMismatch),
    ] {
        let server = Server::start(fault, Vec::new());
        let client = client(&server);
        let error = get(&client).unwrap_err();
        assert!(
            matches!(&error, Error::Tls { problem, .. } if *problem == wanted),
            "{error}"
        );
        assert_eq!(client.traffic().requests, 1);
    }
}

#[test]
fn an_unknown_authority_is_named() {
    let server = Server::start(Fault::None, Vec::new());
    let other = Server::start(Fault::None, Vec::new());
    let mut settings = server.settings();
    settings.ca_file = other.settings().ca_file;
    let error = get(&Client::new(&settings, None).unwrap()).unwrap_err();
    let issuer = Some("Test CA".to_owned());
    let wanted = TlsProblem::UnknownIssuer { issuer };
    assert!(
        matches!(&error, Error::Tls { problem, .. } if *problem == wanted),
        "{error}"
    );
}

#[test]
fn a_busy_server_is_asked_again_as_it_wishes_or_left_alone() {
    let busy = |status, after| {
        Answer::Whole(format!(
            "HTTP/1.1 {status} Busy\r\nRetry-After: {after}\r\nContent-Length: 2\r\n\r\n{{}}"
        ))
    };
    let answers = vec![busy(503, 0), Answer::Whole(ok("at last")), busy(429, 3600)];
    let server = Server::start(Fault::None, answers);
    let client = client(&server);
    assert_eq!(get(&client).unwrap().body.expose(), b"at last");
    let error = get(&client).unwrap_err();
    let retry_after = Some(3600);
    assert!(
        matches!(error, Error::ServerBusy { status: 429, retry_after: asked, .. } if asked == retry_after),
        "{error}"
    );
    let traffic = client.traffic();
    assert_eq!((traffic.connections, traffic.requests), (1, 3));
}

#[test]
fn budget_and_deadline_end_a_run() {
    let server = Server::start(Fault::None, vec![Answer::Whole(ok(""))]);
    let mut settings = server.settings();
    settings.max_requests = 1;
    let client = Client::new(&settings, None).unwrap();
    get(&client).unwrap();
    assert!(matches!(
        get(&client),
        Err(Error::RequestsSpent { limit: 1 })
    ));
    settings.deadline = Duration::ZERO;
    let client = Client::new(&settings, None).unwrap();
    assert!(matches!(get(&client), Err(Error::Deadline)));
    assert_eq!(client.traffic(), Traffic::default());
}

#[test]
fn waiting_for_a_person_costs_neither_requests_nor_time() {
    let answers = (0..4).map(|_| Answer::Whole(ok("")));
    let server = Server::start(Fault::None, answers.collect());
    let mut settings = server.settings();
    (settings.max_requests, settings.deadline) = (1, Duration::ZERO);
    let mut client = Client::new(&settings, None).unwrap();
    let host = host();
    let end = Instant::now() + Duration::from_secs(60);
    for _ in 0..3 {
        client.poll(&request(&host, None), end).unwrap();
    }
    let over = client.poll(&request(&host, None), Instant::now());
    assert!(matches!(over, Err(Error::Deadline)));
    assert!(matches!(get(&client), Err(Error::Deadline)));
    client.deadline = Duration::from_secs(60);
    *client.began.lock().unwrap() -= client.deadline;
    assert!(matches!(get(&client), Err(Error::Deadline)));
    client.begin_anew();
    get(&client).unwrap();
    assert!(matches!(get(&client), Err(Error::RequestsSpent { .. })));
    assert_eq!(client.traffic().requests, 4);
}

#[test]
fn learns_how_far_off_the_clock_is() {
    let dated =
        "HTTP/1.1 401 No\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n";
    let server = Server::start(Fault::None, vec![Answer::Whole(dated.to_owned())]);
    let client = client(&server);
    assert_eq!(client.clock_offset(), None);
    get(&client).unwrap();
    let offset = client.clock_offset().unwrap();
    assert!((offset + clock::now() - 784_111_777).abs() < 10, "{offset}");
}

#[test]
fn says_how_far_a_connection_came() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let unanswered = listener.local_addr().unwrap();
    for (address, wanted, words) in [
        (closed_port(), Phase::Connect, "connection refused"),
        (unanswered, Phase::Tls, "during the TLS handshake"),
    ] {
        let server = Server::start(Fault::None, Vec::new());
        let mut settings = server.settings();
        settings.timeout = Duration::from_millis(300);
        settings.resolve = vec![Pinned {
            host: host(),
            address,
        }];
        let failure = get_once(&Client::new(&settings, None).unwrap()).unwrap_err();
        let told = failure.error.to_string();
        assert!(failure.again && told.contains(words), "{told}");
        assert!(
            matches!(failure.error, Error::Network { phase, .. } if phase == wanted),
            "{told}"
        );
    }
}

fn login() -> ProxyCredentials {
    ProxyCredentials {
        username: "x".to_owned(),
        password: Secret::copy_of(b"y"),
    }
}

fn through_proxy(server: &Server) -> Settings {
    Settings {
        proxy: Some(Proxy {
            host: server.address.ip().to_string(),
            port: server.address.port(),
        }),
        resolve: Vec::new(),
        ..server.settings()
    }
}

#[test]
fn a_proxy_is_asked_for_a_way_and_sees_nothing_else() {
    let greeting = "HTTP/1.1 200 Connection established\r\n\r\n";
    let server = Server::behind_proxy(greeting, vec![Answer::Whole(ok("through"))]);
    let client = Client::new(&through_proxy(&server), Some(&login())).unwrap();
    assert_eq!(get(&client).unwrap().body.expose(), b"through");
    let asked = server.asked.lock().unwrap();
    assert!(asked[0].starts_with("CONNECT vault.test:443 HTTP/1.1\r\n"));
    assert!(asked[0].contains("Proxy-Authorization: Basic eDp5\r\n"));
    assert!(!asked[1].contains("Proxy-Authorization"));
}

#[test]
fn a_proxys_refusal_is_final_and_its_trouble_is_not() {
    for (greeting, status, again) in [
        ("HTTP/1.1 407 Auth\r\n\r\n", 407, false),
        ("HTTP/1.1 403 No\r\n\r\n", 403, false),
        ("HTTP/1.1 502 Gone\r\n\r\n", 502, true),
    ] {
        let server = Server::behind_proxy(greeting, Vec::new());
        let client = Client::new(&through_proxy(&server), Some(&login())).unwrap();
        let failure = get_once(&client).unwrap_err();
        assert_eq!(failure.again, again);
        assert!(matches!(failure.error, Error::Proxy { status: told, .. } if told == status));
    }
}

#[test]
fn a_pinned_host_goes_past_the_proxy() {
    let server = Server::start(Fault::None, vec![Answer::Whole(ok("straight"))]);
    let settings = Settings {
        proxy: Some(Proxy {
            host: "127.0.0.1".to_owned(),
            port: closed_port().port(),
        }),
        ..server.settings()
    };
    let client = Client::new(&settings, None).unwrap();
    assert_eq!(get(&client).unwrap().body.expose(), b"straight");
}

#[test]
fn a_client_without_authorities_is_refused() {
    let settings = Settings {
        ca_file: Some("/nowhere/ca.pem".into()),
        ..settings()
    };
    assert!(matches!(
        Client::new(&settings, None),
        Err(Error::NoRoots { .. })
    ));
}

#[test]
fn a_path_cannot_change_the_host() {
    let server = Server::start(Fault::None, Vec::new());
    let client = client(&server);
    for path in ["", ".evil.test/", "@evil.test/", ":80/", "/a b"] {
        let host = host();
        let request = Request {
            path,
            ..request(&host, None)
        };
        let error = client.send(&request).unwrap_err();
        assert!(matches!(error, Error::Internal { .. }), "{path}: {error}");
    }
    assert_eq!(client.traffic().connections, 0);
}

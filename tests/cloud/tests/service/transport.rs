//! Connections, TLS, the log of what no careful client does, and the forward proxy.

use std::io::{Read, Write};
use std::net::TcpStream;

use cloud::{Cloud, ForwardProxy, National, ProxyMode, ServerCertificate};

use crate::client::{Bench, Client};

#[test]
fn one_connection_serves_many_requests_and_sessions_resume() {
    let bench = Bench::new();
    bench.cloud.vault("factory7-edge").set("a", "one");
    let token = bench.token();
    bench.cloud.reset_log();
    let host = bench.cloud.vault_host("factory7-edge");
    for _ in 0..2 {
        let mut session = bench.client.open(&host);
        for _ in 0..3 {
            let reply = session.get("/secrets/a?api-version=7.4", Some(&token));
            assert_eq!(reply.unwrap().status, 200);
        }
    }
    assert_eq!(bench.cloud.connections(), 2);
    assert_eq!(bench.cloud.resumptions(), 1);
    let requests = bench.cloud.requests();
    assert_eq!(requests.len(), 6);
    assert_eq!(requests[0].connection, requests[2].connection);
    assert_ne!(requests[2].connection, requests[3].connection);
    let first = &requests[0];
    assert!(first.had_bearer && first.authorized && first.bytes_in > 100 && first.bytes_out > 400);
    assert!(!format!("{requests:?}").contains(&token));
}

#[test]
fn connections_can_be_closed_under_the_client() {
    let bench = Bench::new();
    bench.cloud.vault("factory7-edge").set("a", "one");
    let mut session = bench.client.open(&bench.cloud.login_host());
    assert_eq!(session.get("/", None).unwrap().status, 404);
    bench.cloud.close_connections();
    assert!(session.get("/", None).is_err());
    assert_eq!(bench.read("/secrets/a?api-version=7.4").status, 200);
}

#[test]
fn bad_server_certificates_can_be_shown() {
    let bench = Bench::new();
    let kinds = [
        ServerCertificate::Expired,
        ServerCertificate::OtherAuthority,
        ServerCertificate::OtherName,
    ];
    for kind in kinds {
        bench.cloud.show_certificate(kind);
        let mut session = bench.client.open(&bench.cloud.login_host());
        assert!(session.get("/", None).is_err(), "{kind:?}");
    }
    bench.cloud.show_certificate(ServerCertificate::Good);
    assert_eq!(
        bench
            .client
            .open("localhost")
            .get("/", None)
            .unwrap()
            .status,
        421
    );
    assert_eq!(
        bench
            .client
            .open("127.0.0.1")
            .get("/", None)
            .unwrap()
            .status,
        421
    );
}

#[test]
fn names_of_other_clouds_get_no_handshake() {
    let bench = Bench::new();
    for host in [
        "login.microsoftonline.com",
        "a.b.vault.usgovcloudapi.net",
        "evil.example",
    ] {
        assert!(bench.client.open(host).get("/", None).is_err(), "{host}");
    }
    assert_eq!(bench.cloud.connections(), 0);
}

#[test]
fn careless_requests_are_remembered() {
    let bench = Bench::new();
    bench.cloud.vault("factory7-edge");
    let login = bench.cloud.login_host();
    let vault = bench.cloud.vault_host("factory7-edge");
    let unknown = bench.cloud.vault_host("unknown");
    let version = "api-version=7.4";
    let token = bench.token();
    let raw = [
        (&login, format!("GET / HTTP/1.1\r\nHost: {login}\r\n\r\n"), 404),
        (&login, format!("GET / HTTP/1.1\r\nHost: {login}\r\nAuthorization: Bearer x\r\n\r\n"), 404),
        (&vault, format!("GET /secrets?{version} HTTP/1.1\r\nHost: {login}\r\n\r\n"), 404),
        (&vault, format!("GET /secrets?{version} HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 421),
        (&vault, format!("GET /secrets?{version} HTTP/1.1\r\nHost: {vault}:80\r\n\r\n"), 401),
        (&vault, format!("GET /secrets?{version}&access_token=x HTTP/1.1\r\nHost: {vault}\r\n\r\n"), 401),
        (&vault, format!("GET /other?{version} HTTP/1.1\r\nHost: {vault}\r\nAuthorization: Bearer {token}\r\n\r\n"), 404),
        (&vault, format!("DELETE /secrets/a?{version} HTTP/1.1\r\nHost: {vault}\r\nAuthorization: Bearer {token}\r\n\r\n"), 405),
        (&unknown, format!("GET /secrets?{version} HTTP/1.1\r\nHost: {unknown}\r\n\r\n"), 404),
        (&vault, format!("GET /secrets HTTP/1.1\r\nHost: {vault}\r\nTransfer-Encoding: chunked\r\n\r\n"), 501),
    ];
    for (index, (host, request, status)) in raw.iter().enumerate() {
        let reply = bench.client.open(host).send(request).unwrap();
        assert_eq!(reply.status, *status, "{request}");
        assert_eq!(bench.cloud.unexpected().len(), index + 1, "{request}");
    }
}

#[test]
fn plain_http_is_remembered() {
    let bench = Bench::new();
    let mut tcp = TcpStream::connect(bench.cloud.address()).unwrap();
    tcp.write_all(b"GET /secrets/a HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    tcp.read_to_end(&mut Vec::new()).unwrap();
    assert_eq!(bench.cloud.unexpected().len(), 1);
}

#[test]
fn a_dropped_cloud_leaves_nothing_open() {
    let bench = Bench::new();
    let address = bench.cloud.address();
    let mut idle = bench.client.open(&bench.cloud.login_host());
    idle.get("/", None).unwrap();
    drop(bench);
    assert!(TcpStream::connect(address).is_err());
    assert!(idle.get("/", None).is_err());
    let again = Cloud::builder(National::China).address(&address.to_string());
    assert!(again.start().is_ok());
}

#[test]
fn the_proxy_carries_refuses_and_logs() {
    let bench = Bench::new();
    let proxy = ForwardProxy::start(bench.cloud.address(), Some(("device", "secret"))).unwrap();
    let ask = |credentials: &str| {
        let mut tcp = TcpStream::connect(proxy.address()).unwrap();
        write!(
            tcp,
            "CONNECT login.microsoftonline.us:443 HTTP/1.1\r\n{credentials}\r\n"
        )
        .unwrap();
        let mut head = [0; 12];
        tcp.read_exact(&mut head).unwrap();
        (String::from_utf8_lossy(&head)[9..].to_owned(), tcp)
    };
    let right = "Proxy-Authorization: Basic ZGV2aWNlOnNlY3JldA==\r\n";
    assert_eq!(ask("").0, "407");
    assert_eq!(ask("Proxy-Authorization: Basic eA==\r\n").0, "407");
    assert_eq!(ask(right).0, "200");
    let modes = [
        (ProxyMode::BadGateway, "502"),
        (ProxyMode::Forbidden, "403"),
        (ProxyMode::RefuseCredentials, "407"),
    ];
    for (mode, status) in modes {
        proxy.set_mode(mode);
        assert_eq!(ask(right).0, status);
    }
    let connects = proxy.connects();
    assert_eq!(connects.len(), 6);
    assert_eq!(connects[0].target, "login.microsoftonline.us:443");
    assert!(!connects[0].had_credentials && connects[1].had_credentials);
}

#[test]
fn tls_goes_through_the_proxy() {
    let bench = Bench::new();
    let proxy = ForwardProxy::start(bench.cloud.address(), None).unwrap();
    let through = Client::new(proxy.address(), bench.cloud.ca_pem());
    let host = bench.cloud.login_host();
    let mut session = through.open(&host);
    write!(session.stream.sock, "CONNECT {host}:443 HTTP/1.1\r\n\r\n").unwrap();
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        session.stream.sock.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    assert_eq!(session.get("/", None).unwrap().status, 404);
}

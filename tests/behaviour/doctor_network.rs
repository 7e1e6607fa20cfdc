//! `check --online` where the network fails: TLS, names, ports, proxies.

use std::net::UdpSocket;

use cloud::{ForwardProxy, ServerCertificate};
use serde_json::json;

use crate::doctor::*;
use crate::golden;
use crate::namespace::mounted;
use crate::staleness::closed_port;
use crate::support::{is_root, one_secret, Site};

#[test]
fn an_interceptor_is_told_by_the_authority_that_it_shows() {
    let site = Site::with_one_secret();
    site.cloud
        .show_certificate(ServerCertificate::OtherAuthority);
    let checks = finds_like_sync(&site, "tls", &|words| site.keyferry(words));
    let told = checks.first("tls")["detail"].as_str().unwrap();
    assert!(
        told.contains("login.") && told.contains("Loopback Cloud Root"),
        "{told}"
    );
    checks.assert_skipped(
        &[
            "authority",
            "tenant",
            "token",
            "audience",
            "vault",
            "object",
        ],
        "tls failed",
    );
    assert_eq!(checks.first("tcp")["outcome"], "ok");
    assert!(site.cloud.requests().is_empty(), "nothing was sent");
    golden::matches(&site, "doctor_interception", &site.keyferry(&DOCTOR));
}

/// A name server that knows no name, on an address of its own.
fn ignorant_name_server() -> String {
    let id = std::process::id();
    let address = format!("127.{}.{}.53", id / 256 % 256, id % 256);
    let socket = UdpSocket::bind((address.as_str(), 53)).unwrap();
    std::thread::spawn(move || {
        let mut packet = [0; 512];
        while let Ok((length, peer)) = socket.recv_from(&mut packet) {
            // RFC 1035, 4.1.1: a response, recursion available, rcode 3 (no such name).
            packet[2] |= 0x80;
            packet[3] = 0x83;
            socket.send_to(&packet[..length], peer).ok();
        }
    });
    address
}

#[test]
fn a_name_that_does_not_exist_is_told() {
    if !is_root() {
        return;
    }
    let site = Site::with_one_secret();
    let mut config = site.config(one_secret());
    config["network"]["resolve"]
        .as_object_mut()
        .unwrap()
        .remove(&site.cloud.login_host());
    site.configure(&config);
    site.write(
        "resolv.conf",
        &format!("nameserver {}\n", ignorant_name_server()),
        0o644,
    );
    let run = |words: &[&str]| {
        mounted(
            &site,
            "mount --bind $TOPresolv.conf /etc/resolv.conf",
            words,
        )
    };
    let checks = finds_like_sync(&site, "dns", &run);
    assert_eq!(
        checks.first("dns")["detail"],
        "DNS: login.microsoftonline.us: no such name"
    );
    checks.assert_skipped(
        &["tcp", "tls", "authority", "tenant", "token", "audience"],
        "dns failed",
    );
    // The vault was reached all the same.
    checks.assert_skipped(&["vault", "object"], "dns failed");
    assert!(
        checks.all("tls").any(|check| check["outcome"] == "ok"),
        "{:#?}",
        checks.0
    );
}

#[test]
fn a_closed_port_is_told() {
    let site = Site::with_one_secret();
    let mut config = site.config(one_secret());
    config["network"]["resolve"][site.cloud.login_host()] = json!(closed_port());
    site.configure(&config);
    let checks = finds_like_sync(&site, "tcp", &|words| site.keyferry(words));
    checks.assert_skipped(
        &[
            "tls",
            "authority",
            "tenant",
            "token",
            "audience",
            "vault",
            "object",
        ],
        "tcp failed",
    );
}

#[test]
fn a_proxy_that_wants_credentials_is_told() {
    let site = Site::with_one_secret();
    let proxy = ForwardProxy::start(site.cloud.address(), Some(("edge", "open sesame"))).unwrap();
    let mut config = site.config(one_secret());
    config["network"]["resolve"] = json!({});
    config["network"]["proxy"] = json!(proxy.url());
    site.configure(&config);
    let checks = finds_like_sync(&site, "proxy", &|words| site.keyferry(words));
    let told = checks.first("proxy")["detail"].as_str().unwrap();
    assert!(told.contains("(status 407)"), "{told}");
    checks.assert_skipped(
        &[
            "tcp",
            "tls",
            "authority",
            "tenant",
            "token",
            "audience",
            "vault",
            "object",
        ],
        "proxy failed",
    );
    checks.assert_skipped(&["dns"], "the proxy looks it up");
}

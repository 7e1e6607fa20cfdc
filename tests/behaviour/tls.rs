//! Whom the program believes to be the cloud: certificates, authorities, handshakes.

use std::io::{Read, Write};

use cloud::ServerCertificate;
use serde_json::json;

use crate::namespace::mounted;
use crate::network::{fails, synced};
use crate::support::{is_root, one_secret, Site};

#[test]
fn a_server_that_is_not_the_one_meant_is_told_by_its_certificate() {
    for (shown, reason, said) in [
        (
            ServerCertificate::OtherAuthority,
            "tls",
            "Loopback Cloud Root",
        ),
        (
            ServerCertificate::Expired,
            "clock",
            "has expired by this device's clock",
        ),
        (
            ServerCertificate::NotYet,
            "clock",
            "is not valid yet by this device's clock",
        ),
        (
            ServerCertificate::OtherName,
            "tls",
            "its certificate is for another name",
        ),
    ] {
        let site = synced();
        site.cloud.reset_log();
        site.cloud.show_certificate(shown);
        fails(&site, 75, reason, said).says("TLS: factory7-edge.vault.usgovcloudapi.net");
        assert!(site.cloud.requests().is_empty(), "nothing was sent");
    }
}

#[test]
fn authorities_come_from_the_configuration_and_are_never_guessed() {
    let site = Site::with_one_secret();
    let mut config = site.config(one_secret());
    config["network"]["ca_file"] = json!(site.path("etc/none.pem"));
    site.configure(&config);
    fails(&site, 78, "tls", "no certificate authorities found").says("etc/none.pem cannot be read");
    site.write("etc/none.pem", "nothing here\n", 0o644);
    fails(&site, 78, "tls", "holds no usable certificate");
    let other = Site::new();
    config["network"]["ca_file"] = json!(other.path("etc/ca.pem"));
    site.configure(&config);
    fails(
        &site,
        69,
        "tls",
        "comes from an authority that is not trusted here",
    );
    config["network"]["ca_extra"] = json!(site.path("etc/ca.pem"));
    site.configure(&config);
    site.keyferry(&["sync"]).exits(0);
}

#[test]
fn a_device_without_a_bundle_is_told_to_install_one() {
    if !is_root() {
        return;
    }
    let site = Site::with_one_secret();
    let mut config = site.config(one_secret());
    config["network"].as_object_mut().unwrap().remove("ca_file");
    site.configure(&config);
    let hide = "for d in /etc/ssl /etc/pki; do if [ -d $d ]; then mount -t tmpfs none $d; fi; done";
    let run = mounted(&site, hide, &["sync"]).exits(78);
    run.says("no certificate authorities found: none of")
        .says("install ca-certificates");
}

#[test]
fn a_handshake_that_is_cut_is_told() {
    let site = synced();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = site.config(one_secret());
    config["network"]["resolve"][site.vault.host()] =
        json!(listener.local_addr().unwrap().to_string());
    config["network"]["max_requests"] = json!(1);
    site.configure(&config);
    let cutter = std::thread::spawn(move || drop(listener.accept()));
    let said = format!("TLS: {}", site.vault.host());
    site.keyferry(&["sync", "--log", "debug"])
        .exits(75)
        .says(&said);
    cutter.join().unwrap();
}

#[test]
fn what_answers_without_fitting_tls_is_told() {
    for (answer, said) in [
        (
            // A fatal alert: handshake_failure (RFC 8446, 6).
            &b"\x15\x03\x03\x00\x02\x02\x28"[..],
            "no common TLS version or cipher",
        ),
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            "what answers does not speak TLS",
        ),
    ] {
        let site = synced();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut config = site.config(one_secret());
        config["network"]["resolve"][site.vault.host()] =
            json!(listener.local_addr().unwrap().to_string());
        site.configure(&config);
        let answerer = std::thread::spawn(move || {
            let (mut peer, _) = listener.accept().unwrap();
            peer.write_all(answer).unwrap();
            // Until the client has read it and goes.
            peer.read_to_end(&mut Vec::new()).ok();
        });
        fails(&site, 75, "tls", said);
        answerer.join().unwrap();
    }
}

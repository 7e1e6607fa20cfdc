//! Credential files: which are taken, which are refused before any request.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use cloud::{Device, DeviceAuthority, Validity};
use serde_json::json;

use crate::support::{is_root, one_secret, Site};

/// The sign-in worked and nothing about it is remarkable to the authority.
#[track_caller]
fn signs_in(site: &Site) {
    // The debug log tells most, and no secret either.
    site.keyferry(&["sync", "--log", "debug"]).exits(0);
    let sign_in = &site.cloud.requests()[0];
    assert!(
        sign_in.authorized && sign_in.notes.is_empty(),
        "{:?}",
        sign_in.notes
    );
    assert_eq!(sign_in.host, site.cloud.login_host());
    site.assert_well_behaved();
}

#[test]
fn a_client_secret_is_taken_with_and_without_its_newline() {
    for text in ["correct horse", "correct horse\n", "correct horse\r\n"] {
        let site = Site::with_one_secret();
        site.write("etc/secret", text, 0o600);
        let mut config = site.config(one_secret());
        config["identity"] = site.secret_identity();
        site.configure(&config);
        signs_in(&site);
        assert!(site.status()["identity"]["text"]
            .as_str()
            .unwrap()
            .starts_with("client secret of"));
    }
}

#[test]
fn a_client_secret_may_come_from_the_environment_or_systemd() {
    let site = Site::with_one_secret();
    let mut config = site.config(one_secret());
    config["identity"] = site.secret_identity();
    config["identity"]["client_secret"] = json!({"env": "DEVICE_SECRET"});
    site.configure(&config);
    site.keyferry(&["sync"])
        .exits(66)
        .says("environment variable DEVICE_SECRET does not exist");
    site.run(
        site.command(&["sync"])
            .env("DEVICE_SECRET", "correct horse"),
    )
    .exits(0);
    let site = self::Site::with_one_secret();
    config = site.config(one_secret());
    config["identity"] = site.secret_identity();
    config["identity"]["client_secret"] = json!({"credential": "azure"});
    site.configure(&config);
    site.write("credentials/azure", "correct horse", 0o440);
    let credentials = site.path("credentials");
    site.keyferry(&["sync"])
        .exits(66)
        .says("credential azure does not exist");
    site.run(
        site.command(&["sync"])
            .env("CREDENTIALS_DIRECTORY", credentials),
    )
    .exits(0);
}

#[test]
fn certificates_are_taken_in_all_usual_forms() {
    for (bits, pkcs1, files) in [
        (2048, false, 2),
        (2048, true, 1),
        (2048, true, 2),
        (3072, false, 1),
        (4096, false, 1),
    ] {
        let site = Site::with_one_secret();
        let device = Device::builder("gw-0042").bits(bits).build();
        site.cloud
            .add_certificate(&site.app, &device.certificate_der);
        let key = if pkcs1 {
            device.private_key_pkcs1_pem.unwrap()
        } else {
            device.private_key_pem
        };
        let mut config = site.config(one_secret());
        if files == 1 {
            site.write(
                "etc/device.pem",
                &format!("{}{key}", device.certificate_pem),
                0o600,
            );
        } else {
            site.write("etc/device.pem", &device.certificate_pem, 0o600);
            site.write("etc/device.key", &key, 0o600);
            config["identity"]["private_key"] = json!(site.path("etc/device.key"));
        }
        site.configure(&config);
        signs_in(&site);
        assert_eq!(site.status()["identity"]["text"], "certificate gw-0042");
    }
}

#[test]
fn the_chain_is_sent_for_trust_by_subject() {
    let site = Site::with_one_secret();
    let authority = DeviceAuthority::new("Factory CA");
    let device = Device::builder("gw-0042").issued_by(&authority).build();
    site.cloud.remove_certificates(&site.app);
    site.cloud
        .trust_subject(&site.app, &authority.certificate_der(), "CN=gw-0042");
    site.write("etc/device.pem", &device.combined_pem, 0o600);
    site.keyferry(&["sync"]).exits(77).says("AADSTS");
    let mut config = site.config(one_secret());
    config["identity"]["send_chain"] = json!(true);
    site.configure(&config);
    site.cloud.reset_log();
    signs_in(&site);
}

/// Each wrong credential has its own sentence and code, and nothing is sent.
#[test]
fn a_wrong_credential_is_refused_before_any_request() {
    let elliptic = Device::builder("gw-0042").elliptic().build().combined_pem;
    let device = Device::new("gw-0042");
    let other = Device::builder("other").key(1).build();
    let encrypted = format!(
        "{}{}",
        device.certificate_pem,
        Device::encrypted_private_key_pem()
    );
    let foreign = format!("{}{}", device.certificate_pem, other.private_key_pem);
    let long = format!("{}{}", device.combined_pem, "#".repeat(64 * 1024));
    let junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let bad_key = format!(
        "{}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        device.certificate_pem
    );
    for (text, mode, code, said) in [
        (
            elliptic.as_str(),
            0o600,
            78,
            "elliptic-curve key; Microsoft Entra accepts only RSA",
        ),
        (&encrypted, 0o600, 78, "holds an encrypted private key"),
        (
            &foreign,
            0o600,
            78,
            "holds a private key that is not the certificate's",
        ),
        (
            &device.combined_pem,
            0o644,
            78,
            "may be read or written by others (mode 0644)",
        ),
        (&device.certificate_pem, 0o600, 78, "holds no private key"),
        (&device.private_key_pem, 0o600, 78, "holds no certificate"),
        (
            &(junk.to_owned() + &device.private_key_pem),
            0o600,
            78,
            "is not an X.509 certificate in PEM",
        ),
        (
            &bad_key,
            0o600,
            78,
            "is not a PKCS#8 or PKCS#1 private key in PEM",
        ),
        ("", 0o600, 78, "is empty"),
        (" \n", 0o600, 78, "is empty"),
        (&long, 0o600, 78, "is longer than 65536 bytes"),
    ] {
        let site = Site::with_one_secret();
        site.write("etc/device.pem", text, mode);
        let run = site.keyferry(&["sync"]).exits(code);
        run.says(said).says("  next: ").says("etc/device.pem");
        assert_eq!(site.cloud.connections(), 0, "{said}");
        assert_eq!(site.set_status("mqtt")["reason"], "credential");
        site.keyferry(&["check"]).exits(code).says(said);
    }
}

#[test]
fn a_missing_credential_is_66_and_a_directory_is_none() {
    let site = Site::with_one_secret();
    fs::remove_file(site.path("etc/device.pem")).unwrap();
    site.keyferry(&["sync"])
        .exits(66)
        .says("etc/device.pem does not exist");
    fs::create_dir(site.path("etc/device.pem")).unwrap();
    site.keyferry(&["sync"])
        .exits(78)
        .says("is not a regular file");
    assert_eq!(site.cloud.connections(), 0);
}

#[test]
fn a_small_rsa_key_is_refused() {
    if !crate::support::has_tool("openssl") {
        return;
    }
    let site = Site::with_one_secret();
    let made = std::process::Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:1024",
            "-nodes",
            "-subj",
            "/CN=gw-0042",
            "-days",
            "9",
        ])
        .arg("-keyout")
        .arg(site.path("etc/device.key"))
        .arg("-out")
        .arg(site.path("etc/device.pem"))
        .output()
        .unwrap();
    assert!(made.status.success());
    for file in ["etc/device.key", "etc/device.pem"] {
        fs::set_permissions(site.path(file), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let mut config = site.config(one_secret());
    config["identity"]["private_key"] = json!(site.path("etc/device.key"));
    site.configure(&config);
    site.keyferry(&["sync"])
        .exits(78)
        .says("is not of 2048 to 4096 bit");
    assert_eq!(site.cloud.connections(), 0);
}

#[test]
fn a_credential_of_another_user_or_out_of_reach_is_refused() {
    if !is_root() {
        return;
    }
    let site = Site::with_one_secret();
    std::os::unix::fs::chown(site.path("etc/device.pem"), Some(4711), None).unwrap();
    site.keyferry(&["sync"])
        .exits(78)
        .says("belongs to user 4711");
    site.give_to(65_534);
    std::os::unix::fs::chown(site.path("etc/device.pem"), Some(0), None).unwrap();
    let run = site.run(&mut site.command_as(65_534, &["sync"])).exits(78);
    run.says("etc/device.pem cannot be read: Permission denied");
    assert_eq!(site.set_status("mqtt")["reason"], "permission");
    assert_eq!(site.cloud.connections(), 0);
}

#[test]
fn an_expired_or_soon_expiring_certificate_is_told() {
    for (validity, said) in [
        (Validity::Soon, "certificate gw-0042 expires in "),
        (Validity::Expired, "certificate gw-0042 expired on 20"),
    ] {
        let site = Site::with_one_secret();
        let device = Device::builder("gw-0042").validity(validity).build();
        site.cloud
            .add_certificate(&site.app, &device.certificate_der);
        site.write("etc/device.pem", &device.combined_pem, 0o600);
        let run = site.keyferry(&["sync"]);
        run.says("warning: ").says(said);
        site.keyferry(&["check"]).exits(0).says(said);
    }
}

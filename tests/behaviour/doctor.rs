//! `check --online`: every layer provoked by its real cause, with the sentence of `sync` and
//! the next step; what depends on it is skipped; nothing is changed.

use std::collections::BTreeMap;
use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use cloud::{
    Action, Denial, Fault, ForwardProxy, Match, National, Scope, Secret, ServerCertificate,
};
use serde_json::{json, Value};

use crate::golden;
use crate::namespace::mounted;
use crate::staleness::closed_port;
use crate::support::{has_tool, is_root, one_secret, Run, Site};

const DOCTOR: [&str; 2] = ["check", "--online"];

/// The checks of a run with `--json`.
struct Checks(Vec<Value>);

impl Checks {
    fn of(run: &Run) -> Self {
        let told: Value = serde_json::from_str(&run.stdout).unwrap();
        let checks = told["checks"].as_array().unwrap().clone();
        let failed = checks.iter().find(|check| check["outcome"] == "failed");
        assert_eq!(told["ok"], failed.is_none());
        let code = failed.map_or(json!(0), |check| check["exit_code"].clone());
        assert_eq!(json!(run.code), code, "that of the first failure");
        Self(checks)
    }

    fn all<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |check| check["id"] == id)
    }

    /// The first check `id`.
    #[track_caller]
    fn first(&self, id: &str) -> &Value {
        let mut found = self.0.iter().filter(|check| check["id"] == id);
        found.next().unwrap()
    }

    #[track_caller]
    fn assert_skipped(&self, ids: &[&str], because: &str) {
        for id in ids {
            let skipped = self
                .all(id)
                .any(|check| check["outcome"] == "skipped" && check["because"] == because);
            assert!(
                skipped,
                "{id} is not skipped because {because}: {:#?}",
                self.0
            );
        }
    }

    fn first_failure(&self) -> &str {
        let mut failed = self.0.iter().filter(|check| check["outcome"] == "failed");
        failed
            .next()
            .map_or("", |check| check["id"].as_str().unwrap())
    }
}

/// The doctor finds `id` first and says of it what `sync` says, next step included; `run` runs
/// the program.
#[track_caller]
fn finds_like_sync(site: &Site, id: &str, run: &dyn Fn(&[&str]) -> Run) -> Checks {
    let before = tree(site);
    let run_json = run(&["check", "--online", "--json"]);
    let checks = Checks::of(&run_json);
    assert_eq!(checks.first_failure(), id, "{:#?}", checks.0);
    let text = run(&DOCTOR);
    assert_eq!(tree(site), before, "the doctor changes nothing");
    let failed = checks
        .all(id)
        .find(|check| check["outcome"] == "failed")
        .unwrap();
    let (sentence, step) = (
        failed["detail"].as_str().unwrap(),
        failed["next_step"].as_str().unwrap(),
    );
    assert!(!step.is_empty());
    assert!(
        text.stdout
            .contains(&format!("FAILED   {id:<10} {sentence}\n")),
        "{}",
        text.stdout
    );
    assert!(
        text.stdout.contains(&format!("\n  next: {step}\n")),
        "{}",
        text.stdout
    );
    run(&["sync"])
        .says(&format!("error: mqtt: {sentence}\n"))
        .says(&format!("  next: {step}\n"));
    checks
}

/// Everything below the test's directory, with what a change would leave behind.
fn tree(site: &Site) -> BTreeMap<PathBuf, (u32, i64, i64, u64)> {
    let mut found = BTreeMap::new();
    let mut paths = vec![site.path("")];
    while let Some(path) = paths.pop() {
        let stat = fs::symlink_metadata(&path).unwrap();
        if stat.is_dir() {
            paths.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        }
        found.insert(
            path,
            (stat.mode(), stat.mtime(), stat.mtime_nsec(), stat.len()),
        );
    }
    found
}

#[test]
fn a_healthy_site_is_told_layer_by_layer() {
    let site = Site::with_one_secret();
    let before = tree(&site);
    let run = site.keyferry(&DOCTOR).exits(0);
    golden::matches(&site, "doctor_healthy", &run);
    assert_eq!(tree(&site), before, "the doctor changes nothing");
    let requests: Vec<String> = site.cloud.requests().into_iter().map(|r| r.path).collect();
    assert_eq!(requests.len(), 3, "authority, token, object: {requests:?}");
    site.assert_well_behaved();
    let checks = Checks::of(&site.keyferry(&["check", "--online", "--json"]));
    let order: Vec<&str> = checks
        .0
        .iter()
        .map(|check| check["id"].as_str().unwrap())
        .collect();
    let mut each = order.clone();
    each.dedup();
    assert_eq!(each, IDS);
}

#[test]
fn a_kept_token_is_neither_used_nor_touched() {
    let site = Site::with_one_secret();
    site.keyferry(&["sync"]).exits(0);
    site.cloud.remove_certificates(&site.app);
    let before = tree(&site);
    let checks = Checks::of(&site.keyferry(&["check", "--online", "--json"]));
    assert_eq!(checks.first_failure(), "token");
    checks.assert_skipped(&["audience", "vault", "object"], "token failed");
    assert_eq!(tree(&site), before);
    site.keyferry(&["sync"]).exits(0);
}

#[test]
fn a_wrong_configuration_leaves_nothing_to_look_at() {
    let site = Site::with_one_secret();
    let mut config = site.config(one_secret());
    config["cloud"] = json!("usgv");
    site.configure(&config);
    let run = site
        .keyferry(&DOCTOR)
        .exits(78)
        .says("  next: write \"usgov\"");
    golden::matches(&site, "doctor_config", &run);
    let checks = Checks::of(&site.keyferry(&["check", "--online", "--json"]));
    checks.assert_skipped(&IDS[1..], "config failed");
    assert_eq!(site.cloud.connections(), 0);
}

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

#[test]
fn an_authority_that_answers_with_a_page_is_told() {
    let site = Site::with_one_secret();
    site.cloud.fault(Fault {
        matching: Match::Host(site.cloud.login_host()),
        action: Action::HtmlPage,
        times: usize::MAX,
    });
    let checks = finds_like_sync(&site, "authority", &|words| site.keyferry(words));
    checks.assert_skipped(
        &["tenant", "token", "audience", "vault", "object"],
        "authority failed",
    );
}

#[test]
fn a_tenant_that_is_not_in_this_cloud_is_told() {
    let site = Site::with_one_secret();
    let mut config = site.config(one_secret());
    config["identity"]["tenant"] = json!("00000000-1111-2222-3333-444444444444");
    site.configure(&config);
    let checks = finds_like_sync(&site, "tenant", &|words| site.keyferry(words));
    let told = checks.first("tenant")["detail"].as_str().unwrap();
    assert!(told.contains("AADSTS90002"), "{told}");
    assert_eq!(checks.first("authority")["outcome"], "ok");
    checks.assert_skipped(&["token", "audience", "vault", "object"], "tenant failed");
    golden::matches(&site, "doctor_tenant", &site.keyferry(&DOCTOR));
}

#[test]
fn a_tenant_that_moved_to_another_cloud_is_told() {
    let site = Site::with_one_secret();
    site.cloud.move_tenant_to(National::Public);
    let checks = finds_like_sync(&site, "tenant", &|words| site.keyferry(words));
    let told = checks.first("tenant")["detail"].as_str().unwrap();
    assert!(told.contains("AADSTS900382"), "{told}");
    checks.assert_skipped(&["token", "audience", "vault", "object"], "tenant failed");
}

#[test]
fn a_document_that_is_none_is_a_matter_of_the_authority() {
    let site = Site::with_one_secret();
    site.cloud.fault(Fault {
        matching: Match::Path("openid-configuration".to_owned()),
        action: Action::Status {
            code: 200,
            headers: Vec::new(),
            body: "[]".to_owned(),
        },
        times: usize::MAX,
    });
    let checks = Checks::of(&site.keyferry(&["check", "--online", "--json"]).exits(65));
    assert_eq!(checks.first_failure(), "authority");
    checks.assert_skipped(&["tenant", "token", "object"], "authority failed");
}

#[test]
fn ad_fs_has_one_tenant_only() {
    let site = Site::of(National::AzureStack);
    site.seed("mqtt-password", "hunter2");
    let mut config = site.config(one_secret());
    config["cloud"] = json!({
        "authority": format!("https://{}/adfs", site.cloud.login_host()),
        "vault_suffix": "vault.local.azurestack.external",
    });
    config["identity"]["tenant"] = json!("adfs");
    site.configure(&config);
    let checks = Checks::of(&site.keyferry(&["check", "--online", "--json"]).exits(0));
    checks.assert_skipped(&["tenant"], "AD FS has one tenant only");
    assert_eq!(checks.first("object")["outcome"], "ok");
    site.assert_well_behaved();
}

#[test]
fn a_refused_sign_in_is_told_and_a_fallback_is_a_warning() {
    let site = Site::with_one_secret();
    site.cloud.remove_certificates(&site.app);
    let checks = finds_like_sync(&site, "token", &|words| site.keyferry(words));
    assert_eq!(checks.first("tenant")["outcome"], "ok");
    checks.assert_skipped(&["audience", "vault", "object"], "token failed");
    let mut config = site.config(one_secret());
    config["identity"] = json!([site.certificate_identity(), site.secret_identity()]);
    site.configure(&config);
    let checks = Checks::of(&site.keyferry(&["check", "--online", "--json"]).exits(0));
    assert_eq!(checks.first("token")["outcome"], "warning");
    assert_eq!(checks.first("object")["outcome"], "ok");
}

#[test]
fn an_audience_that_the_vault_does_not_take_is_told() {
    let site = Site::with_one_secret();
    let body = json!({"error": {"code": "Unauthorized", "message": "AKV10022: Invalid audience. Expected https://vault.usgovcloudapi.net, found: https://vault.azure.net."}});
    site.cloud.fault(Fault {
        matching: Match::Host(site.vault.host().to_owned()),
        action: Action::Status {
            code: 401,
            headers: Vec::new(),
            body: body.to_string(),
        },
        times: usize::MAX,
    });
    let checks = finds_like_sync(&site, "audience", &|words| site.keyferry(words));
    checks.assert_skipped(&["vault", "object"], "audience failed");
}

#[test]
fn what_a_vault_refuses_is_told_apart() {
    for (denial, code, id) in [
        (Denial::Connection, "ForbiddenByConnection", "vault"),
        (Denial::Firewall, "ForbiddenByFirewall", "vault"),
        (Denial::Policy, "ForbiddenByPolicy", "object"),
        (Denial::Rbac, "ForbiddenByRbac", "object"),
    ] {
        let site = Site::with_one_secret();
        site.vault.deny(denial, Scope::Vault);
        let checks = finds_like_sync(&site, id, &|words| site.keyferry(words));
        let told = checks.first(id)["detail"].as_str().unwrap();
        assert!(told.contains(code), "{told}");
        assert_eq!(checks.first("audience")["outcome"], "ok");
        if id == "vault" {
            checks.assert_skipped(&["object"], "vault failed");
        }
    }
    let site = Site::with_one_secret();
    site.vault.deny(Denial::Firewall, Scope::Vault);
    golden::matches(&site, "doctor_firewall", &site.keyferry(&DOCTOR).exits(77));
}

#[test]
fn each_object_is_looked_at() {
    let site = Site::with_one_secret();
    let day = 86_400;
    let now = i64::try_from(
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap()
            .as_secs(),
    )
    .unwrap();
    for (name, not_before, expires) in [
        ("ending", None, Some(now + 3 * day)),
        ("ended", None, Some(now - 3 * day)),
        ("early", Some(now + 3 * day), None),
    ] {
        let value = Secret {
            not_before,
            expires,
            ..Secret::new("hush-hush")
        };
        site.vault.set_with(name, value);
    }
    site.hide("hush-hush");
    site.seed("off", "hunter3");
    site.vault.disable("off", "latest");
    site.configure(&site.config(json!({
        "a": {"files": {"1": {"secret": "mqtt-password"}, "2": {"secret": "ending"}, "3": {"secret": "ended"}}},
        "b": {"files": {"1": {"secret": "early"}, "2": {"secret": "off"}, "3": {"secret": "none"}}},
        "c": {"files": {"1": {"secret": "gone", "if_missing": "keep"}, "2": {"secret": "mqtt-password"}}},
    })));
    let checks = Checks::of(&site.keyferry(&["check", "--online", "--json"]).exits(65));
    let outcome = |name: &str| {
        let found = checks
            .all("object")
            .find(|check| check["title"] == format!("object: secret {name}"));
        found.unwrap()["outcome"].as_str().unwrap().to_owned()
    };
    for (name, wanted) in [
        ("mqtt-password", "ok"),
        ("ending", "warning"),
        ("ended", "warning"),
        ("early", "failed"),
        ("off", "failed"),
        ("none", "failed"),
        ("gone", "warning"),
    ] {
        assert_eq!(outcome(name), wanted, "{name}");
    }
    assert_eq!(checks.all("object").count(), 7, "each once");
    golden::matches(&site, "doctor_objects", &site.keyferry(&DOCTOR));
}

#[test]
fn a_vault_without_objects_is_asked_for_a_list_of_one() {
    let site = Site::new();
    site.configure(&site.config(json!({})));
    let checks = Checks::of(&site.keyferry(&["check", "--online", "--json"]).exits(0));
    assert_eq!(checks.first("vault")["outcome"], "ok");
    assert_eq!(checks.all("object").count(), 0);
    site.assert_well_behaved();
    site.vault.deny(Denial::Policy, Scope::Vault);
    let run = site.keyferry(&DOCTOR).exits(77);
    run.says("refused the list of secrets")
        .says("the secret permission \"list\"");
}

#[test]
fn the_limit_of_requests_holds_for_the_doctor() {
    let site = Site::with_one_secret();
    let mut config = site.config(one_secret());
    config["network"]["max_requests"] = json!(2);
    site.configure(&config);
    let checks = Checks::of(&site.keyferry(&["check", "--online", "--json"]).exits(69));
    assert_eq!(checks.first_failure(), "vault");
    assert_eq!(checks.first("vault")["reason"], "budget");
    assert_eq!(site.cloud.requests().len(), 2);
}

#[test]
fn a_key_that_cannot_be_read_is_told() {
    if !is_root() {
        return;
    }
    let site = Site::with_one_secret();
    site.give_to(65_534);
    std::os::unix::fs::chown(site.path("etc/device.pem"), Some(0), Some(0)).unwrap();
    let run = |words: &[&str]| site.run(&mut site.command_as(65_534, words));
    let checks = finds_like_sync(&site, "identity", &run);
    let step = checks.first("identity")["next_step"].as_str().unwrap();
    assert!(
        step.starts_with("let the user that runs keyferry read"),
        "{step}"
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
        "identity failed",
    );
}

#[test]
fn a_device_in_1970_is_told_and_goes_on() {
    let Some(shim) = clock_of_1970() else {
        return;
    };
    let site = Site::with_one_secret();
    let run = |words: &[&str]| {
        site.run(
            site.command(words)
                .env("LD_PRELOAD", shim.path().join("clock.so")),
        )
    };
    let told = run(&["check", "--online", "--json"]).exits(69);
    let checks = Checks::of(&told);
    assert_eq!(checks.first_failure(), "clock");
    assert_eq!(checks.first("clock")["reason"], "clock");
    // TLS judges certificates no earlier than the release, and the authority's time dates the
    // sign-in: nothing else has to wait for the clock.
    for id in ["tls", "token", "object"] {
        assert!(checks.all(id).all(|check| check["outcome"] == "ok"), "{id}");
    }
    let sentence = checks.first("clock")["detail"].as_str().unwrap();
    let begins = "this device's clock says 1970-01-01T00:16:40Z, the services' 20";
    assert!(sentence.starts_with(begins), "{sentence}");
    let synced = run(&["sync"]).exits(0);
    synced
        .says(&format!("warning: {begins}"))
        .says("set this device's clock (NTP)");
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    let text = run(&DOCTOR).exits(69);
    text.says("FAILED   clock      this device's clock says 1970-")
        .says("  next: set this device's clock (NTP)");
    // Without any service the release's own date tells.
    site.cloud
        .show_certificate(ServerCertificate::OtherAuthority);
    let checks = Checks::of(&run(&["check", "--online", "--json"]));
    let sentence = checks.first("clock")["detail"].as_str().unwrap();
    assert!(
        sentence.contains(", but this release is of 20"),
        "{sentence}"
    );
}

/// A library that makes the C library's clock stand in 1970, for programs that are linked
/// with it.
fn clock_of_1970() -> Option<tempfile::TempDir> {
    if !has_tool("cc") {
        return None;
    }
    let directory = tempfile::tempdir().unwrap();
    let source = directory.path().join("clock.c");
    fs::write(&source, CLOCK).unwrap();
    let mut compiler = Command::new("cc");
    compiler
        .args(["-shared", "-fPIC", "-o"])
        .arg(directory.path().join("clock.so"));
    assert!(compiler.arg(source).status().unwrap().success());
    Some(directory)
}

const CLOCK: &str = "
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_REALTIME) now->tv_sec = 1000;
    return result;
}
";

#[test]
fn a_small_difference_of_clocks_is_a_warning() {
    for (offset, outcome) in [
        (0, "ok"),
        (-200, "warning"),
        (200, "warning"),
        (1200, "failed"),
    ] {
        let site = Site::with_one_secret();
        site.cloud.set_clock_offset(offset);
        let checks = Checks::of(&site.keyferry(&["check", "--online", "--json"]));
        assert_eq!(checks.first("clock")["outcome"], outcome, "{offset}");
    }
}

#[test]
fn hooks_that_cannot_work_are_told() {
    let site = Site::with_one_secret();
    let on_change = |on_change: Value| {
        let mut config = site.config(one_secret());
        config["sets"]["mqtt"]["on_change"] = on_change;
        site.configure(&config);
    };
    on_change(json!({"run": [["/nowhere/program"]]}));
    let checks = Checks::of(&site.keyferry(&["check", "--online", "--json"]).exits(0));
    assert_eq!(checks.first("hook")["outcome"], "warning");
    on_change(json!({"run": [["/bin/true"]]}));
    let checks = Checks::of(&site.keyferry(&["check", "--online", "--json"]).exits(0));
    assert_eq!(checks.first("hook")["outcome"], "ok");
    if !Path::new("/run/systemd/system").is_dir() {
        on_change(json!({"reload": ["mosquitto.service"]}));
        let run = site.keyferry(&DOCTOR).exits(78);
        run.says("systemd is not running here")
            .says("  next: use on_change.run");
    }
}

/// A `systemctl` that knows `mosquitto.service` alone, where systemd seems to run.
#[test]
fn a_unit_that_systemd_does_not_have_is_told() {
    if !is_root() {
        return;
    }
    let site = Site::with_one_secret();
    site.write("systemctl", SYSTEMCTL, 0o755);
    let pretend = "mount -t tmpfs none /run/systemd; mkdir /run/systemd/system; \
        mount -t tmpfs none /usr/local/sbin; cp $TOPsystemctl /usr/local/sbin/";
    let mut config = site.config(one_secret());
    config["sets"]["mqtt"]["on_change"] = json!({"reload": ["mosquitto.service"]});
    site.configure(&config);
    mounted(&site, pretend, &DOCTOR)
        .exits(0)
        .says("ok       hook       mqtt: reload mosquitto.service");
    config["sets"]["mqtt"]["on_change"] = json!({"reload": ["mosqitto.service"]});
    site.configure(&config);
    let run = |words: &[&str]| mounted(&site, pretend, words);
    let checks = finds_like_sync(&site, "hook", &run);
    let sentence = "on_change of mqtt: reload mosqitto.service: there is no such unit";
    assert_eq!(checks.first("hook")["detail"], sentence);
}

const SYSTEMCTL: &str = r#"#!/bin/sh
for unit; do :; done
case "$1 $unit" in
    "show mosquitto.service") echo LoadState=loaded ;;
    show*) echo LoadState=not-found ;;
    *mosquitto.service) ;;
    *) echo "Unit $unit not found." >&2; exit 5 ;;
esac
"#;

#[test]
fn directories_that_cannot_be_used_are_told() {
    let site = Site::with_one_secret();
    fs::create_dir_all(site.path("run/sets")).unwrap();
    std::os::unix::fs::symlink("/nowhere", site.path("run/sets/mqtt")).unwrap();
    let checks = finds_like_sync(&site, "directory", &|words| site.keyferry(words));
    assert_eq!(
        checks.first("object")["outcome"],
        "ok",
        "the rest is looked at"
    );
}

#[test]
fn a_broken_set_fails_alone_and_the_rest_is_looked_at() {
    let site = Site::with_one_secret();
    let mut config = site.config(one_secret());
    config["sets"]["broken"] = json!({"files": {"a": {"secret": "not a name"}}});
    site.configure(&config);
    let checks = Checks::of(&site.keyferry(&["check", "--online", "--json"]).exits(78));
    assert_eq!(checks.first("config")["outcome"], "failed");
    assert_eq!(checks.first("object")["outcome"], "ok");
}

#[test]
fn authorities_that_are_not_there_are_a_matter_of_tls() {
    let site = Site::with_one_secret();
    let mut config = site.config(one_secret());
    config["network"]["ca_file"] = json!(site.path("etc/none.pem"));
    site.configure(&config);
    let checks = finds_like_sync(&site, "tls", &|words| site.keyferry(words));
    checks.assert_skipped(
        &[
            "clock",
            "dns",
            "tcp",
            "authority",
            "token",
            "vault",
            "object",
        ],
        "tls failed",
    );
}

/// The checks in their order.
const IDS: [&str; 15] = [
    "config",
    "identity",
    "directory",
    "clock",
    "dns",
    "proxy",
    "tcp",
    "tls",
    "authority",
    "tenant",
    "token",
    "audience",
    "vault",
    "object",
    "hook",
];

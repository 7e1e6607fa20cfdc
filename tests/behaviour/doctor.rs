//! `check --online`: every layer provoked by its real cause, with the sentence of `sync` and
//! the next step; what depends on it is skipped; nothing is changed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use cloud::{Action, Denial, Fault, Match, National, Scope, Secret};
use serde_json::{json, Value};

use crate::golden;
use crate::support::{one_secret, Run, Site};

pub const DOCTOR: [&str; 2] = ["check", "--online"];

/// The checks of a run with `--json`.
pub struct Checks(pub Vec<Value>);

impl Checks {
    pub fn of(run: &Run) -> Self {
        let told: Value = serde_json::from_str(&run.stdout).unwrap();
        let checks = told["checks"].as_array().unwrap().clone();
        let failed = checks.iter().find(|check| check["outcome"] == "failed");
        assert_eq!(told["ok"], failed.is_none());
        let code = failed.map_or(json!(0), |check| check["exit_code"].clone());
        assert_eq!(json!(run.code), code, "that of the first failure");
        Self(checks)
    }

    pub fn all<'a>(&'a self, id: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |check| check["id"] == id)
    }

    /// The first check `id`.
    #[track_caller]
    pub fn first(&self, id: &str) -> &Value {
        let mut found = self.0.iter().filter(|check| check["id"] == id);
        found.next().unwrap()
    }

    #[track_caller]
    pub fn assert_skipped(&self, ids: &[&str], because: &str) {
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

    pub fn first_failure(&self) -> &str {
        let mut failed = self.0.iter().filter(|check| check["outcome"] == "failed");
        failed
            .next()
            .map_or("", |check| check["id"].as_str().unwrap())
    }
}

/// The doctor finds `id` first and says of it what `sync` says, next step included; `run` runs
/// the program.
#[track_caller]
pub fn finds_like_sync(site: &Site, id: &str, run: &dyn Fn(&[&str]) -> Run) -> Checks {
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
pub fn tree(site: &Site) -> BTreeMap<PathBuf, (u32, i64, i64, u64)> {
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

/// The checks in their order.
pub const IDS: [&str; 16] = [
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
    "storage",
    "object",
    "hook",
];

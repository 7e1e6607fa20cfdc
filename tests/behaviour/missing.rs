//! What the vault does not have, or does not give yet.

use cloud::{Action, Fault, Match, Secret};
use serde_json::{json, Value};

use crate::support::Site;

/// Two files, the second with this `if_missing`.
fn sets(if_missing: &str) -> Value {
    json!({"mqtt": {"files": {
        "a": {"secret": "first"},
        "b": {"secret": "second", "if_missing": if_missing},
    }}})
}

fn site(if_missing: &str) -> Site {
    let site = Site::new();
    site.seed("first", "value one");
    site.seed("second", "value two");
    site.configure(&site.config(sets(if_missing)));
    site
}

fn both(site: &Site) -> [Option<String>; 2] {
    ["a", "b"].map(|file| site.delivered("mqtt", file))
}

fn texts(pair: [Option<&str>; 2]) -> [Option<String>; 2] {
    pair.map(|text| text.map(str::to_owned))
}

#[test]
fn what_was_never_there_fails_the_set_or_is_left_out() {
    for (if_missing, code, left) in [
        ("fail", 66, None),
        ("keep", 0, Some("value one")),
        ("skip", 0, Some("value one")),
    ] {
        let site = Site::new();
        site.seed("first", "value one");
        site.configure(&site.config(sets(if_missing)));
        let run = site.keyferry(&["sync"]).exits(code);
        run.says("has no secret second (SecretNotFound)");
        assert_eq!(both(&site), texts([left, None]), "{if_missing}");
        let status = site.set_status("mqtt");
        assert_eq!(status["exit_code"], code);
        if code == 66 {
            assert_eq!(
                (&status["state"], &status["reason"]),
                (&json!("missing"), &json!("missing"))
            );
        }
    }
}

#[test]
fn what_was_delivered_is_missed_only_after_two_runs() {
    for (if_missing, code, left) in [
        ("fail", 66, [Some("value one"), Some("value two")]),
        ("keep", 0, [Some("new one"), Some("value two")]),
        ("skip", 0, [Some("new one"), None]),
    ] {
        let site = site(if_missing);
        site.keyferry(&["sync"]).exits(0);
        site.vault.delete("second");
        site.seed("first", "new one");
        site.keyferry(&["sync"])
            .exits(75)
            .says("once is not enough to believe it");
        assert_eq!(both(&site), texts([Some("value one"), Some("value two")]));
        assert_eq!(site.set_status("mqtt")["reason"], "missing");
        site.keyferry(&["sync"]).exits(code);
        assert_eq!(both(&site), texts(left), "{if_missing}");
        // What is kept stays kept, what is gone stays gone.
        site.keyferry(&["sync"]).exits(code);
        assert_eq!(both(&site), texts(left), "{if_missing}");
        if if_missing == "skip" {
            assert!(!site.set("mqtt").join("b").is_symlink());
        }
    }
}

#[test]
fn a_run_that_fails_before_it_looks_takes_nothing_back() {
    let site = site("skip");
    site.keyferry(&["sync"]).exits(0);
    site.vault.delete("second");
    site.keyferry(&["sync"]).exits(75);
    site.cloud.fault(Fault {
        matching: Match::Any,
        action: Action::Garbage,
        times: usize::MAX,
    });
    site.keyferry(&["sync"]).exits(65);
    assert_eq!(both(&site)[1].as_deref(), Some("value two"));
    site.cloud.clear_faults();
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(both(&site)[1], None);
}

#[test]
fn a_run_without_the_vault_between_does_not_count_as_a_second_look() {
    let site = site("skip");
    site.keyferry(&["sync"]).exits(0);
    site.vault.delete("second");
    site.keyferry(&["sync"]).exits(75);
    site.keyferry(&["sync", "--offline"]).exits(0);
    site.keyferry(&["sync", "--dry-run"])
        .exits(0)
        .says("removed");
    assert_eq!(both(&site)[1].as_deref(), Some("value two"));
    site.vault.recover("second");
    site.keyferry(&["sync"]).exits(0);
    site.vault.delete("second");
    site.keyferry(&["sync"]).exits(75);
    assert_eq!(both(&site)[1].as_deref(), Some("value two"));
}

#[test]
fn a_403_is_never_missing() {
    let site = site("skip");
    site.keyferry(&["sync"]).exits(0);
    site.vault.deny(
        cloud::Denial::Policy,
        cloud::Scope::Name("second".to_owned()),
    );
    for _ in 0..3 {
        site.keyferry(&["sync"]).exits(77);
        assert_eq!(both(&site), texts([Some("value one"), Some("value two")]));
    }
}

#[test]
fn a_404_that_is_not_the_vaults_own_is_never_missing() {
    let site = site("skip");
    site.cloud.fault(cloud::Fault {
        matching: cloud::Match::Path("/secrets/second".to_owned()),
        action: cloud::Action::Status {
            code: 404,
            headers: vec![("content-type".to_owned(), "text/html".to_owned())],
            body: "<html>no such page</html>".to_owned(),
        },
        times: usize::MAX,
    });
    site.keyferry(&["sync"])
        .exits(65)
        .says("nothing that a vault would say");
    assert_eq!(both(&site), [None, None]);
}

#[test]
fn a_pinned_version_that_is_not_there_is_named() {
    let site = Site::new();
    site.seed("first", "value one");
    let version = "0123456789abcdef0123456789abcdef";
    site.configure(
        &site.config(json!({"mqtt": {"files": {"a": {"secret": "first", "version": version}}}})),
    );
    site.keyferry(&["sync"])
        .exits(66)
        .says(&format!("has no version {version} of secret first"));
}

#[test]
fn a_secret_that_is_not_valid_yet_keeps_the_live_version() {
    let site = site("fail");
    site.keyferry(&["sync"]).exits(0);
    let mut early = Secret::new("value two of tomorrow");
    early.not_before = Some(4_102_444_800);
    site.hide("value two of tomorrow");
    site.vault.set_with("second", early);
    let run = site.keyferry(&["sync"]).exits(65);
    run.says("secret second in factory7-edge.vault.usgovcloudapi.net is not valid before 2100-01-01T00:00:00Z");
    assert_eq!(both(&site)[1].as_deref(), Some("value two"));
    assert_eq!(site.set_status("mqtt")["reason"], "not_yet_valid");
}

#[test]
fn an_expired_secret_is_delivered_with_a_warning() {
    let site = site("fail");
    let mut late = Secret::new("value two of old");
    late.expires = Some(1_000_000_000);
    site.hide("value two of old");
    site.vault.set_with("second", late);
    site.keyferry(&["sync"])
        .exits(0)
        .says("warning: secret second expired on 2001-09-09T01:46:40Z; delivered all the same");
    assert_eq!(both(&site)[1].as_deref(), Some("value two of old"));
}

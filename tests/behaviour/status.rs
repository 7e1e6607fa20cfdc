//! `status`: the table, JSON, monitoring, colours.

use serde_json::{json, Value};

use crate::golden;
use crate::staleness::{age, closed_port};
use crate::support::{has_tool, on_a_terminal, Site};

/// Current, stale by the network, refused by role and missing, as in the example.
fn mixed() -> Site {
    let site = Site::new();
    site.seed("mqtt-password", "hunter2");
    site.seed("web-token", "swordfish");
    let vpn = site.cloud.vault("other-vault");
    vpn.set("vpn-key", "sardine");
    site.hide("sardine");
    let mut config = site.config(json!({
        "mqtt": {"files": {"password": {"secret": "mqtt-password"}}},
        "vpn": {"files": {"key": {"secret": "vpn-key", "vault": "other-vault"}}},
        "web": {"files": {"token": {"secret": "web-token"}}},
    }));
    site.configure(&config);
    site.vault.deny(
        cloud::Denial::Rbac,
        cloud::Scope::Name("web-token".to_owned()),
    );
    site.keyferry(&["sync"]).exits(77);
    age(&site, "vpn", 2 * 86_400 + 3 * 3600);
    config["network"]["resolve"][vpn.host()] = json!(closed_port());
    site.configure(&config);
    site.keyferry(&["sync"]).exits(77);
    site
}

/// Moves the run into the past, so that every age is a round figure.
fn four_minutes_later(site: &Site) {
    let mut status = site.status();
    let now = status["run"]["at"].as_i64().unwrap();
    status["run"]["at"] = json!(now - 250);
    for (place, changed) in [(0, 12), (1, 40)] {
        status["sets"][place]["changed"] = json!(now - changed * 86_400 - 99);
    }
    status["sets"][0]["confirmed"] = json!(now - 250);
    status["sets"][1]["confirmed"] = json!(now - 2 * 86_400 - 3 * 3600 - 99);
    status["identity"]["expires"] = json!(now + 61 * 86_400 + 9_999);
    site.write("run/status.json", &status.to_string(), 0o640);
}

#[test]
fn the_table_fits_a_hundred_columns_and_names_next_steps() {
    let site = mixed();
    four_minutes_later(&site);
    let run = site.keyferry(&["status"]).exits(0);
    assert!(
        run.stdout.lines().all(|line| line.chars().count() <= 100),
        "{}",
        run.stdout
    );
    assert!(!run.all().contains('\u{1b}'), "no colour off a terminal");
    let short = |id: &str| format!("{}…", &id[..2]);
    let text = run.stdout.replace(&short(&site.app.object_id), "ID…");
    golden::text_matches("status", &golden::masked(&site, &text));
}

#[test]
fn json_has_reasons_of_the_closed_list() {
    let site = mixed();
    let run = site.keyferry(&["status", "--json"]).exits(0);
    let status: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(status, site.status());
    assert_eq!(status["schema"], 1);
    let told: Vec<_> = status["sets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|set| ["name", "state", "reason", "exit_code"].map(|key| set[key].clone()))
        .collect();
    assert_eq!(
        json!(told),
        json!([
            ["mqtt", "current", null, 0],
            ["vpn", "stale", "network", 75],
            ["web", "refused", "role", 77],
        ])
    );
    let known: Vec<&str> = keyferry::error::Reason::ALL
        .iter()
        .map(|reason| reason.as_str())
        .collect();
    assert!(known.contains(&"network") && known.contains(&"role"));
    let keys = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let shape = format!(
        "top: {}\nidentity: {}\nrun: {}\nset: {}\nfile: {}\n",
        keys(&status),
        keys(&status["identity"]),
        keys(&status["run"]),
        keys(&status["sets"][0]),
        keys(&status["sets"][0]["files"][0])
    );
    golden::text_matches("status_json_shape", &shape);
}

#[test]
fn max_age_is_for_monitoring() {
    let site = Site::new();
    site.seed("mqtt-password", "hunter2");
    site.configure(
        &site.config(json!({"mqtt": {"files": {"password": {"secret": "mqtt-password"}}}})),
    );
    site.keyferry(&["status"])
        .exits(69)
        .says("no run since this device started")
        .says("next: ");
    site.keyferry(&["sync"]).exits(0);
    age(&site, "mqtt", 3 * 3600);
    for (max_age, code) in [("2h", 69), ("4h", 0), ("2d", 0)] {
        site.keyferry(&["status", "--max-age", max_age]).exits(code);
        site.keyferry(&["status", "--json", "--max-age", max_age])
            .exits(code);
    }
    site.keyferry(&["status", "--max-age", "soon"])
        .exits(64)
        .says("--max-age must be a duration");
}

#[test]
fn a_status_of_a_later_release_is_not_guessed_at() {
    let site = Site::new();
    site.seed("mqtt-password", "hunter2");
    site.configure(
        &site.config(json!({"mqtt": {"files": {"password": {"secret": "mqtt-password"}}}})),
    );
    site.write("run/status.json", "{\"schema\": 2}", 0o640);
    std::fs::set_permissions(
        site.path("run"),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    site.keyferry(&["status"])
        .exits(65)
        .says("was written by a later release");
}

#[test]
fn a_damaged_status_is_no_bug_and_the_next_run_replaces_it() {
    let site = mixed();
    for text in ["{\"schema\": 1, ", "{\"schema\": 1}", "[]"] {
        site.write("run/status.json", text, 0o640);
        site.keyferry(&["status"])
            .exits(69)
            .says("status.json is damaged");
        site.keyferry(&["sync", "mqtt"]).exits(0);
        assert_eq!(site.set_status("mqtt")["state"], "current");
    }
    site.write("state/state.json", "{", 0o600);
    site.keyferry(&["sync", "mqtt"])
        .exits(0)
        .says("state.json is damaged");
}

#[test]
fn colours_go_to_a_terminal_unless_unwanted() {
    if !has_tool("script") {
        return;
    }
    let site = mixed();
    let painted = on_a_terminal(&site, &["status"], 80, &[]);
    for state in [
        "\u{1b}[32mcurrent\u{1b}[0m",
        "\u{1b}[33mstale (network)\u{1b}[0m",
        "\u{1b}[31mrefused (role)\u{1b}[0m",
    ] {
        assert!(painted.contains(state), "{painted}");
    }
    assert!(!on_a_terminal(&site, &["status"], 80, &[("NO_COLOR", "1")]).contains('\u{1b}'));
}

#[test]
fn a_sync_on_a_terminal_tells_each_change_and_switch() {
    if !has_tool("script") {
        return;
    }
    let site = Site::new();
    site.seed("mqtt-password", "hunter2");
    site.seed("mqtt-key", "sardine");
    let mut config = site.config(json!({"mqtt": {"files": {
        "password": {"secret": "mqtt-password"}, "key": {"secret": "mqtt-key"},
    }, "on_change": {"run": [["/bin/true"]]}}}));
    site.configure(&config);
    let mut told = on_a_terminal(&site, &["sync"], 80, &[]);
    site.seed("mqtt-password", "hunter3");
    config["sets"]["mqtt"]["files"]
        .as_object_mut()
        .unwrap()
        .remove("key");
    site.configure(&config);
    told += &on_a_terminal(&site, &["sync"], 80, &[]);
    told += &on_a_terminal(&site, &["sync"], 80, &[]);
    golden::text_matches(
        "sync_on_a_terminal",
        &golden::masked(&site, &told.replace("\r\n", "\n")),
    );
}

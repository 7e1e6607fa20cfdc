//! Several sets: shared objects, failures that stay alone, drop-ins, names on the command line.

use cloud::{Denial, Scope};
use serde_json::{json, Value};

use crate::support::Site;

fn three_sets() -> Value {
    json!({
        "mqtt": {"files": {"password": {"secret": "shared"}}},
        "vpn": {"files": {"key": {"secret": "vpn-key"}, "password": {"secret": "shared"}}},
        "web": {"files": {"token": {"secret": "shared"}}},
    })
}

fn site() -> Site {
    let site = Site::new();
    site.seed("shared", "hunter2");
    site.seed("vpn-key", "swordfish");
    site.configure(&site.config(three_sets()));
    site
}

fn fetches(site: &Site, name: &str) -> usize {
    let path = format!("/secrets/{name}/");
    let requests = site.cloud.requests();
    requests
        .iter()
        .filter(|request| request.path == path)
        .count()
}

#[test]
fn an_object_of_three_sets_is_fetched_once() {
    let site = site();
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(
        (fetches(&site, "shared"), site.cloud.requests().len()),
        (1, 3)
    );
    for (set, file) in [("mqtt", "password"), ("vpn", "password"), ("web", "token")] {
        assert_eq!(site.delivered(set, file).unwrap(), "hunter2");
    }
    site.assert_well_behaved();
}

#[test]
fn a_failing_set_does_not_stop_the_others_and_the_gravest_code_wins() {
    let site = site();
    site.vault
        .deny(Denial::Rbac, Scope::Name("vpn-key".to_owned()));
    site.keyferry(&["sync"]).exits(77);
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    assert_eq!(site.delivered("web", "token").unwrap(), "hunter2");
    assert_eq!(
        site.delivered("vpn", "password"),
        None,
        "a set is whole or not there"
    );
    let codes: Vec<Value> = ["mqtt", "vpn", "web"]
        .iter()
        .map(|set| site.set_status(set)["exit_code"].clone())
        .collect();
    assert_eq!(codes, [0, 77, 0]);
    assert_eq!(site.status()["run"]["exit_code"], 77);
    // Last good stays when a set that was there fails.
    site.vault.allow_all();
    site.keyferry(&["sync"]).exits(0);
    site.vault.delete("vpn-key");
    site.seed("shared", "hunter3");
    site.keyferry(&["sync"]).exits(75);
    site.keyferry(&["sync"]).exits(66);
    assert_eq!(site.delivered("vpn", "password").unwrap(), "hunter2");
    assert_eq!(site.delivered("web", "token").unwrap(), "hunter3");
}

#[test]
fn named_sets_are_brought_up_to_date_alone() {
    let site = site();
    site.keyferry(&["sync"]).exits(0);
    site.seed("shared", "hunter3");
    site.cloud.reset_log();
    site.keyferry(&["sync", "web", "mqtt"]).exits(0);
    assert_eq!(fetches(&site, "vpn-key"), 0);
    assert_eq!(site.delivered("web", "token").unwrap(), "hunter3");
    assert_eq!(site.delivered("vpn", "password").unwrap(), "hunter2");
    assert_eq!(
        site.set_status("vpn")["state"],
        "current",
        "its status is kept"
    );
    site.keyferry(&["sync", "wbe"])
        .exits(64)
        .says("no usable set wbe is configured");
    site.keyferry(&["sync", "w/b"]).exits(64);
}

#[test]
fn sets_of_drop_ins_are_joined_and_a_broken_one_fails_alone() {
    let site = site();
    site.seed("extra", "tuna");
    let extra = json!({"sets": {"extra": {"files": {"a": {"secret": "extra"}}}}});
    site.write("etc/conf.d/20-extra.json", &extra.to_string(), 0o644);
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(site.delivered("extra", "a").unwrap(), "tuna");
    for (text, said) in [
        (
            "{\"sets\": {\"extra\": {\"flies\": {}}}}",
            "did you mean \"files\"?",
        ),
        ("{\"sets\": {", "conf.d/20-extra.json"),
    ] {
        site.write("etc/conf.d/20-extra.json", text, 0o644);
        site.seed("shared", &format!("hunter with {} letters", text.len()));
        site.keyferry(&["sync"]).exits(78).says(said);
        assert_eq!(
            site.delivered("extra", "a").unwrap(),
            "tuna",
            "last good stays"
        );
        let new = format!("hunter with {} letters", text.len());
        assert_eq!(site.delivered("web", "token").unwrap(), new);
    }
    let files = site.keyferry(&["sync", "--json"]).exits(78).stdout;
    let status: Value = serde_json::from_str(&files).unwrap();
    assert_eq!(status, site.status());
}

#[test]
fn a_repaired_drop_in_still_knows_its_age() {
    let site = site();
    let extra =
        |key: &str| json!({"sets": {"extra": {key: {"a": {"secret": "shared"}}}}}).to_string();
    site.write("etc/conf.d/20-extra.json", &extra("files"), 0o644);
    site.keyferry(&["sync"]).exits(0);
    let confirmed = site.set_status("extra")["confirmed"].clone();
    site.write("etc/conf.d/20-extra.json", &extra("flies"), 0o644);
    site.keyferry(&["sync"]).exits(78);
    site.write("etc/conf.d/20-extra.json", &extra("files"), 0o644);
    site.keyferry(&["sync", "--offline"]).exits(0);
    assert_eq!(site.set_status("extra")["confirmed"], confirmed);
}

#[test]
fn an_error_in_the_identity_stops_the_run() {
    let site = site();
    let mut config = site.config(three_sets());
    config["identity"]["client_id"] = json!("no guid");
    site.configure(&config);
    site.keyferry(&["sync"]).exits(78).says("config.json");
    assert_eq!(site.cloud.connections(), 0);
    site.configure(&site.config(three_sets()));
    let twice = json!({"vault": "other-vault"}).to_string();
    site.write("etc/conf.d/30-vault.json", &twice, 0o644);
    site.keyferry(&["sync"])
        .exits(78)
        .says("conf.d/30-vault.json")
        .says("config.json");
}

#[test]
fn a_file_may_be_named_in_place_of_the_directory() {
    let site = site();
    let broken = json!({"sets": {"extra": {"flies": {}}}}).to_string();
    site.write("etc/conf.d/20-extra.json", &broken, 0o644);
    site.keyferry(&["sync"]).exits(78);
    let mut command = crate::support::program();
    command
        .args(["sync", "--config"])
        .arg(site.path("etc/config.json"));
    site.run(&mut command).exits(0);
}

#[test]
fn the_device_id_stands_in_names_and_two_vaults_are_asked() {
    let site = site();
    let other = site.cloud.vault("other-vault");
    other.set("gw-7-key", "sardine");
    site.hide("sardine");
    site.write("etc/id", "gw-7\n", 0o644);
    let mut config = site.config(json!({"mqtt": {"files": {
        "password": {"secret": "shared"},
        "key": {"secret": "${device_id}-key", "vault": "other-vault"},
    }}}));
    for id in [json!("gw-7"), json!({"file": site.path("etc/id")})] {
        config["device_id"] = id;
        site.configure(&config);
        site.keyferry(&["sync"]).exits(0);
        assert_eq!(site.delivered("mqtt", "key").unwrap(), "sardine");
    }
    assert_eq!(
        site.status()["vaults"],
        json!(["other-vault", "factory7-edge"])
    );
    config["device_id"] = json!("gw 7");
    site.configure(&config);
    site.keyferry(&["sync"]).exits(78);
    site.assert_well_behaved();
}

#[test]
fn a_vault_of_another_cloud_is_refused_before_any_request() {
    let site = site();
    let mut config = site.config(three_sets());
    config["vault"] = json!("https://factory7-edge.vault.azure.net");
    site.configure(&config);
    site.keyferry(&["sync"]).exits(78);
    assert_eq!(site.cloud.connections(), 0);
}

#[test]
fn an_instance_has_directories_of_its_own_and_leaves_those_of_others() {
    let site = site();
    let mut config = site.config(json!({"mqtt": {"files": {"password": {"secret": "shared"}}}}));
    site.configure(&config);
    site.keyferry(&["sync"]).exits(0);
    site.keyferry(&["sync", "--instance", "line2"]).exits(0);
    let own = site.path("run/line2/sets/mqtt/password");
    assert_eq!(std::fs::read_to_string(own).unwrap(), "hunter2");
    for file in [
        "run/line2/status.json",
        "run/line2/lock",
        "state/line2/state.json",
    ] {
        assert!(site.path(file).is_file(), "{file}");
    }
    config["sets"]["mqtt"]["directory"] = json!(site.path("shared/mqtt"));
    site.configure(&config);
    site.keyferry(&["sync"]).exits(0);
    site.keyferry(&["sync", "--instance", "line2"])
        .exits(78)
        .says("shared/mqtt already belongs to set mqtt");
}

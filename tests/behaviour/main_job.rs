//! The main job from first sync to rotation.

use serde_json::json;

use crate::support::{access, Site};

#[test]
fn delivers_secrets_and_touches_nothing_when_nothing_changed() {
    let site = Site::new();
    site.seed("mqtt-password", "hunter2");
    site.configure(
        &site.config(json!({"mqtt": {"files": {"password": {"secret": "mqtt-password"}}}})),
    );
    site.keyferry(&["sync"])
        .exits(0)
        .never_says("hunter2")
        .says("mqtt  password  -");
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    let file = std::fs::canonicalize(site.set("mqtt").join("password")).unwrap();
    assert!(access(&file).starts_with("100440 "), "{}", access(&file));
    assert_eq!(site.cloud.connections(), 2);
    assert_eq!(site.cloud.requests().len(), 2);
    site.cloud.reset_log();
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(site.cloud.requests().len(), 1, "the token was kept");
    assert_eq!(site.set_status("mqtt")["state"], "current");
    site.assert_well_behaved();
}

#[test]
fn what_is_remembered_holds_no_value_and_no_token() {
    let site = Site::new();
    site.seed("mqtt-password", "hunter2");
    site.configure(
        &site.config(json!({"mqtt": {"files": {"password": {"secret": "mqtt-password"}}}})),
    );
    site.keyferry(&["sync"]).exits(0);
    for file in ["run/status.json", "run/lock", "state/state.json"] {
        let text = std::fs::read_to_string(site.path(file)).unwrap();
        assert!(!text.contains("hunter2") && !text.contains("eyJ"), "{file}");
    }
    let current = site.set("mqtt").join(".keyferry/current/.keyferry.json");
    assert!(access(&current).starts_with("100600 "));
    assert!(!std::fs::read_to_string(current)
        .unwrap()
        .contains("hunter2"));
}

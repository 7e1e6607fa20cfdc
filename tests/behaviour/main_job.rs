//! The main job from first sync to rotation.

use serde_json::json;

use crate::support::{access, Site};

#[test]
fn delivers_secrets_and_touches_nothing_when_nothing_changed() {
    let site = Site::new();
    site.vault.set("mqtt-password", "hunter2");
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

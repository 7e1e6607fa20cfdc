//! `keyferry clouds`: the table of national clouds.

use serde_json::{json, Value};

use crate::cloud::{Preset, PRESETS};
use crate::report;

/// Prints the table, or all published facts as JSON.
pub fn run(json: bool) -> u8 {
    if json {
        let rows: Vec<Value> = PRESETS.iter().map(facts).collect();
        report::print(&format!("{:#}\n", Value::Array(rows)));
    } else {
        report::print(&report::clouds_table());
    }
    0
}

fn facts(preset: &Preset) -> Value {
    json!({
        "name": preset.name,
        "title": preset.title,
        "authority": preset.authority,
        "aliases": preset.aliases,
        "resource_manager": preset.resource_manager,
        "resource_manager_audience": preset.resource_manager_audience,
        "vault_suffix": preset.vault_suffix,
        "vault_audience": preset.vault_suffix.map(|suffix| format!("https://{suffix}")),
        "hsm_suffix": preset.hsm_suffix,
        "storage_suffix": preset.storage_suffix,
        "storage_audience": preset.storage_audience,
        "graph": preset.graph,
        "federated_audience": preset.federated_audience,
        "retired": preset.retired,
    })
}

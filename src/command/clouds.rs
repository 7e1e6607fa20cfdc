//! `keyferry clouds`: the table of national clouds, or all facts of one.

use serde_json::{json, Map, Value};

use crate::cloud::{Preset, PRESETS, STORAGE_AUDIENCE};
use crate::config;
use crate::error::Error;
use crate::name::foreign;
use crate::report;

/// Prints the table; of one cloud, or as JSON, all published facts.
///
/// # Errors
/// A name that no cloud has.
pub fn run(name: Option<&str>, json: bool) -> Result<u8, Error> {
    let object = |preset| Value::Object(facts(preset).into_iter().collect::<Map<_, _>>());
    let text = match (name.map(find).transpose()?, json) {
        (Some(preset), true) => format!("{:#}\n", object(preset)),
        (Some(preset), false) => report::cloud_facts(&facts(preset)),
        (None, true) => {
            let rows = PRESETS.iter().map(object);
            format!("{:#}\n", Value::Array(rows.collect()))
        }
        (None, false) => report::clouds_table(),
    };
    report::print(&text);
    Ok(0)
}

fn find(name: &str) -> Result<&'static Preset, Error> {
    Preset::find(name).ok_or_else(|| {
        let shown = foreign(name, 60);
        let problem = match config::nearest_cloud(name) {
            Some(near) => format!("unknown cloud {shown}; did you mean {near}?"),
            None => format!("unknown cloud {shown}"),
        };
        Error::Usage { problem }
    })
}

/// What is published about a cloud, in the order in which people read it.
fn facts(preset: &Preset) -> Vec<(String, Value)> {
    let facts = [
        ("name", json!(preset.name)),
        ("title", json!(preset.title)),
        ("also_called", json!(preset.also_called)),
        ("authority", json!(preset.authority)),
        ("aliases", json!(preset.aliases)),
        ("vault_suffix", json!(preset.vault_suffix)),
        (
            "vault_audience",
            json!(preset
                .vault_suffix
                .map(|suffix| format!("https://{suffix}"))),
        ),
        ("hsm_suffix", json!(preset.hsm_suffix)),
        ("storage_suffix", json!(preset.storage_suffix)),
        ("storage_audience", json!(STORAGE_AUDIENCE)),
        ("resource_manager", json!(preset.resource_manager)),
        (
            "resource_manager_audience",
            json!(preset.resource_manager_audience),
        ),
        ("graph", json!(preset.graph)),
        ("federated_audience", json!(preset.federated_audience)),
        ("retired", json!(preset.retired)),
    ];
    facts.map(|(name, fact)| (name.to_owned(), fact)).to_vec()
}

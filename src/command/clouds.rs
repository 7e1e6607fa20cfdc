//! `keyferry clouds`: the table of national clouds, or all facts of one.

use crate::cloud::{Preset, PRESETS, STORAGE_AUDIENCE};
use crate::config;
use crate::error::Error;
use crate::json::Json;
use crate::name::foreign;
use crate::report;

/// Prints the table; of one cloud, or as JSON, all published facts.
///
/// # Errors
/// A name that no cloud has.
pub fn run(name: Option<&str>, json: bool) -> Result<u8, Error> {
    let text = match (name.map(find).transpose()?, json) {
        (Some(preset), true) => object(preset).pretty(),
        (Some(preset), false) => report::cloud_facts(&facts(preset)),
        (None, true) => {
            let rows = PRESETS.iter().map(object);
            Json::List(rows.collect()).pretty()
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
fn facts(preset: &Preset) -> Vec<(&'static str, Json)> {
    let list = |words: &[&str]| Json::List(words.iter().copied().map(Json::text).collect());
    let text = |text: Option<&str>| Json::text_or_null(text);
    let vaults = preset.vault_suffix;
    let vault_audience = vaults.map(|suffix| format!("https://{suffix}"));
    vec![
        ("name", text(Some(preset.name))),
        ("title", text(Some(preset.title))),
        ("also_called", list(preset.also_called)),
        ("authority", text(Some(preset.authority))),
        ("aliases", list(preset.aliases)),
        ("vault_suffix", text(vaults)),
        ("vault_audience", text(vault_audience.as_deref())),
        ("hsm_suffix", text(preset.hsm_suffix)),
        ("storage_suffix", text(Some(preset.storage_suffix))),
        ("storage_audience", text(Some(STORAGE_AUDIENCE))),
        ("resource_manager", text(preset.resource_manager)),
        (
            "resource_manager_audience",
            text(preset.resource_manager_audience),
        ),
        ("graph", text(preset.graph)),
        ("federated_audience", text(preset.federated_audience)),
        ("retired", text(preset.retired)),
    ]
}

fn object(preset: &Preset) -> Json {
    let facts = facts(preset).into_iter();
    Json::Object(facts.map(|(name, fact)| (name.to_owned(), fact)).collect()).sorted()
}

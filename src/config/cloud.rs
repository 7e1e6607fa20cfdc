//! Reads `cloud`: a preset's name, or an object with the facts of a cloud of one's own.

use super::json::{Kind, Node};
use super::object::Object;
use super::problem::{Problem, Problems};
use super::suggest;
use super::table::{self, Section};
use super::value;
use crate::cloud::{preset_of_authority, Cloud, Preset, Protocol, PRESETS};
use crate::name::{HostName, Invalid, SetName};

/// Reads the cloud.
pub(super) fn read(node: &Node<'_>, problems: &mut Problems) -> Option<Cloud> {
    match node.kind() {
        Kind::Object => explicit(node, problems),
        Kind::Text => preset(node, problems),
        _ => {
            problems.add(node.wrong_kind("the name of a cloud or an object"));
            None
        }
    }
}

fn preset(node: &Node<'_>, problems: &mut Problems) -> Option<Cloud> {
    let name = problems.keep(node.text("the name of a cloud"))?;
    let known = PRESETS
        .iter()
        .find(|preset| preset.name.eq_ignore_ascii_case(&name));
    if let Some(retired) = known.and_then(|preset| preset.retired) {
        problems.warn(
            node,
            &format!("this cloud was retired on {retired}; nothing answers there any more"),
        );
    }
    match (Cloud::preset(&name), known) {
        (Ok(cloud), _) => Some(cloud),
        (Err(invalid), Some(preset)) => {
            let mut node = node.clone();
            node.label = format!("\"{}\"", preset.name);
            problems.add(node.problem_with(&invalid.0, "ask the cloud's operator for the suffix"));
            None
        }
        (Err(invalid), None) => {
            let names = PRESETS.iter().map(|preset| preset.name);
            let advice = match suggest::nearest(&name, names) {
                Some(meant) => format!("write \"{meant}\""),
                None => "write one of these, or an object with the facts of your own cloud; `keyferry clouds` shows them".to_owned(),
            };
            problems.add(node.problem_with(&invalid.0, &advice));
            None
        }
    }
}

fn explicit(node: &Node<'_>, problems: &mut Problems) -> Option<Cloud> {
    let mut object = Object::open(node, Section::Cloud, problems)?;
    let authority_node = object.take("authority");
    let suffix_node = object.take("vault_suffix");
    let audience_node = object.take("vault_audience");
    let name = problems.read(object.take("name"), |node| value::parsed(node, cloud_name));
    for key in ["authority", "vault_suffix"] {
        let given = if key == "authority" {
            &authority_node
        } else {
            &suffix_node
        };
        if let (None, Some(key)) = (given, table::find(Section::Cloud, key)) {
            problems.add(object.lacks(key));
        }
    }
    object.close(problems);
    let authority = problems.read(authority_node, authority);
    let protocol = authority.as_ref().map(|(_, protocol)| *protocol);
    let authority = authority.map(|(host, _)| host);
    let suffix = problems.read(suffix_node.clone(), vault_suffix);
    let audience = problems.read(audience_node.clone(), audience);
    let (authority, vault_suffix) = (authority?, suffix?);
    let preset = preset_of_authority(authority.as_str());
    problems.keep(one_cloud(&suffix_node?, preset, vault_suffix.as_str()))?;
    let vault_audience = audience.unwrap_or_else(|| format!("https://{vault_suffix}"));
    if let Some(node) = audience_node {
        problems.keep(fitting_audience(&node, &vault_audience, &vault_suffix))?;
    }
    Some(Cloud {
        name: name.unwrap_or_else(|| usual_name(preset, &authority, &vault_suffix)),
        aliases: aliases(preset, &authority),
        authority,
        protocol: protocol?,
        vault_suffix,
        vault_audience,
        resource_manager: None,
        resource_manager_audience: None,
        storage_suffix: None,
        storage_audience: None,
        graph: None,
        federated_audience: None,
    })
}

fn authority(node: &Node<'_>) -> Result<(HostName, Protocol), Problem> {
    let text = node.text("a URL such as \"https://login.example\"")?;
    let Some(rest) = text.strip_prefix("https://") else {
        return Err(node.problem("must begin with https://"));
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, protocol) = match rest.split_once('/') {
        Some((host, "adfs")) => (host, Protocol::AdFs),
        _ => (rest, Protocol::Entra),
    };
    let host = HostName::parse(host).map_err(|_| {
        node.problem("must be https://HOST without port, user, query or path (but /adfs for AD FS)")
    })?;
    Ok((host, protocol))
}

fn vault_suffix(node: &Node<'_>) -> Result<HostName, Problem> {
    let text = node.text("a text such as \"vault.example\"")?;
    let suffix = HostName::parse(&text).ok();
    suffix
        .filter(|suffix| suffix.as_str().contains('.'))
        .ok_or_else(|| {
            node.problem("must be what vaults' host names end in, without leading dot and https://")
        })
}

fn audience(node: &Node<'_>) -> Result<String, Problem> {
    let text = node.text("a URL such as \"https://vault.example\"")?;
    let host = audience_host(&text).map(HostName::parse);
    let plain = text
        .chars()
        .all(|c| c.is_ascii_graphic() && !"@?#\"\\".contains(c));
    if !matches!(host, Some(Ok(_))) || !plain || text.ends_with('/') || text.len() > 255 {
        let rule = "must be https://HOST, perhaps with a path, without a slash at its end";
        return Err(node.problem(rule));
    }
    Ok(text)
}

fn cloud_name(text: &str) -> Result<String, Invalid> {
    SetName::parse(text).map(|_| text.to_owned())
}

/// Authority and suffix of two presets are a mistake that would send a credential to the
/// wrong cloud.
fn one_cloud(node: &Node<'_>, preset: Option<&Preset>, suffix: &str) -> Result<(), Problem> {
    let owner = preset_of_suffix(suffix);
    match (preset, owner) {
        (Some(preset), Some(owner)) if preset.name != owner.name => Err(node.problem_with(
            &format!(
                "is of cloud \"{}\", but \"authority\" of cloud \"{}\"",
                owner.name, preset.name
            ),
            "take authority and vault_suffix from one cloud",
        )),
        _ => Ok(()),
    }
}

fn fitting_audience(node: &Node<'_>, audience: &str, suffix: &HostName) -> Result<(), Problem> {
    let host = audience_host(audience).unwrap_or_default();
    match preset_of_suffix(host) {
        Some(owner) if owner.vault_suffix != Some(suffix.as_str()) => Err(node.problem_with(
            &format!(
                "is of cloud \"{}\", but \"vault_suffix\" is not",
                owner.name
            ),
            "leave it out, or take it from the cloud of vault_suffix",
        )),
        _ => Ok(()),
    }
}

fn audience_host(audience: &str) -> Option<&str> {
    audience.strip_prefix("https://")?.split('/').next()
}

fn preset_of_suffix(suffix: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| {
        preset
            .vault_suffix
            .is_some_and(|known| known.eq_ignore_ascii_case(suffix))
    })
}

fn usual_name(preset: Option<&Preset>, authority: &HostName, suffix: &HostName) -> String {
    match preset {
        Some(preset) if preset.vault_suffix.is_none_or(|own| own == suffix.as_str()) => {
            preset.name.to_owned()
        }
        _ => authority.to_string(),
    }
}

/// The other names of a preset's authority: a challenge may carry one of them.
fn aliases(preset: Option<&Preset>, authority: &HostName) -> Vec<HostName> {
    let Some(preset) = preset else {
        return Vec::new();
    };
    let names = preset
        .aliases
        .iter()
        .chain(std::iter::once(&preset.authority));
    names
        .filter_map(|name| HostName::parse(name).ok())
        .filter(|name| name != authority)
        .collect()
}

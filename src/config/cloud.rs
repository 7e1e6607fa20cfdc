//! Reads `cloud`: a preset's name, or an object with the facts of a cloud of one's own, or
//! with the address of one that tells its facts itself.

use super::json::{Kind, Node};
use super::object::Object;
use super::problem::{Problem, Problems};
use super::suggest;
use super::table::{self, Section};
use super::value;
use crate::cloud::{audience_host, preset_of_authority, preset_of_vault_suffix};
use crate::cloud::{Cloud, Preset, Protocol};
use crate::name::{HostName, Invalid, SetName};

/// What `cloud` says.
pub(super) enum Reading<'a> {
    /// A cloud with all its facts.
    Known(Cloud),
    /// One whose facts its Resource Manager tells.
    Private(Private<'a>),
}

/// A cloud that tells its facts itself.
pub(super) struct Private<'a> {
    /// The Resource Manager.
    pub resource_manager: HostName,
    given: Given<'a>,
}

/// What an object says beside authority and address; it wins over what a cloud tells.
struct Given<'a> {
    name: Option<String>,
    vault_suffix: Option<(Node<'a>, HostName)>,
    vault_audience: Option<(Node<'a>, String)>,
    resource_manager: Option<HostName>,
    resource_manager_audience: Option<String>,
    storage_suffix: Option<HostName>,
    storage_audience: Option<String>,
    graph: Option<HostName>,
}

/// Reads the cloud.
pub(super) fn read<'a>(node: &Node<'a>, problems: &mut Problems) -> Option<Reading<'a>> {
    match node.kind() {
        Kind::Object => object(node, problems),
        Kind::Text => preset(node, problems).map(Reading::Known),
        _ => {
            problems.add(node.wrong_kind("the name of a cloud or an object"));
            None
        }
    }
}

impl Private<'_> {
    /// The name that was given to it.
    pub fn name(&self) -> Option<&str> {
        self.given.name.as_deref()
    }

    /// The cloud, by the facts that it `told`.
    pub fn settle(self, told: Cloud, problems: &mut Problems) -> Option<Cloud> {
        self.given.settle(told, problems)
    }
}

fn preset(node: &Node<'_>, problems: &mut Problems) -> Option<Cloud> {
    let name = problems.keep(node.text("the name of a cloud"))?;
    let known = Preset::find(&name);
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
            problems.add(node.problem_with(&invalid.0, &meant(&name)));
            None
        }
    }
}

/// What to write in place of the unknown `name`.
fn meant(name: &str) -> String {
    // What Kubernetes and autorest call any Azure Stack.
    if name.to_ascii_lowercase().starts_with("azurestack") {
        return "write {\"resource_manager\": \"https://management.REGION.DOMAIN\"}".to_owned();
    }
    match suggest::nearest_cloud(name) {
        Some(meant) => format!("write \"{meant}\""),
        None => "write one of these, or an object with the facts of your own cloud; `keyferry clouds` shows them".to_owned(),
    }
}

fn object<'a>(node: &Node<'a>, problems: &mut Problems) -> Option<Reading<'a>> {
    let mut object = Object::open(node, Section::Cloud, problems)?;
    let authority_node = object.take("authority");
    let suffix_node = object.take("vault_suffix");
    let audience_node = object.take("vault_audience");
    let manager_node = object.take("resource_manager");
    let is_private = authority_node.is_none() && manager_node.is_some();
    for (key, given) in [
        ("authority", &authority_node),
        ("vault_suffix", &suffix_node),
    ] {
        if let (false, None, Some(key)) = (is_private, given, table::find(Section::Cloud, key)) {
            problems.add(object.lacks(key));
        }
    }
    let suffix = problems.read(suffix_node.clone(), vault_suffix);
    let audience = problems.read(audience_node.clone(), audience);
    let suffix_of_storage = problems.read(object.take("storage_suffix"), |node| {
        host_suffix(node, "storage hosts' names end in behind \"blob.\"")
    });
    let given = Given {
        name: problems.read(object.take("name"), |node| value::parsed(node, cloud_name)),
        vault_suffix: suffix_node.zip(suffix),
        vault_audience: audience_node.zip(audience),
        resource_manager: problems.read(manager_node, host_of_url),
        resource_manager_audience: problems
            .read(object.take("resource_manager_audience"), any_audience),
        storage_suffix: suffix_of_storage,
        storage_audience: problems.read(object.take("storage_audience"), any_audience),
        graph: problems.read(object.take("graph"), host_of_url),
    };
    object.close(problems);
    if is_private {
        let resource_manager = given.resource_manager.clone()?;
        return Some(Reading::Private(Private {
            resource_manager,
            given,
        }));
    }
    let (authority, protocol) = problems.read(authority_node, authority)?;
    let (_, suffix) = given.vault_suffix.as_ref()?;
    let base = Cloud::at(authority, protocol, suffix.clone());
    given.settle(base, problems).map(Reading::Known)
}

impl Given<'_> {
    /// What is given, and `base` for the rest.
    fn settle(self, mut base: Cloud, problems: &mut Problems) -> Option<Cloud> {
        if let Some((node, suffix)) = self.vault_suffix {
            let preset = preset_of_authority(base.authority.as_str());
            problems.keep(one_cloud(&node, preset, suffix.as_str()))?;
            if suffix != base.vault_suffix {
                base.vault_audience = format!("https://{suffix}");
                base.vault_suffix = suffix;
            }
        }
        if let Some((node, audience)) = self.vault_audience {
            problems.keep(fitting_audience(&node, &audience, &base.vault_suffix))?;
            base.vault_audience = audience;
        }
        let resource_manager_audience = self.resource_manager_audience;
        Some(Cloud {
            name: self.name.unwrap_or(base.name),
            resource_manager: self.resource_manager.or(base.resource_manager),
            resource_manager_audience: resource_manager_audience.or(base.resource_manager_audience),
            storage_suffix: self.storage_suffix.or(base.storage_suffix),
            storage_audience: self.storage_audience.or(base.storage_audience),
            graph: self.graph.or(base.graph),
            ..base
        })
    }
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

fn host_of_url(node: &Node<'_>) -> Result<HostName, Problem> {
    let text = node.text("a URL such as \"https://management.example\"")?;
    let host = text.strip_prefix("https://").unwrap_or_default();
    HostName::parse(host.strip_suffix('/').unwrap_or(host))
        .map_err(|_| node.problem("must be https://HOST without port, user, query or path"))
}

fn vault_suffix(node: &Node<'_>) -> Result<HostName, Problem> {
    host_suffix(node, "vaults' host names end in")
}

fn host_suffix(node: &Node<'_>, what: &str) -> Result<HostName, Problem> {
    let text = node.text("a text such as \"vault.example\"")?;
    let suffix = HostName::parse(&text).ok();
    suffix
        .filter(|suffix| suffix.as_str().contains('.'))
        .ok_or_else(|| {
            node.problem(&format!(
                "must be what {what}, without leading dot and https://"
            ))
        })
}

fn audience(node: &Node<'_>) -> Result<String, Problem> {
    let text = any_audience(node)?;
    if text.ends_with('/') {
        let rule = "must be https://HOST, perhaps with a path, without a slash at its end";
        return Err(node.problem(rule));
    }
    Ok(text)
}

/// An audience as the service writes it: storage's and Resource Manager's end in a slash.
fn any_audience(node: &Node<'_>) -> Result<String, Problem> {
    let text = node.text("a URL such as \"https://vault.example\"")?;
    match audience_host(&text) {
        Some(_) => Ok(text),
        None => Err(node.problem("must be https://HOST, perhaps with a path")),
    }
}

fn cloud_name(text: &str) -> Result<String, Invalid> {
    SetName::parse(text).map(|_| text.to_owned())
}

/// Authority and suffix of two presets are a mistake that would send a credential to the
/// wrong cloud.
fn one_cloud(node: &Node<'_>, preset: Option<&Preset>, suffix: &str) -> Result<(), Problem> {
    match (preset, preset_of_vault_suffix(suffix)) {
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
    match preset_of_vault_suffix(host) {
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

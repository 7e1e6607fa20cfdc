//! Reads what `managed_identity` says: the source, and which of several identities.

use super::json::Node;
use super::object::Object;
use super::problem::{Problem, Problems};
use super::table::Section;
use super::value;
use super::Identity;
use crate::name::is_guid;

/// Which endpoint of the machine gives its tokens (protocol notes 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManagedSource {
    /// App Service, Functions, Container Apps, Automation.
    AppService,
    /// The agent of Azure Arc.
    Arc,
    /// What local signs say, in Microsoft's order.
    Auto,
    /// Azure Machine Learning, and other hosts with `MSI_ENDPOINT` and `MSI_SECRET`.
    AzureMl,
    /// The instance metadata service of virtual machines.
    Imds,
}

/// Which of several identities of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// The client id, a GUID in lower case.
    ClientId(String),
    /// The object (principal) id, a GUID in lower case.
    ObjectId(String),
    /// The Resource Manager id, as written.
    ResourceId(String),
}

impl ManagedSource {
    /// As the configuration writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AppService => "app_service",
            Self::Arc => "arc",
            Self::Auto => "auto",
            Self::AzureMl => "azure_ml",
            Self::Imds => "imds",
        }
    }
}

impl Selector {
    /// The key that it stands under.
    pub fn key(&self) -> &'static str {
        match self {
            Self::ClientId(_) => "client_id",
            Self::ObjectId(_) => "object_id",
            Self::ResourceId(_) => "resource_id",
        }
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        match self {
            Self::ClientId(id) | Self::ObjectId(id) | Self::ResourceId(id) => id,
        }
    }
}

/// Reads an identity of type `managed_identity`.
pub(super) fn read(node: &Node<'_>, problems: &mut Problems) -> Option<Identity> {
    let mut object = Object::open(node, Section::IdentityOf("managed_identity"), problems)?;
    object.take("type");
    let sources = SOURCES.map(|source| (source.as_str(), source));
    let source = value::choice(object.take("source"), &sources, problems);
    let given = ["client_id", "object_id", "resource_id"].map(|key| (key, object.take(key)));
    object.close(problems);
    let mut selectors = given
        .into_iter()
        .filter_map(|(key, node)| node.map(|node| (key, node)));
    let first = selectors.next();
    if let Some((_, second)) = selectors.next() {
        problems.add(second.problem_with(
            "is one selector too many: an identity is told by one of \"client_id\", \"object_id\" and \"resource_id\"",
            "leave one of them; client_id works everywhere",
        ));
        return None;
    }
    let selector = match first {
        Some((key, node)) => Some(problems.keep(selector(key, &node))?),
        None => None,
    };
    if let (Some(ManagedSource::AzureMl), Some(Selector::ObjectId(_) | Selector::ResourceId(_))) =
        (source, &selector)
    {
        problems.add(node.problem_with(
            "is of source \"azure_ml\", which tells identities by \"client_id\" only",
            "write \"client_id\"",
        ));
        return None;
    }
    Some(Identity::ManagedIdentity {
        source: source.unwrap_or(ManagedSource::Auto),
        selector,
    })
}

fn selector(key: &str, node: &Node<'_>) -> Result<Selector, Problem> {
    let text = node.text("a text")?;
    if key == "resource_id" {
        let below = text.to_ascii_lowercase();
        let plain = text
            .chars()
            .all(|c| c.is_ascii_graphic() && !"?#&\\\"".contains(c));
        if !plain || !below.starts_with("/subscriptions/") || text.len() > LONGEST_RESOURCE_ID {
            return Err(node.problem(
                "must be the identity's id in the Resource Manager: /subscriptions/…/userAssignedIdentities/NAME",
            ));
        }
        return Ok(Selector::ResourceId(text));
    }
    if !is_guid(&text) {
        return Err(node.problem("must be a GUID"));
    }
    let id = text.to_ascii_lowercase();
    Ok(match key {
        "client_id" => Selector::ClientId(id),
        _ => Selector::ObjectId(id),
    })
}

const SOURCES: [ManagedSource; 5] = [
    ManagedSource::Auto,
    ManagedSource::Imds,
    ManagedSource::Arc,
    ManagedSource::AppService,
    ManagedSource::AzureMl,
];
const LONGEST_RESOURCE_ID: usize = 512;

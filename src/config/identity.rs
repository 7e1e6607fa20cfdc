//! Reads `identity`: one, or a list that is tried in order.

use super::credential;
use super::json::{Kind, Node};
use super::object::Object;
use super::problem::Problems;
use super::suggest;
use super::table::{self, Section, IDENTITY_TYPES};
use super::value;
use super::Identity;
use crate::name::{ClientId, Tenant};

/// Reads all identities; at least one if nothing was noted.
pub(super) fn read(node: &Node<'_>, problems: &mut Problems) -> Vec<Identity> {
    let nodes = match node.kind() {
        Kind::List => problems.keep(node.items("a list")).unwrap_or_default(),
        Kind::Object => vec![node.clone()],
        _ => {
            problems.add(node.wrong_kind("an object or a list of objects"));
            return Vec::new();
        }
    };
    if node.kind() == Kind::List && !(1..=MOST).contains(&nodes.len()) {
        problems.add(node.problem(&format!("must hold 1 to {MOST} identities")));
        return Vec::new();
    }
    let identities = nodes.iter().filter_map(|node| read_one(node, problems));
    identities.collect()
}

fn read_one(node: &Node<'_>, problems: &mut Problems) -> Option<Identity> {
    match type_of(node, problems)? {
        "certificate" => certificate(node, problems),
        "client_secret" => client_secret(node, problems),
        other => {
            problems.add(node.problem_with(
                &format!("of type \"{other}\" is known to a later version of keyferry"),
                "install a later version, or use type \"certificate\" or \"client_secret\"",
            ));
            None
        }
    }
}

fn certificate(node: &Node<'_>, problems: &mut Problems) -> Option<Identity> {
    let section = Section::IdentityOf("certificate");
    let mut object = Object::open(node, section, problems)?;
    object.take("type");
    let (tenant, client_id) = application(&mut object, section, problems);
    let certificate = object.need(table::find(section, "certificate")?, problems);
    let certificate = certificate.and_then(|node| credential::read(&node, problems));
    let private_key = object.take("private_key");
    let private_key = private_key.and_then(|node| credential::read(&node, problems));
    let send_chain = problems.read(object.take("send_chain"), Node::boolean);
    object.close(problems);
    Some(Identity::Certificate {
        tenant: tenant?,
        client_id: client_id?,
        certificate: certificate?,
        private_key,
        send_chain: send_chain.unwrap_or(false),
    })
}

fn client_secret(node: &Node<'_>, problems: &mut Problems) -> Option<Identity> {
    let section = Section::IdentityOf("client_secret");
    let mut object = Object::open(node, section, problems)?;
    object.take("type");
    let (tenant, client_id) = application(&mut object, section, problems);
    let client_secret = object.need(table::find(section, "client_secret")?, problems);
    let client_secret = client_secret.and_then(|node| credential::read(&node, problems));
    object.close(problems);
    Some(Identity::ClientSecret {
        tenant: tenant?,
        client_id: client_id?,
        client_secret: client_secret?,
    })
}

/// `tenant` and `client_id`, which most types have.
fn application(
    object: &mut Object<'_>,
    section: Section,
    problems: &mut Problems,
) -> (Option<Tenant>, Option<ClientId>) {
    let mut needed = |name| {
        let key = table::find(section, name)?;
        object.need(key, problems)
    };
    let (tenant, client_id) = (needed("tenant"), needed("client_id"));
    (
        problems.read(tenant, |node| value::parsed(node, Tenant::parse)),
        problems.read(client_id, |node| value::parsed(node, ClientId::parse)),
    )
}

/// The value of `type`, before it is known which keys may stand beside it.
fn type_of(node: &Node<'_>, problems: &mut Problems) -> Option<&'static str> {
    // Repeated keys are noted when the object is opened as what it is.
    let mut unheard = Problems::default();
    let Some(members) = node.members("an object", &mut unheard) else {
        problems.absorb(unheard);
        return None;
    };
    let names = || IDENTITY_TYPES.iter().map(|known| known.name);
    let Some(member) = members.iter().find(|member| member.key == "type") else {
        problems.add(node.problem_with(
            "lacks \"type\"",
            "write \"type\": \"certificate\" or \"client_secret\"",
        ));
        return None;
    };
    let text = problems.keep(member.value.text("a text such as \"certificate\""))?;
    let found = names().find(|name| *name == text);
    if found.is_none() {
        let usable = IDENTITY_TYPES.iter().filter(|known| known.usable);
        let usable: Vec<String> = usable.map(|known| format!("\"{}\"", known.name)).collect();
        let advice = match suggest::nearest(&text, names()) {
            Some(meant) => format!("write \"{meant}\""),
            None => format!("write one of {}", usable.join(", ")),
        };
        let rule = format!("must be one of {}", usable.join(", "));
        problems.add(member.value.problem_with(&rule, &advice));
    }
    found
}

/// More than these to try would only hide which one works.
const MOST: usize = 4;

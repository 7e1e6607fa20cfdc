//! Reads `identity`: one, or a list that is tried in order.

use super::credential;
use super::json::{Kind, Node};
use super::managed;
use super::object::Object;
use super::problem::{Problem, Problems};
use super::suggest;
use super::table::{self, Section, IDENTITY_TYPES};
use super::value;
use super::Identity;
use crate::cloud::{Cloud, Protocol};
use crate::name::{ClientId, Tenant};

/// Reads all identities; at least one if nothing was noted.
pub(super) fn read(
    node: &Node<'_>,
    cloud: Option<&Cloud>,
    problems: &mut Problems,
) -> Vec<Identity> {
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
    let mut identities = Vec::new();
    for node in &nodes {
        let Some(identity) = read_one(node, problems) else {
            continue;
        };
        if let (Some(cloud), Some(tenant)) = (cloud, identity.tenant()) {
            problems.keep(fitting_tenant(node, cloud, tenant));
        }
        identities.push(identity);
    }
    identities
}

/// AD FS has one tenant, `adfs`; Entra has none of that name.
fn fitting_tenant(node: &Node<'_>, cloud: &Cloud, tenant: &Tenant) -> Result<(), Problem> {
    match (cloud.protocol, tenant.is_adfs()) {
        _ if cloud.is_supposed => Ok(()),
        (Protocol::AdFs, false) => Err(node.problem_with(
            "names a tenant, but the cloud's authority is AD FS, which has none",
            "write \"tenant\": \"adfs\"",
        )),
        (Protocol::Entra, true) => Err(node.problem_with(
            "has \"tenant\" \"adfs\", but the cloud's authority is Microsoft Entra",
            "write the tenant's GUID or one of its domains",
        )),
        _ => Ok(()),
    }
}

fn read_one(node: &Node<'_>, problems: &mut Problems) -> Option<Identity> {
    match type_of(node, problems)? {
        "certificate" => certificate(node, problems),
        "client_secret" => client_secret(node, problems),
        "device_code" => device_code(node, problems),
        "environment" => environment(node, problems),
        "federated" => federated(node, problems),
        "managed_identity" => managed::read(node, problems),
        "password" => password(node, problems),
        name => {
            problems.add(node.problem(&format!(
                "of type \"{name}\" is not read: a bug in keyferry"
            )));
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

fn device_code(node: &Node<'_>, problems: &mut Problems) -> Option<Identity> {
    let section = Section::IdentityOf("device_code");
    let mut object = Object::open(node, section, problems)?;
    object.take("type");
    let (tenant, client_id) = application(&mut object, section, problems);
    object.close(problems);
    Some(Identity::DeviceCode {
        tenant: tenant?,
        client_id: client_id?,
    })
}

fn environment(node: &Node<'_>, problems: &mut Problems) -> Option<Identity> {
    let mut object = Object::open(node, Section::IdentityOf("environment"), problems)?;
    object.take("type");
    object.close(problems);
    Some(Identity::Environment)
}

fn federated(node: &Node<'_>, problems: &mut Problems) -> Option<Identity> {
    let section = Section::IdentityOf("federated");
    let mut object = Object::open(node, section, problems)?;
    object.take("type");
    let (tenant, client_id) = application(&mut object, section, problems);
    let token_file = object.need(table::find(section, "token_file")?, problems);
    let token_file = token_file.and_then(|node| credential::read(&node, problems));
    object.close(problems);
    Some(Identity::Federated {
        tenant: tenant?,
        client_id: client_id?,
        token_file: token_file?,
    })
}

fn password(node: &Node<'_>, problems: &mut Problems) -> Option<Identity> {
    let section = Section::IdentityOf("password");
    let mut object = Object::open(node, section, problems)?;
    object.take("type");
    let (tenant, client_id) = application(&mut object, section, problems);
    let username = object.need(table::find(section, "username")?, problems);
    let username = problems.read(username, username_text);
    let password = object.need(table::find(section, "password")?, problems);
    let password = password.and_then(|node| credential::read(&node, problems));
    object.close(problems);
    problems.warn(
        node,
        "signs in by a user's password, which Microsoft has deprecated and which fails wherever a second factor is asked for; for test tenants and AD FS only",
    );
    Some(Identity::Password {
        tenant: tenant?,
        client_id: client_id?,
        username: username?,
        password: password?,
    })
}

fn username_text(node: &Node<'_>) -> Result<String, Problem> {
    let text = node.text("a user's name such as \"edge@contoso.com\"")?;
    let plain = !text.trim().is_empty() && !text.chars().any(char::is_control);
    if !plain || text.len() > 255 {
        return Err(node.problem("must be a user's name of at most 255 bytes"));
    }
    Ok(text)
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
        let known: Vec<String> = names().map(|name| format!("\"{name}\"")).collect();
        let advice = match suggest::nearest(&text, names()) {
            Some(meant) => format!("write \"{meant}\""),
            None => "write one of these".to_owned(),
        };
        let rule = format!("must be one of {}", known.join(", "));
        problems.add(member.value.problem_with(&rule, &advice));
    }
    found
}

/// More than these to try would only hide which one works.
const MOST: usize = 8;

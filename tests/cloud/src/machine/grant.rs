//! What all the endpoints do with a request: read its parameters, find the identity, issue a
//! token. They differ in their rules and in how they word a refusal.

use crate::form;
use crate::http::Request;
use crate::lock;
use crate::log::Logged;
use crate::machine::identity::{By, Fallback, Identity, NoIdentity};
use crate::machine::service::Machine;
use crate::token;

/// What an endpoint allows.
pub(crate) struct Rules {
    pub versions: &'static [&'static str],
    /// The parameters that choose an identity.
    pub selectors: &'static [(&'static str, By)],
    /// Parameters that a good client may send and this endpoint does not know. It ignores all
    /// others, too, but no good client sends them.
    pub ignored: &'static [&'static str],
    pub fallback: Fallback,
}

/// A token for one identity.
pub(crate) struct Grant {
    pub identity: Identity,
    /// Whether the request chose the identity.
    pub selected: bool,
    /// The audience of the token.
    pub resource: String,
    pub token: String,
    /// Seconds since the epoch.
    pub not_before: i64,
    /// Seconds from now.
    pub expires_in: i64,
    /// Seconds since the epoch.
    pub expires_on: i64,
}

/// A token in the platform's cache.
#[derive(Clone)]
pub(crate) struct Kept {
    identity: Identity,
    resource: String,
    token: String,
    not_before: i64,
    expires_on: i64,
}

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    ApiVersion,
    /// It came through a proxy.
    Forwarded,
    /// The secret header is missing or wrong.
    Header,
    Host,
    Identity(NoIdentity),
    Malformed,
    /// The `Metadata: true` header is missing.
    Metadata,
    Method,
    Path,
    Resource(String),
    ResourceMissing,
    TwoSelectors,
}

/// Issues the token that a request asks for.
pub(crate) fn grant(
    machine: &Machine,
    request: &Request,
    rules: &Rules,
    record: &mut Logged,
) -> Result<Grant, Problem> {
    let fields = parameters(request, rules, record)?;
    let value = |wanted: &str| {
        let found = fields.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str())
    };
    if !value("api-version").is_some_and(|version| rules.versions.contains(&version)) {
        record.unexpected("not an api-version of this endpoint");
        return Err(Problem::ApiVersion);
    }
    let Some(resource) = value("resource").filter(|resource| !resource.is_empty()) else {
        record.unexpected("no resource");
        return Err(Problem::ResourceMissing);
    };
    let selectors: Vec<(By, &str)> = rules
        .selectors
        .iter()
        .filter_map(|(name, by)| Some((*by, value(name)?)))
        .collect();
    let settings = lock(&machine.settings);
    let identity = match selectors[..] {
        [] => settings.assigned.unnamed(rules.fallback),
        [(by, id)] => settings.assigned.select(by, id),
        _ => {
            record.unexpected("more than one identity chosen");
            return Err(Problem::TwoSelectors);
        }
    };
    let identity = identity.map_err(Problem::Identity)?;
    if !machine.cloud.national.knows_resource(resource) {
        return Err(Problem::Resource(resource.to_owned()));
    }
    let resource = settings.audience.as_deref().unwrap_or(resource).to_owned();
    drop(settings);
    record.authorized = true;
    let selected = !selectors.is_empty();
    Ok(issue(machine, identity, selected, resource))
}

/// The parameters, each of which may come once.
fn parameters(
    request: &Request,
    rules: &Rules,
    record: &mut Logged,
) -> Result<Vec<(String, String)>, Problem> {
    let Some(fields) = form::decode(&request.query) else {
        record.unexpected("a query that cannot be decoded");
        return Err(Problem::Malformed);
    };
    for (index, (name, _)) in fields.iter().enumerate() {
        if fields[..index].iter().any(|(earlier, _)| earlier == name) {
            record.unexpected(format!("a parameter that comes twice: {name}"));
            return Err(Problem::Malformed);
        }
        let known = ["api-version", "resource"].contains(&name.as_str())
            || rules.selectors.iter().any(|(known, _)| known == name);
        if rules.ignored.contains(&name.as_str()) {
            record.note(format!("an ignored parameter: {name}"));
        } else if !known {
            record.unexpected(format!("a parameter that this endpoint ignores: {name}"));
        }
    }
    Ok(fields)
}

fn issue(machine: &Machine, identity: Identity, selected: bool, resource: String) -> Grant {
    let now = machine.cloud.clock.now();
    let mut settings = lock(&machine.settings);
    let known = settings.kept.iter().flatten().rfind(|kept| {
        kept.identity == identity && kept.resource == resource && kept.expires_on > now + LEAST_LEFT
    });
    let current = match known {
        Some(known) => known.clone(),
        None => Kept::new(machine, identity, resource, now),
    };
    if let Some(kept) = &mut settings.kept {
        kept.push(current.clone());
    }
    Grant {
        identity: current.identity,
        selected,
        resource: current.resource,
        token: current.token,
        not_before: current.not_before,
        expires_in: current.expires_on - now - 1,
        expires_on: current.expires_on,
    }
}

impl Kept {
    fn new(machine: &Machine, identity: Identity, resource: String, now: i64) -> Kept {
        let tenant = lock(&machine.cloud.directory).default_tenant.clone();
        let tokens = &machine.cloud.tokens;
        let issued = token::Grant {
            issuer: token::issuer(machine.cloud.national, &tenant),
            tenant: &tenant,
            app: &identity.app(),
            user: None,
            audience: &resource,
        };
        let (token, expires_in) = tokens.issue(&issued, now);
        Kept {
            identity,
            resource,
            token,
            not_before: now - 300,
            // A second less is said than the token is good for.
            expires_on: now + expires_in + 1,
        }
    }
}

/// The platform's cache gives no token that is good for less, in seconds.
const LEAST_LEFT: i64 = 300;

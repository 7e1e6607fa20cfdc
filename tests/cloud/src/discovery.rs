//! The login host's public documents: a tenant's endpoints, and which instances exist.

use crate::form;
use crate::http::{Reply, Request};
use crate::lock;
use crate::national::National;
use crate::object::{array, Object};
use crate::refusal::Refusal;
use crate::server::Shared;
use crate::tenancy::{known_tenant, Client};

/// The two generations of the document.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    V1,
    V2,
}

/// A tenant's OpenID configuration. Of a tenant that moved, another cloud's is given: that is how
/// Entra tells a client that it asked in the wrong one.
pub(crate) fn tenant(
    shared: &Shared,
    tenant: &str,
    flavour: Flavour,
    host: &str,
) -> Result<Reply, Refusal> {
    let directory = lock(&shared.directory);
    let moved_to = directory.tenant(tenant).and_then(|known| known.moved_to);
    if let Some(other) = moved_to {
        return Ok(configuration(other, other.login_host(), tenant, flavour));
    }
    let tenant = known_tenant(&directory, tenant, shared.national, Client::Confidential)?;
    Ok(configuration(shared.national, host, &tenant, flavour))
}

fn configuration(national: National, host: &str, tenant: &str, flavour: Flavour) -> Reply {
    let facts = national.facts();
    let base = format!("https://{host}/{tenant}");
    let (oauth, keys, issuer) = match flavour {
        Flavour::V1 => (
            "oauth2",
            "discovery/keys",
            crate::token::issuer(national, tenant),
        ),
        Flavour::V2 => ("oauth2/v2.0", "discovery/v2.0/keys", format!("{base}/v2.0")),
    };
    let methods = [
        "client_secret_post",
        "private_key_jwt",
        "client_secret_basic",
    ];
    let body = Object::new()
        .text("token_endpoint", &format!("{base}/{oauth}/token"))
        .texts("token_endpoint_auth_methods_supported", &methods)
        .text("jwks_uri", &format!("{base}/{keys}"))
        .texts(
            "response_modes_supported",
            &["query", "fragment", "form_post"],
        )
        .texts("subject_types_supported", &["pairwise"])
        .texts("id_token_signing_alg_values_supported", &["RS256"])
        .texts("response_types_supported", &["code", "id_token"])
        .texts(
            "scopes_supported",
            &["openid", "profile", "email", "offline_access"],
        )
        .text("issuer", &issuer)
        .raw("request_uri_parameter_supported", "false")
        .text(
            "userinfo_endpoint",
            &format!("https://{}/oidc/userinfo", facts.graph),
        )
        .text(
            "authorization_endpoint",
            &format!("{base}/{oauth}/authorize"),
        )
        .text(
            "device_authorization_endpoint",
            &format!("{base}/{oauth}/devicecode"),
        )
        .raw("http_logout_supported", "true")
        .text("end_session_endpoint", &format!("{base}/{oauth}/logout"))
        .text("kerberos_endpoint", &format!("{base}/kerberos"))
        .text("tenant_region_scope", facts.region_scope)
        .text("cloud_instance_name", facts.instance)
        .text("cloud_graph_host_name", facts.directory_graph)
        .text("msgraph_host", facts.graph)
        .text("rbac_url", "https://pas.windows.net")
        .finish();
    Reply::json(200, body)
}

/// How somebody of this name signs in: here never elsewhere. Clients may ask before they send a
/// password.
pub(crate) fn user_realm(shared: &Shared, name: &str) -> Reply {
    let name = form::segment(name).unwrap_or_default();
    let known = lock(&shared.directory).users.is_known(&name);
    let body = Object::new().text("ver", "1.0").text(
        "account_type",
        match known {
            true => "Managed",
            false => "Unknown",
        },
    );
    let domain = name.split_once('@').map_or("", |(_, domain)| domain);
    let body = body
        .text("domain_name", domain)
        .text("cloud_instance_name", shared.national.facts().instance)
        .text("cloud_audience_urn", "urn:federation:MicrosoftOnline");
    Reply::json(200, body.finish())
}

/// Which login hosts belong together. The sovereign clouds and the air-gapped ones are not in
/// the service's answer.
pub(crate) fn instance(request: &Request) -> Result<Reply, Refusal> {
    let query = form::decode(&request.query).unwrap_or_default();
    let endpoint = query
        .iter()
        .find(|(name, _)| name == "authorization_endpoint")
        .map(|(_, value)| value.as_str())
        .unwrap_or_default();
    let unknown = || {
        Refusal::new(
            400,
            "invalid_instance",
            50049,
            "Unknown or invalid instance.",
        )
    };
    let rest = endpoint.strip_prefix("https://").ok_or_else(unknown)?;
    let (host, path) = rest.split_once('/').ok_or_else(unknown)?;
    let tenant = path.split('/').next().unwrap_or_default();
    if !INSTANCES.iter().any(|(_, aliases)| aliases.contains(&host)) {
        return Err(unknown());
    }
    let metadata: Vec<String> = INSTANCES
        .iter()
        .map(|(cache, aliases)| {
            Object::new()
                .text("preferred_network", aliases[0])
                .text("preferred_cache", cache)
                .texts("aliases", aliases)
                .finish()
        })
        .collect();
    let document = format!("https://{host}/{tenant}/v2.0/.well-known/openid-configuration");
    let body = Object::new()
        .text("tenant_discovery_endpoint", &document)
        .text("api-version", "1.1")
        .raw("metadata", &array(&metadata))
        .finish();
    Ok(Reply::json(200, body))
}

/// Cache name and hosts of each instance, the preferred host first.
const INSTANCES: [(&str, &[&str]); 5] = [
    (
        "login.windows.net",
        &[
            "login.microsoftonline.com",
            "login.windows.net",
            "login.microsoft.com",
            "sts.windows.net",
        ],
    ),
    (
        "login.partner.microsoftonline.cn",
        &["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
    ),
    ("login.microsoftonline.de", &["login.microsoftonline.de"]),
    (
        "login.microsoftonline.us",
        &["login.microsoftonline.us", "login.usgovcloudapi.net"],
    ),
    (
        "login-us.microsoftonline.com",
        &["login-us.microsoftonline.com"],
    ),
];

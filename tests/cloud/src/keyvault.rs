//! Key Vault's front: api-version, the bearer token, denials, throttling, common headers.
//!
//! Requests that pass go on to `objects`. The checks come in the service's order, so that a
//! caller without a token learns of nothing but the challenge.

use crate::http::{Reply, Request};
use crate::log::Logged;
use crate::object::Object;
use crate::server::Shared;
use crate::token::{self, BadToken, Claims};
use crate::vault::{Denial, VaultState};
use crate::{form, lock, objects, random};

/// Answers a request to a vault's host.
pub(crate) fn answer(shared: &Shared, request: &Request, record: &mut Logged) -> Reply {
    let mut vaults = lock(&shared.vaults);
    let Some(vault) = vaults.get_mut(&record.host) else {
        record.unexpected("a vault that does not exist: its name would not resolve");
        return Reply::json(404, error("NotFound", "There is no such vault.", None));
    };
    let reply = match respond(shared, vault, request, record) {
        Ok(reply) | Err(reply) => reply,
    };
    with_common_headers(reply, shared, vault, request)
}

fn respond(
    shared: &Shared,
    vault: &mut VaultState,
    request: &Request,
    record: &mut Logged,
) -> Result<Reply, Reply> {
    let query = check_version(vault, request, record)?;
    let claims = caller(shared, vault, request)?;
    record.authorized = true;
    if vault.throttled > 0 {
        vault.throttled -= 1;
        return Err(throttled(vault.retry_after));
    }
    if request.method != "GET" {
        record.unexpected("a method other than GET at a vault");
        return Err(Reply::json(
            405,
            error("MethodNotAllowed", "The method is not allowed.", None),
        ));
    }
    let wanted = objects::Wanted::of(&request.path).map_err(|bad| match bad {
        objects::BadPath::Name(name) => {
            bad_parameter(&format!("The request URI contains an invalid name: {name}"))
        }
        objects::BadPath::Unknown => {
            record.unexpected("a path that a vault does not have");
            Reply::json(404, error("NotFound", "The path was not found.", None))
        }
    })?;
    wanted.check_parameters(&query, record);
    if let Some(denial) = vault.denial(&wanted) {
        return Err(denied(denial, shared, vault, &wanted, &claims));
    }
    objects::read(vault, &wanted, &query, record)
}

/// The decoded query, if it has one known api-version.
fn check_version(
    vault: &VaultState,
    request: &Request,
    record: &mut Logged,
) -> Result<Vec<(String, String)>, Reply> {
    let Some(query) = form::decode(&request.query) else {
        record.unexpected("a query that cannot be decoded");
        return Err(bad_parameter("The query is malformed."));
    };
    let versions: Vec<&str> = query
        .iter()
        .filter(|(name, _)| name == "api-version")
        .map(|(_, value)| value.as_str())
        .collect();
    let [version] = versions[..] else {
        record.unexpected("not exactly one api-version");
        return Err(bad_parameter("api-version must be specified"));
    };
    let newest = vault.newest_version;
    match (age(version), age(newest)) {
        (Some(wanted), Some(known)) if wanted <= known => return Ok(query),
        (Some(_), _) => {}
        (None, _) => record.unexpected("an api-version that does not exist"),
    }
    Err(bad_parameter(&format!(
        "The specified version ({version}) is not recognized. Consider using the latest supported \
         version ({newest})."
    )))
}

/// Whether an api-version is as new as another.
pub(crate) fn is_since(version: &str, first: &str) -> bool {
    age(version) >= age(first)
}

/// The place of an api-version among those there are.
fn age(version: &str) -> Option<usize> {
    API_VERSIONS.iter().position(|known| *known == version)
}

/// The claims of a good token for this vault, or the 401 that says what is wrong with it.
fn caller(shared: &Shared, vault: &VaultState, request: &Request) -> Result<Claims, Reply> {
    let Some(token) = request.bearer() else {
        let text = "AKV10000: Request is missing a Bearer or PoP token.";
        return Err(unauthorized(shared, vault, text, ""));
    };
    let invalid = |text: &str| unauthorized(shared, vault, text, ", error=\"invalid_token\"");
    let claims = shared
        .tokens
        .verify(token, shared.clock.now())
        .map_err(|bad| invalid(bad_token(bad)))?;
    let audience = shared.national.vault_audience();
    if claims.audience != audience {
        return Err(invalid(&format!(
            "AKV10022: Invalid audience. Expected {audience}, found: {}.",
            claims.audience
        )));
    }
    let issuer = token::issuer(shared.national, &vault.tenant);
    if claims.issuer != issuer {
        return Err(invalid(&format!(
            "AKV10032: Invalid issuer. Expected one of {issuer}, found {}.",
            claims.issuer
        )));
    }
    Ok(claims)
}

fn bad_token(bad: BadToken) -> &'static str {
    match bad {
        BadToken::Expired => "[TokenExpired] Error validating token: the token has expired.",
        BadToken::Malformed => "AKV10001: Error validating token: it is not a JWT.",
        BadToken::NotYetValid => "AKV10001: Error validating token: it is not valid yet.",
        BadToken::Revoked | BadToken::Signature => {
            "AKV10046: Unable to resolve the key used for signature validation."
        }
    }
}

fn unauthorized(shared: &Shared, vault: &VaultState, text: &str, more: &str) -> Reply {
    let challenge = vault.challenge.clone().unwrap_or_else(|| {
        format!(
            "Bearer authorization=\"https://{}/{}\", resource=\"{}\"{more}",
            shared.national.login_host(),
            vault.tenant,
            shared.national.vault_audience()
        )
        .into_bytes()
    });
    Reply::json(401, error("Unauthorized", text, None)).header("www-authenticate", challenge)
}

fn denied(
    denial: Denial,
    shared: &Shared,
    vault: &VaultState,
    wanted: &objects::Wanted,
    claims: &Claims,
) -> Reply {
    let caller = format!(
        "Caller: appid={};oid={};iss={}",
        claims.app.client_id, claims.app.object_id, claims.issuer
    );
    let place = format!(
        "Vault: {};location={}",
        vault.name,
        shared.national.facts().vault_region
    );
    let (code, text) = match denial {
        Denial::Connection => (
            "ForbiddenByConnection",
            format!(
                "Public network access is disabled and request is not from a trusted service nor \
                 via an approved private link.\r\n{caller}\r\n{place}"
            ),
        ),
        Denial::Firewall => (
            "ForbiddenByFirewall",
            format!(
                "Client address is not authorized and caller is not a trusted service.\r\nClient \
                 address: 203.0.113.7\r\n{caller}\r\n{place}"
            ),
        ),
        Denial::Policy => (
            "ForbiddenByPolicy",
            format!(
                "Operation is not allowed.\r\nOperation: \"{}\"\r\n{caller}\r\n{place}",
                wanted.operation()
            ),
        ),
        Denial::Rbac => (
            "ForbiddenByRbac",
            format!(
                "Caller is not authorized to perform action on resource.\r\nIf role assignments, \
                 deny assignments or role definitions were changed recently, please observe \
                 propagation time.\r\n{caller}\r\nAction: 'Microsoft.KeyVault/vaults/{}'\
                 \r\nResource: '/subscriptions/00000000-0000-0000-0000-000000000000/\
                 resourcegroups/loopback/providers/microsoft.keyvault/vaults/{}{}'\r\nAssignment: \
                 (not found)\r\nDenyAssignmentId: null\r\nDecisionReason: 'DeniedWithNoValidRBAC' \
                 \r\n{place}\r\n",
                wanted.action(),
                vault.name,
                wanted
                    .name()
                    .map(|name| format!("/{}/{name}", wanted.kind.plural()))
                    .unwrap_or_default()
            ),
        ),
    };
    Reply::json(403, error("Forbidden", &text, Some(code)))
}

fn throttled(retry_after: Option<u64>) -> Reply {
    let text = "Request was not processed because too many requests were received. Reason: \
                VaultRequestTypeLimitReached";
    let reply = Reply::json(429, error("Throttled", text, None));
    match retry_after {
        Some(seconds) => reply.header("retry-after", seconds.to_string()),
        None => reply,
    }
}

/// 400 `BadParameter`.
pub(crate) fn bad_parameter(text: &str) -> Reply {
    Reply::json(400, error("BadParameter", text, None))
}

/// Key Vault's error body.
pub(crate) fn error(code: &str, text: &str, inner: Option<&str>) -> String {
    let mut body = Object::new().text("code", code).text("message", text);
    if let Some(inner) = inner {
        body = body.raw("innererror", &Object::new().text("code", inner).finish());
    }
    Object::new().raw("error", &body.finish()).finish()
}

fn with_common_headers(
    reply: Reply,
    shared: &Shared,
    vault: &VaultState,
    request: &Request,
) -> Reply {
    let mut reply = reply
        .header("cache-control", "no-cache")
        .header("pragma", "no-cache")
        .header("expires", "-1")
        .header("x-ms-keyvault-region", shared.national.facts().vault_region)
        .header("x-ms-request-id", random::guid())
        .header("x-ms-keyvault-service-version", "1.9.9999.1")
        .header("x-ms-keyvault-network-info", vault.network_info.clone())
        .header("x-content-type-options", "nosniff")
        .header(
            "strict-transport-security",
            "max-age=31536000;includeSubDomains",
        );
    if let Some(id) = request.header("x-ms-client-request-id") {
        reply = reply.header("x-ms-client-request-id", id);
    }
    if let Some(assignment) = &vault.role_assignment {
        reply = reply.header("x-ms-keyvault-rbac-assignment-id", assignment.as_bytes());
    }
    reply
}

/// From the oldest to the newest. An Azure Stack Hub knows fewer; that its vaults take all of these is more than they promise.
pub(crate) const API_VERSIONS: [&str; 10] = [
    "2016-10-01",
    "7.0",
    "7.1",
    "7.2",
    "7.3",
    "7.4",
    "7.5",
    "7.6",
    "2025-07-01",
    "2026-04-01",
];

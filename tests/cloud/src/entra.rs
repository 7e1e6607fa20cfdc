//! The login host's token endpoint: the client credentials flow.
//!
//! Checks come in the order Entra makes them: the tenant, the form, the application, the scope,
//! the credential, the resource. The first that fails is the answer.

use crate::assertion::{self, Expected};
use crate::directory::{is_guid, Directory, Registration};
use crate::http::{Reply, Request};
use crate::log::Logged;
use crate::national::National;
use crate::object::Object;
use crate::refusal::Refusal;
use crate::server::Shared;
use crate::token_request::{resource, Client, Credential, Form};
use crate::{discovery, lock};

/// Answers a request to the login host.
pub(crate) fn answer(shared: &Shared, request: &Request, record: &mut Logged) -> Reply {
    if record.had_bearer {
        record.unexpected("a bearer token sent to the login host");
    }
    let segments: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
    let answered = match (request.method.as_str(), &segments[..]) {
        ("POST", [tenant, "oauth2", "v2.0", "token"]) => token(shared, tenant, request, record),
        ("GET", ["common", "discovery", "instance"]) => discovery::instance(request),
        ("GET", [tenant, "v2.0", ".well-known", "openid-configuration"]) => {
            discovery::tenant(shared, tenant, discovery::Flavour::V2, &record.host)
        }
        ("GET", [tenant, ".well-known", "openid-configuration"]) => {
            discovery::tenant(shared, tenant, discovery::Flavour::V1, &record.host)
        }
        ("GET", [_, "discovery", "v2.0", "keys"] | [_, "discovery", "keys"]) => {
            Ok(Reply::json(200, shared.tokens.key_set()))
        }
        _ => {
            record.unexpected("a path that the login host does not have");
            let mut page = Reply::new(404).header("content-type", "text/html; charset=utf-8");
            page.body = b"<html><body>Not found</body></html>".to_vec();
            Ok(page)
        }
    };
    let correlation = request.header("client-request-id").filter(|id| is_guid(id));
    let reply = answered
        .unwrap_or_else(|refusal| refusal.reply(&record.host, correlation, shared.clock.now()));
    with_common_headers(reply, request)
}

fn token(
    shared: &Shared,
    tenant: &str,
    request: &Request,
    record: &mut Logged,
) -> Result<Reply, Refusal> {
    let mut directory = lock(&shared.directory);
    let tenant = known_tenant(&directory, tenant, shared.national)?;
    let form = Form::read(request)?;
    match form.required("grant_type")? {
        "client_credentials" => {}
        other => {
            return Err(Refusal::new(
                400,
                "unsupported_grant_type",
                70003,
                format!("The app requested an unsupported grant type '{other}'."),
            ))
        }
    }
    let client = Client::of(&form, request)?;
    let registration = known_app(&directory, &tenant, &client.id)?.clone();
    let resource = resource(&form)?;
    match client.credential {
        Credential::Assertion(assertion) => {
            let expected = Expected {
                audiences: audiences(shared.national, &record.host, &tenant),
                registration: &registration,
                now: shared.clock.now(),
            };
            let id = assertion::verify(&assertion, &expected, record)?;
            if !directory.used_assertions.insert(id) {
                return Err(Refusal::client(
                    50012,
                    "Authentication failed: the client assertion was used before.",
                ));
            }
        }
        Credential::Secret(secret) => check_secret(&registration, &secret)?,
    }
    if !shared.national.knows_resource(&resource) {
        return Err(Refusal::new(
            400,
            "invalid_resource",
            500011,
            format!(
                "The resource principal named {resource} was not found in the tenant named \
                 {tenant}. This can happen if the application has not been installed by the \
                 administrator of the tenant or consented to by any user in the tenant. You might \
                 have sent your authentication request to the wrong tenant."
            ),
        ));
    }
    record.authorized = true;
    let now = shared.clock.now();
    let (token, expires_in) = shared
        .tokens
        .issue(&tenant, &registration.app, &resource, now);
    let body = Object::new()
        .text("token_type", "Bearer")
        .number("expires_in", expires_in)
        .number("ext_expires_in", expires_in)
        .text("access_token", &token)
        .finish();
    Ok(Reply::json(200, body))
}

/// The tenant in lower case, if this cloud has it.
pub(crate) fn known_tenant(
    directory: &Directory,
    tenant: &str,
    national: National,
) -> Result<String, Refusal> {
    if ["common", "consumers", "organizations"].contains(&tenant) {
        return Err(Refusal::request(
            50059,
            "No tenant-identifying information found in either the request or implied by any \
             provided credentials.",
        ));
    }
    if !is_guid(tenant) && !is_domain(tenant) {
        return Err(Refusal::request(
            900023,
            format!(
                "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid \
                 external domain."
            ),
        ));
    }
    match directory.tenant(tenant) {
        None => Err(Refusal::request(
            90002,
            format!(
                "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID \
                 and are signing into the correct cloud. Check with your subscription \
                 administrator, this may happen if there are no active subscriptions for the tenant."
            ),
        )),
        Some(known) => match known.moved_to {
            Some(other) => Err(Refusal::request(
                900382,
                format!(
                    "Confidential Client is not supported in Cross Cloud request. The tenant \
                     belongs to '{}', this is '{}'.",
                    other.facts().instance,
                    national.facts().instance
                ),
            )),
            None => Ok(tenant.to_ascii_lowercase()),
        },
    }
}

fn known_app<'a>(
    directory: &'a Directory,
    tenant: &str,
    client_id: &str,
) -> Result<&'a Registration, Refusal> {
    let Some(registration) = directory.find(tenant, client_id) else {
        return Err(Refusal::new(
            400,
            "unauthorized_client",
            700016,
            format!(
                "Application with identifier '{client_id}' was not found in the directory \
                 '{tenant}'. This can happen if the application has not been installed by the \
                 administrator of the tenant or consented to by any user in the tenant. You may \
                 have sent your authentication request to the wrong tenant."
            ),
        ));
    };
    match registration.disabled {
        false => Ok(registration),
        true => Err(Refusal::new(
            400,
            "unauthorized_client",
            7000112,
            format!("Application '{client_id}'(device) is disabled."),
        )),
    }
}

fn check_secret(registration: &Registration, secret: &str) -> Result<(), Refusal> {
    let id = &registration.app.client_id;
    match registration.secrets.iter().find(|known| known.value == secret) {
        Some(known) if !known.expired => Ok(()),
        Some(_) => Err(Refusal::client(
            7000222,
            format!(
                "The provided client secret keys for app '{id}' are expired. Visit the Azure \
                 portal to create new keys for your app: https://aka.ms/NewClientSecret, or \
                 consider using certificate credentials for added security: https://aka.ms/certCreds."
            ),
        )),
        None => Err(Refusal::client(
            7000215,
            format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is \
                 the client secret value, not the client secret ID, for a secret added to app '{id}'."
            ),
        )),
    }
}

fn audiences(national: National, host: &str, tenant: &str) -> Vec<String> {
    let mut audiences = Vec::new();
    for host in [host, national.login_host()] {
        audiences.push(format!("https://{host}/{tenant}/oauth2/v2.0/token"));
        audiences.push(format!("https://{host}/{tenant}/oauth2/token"));
        audiences.push(format!("https://{host}/{tenant}/v2.0"));
    }
    audiences
}

fn is_domain(text: &str) -> bool {
    text.contains('.')
        && text.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

fn with_common_headers(reply: Reply, request: &Request) -> Reply {
    let mut reply = reply
        .header("cache-control", "no-store, no-cache")
        .header("pragma", "no-cache")
        .header("expires", "-1")
        .header(
            "strict-transport-security",
            "max-age=31536000; includeSubDomains",
        )
        .header("x-content-type-options", "nosniff")
        .header("p3p", "CP=\"DSP CUR OTPi IND OTRi ONL FIN\"")
        .header("x-ms-ests-server", "2.1.20000.1 - LOOP ProdSlices")
        .header(
            "set-cookie",
            "fpc=loopback; path=/; secure; HttpOnly; SameSite=None",
        )
        .header(
            "set-cookie",
            "stsservicecookie=estsfd; path=/; secure; samesite=none; httponly",
        );
    if request.header("return-client-request-id") == Some("true") {
        if let Some(id) = request.header("client-request-id") {
            reply = reply.header("client-request-id", id);
        }
    }
    reply
}

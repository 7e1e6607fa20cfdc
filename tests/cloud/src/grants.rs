//! Entra's token endpoint: what a client may ask for, and the order in which it is checked.
//!
//! Checks come in the order Entra makes them: the tenant, the form, the application, the scope,
//! the credential, the resource. The first that fails is the answer.

use crate::assertion::Expected;
use crate::facts::Authority;
use crate::http::{Reply, Request};
use crate::log::Logged;
use crate::national::National;
use crate::object::Object;
use crate::refusal::Refusal;
use crate::server::Shared;
use crate::tenancy::{known_app, known_tenant};
use crate::token::{self, Grant};
use crate::token_request::{resource, Client, Form};
use crate::{client_credential, lock};

/// Answers a token request.
pub(crate) fn token(
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
    let expected = Expected {
        authority: Authority::Entra,
        audiences: audiences(shared.national, &record.host, &tenant),
        registration: &registration,
        now: shared.clock.now(),
    };
    client_credential::check(&mut directory, &client.credential, &expected, record)?;
    check_resource(shared.national, &resource, &tenant)?;
    record.authorized = true;
    let grant = Grant {
        issuer: token::issuer(shared.national, &tenant),
        tenant: &tenant,
        app: &registration.app,
        audience: &resource,
    };
    let (token, expires_in) = shared.tokens.issue(&grant, shared.clock.now());
    let body = Object::new()
        .text("token_type", "Bearer")
        .number("expires_in", expires_in)
        .number("ext_expires_in", expires_in)
        .text("access_token", &token)
        .finish();
    Ok(Reply::json(200, body))
}

fn check_resource(national: National, resource: &str, tenant: &str) -> Result<(), Refusal> {
    match national.knows_resource(resource) {
        true => Ok(()),
        false => Err(Refusal::new(
            400,
            "invalid_resource",
            500011,
            format!(
                "The resource principal named {resource} was not found in the tenant named \
                 {tenant}. This can happen if the application has not been installed by the \
                 administrator of the tenant or consented to by any user in the tenant. You might \
                 have sent your authentication request to the wrong tenant."
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

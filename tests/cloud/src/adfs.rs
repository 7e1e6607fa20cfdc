//! The login host of an Azure Stack Hub with AD FS: another dialect than Entra's.
//!
//! One authority, `/adfs`, which takes a tenant's place; `resource` and not `scope`; certificates
//! named by SHA-1 and RS256 only; refusals that have an `MSIS` number in their text and no codes.

use crate::assertion::Expected;
use crate::directory::{Directory, AD_FS};
use crate::facts::Authority;
use crate::http::{Reply, Request};
use crate::log::Logged;
use crate::object::Object;
use crate::refusal::Refusal;
use crate::server::Shared;
use crate::token::{self, Grant};
use crate::token_reply::{Issued, Person};
use crate::token_request::{Client, Form};
use crate::users::User;
use crate::{client_credential, lock};

/// Answers a request to the login host.
pub(crate) fn answer(shared: &Shared, request: &Request, record: &mut Logged) -> Reply {
    let answered = match (request.method.as_str(), request.path.as_str()) {
        ("POST", "/adfs/oauth2/token") => token(shared, request, record),
        // The discovery document has it so.
        ("POST", "/adfs/oauth2/token/") => {
            record.note("token endpoint with a slash at the end");
            token(shared, request, record)
        }
        ("GET", "/adfs/.well-known/openid-configuration") => Ok(configuration(&record.host)),
        ("GET", "/adfs/discovery/keys") => Ok(Reply::json(200, shared.tokens.key_set())),
        _ => {
            record.unexpected("a path that AD FS does not have");
            Ok(Reply::not_found_page())
        }
    };
    answered
        .unwrap_or_else(Denied::reply)
        .header("cache-control", "no-store")
        .header("pragma", "no-cache")
        .header("server", "Microsoft-HTTPAPI/2.0")
        .header("strict-transport-security", "max-age = 31536000")
        .header("x-content-type-options", "nosniff")
}

fn token(shared: &Shared, request: &Request, record: &mut Logged) -> Result<Reply, Denied> {
    let mut directory = lock(&shared.directory);
    let form = Form::read(request)?;
    let grant_type = form.required("grant_type")?;
    if !["client_credentials", "password"].contains(&grant_type) {
        return Err(UNSUPPORTED_GRANT);
    }
    let client = Client::of(&form, request)?;
    let registration = directory.find(AD_FS, &client.id).ok_or(UNKNOWN_CLIENT)?;
    let registration = registration.clone();
    if registration.disabled {
        return Err(UNKNOWN_CLIENT);
    }
    let resource = resource(&form, record)?;
    let public = registration.public && grant_type == "password";
    if client.credential.is_some() || !public {
        let expected = Expected {
            authority: Authority::AdFs,
            audiences: audiences(&record.host),
            registration: &registration,
            now: shared.clock.now(),
        };
        client_credential::check(&mut directory, client.proof()?, &expected, record)?;
    }
    if !directory.has_resource(shared.national, resource) {
        return Err(UNKNOWN_RESOURCE);
    }
    let user = match grant_type {
        "password" => Some(person(&mut directory, &form)?),
        _ => None,
    };
    record.authorized = true;
    let now = shared.clock.now();
    let grant = Grant {
        issuer: token::issuer(shared.national, AD_FS),
        tenant: AD_FS,
        app: &registration.app,
        user: user.as_ref(),
        audience: resource,
    };
    let (access_token, expires_in) = shared.tokens.issue(&grant, now);
    let issued = Issued {
        access_token,
        expires_in,
        resource: resource.to_owned(),
        now,
        person: Person::default(),
    };
    Ok(issued.ad_fs_reply(shared.tokens.shape()))
}

/// Who signs in with a password; AD FS does not say what was wrong.
fn person(directory: &mut Directory, form: &Form) -> Result<User, Denied> {
    let (name, password) = (form.required("username")?, form.required("password")?);
    let signed_in = directory.users.sign_in(name, password);
    signed_in.map_err(|_| BAD_PASSWORD)
}

/// The resource; a scope may stand beside it and decides nothing.
fn resource<'a>(form: &'a Form, record: &mut Logged) -> Result<&'a str, Denied> {
    match (form.value("resource"), form.value("scope")) {
        (Some(resource), None) => Ok(resource),
        (Some(resource), Some(_)) => {
            record.note("a scope beside the resource");
            Ok(resource)
        }
        (None, _) => {
            record.unexpected("no resource in a token request to AD FS");
            Err(BAD_REQUEST)
        }
    }
}

fn audiences(host: &str) -> Vec<String> {
    ["", "/"]
        .map(|end| format!("https://{host}/adfs/oauth2/token{end}"))
        .to_vec()
}

/// The discovery document. What this stamp does not offer (codes, devices) is not in it.
fn configuration(host: &str) -> Reply {
    let base = format!("https://{host}/adfs");
    let body = Object::new()
        .text("issuer", &base)
        .text(
            "authorization_endpoint",
            &format!("{base}/oauth2/authorize/"),
        )
        .text("token_endpoint", &format!("{base}/oauth2/token/"))
        .text("jwks_uri", &format!("{base}/discovery/keys"))
        .texts(
            "token_endpoint_auth_methods_supported",
            &[
                "client_secret_post",
                "client_secret_basic",
                "private_key_jwt",
            ],
        )
        .texts("response_types_supported", &["code"])
        .texts("grant_types_supported", &["client_credentials", "password"])
        .texts("subject_types_supported", &["pairwise"])
        .texts("scopes_supported", &[".default", "openid", "profile"])
        .texts("id_token_signing_alg_values_supported", &["RS256"])
        .texts(
            "token_endpoint_auth_signing_alg_values_supported",
            &["RS256"],
        )
        .text("access_token_issuer", &format!("{base}/services/trust"))
        .text("userinfo_endpoint", &format!("{base}/userinfo"))
        .finish();
    Reply::json(200, body)
}

/// A refusal of AD FS: status 400, an OAuth error, a number and a text.
struct Denied {
    error: &'static str,
    number: u16,
    text: &'static str,
}

impl Denied {
    fn reply(self) -> Reply {
        let description = format!("MSIS{}: {}", self.number, self.text);
        let body = Object::new()
            .text("error", self.error)
            .text("error_description", &description)
            .finish();
        Reply::json(400, body)
    }
}

/// AD FS does not say what was wrong with a credential.
impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Denied {
        match refusal.error {
            "invalid_client" => BAD_CREDENTIAL,
            _ => BAD_REQUEST,
        }
    }
}

const BAD_CREDENTIAL: Denied = Denied {
    error: "invalid_client",
    number: 9622,
    text: "Client authentication failed. Please verify the credential provided for client \
           authentication is valid.",
};

const BAD_PASSWORD: Denied = Denied {
    error: "invalid_grant",
    number: 9659,
    text: "Invalid 'username' or 'password'.",
};

const BAD_REQUEST: Denied = Denied {
    error: "invalid_request",
    number: 9604,
    text: "An error occurred. The authorization server was not able to fulfill the request.",
};

const UNKNOWN_CLIENT: Denied = Denied {
    error: "invalid_client",
    number: 9607,
    text: "The 'client_id' parameter in the request is invalid. No registered client is found \
           with this identifier.",
};

const UNKNOWN_RESOURCE: Denied = Denied {
    error: "invalid_resource",
    number: 9602,
    text: "The received 'resource' parameter is invalid. The authorization server can not find a \
           registered resource with the specified identifier.",
};

const UNSUPPORTED_GRANT: Denied = Denied {
    error: "unsupported_grant_type",
    number: 9611,
    text: "The authorization server does not support the requested 'grant_type'.",
};

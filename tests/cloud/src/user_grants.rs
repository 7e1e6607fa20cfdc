//! Tokens for people: who signed in with a password, and what a person's token comes with.

use base64::prelude::{Engine, BASE64_URL_SAFE_NO_PAD};

use crate::directory::{Directory, Registration};
use crate::log::Logged;
use crate::national::National;
use crate::random;
use crate::refusal::Refusal;
use crate::server::Shared;
use crate::token::{self, Grant};
use crate::token_reply::{Issued, Person};
use crate::token_request::{Form, Scopes};
use crate::users::{Turned, User};

/// The person of a request with `grant_type=password`.
pub(crate) fn by_password(directory: &mut Directory, form: &Form) -> Result<User, Refusal> {
    let name = form.required("username")?;
    let password = form.required("password")?;
    let tenant = directory.default_tenant.clone();
    directory.users.sign_in(name, password).map_err(|turned| {
        let (code, text) = match turned {
            Turned::Locked => (
                50053,
                "The account is locked, you've tried to sign in too many times with an incorrect \
                 user ID or password."
                    .to_owned(),
            ),
            Turned::SecondFactor => (
                50076,
                "Due to a configuration change made by your administrator, or because you moved \
                 to a new location, you must use multi-factor authentication to access the \
                 resource."
                    .to_owned(),
            ),
            Turned::Unknown => (
                50034,
                format!(
                    "The user account {name} does not exist in the {tenant} directory. To sign \
                     into this application, the account must be added to the directory."
                ),
            ),
            Turned::WrongPassword => (
                50126,
                "Error validating credentials due to invalid username or password.".to_owned(),
            ),
        };
        Refusal::new(400, "invalid_grant", code, text)
    })
}

/// What a person's client asked for; a refresh token is nothing for a device.
pub(crate) fn scopes(form: &Form, record: &mut Logged) -> Result<Scopes, Refusal> {
    let scopes = Scopes::of(form)?;
    if scopes.offline {
        record.unexpected("asked for a refresh token");
    }
    Ok(scopes)
}

/// A token for a person.
pub(crate) fn issue(
    shared: &Shared,
    tenant: &str,
    registration: &Registration,
    user: &User,
    scopes: &Scopes,
) -> Issued {
    let now = shared.clock.now();
    let grant = Grant {
        issuer: token::issuer(shared.national, tenant),
        tenant,
        app: &registration.app,
        user: Some(user),
        audience: &scopes.resource,
    };
    let (access_token, expires_in) = shared.tokens.issue(&grant, now);
    let identity = Grant {
        issuer: identity_issuer(shared.national, tenant),
        audience: &registration.app.client_id,
        ..grant
    };
    let person = Person {
        scope: Some(format!(
            "{0}/user_impersonation {0}/.default",
            scopes.resource
        )),
        refresh_token: scopes
            .offline
            .then(|| BASE64_URL_SAFE_NO_PAD.encode(random::bytes::<96>())),
        id_token: scopes
            .open_id
            .then(|| shared.tokens.issue(&identity, now).0),
    };
    Issued {
        access_token,
        expires_in,
        resource: scopes.resource.clone(),
        now,
        person,
    }
}

fn identity_issuer(national: National, tenant: &str) -> String {
    format!("https://{}/{tenant}/v2.0", national.login_host())
}

//! Checks what a client proves itself with: a secret, an assertion that only it can have signed, or
//! a token that another issuer has signed for it.

use crate::assertion::{self, Expected};
use crate::directory::{Directory, Registration};
use crate::facts::Authority;
use crate::federation;
use crate::log::Logged;
use crate::refusal::Refusal;
use crate::token_request::Credential;

/// Whether the credential is the application's. An assertion of its own is used up by it.
pub(crate) fn check(
    directory: &mut Directory,
    credential: &Credential,
    expected: &Expected,
    record: &mut Logged,
) -> Result<(), Refusal> {
    match credential {
        Credential::Assertion(token)
            if expected.authority == Authority::Entra && federation::is_foreign(token) =>
        {
            federation::verify(token, expected, record)
        }
        Credential::Assertion(assertion) => {
            let id = assertion::verify(assertion, expected, record)?;
            match directory.used_assertions.insert(id) {
                true => Ok(()),
                false => Err(Refusal::client(
                    50012,
                    "Authentication failed: the client assertion was used before.",
                )),
            }
        }
        Credential::Secret(secret) => check_secret(expected.registration, secret),
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

//! Which of several identities signs in: the first that is not refused.
//!
//! The next one is tried only when the credential itself was refused, or when the one before
//! needs a person and nobody is there; never because of the network.

use super::Credential;
use crate::cloud::Cloud;
use crate::config::Identity;
use crate::error::{Error, PersonProblem};

/// Reads the credentials of `identities`, up to the first fallback that cannot be used; sends
/// nothing.
///
/// # Errors
/// When the first one cannot be used. A fallback that is not there is only told: it must not
/// stop the one before it.
pub fn load_all<'a>(
    identities: impl IntoIterator<Item = &'a Identity>,
    cloud: &Cloud,
) -> Result<Vec<Credential>, Error> {
    let mut credentials = Vec::new();
    for identity in identities {
        match Credential::load(identity, cloud) {
            Ok(credential) => {
                if let Some(warning) = credential.expiry_warning() {
                    log::warn!("{warning}");
                }
                credentials.push(credential);
            }
            Err(error) if credentials.is_empty() => return Err(error),
            Err(error) => {
                log::warn!("{error}; {}", error.advice());
                break;
            }
        }
    }
    Ok(credentials)
}

/// What `sign_in` gives for the first of `credentials` that is not refused, and its place
/// among them.
///
/// # Errors
/// The first refusal when all are refused; anything else at once.
pub fn first_accepted<T>(
    credentials: &[Credential],
    sign_in: impl Fn(&Credential) -> Result<T, Error>,
) -> Result<(usize, T), Error> {
    let (mut refusal, mut absent_person) = (None, None);
    for (position, credential) in credentials.iter().enumerate() {
        match sign_in(credential) {
            Ok(found) => {
                if position > 0 {
                    log::warn!("signed in as fallback: {}", credential.description().text);
                }
                return Ok((position, found));
            }
            Err(error @ Error::Person(PersonProblem::Absent)) => {
                absent_person.get_or_insert(error);
            }
            Err(error) if error.refuses_credential() => {
                refusal.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    Err(refusal
        .or(absent_person)
        .unwrap_or_else(|| Error::Internal {
            what: "no identity is configured".to_owned(),
        }))
}

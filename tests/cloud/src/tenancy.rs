//! Which tenants and applications the login host knows, and what it says of the others.

use crate::directory::{is_guid, Directory, Registration};
use crate::national::National;
use crate::refusal::Refusal;

/// What kind of client asks: of a tenant in another cloud they are told in different ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    Confidential,
    Public,
}

/// The tenant in lower case, if this cloud has it.
pub(crate) fn known_tenant(
    directory: &Directory,
    tenant: &str,
    national: National,
    client: Client,
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
            Some(other) => Err(in_another_cloud(tenant, other, national, client)),
            None => Ok(tenant.to_ascii_lowercase()),
        },
    }
}

fn in_another_cloud(tenant: &str, other: National, own: National, client: Client) -> Refusal {
    let (other, own) = (other.facts().instance, own.facts().instance);
    match client {
        Client::Confidential => Refusal::request(
            900382,
            format!(
                "Confidential Client is not supported in Cross Cloud request. The tenant belongs \
                 to '{other}', this is '{own}'."
            ),
        ),
        Client::Public => Refusal::request(
            90038,
            format!(
                "The specified tenant '{tenant}' belongs to the National Cloud '{other}'. Current \
                 cloud instance '{own}' does not federate with National Cloud '{other}'."
            ),
        ),
    }
}

/// An application of a tenant, unless it is disabled.
pub(crate) fn known_app<'a>(
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

fn is_domain(text: &str) -> bool {
    text.contains('.')
        && text.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

//! The block to paste into a ticket. It holds neither a token nor a value.

use crate::clock;
use crate::error::{Refusal, SignInRefusal};

/// The block for a vault's refusal.
pub(super) fn of_vault(refusal: &Refusal) -> Vec<String> {
    let code = match &refusal.inner {
        Some(inner) => format!("{} {} / {inner}", refusal.status, refusal.code),
        None => format!("{} {}", refusal.status, refusal.code),
    };
    let address = match (&refusal.egress, &refusal.connection) {
        (Some(address), Some(connection)) => Some(format!("{address} ({connection})")),
        (address, _) => address.clone(),
    };
    block(&[
        ("time", Some(&clock::utc(refusal.at))),
        ("vault", Some(&refusal.vault.to_string())),
        ("object", Some(&refusal.object)),
        ("refused with", Some(&code)),
        ("tenant", refusal.token.tenant.as_ref()),
        ("app id", refusal.token.app_id.as_ref()),
        ("object id", refusal.token.object_id.as_ref()),
        ("our address", address.as_ref()),
        ("request id", refusal.request_id.as_ref()),
        ("client request", refusal.client_request_id.as_ref()),
    ])
}

/// The block for the authority's refusal.
pub(super) fn of_authority(refusal: &SignInRefusal) -> Vec<String> {
    let code = match refusal.number() {
        Some(number) => format!("{} {number}", refusal.error),
        None => refusal.error.clone(),
    };
    let federated = refusal.federated.as_ref();
    block(&[
        ("time", Some(&clock::utc(refusal.at))),
        ("authority", Some(&refusal.authority.to_string())),
        ("refused with", Some(&code)),
        ("tenant", Some(&refusal.tenant)),
        ("app id", Some(&refusal.client_id)),
        ("credential", Some(&refusal.credential)),
        ("token issuer", federated.map(|token| &token.issuer)),
        ("token audience", federated.map(|token| &token.audience)),
        ("token subject", federated.map(|token| &token.subject)),
        ("trace id", refusal.trace_id.as_ref()),
        ("correlation id", refusal.correlation_id.as_ref()),
    ])
}

fn block(facts: &[(&str, Option<&String>)]) -> Vec<String> {
    let mut lines = vec!["  for the ticket:".to_owned()];
    for (name, fact) in facts {
        if let Some(fact) = fact {
            lines.push(format!("    {name:<15} {fact}"));
        }
    }
    lines
}

//! A vault's error replies (protocol notes 5.6), by `error.code` and `innererror.code`.

use super::challenge::Challenge;
use super::Access;
use crate::clock;
use crate::error::{Error, Refusal, RefusalCause};
use crate::http::Reply;
use crate::json::Json;
use crate::name::{self, HostName};

/// The codes of an error reply, escaped.
#[derive(Debug)]
pub(super) struct Codes {
    pub(super) code: String,
    pub(super) inner: Option<String>,
}

/// The codes, if the reply is a vault's error.
///
/// A 401 carries its number (`AKV10022`) only in the text; that number is the inner code.
pub(super) fn codes(reply: &Reply) -> Option<Codes> {
    let document = Json::read(reply.body.expose())?;
    let error = document.member("error")?;
    let inner = match error.member("innererror") {
        Some(inner) => Some(inner.text_of("code")?),
        None => None,
    };
    let message = error.any_text_of("message")?.unwrap_or_default();
    let inner = inner.as_deref().or_else(|| akv_number(&message));
    Some(Codes {
        code: name::foreign(&error.text_of("code")?, 48),
        inner: inner.map(|inner| name::foreign(inner, 48)),
    })
}

/// The refusal that a 401 or 403 of `vault` is; `object` names what was asked for.
pub(super) fn read(access: &Access<'_>, vault: &HostName, object: String, reply: &Reply) -> Error {
    let challenge = reply.header("www-authenticate").and_then(Challenge::parse);
    let codes = codes(reply).unwrap_or_else(|| Codes {
        code: "no code".to_owned(),
        inner: None,
    });
    let network = reply
        .header("x-ms-keyvault-network-info")
        .unwrap_or_default();
    let header = |name: &str| reply.header(name).map(|text| name::foreign(text, 64));
    Error::Refused(Box::new(Refusal {
        at: clock::now(),
        vault: vault.clone(),
        object,
        status: reply.status,
        cause: cause(access, &codes, challenge.as_ref()),
        code: codes.code,
        inner: codes.inner,
        token: access.facts.clone(),
        egress: network_info(network, "addr"),
        connection: network_info(network, "conn_type"),
        request_id: header("x-ms-request-id"),
        client_request_id: header("x-ms-client-request-id"),
    }))
}

fn cause(access: &Access<'_>, codes: &Codes, challenge: Option<&Challenge>) -> RefusalCause {
    if let Some(mismatch) = challenge.and_then(|challenge| challenge.disagreement(access.cloud)) {
        return mismatch;
    }
    match codes.inner.as_deref().unwrap_or(&codes.code) {
        "AKV10022" => RefusalCause::InvalidAudience,
        "AKV10032" => RefusalCause::InvalidIssuer {
            vault_tenant: challenge.and_then(Challenge::tenant),
        },
        "AKV10046" => RefusalCause::UnknownSigningKey,
        "AccessDenied" | "ForbiddenByPolicy" => RefusalCause::Policy,
        "ForbiddenByConnection" => RefusalCause::Connection,
        "ForbiddenByFirewall" => RefusalCause::Firewall,
        "ForbiddenByRbac" => RefusalCause::Role,
        "SecretDisabled" => RefusalCause::Disabled,
        "TokenExpired" => RefusalCause::TokenExpired,
        _ => RefusalCause::Other,
    }
}

/// `AKV` and five digits, or the bracketed word of `[TokenExpired] …`.
fn akv_number(message: &str) -> Option<&str> {
    if let Some(word) = message
        .strip_prefix('[')
        .and_then(|rest| rest.split(']').next())
    {
        return Some(word);
    }
    let (number, _) = message
        .strip_prefix("AKV")
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))?
        .split_once(':')?;
    let end = number.len().checked_add("AKV".len())?;
    message.get(..end)
}

/// One field of `conn_type=Ipv4;addr=203.0.113.7;act_addr_fam=InterNetwork;`, escaped.
fn network_info(header: &str, key: &str) -> Option<String> {
    let mut fields = header
        .split(';')
        .filter_map(|field| field.trim().split_once('='));
    fields
        .find(|(name, _)| *name == key)
        .map(|(_, value)| name::foreign(value, 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_number_in_the_text_of_a_401() {
        for (message, number) in [
            ("AKV10022: Invalid audience. Expected x", Some("AKV10022")),
            (
                "[TokenExpired] Error validating token: x",
                Some("TokenExpired"),
            ),
            ("Request is missing a Bearer or PoP token.", None),
            ("AKV", None),
        ] {
            assert_eq!(akv_number(message), number);
        }
    }

    #[test]
    fn network_info_is_escaped() {
        let header = "conn_type=Ipv4;addr=1.2.3.4\u{1b}[2J;act_addr_fam=InterNetwork;";
        assert_eq!(network_info(header, "addr").unwrap(), "1.2.3.4\\u{1b}[2J");
        assert_eq!(network_info(header, "conn_type").unwrap(), "Ipv4");
        assert_eq!(network_info("", "addr"), None);
    }
}

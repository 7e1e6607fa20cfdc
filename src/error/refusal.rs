//! A refusal by the vault or the authority, with all that a ticket about it needs.

use std::fmt;

use super::Reason;
use crate::name::HostName;

/// A vault's 401 or 403. Printed whole, it is the block to paste into a ticket; it holds
/// neither the token nor a value.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Seconds since 1970.
    pub at: i64,
    /// The vault's host.
    pub vault: HostName,
    /// Kind and name: `secret mqtt-password`.
    pub object: String,
    /// HTTP status.
    pub status: u16,
    /// `error.code`.
    pub code: String,
    /// `error.innererror.code`, or the `AKV…` number of a 401.
    pub inner: Option<String>,
    /// What it comes down to.
    pub cause: RefusalCause,
    /// What the token says of itself.
    pub token: TokenFacts,
    /// This device's address as the vault saw it, escaped.
    pub egress: Option<String>,
    /// `Ipv4`, `PrivateLink`, …, escaped.
    pub connection: Option<String>,
    /// The service's `x-ms-request-id`.
    pub request_id: Option<String>,
    /// Our `x-ms-client-request-id`, echoed.
    pub client_request_id: Option<String>,
}

/// Who a token was issued to, as it says itself; for people, never for decisions.
#[derive(Clone, Debug, Default)]
pub struct TokenFacts {
    /// `tid`.
    pub tenant: Option<String>,
    /// `appid`, or `azp`.
    pub app_id: Option<String>,
    /// `oid`: what a role is given to.
    pub object_id: Option<String>,
}

/// What a federated token says of itself, escaped: what a federated credential must fit.
#[derive(Clone, Debug, Default)]
pub struct FederatedFacts {
    /// `iss`.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
    /// `sub`.
    pub subject: String,
    /// The audience that the cloud's federated credentials usually have, where known.
    pub usual_audience: Option<String>,
}

/// What a vault's refusal comes down to (protocol notes 5.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefusalCause {
    /// The challenge does not fit the configured cloud.
    ChallengeMismatch {
        /// How.
        how: String,
        /// The known cloud that it belongs to.
        cloud: Option<&'static str>,
    },
    /// Only private links may reach the vault.
    Connection,
    /// The version is disabled.
    Disabled,
    /// The vault's firewall does not list this device's address.
    Firewall,
    /// AKV10022: the token is for another audience.
    InvalidAudience,
    /// AKV10032: the token comes from another tenant than the vault's.
    InvalidIssuer {
        /// The vault's tenant, as its challenge says.
        vault_tenant: Option<String>,
    },
    /// A code that this release does not know.
    Other,
    /// No access policy entry.
    Policy,
    /// No role assignment.
    Role,
    /// The vault calls a token expired that was issued just now.
    TokenExpired,
    /// AKV10046: the token's signing key is unknown there.
    UnknownSigningKey,
}

/// The authority's refusal to issue a token.
#[derive(Clone, Debug)]
pub struct SignInRefusal {
    /// Seconds since 1970.
    pub at: i64,
    /// The authority's host.
    pub authority: HostName,
    /// The configured cloud.
    pub cloud: String,
    /// The known other cloud in which the tenant lives, if something tells.
    pub home: Option<&'static str>,
    /// The tenant asked.
    pub tenant: String,
    /// The application that asked.
    pub client_id: String,
    /// Where the credential lies: a path, `credential NAME`, `environment NAME`.
    pub credential: String,
    /// The audience that was asked for.
    pub audience: String,
    /// The OAuth error: `invalid_client`.
    pub error: String,
    /// The first of `error_codes`: the AADSTS number.
    pub code: Option<u32>,
    /// The number of AD FS (`MSIS…`), which has no `error_codes`.
    pub adfs_code: Option<u32>,
    /// What the token of another issuer says, if the sign-in was by one.
    pub federated: Option<FederatedFacts>,
    /// `trace_id`.
    pub trace_id: Option<String>,
    /// `correlation_id`.
    pub correlation_id: Option<String>,
}

/// How [`Refusal::object`] begins where a vault's list was asked for: `the list of secrets`.
pub const LIST_OF: &str = "the list of ";

impl Refusal {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self.cause {
            RefusalCause::ChallengeMismatch { .. } | RefusalCause::InvalidAudience => Reason::Cloud,
            RefusalCause::Connection | RefusalCause::Firewall => Reason::Firewall,
            RefusalCause::Disabled => Reason::Disabled,
            RefusalCause::InvalidIssuer { .. } => Reason::Tenant,
            RefusalCause::Other | RefusalCause::Policy => Reason::Policy,
            RefusalCause::Role => Reason::Role,
            RefusalCause::TokenExpired => Reason::Clock,
            RefusalCause::UnknownSigningKey => Reason::Cloud,
        }
    }

    /// The vault's short name: the first label of its host.
    pub fn vault_name(&self) -> &str {
        self.vault.as_str().split('.').next().unwrap_or_default()
    }
}

impl SignInRefusal {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        if self.adfs_code == Some(9602) {
            return Reason::Cloud;
        }
        match self.code {
            Some(700_024) => Reason::Clock,
            Some(
                28_002 | 50_001 | 50_049 | 70_011 | 90_038 | 500_011 | 650_057 | 700_022 | 900_382
                | 900_432 | 1_002_012,
            ) => Reason::Cloud,
            Some(50_196) => Reason::Throttled,
            Some(50_059 | 50_194 | 90_002 | 900_023 | 9_001_023) => Reason::Tenant,
            Some(50_105 | 53_000 | 53_001 | 53_003 | 65_001 | 530_003 | 530_032 | 530_035) => {
                Reason::Policy
            }
            _ => Reason::Credential,
        }
    }

    /// The number as the authority writes it: `AADSTS7000215`, `MSIS9602`.
    pub fn number(&self) -> Option<String> {
        let entra = self.code.map(|code| format!("AADSTS{code}"));
        entra.or_else(|| self.adfs_code.map(|code| format!("MSIS{code}")))
    }

    /// Whether the authority found the assertion outside its time: a matter of clocks.
    pub fn is_about_time(&self) -> bool {
        matches!(self.code, Some(50_012 | 700_024))
    }

    /// Whether the authority refused the credential itself (unknown, expired, revoked), so
    /// that the next identity of a list may be tried.
    pub fn refuses_credential(&self) -> bool {
        matches!(
            self.code,
            Some(
                50_012
                    | 50_034
                    | 50_055
                    | 50_057
                    | 50_126
                    | 70_021
                    | 70_025
                    | 700_016
                    | 700_027
                    | 700_030
                    | 700_211
                    | 700_212
                    | 700_213
                    | 7_000_112
                    | 7_000_215
                    | 7_000_222
            )
        )
    }
}

impl fmt::Display for RefusalCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ChallengeMismatch { how, .. } => how,
            Self::Connection => "the vault takes requests over its private link only",
            Self::Disabled => "this version is disabled",
            Self::Firewall => "the vault's firewall does not list this device's address",
            Self::InvalidAudience => "the token is for another audience than this vault's cloud",
            Self::InvalidIssuer { .. } => "the token comes from another tenant than the vault's",
            Self::Other => "the vault refused",
            Self::Policy => "no access policy lets this identity read that",
            Self::Role => "this identity has no role that lets it read that here",
            Self::TokenExpired => "the vault calls the fresh token expired",
            Self::UnknownSigningKey => "the vault does not know the key that signed the token",
        })
    }
}

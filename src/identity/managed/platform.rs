//! The platforms that give machines an identity, and how each wants to be asked.

use crate::config::Selector;
use crate::error::{Error, ManagedIdentityProblem};
use crate::http::{Endpoint, Patience, SecretHeader};
use crate::secret::Secret;

/// A platform and its endpoint on this machine.
#[derive(Debug)]
pub(super) struct Platform {
    pub(super) kind: Kind,
    pub(super) endpoint: Endpoint,
    /// What shows that a request comes from the platform's own process.
    pub(super) secret: Option<Secret>,
    pub(super) patience: Patience,
    /// The identity that the platform means where none is chosen.
    pub(super) default: Option<Selector>,
}

/// Whose protocol it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    AppService,
    Arc,
    AzureMl,
    Imds,
}

impl Platform {
    /// The header that carries the secret.
    pub(super) fn secret_header(&self) -> Option<SecretHeader<'_>> {
        let label = match self.kind {
            Kind::AppService => "X-IDENTITY-HEADER: ",
            _ => "secret: ",
        };
        let value = self.secret.as_ref()?;
        Some(SecretHeader { label, value })
    }
}

impl Kind {
    /// Its name, for people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::AppService => "App Service",
            Self::Arc => "Azure Arc",
            Self::AzureMl => "Azure ML",
            Self::Imds => "IMDS",
        }
    }

    /// The `api-version` of its protocol.
    pub(super) fn version(self) -> &'static str {
        match self {
            Self::AppService => "2019-08-01",
            Self::Arc => "2020-06-01",
            Self::AzureMl => "2017-09-01",
            Self::Imds => "2018-02-01",
        }
    }

    /// The query's name for an id. Old agents of Arc ignore `mi_res_id`, App Service ignores
    /// `msi_res_id`.
    ///
    /// # Errors
    /// Azure ML tells identities by client id only.
    pub(super) fn parameter(self, selector: &Selector) -> Result<&'static str, Error> {
        match (self, selector) {
            (Self::AzureMl, Selector::ClientId(_)) => Ok("clientid"),
            (Self::AzureMl, other) => {
                let selector = other.key();
                Err(self.problem(ManagedIdentityProblem::WrongSelector { selector }))
            }
            (_, Selector::ClientId(_)) => Ok("client_id"),
            (Self::AppService, Selector::ObjectId(_)) => Ok("principal_id"),
            (Self::AppService, Selector::ResourceId(_)) => Ok("mi_res_id"),
            (_, Selector::ObjectId(_)) => Ok("object_id"),
            (_, Selector::ResourceId(_)) => Ok("msi_res_id"),
        }
    }

    pub(super) fn problem(self, problem: ManagedIdentityProblem) -> Error {
        Error::ManagedIdentity {
            source: self.name(),
            problem,
        }
    }
}

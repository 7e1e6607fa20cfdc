//! Which platform this machine is on, by its environment and files: no request is sent.
//!
//! The order is that of Microsoft's own clients (protocol notes 4.1). Endpoints must be of
//! this machine, since secrets of the environment go there without TLS.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::platform::{Kind, Platform};
use crate::config::{ManagedSource, Selector};
use crate::error::{Error, ManagedIdentityProblem};
use crate::http::{Endpoint, Patience};
use crate::name;
use crate::secret::Secret;

/// What lies on the machine.
pub(super) struct Signs<'a> {
    /// The value of an environment variable.
    pub(super) variable: &'a dyn Fn(&str) -> Option<Secret>,
    /// The root of the file system.
    pub(super) root: &'a Path,
}

/// A variable of this process; an empty one counts as unset, as with Microsoft's clients.
pub(super) fn variable(name: &str) -> Option<Secret> {
    let value = std::env::var_os(name)?;
    (!value.is_empty()).then(|| Secret::copy_of(value.as_bytes()))
}

/// The platform of `source`, complete.
///
/// # Errors
/// [`ManagedIdentityProblem::LeftOut`] and [`ManagedIdentityProblem::Variable`].
pub(super) fn find(source: ManagedSource, signs: &Signs<'_>) -> Result<Platform, Error> {
    match source {
        ManagedSource::AppService => signs.app_service(),
        ManagedSource::Arc => signs.arc(),
        ManagedSource::Auto => signs.auto(),
        ManagedSource::AzureMl => signs.azure_ml(),
        ManagedSource::Imds => signs.imds(Patience::Full),
    }
}

impl Signs<'_> {
    fn auto(&self) -> Result<Platform, Error> {
        if self.has(IDENTITY_ENDPOINT) && self.has(IDENTITY_HEADER) {
            return self.app_service();
        }
        if self.has(MSI_ENDPOINT) && self.has(MSI_SECRET) {
            return self.azure_ml();
        }
        if self.has(IDENTITY_ENDPOINT) && self.has(IMDS_ENDPOINT) {
            return self.arc();
        }
        if self.has(MSI_ENDPOINT) {
            return Err(left_out("Cloud Shell"));
        }
        if self.root.join(ARC_AGENT).exists() {
            return self.arc();
        }
        self.imds(Patience::Guess)
    }

    fn app_service(&self) -> Result<Platform, Error> {
        if self.has(THUMBPRINT) {
            return Err(left_out("Service Fabric"));
        }
        let kind = Kind::AppService;
        let endpoint = self.endpoint(kind, IDENTITY_ENDPOINT, "")?;
        Ok(Platform {
            secret: Some(self.secret(kind, IDENTITY_HEADER)?),
            ..platform(kind, endpoint)
        })
    }

    fn arc(&self) -> Result<Platform, Error> {
        let kind = Kind::Arc;
        let endpoint = match self.has(IDENTITY_ENDPOINT) {
            true => self.endpoint(kind, IDENTITY_ENDPOINT, "")?,
            false => known(ARC_ORIGIN)?,
        };
        Ok(platform(kind, endpoint))
    }

    fn azure_ml(&self) -> Result<Platform, Error> {
        let kind = Kind::AzureMl;
        let endpoint = self.endpoint(kind, MSI_ENDPOINT, "")?;
        let default = match self.text(DEFAULT_CLIENT) {
            None => None,
            Some(id) if name::is_guid(&id) => Some(Selector::ClientId(id.to_ascii_lowercase())),
            Some(_) => return Err(wrong(kind, DEFAULT_CLIENT, "is no GUID")),
        };
        Ok(Platform {
            secret: Some(self.secret(kind, MSI_SECRET)?),
            default,
            ..platform(kind, endpoint)
        })
    }

    fn imds(&self, patience: Patience) -> Result<Platform, Error> {
        let kind = Kind::Imds;
        let endpoint = match self.has(IMDS_ORIGIN) {
            true => self.endpoint(kind, IMDS_ORIGIN, TOKEN_PATH)?,
            false => known("http://169.254.169.254")?,
        };
        Ok(Platform {
            patience,
            ..platform(kind, endpoint)
        })
    }

    /// The endpoint that a variable names, with `path` behind it.
    fn endpoint(&self, kind: Kind, name: &'static str, path: &str) -> Result<Endpoint, Error> {
        let Some(value) = (self.variable)(name) else {
            return Err(wrong(kind, name, "is not set"));
        };
        let url = value.expose_str().unwrap_or_default();
        let endpoint = match path {
            "" => Endpoint::parse(url),
            path => Endpoint::parse(&format!("{}{path}", url.trim_end_matches('/'))),
        };
        endpoint.ok_or_else(|| wrong(kind, name, "is no http:// address of this machine"))
    }

    fn secret(&self, kind: Kind, name: &'static str) -> Result<Secret, Error> {
        let Some(value) = (self.variable)(name) else {
            return Err(wrong(kind, name, "is not set"));
        };
        if value.expose().iter().all(u8::is_ascii_graphic) {
            return Ok(value);
        }
        Err(wrong(kind, name, "holds what cannot stand in a header"))
    }

    fn has(&self, name: &str) -> bool {
        (self.variable)(name).is_some()
    }

    fn text(&self, name: &str) -> Option<String> {
        let value = (self.variable)(name)?;
        Some(value.expose_str().unwrap_or_default().to_owned())
    }
}

fn platform(kind: Kind, endpoint: Endpoint) -> Platform {
    Platform {
        kind,
        endpoint,
        secret: None,
        patience: Patience::Full,
        default: None,
    }
}

fn known(origin: &str) -> Result<Endpoint, Error> {
    Endpoint::parse(&format!("{origin}{TOKEN_PATH}")).ok_or_else(|| Error::Internal {
        what: format!("{origin} is not of this machine"),
    })
}

fn left_out(source: &'static str) -> Error {
    Error::ManagedIdentity {
        source,
        problem: ManagedIdentityProblem::LeftOut,
    }
}

fn wrong(kind: Kind, name: &'static str, problem: &'static str) -> Error {
    kind.problem(ManagedIdentityProblem::Variable { name, problem })
}

const DEFAULT_CLIENT: &str = "DEFAULT_IDENTITY_CLIENT_ID";
const IDENTITY_ENDPOINT: &str = "IDENTITY_ENDPOINT";
const IDENTITY_HEADER: &str = "IDENTITY_HEADER";
const IMDS_ENDPOINT: &str = "IMDS_ENDPOINT";
const IMDS_ORIGIN: &str = "AZURE_POD_IDENTITY_AUTHORITY_HOST";
const MSI_ENDPOINT: &str = "MSI_ENDPOINT";
const MSI_SECRET: &str = "MSI_SECRET";
const THUMBPRINT: &str = "IDENTITY_SERVER_THUMBPRINT";
/// Below the root.
const ARC_AGENT: &str = "opt/azcmagent/bin/himds";
const ARC_ORIGIN: &str = "http://127.0.0.1:40342";
const TOKEN_PATH: &str = "/metadata/identity/oauth2/token";

#[cfg(test)]
mod tests {
    use super::*;
    use ManagedSource::{AppService, Arc, Auto, AzureMl, Imds};

    const LOCAL: &str = "http://127.0.0.1:8081/msi/token";
    const HEADER: (&str, &str) = (IDENTITY_HEADER, "853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a");
    const SECRET: (&str, &str) = (MSI_SECRET, "69418689F1E342DD946CB82994CDA3CB");
    const HERE: (&str, &str) = (IDENTITY_ENDPOINT, LOCAL);
    const MSI: (&str, &str) = (MSI_ENDPOINT, LOCAL);
    const IMDS: (&str, &str) = (IMDS_ENDPOINT, "http://127.0.0.1:40342");
    const FABRIC: (&str, &str) = (THUMBPRINT, "0123456789012345678901234567890123456789");
    const GUID: &str = "4F4A1D1B-2a3c-4c5d-8e9f-0a1b2c3d4e5f";

    fn find_with(
        source: ManagedSource,
        set: &[(&str, &str)],
        root: &Path,
    ) -> Result<Platform, Error> {
        let variable = |name: &str| {
            let found = set.iter().find(|(set, _)| *set == name)?;
            Some(Secret::copy_of(found.1.as_bytes()))
        };
        let signs = Signs {
            variable: &variable,
            root,
        };
        find(source, &signs)
    }

    /// Kind, host and patience, or the error.
    fn told(found: Result<Platform, Error>) -> String {
        match found {
            Ok(found) => format!("{:?} {:?} {:?}", found.kind, found.endpoint, found.patience),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn local_signs_decide_in_the_order_of_microsofts_clients() {
        let bare = tempfile::tempdir().unwrap();
        for (set, wanted) in [
            (
                &[HERE, HEADER, FABRIC, MSI, SECRET, IMDS][..],
                "managed identity (Service Fabric): this platform is left out",
            ),
            (
                &[HERE, HEADER, MSI, SECRET, IMDS],
                "AppService Endpoint(127.0.0.1:8081) Full",
            ),
            (
                &[HERE, MSI, SECRET, IMDS],
                "AzureMl Endpoint(127.0.0.1:8081) Full",
            ),
            (&[HERE, MSI, IMDS], "Arc Endpoint(127.0.0.1:8081) Full"),
            (
                &[HERE, MSI],
                "managed identity (Cloud Shell): this platform is left out",
            ),
            (&[HERE], "Imds Endpoint(169.254.169.254) Guess"),
            (
                &[HEADER, SECRET, IMDS, FABRIC],
                "Imds Endpoint(169.254.169.254) Guess",
            ),
            (&[], "Imds Endpoint(169.254.169.254) Guess"),
            (
                &[(IMDS_ORIGIN, "http://127.0.0.1:5/")],
                "Imds Endpoint(127.0.0.1:5) Guess",
            ),
        ] {
            assert_eq!(told(find_with(Auto, set, bare.path())), wanted, "{set:?}");
        }
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "a test plays the agent's package"
    )]
    fn the_agents_program_is_a_sign_of_arc() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("opt/azcmagent/bin")).unwrap();
        let find = |set| told(find_with(Auto, set, root.path()));
        assert_eq!(find(&[]), "Imds Endpoint(169.254.169.254) Guess");
        std::fs::write(root.path().join(ARC_AGENT), "").unwrap();
        assert_eq!(find(&[]), "Arc Endpoint(127.0.0.1:40342) Full");
        assert_eq!(
            find(&[HERE, HEADER]),
            "AppService Endpoint(127.0.0.1:8081) Full"
        );
        assert!(find(&[MSI]).contains("Cloud Shell"));
    }

    #[test]
    fn a_source_that_is_named_is_taken_or_says_what_it_lacks() {
        let bare = tempfile::tempdir().unwrap();
        for (source, set, wanted) in [
            (
                Imds,
                &[HERE, HEADER][..],
                "Imds Endpoint(169.254.169.254) Full",
            ),
            (Arc, &[], "Arc Endpoint(127.0.0.1:40342) Full"),
            (Arc, &[HERE], "Arc Endpoint(127.0.0.1:8081) Full"),
            (
                AppService,
                &[],
                "(App Service): environment variable IDENTITY_ENDPOINT is not set",
            ),
            (AppService, &[HERE], "variable IDENTITY_HEADER is not set"),
            (
                AppService,
                &[HERE, HEADER, FABRIC],
                "(Service Fabric): this platform",
            ),
            (
                AzureMl,
                &[HERE],
                "(Azure ML): environment variable MSI_ENDPOINT is not set",
            ),
            (AzureMl, &[MSI], "variable MSI_SECRET is not set"),
            (
                AzureMl,
                &[MSI, (MSI_SECRET, "a\r\nX: y")],
                "MSI_SECRET holds what cannot stand in a header",
            ),
            (
                AzureMl,
                &[MSI, SECRET, (DEFAULT_CLIENT, "me")],
                "DEFAULT_IDENTITY_CLIENT_ID is no GUID",
            ),
            (
                Imds,
                &[(IMDS_ORIGIN, "http://imds.test")],
                "AZURE_POD_IDENTITY_AUTHORITY_HOST is no http:// address of this machine",
            ),
            (
                Arc,
                &[(IDENTITY_ENDPOINT, "https://127.0.0.1:40342/")],
                "IDENTITY_ENDPOINT is no http:// address of this machine",
            ),
            (
                AppService,
                &[HEADER, (IDENTITY_ENDPOINT, "http://10.0.0.1/msi/token")],
                "IDENTITY_ENDPOINT is no http:// address of this machine",
            ),
        ] {
            let told = told(find_with(source, set, bare.path()));
            assert!(told.contains(wanted), "{source:?} {set:?}: {told}");
        }
    }

    #[test]
    fn secrets_and_defaults_come_from_the_platforms_variables() {
        let bare = tempfile::tempdir().unwrap();
        let found = find_with(AppService, &[HERE, HEADER], bare.path()).unwrap();
        let header = found.secret_header().unwrap();
        assert_eq!(header.label, "X-IDENTITY-HEADER: ");
        assert_eq!(header.value.expose(), HEADER.1.as_bytes());
        let set = [MSI, SECRET, (DEFAULT_CLIENT, GUID)];
        let found = find_with(AzureMl, &set, bare.path()).unwrap();
        assert_eq!(found.secret_header().unwrap().label, "secret: ");
        let id = GUID.to_ascii_lowercase();
        assert_eq!(found.default, Some(Selector::ClientId(id)));
    }
}

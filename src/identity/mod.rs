//! How the device proves who it is: from a configured identity to a token.
//!
//! Each kind of identity is one file here and one variant of [`Credential`]. A credential
//! is read and checked on the device before any request; what is wrong with it never
//! reaches the wire. A token goes only to the audience it was asked for.

mod assertion;
mod cache;
mod certificate;
mod client_secret;
mod endpoint;
mod token;

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

use crate::clock;
use crate::cloud::Cloud;
use crate::config::{Config, CredentialFile, Identity, ProxyLogin};
use crate::disk::{self, Origin};
use crate::error::{CredentialProblem, Error};
use crate::http::{self, ProxyCredentials};
use crate::name::{ClientId, Tenant};
use crate::secret::Secret;

use certificate::CertificateCredential;

pub use cache::TokenCache;
pub use token::Token;

/// An application in a tenant: whom a token is asked for.
#[derive(Clone, Debug)]
pub struct Application {
    /// The tenant to sign in to.
    pub tenant: Tenant,
    /// The application's id.
    pub client_id: ClientId,
    /// Where its credential lies, for messages.
    pub credential: String,
}

/// An identity whose credential was read and found usable.
#[derive(Debug)]
pub struct Credential {
    application: Application,
    proof: Proof,
}

/// What is shown to the authority.
#[derive(Debug)]
enum Proof {
    Certificate(Box<CertificateCredential>),
    ClientSecret(Secret),
}

/// How a credential is told to people.
#[derive(Clone, Debug)]
pub struct Description {
    /// `certificate gw-0042`, `client secret of 4f4a1d1b-…`.
    pub text: String,
    /// Seconds since 1970 until when it is valid, where the device can know.
    pub expires: Option<i64>,
}

impl Credential {
    /// Reads and checks the credential of `identity`; sends nothing.
    pub fn load(identity: &Identity) -> Result<Self, Error> {
        match identity {
            Identity::Certificate {
                tenant,
                client_id,
                certificate,
                private_key,
                send_chain,
            } => {
                let proof = certificate::load(certificate, private_key.as_ref(), *send_chain)?;
                Ok(Self::new(
                    tenant,
                    client_id,
                    certificate,
                    Proof::Certificate(Box::new(proof)),
                ))
            }
            Identity::ClientSecret {
                tenant,
                client_id,
                client_secret,
            } => {
                let proof = client_secret::load(client_secret)?;
                Ok(Self::new(
                    tenant,
                    client_id,
                    client_secret,
                    Proof::ClientSecret(proof),
                ))
            }
        }
    }

    /// Asks `cloud`'s authority for a token for its vaults.
    ///
    /// A device whose clock is off by minutes is helped once: the authority's own time, from
    /// its reply over TLS, dates the second assertion.
    pub fn sign_in(&self, client: &http::Client, cloud: &Cloud) -> Result<Token, Error> {
        let outcome = self.sign_in_at(client, cloud, clock::now());
        let Err(Error::SignInRefused(refusal)) = &outcome else {
            return outcome;
        };
        let now = clock::now();
        let theirs = clock::corrected(now, client.clock_offset());
        if !refusal.is_about_time() || theirs == now {
            return outcome;
        }
        log::warn!(
            "this device's clock says {}, the authority's {}; signing in by the authority's",
            clock::utc(now),
            clock::utc(theirs)
        );
        self.sign_in_at(client, cloud, theirs)
    }

    /// Whom the token is for.
    pub fn application(&self) -> &Application {
        &self.application
    }

    /// How to tell it to people.
    pub fn description(&self) -> Description {
        match &self.proof {
            Proof::Certificate(certificate) => certificate.description(),
            Proof::ClientSecret(_) => Description {
                text: format!("client secret of {}", self.application.client_id),
                expires: None,
            },
        }
    }

    /// What to say when it has expired, or will within 30 days.
    pub fn expiry_warning(&self) -> Option<String> {
        let Description { text, expires } = self.description();
        let expires = expires?;
        match clock::since(clock::now(), expires) {
            None => Some(format!(
                "{text} expired on {}; renew it",
                clock::utc(expires)
            )),
            Some(left) if left < SOON => {
                Some(format!("{text} expires in {}; renew it", clock::age(left)))
            }
            Some(_) => None,
        }
    }

    fn new(tenant: &Tenant, client_id: &ClientId, file: &CredentialFile, proof: Proof) -> Self {
        let credential = place(file);
        let application = Application {
            tenant: tenant.clone(),
            client_id: client_id.clone(),
            credential,
        };
        Self { application, proof }
    }

    fn sign_in_at(&self, client: &http::Client, cloud: &Cloud, now: i64) -> Result<Token, Error> {
        let form = match &self.proof {
            Proof::Certificate(certificate) => {
                let assertion = certificate.assertion(&self.application, cloud, now)?;
                endpoint::form(
                    cloud,
                    &self.application,
                    &[
                        ("client_assertion_type", ASSERTION_TYPE.as_bytes()),
                        ("client_assertion", assertion.expose()),
                    ],
                )
            }
            Proof::ClientSecret(secret) => endpoint::form(
                cloud,
                &self.application,
                &[("client_secret", secret.expose())],
            ),
        };
        endpoint::request(client, cloud, &self.application, &form)
    }
}

/// The client for `config`'s network, with the proxy's password read. Opens no socket.
pub fn client(config: &Config) -> Result<http::Client, Error> {
    let login = match &config.proxy_login {
        Some(ProxyLogin { username, password }) => Some(ProxyCredentials {
            username: username.clone(),
            password: client_secret::load(password)?,
        }),
        None => None,
    };
    http::Client::new(&config.network, login.as_ref())
}

/// The bytes of a credential, with the checks that its place asks for.
fn read(file: &CredentialFile) -> Result<Secret, Error> {
    let outcome = match file {
        CredentialFile::Credential(name) => systemd_credential(name),
        CredentialFile::Environment(name) => environment(name),
        CredentialFile::File(path) => disk::read_credential(path, Origin::Path),
    };
    let secret = outcome.map_err(|problem| problem_of(file, problem))?;
    if secret.expose().iter().all(u8::is_ascii_whitespace) {
        return Err(problem_of(file, CredentialProblem::Empty));
    }
    Ok(secret)
}

/// Where a credential lies, for messages.
fn place(file: &CredentialFile) -> String {
    match file {
        CredentialFile::Credential(name) => format!("credential {name}"),
        CredentialFile::Environment(name) => format!("environment variable {name}"),
        CredentialFile::File(path) => path.display().to_string(),
    }
}

fn problem_of(file: &CredentialFile, problem: CredentialProblem) -> Error {
    Error::Credential {
        source: place(file),
        problem,
    }
}

/// A credential that systemd passed (`LoadCredential=`), below `$CREDENTIALS_DIRECTORY`.
fn systemd_credential(name: &str) -> Result<Secret, CredentialProblem> {
    let directory = std::env::var_os("CREDENTIALS_DIRECTORY").ok_or(CredentialProblem::Missing)?;
    disk::read_credential(&PathBuf::from(directory).join(name), Origin::Systemd)
}

fn environment(name: &str) -> Result<Secret, CredentialProblem> {
    let value = std::env::var_os(name).ok_or(CredentialProblem::Missing)?;
    Ok(Secret::copy_of(value.as_bytes()))
}

/// Time before a credential's end from which each run warns.
const SOON: Duration = Duration::from_secs(30 * 86_400);
/// RFC 7523, 2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

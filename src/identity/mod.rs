//! How the device proves who it is: from a configured identity to a token.
//!
//! Each kind of identity is one file here and one variant of `Proof`. A credential is read
//! and checked on the device before any request; what is wrong with it never reaches the
//! wire. A token goes only to the audience it was asked for.

mod assertion;
mod cache;
mod certificate;
mod choice;
mod device_code;
mod discovery;
mod endpoint;
mod environment;
mod federated;
mod managed;
mod reply;
mod source;
#[cfg(test)]
mod testing;
mod token;

use std::time::Duration;

use crate::clock;
use crate::cloud::Cloud;
use crate::config::{Config, CredentialFile, Identity, ProxyLogin};
use crate::error::{Error, PersonProblem};
use crate::http::{self, ProxyCredentials};
use crate::name::{ClientId, Tenant};
use crate::secret::Secret;

use certificate::CertificateCredential;
use endpoint::Grant;
use managed::ManagedIdentity;

pub use cache::{is_token_file, CacheKey, TokenCache};
pub use choice::{first_accepted, load_all};
pub use device_code::Invitation;
pub use discovery::{find_tenant, Home};
pub use token::{Claims, Token};

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
pub struct Credential(Holder);

/// Who holds the credential.
#[derive(Debug)]
enum Holder {
    /// This device: it proves itself at the authority.
    Device(Box<Application>, Proof),
    /// The platform: an endpoint of the machine gives its tokens.
    Machine(Box<ManagedIdentity>),
}

/// What is shown to the authority.
#[derive(Debug)]
enum Proof {
    Certificate(Box<CertificateCredential>),
    ClientSecret(Secret),
    DeviceCode,
    Federated(CredentialFile),
    Password { username: String, password: Secret },
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
    /// Reads and checks the credential of `identity` for `cloud`; sends nothing.
    pub fn load(identity: &Identity, cloud: &Cloud) -> Result<Self, Error> {
        let (tenant, client_id, file, proof) = match identity {
            Identity::Certificate {
                tenant,
                client_id,
                certificate,
                private_key,
                send_chain,
            } => {
                let proof = certificate::load(certificate, private_key.as_ref(), *send_chain)?;
                let proof = Proof::Certificate(Box::new(proof));
                (tenant, client_id, Some(certificate), proof)
            }
            Identity::ClientSecret {
                tenant,
                client_id,
                client_secret,
            } => {
                let proof = Proof::ClientSecret(source::read_line(client_secret)?);
                (tenant, client_id, Some(client_secret), proof)
            }
            Identity::DeviceCode { tenant, client_id } => {
                (tenant, client_id, None, Proof::DeviceCode)
            }
            Identity::Environment => return environment::load(cloud),
            Identity::Federated {
                tenant,
                client_id,
                token_file,
            } => {
                federated::check(token_file)?;
                let proof = Proof::Federated(token_file.clone());
                (tenant, client_id, Some(token_file), proof)
            }
            Identity::ManagedIdentity { source, selector } => {
                let identity = ManagedIdentity::load(*source, selector.clone())?;
                return Ok(Self(Holder::Machine(Box::new(identity))));
            }
            Identity::Password {
                tenant,
                client_id,
                username,
                password,
            } => {
                let proof = Proof::Password {
                    username: username.clone(),
                    password: source::read_line(password)?,
                };
                (tenant, client_id, Some(password), proof)
            }
        };
        let application = Application {
            tenant: tenant.clone(),
            client_id: client_id.clone(),
            credential: file.map_or("a person".to_owned(), source::place),
        };
        Ok(Self(Holder::Device(Box::new(application), proof)))
    }

    /// Asks for a token for `audience`, which is without `/.default`.
    ///
    /// A device whose clock is off by minutes is helped once: the authority's own time, from
    /// its reply over TLS, dates the second assertion.
    ///
    /// # Errors
    /// [`Error::SignInRefused`], what [`http::Client::send`] gives, and [`Error::Person`]
    /// when it [needs a person](Self::needs_person).
    pub fn sign_in(
        &self,
        client: &http::Client,
        cloud: &Cloud,
        audience: &str,
    ) -> Result<Token, Error> {
        let (application, proof) = match &self.0 {
            Holder::Device(application, proof) => (application, proof),
            Holder::Machine(identity) => return identity.token(client, audience),
        };
        let request = endpoint::SignIn {
            client,
            cloud,
            application,
            audience,
        };
        let now = clock::now();
        let outcome = sign_in_at(&request, proof, now);
        let (Proof::Certificate(_), Err(Error::SignInRefused(refusal))) = (proof, &outcome) else {
            return outcome;
        };
        let theirs = clock::corrected(now, client.clock_offset());
        if !refusal.is_about_time() || theirs == now {
            return outcome;
        }
        log::info!("signing in by the authority's clock, not by this device's");
        sign_in_at(&request, proof, theirs)
    }

    /// Lets a person sign in, whom `invite` tells how; else as [`Self::sign_in`].
    ///
    /// # Errors
    /// [`Error::Person`], too, when they decline or do not come.
    pub fn sign_in_with_person(
        &self,
        client: &http::Client,
        cloud: &Cloud,
        audience: &str,
        invite: &dyn Fn(&Invitation),
    ) -> Result<Token, Error> {
        let Holder::Device(application, Proof::DeviceCode) = &self.0 else {
            return self.sign_in(client, cloud, audience);
        };
        let request = endpoint::SignIn {
            client,
            cloud,
            application,
            audience,
        };
        device_code::sign_in(&request, invite)
    }

    /// Where the credential lies, for messages.
    pub fn place(&self) -> &str {
        match &self.0 {
            Holder::Device(application, _) => &application.credential,
            Holder::Machine(identity) => identity.place(),
        }
    }

    /// The application that signs in, unless the platform does so for this machine.
    pub fn application(&self) -> Option<&Application> {
        match &self.0 {
            Holder::Device(application, _) => Some(application),
            Holder::Machine(_) => None,
        }
    }

    /// Whether a person has to take part in each sign-in.
    pub fn needs_person(&self) -> bool {
        matches!(&self.0, Holder::Device(_, Proof::DeviceCode))
    }

    /// How to tell it to people.
    pub fn description(&self) -> Description {
        let lasting = |text| Description {
            text,
            expires: None,
        };
        let (application, proof) = match &self.0 {
            Holder::Device(application, proof) => (application, proof),
            Holder::Machine(identity) => return lasting(identity.description()),
        };
        let client = &application.client_id;
        match proof {
            Proof::Certificate(certificate) => certificate.description(),
            Proof::ClientSecret(_) => lasting(format!("client secret of {client}")),
            Proof::DeviceCode => lasting(format!("a person, by device code of {client}")),
            Proof::Federated(_) => lasting(format!("federated token of {client}")),
            Proof::Password { username, .. } => lasting(format!("user {username}")),
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

    /// What a token of this credential for `audience` is kept under.
    pub fn cache_key(&self, cloud: &Cloud, audience: &str) -> CacheKey {
        let name = match &self.0 {
            Holder::Device(application, _) => format!(
                "{} {} {} {audience}",
                cloud.authority, application.tenant, application.client_id
            ),
            Holder::Machine(identity) => format!("{} {audience}", identity.place()),
        };
        CacheKey {
            name,
            credential: self.place().to_owned(),
        }
    }
}

fn sign_in_at(request: &endpoint::SignIn<'_>, proof: &Proof, now: i64) -> Result<Token, Error> {
    match proof {
        Proof::Certificate(certificate) => {
            let assertion = certificate.assertion(request.application, request.cloud, now)?;
            request.send(&Grant::Assertion(&assertion))
        }
        Proof::ClientSecret(secret) => request.send(&Grant::ClientSecret(secret)),
        Proof::DeviceCode => Err(Error::Person(PersonProblem::Absent)),
        Proof::Federated(file) => federated::sign_in(request, file),
        Proof::Password { username, password } => {
            request.send(&Grant::Password { username, password })
        }
    }
}

/// The client for `config`'s network, with the proxy's password read. Opens no socket.
pub fn client(config: &Config) -> Result<http::Client, Error> {
    let login = proxy_credentials(config.proxy_login.as_ref())?;
    http::Client::new(&config.network, login.as_ref())
}

/// The credentials for the proxy, its password read.
pub fn proxy_credentials(login: Option<&ProxyLogin>) -> Result<Option<ProxyCredentials>, Error> {
    let Some(ProxyLogin { username, password }) = login else {
        return Ok(None);
    };
    Ok(Some(ProxyCredentials {
        username: username.clone(),
        password: source::read_line(password)?,
    }))
}

/// What is wrong with this device's clock: by what the services said of the time so far, or
/// by the date of this release, which lies behind us.
pub fn wrong_clock(client: &http::Client) -> Option<Error> {
    let now = clock::now();
    let theirs = clock::corrected(now, client.clock_offset());
    let reference = if theirs != now {
        format!("the services' {}", clock::utc(theirs))
    } else if now < http::release_time() {
        format!(
            "but this release is of {}",
            clock::utc(http::release_time())
        )
    } else {
        return None;
    };
    Some(Error::WrongClock {
        ours: clock::utc(now),
        reference,
    })
}

/// Time before a credential's end from which each run warns.
pub const SOON: Duration = Duration::from_secs(30 * 86_400);

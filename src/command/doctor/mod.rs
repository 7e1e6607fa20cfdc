//! `keyferry check --online`: the doctor. It looks layer by layer at all that a run needs, with
//! the functions of a run, so that the same cause gets the same sentence.
//!
//! One request to the authority, one sign-in for each audience, one request an object or list,
//! one more for a certificate that the vault has to convert. It changes nothing, keeps no token,
//! and prints nothing secret.

mod files;
mod finding;
mod hosts;
mod lists;
mod local;
mod objects;
mod storage;
mod telling;
mod vaults;
mod wants;

use super::load::{self, Loaded};
use crate::cli::Invocation;
use crate::cloud::Protocol;
use crate::config::Config;
use crate::discovery::Keep;
use crate::error::{Error, RefusalCause};
use crate::http::Client;
use crate::identity::{self, Application, Credential, Home, Token};
use crate::name;
use crate::report;

use finding::{failed, Findings, Id, Outcome};
use wants::Wants;

/// Examines and gives the exit code of the first failure.
pub fn run(invocation: &Invocation) -> u8 {
    crate::log::init(invocation.log.unwrap_or(log::LevelFilter::Info));
    let mut findings = Findings::default();
    let loaded = load::online(invocation, Keep::Nothing).and_then(Loaded::unhindered);
    match loaded {
        Ok(config) => examine(&config, &mut findings),
        Err(errors) => {
            let mut culprit = Id::Config;
            for error in errors {
                // A private cloud that could not be asked for its facts.
                culprit = hosts::layer(&error).unwrap_or(Id::Config);
                findings.add(culprit, "", Outcome::failed(error));
            }
            findings.skip_rest(culprit);
        }
    }
    findings.sort();
    if invocation.json {
        report::print(&telling::json(&findings).pretty());
    } else {
        report::print(&telling::text(&findings, report::Paint::of_stdout()));
    }
    findings.exit_code()
}

fn examine(config: &Config, findings: &mut Findings) {
    local::examine(config, findings);
    let credentials = local::credentials(config, findings);
    match identity::client(config) {
        Ok(client) => {
            let patient = Patient {
                config,
                client,
                credentials,
            };
            patient.examine(findings);
        }
        Err(error) => {
            let id = match &error {
                Error::Credential { .. } => Id::Proxy,
                _ => Id::Tls,
            };
            findings.add(id, "", Outcome::failed(error));
            findings.skip_rest(id);
        }
    }
}

/// What requests are made with.
struct Patient<'a> {
    config: &'a Config,
    client: Client,
    /// Those before the first that cannot be used.
    credentials: Vec<Credential>,
}

impl Patient<'_> {
    fn examine(&self, findings: &mut Findings) {
        let cloud = &self.config.cloud;
        let wants = Wants::of(self.config);
        let vaults = wants.vaults(self.config);
        let blobs = storage::uses(self.config);
        // A run asks for no token that it does not need.
        let storage = cloud
            .storage_audience
            .as_ref()
            .filter(|_| !blobs.is_empty());
        let first = storage.filter(|_| vaults.is_empty());
        let audience = first.unwrap_or(&cloud.vault_audience);
        let signed_in = self.token(audience, findings);
        let token = signed_in.as_ref().map(|(_, token)| token);
        let unfit = vaults::examine(self, &vaults, wants, token, findings);
        if let Ok(token) = token {
            findings.add(Id::Audience, "", self.audience(audience, token, unfit));
        }
        let other = match (storage, &signed_in) {
            (Some(storage), Ok((position, _))) if storage != audience => {
                Some(self.storage_token(storage, *position, findings))
            }
            _ => None,
        };
        let token = other.as_ref().map_or(token, Result::as_ref);
        storage::examine(self, &blobs, token, findings);
        if vaults.is_empty() && blobs.is_empty() {
            findings.skip(&[Id::Object], "", "none is configured");
        }
        let clock = match (
            identity::wrong_clock(&self.client),
            self.client.clock_offset(),
        ) {
            (Some(error), Some(offset)) if offset.saturating_abs() <= FORGIVEN => {
                Outcome::warning_of(&error)
            }
            (Some(error), _) => Outcome::failed(error),
            (None, Some(_)) => Outcome::Ok("this device and the services agree".to_owned()),
            (None, None) => Outcome::Skipped("no service told its time".to_owned()),
        };
        findings.add(Id::Clock, "", clock);
    }

    /// The token and the place of the identity that gave it, or why there is none.
    fn token(&self, audience: &str, findings: &mut Findings) -> Result<(usize, Token), String> {
        let cloud = &self.config.cloud;
        let host = cloud.authority.as_str();
        if self.credentials.is_empty() {
            findings.skip(&AUTHORITY, host, &failed(Id::Identity));
            findings.skip(&SIGN_IN, "", &failed(Id::Identity));
            return Err(failed(Id::Identity));
        }
        let home = match self.credentials.first().and_then(Credential::application) {
            Some(application) => self.authority(application, findings),
            None => {
                findings.skip(&AUTHORITY, host, "the platform signs this machine in");
                Ok(Home::Here)
            }
        };
        let home = home.inspect_err(|because| findings.skip(&SIGN_IN, "", because))?;
        match (self.sign_in(audience), home) {
            // What refused the sign-in is that the tenant lives in another cloud.
            (Err(error @ Error::SignInRefused(_)), Home::Elsewhere(_)) => {
                findings.add(Id::Tenant, "", Outcome::failed(error));
                findings.skip(&SIGN_IN, "", &failed(Id::Tenant));
                Err(failed(Id::Tenant))
            }
            (outcome, home) => {
                if let Home::Elsewhere(host) = home {
                    findings.add(Id::Tenant, "", strange_tenant(&host));
                }
                let (position, token) = outcome.map_err(|error| {
                    findings.add(Id::Token, "", Outcome::failed(error));
                    findings.skip(&[Id::Audience], "", &failed(Id::Token));
                    failed(Id::Token)
                })?;
                findings.add(Id::Token, "", self.signed_in(position, &token));
                Ok((position, token))
            }
        }
    }

    fn sign_in(&self, audience: &str) -> Result<(usize, Token), Error> {
        identity::first_accepted(&self.credentials, |credential| {
            credential.sign_in(&self.client, &self.config.cloud, audience)
        })
    }

    /// A second token, for storage. Told only if it did not come, or not by the identity at
    /// `position`, which gave the first one.
    fn storage_token(
        &self,
        audience: &str,
        position: usize,
        findings: &mut Findings,
    ) -> Result<Token, String> {
        let (found, token) = self.sign_in(audience).map_err(|error| {
            findings.add(Id::Token, "storage", Outcome::failed(error));
            failed(Id::Token)
        })?;
        if found != position {
            findings.add(Id::Token, "storage", self.signed_in(found, &token));
        }
        Ok(token)
    }

    /// Asks the authority for the tenant; an error says why there is no use in a sign-in.
    fn authority(
        &self,
        application: &Application,
        findings: &mut Findings,
    ) -> Result<Home, String> {
        let cloud = &self.config.cloud;
        let home = identity::find_tenant(&self.client, cloud, application);
        let host = &cloud.authority;
        if let Some(because) = hosts::layers(self.config, host, home.as_ref().err(), findings) {
            findings.skip(&[Id::Authority, Id::Tenant], "", &because);
            return Err(because);
        }
        let home = match home {
            Err(error @ Error::SignInRefused(_)) => Err(error),
            Err(error) => {
                findings.add(Id::Authority, "", Outcome::failed(error));
                findings.skip(&[Id::Tenant], "", &failed(Id::Authority));
                return Err(failed(Id::Authority));
            }
            Ok(home) => Ok(home),
        };
        let answers = format!("{host} answers");
        findings.add(Id::Authority, "", Outcome::Ok(answers));
        let tenant = match &home {
            Err(error) => Outcome::failed(error.clone()),
            // The sign-in decides.
            Ok(Home::Elsewhere(_)) => return home.map_err(|_| failed(Id::Tenant)),
            Ok(Home::Here) if cloud.protocol == Protocol::AdFs => {
                Outcome::Skipped("AD FS has one tenant only".to_owned())
            }
            Ok(Home::Here) => Outcome::Ok(format!("{} is in this cloud", application.tenant)),
        };
        findings.add(Id::Tenant, "", tenant);
        home.map_err(|_| failed(Id::Tenant))
    }

    fn signed_in(&self, position: usize, token: &Token) -> Outcome {
        let credential = self.credentials.get(position);
        let who = credential.map_or(String::new(), |credential| credential.description().text);
        let what = format!(
            "signed in as {who}; the token is good for {}",
            super::token::left(token)
        );
        match position {
            0 => Outcome::Ok(what),
            _ => Outcome::Warning {
                what: format!("{what}; it is fallback {position}"),
                next: "renew the identity before it, or remove it".to_owned(),
            },
        }
    }

    /// What a vault said of the token's audience, or else what the token says itself.
    fn audience(&self, wanted: &str, token: &Token, unfit: Option<Error>) -> Outcome {
        if let Some(error) = unfit {
            return Outcome::failed(error);
        }
        let is_for_vaults = wanted == self.config.cloud.vault_audience;
        match token.claims().audience {
            None => Outcome::Skipped("the token does not say".to_owned()),
            // The service's application id stands for it as well.
            Some(found) if bare(&found) == bare(wanted) || name::is_guid(&found) => {
                Outcome::Ok(format!("the token is for {found}"))
            }
            Some(found) => Outcome::Warning {
                what: format!("the token is for {found}, asked for was {wanted}"),
                next: format!(
                    "check {}_audience of the cloud object",
                    if is_for_vaults { "vault" } else { "storage" }
                ),
            },
        }
    }
}

/// Clouds differ in whether an audience ends in a slash.
fn bare(audience: &str) -> &str {
    audience.trim_end_matches('/')
}

/// Whether a vault found the token to be for another audience than its cloud's.
fn is_about_audience(error: &Error) -> bool {
    matches!(error, Error::Refused(refusal) if refusal.cause == RefusalCause::InvalidAudience)
}

fn strange_tenant(host: &str) -> Outcome {
    Outcome::Warning {
        what: format!("the tenant's own authority is {host}"),
        next: "check that \"cloud\" is the tenant's cloud".to_owned(),
    }
}

/// What concerns the authority.
const AUTHORITY: [Id; 6] = [
    Id::Dns,
    Id::Proxy,
    Id::Tcp,
    Id::Tls,
    Id::Authority,
    Id::Tenant,
];
/// What depends on it.
const SIGN_IN: [Id; 2] = [Id::Token, Id::Audience];
/// Seconds that Entra forgives a clock.
const FORGIVEN: i64 = 300;

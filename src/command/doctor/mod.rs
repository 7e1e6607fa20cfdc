//! `keyferry check --online`: the doctor. It looks layer by layer at all that a run needs, with
//! the functions of a run, so that the same cause gets the same sentence.
//!
//! One request to the authority, one sign-in, one request an object. It changes nothing, keeps
//! no token, and prints nothing secret.

mod finding;
mod hosts;
mod local;
mod telling;
mod vaults;

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
        let token = self.token(findings);
        let unfit = vaults::examine(self, token.as_ref(), findings);
        if let Ok(token) = &token {
            findings.add(Id::Audience, "", self.audience(token, unfit));
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

    /// The token, or why there is none.
    fn token(&self, findings: &mut Findings) -> Result<Token, String> {
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
        let outcome = identity::first_accepted(&self.credentials, |credential| {
            credential.sign_in(&self.client, cloud, &cloud.vault_audience)
        });
        match (outcome, home) {
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
                self.signed_in(outcome, findings)
            }
        }
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

    fn signed_in(
        &self,
        outcome: Result<(usize, Token), Error>,
        findings: &mut Findings,
    ) -> Result<Token, String> {
        let (position, token) = outcome.map_err(|error| {
            findings.add(Id::Token, "", Outcome::failed(error));
            findings.skip(&[Id::Audience], "", &failed(Id::Token));
            failed(Id::Token)
        })?;
        let credential = self.credentials.get(position);
        let who = credential.map_or(String::new(), |credential| credential.description().text);
        let what = format!(
            "signed in as {who}; the token is good for {}",
            super::token::left(&token)
        );
        let outcome = match position {
            0 => Outcome::Ok(what),
            _ => Outcome::Warning {
                what: format!("{what}; it is fallback {position}"),
                next: "renew the identity before it, or remove it".to_owned(),
            },
        };
        findings.add(Id::Token, "", outcome);
        Ok(token)
    }

    /// What a vault said of the token's audience, or else what the token says itself.
    fn audience(&self, token: &Token, unfit: Option<Error>) -> Outcome {
        if let Some(error) = unfit {
            return Outcome::failed(error);
        }
        let wanted = &self.config.cloud.vault_audience;
        match token.claims().audience {
            None => Outcome::Skipped("the token does not say".to_owned()),
            // The service's application id stands for it as well.
            Some(found) if found.trim_end_matches('/') == wanted || name::is_guid(&found) => {
                Outcome::Ok(format!("the token is for {found}"))
            }
            Some(found) => Outcome::Warning {
                what: format!("the token is for {found}, asked for was {wanted}"),
                next: "check vault_audience of the cloud object".to_owned(),
            },
        }
    }
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

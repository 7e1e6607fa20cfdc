//! The vaults, and each configured object in them.
//!
//! The first object's request shows the way to a vault; without a token a request without one
//! does. Values are wiped as soon as they came.

use super::finding::{failed, Findings, Id, Outcome};
use super::{hosts, is_about_audience, Patient};
use crate::clock;
use crate::config::{Config, IfMissing, Object};
use crate::error::{Error, TokenFacts};
use crate::http::Client;
use crate::identity::{Token, SOON};
use crate::name::HostName;
use crate::vault::{self, Access, Fetched};

/// An object that files use, and the strictest of what they say of its absence.
struct Wanted {
    id: Object,
    needed: bool,
}

/// Examines all vaults. Gives what one of them had against the token's audience.
pub(super) fn examine(
    patient: &Patient<'_>,
    token: Result<&Token, &String>,
    findings: &mut Findings,
) -> Option<Error> {
    let objects = objects(patient.config);
    let mut vaults: Vec<&HostName> = objects.iter().map(|wanted| &wanted.id.vault).collect();
    vaults.extend(&patient.config.vault);
    vaults.sort();
    vaults.dedup();
    if vaults.is_empty() {
        findings.skip(&[Id::Vault, Id::Object], "", "no vault is configured");
    }
    let facts = token.map(Token::facts).unwrap_or_default();
    let mut unfit = None;
    for vault in vaults {
        let visit = Visit {
            patient,
            vault,
            objects: objects
                .iter()
                .filter(|wanted| wanted.id.vault == *vault)
                .collect(),
        };
        let objection = match token {
            Ok(token) => visit.with_token(token, &facts, findings),
            Err(because) => {
                visit.without_token(because, findings);
                None
            }
        };
        unfit = unfit.or(objection);
    }
    unfit
}

/// One vault and what is wanted of it.
struct Visit<'a> {
    patient: &'a Patient<'a>,
    vault: &'a HostName,
    objects: Vec<&'a Wanted>,
}

impl Visit<'_> {
    fn without_token(&self, because: &str, findings: &mut Findings) {
        let outcome = vault::knock(&self.patient.client, self.vault);
        let below = hosts::layers(
            self.patient.config,
            self.vault,
            outcome.as_ref().err(),
            findings,
        );
        self.give_up(below.as_deref().unwrap_or(because), findings);
    }

    fn with_token(
        &self,
        token: &Token,
        facts: &TokenFacts,
        findings: &mut Findings,
    ) -> Option<Error> {
        let access = Access {
            client: &self.patient.client,
            cloud: &self.patient.config.cloud,
            token: token.value(),
            facts,
        };
        let mut objects = self.objects.iter();
        let mut told = Vec::new();
        let outcome = match objects.next() {
            Some(wanted) => {
                let outcome = vault::fetch(&access, &wanted.id);
                let error = outcome.as_ref().err().cloned();
                told.push((wanted, object(wanted, outcome, access.client)));
                error
            }
            None => vault::probe(&access, self.vault).err(),
        };
        if let Some(because) =
            hosts::layers(self.patient.config, self.vault, outcome.as_ref(), findings)
        {
            self.give_up(&because, findings);
            return None;
        }
        if let Some(error) = outcome.filter(|error| told.is_empty() || is_about_vault(error)) {
            if is_about_audience(&error) {
                self.give_up(&failed(Id::Audience), findings);
                return Some(error);
            }
            findings.add(Id::Vault, self.vault.as_str(), Outcome::failed(error));
            self.skip_objects(&failed(Id::Vault), findings);
            return None;
        }
        let answers = format!("{} takes the token", self.vault);
        findings.add(Id::Vault, self.vault.as_str(), Outcome::Ok(answers));
        told.extend(objects.map(|wanted| {
            (
                wanted,
                object(wanted, vault::fetch(&access, &wanted.id), access.client),
            )
        }));
        for (wanted, outcome) in told {
            findings.add(Id::Object, &wanted.id.to_string(), outcome);
        }
        None
    }

    fn give_up(&self, because: &str, findings: &mut Findings) {
        let skipped = Outcome::Skipped(because.to_owned());
        findings.add(Id::Vault, self.vault.as_str(), skipped);
        self.skip_objects(because, findings);
    }

    fn skip_objects(&self, because: &str, findings: &mut Findings) {
        for wanted in &self.objects {
            let skipped = Outcome::Skipped(because.to_owned());
            findings.add(Id::Object, &wanted.id.to_string(), skipped);
        }
    }
}

/// What comes of an object; its value ends here.
fn object(wanted: &Wanted, outcome: Result<Fetched, Error>, client: &Client) -> Outcome {
    let value = match outcome {
        Ok(value) => value,
        Err(error @ Error::Missing { .. }) if !wanted.needed => return Outcome::warning_of(&error),
        Err(error) => return Outcome::failed(error),
    };
    let id = &wanted.id;
    let end = value.expires.and_then(|end| {
        let now = clock::corrected(clock::now(), client.clock_offset());
        let left = clock::since(now, end).unwrap_or_default();
        (value.expired.is_some() || left < SOON).then_some(end)
    });
    match end {
        None => Outcome::Ok(format!(
            "{id} is readable, version {}…",
            value.version.short()
        )),
        Some(end) => {
            let word = if value.expired.is_some() {
                "expired"
            } else {
                "expires"
            };
            Outcome::Warning {
                what: format!("{id} {word} on {}", clock::utc(end)),
                next: "renew it in the vault; it is delivered all the same".to_owned(),
            }
        }
    }
}

/// Whether other objects of the vault need not be asked for.
fn is_about_vault(error: &Error) -> bool {
    match error {
        Error::Early { .. } | Error::Missing { .. } | Error::Reply { .. } => false,
        Error::Refused(_) => error.concerns_whole_host(),
        _ => true,
    }
}

/// All objects, each once.
fn objects(config: &Config) -> Vec<Wanted> {
    let mut objects: Vec<Wanted> = Vec::new();
    for file in config.sets.iter().flat_map(|set| &set.files) {
        let needed = file.if_missing == IfMissing::Fail;
        for value in file.source.values() {
            let id = value.object.clone();
            match objects.iter_mut().find(|known| known.id == id) {
                Some(known) => known.needed |= needed,
                None => objects.push(Wanted { id, needed }),
            }
        }
    }
    objects
}

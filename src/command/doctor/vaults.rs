//! The vaults, and what is wanted of them.
//!
//! The first request shows the way to a vault; without a token a request without one does.
//! Values are wiped as soon as they came, or with the file that they go into.

use super::files::Made;
use super::finding::{Findings, Id};
use super::lists::{self, List};
use super::objects::Wanted;
use super::wants::Wants;
use super::{hosts, is_about_audience, Patient};
use crate::error::Error;
use crate::identity::Token;
use crate::name::HostName;
use crate::vault::{self, Access};

/// Examines all `vaults`. Gives what one of them had against the token's audience.
pub(super) fn examine(
    patient: &Patient<'_>,
    vaults: &[&HostName],
    mut wants: Wants<'_>,
    token: Result<&Token, &String>,
    findings: &mut Findings,
) -> Option<Error> {
    if vaults.is_empty() {
        findings.skip(&[Id::Vault], "", "no vault is configured");
    }
    let mut unfit = None;
    for vault in vaults {
        let mut visit = Visit::new(patient, vault, &mut wants);
        let objection = match token {
            Ok(token) => visit.with_token(token, findings),
            Err(because) => {
                visit.without_token(because, findings);
                None
            }
        };
        unfit = unfit.or(objection);
    }
    for file in wants.files {
        file.tell(findings);
    }
    lists::tell(patient.config, &wants.lists, findings);
    unfit
}

/// One vault and what is wanted of it.
struct Visit<'a, 'b> {
    patient: &'a Patient<'a>,
    vault: &'a HostName,
    wishes: Vec<Wish<'a, 'b>>,
    files: &'a mut [Made<'b>],
}

/// What takes a request.
enum Wish<'a, 'b> {
    List(&'a mut List<'b>),
    Object(&'a Wanted<'b>),
    /// Whether the vault takes the token, where nothing else would show it.
    Probe,
}

impl<'a, 'b> Visit<'a, 'b> {
    fn new(patient: &'a Patient<'a>, vault: &'a HostName, wants: &'a mut Wants<'b>) -> Self {
        let mut wishes = Vec::new();
        for wanted in &wants.objects {
            if wanted.id.vault == *vault {
                wishes.push(Wish::Object(wanted));
            }
        }
        for list in &mut wants.lists {
            if list.vault == vault {
                wishes.push(Wish::List(list));
            }
        }
        if wishes.is_empty() {
            wishes.push(Wish::Probe);
        }
        Self {
            patient,
            vault,
            wishes,
            files: &mut wants.files,
        }
    }

    fn without_token(&mut self, because: &str, findings: &mut Findings) {
        let (config, place) = (self.patient.config, (Id::Vault, self.vault));
        let error = vault::knock(&self.patient.client, self.vault).err();
        let because = hosts::without_token(config, place, error.as_ref(), because, findings);
        self.skip(&because, findings);
    }

    fn with_token(&mut self, token: &Token, findings: &mut Findings) -> Option<Error> {
        let access = Access {
            client: &self.patient.client,
            cloud: &self.patient.config.cloud,
            token: token.value(),
            facts: &token.facts(),
        };
        for place in 0..self.wishes.len() {
            let mut outcomes = Vec::new();
            let error = match self.wishes.get_mut(place)? {
                Wish::List(list) => {
                    list.ask(&access);
                    list.error().cloned()
                }
                Wish::Object(wanted) => {
                    let fetched = vault::fetch(&access, wanted.id);
                    let error = fetched.as_ref().err().cloned();
                    outcomes = wanted.examine(&access, fetched, self.files);
                    error
                }
                Wish::Probe => vault::probe(&access, self.vault).err(),
            };
            if place == 0 && !self.is_open(error.as_ref(), findings) {
                return error.filter(is_about_audience);
            }
            if let Some(Wish::Object(wanted)) = self.wishes.get(place) {
                for outcome in outcomes {
                    findings.add(Id::Object, &wanted.id.to_string(), outcome);
                }
            }
        }
        None
    }

    /// Tells what the first request shows, of which `error` came: whether more are of any use.
    fn is_open(&mut self, error: Option<&Error>, findings: &mut Findings) -> bool {
        let is_probe = matches!(self.wishes.as_slice(), [Wish::Probe]);
        let is_its_own = is_probe || error.is_some_and(is_about_vault);
        let (config, place) = (self.patient.config, (Id::Vault, self.vault));
        match hosts::first(config, place, error, is_its_own, findings) {
            Some(because) => {
                self.skip(&because, findings);
                false
            }
            None => true,
        }
    }

    fn skip(&mut self, because: &str, findings: &mut Findings) {
        for wish in &mut self.wishes {
            match wish {
                Wish::List(list) => list.skip(because),
                Wish::Object(wanted) => {
                    findings.skip(&[Id::Object], &wanted.id.to_string(), because);
                }
                Wish::Probe => {}
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

//! The storage accounts, and each configured blob in them.
//!
//! A blob is asked for its properties alone: not a byte of it comes.

use super::finding::{Findings, Id, Outcome};
use super::{hosts, Patient};
use crate::blob::{self, Access, Facts};
use crate::config::{Blob, Config, File, IfMissing, Set, Source};
use crate::disk;
use crate::error::Error;
use crate::identity::Token;
use crate::name::{foreign, HostName};
use crate::report;
use crate::sync;

/// A file that is a blob.
pub(super) struct Use<'a> {
    blob: &'a Blob,
    set: &'a Set,
    file: &'a File,
}

/// All of them.
pub(super) fn uses(config: &Config) -> Vec<Use<'_>> {
    let mut uses = Vec::new();
    for set in &config.sets {
        for file in &set.files {
            if let Source::Blob(blob) = &file.source {
                uses.push(Use { blob, set, file });
            }
        }
    }
    uses
}

/// Examines the accounts of all `uses`.
pub(super) fn examine(
    patient: &Patient<'_>,
    uses: &[Use<'_>],
    token: Result<&Token, &String>,
    findings: &mut Findings,
) {
    if uses.is_empty() {
        findings.skip(&[Id::Storage], "", "no blob is configured");
    }
    let mut hosts: Vec<&HostName> = uses.iter().map(|used| &used.blob.host).collect();
    hosts.sort();
    hosts.dedup();
    for host in hosts {
        let of_host = uses.iter().filter(|used| used.blob.host == *host);
        let visit = Visit {
            patient,
            host,
            uses: of_host.collect(),
        };
        match token {
            Ok(token) => visit.with_token(token, findings),
            Err(because) => {
                let (config, place) = (patient.config, (Id::Storage, host));
                let error = blob::knock(&patient.client, host).err();
                let because =
                    hosts::without_token(config, place, error.as_ref(), because, findings);
                visit.skip(&because, findings);
            }
        }
    }
}

/// One account and the files that are blobs of it.
struct Visit<'a> {
    patient: &'a Patient<'a>,
    host: &'a HostName,
    uses: Vec<&'a Use<'a>>,
}

impl Visit<'_> {
    fn with_token(&self, token: &Token, findings: &mut Findings) {
        let access = Access {
            client: &self.patient.client,
            token: token.value(),
        };
        for (place, blob) in self.blobs().into_iter().enumerate() {
            let asked = blob::head(&access, blob);
            let error = asked.as_ref().err();
            if place == 0 {
                let (config, account) = (self.patient.config, (Id::Storage, self.host));
                let is_its_own = error.is_some_and(is_about_account);
                let closed = hosts::first(config, account, error, is_its_own, findings);
                if let Some(because) = closed {
                    return self.skip(&because, findings);
                }
            }
            for outcome in self.outcomes(blob, &asked) {
                findings.add(Id::Object, &blob::object(blob), outcome);
            }
        }
    }

    /// The blobs, each once.
    fn blobs(&self) -> Vec<&Blob> {
        let mut blobs: Vec<&Blob> = Vec::new();
        for used in &self.uses {
            if !blobs.iter().any(|known| is_same(known, used.blob)) {
                blobs.push(used.blob);
            }
        }
        blobs
    }

    /// What comes of `blob` for those who use it.
    fn outcomes(&self, blob: &Blob, asked: &Result<Facts, Error>) -> Vec<Outcome> {
        let uses = || self.uses.iter().filter(|used| is_same(used.blob, blob));
        let facts = match asked {
            Ok(facts) => facts,
            Err(error) => {
                let needed = uses().any(|used| used.file.if_missing == IfMissing::Fail);
                let is_missing = matches!(error, Error::Missing { .. });
                return vec![match is_missing && !needed {
                    true => Outcome::warning_of(error),
                    false => Outcome::failed(error.clone()),
                }];
            }
        };
        let mut outcomes: Vec<Outcome> = Vec::new();
        for used in uses() {
            outcomes.extend(used.obstacle(facts, &self.patient.config.instance));
        }
        if outcomes.is_empty() {
            outcomes.push(Outcome::Ok(readable(blob, facts)));
        }
        outcomes
    }

    fn skip(&self, because: &str, findings: &mut Findings) {
        for blob in self.blobs() {
            findings.skip(&[Id::Object], &blob::object(blob), because);
        }
    }
}

impl Use<'_> {
    /// Why a blob with these `facts` is too large for where this file lies.
    fn obstacle(&self, facts: &Facts, instance: &str) -> Option<Outcome> {
        let limit = self.blob.limit(disk::lies_in_memory(&self.set.directory));
        if let Err(error) = blob::refuse_large(self.blob, facts.length, limit) {
            return Some(Outcome::failed(error));
        }
        Some(
            match sync::without_room(self.set, instance, self.file, facts)? {
                (error, true) => Outcome::failed(error),
                (error, false) => Outcome::Warning {
                    what: format!("{error}, unless the version before the live one makes room"),
                    next: error.advice(),
                },
            },
        )
    }
}

/// Whether two files are of one blob, whatever their limits.
fn is_same(one: &Blob, other: &Blob) -> bool {
    one.host == other.host && one.container == other.container && one.name == other.name
}

fn readable(blob: &Blob, facts: &Facts) -> String {
    let md5 = match facts.md5 {
        Some(_) => "with",
        None => "without",
    };
    format!(
        "{} is readable, {}, ETag {}, {md5} an MD5",
        blob::object(blob),
        size(facts.length),
        foreign(&facts.etag, LONGEST_ETAG)
    )
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{bytes} bytes"),
        _ => format!("{} MB", report::megabytes(bytes)),
    }
}

/// Whether other blobs of the account need not be asked for.
fn is_about_account(error: &Error) -> bool {
    match error {
        Error::Blob { .. } | Error::Missing { .. } | Error::Reply { .. } => false,
        Error::TokenRefused { .. } => error.concerns_whole_host(),
        _ => true,
    }
}

const LONGEST_ETAG: usize = 48;

//! What can be checked without network: configuration, files, directories, hooks.

use super::finding::{Findings, Id, Outcome};
use crate::command::check;
use crate::config::{Config, Set};
use crate::disk;
use crate::error::Error;
use crate::hook;
use crate::identity::Credential;
use crate::store::Store;
use crate::sync::{self, SignIn};

/// Checks all but the identities.
pub(super) fn examine(config: &Config, findings: &mut Findings) {
    for warning in &config.warnings {
        findings.add(Id::Config, "", look_into(warning.clone()));
    }
    for broken in &config.broken_sets {
        for error in std::iter::once(&broken.error).chain(&broken.others) {
            findings.add(Id::Config, &broken.name, Outcome::failed(error.clone()));
        }
    }
    if !findings.has(Id::Config) {
        let what = match config.sets.len() {
            1 => format!("cloud {}, 1 set", config.cloud.name),
            count => format!("cloud {}, {count} sets", config.cloud.name),
        };
        findings.add(Id::Config, "", Outcome::Ok(what));
    }
    for directory in [&config.runtime_directory, &config.state_directory] {
        if let Err(error) = disk::refuse_read_only(directory) {
            findings.add(Id::Directory, "", Outcome::failed(error));
        }
    }
    for orphan in &sync::remembered_orphans(config) {
        let warning = sync::orphaned(orphan, &config.instance);
        findings.add(Id::Directory, &orphan.set, look_into(warning));
    }
    for set in &config.sets {
        let outcome = match directory(set, config) {
            Ok(()) => Outcome::Ok(format!("{} is usable", set.directory.display())),
            Err(error) => Outcome::failed(error),
        };
        findings.add(Id::Directory, set.name.as_str(), outcome);
        hooks(set, findings);
    }
    if !findings.has(Id::Hook) {
        findings.skip(&[Id::Hook], "", "no set has on_change");
    }
}

/// The credentials up to the first that cannot be used, as a run takes them.
pub(super) fn credentials(config: &Config, findings: &mut Findings) -> Vec<Credential> {
    let mut usable = Vec::new();
    let mut broken = false;
    for identity in sync::identities(config, SignIn::Device) {
        let outcome = match Credential::load(identity, &config.cloud) {
            Ok(credential) => {
                let outcome = match credential.expiry_warning() {
                    Some(warning) => look_into(warning),
                    None => Outcome::Ok(credential.description().text),
                };
                if !broken {
                    usable.push(credential);
                }
                outcome
            }
            Err(error) => {
                broken = true;
                // A run goes on by those before it.
                match usable.is_empty() {
                    true => Outcome::failed(error),
                    false => Outcome::warning_of(&error),
                }
            }
        };
        findings.add(Id::Identity, "", outcome);
    }
    usable
}

fn directory(set: &Set, config: &Config) -> Result<(), Error> {
    Store::open(set, &config.instance)?;
    disk::refuse_read_only(&set.directory)
}

fn hooks(set: &Set, findings: &mut Findings) {
    let summary = hook::summary(&set.on_change);
    if summary.is_empty() {
        return;
    }
    let (mut errors, warnings) = check::hooks(set);
    if errors.is_empty() {
        errors = hook::impossible(&set.name, &set.on_change);
    }
    if errors.is_empty() && warnings.is_empty() {
        let what = format!("{}: {}", set.name, summary.join(", "));
        findings.add(Id::Hook, set.name.as_str(), Outcome::Ok(what));
    }
    for error in errors {
        findings.add(Id::Hook, set.name.as_str(), Outcome::failed(error));
    }
    for warning in warnings {
        findings.add(Id::Hook, set.name.as_str(), look_into(warning));
    }
}

/// Warnings that are one sentence name the remedy behind a semicolon, if there is one.
fn look_into(warning: String) -> Outcome {
    let (what, next) = warning
        .rsplit_once("; ")
        .unwrap_or((&warning, "see whether that is meant"));
    Outcome::Warning {
        what: what.to_owned(),
        next: next.to_owned(),
    }
}

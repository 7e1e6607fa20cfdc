//! `keyferry check`: the configuration and the files around it, without network.
//!
//! Everything that a run would refuse before its first request is found here, all of it at
//! once, each with its next step; then the effective configuration is shown. Of an image the
//! same is found as far as it can be known before there is a device.

mod image;

use std::path::Path;

use crate::cli::Invocation;
use crate::config::{Config, Identity, Set, Source, MOST_IN_MEMORY};
use crate::disk::{self, Root};
use crate::error::{Class, Error};
use crate::hook;
use crate::identity::{self, Credential};
use crate::json::Json;
use crate::report;
use crate::store::Store;
use crate::sync;

/// Checks and gives the exit code of the gravest problem.
pub fn run(invocation: &Invocation) -> Result<u8, Vec<Error>> {
    crate::log::init(invocation.log.unwrap_or(log::LevelFilter::Info));
    let mut findings = Findings::default();
    let effective = match Config::load(&invocation.config) {
        Ok(config) => {
            let effective = config.effective();
            findings.look_at(config, &invocation.config.root);
            Some(effective)
        }
        Err(errors) => {
            findings
                .errors
                .extend(errors.into_iter().map(|error| (None, error)));
            None
        }
    };
    if invocation.json {
        report::print(&findings.json(effective).pretty());
    } else {
        findings.tell(effective, &invocation.config.root);
    }
    let gravest = findings.errors.iter().map(|(_, error)| error.class()).max();
    Ok(gravest.map_or(0, Class::exit_code))
}

/// What was found. An error may name the set that it concerns.
#[derive(Default)]
struct Findings {
    errors: Vec<(Option<String>, Error)>,
    warnings: Vec<String>,
    notes: Vec<String>,
}

impl Findings {
    fn look_at(&mut self, mut config: Config, root: &Root) {
        self.warnings.append(&mut config.warnings);
        for broken in &config.broken_sets {
            let errors = std::iter::once(&broken.error).chain(&broken.others);
            self.errors
                .extend(errors.map(|error| (Some(broken.name.clone()), error.clone())));
        }
        let is_persons = |identity| matches!(identity, &Identity::DeviceCode { .. });
        if config.identities.iter().all(is_persons) {
            self.warnings.push(ONLY_PERSONS.to_owned());
        }
        match root.top() {
            Some(_) => image::look(config, root, self),
            None => self.look_around(&config),
        }
    }

    /// At this system.
    fn look_around(&mut self, config: &Config) {
        for identity in &config.identities {
            match Credential::load(identity, &config.cloud) {
                Ok(credential) => self.warnings.extend(credential.expiry_warning()),
                Err(error) => self.errors.push((None, error)),
            }
        }
        if let Err(error) = identity::client(config) {
            self.errors.push((None, error));
        }
        for orphan in &sync::remembered_orphans(config) {
            self.warnings.push(sync::orphaned(orphan, &config.instance));
        }
        self.look_for_room(&config.runtime_directory);
        self.look_for_room(&config.state_directory);
        for set in &config.sets {
            if let Err(error) = Store::open(set, &config.instance) {
                self.errors.push((Some(set.name.to_string()), error));
            }
            self.look_for_room(&set.directory);
            let (errors, warnings) = hooks(set);
            self.errors
                .extend(errors.into_iter().map(|error| (None, error)));
            self.warnings.extend(warnings);
            if disk::lies_in_memory(&set.directory) {
                self.warnings.extend(blobs_in_memory(set));
            }
        }
    }

    /// A directory on a read-only file system cannot be written; under systemd that is most
    /// often `ProtectSystem=` without the path in `ReadWritePaths=`.
    fn look_for_room(&mut self, directory: &Path) {
        if let Err(error) = disk::refuse_read_only(directory) {
            self.errors.push((None, error));
        }
    }

    fn tell(&self, effective: Option<Json>, root: &Root) {
        if let Some(effective) = effective {
            report::print(&effective.pretty());
        }
        for note in &self.notes {
            log::info!("{note}");
        }
        for warning in &self.warnings {
            log::warn!("{warning}");
        }
        for (set, error) in &self.errors {
            report::failure(set.as_deref(), error);
        }
        if self.errors.is_empty() {
            match root.top() {
                Some(top) => log::info!("nothing wrong was found in the image {}", top.display()),
                None => log::info!("nothing wrong was found; the network was not asked"),
            }
        }
    }

    fn json(&self, effective: Option<Json>) -> Json {
        let error = |(set, error): &(Option<String>, Error)| {
            Json::object(vec![
                ("error", Json::text(error.to_string())),
                ("exit_code", Json::Number(error.class().exit_code().into())),
                ("next_step", Json::text(error.advice())),
                ("reason", Json::text(error.reason().as_str())),
                ("set", Json::text_or_null(set.as_deref())),
            ])
        };
        Json::object(vec![
            ("config", effective.map_or(Json::Null, Json::sorted)),
            (
                "errors",
                Json::List(self.errors.iter().map(error).collect()),
            ),
            ("notes", Json::texts(&self.notes)),
            ("ok", Json::Boolean(self.errors.is_empty())),
            ("warnings", Json::texts(&self.warnings)),
        ])
    }
}

/// What blobs mean for `set`, whose files take memory.
fn blobs_in_memory(set: &Set) -> Vec<String> {
    let mut warnings = Vec::new();
    let directory = set.directory.display();
    for file in &set.files {
        let Source::Blob(blob) = &file.source else {
            continue;
        };
        let start = format!("set {}: {directory} lies in memory, ", set.name);
        let name = &file.name;
        let said = match blob.max_bytes {
            None => format!("so a blob of more than {} MiB is refused for file \"{name}\"; give the set a \"directory\" on persistent storage, or the file \"max_bytes\"", MOST_IN_MEMORY >> 20),
            Some(most) if most > MOST_IN_MEMORY => format!("of which file \"{name}\" may take {most} bytes; give the set a \"directory\" on persistent storage"),
            Some(_) => continue,
        };
        warnings.push(start + &said);
    }
    warnings
}

/// Errors and warnings about what `set` does when it changed.
pub(super) fn hooks(set: &Set) -> (Vec<Error>, Vec<String>) {
    let on_change = &set.on_change;
    let (mut errors, mut warnings) = (Vec::new(), Vec::new());
    let mut units = on_change
        .reload
        .iter()
        .chain(&on_change.restart)
        .chain(&on_change.start);
    if units.next().is_some() && !hook::systemd_is_running() {
        errors.push(Error::NoSystemd {
            set: set.name.clone(),
        });
    }
    for program in on_change.run.iter().filter_map(|argv| argv.first()) {
        if !disk::is_executable(Path::new(program)) {
            warnings.push(format!(
                "set {}: {program} is not there or not executable",
                set.name
            ));
        }
    }
    (errors, warnings)
}

const ONLY_PERSONS: &str = "every identity is of type \"device_code\": only `keyferry sync --sign-in` works, and a timer's run fails unless that kept its token";

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::config::LoadRequest;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test plays the operator")]
    fn blobs_in_memory_are_refused_or_known_to_be_large() {
        let blob = r#""blob": {"account": "abc", "container": "abc", "name": "x"}"#;
        let text = format!(
            r#"{{"cloud": "public", "identity": {{"type": "environment"}}, "sets": {{"s": {{"directory": "/srv/s", "files": {{
                "image": {{{blob}}}, "large": {{{blob}, "max_bytes": 16777217}}, "small": {{{blob}, "max_bytes": 16777216}}}}}}}}}}"#
        );
        let top = tempfile::tempdir().unwrap();
        let mut request = LoadRequest::standard(None);
        request.config = top.path().join("config.json");
        std::fs::write(&request.config, text).unwrap();
        std::fs::set_permissions(&request.config, std::fs::Permissions::from_mode(0o600)).unwrap();
        let config = Config::load(&request).unwrap();
        assert_eq!(
            blobs_in_memory(&config.sets[0]),
            [
                "set s: /srv/s lies in memory, so a blob of more than 16 MiB is refused for file \"image\"; give the set a \"directory\" on persistent storage, or the file \"max_bytes\"",
                "set s: /srv/s lies in memory, of which file \"large\" may take 16777217 bytes; give the set a \"directory\" on persistent storage",
            ]
        );
    }
}

//! `check --root DIR`: the configuration of an image, judged where the image is made.
//!
//! What belongs to the image must be there: users and groups, certificate authorities, units,
//! programs, directories that nobody else can write. What provisioning brings to each device
//! need not be; if it is, it is checked too. This system is not asked: neither its network,
//! nor its environment, nor its systemd.

use std::fs::File;
use std::io::Read;
use std::iter::once;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::Findings;
use crate::config::{Config, CredentialFile, Identity, OnChange, Set};
use crate::disk::{Dir, Root};
use crate::error::Error;
use crate::http;
use crate::identity::{self, Credential};

/// Looks at all that is around `config` in the image `root`.
pub(super) fn look(config: &Config, root: &Root, findings: &mut Findings) {
    for identity in &config.identities {
        look_at_identity(identity, config, root, findings);
    }
    if let Some(mut login) = config.proxy_login.clone() {
        if locate(&mut login.password, root, findings) {
            let read = identity::proxy_credentials(Some(&login));
            findings
                .errors
                .extend(read.err().map(|error| (None, error)));
        }
    }
    if let Err(error) = look_at_authorities(&config.network, root, findings) {
        findings.errors.push((None, error));
    }
    let own = [&config.runtime_directory, &config.state_directory];
    let sets = config.sets.iter();
    let sets = sets.map(|set| (Some(set.name.to_string()), &set.directory));
    for (set, directory) in own.map(|own| (None, own)).into_iter().chain(sets) {
        if let Err(error) = Dir::walk_in(root, directory) {
            findings.errors.push((set, error));
        }
    }
    for set in &config.sets {
        look_at_hooks(set, root, findings);
        // In memory on every device.
        if set.directory.starts_with("/run") {
            findings.warnings.extend(super::blobs_in_memory(set));
        }
    }
}

/// Whoever has an image has what lies in it.
fn look_at_identity(identity: &Identity, config: &Config, root: &Root, findings: &mut Findings) {
    let mut identity = identity.clone();
    let mut files = identity.files_mut();
    let given = files.len();
    files.retain_mut(|file| locate(file, root, findings));
    if files.is_empty() || files.len() < given {
        return;
    }
    match Credential::load(&identity, &config.cloud) {
        Ok(credential) => {
            findings.warnings.extend(credential.expiry_warning());
            let text = credential.description().text;
            findings.warnings.push(format!("{text} lies in this image, and whoever has the image can sign in with it; let provisioning bring it to each device"));
        }
        Err(error) => findings.errors.push((None, error)),
    }
}

/// Makes `file` the one in the image. Whether it is there; only of a path can that be known.
fn locate(file: &mut CredentialFile, root: &Root, findings: &mut Findings) -> bool {
    let CredentialFile::File(path) = file else {
        return false;
    };
    let target = root.target(path);
    if target.exists() {
        *path = target;
        return true;
    }
    let note = format!("{} {}", path.display(), TO_COME);
    findings.notes.push(note);
    false
}

fn look_at_authorities(
    network: &http::Settings,
    root: &Root,
    findings: &mut Findings,
) -> Result<(), Error> {
    let mut network = network.clone();
    if network.ca_file.is_none() {
        let mut bundles = http::SYSTEM_BUNDLES.into_iter().map(Path::new);
        let bundle = bundles.find(|path| root.target(path).is_file());
        let bundle = bundle.ok_or_else(|| Error::NoRoots {
            looked: format!(
                "none of {} is in this image",
                http::SYSTEM_BUNDLES.join(", ")
            ),
        })?;
        network.ca_file = Some(bundle.to_owned());
    }
    let mut there = Vec::new();
    for path in [&network.ca_file, &network.ca_extra].into_iter().flatten() {
        let target = root.target(path);
        if target.exists() {
            there.push(target);
        } else {
            let warning = format!("{} {}", path.display(), TO_COME);
            findings.warnings.push(warning);
        }
    }
    let mut there = there.into_iter();
    // Without a bundle the one of this system would be read.
    let Some(bundle) = there.next() else {
        return Ok(());
    };
    network.ca_file = Some(bundle);
    network.ca_extra = there.next();
    http::Client::new(&network, None).map(|_| ())
}

fn look_at_hooks(set: &Set, root: &Root, findings: &mut Findings) {
    let OnChange {
        reload,
        restart,
        start,
        run,
        ..
    } = &set.on_change;
    let units: Vec<&String> = reload.iter().chain(restart).chain(start).collect();
    let mut unfit: Vec<(&str, String)> = Vec::new();
    if units.is_empty() || SYSTEMD.iter().any(|path| is_file(root, path)) {
        let units = units.into_iter().map(String::as_str);
        unfit.extend(units.filter_map(|unit| Some((unit, unit_problem(unit, root)?))));
    } else {
        let problem = "is not in this image, but units are named".to_owned();
        unfit.push(("systemd", problem));
    }
    for program in run.iter().filter_map(|argv| argv.first()) {
        let problem = program_problem(Path::new(program), root);
        unfit.extend(problem.map(|problem| (program.as_str(), problem)));
    }
    for (what, problem) in unfit {
        let error = Error::UnfitImage {
            set: set.name.clone(),
            what: what.to_owned(),
            problem,
        };
        findings.errors.push((None, error));
    }
}

/// Looks where systemd does, in its order: systemd.unit(5).
fn unit_problem(unit: &str, root: &Root) -> Option<String> {
    let (stem, suffix) = unit.rsplit_once('.')?;
    if !FROM_FILES.contains(&suffix) {
        return None;
    }
    let template = stem.split_once('@');
    let template = template.map(|(name, _)| format!("{name}@.{suffix}"));
    for name in once(unit).chain(template.as_deref()) {
        for directory in UNITS {
            let path = Path::new(directory).join(name);
            if root.place(&path).symlink_metadata().is_err() {
                continue;
            }
            let target = root.target(&path);
            return match target.metadata() {
                _ if target == root.target(Path::new("/dev/null")) => Some(MASKED.to_owned()),
                Ok(file) if file.len() == 0 => Some(MASKED.to_owned()),
                Ok(_) => None,
                Err(_) => Some("is a link to nothing in this image".to_owned()),
            };
        }
    }
    // systemd makes a service of it (systemd-sysv-generator).
    let script = Path::new("/etc/init.d").join(stem);
    if suffix == "service" && program_problem(&script, root).is_none() {
        return None;
    }
    Some(ABSENT.to_owned())
}

fn program_problem(program: &Path, root: &Root) -> Option<String> {
    let target = root.target(program);
    let Ok(metadata) = target.metadata() else {
        return Some(ABSENT.to_owned());
    };
    if !metadata.is_file() || metadata.permissions().mode() & 0o111 == 0 {
        return Some("is not executable".to_owned());
    }
    let interpreter = interpreter(&target)?;
    let missing = !root.target(&interpreter).exists();
    missing.then(|| {
        let interpreter = interpreter.display();
        format!("is a script for {interpreter}, which is not in this image")
    })
}

/// The program that the kernel would give the script `file` to; none for another file.
fn interpreter(file: &Path) -> Option<PathBuf> {
    let mut start = Vec::new();
    let mut file = File::open(file).ok()?.take(256);
    file.read_to_end(&mut start).ok()?;
    let line = start.strip_prefix(b"#!")?.split(|byte| *byte == b'\n');
    let mut words = line
        .take(1)
        .flat_map(|line| line.split(u8::is_ascii_whitespace))
        .filter(|word| !word.is_empty());
    let path = Path::new(std::ffi::OsStr::from_bytes(words.next()?));
    Some(path.to_owned())
}

fn is_file(root: &Root, path: &str) -> bool {
    root.target(Path::new(path)).is_file()
}

const ABSENT: &str = "is not in this image";
const MASKED: &str = "is masked in this image";
const TO_COME: &str = "is not in this image: provisioning must bring it";
const SYSTEMD: [&str; 2] = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"];
const UNITS: [&str; 4] = [
    "/etc/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
/// Units of other kinds systemd makes itself, or from `/etc/fstab`.
const FROM_FILES: [&str; 5] = ["path", "service", "socket", "target", "timer"];

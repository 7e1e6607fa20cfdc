//! `check --root DIR`: the configuration of an image, judged where the image is made.
//!
//! What belongs to the image must be there: users and groups, certificate authorities, units,
//! programs, directories that nobody else can write. What provisioning brings to each device
//! need not be; if it is, it is checked too. This system is not asked: neither its network,
//! nor its environment, nor its systemd.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::iter::once;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::Findings;
use crate::cloud::Cloud;
use crate::config::{Config, CredentialFile, Identity, OnChange, Set};
use crate::disk::{Dir, Root};
use crate::error::Error;
use crate::http;
use crate::identity::{self, Credential};

/// Looks at all that is around `config` in the image `root`.
pub(super) fn look(config: Config, root: &Root, findings: &mut Findings) {
    for identity in config.identities {
        look_at_identity(identity, &config.cloud, root, findings);
    }
    if let Some(mut login) = config.proxy_login {
        if locate(&mut login.password, root, findings) {
            let read = identity::proxy_credentials(Some(&login));
            findings
                .errors
                .extend(read.err().map(|error| (None, error)));
        }
    }
    if let Err(error) = look_at_authorities(config.network, root, findings) {
        findings.errors.push((None, error));
    }
    for directory in [&config.runtime_directory, &config.state_directory] {
        look_for_way(None, directory, root, findings);
    }
    for set in &config.sets {
        look_for_way(Some(set), &set.directory, root, findings);
        look_at_hooks(set, root, findings);
        // In memory on every device.
        if set.directory.starts_with("/run") {
            findings.warnings.extend(super::blobs_in_memory(set));
        }
    }
}

/// What exists of a directory must be such that nobody else can put another in its place.
fn look_for_way(set: Option<&Set>, directory: &Path, root: &Root, findings: &mut Findings) {
    if let Err(error) = Dir::reach(root, directory) {
        let set = set.map(|set| set.name.to_string());
        findings.errors.push((set, error));
    }
}

/// Whoever has an image has what lies in it.
fn look_at_identity(mut identity: Identity, cloud: &Cloud, root: &Root, findings: &mut Findings) {
    let files = identity.files_mut();
    let mut complete = !files.is_empty();
    for file in files {
        complete &= locate(file, root, findings);
    }
    if !complete {
        return;
    }
    match Credential::load(&identity, cloud) {
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
    let there = target.exists();
    match there {
        true => *path = target,
        false => findings.notes.push(to_come(path)),
    }
    there
}

fn to_come(path: &Path) -> String {
    format!(
        "{} is not in this image: provisioning must bring it",
        path.display()
    )
}

fn look_at_authorities(
    mut network: http::Settings,
    root: &Root,
    findings: &mut Findings,
) -> Result<(), Error> {
    let mut bundles = Vec::new();
    if network.ca_file.is_none() {
        let mut usual = http::SYSTEM_BUNDLES
            .into_iter()
            .map(|path| root.target(Path::new(path)));
        let found = usual.find(|bundle| bundle.is_file());
        bundles.push(found.ok_or_else(|| Error::NoRoots {
            looked: format!(
                "none of {} is in this image",
                http::SYSTEM_BUNDLES.join(", ")
            ),
        })?);
    }
    for path in [network.ca_file.take(), network.ca_extra.take()]
        .iter()
        .flatten()
    {
        let target = root.target(path);
        match target.exists() {
            true => bundles.push(target),
            false => findings.warnings.push(to_come(path)),
        }
    }
    // Without one, that of this system would be read.
    if bundles.is_empty() {
        return Ok(());
    }
    network.ca_extra = bundles.pop();
    network.ca_file = bundles.pop().or_else(|| network.ca_extra.take());
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
    let mut unfit = |what: &str, problem: Option<String>| {
        if let Some(problem) = problem {
            let (set, what) = (set.name.clone(), what.to_owned());
            let error = Error::UnfitImage { set, what, problem };
            findings.errors.push((None, error));
        }
    };
    let is_file = |path: &&str| root.target(Path::new(path)).is_file();
    let has_systemd = SYSTEMD.iter().any(is_file);
    let units: Vec<&String> = [reload, restart, start].into_iter().flatten().collect();
    if !units.is_empty() && !has_systemd {
        let problem = "is not in this image, but units are named";
        unfit("systemd", Some(problem.to_owned()));
    }
    for unit in units {
        unfit(unit, unit_problem(unit, root).filter(|_| has_systemd));
    }
    for program in run.iter().filter_map(|argv| argv.first()) {
        unfit(program, program_problem(Path::new(program), root));
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
    let mut start = [0; 256];
    let length = File::open(file).ok()?.read(&mut start).ok()?;
    let line = start.get(..length)?.strip_prefix(b"#!")?;
    let mut words = line.trim_ascii_start().split(u8::is_ascii_whitespace);
    Some(PathBuf::from(OsStr::from_bytes(words.next()?)))
}

const ABSENT: &str = "is not in this image";
const MASKED: &str = "is masked in this image";
const SYSTEMD: [&str; 2] = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"];
const UNITS: [&str; 4] = [
    "/etc/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
/// Units of other kinds systemd makes itself, or from `/etc/fstab`.
const FROM_FILES: [&str; 5] = ["path", "service", "socket", "target", "timer"];

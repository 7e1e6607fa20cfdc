//! What a run costs in memory, instructions and time, by what its files are made of.

use std::sync::atomic::{AtomicI64, Ordering};

use cloud::{Certificate, Device, DeviceAuthority, National, Secret};
use serde_json::{json, Map, Value};

use crate::limits;
use crate::measure::{self, Binary, Figures};
use crate::support::Site;

/// One situation that a run may meet.
pub struct Case {
    /// Objects of one set, each a file if nothing else is said.
    pub count: usize,
    /// Whether the run has to sign in, by its certificate.
    pub cold: bool,
    /// Whether each object has a new version.
    pub changed: bool,
    pub roots: Roots,
    pub source: Source,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Roots {
    /// `ca_file` with one authority.
    One,
    /// The distribution's bundle, and one more.
    System,
}

/// What the files are made of.
#[derive(Clone, Copy, PartialEq)]
pub enum Source {
    /// `certificate` with `part: chain`: a leaf with an RSA key, and the one above it.
    Chains,
    /// One `env_file` of all secrets.
    EnvFile,
    /// Secrets with `change_check: "list"`.
    ListedSecrets,
    Secrets,
    /// One `select` that finds all secrets.
    SelectedSecrets,
}

/// Prints the figures of all cases, and gives a sentence for each limit that they break.
pub fn print(binary: &Binary, repetitions: usize) -> Vec<String> {
    println!(
        "\n{}: {} bytes\n\n{}",
        binary.name,
        binary.size,
        Figures::HEAD
    );
    let mut broken = Vec::new();
    for case in cases() {
        let figures = run(binary, &case, repetitions);
        println!("{}", figures.row(&case.name()));
        broken.extend(limits::broken(binary, &case, &figures));
    }
    broken
}

fn cases() -> Vec<Case> {
    let case = |source, count, cold, changed| Case {
        count,
        cold,
        changed,
        roots: Roots::One,
        source,
    };
    let mut cases = Vec::new();
    for count in [1, 10, 50] {
        for (cold, changed) in [(true, true), (true, false), (false, true), (false, false)] {
            cases.push(case(Source::Secrets, count, cold, changed));
        }
    }
    for source in [Source::Chains, Source::EnvFile, Source::SelectedSecrets] {
        cases.push(case(source, 50, true, true));
    }
    cases.push(case(Source::ListedSecrets, 200, true, true));
    cases.push(case(Source::ListedSecrets, 200, false, false));
    if std::path::Path::new("/etc/ssl/certs/ca-certificates.crt").exists() {
        cases.push(Case {
            roots: Roots::System,
            ..case(Source::Secrets, 10, true, true)
        });
    }
    cases
}

impl Case {
    pub fn name(&self) -> String {
        let source = match self.source {
            Source::Chains => "certificate chains: ",
            Source::EnvFile => "one env file: ",
            Source::ListedSecrets => "by the list: ",
            Source::Secrets => "",
            Source::SelectedSecrets => "selected: ",
        };
        let token = if self.cold { "signs in" } else { "token kept" };
        let content = if self.changed {
            "all changed"
        } else {
            "unchanged"
        };
        let roots = if self.roots == Roots::System {
            ", system's bundle"
        } else {
            ""
        };
        format!("{} | {source}{token}, {content}{roots}", self.count)
    }
}

fn run(binary: &Binary, case: &Case, repetitions: usize) -> Figures {
    let site = Site::of(National::UsGov);
    let names = names(case.count);
    fill(&site, case.source, &names);
    let mut config = site.config(json!({ "sensors": set(case.source, &names) }));
    if case.roots == Roots::System {
        let network = config["network"].as_object_mut().unwrap();
        let authority = network.remove("ca_file").unwrap();
        network.insert("ca_extra".to_owned(), authority);
    }
    site.configure(&config);
    binary.sync(&site);
    let prepare = || {
        if case.changed {
            fill(&site, case.source, &names);
        }
        if case.cold {
            forget_tokens(&site);
        }
    };
    let figures = measure::take(binary, &site, repetitions, prepare);
    site.assert_well_behaved();
    figures
}

/// The names of so many objects.
pub fn names(count: usize) -> Vec<String> {
    let names = (0..count).map(|number| format!("sensor-{number:03}"));
    names.collect()
}

/// A set of these objects.
pub fn set(source: Source, names: &[String]) -> Value {
    let secret = |name: &String| json!({ "secret": name });
    let each = |value: &dyn Fn(&String) -> Value| -> Map<String, Value> {
        let files = names.iter().map(|name| (name.clone(), value(name)));
        files.collect()
    };
    match source {
        Source::Chains => {
            let chain = |name: &String| json!({ "certificate": name, "part": "chain" });
            json!({ "files": each(&chain) })
        }
        Source::EnvFile => {
            let variables = names.iter().map(|name| {
                let variable = name.replace('-', "_").to_ascii_uppercase();
                (variable, secret(name))
            });
            let variables: Map<String, Value> = variables.collect();
            json!({ "files": { "sensors.env": { "env_file": variables } } })
        }
        Source::ListedSecrets => json!({ "change_check": "list", "files": each(&secret) }),
        Source::Secrets => json!({ "files": each(&secret) }),
        Source::SelectedSecrets => {
            let all = json!({ "select": { "prefix": "sensor-" }, "max_objects": names.len() });
            json!({ "files": { "${name}": all } })
        }
    }
}

/// A new version of each object.
fn fill(site: &Site, source: Source, names: &[String]) {
    if source == Source::Chains {
        let authority = DeviceAuthority::new("plant authority");
        let device = Device::builder("sensor").issued_by(&authority).build();
        for name in names {
            let certificate = Certificate::pem(&device.combined_pem);
            site.vault.set_certificate(name, certificate);
        }
        return;
    }
    for name in names {
        set_secret(site, name);
    }
}

/// A new version of a secret. Each was made a second after the one before it and long ago: a
/// list does not tell apart what happens in one second.
pub fn set_secret(site: &Site, name: &str) {
    static CHANGES: AtomicI64 = AtomicI64::new(0);
    let secret = Secret {
        updated: Some(LONG_AGO + CHANGES.fetch_add(1, Ordering::Relaxed)),
        ..Secret::new(format!("password {}", cloud::guid()))
    };
    site.vault.set_with(name, secret);
}

fn forget_tokens(site: &Site) {
    for entry in std::fs::read_dir(site.path("run")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .file_name()
            .unwrap()
            .to_string_lossy()
            .starts_with("token-")
        {
            std::fs::remove_file(path).unwrap();
        }
    }
}

/// 2025 in seconds since 1970.
const LONG_AGO: i64 = 1_735_689_600;

//! What a run costs: the real program, as its own process, against the loopback cloud.
//!
//! `benches/run` builds the program and starts this. Each figure is taken in a run of its
//! own, since the tools that count slow the program down or make it larger.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a bench may panic, and plays the operator"
)]

mod limits;
mod measure;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::process::ExitCode;

use cloud::National;
use measure::{Binary, Figures};
use serde_json::{json, Value};
use support::Site;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` starts benches, too, but without this word.
    if !words.iter().any(|word| word == "--bench") {
        return ExitCode::SUCCESS;
    }
    let check = words.iter().any(|word| word == "--check");
    let repetitions = if check || words.iter().any(|word| word == "--quick") {
        5
    } else {
        15
    };
    let mut broken = Vec::new();
    for pair in words.windows(2).filter(|pair| pair[0] == "--binary") {
        let binary = Binary::parse(&pair[1]);
        println!(
            "\n{}: {} bytes\n\n{}",
            binary.name,
            binary.size,
            Figures::HEAD
        );
        for case in cases() {
            let figures = run(&binary, &case, repetitions);
            println!("{}", figures.row(&case.name()));
            broken.extend(limits::broken(&binary, &case, &figures));
        }
    }
    for sentence in &broken {
        eprintln!("over its limit: {sentence}");
    }
    if check && !broken.is_empty() {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// One situation that a run may meet.
struct Case {
    /// Secrets, each a file of one set.
    count: usize,
    /// Whether the run has to sign in, by its certificate.
    cold: bool,
    /// Whether each secret has a new version.
    changed: bool,
    roots: Roots,
}

#[derive(PartialEq)]
enum Roots {
    /// `ca_file` with one authority.
    One,
    /// The distribution's bundle, and one more.
    System,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for count in [1, 10, 50] {
        for (cold, changed) in [(true, true), (true, false), (false, true), (false, false)] {
            cases.push(Case {
                count,
                cold,
                changed,
                roots: Roots::One,
            });
        }
    }
    if std::path::Path::new("/etc/ssl/certs/ca-certificates.crt").exists() {
        cases.push(Case {
            count: 10,
            cold: true,
            changed: true,
            roots: Roots::System,
        });
    }
    cases
}

impl Case {
    fn name(&self) -> String {
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
        format!("{} | {token}, {content}{roots}", self.count)
    }
}

fn run(binary: &Binary, case: &Case, repetitions: usize) -> Figures {
    let site = Site::of(National::UsGov);
    let names: Vec<String> = (0..case.count)
        .map(|number| format!("sensor-{number:02}"))
        .collect();
    let mut files = serde_json::Map::new();
    for name in &names {
        files.insert(name.clone(), json!({ "secret": name }));
        site.vault.set(name, "the first password of a sensor");
    }
    let mut config = site.config(json!({ "sensors": { "files": Value::Object(files) } }));
    if case.roots == Roots::System {
        let network = config["network"].as_object_mut().unwrap();
        let authority = network.remove("ca_file").unwrap();
        network.insert("ca_extra".to_owned(), authority);
    }
    site.configure(&config);
    binary.sync(&site);
    let prepare = || {
        if case.changed {
            for name in &names {
                site.vault.set(name, "the next password of the sensor");
            }
        }
        if case.cold {
            forget_token(&site);
        }
    };
    let figures = measure::take(binary, &site, repetitions, prepare);
    site.assert_well_behaved();
    figures
}

fn forget_token(site: &Site) {
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

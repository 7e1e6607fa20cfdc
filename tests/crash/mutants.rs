//! The proofs notice: programs that write in a wrong order must fail them.
//!
//! The mutants are the program built with the feature `mutants` into a target directory of
//! its own; `KEYFERRY_MUTANT_BINARY` names one that is built already.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::can_trace;
use crate::order::{self, Broken};
use crate::readable;
use crate::rotation::{Device, Layout, Rotation};
use crate::trace::CHANGES;

#[test]
fn a_mutant_that_writes_the_marker_before_the_files_is_found() {
    is_found("marker-first", Broken::MarkerBeforeFiles);
}

#[test]
fn a_mutant_that_renames_before_it_syncs_is_found() {
    is_found("rename-first", Broken::NameBeforeContent);
}

#[test]
fn a_mutant_that_sets_the_mode_before_the_owner_is_found() {
    is_found("chmod-first", Broken::ModeBeforeOwner);
    if !can_trace() {
        return;
    }
    let rotation = Rotation::prepare(Layout::Linked);
    let device = rotation.device("mutant");
    let traced = device.traced(&command(&device, "chmod-first"), CHANGES, None);
    assert!(!readable::too_wide(&device, &traced).is_empty());
}

/// The mutants' program with no mutant chosen is the good one; each mutant turns the proof of
/// [`order`] red, for its own reason, in both layouts.
fn is_found(mutant: &str, rule: Broken) {
    if !can_trace() {
        return;
    }
    for layout in [Layout::Linked, Layout::Plain] {
        let rotation = Rotation::prepare(layout);
        let device = rotation.device("mutant");
        let good = order::of_run(&device, &command(&device, "none"));
        assert_eq!(good, [], "{layout:?}");
        device.reset(&rotation);
        let broken = order::of_run(&device, &command(&device, mutant));
        assert!(
            broken.iter().any(|(broken, _)| *broken == rule),
            "{layout:?} {mutant}: {broken:#?}"
        );
    }
}

/// `keyferry sync` of the mutants' program.
fn command(device: &Device, mutant: &str) -> Command {
    let good = device.command(&[]);
    let mut command = Command::new(binary());
    command.args(good.get_args()).env_clear();
    command.env("PATH", std::env::var("PATH").unwrap());
    command.env("KEYFERRY_MUTANT", mutant);
    command
}

/// Built once a process. The packages are there already, since this test was built.
fn binary() -> &'static PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(built) = std::env::var_os("KEYFERRY_MUTANT_BINARY") {
            return built.into();
        }
        let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../mutants");
        let built = Command::new(env!("CARGO"))
            .args(["build", "--offline", "--locked", "--features", "mutants"])
            .args(["--bin", "keyferry", "--manifest-path"])
            .arg(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
            .arg("--target-dir")
            .arg(&target)
            .env_remove("CARGO_BUILD_TARGET")
            .env("CARGO_PROFILE_DEV_DEBUG", "false")
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&built.stderr);
        assert!(built.status.success(), "{told}");
        target.join("debug/keyferry")
    })
}

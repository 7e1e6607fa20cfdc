//! The real program: built if cargo is at hand, found beside the demo, run as its own process.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the program lies.
pub struct Program {
    path: PathBuf,
}

/// How a run ended.
pub struct Run {
    pub code: i32,
    /// What it said, errors included, as a person at a terminal reads it.
    pub lines: Vec<String>,
    /// Standard output alone.
    pub stdout: String,
}

impl Program {
    /// Builds the program in the demo's own profile; without cargo, takes what is there.
    pub fn build() -> io::Result<Self> {
        let demo = std::env::current_exe()?;
        // target/<profile>/examples/demo
        let directory = demo.ancestors().nth(2).unwrap_or(Path::new("."));
        if let Some(cargo) = std::env::var_os("CARGO") {
            let profile = match directory.file_name().and_then(|name| name.to_str()) {
                None | Some("debug") => "dev",
                Some(name) => name,
            };
            let status = Command::new(cargo)
                .args(["build", "--quiet", "--locked", "--bin", "keyferry"])
                .args(["--profile", profile, "--manifest-path"])
                .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
                .stdin(Stdio::null())
                .status()?;
            if !status.success() {
                return Err(io::Error::other("the program could not be built"));
            }
        }
        let path = directory.join("keyferry");
        if path.is_file() {
            Ok(Self { path })
        } else {
            let missing = format!("{} is not there: cargo build", path.display());
            Err(io::Error::new(io::ErrorKind::NotFound, missing))
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `keyferry WORDS --config CONFIG` to its end, without anything of our environment.
    pub fn run(&self, words: &[&str], config: &Path) -> io::Result<Run> {
        let output = Command::new(&self.path)
            .args(words)
            .arg("--config")
            .arg(config)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .output()?;
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let lines = stderr.lines().chain(stdout.lines());
        Ok(Run {
            code: output.status.code().unwrap_or(-1),
            // On a terminal a run's sentences come without their level.
            lines: lines
                .map(|line| line.strip_prefix("info: ").unwrap_or(line).to_owned())
                .collect(),
            stdout,
        })
    }
}

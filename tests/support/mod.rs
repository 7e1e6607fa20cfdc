//! What behaviour tests stand on: a fresh directory a test, a loopback cloud, the real
//! binary as its own process.
//!
//! Nothing here knows the product's types: configurations are JSON, results are exit codes,
//! output and files on disk.

#![allow(dead_code, reason = "each test binary uses its part of this")]
#![expect(clippy::disallowed_methods, reason = "a test plays the operator")]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;

use cloud::{App, Cloud, Device, National, Vault};
use serde_json::{json, Value};
use tempfile::TempDir;

/// A device with its configuration, and the cloud that it signs in to.
pub struct Site {
    pub cloud: Cloud,
    pub app: App,
    pub vault: Vault,
    pub device: Device,
    top: TempDir,
    /// Every value that no output may show.
    secrets: Mutex<Vec<String>>,
}

/// One set `mqtt` with one file `password` of one secret, for tests about something else.
pub fn one_secret() -> Value {
    json!({"mqtt": {"files": {"password": {"secret": "mqtt-password"}}}})
}

/// How a run of the program ended.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Site {
    /// Azure US Government with one app, registered by certificate and by the client secret
    /// `correct horse`, and an empty vault `factory7-edge`.
    pub fn new() -> Self {
        Self::of(National::UsGov)
    }

    /// The same in another cloud.
    pub fn of(national: National) -> Self {
        let cloud = Cloud::start(national).unwrap();
        let app = cloud.add_app();
        let device = Device::new("gw-0042");
        cloud.add_certificate(&app, &device.certificate_der);
        cloud.add_secret_credential(&app, CLIENT_SECRET);
        let vault = cloud.vault("factory7-edge");
        // Below a directory of root's or our own: the product walks every ancestor.
        let top = tempfile::Builder::new()
            .prefix("keyferry-test-")
            .tempdir()
            .unwrap();
        let site = Self {
            cloud,
            app,
            vault,
            device,
            top,
            secrets: Mutex::new(vec![CLIENT_SECRET.to_owned()]),
        };
        fs::create_dir(site.path("etc")).unwrap();
        site.write("etc/ca.pem", site.cloud.ca_pem(), 0o644);
        site.write("etc/device.pem", &site.device.combined_pem, 0o600);
        site.write("etc/secret", &format!("{CLIENT_SECRET}\n"), 0o600);
        site
    }

    /// A site that is configured for [`one_secret`], which the vault has.
    pub fn with_one_secret() -> Self {
        let site = Self::new();
        site.seed("mqtt-password", "hunter2");
        site.configure(&site.config(one_secret()));
        site
    }

    /// A path below this test's directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.top.path().join(name)
    }

    /// Writes a file below this test's directory with exactly this mode.
    pub fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Puts a secret into the vault `factory7-edge` and gives its version. From then on no run
    /// may show the value.
    pub fn seed(&self, name: &str, value: &str) -> String {
        self.hide(value);
        self.vault.set(name, value)
    }

    /// Notes a value that no output may show.
    pub fn hide(&self, value: &str) {
        self.secrets.lock().unwrap().push(value.to_owned());
    }

    /// A configuration with these sets: certificate identity, directories of this test, and
    /// the cloud's hosts led to loopback. Change it as a [`Value`] before [`Self::configure`].
    pub fn config(&self, sets: Value) -> Value {
        let mut resolve = serde_json::Map::new();
        for host in [
            self.cloud.login_host(),
            self.cloud.vault_host("factory7-edge"),
            self.cloud.vault_host("other-vault"),
        ] {
            resolve.insert(host, json!(self.cloud.address().to_string()));
        }
        json!({
            "cloud": self.cloud.national().name(),
            "identity": self.certificate_identity(),
            "vault": "factory7-edge",
            "runtime_directory": self.path("run"),
            "state_directory": self.path("state"),
            "network": { "ca_file": self.path("etc/ca.pem"), "resolve": resolve },
            "sets": sets,
        })
    }

    /// The identity by the device's certificate.
    pub fn certificate_identity(&self) -> Value {
        json!({
            "type": "certificate",
            "tenant": self.cloud.tenant(),
            "client_id": self.app.client_id,
            "certificate": self.path("etc/device.pem"),
        })
    }

    /// The identity by the client secret.
    pub fn secret_identity(&self) -> Value {
        json!({
            "type": "client_secret",
            "tenant": self.cloud.tenant(),
            "client_id": self.app.client_id,
            "client_secret": self.path("etc/secret"),
        })
    }

    /// Configures [`one_secret`] with this identity, or this list of them.
    pub fn identify(&self, identity: Value) {
        let mut config = self.config(one_secret());
        config["identity"] = identity;
        self.configure(&config);
    }

    /// Writes `config` as the device's configuration.
    pub fn configure(&self, config: &Value) {
        self.write("etc/config.json", &format!("{config:#}\n"), 0o600);
    }

    /// Runs `keyferry WORDS --config <this test's>` to its end.
    pub fn keyferry(&self, words: &[&str]) -> Run {
        self.run(&mut self.command(words))
    }

    /// Runs a command of [`Self::command`] to its end and fails if its output holds a secret.
    pub fn run(&self, command: &mut Command) -> Run {
        let run = Run::of(command.output().unwrap());
        let secrets = self.secrets.lock().unwrap();
        for secret in secrets.iter().map(String::as_str).chain(TOKEN_MARKS) {
            assert!(
                !run.all().contains(secret),
                "{secret:?} was told:\n{}",
                run.all()
            );
        }
        run
    }

    /// Gives all of this test's files to `user`, with a copy of the program, for runs of
    /// [`Self::command_as`]. Wants root.
    pub fn give_to(&self, user: u32) {
        // By another process: a descriptor of ours that a parallel test's child inherits
        // would keep the copy from being executed.
        let copied = Command::new("cp")
            .arg(binary())
            .arg(self.path("keyferry"))
            .status();
        assert!(copied.unwrap().success());
        let mut paths = vec![self.path("")];
        while let Some(path) = paths.pop() {
            std::os::unix::fs::lchown(&path, Some(user), Some(user)).unwrap();
            if path.is_dir() && !path.is_symlink() {
                paths.extend(
                    fs::read_dir(&path)
                        .unwrap()
                        .map(|entry| entry.unwrap().path()),
                );
            }
        }
    }

    /// As [`Self::command`], by another user without any capability.
    pub fn command_as(&self, user: u32, words: &[&str]) -> Command {
        let mut command = program_at(self.path("keyferry"));
        command.current_dir("/").uid(user).gid(user);
        command.args(words).arg("--config").arg(self.path("etc"));
        command
    }

    /// The command that [`Self::keyferry`] runs, to be changed or wrapped.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = program();
        command.args(words).arg("--config").arg(self.path("etc"));
        command
    }

    /// The content of a delivered file of `set`, read as a consumer does.
    pub fn delivered(&self, set: &str, file: &str) -> Option<String> {
        fs::read_to_string(self.set(set).join(file)).ok()
    }

    /// Puts other bytes into a delivered file, which its owner may not write either.
    pub fn damage(&self, set: &str, file: &str) {
        let path = fs::canonicalize(self.set(set).join(file)).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(path, "damaged").unwrap();
    }

    /// The directory of `set`.
    pub fn set(&self, set: &str) -> PathBuf {
        self.path("run/sets").join(set)
    }

    /// `status.json`.
    pub fn status(&self) -> Value {
        serde_json::from_str(&fs::read_to_string(self.path("run/status.json")).unwrap()).unwrap()
    }

    /// What `status.json` says of `set`.
    pub fn set_status(&self, set: &str) -> Value {
        let status = self.status();
        let sets = status["sets"].as_array().unwrap();
        sets.iter()
            .find(|entry| entry["name"] == set)
            .unwrap()
            .clone()
    }

    /// Fails when the cloud saw a request that no well-behaved client makes.
    pub fn assert_well_behaved(&self) {
        let unexpected = self.cloud.unexpected();
        assert!(unexpected.is_empty(), "{unexpected:#?}");
    }
}

impl Run {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Both outputs, one behind the other.
    pub fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Fails unless the program ended with `code`; shows its output then.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// Fails unless `text` stands in the output.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        let all = self.all();
        assert!(all.contains(text), "{text:?} is not in:\n{all}");
        self
    }

    /// Fails if `text` stands in the output.
    #[track_caller]
    pub fn never_says(self, text: &str) -> Self {
        let all = self.all();
        assert!(!all.contains(text), "{text:?} is in:\n{all}");
        self
    }
}

/// The program with an environment of its own; by `KEYFERRY_TEST_RUNNER` (an emulator) if set.
pub fn program() -> Command {
    program_at(binary())
}

fn program_at(binary: impl AsRef<OsStr>) -> Command {
    let mut command = match std::env::var("KEYFERRY_TEST_RUNNER") {
        Ok(runner) => {
            let mut words = runner.split_whitespace();
            let mut command = Command::new(words.next().unwrap());
            command.args(words).arg(binary);
            command
        }
        Err(_) => Command::new(binary),
    };
    command
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .stdin(Stdio::null());
    command
}

fn binary() -> String {
    std::env::var("KEYFERRY_TEST_BINARY")
        .unwrap_or_else(|_| env!("CARGO_BIN_EXE_keyferry").to_owned())
}

/// Whether this machine has `tool`; says that the test is skipped where not. In CI, where
/// everything is installed, a skip is a failure.
pub fn has_tool(tool: &str) -> bool {
    let found = std::env::var("PATH")
        .unwrap()
        .split(':')
        .any(|directory| Path::new(directory).join(tool).is_file());
    found || skip(&format!("{tool} is not installed"))
}

/// Whether this runs as root; as [`has_tool`] otherwise.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root() || skip("not root")
}

/// Whether `test` can work with the program at hand; tells why not, which is no failure in CI
/// either: it ran with the host's own program.
pub fn is_host_program(test: &str) -> bool {
    let (_, why) = HOST_PROGRAM_ONLY
        .iter()
        .find(|(name, _)| *name == test)
        .unwrap();
    let host = std::env::var_os("KEYFERRY_TEST_RUNNER").is_none();
    if !host {
        eprintln!("skipped: {test}: {why}");
    }
    host
}

fn skip(why: &str) -> bool {
    assert!(
        std::env::var_os("CI").is_none(),
        "in CI no test may skip: {why}"
    );
    eprintln!("skipped: {why}");
    false
}

/// What `keyferry WORDS` prints on a terminal of its own, both outputs together. Wants
/// `script` and `stty`.
pub fn on_a_terminal(
    site: &Site,
    words: &[&str],
    columns: u16,
    environment: &[(&str, &str)],
) -> String {
    let inner = site.command(words);
    let quote = |word: &std::ffi::OsStr| format!("'{}'", word.to_str().unwrap());
    let line: Vec<String> = std::iter::once(inner.get_program())
        .chain(inner.get_args())
        .map(quote)
        .collect();
    let line = format!("stty cols {columns}; exec {}", line.join(" "));
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]);
    command
        .env_clear()
        .env("PATH", std::env::var("PATH").unwrap())
        .env("SHELL", "/bin/sh")
        .envs(environment.iter().copied())
        .stdin(Stdio::null());
    site.run(&mut command).stdout
}

/// Mode, owner and group of a path, links not followed: `100440 0:0`.
pub fn access(path: &Path) -> String {
    let stat = fs::symlink_metadata(path).unwrap();
    format!("{:o} {}:{}", stat.mode(), stat.uid(), stat.gid())
}

/// What cannot work with a program that is static or of another machine, behind
/// `KEYFERRY_TEST_RUNNER`; all other tests do.
const HOST_PROGRAM_ONLY: [(&str, &str); 1] = [(
    "a_device_in_1970_is_told_and_goes_on",
    "its clock comes from a library of the host; tests/images/arm starts in 1970 itself",
)];
/// The app's client secret.
pub const CLIENT_SECRET: &str = "correct horse";
/// How tokens and assertions begin, and what stands before one.
const TOKEN_MARKS: [&str; 2] = ["eyJ", "Bearer "];

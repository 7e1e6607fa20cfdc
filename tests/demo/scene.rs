//! The scene: a cloud with a vault, and a device with a certificate and a configuration.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use cloud::{Cloud, Device, National, Vault};
use serde_json::{json, Value};
use tempfile::TempDir;

use crate::cable::Cable;
use crate::program::{Program, Run};

/// Everything that the acts play with.
pub struct Scene {
    pub cloud: Cloud,
    pub vault: Vault,
    pub cable: Cable,
    pub program: Program,
    kept: bool,
    pair: usize,
    top: TempDir,
    path: PathBuf,
}

impl Scene {
    /// Starts the cloud as Azure US Government, fills its vault, sets the device up.
    pub fn new(program: Program) -> io::Result<Self> {
        let cloud = Cloud::start(National::UsGov)?;
        let device = Device::new("gw-0042");
        let app = cloud.add_app();
        cloud.add_certificate(&app, &device.certificate_der);
        let top = tempfile::Builder::new()
            .prefix("keyferry-demo-")
            .tempdir()?;
        let mut scene = Self {
            vault: cloud.vault(VAULT),
            cable: Cable::new(cloud.address())?,
            // The program follows no link on the way to its files.
            path: fs::canonicalize(top.path())?,
            cloud,
            program,
            kept: false,
            pair: 0,
            top,
        };
        scene.vault.set("mqtt-password", &cloud::guid());
        scene.vault.set("wifi-passphrase", &cloud::guid());
        scene.rotate();
        fs::create_dir(scene.config())?;
        scene.write("etc/ca.pem", scene.cloud.ca_pem(), 0o644)?;
        scene.write("etc/device.pem", &device.combined_pem, 0o600)?;
        scene.write("reload.sh", HOOK, 0o755)?;
        let config = scene.configuration(&app.client_id);
        scene.write("etc/config.json", &format!("{config:#}\n"), 0o644)?;
        Ok(scene)
    }

    /// The device's files stay after the demo.
    pub fn keep(&mut self) {
        self.kept = true;
        self.top.disable_cleanup(true);
    }

    /// Whether they stay.
    pub fn is_kept(&self) -> bool {
        self.kept
    }

    /// The operator puts a new certificate and its key into the vault.
    pub fn rotate(&mut self) {
        self.pair += 1;
        let client = Device::builder(&format!("mqtt client {}", self.pair))
            .elliptic()
            .build();
        self.vault.set("mqtt-client-crt", &client.certificate_pem);
        self.vault.set("mqtt-client-key", &client.private_key_pem);
    }

    /// Runs the program on the device.
    pub fn keyferry(&self, words: &[&str]) -> io::Result<Run> {
        self.program.run(words, &self.config())
    }

    /// What `keyferry status --json` says.
    pub fn status(&self) -> io::Result<Value> {
        let run = self.keyferry(&["status", "--json"])?;
        serde_json::from_str(&run.stdout).map_err(io::Error::other)
    }

    /// The device's directory.
    pub fn top(&self) -> &Path {
        &self.path
    }

    /// What `--config` gets.
    pub fn config(&self) -> PathBuf {
        self.path.join("etc")
    }

    /// Where the sets lie.
    pub fn sets(&self) -> PathBuf {
        self.path.join("run/sets")
    }

    /// Which generation of the set `mqtt` is live.
    pub fn live(&self) -> io::Result<PathBuf> {
        fs::read_link(self.sets().join("mqtt/.keyferry/current"))
    }

    /// What the hook noted: for each of its runs, which generation was live then.
    pub fn reloads(&self) -> Vec<PathBuf> {
        let noted = fs::read_to_string(self.path.join("reloads")).unwrap_or_default();
        noted.lines().map(PathBuf::from).collect()
    }

    /// Real host names, led to loopback; everything below the device's directory.
    fn configuration(&self, client_id: &str) -> Value {
        let address = self.cable.address().to_string();
        json!({
            "cloud": "usgov",
            "identity": {
                "type": "certificate",
                "tenant": self.cloud.tenant(),
                "client_id": client_id,
                "certificate": self.path.join("etc/device.pem"),
            },
            "vault": VAULT,
            "sets": {
                "mqtt": {
                    "files": {
                        "password": { "secret": "mqtt-password" },
                        "client.crt": { "secret": "mqtt-client-crt" },
                        "client.key": { "secret": "mqtt-client-key", "mode": "0400" },
                    },
                    "on_change": { "run": [["/bin/sh", self.path.join("reload.sh")]] },
                },
                "wifi": {
                    "layout": "plain",
                    "files": { "passphrase": { "secret": "wifi-passphrase", "mode": "0400" } },
                },
            },
            "runtime_directory": self.path.join("run"),
            "state_directory": self.path.join("state"),
            "network": {
                "ca_file": self.path.join("etc/ca.pem"),
                "resolve": {
                    self.cloud.login_host(): address,
                    self.cloud.vault_host(VAULT): address,
                },
            },
        })
    }

    fn write(&self, name: &str, text: &str, mode: u32) -> io::Result<()> {
        let path = self.path.join(name);
        fs::write(&path, "")?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
        fs::write(&path, text)
    }
}

/// The vault's name.
pub const VAULT: &str = "factory7-edge";

/// Stands for the reload of a service: notes which generation it found.
const HOOK: &str = "#!/bin/sh
readlink \"$KEYFERRY_DIRECTORY/.keyferry/current\" >>\"$KEYFERRY_DIRECTORY/../../../reloads\"
";

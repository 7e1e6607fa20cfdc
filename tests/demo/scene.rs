//! The scene: a cloud with a vault, and a device with a certificate and a configuration.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use cloud::{
    Action, Blob, Certificate, Cloud, Device, DeviceAuthority, Fault, Match, National,
    StorageAccount, Vault,
};
use serde_json::{json, Value};
use tempfile::TempDir;

use crate::cable::Cable;
use crate::program::{Program, Run};

/// Everything that the acts play with.
pub struct Scene {
    pub cloud: Cloud,
    pub vault: Vault,
    pub account: StorageAccount,
    pub cable: Cable,
    pub program: Program,
    /// The newest certificate of mqtt, with its key and chain.
    pub client: Device,
    authority: DeviceAuthority,
    /// What the vault has as `mqtt-password`.
    pub password: String,
    kept: bool,
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
        let authority = DeviceAuthority::new("plant authority");
        let mut scene = Self {
            vault: cloud.vault(VAULT),
            account: cloud.storage_account(ACCOUNT),
            client: new_client(&authority),
            authority,
            // With everything that goes wrong in an env file.
            password: format!("it's \"{}\" & $HOME", cloud::guid()),
            cable: Cable::new(cloud.address())?,
            // The program follows no link on the way to its files.
            path: fs::canonicalize(top.path())?,
            cloud,
            program,
            kept: false,
            top,
        };
        scene.vault.set("mqtt-user", "gw-0042");
        scene.vault.set("mqtt-password", &scene.password);
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

    /// The vault renews the certificate of mqtt.
    pub fn rotate(&mut self) {
        self.client = new_client(&self.authority);
        let certificate = Certificate::pem(&self.client.combined_pem);
        self.vault.set_certificate("mqtt-client", certificate);
    }

    /// The operator adds a set of one large file, and puts that into the storage account.
    pub fn add_firmware(&self) -> io::Result<()> {
        self.account
            .put_generated("firmware", "image.swu", IMAGE, SEED);
        let set = json!({
            "directory": self.path.join("firmware"),
            "files": { "image.swu": { "blob": {
                "account": ACCOUNT, "container": "firmware", "name": "image.swu",
            } } },
        });
        let part = json!({ "sets": { "firmware": set } });
        fs::create_dir(self.config().join("conf.d"))?;
        self.write("etc/conf.d/firmware.json", &format!("{part:#}\n"), 0o644)
    }

    /// The next reply with the firmware ends after half of it.
    pub fn cut_firmware_once(&self) {
        let half = usize::try_from(IMAGE / 2).unwrap_or_default();
        self.cloud.fault(Fault {
            matching: Match::Path("image.swu".to_owned()),
            action: Action::CutAfter(half),
            times: 1,
        });
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

    /// Whether chain and key on the device are those of the vault's newest certificate.
    pub fn is_paired(&self) -> io::Result<bool> {
        let read = |name| fs::read_to_string(self.sets().join("mqtt").join(name));
        Ok(read("client.crt")? == self.client.certificate_pem
            && read("client.key")? == self.client.private_key_pem)
    }

    /// What `sh` makes of a variable of `mqtt.env`.
    pub fn sourced(&self, variable: &str) -> io::Result<String> {
        let output = Command::new("/bin/sh")
            .args(["-c", &format!(". ./mqtt.env; printf %s \"${variable}\"")])
            .current_dir(self.sets().join("mqtt"))
            .output()?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Whether the whole firmware is there.
    pub fn has_firmware(&self) -> io::Result<bool> {
        let bytes = fs::read(self.path.join("firmware/image.swu"))?;
        Ok(bytes == Blob::generated(IMAGE, SEED).bytes())
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
                        "client.crt": { "certificate": "mqtt-client", "part": "chain" },
                        "client.key": {
                            "certificate": "mqtt-client", "part": "key", "mode": "0400",
                        },
                        "mqtt.env": { "env_file": {
                            "MQTT_USER": { "secret": "mqtt-user" },
                            "MQTT_PASSWORD": { "secret": "mqtt-password" },
                        } },
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
                    self.account.host(): address,
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

fn new_client(authority: &DeviceAuthority) -> Device {
    let client = Device::builder("mqtt client");
    client.elliptic().issued_by(authority).build()
}

/// The storage account's name.
const ACCOUNT: &str = "factory7files";
/// Bytes of the firmware.
pub const IMAGE: u64 = 8_000_000;
/// What the firmware is made from.
const SEED: u64 = 42;
/// The vault's name.
pub const VAULT: &str = "factory7-edge";

/// Stands for the reload of a service: notes which generation it found.
const HOOK: &str = "#!/bin/sh
readlink \"$KEYFERRY_DIRECTORY/.keyferry/current\" >>\"$KEYFERRY_DIRECTORY/../../../reloads\"
";

//! The loopback cloud on its own: for the demo, and for checks with other people's clients.
//!
//! Writes what a client needs into a directory, says `ready`, and serves until its standard input
//! ends (or a signal ends it).

#![expect(
    clippy::disallowed_methods,
    reason = "the product's rule; this is no product"
)]

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cloud::{Cloud, Device, DeviceAnswer, DeviceCodePolicy, National, Secret, TokenIssuer};

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("cloud: {problem}\n{USAGE}");
            return ExitCode::from(64);
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cloud: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> io::Result<()> {
    let mut builder = Cloud::builder(options.national).address(&options.address);
    if let Some(tenant) = &options.tenant {
        builder = builder.tenant(tenant);
    }
    let cloud = builder.start()?;
    let device = Device::new("device-0001");
    let facts = seed(&cloud, &device);
    fs::create_dir_all(&options.directory)?;
    write(&options.directory.join("ca.pem"), cloud.ca_pem(), 0o644)?;
    write(
        &options.directory.join("device.pem"),
        &device.combined_pem,
        0o600,
    )?;
    write(&options.directory.join("cloud.json"), &facts, 0o600)?;
    println!("ready {}", cloud.address());
    io::stdout().flush()?;
    let ended = io::stdin().read_to_end(&mut Vec::new());
    for record in cloud.unexpected() {
        eprintln!(
            "cloud: unexpected: {} {}{}: {}",
            record.method,
            record.host,
            record.path,
            record.unexpected.join(", ")
        );
    }
    ended.map(|_| ())
}

/// Fills the cloud; gives what a client has to know, as JSON.
fn seed(cloud: &Cloud, device: &Device) -> String {
    let credential = cloud::guid();
    let with_secret = cloud.add_app();
    cloud.add_secret_credential(&with_secret, &credential);
    let with_certificate = cloud.add_app();
    cloud.add_certificate(&with_certificate, &device.certificate_der);
    let with_subject = cloud.add_app();
    cloud.trust_subject(&with_subject, &device.certificate_der, "CN=device-0001");

    let first = fill_vaults(cloud);
    cloud.storage_account("plant7store").add_container("images");
    cloud.add_subscription("Plant 7");
    let public = cloud.add_app();
    cloud.allow_public_client(&public);
    cloud.add_user(USER, &credential);
    cloud.set_device_code(DeviceCodePolicy {
        answer: DeviceAnswer::ApproveAfter(1),
        interval: 1,
        ..DeviceCodePolicy::default()
    });
    let federated = cloud.add_app();
    let issuer = TokenIssuer::new("https://oidc.plant7.example");
    cloud.trust_issuer(&federated, &issuer, "device-0001", EXCHANGE);

    serde_json::json!({
        "address": cloud.address().to_string(),
        "national": cloud.national().name(),
        "login_host": cloud.login_host(),
        "tenant": cloud.tenant(),
        "vault": "factory7-edge",
        "vault_host": cloud.vault_host("factory7-edge"),
        "forbidden_vault_host": cloud.vault_host("forbidden"),
        "older_version": first,
        "secret_app": { "client_id": with_secret.client_id, "client_secret": credential },
        "certificate_app": { "client_id": with_certificate.client_id },
        "subject_app": { "client_id": with_subject.client_id },
        "public_app": { "client_id": public.client_id },
        "user": { "name": USER, "password": credential },
        "federated_app": {
            "client_id": federated.client_id,
            "token": issuer.token("device-0001", EXCHANGE, 3600),
        },
        "resource_manager_host": cloud.resource_manager_host(),
        "graph_host": cloud.graph_host(),
        "blob_host": cloud.blob_host("plant7store"),
    })
    .to_string()
}

/// Fills the vaults; gives the id of an older version.
fn fill_vaults(cloud: &Cloud) -> String {
    let vault = cloud.vault("factory7-edge");
    vault.set("mqtt-password", "an older password");
    let first = vault.set("mqtt-password", "a newer password");
    vault.set("mqtt-password", "correct horse battery staple");
    vault.set("greeting", MANY_LINES);
    vault.set("retired", "nobody may read this");
    vault.disable("retired", "latest");
    let mut described = Secret::new("{\"host\":\"broker.plant7.example\",\"port\":8883}");
    described.content_type = Some("application/json".to_owned());
    described.tags = vec![("line".to_owned(), "7".to_owned())];
    described.expires = Some(4_102_444_800);
    vault.set_with("broker", described);
    for number in 1..=30 {
        vault.set(
            &format!("sensor-{number:02}"),
            &format!("key of sensor {number}"),
        );
    }
    cloud
        .vault("forbidden")
        .deny(cloud::Denial::Rbac, cloud::Scope::Vault);
    first
}

/// Writes a new file of this mode in place of an older one.
fn write(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    if path.exists() {
        fs::remove_file(path)?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    file.write_all(text.as_bytes())
}

struct Options {
    national: National,
    address: String,
    directory: PathBuf,
    tenant: Option<String>,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut options = Options {
            national: National::Public,
            address: "127.0.0.1:8443".to_owned(),
            directory: PathBuf::new(),
            tenant: None,
        };
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or(format!("{name} needs a value"))?;
            match name.as_str() {
                "--address" => options.address = value,
                "--directory" => options.directory = PathBuf::from(value),
                "--national" => {
                    let known = National::from_name(&value);
                    options.national = known.ok_or(format!("{value} is no cloud"))?;
                }
                "--tenant" => options.tenant = Some(value),
                _ => return Err(format!("{name} is no option")),
            }
        }
        match options.directory.as_os_str().is_empty() {
            true => Err("--directory is missing".to_owned()),
            false => Ok(options),
        }
    }
}

const USER: &str = "worker@plant7.example";

/// The audience of tokens that Entra takes from others.
const EXCHANGE: &str = "api://AzureADTokenExchange";

const USAGE: &str = "usage: cloud --directory DIR [--national NAME] [--address IP:PORT] \
                     [--tenant GUID]";

const MANY_LINES: &str = "Grüße aus Werk 7\n第二行\n\tthird \"line\" \\ with a backslash\n";

//! The loopback cloud on its own: for the demo, and for checks with other people's clients.
//!
//! Writes what a client needs into a directory, says `ready` and where the machine's endpoints are
//! that were asked for, and serves until its standard input ends (or a signal ends it). What can be
//! said on standard input till then stands in `console`.

#![expect(
    clippy::disallowed_methods,
    reason = "the product's rule; this is no product"
)]

mod console;
mod fixture;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cloud::{ArcAgent, Cloud, Device, Logged, MachineEndpoint, National};
use fixture::Pfx;
use serde_json::{json, Map, Value};

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
    if let Some(keys) = &options.keys {
        cloud::give_rsa_keys(&fs::read_to_string(keys)?)?;
    }
    let mut builder = Cloud::builder(options.national).address(&options.address);
    if let Some(tenant) = &options.tenant {
        builder = builder.tenant(tenant);
    }
    let cloud = builder.start()?;
    let device = Device::new("device-0001");
    let machines = start_machines(&cloud, options)?;
    let pfx = options.pfx.as_ref().map(read_pfx).transpose()?;
    let mut facts = fixture::seed(&cloud, &device, pfx);
    facts["machine"] = machines
        .iter()
        .map(|(name, endpoint)| ((*name).to_owned(), describe(endpoint)))
        .collect::<Map<_, _>>()
        .into();
    fs::create_dir_all(&options.directory)?;
    write(&options.directory.join("ca.pem"), cloud.ca_pem(), 0o644)?;
    write(
        &options.directory.join("device.pem"),
        &device.combined_pem,
        0o600,
    )?;
    let facts = facts.to_string();
    write(&options.directory.join("cloud.json"), &facts, 0o600)?;
    println!("ready {}", cloud.address());
    for (name, endpoint) in &machines {
        let mut line = format!("{name} {}", endpoint.origin());
        for (variable, value) in endpoint.environment() {
            line.push_str(&format!(" {variable}={value}"));
        }
        println!("{line}");
    }
    io::stdout().flush()?;
    let ended = console::obey(&cloud, io::stdin().lock(), io::stdout());
    report(&cloud.unexpected());
    for (_, endpoint) in &machines {
        report(&endpoint.unexpected());
    }
    ended
}

fn read_pfx((pfx, pem): &(PathBuf, PathBuf)) -> io::Result<Pfx> {
    Ok(Pfx {
        der: fs::read(pfx)?,
        pem: fs::read_to_string(pem)?,
    })
}

fn report(unexpected: &[Logged]) {
    for record in unexpected {
        eprintln!(
            "cloud: unexpected: {} {}{}: {}",
            record.method,
            record.host,
            record.path,
            record.unexpected.join(", ")
        );
    }
}

/// The token endpoints asked for, by name, each with one user-assigned identity besides its own.
fn start_machines(
    cloud: &Cloud,
    options: &Options,
) -> io::Result<Vec<(&'static str, MachineEndpoint)>> {
    let mut machines = Vec::new();
    if let Some(address) = &options.app_service {
        let endpoint = MachineEndpoint::app_service_at(cloud, address)?;
        machines.push(("app-service", endpoint));
    }
    if let Some((address, directory)) = &options.arc {
        let endpoint = MachineEndpoint::arc_at(cloud, directory, address)?;
        endpoint.set_agent(options.arc_agent);
        machines.push(("arc", endpoint));
    }
    if let Some(address) = &options.azure_ml {
        let endpoint = MachineEndpoint::azure_ml_at(cloud, address)?;
        machines.push(("azure-ml", endpoint));
    }
    if let Some(address) = &options.imds {
        let endpoint = MachineEndpoint::imds_at(cloud, address)?;
        endpoint.answer_first(&options.imds_first);
        machines.push(("imds", endpoint));
    }
    for (_, endpoint) in &machines {
        endpoint.assign_user(&cloud::guid(), &cloud::guid(), RESOURCE_ID);
    }
    Ok(machines)
}

fn describe(endpoint: &MachineEndpoint) -> Value {
    let environment: Map<String, Value> = endpoint
        .environment()
        .into_iter()
        .map(|(name, value)| (name, value.into()))
        .collect();
    let identities: Vec<Value> = endpoint
        .identities()
        .into_iter()
        .map(|(app, resource_id)| {
            json!({
                "client_id": app.client_id,
                "object_id": app.object_id,
                "resource_id": resource_id,
            })
        })
        .collect();
    json!({
        "origin": endpoint.origin(),
        "url": endpoint.url(),
        "environment": environment,
        "identities": identities,
    })
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
    app_service: Option<String>,
    arc: Option<(String, PathBuf)>,
    arc_agent: ArcAgent,
    azure_ml: Option<String>,
    imds: Option<String>,
    imds_first: Vec<u16>,
    keys: Option<PathBuf>,
    pfx: Option<(PathBuf, PathBuf)>,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, String> {
        let mut options = Options {
            national: National::Public,
            address: "127.0.0.1:8443".to_owned(),
            directory: PathBuf::new(),
            tenant: None,
            app_service: None,
            arc: None,
            arc_agent: ArcAgent::Current,
            azure_ml: None,
            imds: None,
            imds_first: Vec::new(),
            keys: None,
            pfx: None,
        };
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or(format!("{name} needs a value"))?;
            match name.as_str() {
                "--address" => options.address = value,
                "--app-service" => options.app_service = Some(value),
                "--arc" => options.arc = Some(address_and_directory(&value)?),
                "--arc-agent" => {
                    options.arc_agent = match value.as_str() {
                        "current" => ArcAgent::Current,
                        "old" => ArcAgent::Old,
                        "other-case" => ArcAgent::OtherCase,
                        _ => return Err(format!("{value} is no agent")),
                    }
                }
                "--azure-ml" => options.azure_ml = Some(value),
                "--directory" => options.directory = PathBuf::from(value),
                "--imds" => options.imds = Some(value),
                "--imds-first" => {
                    let statuses: Result<_, _> = value.split(',').map(str::parse).collect();
                    options.imds_first =
                        statuses.map_err(|_| format!("{value} are no statuses"))?;
                }
                "--keys" => options.keys = Some(PathBuf::from(value)),
                "--national" => {
                    let known = National::from_name(&value);
                    options.national = known.ok_or(format!("{value} is no cloud"))?;
                }
                "--pfx" => {
                    let pair = value.split_once(':');
                    let pair = pair.ok_or(format!("{value} is not PFX:PEM"))?;
                    options.pfx = Some((PathBuf::from(pair.0), PathBuf::from(pair.1)));
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

/// The parts of `IP:PORT:DIRECTORY`.
fn address_and_directory(text: &str) -> Result<(String, PathBuf), String> {
    match text.splitn(3, ':').collect::<Vec<_>>()[..] {
        [ip, port, directory] => Ok((format!("{ip}:{port}"), PathBuf::from(directory))),
        _ => Err(format!("{text} is not IP:PORT:DIRECTORY")),
    }
}

const USAGE: &str = "usage: cloud --directory DIR [--national NAME] [--address IP:PORT] \
                     [--tenant GUID]\n       [--imds IP:PORT] [--arc IP:PORT:DIRECTORY] \
                     [--arc-agent current|old|other-case]\n       [--app-service IP:PORT] \
                     [--azure-ml IP:PORT] [--imds-first STATUS,...]\n       [--pfx PFX:PEM] [--keys PEM]";

const RESOURCE_ID: &str = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/\
                           loopback/providers/Microsoft.ManagedIdentity/userAssignedIdentities/edge";

//! The token endpoints of a machine itself: what hands out managed identities on Azure's hosts.
//!
//! Plain HTTP on the machine, without TLS and without a login: whoever reaches it gets a token.
//! They issue tokens of a running [`Cloud`], which its vaults accept. Each is as strict as the
//! real one or stricter and logs all requests; a request that came through a proxy is refused.
//! Sources: "How to use managed identities on a VM" (Microsoft Entra), "Authenticate against
//! Azure resources with Azure Arc-enabled servers", "How to use managed identities for App
//! Service", and Microsoft's own clients.

pub(crate) mod answer;
pub(crate) mod app_service;
pub(crate) mod arc;
pub(crate) mod connection;
pub(crate) mod grant;
pub(crate) mod identity;
pub(crate) mod imds;
pub(crate) mod key_file;
pub(crate) mod service;
pub(crate) mod stranger;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};

pub use answer::Expiry;
pub use arc::{ArcAgent, ArcChallenge};
pub use stranger::Stranger;

use crate::cloud::Cloud;
use crate::directory::App;
use crate::fault::{Action, Fault, Faults, Match};
use crate::lock;
use crate::log::{Log, Logged};
use crate::server::{OpenStreams, Server, Stop};
use app_service::{APP_SERVICE, AZURE_ML};
use identity::{Assigned, Identity};
use key_file::KeyFiles;
use service::{Kind, Machine};

/// A running token endpoint of a machine. It stops when dropped.
pub struct MachineEndpoint {
    machine: Arc<Machine>,
    _server: Server,
}

/// Starting one. Each has a system-assigned identity at first and no other.
impl MachineEndpoint {
    /// The Instance Metadata Service of a virtual machine, on a free port of 127.0.0.1.
    pub fn imds(cloud: &Cloud) -> io::Result<MachineEndpoint> {
        MachineEndpoint::imds_at(cloud, FREE_PORT)
    }

    /// The same at an address, such as the real one's `169.254.169.254:80` in a namespace.
    pub fn imds_at(cloud: &Cloud, address: &str) -> io::Result<MachineEndpoint> {
        MachineEndpoint::start(cloud, address, Kind::Imds)
    }

    /// The Azure Arc agent, on a free port of 127.0.0.1, with its key files in this directory,
    /// which has to exist. The real ones are `127.0.0.1:40342` and `/var/opt/azcmagent/tokens`.
    pub fn arc(cloud: &Cloud, tokens_directory: &Path) -> io::Result<MachineEndpoint> {
        MachineEndpoint::arc_at(cloud, tokens_directory, FREE_PORT)
    }

    /// The same at an address.
    pub fn arc_at(
        cloud: &Cloud,
        tokens_directory: &Path,
        address: &str,
    ) -> io::Result<MachineEndpoint> {
        let keys = KeyFiles::new(tokens_directory)?;
        MachineEndpoint::start(cloud, address, Kind::Arc(keys))
    }

    /// App Service's endpoint in an app, on a free port of 127.0.0.1.
    pub fn app_service(cloud: &Cloud) -> io::Result<MachineEndpoint> {
        MachineEndpoint::app_service_at(cloud, FREE_PORT)
    }

    /// The same at an address.
    pub fn app_service_at(cloud: &Cloud, address: &str) -> io::Result<MachineEndpoint> {
        MachineEndpoint::start(cloud, address, Kind::platform(&APP_SERVICE))
    }

    /// The endpoint of an Azure ML deployment, on a free port of 127.0.0.1. With
    /// [`Expiry::OldLinux`] or [`Expiry::OldWindows`] it is App Service's of 2017.
    pub fn azure_ml(cloud: &Cloud) -> io::Result<MachineEndpoint> {
        MachineEndpoint::azure_ml_at(cloud, FREE_PORT)
    }

    /// The same at an address.
    pub fn azure_ml_at(cloud: &Cloud, address: &str) -> io::Result<MachineEndpoint> {
        MachineEndpoint::start(cloud, address, Kind::platform(&AZURE_ML))
    }

    fn start(cloud: &Cloud, address: &str, kind: Kind) -> io::Result<MachineEndpoint> {
        let listener = TcpListener::bind(address)?;
        let machine = Arc::new(Machine {
            cloud: cloud.shared(),
            address: listener.local_addr()?,
            kind,
            settings: Mutex::default(),
            faults: Faults::default(),
            log: Log::default(),
            open: OpenStreams::default(),
            stop: Stop::default(),
        });
        let server = Server::start(machine.clone(), listener)?;
        Ok(MachineEndpoint {
            machine,
            _server: server,
        })
    }
}

/// Where it is.
impl MachineEndpoint {
    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.machine.address
    }

    /// Scheme, address and port, such as `http://127.0.0.1:40342`.
    pub fn origin(&self) -> String {
        match self.machine.address.port() {
            80 => format!("http://{}", self.machine.address.ip()),
            _ => format!("http://{}", self.machine.address),
        }
    }

    /// The address of tokens: what `IDENTITY_ENDPOINT` or `MSI_ENDPOINT` holds on the machine.
    pub fn url(&self) -> String {
        format!("{}{}", self.origin(), self.machine.kind.path())
    }

    /// The environment variables by which clients find it, as the machine sets them.
    pub fn environment(&self) -> Vec<(String, String)> {
        let pair = |name: &str, value: String| (name.to_owned(), value);
        match &self.machine.kind {
            Kind::Arc(_) => vec![
                pair("IDENTITY_ENDPOINT", self.url()),
                pair("IMDS_ENDPOINT", self.origin()),
            ],
            Kind::Imds => Vec::new(),
            Kind::Platform(platform, secret) => {
                let [address, header] = platform.variables;
                vec![pair(address, self.url()), pair(header, secret.clone())]
            }
        }
    }

    /// The secret of the app's environment: what `IDENTITY_HEADER` or `MSI_SECRET` holds. IMDS and
    /// Arc have none.
    pub fn header_value(&self) -> Option<String> {
        match &self.machine.kind {
            Kind::Arc(_) | Kind::Imds => None,
            Kind::Platform(_, secret) => Some(secret.clone()),
        }
    }
}

/// The identities that the machine has been given.
impl MachineEndpoint {
    /// Gives the machine a system-assigned identity, in place of an earlier one.
    pub fn assign_system(&self) -> App {
        let app = App::random();
        lock(&self.machine.settings).assigned.system = Some(Identity::system(&app));
        app
    }

    /// The system-assigned identity, if the machine has one.
    pub fn system(&self) -> Option<App> {
        let settings = lock(&self.machine.settings);
        settings.assigned.system.as_ref().map(Identity::app)
    }

    /// Gives the machine a user-assigned identity besides those it has.
    pub fn assign_user(&self, client_id: &str, object_id: &str, resource_id: &str) {
        let identity = Identity {
            client_id: client_id.to_owned(),
            object_id: object_id.to_owned(),
            resource_id: Some(resource_id.to_owned()),
        };
        lock(&self.machine.settings).assigned.user.push(identity);
    }

    /// All identities, the system-assigned one first, with the resource ids of the others.
    pub fn identities(&self) -> Vec<(App, Option<String>)> {
        let settings = lock(&self.machine.settings);
        let assigned = &settings.assigned;
        let all = assigned.system.iter().chain(&assigned.user);
        all.map(|identity| (identity.app(), identity.resource_id.clone()))
            .collect()
    }

    /// Takes all identities away.
    pub fn assign_none(&self) {
        lock(&self.machine.settings).assigned = Assigned::default();
    }
}

/// What it answers, and what goes wrong.
impl MachineEndpoint {
    /// How the replies tell until when a token is good.
    pub fn write_expiry(&self, expiry: Expiry) {
        lock(&self.machine.settings).expiry = expiry;
    }

    /// Issues tokens for this audience, whatever the client asks for: a glitch that was seen.
    pub fn issue_for(&self, audience: &str) {
        lock(&self.machine.settings).audience = Some(audience.to_owned());
    }

    /// How Arc answers a request for a user-assigned identity.
    pub fn set_agent(&self, agent: ArcAgent) {
        lock(&self.machine.settings).agent = agent;
    }

    /// What Arc answers a first request with.
    pub fn challenge_with(&self, challenge: ArcChallenge) {
        lock(&self.machine.settings).challenge = challenge;
    }

    /// Answers like the platform's cache from now on: the same token again while it is good for
    /// five minutes more, even if a vault refuses it.
    pub fn keep_tokens(&self) {
        lock(&self.machine.settings).kept.get_or_insert_default();
    }

    /// Answers the next requests with these statuses, in order, and the service's error body.
    pub fn answer_first(&self, statuses: &[u16]) {
        for status in statuses {
            self.refuse_once(*status, Vec::new());
        }
    }

    /// Answers the next requests with 429 and `Retry-After`, in seconds.
    pub fn throttle(&self, requests: usize, retry_after: u64) {
        for _ in 0..requests {
            let header = ("retry-after".to_owned(), retry_after.to_string());
            self.refuse_once(429, vec![header]);
        }
    }

    /// Lets somebody else answer in the service's place, for good.
    pub fn answer_as(&self, stranger: Stranger) {
        self.fault(Fault {
            matching: Match::Any,
            action: stranger.action(),
            times: usize::MAX,
        });
    }

    /// Adds a fault behind those already set.
    pub fn fault(&self, fault: Fault) {
        self.machine.faults.add(fault);
    }

    /// Takes back all faults.
    pub fn clear_faults(&self) {
        self.machine.faults.clear();
    }

    fn refuse_once(&self, status: u16, mut headers: Vec<(String, String)>) {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        self.fault(Fault {
            matching: Match::Any,
            action: Action::Status {
                code: status,
                headers,
                body: self.machine.passing_error(status),
            },
            times: 1,
        });
    }
}

/// The log.
impl MachineEndpoint {
    /// All requests in order.
    pub fn requests(&self) -> Vec<Logged> {
        self.machine.log.records()
    }

    /// The requests that no well-behaved client makes.
    pub fn unexpected(&self) -> Vec<Logged> {
        let mut records = self.requests();
        records.retain(|record| !record.unexpected.is_empty());
        records
    }

    /// Forgets all requests.
    pub fn reset_log(&self) {
        self.machine.log.reset();
    }
}

const FREE_PORT: &str = "127.0.0.1:0";

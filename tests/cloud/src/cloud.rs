//! The handle a test holds: starts the cloud, sets its faults, reads its log.
//!
//! What it does with the directory is in `administration`.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use crate::clock::Clock;
use crate::directory::{Directory, AD_FS};
use crate::fault::{Fault, Faults, Match};
use crate::hook::Hooks;
use crate::log::{Log, Logged};
use crate::metadata::Metadata;
use crate::national::National;
use crate::server::{Hosts, OpenStreams, Server, Shared, Stop};
use crate::storage::{AccountState, StorageAccount};
use crate::tls::{server_config, Certificates, ServerCertificate};
use crate::token::Tokens;
use crate::token_reply::TokenShape;
use crate::vault::{Vault, VaultState};
use crate::{lock, random};

/// A running loopback cloud. It stops when dropped.
pub struct Cloud {
    pub(crate) shared: Arc<Shared>,
    ca_pem: String,
    _server: Server,
}

/// Settings for a cloud that is not started yet.
pub struct Builder {
    national: National,
    address: String,
    tenant: String,
}

impl Builder {
    /// The address to listen on; the default is a free port of 127.0.0.1.
    pub fn address(mut self, address: &str) -> Builder {
        address.clone_into(&mut self.address);
        self
    }

    /// The id of the default tenant, a GUID; the default is a random one. An AD FS has no tenants:
    /// there it is always `adfs`.
    pub fn tenant(mut self, tenant: &str) -> Builder {
        tenant.clone_into(&mut self.tenant);
        self
    }

    /// Starts the cloud; it serves when this returns.
    pub fn start(self) -> io::Result<Cloud> {
        let listener = TcpListener::bind(&self.address)?;
        let certificates = Certificates::new(self.national).map_err(io::Error::other)?;
        let certificates = Arc::new(certificates);
        let config = server_config(certificates.clone()).map_err(io::Error::other)?;
        let shared = Arc::new(Shared {
            accounts: Mutex::default(),
            national: self.national,
            address: listener.local_addr()?,
            clock: Clock::default(),
            certificates: certificates.clone(),
            device_codes: Mutex::default(),
            directory: Mutex::new(Directory::new(match self.national.has_ad_fs() {
                true => AD_FS.to_owned(),
                false => self.tenant,
            })),
            faults: Faults::default(),
            hooks: Hooks::default(),
            log: Log::default(),
            metadata: Mutex::new(Metadata::default()),
            open: OpenStreams::default(),
            stop: Stop::default(),
            subscriptions: Mutex::default(),
            tokens: Tokens::new(),
            vaults: Mutex::new(HashMap::new()),
        });
        let hosts = Arc::new(Hosts {
            shared: shared.clone(),
            config: Arc::new(config),
        });
        let server = Server::start(hosts, listener)?;
        Ok(Cloud {
            shared,
            ca_pem: certificates.authority_pem(),
            _server: server,
        })
    }
}

/// Where it is and what it is called.
impl Cloud {
    /// Starts a cloud on a free port with a random tenant.
    pub fn start(national: National) -> io::Result<Cloud> {
        Cloud::builder(national).start()
    }

    /// A cloud with settings of one's own.
    pub fn builder(national: National) -> Builder {
        Builder {
            national,
            address: "127.0.0.1:0".to_owned(),
            tenant: random::guid(),
        }
    }

    /// The address all its hosts answer at.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// The certificate of the authority that clients have to trust.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The cloud that is played.
    pub fn national(&self) -> National {
        self.shared.national
    }

    /// The login host, such as `login.microsoftonline.us`.
    pub fn login_host(&self) -> String {
        self.shared.national.login_host().to_owned()
    }

    /// Older names of the login host, which answer like the first.
    pub fn login_aliases(&self) -> &'static [&'static str] {
        self.shared.national.login_aliases()
    }

    /// The host of Resource Manager, such as `management.usgovcloudapi.net`.
    pub fn resource_manager_host(&self) -> String {
        self.shared.national.resource_manager_host().to_owned()
    }

    /// The host of Microsoft Graph, such as `graph.microsoft.us`.
    pub fn graph_host(&self) -> String {
        self.shared.national.graph_host().to_owned()
    }

    /// The host of a storage account's blobs, such as `plant7.blob.core.usgovcloudapi.net`.
    pub fn blob_host(&self, account: &str) -> String {
        let account = account.to_ascii_lowercase();
        format!("{account}.blob.{}", self.shared.national.storage_suffix())
    }

    /// The host of a vault, such as `factory7-edge.vault.usgovcloudapi.net`.
    pub fn vault_host(&self, name: &str) -> String {
        let name = name.to_ascii_lowercase();
        format!("{name}.{}", self.shared.national.vault_suffix())
    }

    /// The id of the default tenant; `adfs` where AD FS is the authority.
    pub fn tenant(&self) -> String {
        lock(&self.shared.directory).default_tenant.clone()
    }

    /// A handle on a vault, made empty on first use in the default tenant.
    pub fn vault(&self, name: &str) -> Vault {
        let host = self.vault_host(name);
        let tenant = self.tenant();
        lock(&self.shared.vaults)
            .entry(host.clone())
            .or_insert_with(|| VaultState::new(name, &tenant));
        Vault::new(self.shared.clone(), host)
    }

    /// What an endpoint outside of the cloud's hosts needs to issue its tokens.
    pub(crate) fn shared(&self) -> Arc<Shared> {
        self.shared.clone()
    }

    /// A handle on a storage account, made empty on first use in the default tenant.
    pub fn storage_account(&self, name: &str) -> StorageAccount {
        let host = self.blob_host(name);
        let tenant = self.tenant();
        lock(&self.shared.accounts)
            .entry(host.clone())
            .or_insert_with(|| AccountState::new(&tenant));
        StorageAccount::new(self.shared.clone(), host)
    }
}

/// Time, tokens, certificates, connections, faults.
impl Cloud {
    /// The service's clock runs ahead of the machine's by this; `Date` headers show it.
    pub fn set_clock_offset(&self, seconds: i64) {
        self.shared.clock.set_offset(seconds);
    }

    /// How long the tokens issued from now on are good for, in seconds (3600 at first).
    pub fn set_token_lifetime(&self, seconds: i64) {
        self.shared.tokens.set_lifetime(seconds);
    }

    /// How the token endpoint writes a success from now on.
    pub fn set_token_shape(&self, shape: TokenShape) {
        self.shared.tokens.set_shape(shape);
    }

    /// What Resource Manager says of the cloud from now on.
    pub fn set_metadata(&self, metadata: Metadata) {
        *lock(&self.shared.metadata) = metadata;
    }

    /// All tokens issued so far are refused from now on.
    pub fn revoke_tokens(&self) {
        self.shared.tokens.revoke_all();
    }

    /// What kind of server certificate new connections are shown.
    pub fn show_certificate(&self, kind: ServerCertificate) {
        self.shared.certificates.show(kind);
    }

    /// Closes all open connections, as a service does with idle ones.
    pub fn close_connections(&self) {
        self.shared.open.shut_down();
    }

    /// Adds a fault behind those already set.
    pub fn fault(&self, fault: Fault) {
        self.shared.faults.add(fault);
    }

    /// Takes back all faults.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
    }

    /// Does something once this many matching requests have been answered with a 2xx status: before
    /// the last of these replies goes out, so that the client's next request finds it done.
    pub fn after(&self, times: usize, matching: Match, action: impl FnOnce() + Send + 'static) {
        let counts = move |record: &Logged| matching.covers(record);
        let (counts, action) = (Box::new(counts), Box::new(action));
        self.shared.hooks.add(times, counts, action);
    }
}

/// The log.
impl Cloud {
    /// All requests in order.
    pub fn requests(&self) -> Vec<Logged> {
        self.shared.log.records()
    }

    /// The requests that no well-behaved client makes.
    pub fn unexpected(&self) -> Vec<Logged> {
        let mut records = self.requests();
        records.retain(|record| !record.unexpected.is_empty());
        records
    }

    /// How many TLS handshakes were completed.
    pub fn connections(&self) -> usize {
        self.shared.log.handshakes()
    }

    /// How many of them resumed an earlier session.
    pub fn resumptions(&self) -> usize {
        self.shared.log.resumptions()
    }

    /// Why handshakes failed, in order.
    pub fn failed_handshakes(&self) -> Vec<String> {
        self.shared.log.failed_handshakes()
    }

    /// Forgets requests and connections.
    pub fn reset_log(&self) {
        self.shared.log.reset();
    }
}

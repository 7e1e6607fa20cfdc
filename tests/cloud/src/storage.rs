//! Storage accounts: what a test puts in, and the handle it does that with.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::lock;
use crate::server::Shared;

/// A handle on one storage account of the cloud. Everybody with a token of its tenant may list its
/// containers, until that is taken away.
#[derive(Clone)]
pub struct StorageAccount {
    shared: Arc<Shared>,
    host: String,
}

impl StorageAccount {
    pub(crate) fn new(shared: Arc<Shared>, host: String) -> StorageAccount {
        StorageAccount { shared, host }
    }

    /// The host of its blobs.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Adds an empty container.
    pub fn add_container(&self, name: &str) {
        self.change(|state| {
            state.containers.insert(name.to_owned());
        });
    }

    /// Nobody has a role on it from now on.
    pub fn deny(&self) {
        self.change(|state| state.denied = true);
    }

    /// Everybody has a role on it again.
    pub fn allow(&self) {
        self.change(|state| state.denied = false);
    }

    /// The tenant whose tokens it takes, and which its challenge names.
    pub fn set_tenant(&self, tenant: &str) {
        self.change(|state| tenant.clone_into(&mut state.tenant));
    }

    fn change(&self, change: impl FnOnce(&mut AccountState)) {
        let mut accounts = lock(&self.shared.accounts);
        let state = accounts.get_mut(&self.host);
        change(state.expect("accounts are never removed"));
    }
}

/// The state of one account.
pub(crate) struct AccountState {
    pub tenant: String,
    pub containers: BTreeSet<String>,
    pub denied: bool,
}

impl AccountState {
    pub fn new(tenant: &str) -> AccountState {
        AccountState {
            tenant: tenant.to_owned(),
            containers: BTreeSet::new(),
            denied: false,
        }
    }
}

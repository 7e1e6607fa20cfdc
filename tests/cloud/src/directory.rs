//! The directory: tenants, applications and their credentials.

use std::collections::{HashMap, HashSet};

use crate::federation::FederatedCredential;
use crate::national::National;
use crate::random;
use crate::refusal::Refusal;
use crate::users::Users;

/// An application registered in a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct App {
    /// The application's id: what a client calls `client_id`.
    pub client_id: String,
    /// The service principal's id: the token's `oid`.
    pub object_id: String,
}

impl App {
    /// An application that nobody has seen before.
    pub(crate) fn random() -> App {
        App {
            client_id: random::guid(),
            object_id: random::guid(),
        }
    }
}

/// Everything the authority knows.
pub(crate) struct Directory {
    pub default_tenant: String,
    tenants: HashMap<String, Tenant>,
    pub apps: HashMap<String, Registration>,
    /// Ids of assertions that were accepted: none is accepted twice.
    pub used_assertions: HashSet<String>,
    pub users: Users,
    /// Resources that the cloud has and the tenants lack, without a slash at the end.
    missing_resources: HashSet<String>,
}

/// One tenant.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tenant {
    /// The cloud the tenant really lives in, if it is not this one.
    pub moved_to: Option<National>,
}

/// One application with its credentials.
#[derive(Clone)]
pub(crate) struct Registration {
    pub app: App,
    pub tenant: String,
    pub disabled: bool,
    pub secrets: Vec<SecretCredential>,
    /// Registered certificates, DER.
    pub certificates: Vec<Vec<u8>>,
    pub trusted_subjects: Vec<TrustedSubject>,
    pub federated: Vec<FederatedCredential>,
    /// Whether it may ask without a credential, for a person.
    pub public: bool,
}

/// A client secret.
#[derive(Clone)]
pub(crate) struct SecretCredential {
    pub value: String,
    pub expired: bool,
}

/// Any certificate with this subject from this issuer is the application's.
#[derive(Clone)]
pub(crate) struct TrustedSubject {
    pub issuer: Vec<u8>,
    pub subject: String,
}

impl Directory {
    pub fn new(default_tenant: String) -> Directory {
        let mut directory = Directory {
            default_tenant: default_tenant.clone(),
            tenants: HashMap::new(),
            apps: HashMap::new(),
            used_assertions: HashSet::new(),
            users: Users::default(),
            missing_resources: HashSet::new(),
        };
        directory.add_tenant(&default_tenant);
        directory
    }

    pub fn add_tenant(&mut self, tenant: &str) {
        self.tenants.entry(tenant.to_ascii_lowercase()).or_default();
    }

    pub fn tenant(&self, tenant: &str) -> Option<Tenant> {
        self.tenants.get(&tenant.to_ascii_lowercase()).copied()
    }

    pub fn move_tenant(&mut self, national: Option<National>) {
        let tenant = self.default_tenant.to_ascii_lowercase();
        self.tenants.entry(tenant).or_default().moved_to = national;
    }

    pub fn add_app(&mut self, tenant: &str) -> App {
        let app = App::random();
        let registration = Registration {
            app: app.clone(),
            tenant: tenant.to_ascii_lowercase(),
            disabled: false,
            secrets: Vec::new(),
            certificates: Vec::new(),
            trusted_subjects: Vec::new(),
            federated: Vec::new(),
            public: false,
        };
        self.apps.insert(app.client_id.clone(), registration);
        app
    }

    /// The application of an id in a tenant; ids are compared without case.
    pub fn find(&self, tenant: &str, client_id: &str) -> Option<&Registration> {
        self.apps
            .get(&client_id.to_ascii_lowercase())
            .filter(|registration| registration.tenant.eq_ignore_ascii_case(tenant))
    }

    pub fn remove_tenant(&mut self, tenant: &str) {
        self.tenants.remove(&tenant.to_ascii_lowercase());
    }

    pub fn remove_resource(&mut self, resource: &str) {
        let resource = resource.trim_end_matches('/').to_owned();
        self.missing_resources.insert(resource);
    }

    /// Whether tokens are issued for a resource.
    pub fn has_resource(&self, national: National, resource: &str) -> bool {
        let missing = &self.missing_resources;
        national.knows_resource(resource) && !missing.contains(resource.trim_end_matches('/'))
    }

    /// Refuses a resource that no token is issued for.
    pub fn check_resource(
        &self,
        national: National,
        resource: &str,
        tenant: &str,
    ) -> Result<(), Refusal> {
        match self.has_resource(national, resource) {
            true => Ok(()),
            false => Err(Refusal::new(
                400,
                "invalid_resource",
                500011,
                format!(
                    "The resource principal named {resource} was not found in the tenant named \
                     {tenant}. This can happen if the application has not been installed by the \
                     administrator of the tenant or consented to by any user in the tenant. You \
                     might have sent your authentication request to the wrong tenant."
                ),
            )),
        }
    }

    /// Changes an application that was made by `add_app`.
    pub fn change(&mut self, app: &App, change: impl FnOnce(&mut Registration)) {
        let registration = self.apps.get_mut(&app.client_id);
        change(registration.expect("the app belongs to another cloud"));
    }
}

/// What stands in a tenant's place at an AD FS.
pub(crate) const AD_FS: &str = "adfs";

/// Whether `text` has the form of a GUID.
pub(crate) fn is_guid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12]
        && groups
            .iter()
            .all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

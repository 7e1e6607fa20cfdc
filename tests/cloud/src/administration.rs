//! The part of the handle that fills the directory: tenants, applications, people, codes.

use crate::cloud::Cloud;
use crate::device_code::DeviceCodePolicy;
use crate::directory::{App, Registration, SecretCredential, TrustedSubject};
use crate::federation::{FederatedCredential, TokenIssuer};
use crate::lock;
use crate::national::National;
use crate::subscriptions::Subscription;

/// Tenants and applications.
impl Cloud {
    /// Adds a tenant.
    pub fn add_tenant(&self, tenant: &str) {
        lock(&self.shared.directory).add_tenant(tenant);
    }

    /// Adds an application without credentials to the default tenant.
    pub fn add_app(&self) -> App {
        let tenant = self.tenant();
        self.add_app_in(&tenant)
    }

    /// Adds an application without credentials to a tenant.
    pub fn add_app_in(&self, tenant: &str) -> App {
        lock(&self.shared.directory).add_app(tenant)
    }

    /// Gives an application a client secret.
    pub fn add_secret_credential(&self, app: &App, value: &str) {
        let credential = SecretCredential {
            value: value.to_owned(),
            expired: false,
        };
        self.change(app, |registration| registration.secrets.push(credential));
    }

    /// Lets a client secret expire.
    pub fn expire_secret_credential(&self, app: &App, value: &str) {
        self.change(app, |registration| {
            for secret in &mut registration.secrets {
                secret.expired |= secret.value == value;
            }
        });
    }

    /// Removes all client secrets of an application.
    pub fn remove_secret_credentials(&self, app: &App) {
        self.change(app, |registration| registration.secrets.clear());
    }

    /// Registers a certificate (DER) for an application.
    pub fn add_certificate(&self, app: &App, der: &[u8]) {
        self.change(app, |registration| {
            registration.certificates.push(der.to_vec())
        });
    }

    /// Removes all registered certificates and trusted subjects of an application.
    pub fn remove_certificates(&self, app: &App) {
        self.change(app, |registration| {
            registration.certificates.clear();
            registration.trusted_subjects.clear();
        });
    }

    /// Trusts every certificate of this subject (as in `CN=device`) that the RSA key of the issuer
    /// (a certificate, DER) has signed. The assertion must then carry the certificate in `x5c`.
    pub fn trust_subject(&self, app: &App, issuer_der: &[u8], subject: &str) {
        let trusted = TrustedSubject {
            issuer: issuer_der.to_vec(),
            subject: subject.to_owned(),
        };
        self.change(app, |registration| {
            registration.trusted_subjects.push(trusted)
        });
    }

    /// Trusts tokens of this issuer about this subject, if they are for this audience (such as
    /// `api://AzureADTokenExchange`): Entra then takes them in an assertion's place.
    pub fn trust_issuer(&self, app: &App, issuer: &TokenIssuer, subject: &str, audience: &str) {
        let credential = FederatedCredential::new(issuer, subject, audience);
        self.change(app, |registration| registration.federated.push(credential));
    }

    /// Removes all federated credentials of an application.
    pub fn remove_federated_credentials(&self, app: &App) {
        self.change(app, |registration| registration.federated.clear());
    }

    /// Disables an application.
    pub fn disable_app(&self, app: &App) {
        self.change(app, |registration| registration.disabled = true);
    }

    /// Enables an application again.
    pub fn enable_app(&self, app: &App) {
        self.change(app, |registration| registration.disabled = false);
    }

    /// Removes an application: it is unknown from now on.
    pub fn remove_app(&self, app: &App) {
        lock(&self.shared.directory).apps.remove(&app.client_id);
    }

    /// Removes a tenant: it is unknown from now on.
    pub fn remove_tenant(&self, tenant: &str) {
        lock(&self.shared.directory).remove_tenant(tenant);
    }

    /// No tenant has this resource any more: no token is issued for it.
    pub fn remove_resource(&self, audience: &str) {
        lock(&self.shared.directory).remove_resource(audience);
    }

    /// The default tenant lives in another cloud from now on.
    pub fn move_tenant_to(&self, national: National) {
        let elsewhere = (national != self.shared.national).then_some(national);
        lock(&self.shared.directory).move_tenant(elsewhere);
    }

    /// Lets an application ask for tokens for people without a credential of its own.
    pub fn allow_public_client(&self, app: &App) {
        self.change(app, |registration| registration.public = true);
    }

    /// Adds a subscription to the default tenant and gives its id: everybody with a token of the
    /// tenant may see it.
    pub fn add_subscription(&self, name: &str) -> String {
        let subscription = Subscription::new(name, &self.tenant());
        let id = subscription.id();
        lock(&self.shared.subscriptions).push(subscription);
        id
    }

    fn change(&self, app: &App, change: impl FnOnce(&mut Registration)) {
        lock(&self.shared.directory).change(app, change);
    }
}

/// People.
impl Cloud {
    /// Adds a person who signs in with a password, such as `worker@plant7.example`.
    pub fn add_user(&self, name: &str, password: &str) {
        lock(&self.shared.directory).users.add(name, Some(password));
    }

    /// A password is not enough for this person any more.
    pub fn require_mfa(&self, name: &str) {
        let mut directory = lock(&self.shared.directory);
        directory.users.require_second_factor(name);
    }

    /// How many wrong passwords lock an account (10 at first).
    pub fn set_lockout(&self, tries: usize) {
        lock(&self.shared.directory).users.lockout = tries;
    }

    /// How device codes are issued and answered from now on.
    pub fn set_device_code(&self, policy: DeviceCodePolicy) {
        lock(&self.shared.device_codes).policy = policy;
    }

    /// The codes for people that were issued, in order.
    pub fn device_codes(&self) -> Vec<String> {
        lock(&self.shared.device_codes).user_codes()
    }

    /// Somebody types a code and signs in: the first of the people that were added, by name, or an
    /// operator if there are none.
    pub fn approve(&self, user_code: &str) {
        let user = lock(&self.shared.directory).users.anybody();
        lock(&self.shared.device_codes).approve(user_code, user);
    }

    /// Somebody types a code and says no.
    pub fn decline(&self, user_code: &str) {
        lock(&self.shared.device_codes).decline(user_code);
    }
}

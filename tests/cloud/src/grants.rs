//! Entra's token endpoint: what a client may ask for, and the order in which it is checked.
//!
//! Checks come in the order Entra makes them: the tenant, the form, the application, the scope,
//! the credential, the resource. The first that fails is the answer.

use crate::assertion::Expected;
use crate::directory::{Directory, Registration};
use crate::facts::Authority;
use crate::http::{Reply, Request};
use crate::log::Logged;
use crate::national::National;
use crate::refusal::Refusal;
use crate::server::Shared;
use crate::tenancy::{self, known_app, known_tenant};
use crate::token::{self, Grant};
use crate::token_reply::{Issued, Person};
use crate::token_request::{no_credential, resource, Client, Credential, Form};
use crate::{client_credential, device_code, lock, user_grants};

/// Answers a token request.
pub(crate) fn token(
    shared: &Shared,
    tenant: &str,
    request: &Request,
    record: &mut Logged,
) -> Result<Reply, Refusal> {
    let mut directory = lock(&shared.directory);
    let form = Form::read(request);
    let client = kind(&form, request);
    let tenant = known_tenant(&directory, tenant, shared.national, client)?;
    let mut asked = Asked {
        shared,
        directory: &mut directory,
        tenant,
        form: form?,
        request,
    };
    let issued = match asked.form.required("grant_type")? {
        "client_credentials" => asked.for_client(record)?,
        "password" => asked.for_password(record)?,
        DEVICE_CODE => device_code::poll(
            shared,
            asked.directory,
            &asked.tenant,
            &asked.form,
            request,
            record,
        )?,
        other => {
            return Err(Refusal::new(
                400,
                "unsupported_grant_type",
                70003,
                format!("The app requested an unsupported grant type '{other}'."),
            ))
        }
    };
    record.authorized = true;
    Ok(issued.reply(shared.tokens.shape()))
}

fn kind(form: &Result<Form, Refusal>, request: &Request) -> tenancy::Client {
    let proves = |form: &Form| {
        form.has_credential() || form.value("grant_type") == Some("client_credentials")
    };
    match request.header("authorization").is_some() || form.as_ref().is_ok_and(proves) {
        true => tenancy::Client::Confidential,
        false => tenancy::Client::Public,
    }
}

/// A request whose tenant is known.
struct Asked<'a> {
    shared: &'a Shared,
    directory: &'a mut Directory,
    tenant: String,
    form: Form,
    request: &'a Request,
}

impl Asked<'_> {
    /// A token for the application itself.
    fn for_client(&mut self, record: &mut Logged) -> Result<Issued, Refusal> {
        let client = Client::of(&self.form, self.request)?;
        let proof = client.proof()?;
        let registration = known_app(self.directory, &self.tenant, &client.id)?.clone();
        let resource = resource(&self.form)?;
        self.check_proof(&registration, proof, record)?;
        let national = self.shared.national;
        self.directory
            .check_resource(national, &resource, &self.tenant)?;
        let grant = Grant {
            issuer: token::issuer(national, &self.tenant),
            tenant: &self.tenant,
            app: &registration.app,
            user: None,
            audience: &resource,
        };
        let now = self.shared.clock.now();
        let (access_token, expires_in) = self.shared.tokens.issue(&grant, now);
        Ok(Issued {
            access_token,
            expires_in,
            resource,
            now,
            person: Person::default(),
        })
    }

    /// A token for a person who gave the client a password.
    fn for_password(&mut self, record: &mut Logged) -> Result<Issued, Refusal> {
        let client = Client::of(&self.form, self.request)?;
        let registration = known_app(self.directory, &self.tenant, &client.id)?.clone();
        let scopes = user_grants::scopes(&self.form, record)?;
        match &client.credential {
            Some(proof) => self.check_proof(&registration, proof, record)?,
            None if registration.public => {}
            None => return Err(no_credential()),
        }
        let national = self.shared.national;
        self.directory
            .check_resource(national, &scopes.resource, &self.tenant)?;
        let user = user_grants::by_password(self.directory, &self.form)?;
        Ok(user_grants::issue(
            self.shared,
            &self.tenant,
            &registration,
            &user,
            &scopes,
        ))
    }

    fn check_proof(
        &mut self,
        registration: &Registration,
        proof: &Credential,
        record: &mut Logged,
    ) -> Result<(), Refusal> {
        let expected = Expected {
            authority: Authority::Entra,
            audiences: audiences(self.shared.national, &record.host, &self.tenant),
            registration,
            now: self.shared.clock.now(),
        };
        client_credential::check(self.directory, proof, &expected, record)
    }
}

fn audiences(national: National, host: &str, tenant: &str) -> Vec<String> {
    let mut audiences = Vec::new();
    for host in [host, national.login_host()] {
        audiences.push(format!("https://{host}/{tenant}/oauth2/v2.0/token"));
        audiences.push(format!("https://{host}/{tenant}/oauth2/token"));
        audiences.push(format!("https://{host}/{tenant}/v2.0"));
    }
    audiences
}

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";

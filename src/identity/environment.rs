//! Identity `environment`: the `AZURE_*` variables, with the precedence of Microsoft's SDKs:
//! client secret, certificate, user's password, federated token.
//!
//! `AZURE_AUTHORITY_HOST` decides nothing: the configuration's cloud does. Where the two
//! disagree, nothing is sent.

use std::path::PathBuf;

use super::{certificate, federated, source, Application, Credential, Holder, Proof};
use crate::cloud::Cloud;
use crate::config::CredentialFile;
use crate::error::{CredentialProblem, Error};
use crate::name::{self, ClientId, Invalid, Tenant};

/// The credential that the variables name.
pub(super) fn load(cloud: &Cloud) -> Result<Credential, Error> {
    if let Some(authority) = authority().filter(|host| !cloud.is_authority(host)) {
        let authority = name::foreign(&authority, 80);
        return Err(problem(CredentialProblem::OtherAuthority { authority }));
    }
    let tenant = need(TENANT, Tenant::parse)?;
    let client_id = need(CLIENT_ID, ClientId::parse)?;
    let (file, proof) = proof()?;
    let application = Application {
        tenant,
        client_id,
        credential: source::place(&file),
    };
    Ok(Credential(Holder::Device(Box::new(application), proof)))
}

fn proof() -> Result<(CredentialFile, Proof), Error> {
    if value(SECRET).is_some() {
        let file = CredentialFile::Environment(SECRET.to_owned());
        let secret = source::read_line(&file)?;
        return Ok((file, Proof::ClientSecret(secret)));
    }
    if let Some(path) = value(CERTIFICATE) {
        let file = CredentialFile::File(PathBuf::from(path));
        let send_chain =
            value(SEND_CHAIN).is_some_and(|word| word == "1" || word.eq_ignore_ascii_case("true"));
        let proof = certificate::load(&file, None, send_chain)?;
        return Ok((file, Proof::Certificate(Box::new(proof))));
    }
    if let (Some(username), Some(_)) = (value(USERNAME), value(PASSWORD)) {
        let file = CredentialFile::Environment(PASSWORD.to_owned());
        let password = source::read_line(&file)?;
        return Ok((file, Proof::Password { username, password }));
    }
    if let Some(path) = value(TOKEN_FILE) {
        let file = CredentialFile::File(PathBuf::from(path));
        federated::check(&file)?;
        return Ok((file.clone(), Proof::Federated(file)));
    }
    let lacking =
        format!("none of {SECRET}, {CERTIFICATE}, {USERNAME} with {PASSWORD}, {TOKEN_FILE} is set");
    Err(problem(CredentialProblem::Incomplete(lacking)))
}

/// The host of the authority that the variables name.
fn authority() -> Option<String> {
    let text = value(AUTHORITY)?;
    let host = text.strip_prefix("https://").unwrap_or(&text);
    Some(
        host.split('/')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase(),
    )
}

fn need<T>(variable: &str, parse: impl FnOnce(&str) -> Result<T, Invalid>) -> Result<T, Error> {
    let Some(text) = value(variable) else {
        let lacking = format!("{variable} is not set");
        return Err(problem(CredentialProblem::Incomplete(lacking)));
    };
    parse(&text).map_err(|invalid| {
        problem(CredentialProblem::Incomplete(format!(
            "{variable} {invalid}"
        )))
    })
}

/// A variable's value; an empty one counts as unset, as in Microsoft's SDKs.
fn value(variable: &str) -> Option<String> {
    let value = std::env::var(variable).ok()?;
    (!value.is_empty()).then_some(value)
}

fn problem(problem: CredentialProblem) -> Error {
    Error::Credential {
        source: "the environment".to_owned(),
        problem,
    }
}

const AUTHORITY: &str = "AZURE_AUTHORITY_HOST";
const CERTIFICATE: &str = "AZURE_CLIENT_CERTIFICATE_PATH";
const CLIENT_ID: &str = "AZURE_CLIENT_ID";
const PASSWORD: &str = "AZURE_PASSWORD";
const SECRET: &str = "AZURE_CLIENT_SECRET";
const SEND_CHAIN: &str = "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN";
const TENANT: &str = "AZURE_TENANT_ID";
const TOKEN_FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";
const USERNAME: &str = "AZURE_USERNAME";

//! Identity `environment`: the `AZURE_*` variables, with the precedence of Microsoft's SDKs:
//! client secret, certificate, user's password, federated token.
//!
//! `AZURE_AUTHORITY_HOST` decides nothing: the configuration's cloud does. Where the two
//! disagree, nothing is sent.

use std::ffi::OsString;
use std::path::PathBuf;

use super::{certificate, federated, source, Application, Credential, Holder, Proof};
use crate::cloud::{Cloud, Protocol};
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
    if tenant.is_adfs() != (cloud.protocol == Protocol::AdFs) {
        let lacking =
            format!("{TENANT} must be \"adfs\" where the authority is AD FS, and only there");
        return Err(problem(CredentialProblem::Incomplete(lacking)));
    }
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
    if set(SECRET).is_some() {
        let file = CredentialFile::Environment(SECRET.to_owned());
        let secret = source::read_line(&file)?;
        return Ok((file, Proof::ClientSecret(secret)));
    }
    if let Some(path) = set(CERTIFICATE) {
        let file = CredentialFile::File(PathBuf::from(path));
        let send_chain =
            value(SEND_CHAIN).is_some_and(|word| word == "1" || word.eq_ignore_ascii_case("true"));
        let proof = certificate::load(&file, None, send_chain)?;
        return Ok((file, Proof::Certificate(Box::new(proof))));
    }
    if let (Some(username), Some(_)) = (value(USERNAME), set(PASSWORD)) {
        if username.chars().any(char::is_control) {
            let lacking = format!("{USERNAME} must be a user's name");
            return Err(problem(CredentialProblem::Incomplete(lacking)));
        }
        let file = CredentialFile::Environment(PASSWORD.to_owned());
        let password = source::read_line(&file)?;
        return Ok((file, Proof::Password { username, password }));
    }
    if let Some(path) = set(TOKEN_FILE) {
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
fn set(variable: &str) -> Option<OsString> {
    std::env::var_os(variable).filter(|value| !value.is_empty())
}

/// The same as text.
fn value(variable: &str) -> Option<String> {
    set(variable)?.into_string().ok()
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

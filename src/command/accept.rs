//! `keyferry clouds --accept`: an operator takes what a private cloud says of itself now.

use crate::config::Outline;
use crate::discovery::Discovery;
use crate::error::Error;
use crate::identity;
use crate::name::{foreign, HostName};
use crate::report;

/// Asks the configured cloud, which the operator calls `cloud`, and keeps its answer if it
/// signs in at the host `login`.
pub fn run(outline: &Outline, cloud: &str, login: &HostName) -> Result<u8, Error> {
    let usage = |problem| Error::Usage { problem };
    let Some(private) = &outline.private_cloud else {
        let problem =
            "the configured cloud does not tell its facts itself; nothing is to be accepted";
        return Err(usage(problem.to_owned()));
    };
    let manager = private.resource_manager.as_str();
    if cloud != private.label() && !cloud.eq_ignore_ascii_case(manager) {
        return Err(usage(format!(
            "cloud {} is not the configured one, which is {}",
            foreign(cloud, 80),
            private.label()
        )));
    }
    let credentials = identity::proxy_credentials(outline.proxy_login.as_ref());
    let discovery = Discovery::open(outline, private)?;
    let (told, changes) = discovery.accept(credentials, login)?;
    let changes = changes.unwrap_or_else(|| {
        format!(
            "login host {}; vault suffix {}; not otherwise than before",
            told.authority, told.vault_suffix
        )
    });
    report::print(&format!("{}: {changes}\n", private.label()));
    Ok(0)
}

//! What stands above the sets: enough to ask a private cloud for its facts, and to find what
//! runs left behind.

use std::path::PathBuf;

use log::LevelFilter;

use super::load;
use super::merge::gather;
use super::problem::Problems;
use super::{Config, LoadRequest, ProxyLogin};
use crate::error::Error;
use crate::http;
use crate::name::HostName;

/// A configuration without its sets.
#[derive(Debug)]
pub struct Outline {
    /// The cloud, if it tells its facts itself.
    pub private_cloud: Option<PrivateCloud>,
    /// The level below which nothing is logged.
    pub log: LevelFilter,
    /// The network settings; `max_requests` is zero if it depends on the sets.
    pub network: http::Settings,
    /// The proxy's credentials, to be read by whoever makes the HTTP client.
    pub proxy_login: Option<ProxyLogin>,
    /// As [`Config::runtime_directory`].
    pub runtime_directory: PathBuf,
    /// As [`Config::state_directory`].
    pub state_directory: PathBuf,
}

/// A cloud that tells its facts itself, at its Resource Manager.
#[derive(Debug)]
pub struct PrivateCloud {
    /// The Resource Manager's host.
    pub resource_manager: HostName,
    /// What the configuration calls it, if it does.
    pub name: Option<String>,
}

impl Outline {
    /// Reads the configuration down to its sets, which may be unusable.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load(request: &LoadRequest) -> Result<Self, Vec<Error>> {
        let files = load::files(request)?;
        let mut problems = Problems::default();
        let top = gather(&files, &mut problems).top;
        let top = top.map(|top| load::read_top(request, top, &mut problems));
        match top.filter(|_| problems.errors.is_empty()) {
            Some(top) => Ok(top.outline()),
            // All of them, those of the sets too.
            None => Err(Config::load(request).err().unwrap_or_default()),
        }
    }
}

/// The runtime and the state directory of the instance, as far as the configuration can be read;
/// where it cannot, the usual ones.
pub fn directories(request: &LoadRequest) -> (PathBuf, PathBuf) {
    let files = load::files(request).unwrap_or_default();
    let mut problems = Problems::default();
    let mut top = gather(&files, &mut problems).top;
    let own = load::own_directories(request, top.as_mut(), &mut problems);
    (own.runtime, own.state)
}

impl PrivateCloud {
    /// What output calls it.
    pub fn label(&self) -> &str {
        self.name
            .as_deref()
            .unwrap_or_else(|| self.resource_manager.as_str())
    }
}

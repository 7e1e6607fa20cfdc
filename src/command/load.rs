//! The configuration of a command, which says how much is logged unless the command line
//! does. For a command that uses the network, a private cloud is asked for its facts before.

use std::time::Instant;

use crate::cli::Invocation;
use crate::cloud::Cloud;
use crate::config::{Config, LoadRequest, Outline};
use crate::discovery::{Discovery, Keep};
use crate::error::Error;
use crate::identity;

/// A configuration, and what a private cloud said before it was read.
pub struct Loaded {
    /// The configuration, by the facts of the cloud that hold.
    pub config: Config,
    /// Why nothing may be sent to the cloud, if that is so.
    pub obstacle: Option<Error>,
}

impl From<Config> for Loaded {
    /// Of a cloud that need not be asked.
    fn from(config: Config) -> Self {
        Self {
            config,
            obstacle: None,
        }
    }
}

impl Loaded {
    /// Itself, after its warnings were logged.
    pub fn warned(self) -> Self {
        for warning in &self.config.warnings {
            log::warn!("{warning}");
        }
        self
    }

    /// The configuration, for a command that can do nothing while the cloud is in doubt.
    pub fn unhindered(self) -> Result<Config, Vec<Error>> {
        match self.obstacle {
            Some(error) => Err(vec![error]),
            None => Ok(self.config),
        }
    }
}

/// The configuration, for a command that leaves the network alone: of a private cloud counts
/// what it told before.
pub fn offline(invocation: &Invocation) -> Result<Loaded, Vec<Error>> {
    load(invocation, &invocation.config).map(Loaded::from)
}

/// The configuration, for a command that uses the network: a private cloud is asked for its
/// facts if it is time to.
///
/// # Errors
/// What is wrong with the configuration, or why the facts of the cloud cannot be learnt.
pub fn online(invocation: &Invocation, keep: Keep) -> Result<Loaded, Vec<Error>> {
    let started = Instant::now();
    match Config::load(&invocation.config) {
        Ok(config) if !config.is_private_cloud => return Ok(begun(invocation, config).into()),
        Err(errors) if !errors.iter().any(is_about_unknown_cloud) => return Err(errors),
        _ => {}
    }
    let outline = outline(invocation)?;
    let mut request = invocation.config.clone();
    let mut obstacle = None;
    match ask(&outline, keep) {
        Ok(told) => request.told = told,
        // The sets stay as they are, by the facts that held so far, and each tells why.
        Err(error @ Error::CloudChanged { .. }) => obstacle = Some(error),
        Err(error) => return Err(vec![error]),
    }
    let mut config = load(invocation, &request)?;
    // The question is part of the run, whose time is limited as a whole.
    let left = config.network.deadline.saturating_sub(started.elapsed());
    config.network.deadline = left;
    Ok(Loaded { config, obstacle })
}

/// The configuration without its sets.
pub fn outline(invocation: &Invocation) -> Result<Outline, Vec<Error>> {
    let outline = Outline::load(&invocation.config)?;
    crate::log::init(invocation.log.unwrap_or(outline.log));
    Ok(outline)
}

fn is_about_unknown_cloud(error: &Error) -> bool {
    matches!(error, Error::CloudUnknown { .. })
}

fn ask(outline: &Outline, keep: Keep) -> Result<Option<Cloud>, Error> {
    let Some(private) = &outline.private_cloud else {
        return Ok(None);
    };
    let discovery = Discovery::open(outline, private)?;
    if !discovery.is_due() {
        return Ok(None);
    }
    let credentials = identity::proxy_credentials(outline.proxy_login.as_ref());
    discovery.refresh(credentials, keep).map(Some)
}

fn load(invocation: &Invocation, request: &LoadRequest) -> Result<Config, Vec<Error>> {
    Config::load(request).map(|config| begun(invocation, config))
}

/// Starts to log.
fn begun(invocation: &Invocation, config: Config) -> Config {
    crate::log::init(invocation.log.unwrap_or(config.log));
    config
}

//! The national clouds: authority, vault suffix and audience, chosen together.
//!
//! Each preset is a row of [`presets::PRESETS`]; an explicit object of the configuration
//! makes a [`Cloud`] of its own. A private one tells its facts itself ([`metadata`]); what
//! it told first is kept ([`Pin`]), and nothing from the wire changes that.

pub mod metadata;
mod pin;
mod presets;

use crate::name::{HostName, Invalid};

pub use pin::{Pin, UnusablePin};
pub use presets::{Preset, PRESETS, STORAGE_AUDIENCE};

/// The facts of one cloud that the program acts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    /// Its name in output: a preset's, or the one given to an explicit object.
    pub name: String,
    /// The host that issues tokens.
    pub authority: HostName,
    /// What is spoken there.
    pub protocol: Protocol,
    /// Other hosts of the same authority; a challenge may name one of them.
    pub aliases: Vec<HostName>,
    /// What a vault's host ends in, without leading dot.
    pub vault_suffix: HostName,
    /// The audience of vault tokens, without trailing slash.
    pub vault_audience: String,
    /// The host of the Resource Manager, where known.
    pub resource_manager: Option<HostName>,
    /// The audience of Resource Manager tokens, as the cloud's own tools write it.
    pub resource_manager_audience: Option<String>,
    /// What storage hosts end in, behind `blob.`, where known.
    pub storage_suffix: Option<HostName>,
    /// The audience of storage tokens.
    pub storage_audience: Option<String>,
    /// The host of Microsoft Graph, where there is one.
    pub graph: Option<HostName>,
    /// The audience that a federated credential's token usually has.
    pub federated_audience: Option<String>,
    /// Whether the facts are only [supposed](metadata::supposed), for an image. Nothing may be
    /// sent to such a cloud.
    pub is_supposed: bool,
}

/// How an authority wants to be asked for tokens (protocol notes 2.4 and 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// AD FS of an Azure Stack Hub: `/adfs` takes the tenant's place, `resource` the scope's.
    AdFs,
    /// Microsoft Entra, v2.0 endpoints.
    Entra,
}

impl Cloud {
    /// The preset called `name`, here or by another tool, without regard to case.
    ///
    /// # Errors
    /// An unknown name, or a preset that lacks a fact.
    pub fn preset(name: &str) -> Result<Self, Invalid> {
        let Some(preset) = Preset::find(name) else {
            return Err(Invalid(format!("must be one of {}", preset_names())));
        };
        let Some(suffix) = preset.vault_suffix else {
            return Err(Invalid(format!(
                "is known, but not the suffix of its vaults: write {{\"authority\": \"https://{}\", \"vault_suffix\": \"…\"}}",
                preset.authority
            )));
        };
        let authority = HostName::parse(preset.authority)?;
        Ok(Self::at(
            authority,
            Protocol::Entra,
            HostName::parse(suffix)?,
        ))
    }

    /// The cloud of this authority whose vaults' hosts end in `vault_suffix`.
    ///
    /// What else is published about the authority's preset comes along: about the authority
    /// itself always, about the services beside it if the vaults are the preset's. (A stamp
    /// may sign in at a public authority and yet have vaults and storage of its own.)
    pub fn at(authority: HostName, protocol: Protocol, vault_suffix: HostName) -> Self {
        let preset = preset_of_authority(authority.as_str());
        let preset = preset.filter(|_| protocol == Protocol::Entra);
        let suffix = vault_suffix.as_str();
        let whole = preset.filter(|preset| preset.vault_suffix.is_none_or(|own| own == suffix));
        let host = |name: Option<&str>| name.and_then(|name| HostName::parse(name).ok());
        let text = |text: Option<&str>| text.map(str::to_owned);
        let hosts = preset.into_iter().flat_map(Preset::authorities);
        let aliases = hosts.filter_map(|name| HostName::parse(name).ok());
        Self {
            name: whole
                .map_or(authority.as_str(), |preset| preset.name)
                .to_owned(),
            protocol,
            aliases: aliases.filter(|name| *name != authority).collect(),
            authority,
            vault_audience: format!("https://{vault_suffix}"),
            vault_suffix,
            resource_manager: host(whole.and_then(|preset| preset.resource_manager)),
            resource_manager_audience: text(
                whole.and_then(|preset| preset.resource_manager_audience),
            ),
            storage_suffix: host(whole.map(|preset| preset.storage_suffix)),
            storage_audience: text(whole.map(|_| STORAGE_AUDIENCE)),
            graph: host(preset.and_then(|preset| preset.graph)),
            federated_audience: text(preset.and_then(|preset| preset.federated_audience)),
            is_supposed: false,
        }
    }

    /// How `self`, told before, differs from `now` in where credentials and tokens go:
    /// `login host a, now b; …`. Nothing if it does not.
    pub fn changes(&self, now: &Self) -> Option<String> {
        let facts = |cloud: &Self| {
            let host = |name: &Option<HostName>| name.as_ref().map(HostName::to_string);
            [
                ("login host", Some(cloud.authority_url())),
                ("vault suffix", Some(cloud.vault_suffix.to_string())),
                ("vault audience", Some(cloud.vault_audience.clone())),
                ("storage suffix", host(&cloud.storage_suffix)),
                ("storage audience", cloud.storage_audience.clone()),
                ("Microsoft Graph", host(&cloud.graph)),
            ]
        };
        let shown = |fact: Option<String>| fact.map_or("none".to_owned(), without_scheme);
        let pairs = facts(self).into_iter().zip(facts(now));
        let changed = pairs.filter(|((_, old), (_, new))| old != new);
        let told: Vec<String> = changed
            .map(|((what, old), (_, new))| format!("{what} {}, now {}", shown(old), shown(new)))
            .collect();
        (!told.is_empty()).then(|| told.join("; "))
    }

    /// The host of the vault that `text` names: a plain name gets this cloud's suffix, a
    /// URL must be `https://<name>.<suffix>` with nothing behind it but a slash.
    pub fn vault(&self, text: &str) -> Result<HostName, Invalid> {
        let Some(rest) = text.strip_prefix("https://") else {
            return self.vault_by_name(text);
        };
        let host = HostName::parse(rest.strip_suffix('/').unwrap_or(rest)).map_err(|_| {
            Invalid(
                "must be a vault's name, or https://NAME.SUFFIX without port, path or user"
                    .to_owned(),
            )
        })?;
        if host.as_str().contains(".managedhsm.") {
            return Err(Invalid(
                "is a Managed HSM, which holds keys and no secrets or certificates".to_owned(),
            ));
        }
        let label = host
            .as_str()
            .strip_suffix(self.vault_suffix.as_str())
            .and_then(|rest| rest.strip_suffix('.'));
        match label {
            Some(label) => self.vault_by_name(label),
            None => Err(Invalid(self.foreign_vault(&host))),
        }
    }

    /// The authority's URL, with the path that AD FS has.
    pub fn authority_url(&self) -> String {
        match self.protocol {
            Protocol::AdFs => format!("https://{}/adfs", self.authority),
            Protocol::Entra => format!("https://{}", self.authority),
        }
    }

    /// The other known cloud in which `tenant` lives, as its domain tells, or what an
    /// authority `said` of it: `… National Cloud 'MicrosoftOnline.COM' …`.
    pub fn home_elsewhere(&self, tenant: &str, said: &str) -> Option<&'static str> {
        let is_named = |preset: &&Preset| {
            let instance = preset.authority.strip_prefix("login.");
            let mut quoted = said.split('\'').skip(1).step_by(2);
            quoted.any(|word| instance.is_some_and(|instance| word.eq_ignore_ascii_case(instance)))
        };
        let is_domain = |preset: &&Preset| {
            let domain = preset.tenant_domain;
            domain.is_some_and(|domain| is_below(tenant, domain))
        };
        let mut others = PRESETS
            .iter()
            .filter(|preset| !self.is_authority(preset.authority));
        let found = others.clone().find(is_named);
        found
            .or_else(|| others.find(is_domain))
            .map(|preset| preset.name)
    }

    /// Whether `host` issues tokens for this cloud.
    pub fn is_authority(&self, host: &str) -> bool {
        let known = |name: &HostName| name.as_str().eq_ignore_ascii_case(host);
        known(&self.authority) || self.aliases.iter().any(known)
    }

    fn vault_by_name(&self, name: &str) -> Result<HostName, Invalid> {
        let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if !plain || !(3..=24).contains(&name.len()) {
            return Err(Invalid(
                "must be a vault's name (3 to 24 letters, digits or hyphens) or its https URL"
                    .to_owned(),
            ));
        }
        HostName::parse(&format!("{name}.{}", self.vault_suffix))
            .map_err(|_| Invalid("must not begin or end with a hyphen".to_owned()))
    }

    fn foreign_vault(&self, host: &HostName) -> String {
        let owner = PRESETS.iter().find(|preset| {
            preset
                .vault_suffix
                .is_some_and(|suffix| is_below(host.as_str(), suffix))
        });
        match owner {
            Some(preset) => format!(
                "lies in cloud \"{}\", but \"cloud\" is \"{}\"",
                preset.name, self.name
            ),
            None => format!(
                "does not end in .{}, as vaults of cloud \"{}\" do",
                self.vault_suffix, self.name
            ),
        }
    }
}

/// The presets' names as a sentence needs them.
pub fn preset_names() -> String {
    let names: Vec<String> = PRESETS
        .iter()
        .map(|preset| format!("\"{}\"", preset.name))
        .collect();
    names.join(", ")
}

/// The preset that `authority` belongs to, by host or alias.
pub fn preset_of_authority(authority: &str) -> Option<&'static Preset> {
    let is = |host: &str| host.eq_ignore_ascii_case(authority);
    PRESETS
        .iter()
        .find(|preset| is(preset.authority) || preset.aliases.iter().any(|alias| is(alias)))
}

/// The preset whose vaults' hosts end in `suffix`.
pub fn preset_of_vault_suffix(suffix: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| {
        preset
            .vault_suffix
            .is_some_and(|known| known.eq_ignore_ascii_case(suffix))
    })
}

/// The host of an audience that is a URL: `https://HOST`, perhaps with a path.
pub fn audience_host(audience: &str) -> Option<&str> {
    let rest = audience.strip_prefix("https://")?;
    let plain = |c: char| c.is_ascii_graphic() && !"@?#\"\\".contains(c);
    if audience.len() > LONGEST_AUDIENCE || !rest.chars().all(plain) {
        return None;
    }
    let host = rest.split('/').next()?;
    HostName::parse(host).is_ok().then_some(host)
}

fn without_scheme(url: String) -> String {
    url.strip_prefix("https://")
        .map_or(url.clone(), str::to_owned)
}

fn is_below(host: &str, suffix: &str) -> bool {
    host.strip_suffix(suffix)
        .is_some_and(|rest| rest.ends_with('.'))
}

const LONGEST_AUDIENCE: usize = 255;

#[cfg(test)]
mod tests;

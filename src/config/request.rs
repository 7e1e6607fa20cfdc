//! Which configuration is to be loaded.

use std::fmt;
use std::path::PathBuf;

use crate::cloud::Cloud;
use crate::disk::Root;
use crate::name::{Invalid, SetName};

/// Where the configuration lies and for whom it is loaded.
#[derive(Clone, Debug)]
pub struct LoadRequest {
    /// A file, or a directory that holds `config.json` and perhaps `conf.d/`.
    pub config: PathBuf,
    /// The instance; none for the only one.
    pub instance: Option<InstanceName>,
    /// The system whose configuration it is: its paths begin there, users and groups are known
    /// there.
    pub root: Root,
    /// What a private cloud told of itself just now; else what it told before counts.
    pub told: Option<Cloud>,
}

impl LoadRequest {
    /// The usual place: `/etc/keyferry`, or `/etc/keyferry/instances/NAME`.
    pub fn standard(instance: Option<InstanceName>) -> Self {
        let base = PathBuf::from("/etc/keyferry");
        Self {
            config: match &instance {
                Some(name) => base.join("instances").join(name.as_str()),
                None => base,
            },
            instance,
            root: Root::default(),
            told: None,
        }
    }
}

/// Name of an instance: the rule of set names, but without dots and without the names of
/// what lies beside instances in the runtime directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceName(SetName);

impl InstanceName {
    /// Checks `text`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let name = SetName::parse(text).ok();
        name.filter(|_| !text.contains('.') && !RESERVED.contains(&text))
            .map(Self)
            .ok_or_else(|| {
                Invalid(format!(
                    "must be 1 to 64 letters, digits, '_' or '-', begin with a letter or digit, and be none of {}",
                    RESERVED.join(", ")
                ))
            })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for InstanceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

const RESERVED: [&str; 4] = ["lock", "sets", "status", "tokens"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_cannot_be_named_like_its_neighbours() {
        for bad in ["", "sets", "lock", "status.json", "..", "a/b"] {
            assert!(InstanceName::parse(bad).is_err(), "{bad:?}");
        }
        let name = InstanceName::parse("line-2").unwrap();
        let request = LoadRequest::standard(Some(name));
        let expected = PathBuf::from("/etc/keyferry/instances/line-2");
        assert_eq!(request.config, expected);
    }
}

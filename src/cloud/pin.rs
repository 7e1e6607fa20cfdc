//! What a private cloud told of itself when it was asked first, kept in `cloud.json`.
//!
//! It is trusted from then on: another answer counts only after an operator accepted it. The
//! file is input when read again, and checked as such.

use super::metadata::{json, text};
use super::{Cloud, Protocol};
use crate::json::Json;
use crate::name::{HostName, Invalid};

/// A private cloud's facts and their age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The facts as they were told; the name is the Resource Manager's host.
    pub cloud: Cloud,
    /// Seconds since 1970 of the last answer that said the same.
    pub asked: i64,
}

/// Why a pin cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnusablePin {
    /// It is no such document.
    Damaged,
    /// A later release wrote it.
    Newer,
}

impl Pin {
    /// The file in the state directory.
    pub const FILE: &'static str = "cloud.json";
    /// Bytes that it has at most.
    pub const LIMIT: usize = 16 * 1024;

    /// Reads what [`Self::to_json`] wrote.
    pub fn read(bytes: &[u8]) -> Result<Self, UnusablePin> {
        let document = json(bytes).ok_or(UnusablePin::Damaged)?;
        match document.number_of("format") {
            Some(FORMAT) => {}
            Some(later) if later > FORMAT => return Err(UnusablePin::Newer),
            _ => return Err(UnusablePin::Damaged),
        }
        let pin = from_document(&document).ok().flatten();
        pin.ok_or(UnusablePin::Damaged)
    }

    /// The file's content.
    pub fn to_json(&self) -> String {
        let cloud = &self.cloud;
        let host = |name: &Option<HostName>| name.as_ref().map(HostName::to_string);
        let mut document = Json::object(vec![
            ("format", Json::Number(FORMAT)),
            ("asked", Json::Number(self.asked)),
            ("adfs", Json::Boolean(cloud.protocol == Protocol::AdFs)),
        ]);
        for (name, fact) in [
            ("authority", Some(cloud.authority.to_string())),
            ("vault_suffix", Some(cloud.vault_suffix.to_string())),
            ("vault_audience", Some(cloud.vault_audience.clone())),
            ("storage_suffix", host(&cloud.storage_suffix)),
            ("storage_audience", cloud.storage_audience.clone()),
            ("resource_manager", host(&cloud.resource_manager)),
            (
                "resource_manager_audience",
                cloud.resource_manager_audience.clone(),
            ),
            ("graph", host(&cloud.graph)),
        ] {
            if let Some(fact) = fact {
                document.add(name, Json::Text(fact));
            }
        }
        document.sorted().pretty()
    }
}

fn from_document(document: &Json) -> Result<Option<Pin>, Invalid> {
    let host = |name| text(document, name)?.map(HostName::parse).transpose();
    let words = |name| text(document, name).map(|text| text.map(str::to_owned));
    let asked = document.number_of("asked");
    let adfs = document.boolean_of("adfs");
    let (Some(asked), Some(adfs)) = (asked, adfs) else {
        return Ok(None);
    };
    let (Some(authority), Some(resource_manager)) = (host("authority")?, host("resource_manager")?)
    else {
        return Ok(None);
    };
    let (Some(vault_suffix), Some(vault_audience)) =
        (host("vault_suffix")?, words("vault_audience")?)
    else {
        return Ok(None);
    };
    let protocol = match adfs {
        true => Protocol::AdFs,
        false => Protocol::Entra,
    };
    let cloud = Cloud {
        name: resource_manager.to_string(),
        vault_audience,
        resource_manager: Some(resource_manager),
        resource_manager_audience: words("resource_manager_audience")?,
        storage_suffix: host("storage_suffix")?,
        storage_audience: words("storage_audience")?,
        graph: host("graph")?,
        ..Cloud::at(authority, protocol, vault_suffix)
    };
    Ok(Some(Pin { cloud, asked }))
}

const FORMAT: i64 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(adfs: bool) -> Pin {
        let host = |name| HostName::parse(name).unwrap();
        let protocol = match adfs {
            true => Protocol::AdFs,
            false => Protocol::Entra,
        };
        let mut cloud = Cloud::at(host("login.x.y"), protocol, host("vault.x.y"));
        cloud.name = "management.x.y".to_owned();
        cloud.resource_manager = Some(host("management.x.y"));
        cloud.storage_suffix = Some(host("x.y"));
        cloud.resource_manager_audience = Some("https://management.x.y/1".to_owned());
        Pin { cloud, asked: 1700 }
    }

    #[test]
    fn is_read_as_it_was_written() {
        for adfs in [false, true] {
            let pin = pin(adfs);
            assert_eq!(Pin::read(pin.to_json().as_bytes()), Ok(pin));
        }
    }

    #[test]
    fn what_is_damaged_or_of_a_later_release_is_not_used() {
        let good = pin(true).to_json();
        for (from, to, why) in [
            ("\"format\": 1", "\"format\": 2", UnusablePin::Newer),
            ("\"format\": 1", "\"format\": 0", UnusablePin::Damaged),
            ("\"format\"", "\"other\"", UnusablePin::Damaged),
            ("\"adfs\": true", "\"adfs\": \"yes\"", UnusablePin::Damaged),
            ("\"asked\"", "\"later\"", UnusablePin::Damaged),
            ("login.x.y", "login.x.y/", UnusablePin::Damaged),
            ("\"authority\"", "\"autority\"", UnusablePin::Damaged),
            ("\"vault_suffix\"", "\"suffix\"", UnusablePin::Damaged),
            ("\"vault_audience\"", "\"audience\"", UnusablePin::Damaged),
            ("\"resource_manager\"", "\"manager\"", UnusablePin::Damaged),
        ] {
            let changed = good.replace(from, to);
            assert_ne!(changed, good);
            assert_eq!(Pin::read(changed.as_bytes()), Err(why), "{to}");
        }
        assert_eq!(Pin::read(b""), Err(UnusablePin::Damaged));
    }
}

//! For whom a token is asked: by a short name that the cloud's facts fill, or as it is.

use super::usage;
use crate::cloud::Cloud;
use crate::error::Error;
use crate::name;

/// For whom a token is asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Audience {
    /// The Resource Manager.
    Arm,
    /// Microsoft Graph.
    Graph,
    /// An audience as it stands in an app's registration.
    Other(String),
    /// Blob storage.
    Storage,
    /// Key Vault.
    Vault,
}

impl Audience {
    /// Reads the value of `--for`; without one, Key Vault.
    pub(super) fn parse(text: Option<&str>) -> Result<Self, Error> {
        match text {
            Some("arm") => Ok(Self::Arm),
            Some("graph") => Ok(Self::Graph),
            Some("storage") => Ok(Self::Storage),
            Some("vault") | None => Ok(Self::Vault),
            Some(text) => Self::other(text),
        }
    }

    /// What the authority is asked for; without `/.default`.
    pub(super) fn text(&self, cloud: &Cloud) -> Result<String, Error> {
        let (known, what) = match self {
            Self::Arm => (cloud.resource_manager_audience.clone(), "Resource Manager"),
            Self::Graph => {
                let host = cloud.graph.as_ref();
                (
                    host.map(|host| format!("https://{host}")),
                    "Microsoft Graph",
                )
            }
            Self::Other(text) => (Some(text.clone()), ""),
            Self::Storage => (cloud.storage_audience.clone(), "storage"),
            Self::Vault => (Some(cloud.vault_audience.clone()), ""),
        };
        known.ok_or_else(|| lacks(cloud, what))
    }

    fn other(text: &str) -> Result<Self, Error> {
        // Who pasted a scope meant its audience.
        let bare = text.strip_suffix("/.default").unwrap_or(text);
        let begins = ["https://", "api://"].iter().any(|begin| {
            bare.strip_prefix(begin)
                .is_some_and(|rest| !rest.is_empty())
        });
        let plain = bare.len() <= LONGEST && bare.bytes().all(|byte| byte.is_ascii_graphic());
        if plain && (begins || name::is_guid(bare)) {
            return Ok(Self::Other(bare.to_owned()));
        }
        Err(usage(
            "--for must be vault, arm, graph, storage, or an audience: https://…, api://… or a GUID",
        ))
    }
}

/// The error for a fact that the cloud does not have.
pub(super) fn lacks(cloud: &Cloud, what: &str) -> Error {
    usage(format!(
        "cloud \"{}\" does not say where its {what} is: name the audience itself, --for https://…",
        cloud.name
    ))
}

/// Bytes of an audience.
const LONGEST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audience_is_a_name_a_url_or_a_guid() {
        for (text, wanted) in [
            ("https://a.test/.default", "https://a.test"),
            ("https://a.test//.default", "https://a.test/"),
            ("api://x", "api://x"),
            (
                "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
                "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
            ),
        ] {
            let parsed = Audience::parse(Some(text)).unwrap();
            assert_eq!(parsed, Audience::Other(wanted.to_owned()));
        }
        let long = format!("https://{}", "a".repeat(256));
        for bad in [
            "",
            "valut",
            "http://a.test",
            "https://",
            "https://a b",
            "https://ä",
            &long,
        ] {
            assert!(Audience::parse(Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_cloud_fills_the_names_or_says_that_it_cannot() {
        let mut cloud = Cloud::preset("china").unwrap();
        let graph = Audience::Graph.text(&cloud).unwrap();
        assert_eq!(graph, "https://microsoftgraph.chinacloudapi.cn");
        cloud.graph = None;
        let told = Audience::Graph.text(&cloud).unwrap_err().to_string();
        assert!(
            told.contains("\"china\"") && told.contains("--for"),
            "{told}"
        );
    }
}

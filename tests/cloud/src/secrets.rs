//! Key Vault's secrets: reading one, listing them, listing the versions of one.
//!
//! Names are compared without case. Versions are listed in no useful order, as the service
//! promises none.

use crate::form;
use crate::http::Reply;
use crate::keyvault::error;
use crate::page::{page, value};
use crate::vault::{Stored, VaultState};
use crate::view::{Id, View};

/// What a path asks for.
pub(crate) enum Wanted {
    List,
    One {
        name: String,
        version: Option<String>,
    },
    Versions {
        name: String,
    },
}

/// Why a path asks for nothing.
pub(crate) enum BadPath {
    Name(String),
    Unknown,
}

impl Wanted {
    pub fn of(path: &str) -> Result<Wanted, BadPath> {
        let segments: Option<Vec<String>> = path.split('/').skip(1).map(form::segment).collect();
        let segments = segments.ok_or(BadPath::Unknown)?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let wanted = match segments[..] {
            ["secrets"] | ["secrets", ""] => return Ok(Wanted::List),
            ["secrets", name] | ["secrets", name, ""] => Wanted::One {
                name: name.to_owned(),
                version: None,
            },
            ["secrets", name, "versions"] => Wanted::Versions {
                name: name.to_owned(),
            },
            ["secrets", name, version] => Wanted::One {
                name: name.to_owned(),
                version: Some(version.to_owned()),
            },
            _ => return Err(BadPath::Unknown),
        };
        match wanted.name() {
            Some(name) if !is_object_name(name) => Err(BadPath::Name(name.to_owned())),
            _ => Ok(wanted),
        }
    }

    /// The name of the secret, if it is about one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Wanted::List => None,
            Wanted::One { name, .. } | Wanted::Versions { name } => Some(name),
        }
    }

    /// The permission of an access policy.
    pub fn operation(&self) -> &'static str {
        match self {
            Wanted::One { .. } => "get",
            Wanted::List | Wanted::Versions { .. } => "list",
        }
    }

    /// The data action of a role.
    pub fn action(&self) -> &'static str {
        match self {
            Wanted::One { .. } => "getSecret/action",
            Wanted::List | Wanted::Versions { .. } => "readMetadata/action",
        }
    }
}

/// The reply to an allowed request; both sides of the result are replies of the service.
pub(crate) fn read(
    vault: &VaultState,
    host: &str,
    wanted: &Wanted,
    query: &[(String, String)],
) -> Result<Reply, Reply> {
    let view = View {
        host,
        api_version: value(query, "api-version").unwrap_or_default(),
    };
    match wanted {
        Wanted::List => {
            let latest = |object: &Stored| {
                let newest = object.versions.last();
                newest.map(|newest| view.item(object, newest, Id::Latest))
            };
            let items: Vec<String> = vault.existing().filter_map(latest).collect();
            page(vault, &view, "secrets", items, query)
        }
        Wanted::One { name, version } => one(vault, &view, name, version.as_deref()),
        Wanted::Versions { name } => {
            let object = vault.existing().find(|object| named(object, name));
            let mut versions = object.map_or(Vec::new(), |object| object.versions.clone());
            versions.sort_by(|a, b| a.id.cmp(&b.id));
            let items = versions
                .iter()
                .filter_map(|known| object.map(|object| view.item(object, known, Id::Version)))
                .collect();
            page(
                vault,
                &view,
                &format!("secrets/{name}/versions"),
                items,
                query,
            )
        }
    }
}

fn one(vault: &VaultState, view: &View, name: &str, version: Option<&str>) -> Result<Reply, Reply> {
    let object = vault.existing().find(|object| named(object, name));
    let found = object.and_then(|object| {
        let known = match version {
            None => object.versions.last(),
            Some(id) => object
                .versions
                .iter()
                .find(|known| known.id.eq_ignore_ascii_case(id)),
        };
        known.map(|known| (object, known))
    });
    let Some((object, known)) = found else {
        let id = version.map_or(name.to_owned(), |version| format!("{name}/{version}"));
        let text = format!(
            "A secret with (name/id) {id} was not found in this key vault. If you recently \
             deleted this secret you may be able to recover it using the correct recovery command. \
             For help resolving this issue, please see \
             https://go.microsoft.com/fwlink/?linkid=2125182"
        );
        return Err(Reply::json(404, error("SecretNotFound", &text, None)));
    };
    if !known.secret.enabled {
        let text = "Operation get is not allowed on a disabled secret.";
        return Err(Reply::json(
            403,
            error("Forbidden", text, Some("SecretDisabled")),
        ));
    }
    Ok(Reply::json(200, view.bundle(object, known)))
}

fn named(object: &Stored, name: &str) -> bool {
    object.name.eq_ignore_ascii_case(name)
}

fn is_object_name(name: &str) -> bool {
    (1..=127).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

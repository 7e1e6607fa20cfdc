//! Key Vault's secrets: reading one, listing them, listing the versions of one.
//!
//! Pages are as unhelpful as the real ones: they may be empty and have a next one, the token that
//! leads there is opaque, and versions come in no useful order.

use base64::prelude::{Engine, BASE64_URL_SAFE_NO_PAD};

use crate::form;
use crate::http::Reply;
use crate::keyvault::{bad_parameter, error};
use crate::object::{array, Object};
use crate::random::version;
use crate::vault::{Object as Stored, VaultState, Version};

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

/// How a client sees the vault.
struct View<'a> {
    host: &'a str,
    api_version: &'a str,
}

#[derive(Clone, Copy)]
enum Id {
    Latest,
    Version,
}

impl View<'_> {
    fn bundle(&self, object: &Stored, known: &Version) -> String {
        let body = Object::new().text("value", &known.secret.value);
        self.describe(body, object, known, Id::Version)
    }

    fn item(&self, object: &Stored, known: &Version, id: Id) -> String {
        self.describe(Object::new(), object, known, id)
    }

    fn describe(&self, mut body: Object, object: &Stored, known: &Version, id: Id) -> String {
        if let Some(content_type) = &known.secret.content_type {
            body = body.text("contentType", content_type);
        }
        let name = &object.name;
        body = match id {
            Id::Latest => body.text("id", &format!("https://{}/secrets/{name}", self.host)),
            Id::Version => body.text("id", &self.address("secrets", name, &known.id)),
        };
        if known.secret.managed {
            body = body.raw("managed", "true");
        }
        body = body.raw("attributes", &self.attributes(known));
        if known.secret.managed && matches!(id, Id::Version) {
            body = body.text("kid", &self.address("keys", name, &known.id));
        }
        if !known.secret.tags.is_empty() {
            let mut tags = Object::new();
            for (name, value) in &known.secret.tags {
                tags = tags.text(name, value);
            }
            body = body.raw("tags", &tags.finish());
        }
        body.finish()
    }

    fn address(&self, kind: &str, name: &str, version: &str) -> String {
        format!("https://{}/{kind}/{name}/{version}", self.host)
    }

    fn attributes(&self, known: &Version) -> String {
        let mut attributes = Object::new().raw("enabled", &known.secret.enabled.to_string());
        if let Some(seconds) = known.secret.not_before {
            attributes = attributes.number("nbf", seconds);
        }
        if let Some(seconds) = known.secret.expires {
            attributes = attributes.number("exp", seconds);
        }
        attributes = attributes
            .number("created", known.created)
            .number("updated", known.updated)
            .text("recoveryLevel", "Recoverable+Purgeable");
        if !["2016-10-01", "7.0"].contains(&self.api_version) {
            attributes = attributes.number("recoverableDays", 90);
        }
        attributes.finish()
    }
}

/// One page of `items`, and the link to the next.
fn page(
    vault: &VaultState,
    view: &View,
    path: &str,
    items: Vec<String>,
    query: &[(String, String)],
) -> Result<Reply, Reply> {
    let size = match value(query, "maxresults").map(str::parse::<usize>) {
        None => LARGEST_PAGE,
        Some(Ok(size)) if (1..=LARGEST_PAGE).contains(&size) => size,
        Some(_) => return Err(bad_parameter("maxresults must be between 1 and 25")),
    };
    let marker = match value(query, "$skiptoken").map(Marker::read) {
        None => Marker::first(vault.empty_pages),
        Some(Some(marker)) => marker,
        Some(None) => return Err(bad_parameter("$skiptoken is not valid")),
    };
    let count = match marker.empty_pages {
        0 => size,
        _ => 0,
    };
    let shown: Vec<String> = items
        .iter()
        .skip(marker.offset)
        .take(count)
        .cloned()
        .collect();
    let next = marker.after(shown.len(), vault.empty_pages);
    let link = match next.offset < items.len() {
        false => "null".to_owned(),
        true => {
            let link = vault.next_link.clone().unwrap_or_else(|| {
                format!(
                    "https://{}/{path}?api-version={}&$skiptoken={}&maxresults={size}",
                    view.host,
                    view.api_version,
                    next.write()
                )
            });
            serde_json::Value::from(link).to_string()
        }
    };
    let body = Object::new()
        .raw("value", &array(&shown))
        .raw("nextLink", &link)
        .finish();
    Ok(Reply::json(200, body))
}

/// Where a page begins. On the wire it looks like the service's: base64url of JSON, with `!`.
struct Marker {
    offset: usize,
    empty_pages: usize,
}

impl Marker {
    fn first(empty_pages: usize) -> Marker {
        Marker {
            offset: 0,
            empty_pages,
        }
    }

    fn after(&self, shown: usize, empty_pages: usize) -> Marker {
        Marker {
            offset: self.offset + shown,
            empty_pages: match self.empty_pages {
                0 => empty_pages,
                left => left - 1,
            },
        }
    }

    fn write(&self) -> String {
        let text = format!("2!{}!{}!{}", self.offset, self.empty_pages, version());
        let json = Object::new()
            .text("NextMarker", &text)
            .number("TargetLocation", 0)
            .finish();
        BASE64_URL_SAFE_NO_PAD.encode(json)
    }

    fn read(text: &str) -> Option<Marker> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let json: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
        let mut parts = json["NextMarker"].as_str()?.split('!').skip(1);
        Some(Marker {
            offset: parts.next()?.parse().ok()?,
            empty_pages: parts.next()?.parse().ok()?,
        })
    }
}

fn named(object: &Stored, name: &str) -> bool {
    object.name.eq_ignore_ascii_case(name)
}

fn value<'a>(query: &'a [(String, String)], wanted: &str) -> Option<&'a str> {
    query
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value.as_str())
}

fn is_object_name(name: &str) -> bool {
    (1..=127).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

const LARGEST_PAGE: usize = 25;

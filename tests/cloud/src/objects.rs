//! Key Vault's objects: reading one, listing those of a kind, listing the versions of one.
//!
//! Names are compared without case. Versions are listed in no useful order, as the service
//! promises none.

use crate::certificate::PEM;
use crate::contents::{Content, Kind, Stored, Version};
use crate::form;
use crate::http::Reply;
use crate::keyvault::{bad_parameter, error, is_since};
use crate::log::Logged;
use crate::page::{page, value};
use crate::vault::VaultState;
use crate::view::{Id, View};

/// What a path asks for.
pub(crate) struct Wanted {
    pub kind: Kind,
    what: What,
}

enum What {
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
        let (first, rest) = segments.split_first().ok_or(BadPath::Unknown)?;
        let mut kinds = Kind::ALL.into_iter();
        let kind = kinds.find(|kind| kind.plural() == *first);
        let kind = kind.ok_or(BadPath::Unknown)?;
        let what = match rest {
            [] | [""] => What::List,
            [name] | [name, ""] => What::One {
                name: (*name).to_owned(),
                version: None,
            },
            [name, "versions"] => What::Versions {
                name: (*name).to_owned(),
            },
            // A certificate has more to it than this cloud shows.
            [_, "pending" | "policy"] => return Err(BadPath::Unknown),
            [name, version] => What::One {
                name: (*name).to_owned(),
                version: Some((*version).to_owned()),
            },
            _ => return Err(BadPath::Unknown),
        };
        let wanted = Wanted { kind, what };
        match wanted.name() {
            Some(name) if !is_object_name(name) => Err(BadPath::Name(name.to_owned())),
            _ => Ok(wanted),
        }
    }

    /// The name of the object, if it is about one.
    pub fn name(&self) -> Option<&str> {
        match &self.what {
            What::List => None,
            What::One { name, .. } | What::Versions { name } => Some(name),
        }
    }

    /// Whether it is this secret with its value, in whatever version.
    pub fn reads_secret(&self, wanted: &str) -> bool {
        self.kind == Kind::Secret
            && matches!(&self.what, What::One { name, .. } if name.eq_ignore_ascii_case(wanted))
    }

    /// The permission of an access policy.
    pub fn operation(&self) -> &'static str {
        match self.what {
            What::One { .. } => "get",
            What::List | What::Versions { .. } => "list",
        }
    }

    /// The data action of a role, as in `secrets/getSecret/action`.
    pub fn action(&self) -> String {
        let action = match (self.kind, &self.what) {
            (Kind::Secret, What::One { .. }) => "getSecret/action",
            (Kind::Secret, _) => "readMetadata/action",
            (Kind::Certificate | Kind::Key, _) => "read",
        };
        format!("{}/{action}", self.kind.plural())
    }

    /// Marks parameters that mean nothing here.
    pub fn check_parameters(&self, query: &[(String, String)], record: &mut Logged) {
        let known: &[&str] = match (&self.what, self.kind) {
            (What::One { .. }, Kind::Secret) => &["outcontenttype"],
            (What::One { .. }, _) => &[],
            (What::List, Kind::Certificate) => &["$skiptoken", "includepending", "maxresults"],
            (What::List | What::Versions { .. }, _) => &["$skiptoken", "maxresults"],
        };
        for (name, _) in query {
            let name = name.to_ascii_lowercase();
            if name != "api-version" && !known.contains(&name.as_str()) {
                record.unexpected(format!("an unknown parameter: {name}"));
            }
        }
    }
}

/// The reply to an allowed request; both sides of the result are replies of the service.
pub(crate) fn read(
    vault: &VaultState,
    wanted: &Wanted,
    query: &[(String, String)],
    record: &mut Logged,
) -> Result<Reply, Reply> {
    let host = record.host.clone();
    let view = View {
        host: &host,
        api_version: value(query, "api-version").unwrap_or_default(),
    };
    let kind = wanted.kind;
    match &wanted.what {
        What::List => {
            let latest = |object: &Stored| {
                let newest = object.versions.last();
                newest.map(|newest| view.item(object, newest, Id::Latest))
            };
            let items: Vec<String> = vault.existing(kind).filter_map(latest).collect();
            page(vault, &view, kind.plural(), items, query, record)
        }
        What::One { name, version } => {
            let (object, known) = one(vault, kind, name, version.as_deref())?;
            match converted(known, &view, query, record)? {
                Some(known) => Ok(Reply::json(200, view.bundle(object, &known))),
                None => Ok(Reply::json(200, view.bundle(object, known))),
            }
        }
        What::Versions { name } => {
            let object = vault.find(kind, name);
            let mut versions = object.map_or(Vec::new(), |object| object.versions.clone());
            versions.sort_by(|a, b| a.id.cmp(&b.id));
            let items = versions
                .iter()
                .filter_map(|known| object.map(|object| view.item(object, known, Id::Version)))
                .collect();
            let path = format!("{}/{name}/versions", kind.plural());
            page(vault, &view, &path, items, query, record)
        }
    }
}

fn one<'a>(
    vault: &'a VaultState,
    kind: Kind,
    name: &str,
    version: Option<&str>,
) -> Result<(&'a Stored, &'a Version), Reply> {
    let object = vault.find(kind, name);
    let found = object.and_then(|object| object.version(version).map(|known| (object, known)));
    let Some((object, known)) = found else {
        let id = version.map_or(name.to_owned(), |version| format!("{name}/{version}"));
        let word = kind.word();
        let text = format!(
            "A {word} with (name/id) {id} was not found in this key vault. If you recently deleted \
             this {word} you may be able to recover it using the correct recovery command. For \
             help resolving this issue, please see \
             https://go.microsoft.com/fwlink/?linkid=2125182"
        );
        let code = match kind {
            Kind::Certificate => "CertificateNotFound",
            Kind::Key => "KeyNotFound",
            Kind::Secret => "SecretNotFound",
        };
        return Err(Reply::json(404, error(code, &text, None)));
    };
    // Of a disabled key or certificate the public half is still told, with `enabled` false.
    if kind == Kind::Secret && !known.properties.enabled {
        let text = "Operation get is not allowed on a disabled secret.";
        let body = error("Forbidden", text, Some("SecretDisabled"));
        return Err(Reply::json(403, body));
    }
    Ok((object, known))
}

/// The version in the type that was asked for, if one was: PEM in place of a PFX is all there is.
fn converted(
    known: &Version,
    view: &View,
    query: &[(String, String)],
    record: &mut Logged,
) -> Result<Option<Version>, Reply> {
    let Some(wanted) = value(query, "outContentType") else {
        return Ok(None);
    };
    if !is_since(view.api_version, FIRST_TO_CONVERT) {
        record.unexpected("outContentType with an api-version that does not know it");
        return Err(bad_parameter(
            "The parameter outContentType is not supported by this api-version.",
        ));
    }
    match &known.content {
        Content::Secret {
            converted: Some(pem),
            ..
        } if wanted == PEM => Ok(Some(Version {
            content: Content::Secret {
                value: pem.clone(),
                content_type: Some(PEM.to_owned()),
                converted: None,
            },
            ..known.clone()
        })),
        _ => Err(bad_parameter(&format!(
            "The secret cannot be converted to the requested outContentType ({wanted})."
        ))),
    }
}

fn is_object_name(name: &str) -> bool {
    (1..=127).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The first api-version with `outContentType`.
const FIRST_TO_CONVERT: &str = "2025-07-01";

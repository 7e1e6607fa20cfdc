//! What a vault answers for one object (protocol notes 5.3).

use super::Access;
use crate::clock;
use crate::config::{Object, ObjectKind};
use crate::error::Error;
use crate::http::Reply;
use crate::json::{Json, Malformed, Members};
use crate::name::Version;
use crate::secret::Secret;

/// An object of one version.
#[derive(Debug)]
pub struct Fetched {
    /// What it is.
    pub material: Material,
    /// The version it belongs to.
    pub version: Version,
    /// Seconds since 1970 of its last change, attributes included, if the vault says so and
    /// its own clock was two seconds past it: a change within the same second cannot hide then.
    pub updated: Option<i64>,
    /// Seconds since 1970 of its expiry date, if one is set.
    pub expires: Option<i64>,
    /// Seconds since 1970 of its expiry date, if one is set and past. The vault delivers such
    /// values, and many sites use the date as a reminder: it deserves a warning.
    pub expired: Option<i64>,
}

/// What an object holds.
#[derive(Debug)]
pub enum Material {
    /// A public key, as a JSON Web Key.
    Key(Json),
    /// A value, byte for byte as the vault stores it.
    Secret {
        /// The value.
        value: Secret,
        /// Whether it is a PKCS#12 container in base64.
        is_pkcs12: bool,
        /// How a tag of it says that it is encoded: `base64`.
        tagged: Option<String>,
    },
}

pub(super) fn read(access: &Access<'_>, id: &Object, reply: &Reply) -> Result<Fetched, Error> {
    let unusable = |problem: String| Error::Reply {
        host: id.vault.clone(),
        problem,
    };
    let no_json = |Malformed { line, column, .. }| {
        unusable(format!(
            "sent no usable JSON for {id} (line {line} column {column})"
        ))
    };
    let bundle = Members::read(reply.body.expose()).map_err(no_json)?;
    let json = |key: &str| bundle.find(key).and_then(Json::of);
    let attributes = Json::of(bundle.need("attributes").map_err(no_json)?)
        .ok_or_else(|| unusable(format!("sent {id} with attributes that cannot be used")))?;
    let (identifier, material) = match id.kind {
        ObjectKind::Key => {
            let key = json("key")
                .ok_or_else(|| unusable(format!("sent {id} without its public part")))?;
            (key.text_of("kid"), Material::Key(key))
        }
        ObjectKind::Certificate | ObjectKind::Secret => {
            let value = bundle
                .find("value")
                .and_then(|value| Secret::from_json_string(value.text()))
                .ok_or_else(|| unusable(format!("sent {id} with a value that is no text")))?;
            let media = json("contentType").and_then(|json| json.as_text());
            let material = Material::Secret {
                value,
                is_pkcs12: media.as_deref() == Some(PKCS12),
                tagged: json("tags").and_then(|tags| tags.text_of("file-encoding")),
            };
            (json("id").and_then(|json| json.as_text()), material)
        }
    };
    let version = identifier
        .as_deref()
        .and_then(|identifier| identifier.rsplit('/').next())
        .and_then(|version| Version::parse(version).ok())
        .ok_or_else(|| unusable(format!("sent {id} without its version")))?;
    if id.version.as_ref().is_some_and(|pinned| *pinned != version) {
        return Err(unusable(format!("sent version {version} of {id}")));
    }
    // The vault's clock decides, since the device's may be wrong.
    let now = clock::corrected(clock::now(), access.client.clock_offset());
    let not_before = attributes.number_of("nbf");
    if let Some(not_before) = not_before.filter(|not_before| *not_before > now) {
        return Err(Error::Early {
            vault: id.vault.clone(),
            object: format!("{} {}", id.kind.word(), id.name),
            valid_from: clock::utc(not_before),
        });
    }
    let expires = attributes.number_of("exp");
    let settled = |updated: &i64| {
        let date = reply.date();
        date.is_some_and(|date| updated.saturating_add(RESOLUTION) <= date)
    };
    Ok(Fetched {
        material,
        version,
        updated: attributes.number_of("updated").filter(settled),
        expires,
        expired: expires.filter(|expiry| *expiry <= now),
    })
}

/// The content type of a certificate's secret that is a PKCS#12 container.
const PKCS12: &str = "application/x-pkcs12";
/// Seconds: `updated` is cut to whole ones, and two clocks are a little apart.
const RESOLUTION: i64 = 2;

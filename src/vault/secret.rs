//! A SecretBundle (protocol notes 5.3).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Access;
use crate::clock;
use crate::config::Object;
use crate::error::Error;
use crate::http::Reply;
use crate::name::Version;
use crate::secret::Secret;

/// A secret's value and version.
#[derive(Debug)]
pub struct SecretValue {
    /// The value, byte for byte as the vault stores it.
    pub value: Secret,
    /// The version it belongs to.
    pub version: Version,
    /// Seconds since 1970 of its expiry date, if one is set.
    pub expires: Option<i64>,
    /// Seconds since 1970 of its expiry date, if one is set and past. The vault delivers such
    /// values, and many sites use the date as a reminder: it deserves a warning.
    pub expired: Option<i64>,
}

#[derive(Deserialize)]
struct Bundle<'a> {
    #[serde(borrow)]
    value: &'a RawValue,
    #[serde(borrow)]
    id: Cow<'a, str>,
    attributes: Attributes,
}

#[derive(Deserialize)]
struct Attributes {
    nbf: Option<i64>,
    exp: Option<i64>,
}

pub(super) fn read(access: &Access<'_>, id: &Object, reply: &Reply) -> Result<SecretValue, Error> {
    let unusable = |problem: String| Error::Reply {
        host: id.vault.clone(),
        problem,
    };
    let bundle: Bundle<'_> = serde_json::from_slice(reply.body.expose()).map_err(|error| {
        unusable(format!(
            "sent no usable JSON for {id} (line {} column {})",
            error.line(),
            error.column()
        ))
    })?;
    let value = Secret::from_json_string(bundle.value.get())
        .ok_or_else(|| unusable(format!("sent {id} with a value that is no text")))?;
    let version = bundle
        .id
        .rsplit('/')
        .next()
        .and_then(|version| Version::parse(version).ok());
    let version = version.ok_or_else(|| unusable(format!("sent {id} without its version")))?;
    if id.version.as_ref().is_some_and(|pinned| *pinned != version) {
        return Err(unusable(format!("sent version {version} of {id}")));
    }
    // The vault's clock decides, since the device's may be wrong.
    let now = clock::corrected(clock::now(), access.client.clock_offset());
    if let Some(not_before) = bundle.attributes.nbf.filter(|not_before| *not_before > now) {
        return Err(Error::Early {
            vault: id.vault.clone(),
            object: format!("{} {}", id.kind.word(), id.name),
            valid_from: clock::utc(not_before),
        });
    }
    Ok(SecretValue {
        value,
        version,
        expires: bundle.attributes.exp,
        expired: bundle.attributes.exp.filter(|expiry| *expiry <= now),
    })
}

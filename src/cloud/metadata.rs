//! What a Resource Manager says of its cloud at `/metadata/endpoints` (protocol notes 2).
//!
//! A flat object (2015), a list of clouds (2019 and 2020), or one cloud (2022 and later);
//! names in any case, suffixes with and without dot, endpoints with and without slash. The
//! document decides where a credential goes, so what is odd in it is refused, not mended.

use super::{audience_host, preset_of_authority, preset_of_vault_suffix};
use super::{Cloud, Preset, Protocol, STORAGE_AUDIENCE};
use crate::json::Json;
use crate::name::{foreign, HostName, Invalid};

/// The versions to ask for, the newest first: an older one where a newer is refused.
pub const VERSIONS: [&str; 5] = [
    "2023-11-01",
    "2022-09-01",
    "2020-06-01",
    "2019-05-01",
    "2015-01-01",
];

/// Bytes; the list of all clouds has some 8 kB.
pub const LIMIT: usize = 64 * 1024;

/// The cloud that `document` describes, as told by the Resource Manager at `host`, which is
/// its name. Of several it is the one called `name`, or the one of this Resource Manager.
///
/// # Errors
/// What is wrong with the document, said of its sender.
pub fn read(document: &[u8], host: &HostName, name: Option<&str>) -> Result<Cloud, Invalid> {
    let Some(document) = json(document) else {
        return Err(Invalid(
            "answered with something else than the JSON of its metadata".to_owned(),
        ));
    };
    let entries = match member(&document, "value").unwrap_or(&document) {
        Json::List(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    cloud(chosen(entries, host, name)?, host)
}

/// What can be supposed of the private cloud whose Resource Manager is `host` until it is
/// asked: its services are neighbours, as those of a stamp are.
///
/// # Errors
/// A name from which nothing follows.
pub fn supposed(host: &HostName) -> Result<Cloud, Invalid> {
    let stamp = stamp(host)?;
    let vaults = HostName::parse(&format!("vault.{stamp}"))?;
    let mut cloud = Cloud::at(host.clone(), Protocol::Entra, vaults);
    cloud.resource_manager = Some(host.clone());
    cloud.storage_suffix = Some(HostName::parse(stamp)?);
    cloud.storage_audience = Some(STORAGE_AUDIENCE.to_owned());
    cloud.is_supposed = true;
    Ok(cloud)
}

/// A JSON document, perhaps behind a byte order mark.
pub(super) fn json(bytes: &[u8]) -> Option<Json> {
    let text = std::str::from_utf8(bytes).ok()?;
    Json::read(text.strip_prefix('\u{feff}').unwrap_or(text).as_bytes())
}

/// A member by its name in any case; null and an empty text are as good as none.
pub(super) fn member<'a>(object: &'a Json, name: &str) -> Option<&'a Json> {
    let is_there = |value: &Json| *value != Json::Null && value.as_str() != Some("");
    let Json::Object(members) = object else {
        return None;
    };
    let mut named = members
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case(name));
    named.find_map(|(_, value)| is_there(value).then_some(value))
}

/// A text by its name.
pub(super) fn text<'a>(object: &'a Json, name: &str) -> Result<Option<&'a str>, Invalid> {
    let Some(value) = member(object, name) else {
        return Ok(None);
    };
    match value.as_str() {
        Some(text) => Ok(Some(text)),
        None => Err(odd(name, "is no text")),
    }
}

fn chosen<'a>(
    entries: &'a [Json],
    host: &HostName,
    name: Option<&str>,
) -> Result<&'a Json, Invalid> {
    if let [only] = entries {
        return Ok(only);
    }
    let is_named = |entry: &&Json| {
        let theirs = member(entry, "name").and_then(Json::as_str);
        theirs
            .zip(name)
            .is_some_and(|(theirs, ours)| same_cloud(theirs, ours))
    };
    let is_here = |entry: &&Json| {
        let endpoint = member(entry, "resourceManager").and_then(Json::as_str);
        matches!(endpoint.map(place), Some(Some((theirs, _))) if theirs == *host)
    };
    let found = entries.iter().find(is_named);
    found
        .or_else(|| entries.iter().find(is_here))
        .ok_or_else(|| {
            Invalid(format!(
                "describes {} clouds, and none of them is its own",
                entries.len()
            ))
        })
}

fn same_cloud(theirs: &str, ours: &str) -> bool {
    let preset = |name| Preset::find(name).map(|preset| preset.name);
    theirs.eq_ignore_ascii_case(ours)
        || preset(theirs).is_some_and(|name| preset(ours) == Some(name))
}

fn cloud(entry: &Json, host: &HostName) -> Result<Cloud, Invalid> {
    let Some(authentication) = member(entry, "authentication") else {
        return Err(Invalid(
            "describes no cloud: there is no authentication".to_owned(),
        ));
    };
    let (authority, protocol) = login(authentication)?;
    let suffixes = member(entry, "suffixes").unwrap_or(&Json::Null);
    let suffix = |name| text(suffixes, name).and_then(|suffix| suffix_host(name, suffix));
    // The oldest form has no suffixes: a stamp's follow from its own name.
    let preset = preset_of_authority(authority.as_str())
        .filter(|preset| preset.resource_manager == Some(host.as_str()));
    let published = preset.and_then(|preset| preset.vault_suffix);
    let vault_suffix = match (suffix("keyVaultDns")?, published) {
        (Some(suffix), _) => suffix,
        (None, Some(published)) => HostName::parse(published)?,
        (None, None) => HostName::parse(&format!("vault.{}", stamp(host)?))?,
    };
    one_cloud(&authority, &vault_suffix)?;
    let mut cloud = Cloud::at(authority, protocol, vault_suffix);
    cloud.name = host.to_string();
    // The one that was asked: a token for it goes nowhere else, whatever the document says.
    cloud.resource_manager = Some(host.clone());
    let audience = audience(authentication)?;
    cloud.resource_manager_audience = audience.or(cloud.resource_manager_audience);
    if let Some(storage) = suffix("storage")? {
        cloud.storage_suffix = Some(storage);
    } else if cloud.storage_suffix.is_none() {
        cloud.storage_suffix = Some(HostName::parse(stamp(host)?)?);
    }
    cloud.storage_audience = match protocol {
        Protocol::AdFs => cloud.resource_manager_audience.clone(),
        Protocol::Entra => Some(STORAGE_AUDIENCE.to_owned()),
    };
    if let Some(graph) = text(entry, GRAPH)? {
        let graph = place(graph).filter(|(_, path)| path.is_empty());
        let (graph, _) = graph.ok_or_else(|| odd(GRAPH, "is not https://HOST"))?;
        cloud.graph = Some(graph);
    }
    Ok(cloud)
}

fn login(authentication: &Json) -> Result<(HostName, Protocol), Invalid> {
    let Some(endpoint) = text(authentication, LOGIN)? else {
        return Err(Invalid(format!("says no {LOGIN}")));
    };
    let provider = text(authentication, "identityProvider")?.unwrap_or_default();
    let by_provider = match provider.eq_ignore_ascii_case("ADFS") {
        true => Protocol::AdFs,
        false => Protocol::Entra,
    };
    let (host, protocol) = match place(endpoint) {
        Some((host, "")) => (host, by_provider),
        Some((host, path)) if path.eq_ignore_ascii_case("adfs") => (host, Protocol::AdFs),
        _ => {
            let shown = foreign(endpoint, 80);
            return Err(odd(
                LOGIN,
                &format!("is {shown}, not https://HOST (or /adfs)"),
            ));
        }
    };
    // An older name of a known authority (login.windows.net) is that authority.
    match preset_of_authority(host.as_str()) {
        Some(preset) => Ok((HostName::parse(preset.authority)?, protocol)),
        None => Ok((host, protocol)),
    }
}

/// The first audience; what follows are other ways to write it.
fn audience(authentication: &Json) -> Result<Option<String>, Invalid> {
    let Some(Json::List(audiences)) = member(authentication, AUDIENCES) else {
        return Ok(None);
    };
    let Some(first) = audiences.first() else {
        return Ok(None);
    };
    let audience = first
        .as_str()
        .filter(|audience| audience_host(audience).is_some());
    match audience {
        Some(audience) => Ok(Some(audience.to_owned())),
        None => Err(odd(AUDIENCES, "does not begin with an https URL")),
    }
}

/// Host and path of an endpoint, without slashes around the path.
fn place(endpoint: &str) -> Option<(HostName, &str)> {
    let (scheme, rest) = endpoint.split_once("://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = HostName::parse(host).ok()?;
    scheme
        .eq_ignore_ascii_case("https")
        .then_some((host, path.trim_matches('/')))
}

fn suffix_host(name: &str, suffix: Option<&str>) -> Result<Option<HostName>, Invalid> {
    let Some(suffix) = suffix else {
        return Ok(None);
    };
    let host = HostName::parse(suffix.strip_prefix('.').unwrap_or(suffix)).ok();
    match host.filter(|host| host.as_str().contains('.')) {
        Some(host) => Ok(Some(host)),
        None => Err(odd(
            name,
            &format!("is {}, no suffix of hosts", foreign(suffix, 80)),
        )),
    }
}

/// `region.domain` of a stamp, whose hosts are `SERVICE.region.domain`.
fn stamp(host: &HostName) -> Result<&str, Invalid> {
    let stamp = host.as_str().split_once('.').map(|(_, stamp)| stamp);
    stamp
        .filter(|stamp| stamp.contains('.'))
        .ok_or_else(|| Invalid("says no suffixes, and none follow from its name".to_owned()))
}

/// Authority and vaults of two known clouds would send a credential to the wrong one.
fn one_cloud(authority: &HostName, suffix: &HostName) -> Result<(), Invalid> {
    let login = preset_of_authority(authority.as_str());
    let vaults = preset_of_vault_suffix(suffix.as_str());
    match login.zip(vaults) {
        Some((login, vaults)) if login.name != vaults.name => Err(Invalid(format!(
            "describes a cloud that signs in at cloud \"{}\" and has the vaults of cloud \"{}\"",
            login.name, vaults.name
        ))),
        _ => Ok(()),
    }
}

fn odd(name: &str, how: &str) -> Invalid {
    Invalid(format!("describes its cloud oddly: {name} {how}"))
}

const AUDIENCES: &str = "audiences";
const GRAPH: &str = "microsoftGraphResourceId";
const LOGIN: &str = "loginEndpoint";

#[cfg(test)]
mod tests;

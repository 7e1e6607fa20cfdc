//! Pages of a list, as unhelpful as the real ones: they may be empty and have a next one, and the
//! token that leads there is opaque.

use base64::prelude::{Engine, BASE64_URL_SAFE_NO_PAD};

use crate::http::Reply;
use crate::keyvault::bad_parameter;
use crate::log::Logged;
use crate::object::{array, Object};
use crate::random::version;
use crate::vault::VaultState;
use crate::view::View;

/// One page of `items`, and the link to the next.
pub(crate) fn page(
    vault: &VaultState,
    view: &View,
    path: &str,
    items: Vec<String>,
    query: &[(String, String)],
    record: &mut Logged,
) -> Result<Reply, Reply> {
    let size = match value(query, "maxresults").map(str::parse::<usize>) {
        None => LARGEST_PAGE,
        Some(Ok(size)) if (1..=LARGEST_PAGE).contains(&size) => size,
        Some(_) => return Err(bad_parameter("maxresults must be between 1 and 25")),
    };
    let marker = match value(query, "$skiptoken").map(Marker::read) {
        None => Marker::first(vault.empty_pages),
        Some(Some((host, marker))) if host == view.host => marker,
        Some(read) => {
            if read.is_some() {
                record.unexpected("the nextLink of another vault was followed to here");
            } else if vault.next_link.is_none() {
                record.unexpected("a $skiptoken that this vault never gave");
            }
            return Err(bad_parameter("$skiptoken is not valid"));
        }
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
                let own = format!("https://{}", view.host);
                format!(
                    "{}/{path}?api-version={}&$skiptoken={}&maxresults={size}",
                    vault.next_link_origin.as_ref().unwrap_or(&own),
                    view.api_version,
                    next.write(view.host)
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

/// Where a page begins. On the wire it looks like the service's: base64url of JSON, with `!`. It
/// names the vault's host too, so that one which was lured elsewhere is recognised there.
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

    fn write(&self, host: &str) -> String {
        let place = format!("{}!{}", self.offset, self.empty_pages);
        let text = format!("2!{place}!{host}!{}", version());
        let json = Object::new()
            .text("NextMarker", &text)
            .number("TargetLocation", 0)
            .finish();
        BASE64_URL_SAFE_NO_PAD.encode(json)
    }

    /// The host that wrote it, and what it says.
    fn read(text: &str) -> Option<(String, Marker)> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let json: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
        let mut parts = json["NextMarker"].as_str()?.split('!').skip(1);
        let marker = Marker {
            offset: parts.next()?.parse().ok()?,
            empty_pages: parts.next()?.parse().ok()?,
        };
        Some((parts.next()?.to_owned(), marker))
    }
}

/// A parameter of the query; names are compared without case.
pub(crate) fn value<'a>(query: &'a [(String, String)], wanted: &str) -> Option<&'a str> {
    query
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value.as_str())
}

const LARGEST_PAGE: usize = 25;

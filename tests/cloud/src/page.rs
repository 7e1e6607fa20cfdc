//! Pages of a list, as unhelpful as the real ones: they may be empty and have a next one, and the
//! token that leads there is opaque.

use base64::prelude::{Engine, BASE64_URL_SAFE_NO_PAD};

use crate::http::Reply;
use crate::keyvault::bad_parameter;
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

/// A parameter of the query; names are compared without case.
pub(crate) fn value<'a>(query: &'a [(String, String)], wanted: &str) -> Option<&'a str> {
    query
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value.as_str())
}

const LARGEST_PAGE: usize = 25;

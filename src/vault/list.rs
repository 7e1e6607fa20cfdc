//! A vault's lists of objects, without values (protocol notes 5.2 and 5.3).

use super::{refusal, unexpected, Access, API_VERSION};
use crate::config::ObjectKind;
use crate::error::{Error, LIST_OF};
use crate::json::Json;
use crate::name::{foreign, HostName, ObjectName};

/// What a vault lists.
#[derive(Debug)]
pub struct Listing {
    /// The objects in the vault's order; of secrets those without that belong to certificates
    /// are marked.
    pub items: Vec<Item>,
    /// Whether all pages were read.
    pub is_whole: bool,
}

/// An object of a list.
#[derive(Debug)]
pub struct Item {
    /// Its name.
    pub name: ObjectName,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// Seconds since 1970 of its last change, attributes included.
    pub updated: Option<i64>,
    /// Whether it is the secret or key behind a certificate.
    pub is_managed: bool,
}

/// Lists the objects of `kind` that `keep` wants, page by page, until `patience` pages were
/// read. Empty pages with a next one are common.
///
/// # Errors
/// [`Error::Refused`] for 401 and 403, [`Error::Reply`] for what is no reply of a vault or
/// leads elsewhere, and what [`crate::http::Client::send`] gives.
pub fn list(
    access: &Access<'_>,
    vault: &HostName,
    kind: ObjectKind,
    keep: &dyn Fn(&Item) -> bool,
    patience: usize,
) -> Result<Listing, Error> {
    let name = list_name(kind);
    let mut listing = Listing {
        items: Vec::new(),
        is_whole: false,
    };
    let mut path = format!("/{}s?api-version={API_VERSION}&maxresults=25", kind.word());
    for _ in 0..patience {
        let reply = super::get(access.client, vault, &path, Some(access.token))?;
        match reply.status {
            200 => {}
            401 | 403 => return Err(refusal::read(access, vault, name, &reply)),
            _ => return Err(unexpected(vault, &name, &reply)),
        }
        let unusable = |problem: &str| Error::Reply {
            host: vault.clone(),
            problem: format!("sent {name} {problem}"),
        };
        let page = Json::read(reply.body.expose()).ok_or_else(|| unusable("as no usable JSON"))?;
        let items = page.list_of("value").unwrap_or_default();
        for item in items {
            let item = read(item).ok_or_else(|| unusable("with an entry that is no object"))?;
            // A list that changes while it is read may show an entry on two pages.
            let is_new = listing.items.iter().all(|known| known.name != item.name);
            if keep(&item) && is_new {
                listing.items.push(item);
            }
        }
        let Some(next) = page.text_of("nextLink") else {
            listing.is_whole = true;
            break;
        };
        path = next_path(vault, kind, &next).ok_or_else(|| {
            unusable(&format!(
                "with a next page elsewhere ({}), which is refused",
                foreign(next.split('?').next().unwrap_or_default(), 80)
            ))
        })?;
    }
    Ok(listing)
}

/// How sentences name a list.
pub(super) fn list_name(kind: ObjectKind) -> String {
    format!("{LIST_OF}{}s", kind.word())
}

fn read(item: &Json) -> Option<Item> {
    // A certificate's entry may have its id in `id`, a key's in `kid`.
    let id = item.any_text_of("id")?.or_else(|| item.text_of("kid"))?;
    let attributes = item.member("attributes");
    let mut tags = Vec::new();
    if let Some(Json::Object(members)) = item.member("tags") {
        for (name, value) in members {
            tags.push((name.clone(), value.as_text().unwrap_or_default()));
        }
    }
    Some(Item {
        name: ObjectName::parse(id.rsplit('/').next()?).ok()?,
        tags,
        updated: attributes.and_then(|attributes| attributes.number_of("updated")),
        is_managed: item.boolean_of("managed") == Some(true),
    })
}

/// Path and query of the next page, which must be of the same list on the same host: the token
/// goes there. Older replies name port 443.
fn next_path(vault: &HostName, kind: ObjectKind, link: &str) -> Option<String> {
    let rest = link.strip_prefix("https://")?;
    let (host, path) = rest.split_at_checked(rest.find('/')?)?;
    let host = host.strip_suffix(":443").unwrap_or(host);
    let (list, query) = path.split_once('?')?;
    let expected = format!("/{}s", kind.word());
    let plain = query
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'#');
    (host.eq_ignore_ascii_case(vault.as_str())
        && list.trim_end_matches('/').eq_ignore_ascii_case(&expected)
        && plain)
        .then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_stays_on_the_host_and_in_the_list() {
        let vault = HostName::parse("factory7.vault.azure.net").unwrap();
        for (link, path) in [
            (
                "https://factory7.vault.azure.net:443/secrets?api-version=7.4&$skiptoken=ey!!J9&maxresults=25",
                Some("/secrets?api-version=7.4&$skiptoken=ey!!J9&maxresults=25"),
            ),
            ("https://FACTORY7.vault.azure.net/secrets?x", Some("/secrets?x")),
            ("https://factory7.vault.azure.net/secrets", None),
            ("https://factory7.vault.azure.net/secrets/x?y", None),
            ("https://factory7.vault.azure.net/keys?x", None),
            ("https://factory7.vault.azure.net:8443/secrets?x", None),
            ("https://a@factory7.vault.azure.net/secrets?x", None),
            ("https://factory7.vault.azure.net.evil.org/secrets?x", None),
            ("https://evil.org/secrets?x", None),
            ("http://factory7.vault.azure.net/secrets?x", None),
            ("//factory7.vault.azure.net/secrets?x", None),
            ("https://factory7.vault.azure.net/secrets?x y", None),
            ("https://factory7.vault.azure.net/secrets?x\r\ny", None),
            ("https://factory7.vault.azure.net/secrets?x#y", None),
            ("", None),
        ] {
            let found = next_path(&vault, ObjectKind::Secret, link);
            assert_eq!(found.as_deref(), path, "{link}");
        }
    }

    #[test]
    fn entries_of_all_three_lists_are_read() {
        for (entry, name) in [
            (
                r#"{"id":"https://v/secrets/a","attributes":{"updated":5},"tags":{"x":"y"},"managed":true}"#,
                "a",
            ),
            (
                r#"{"kid":"https://v/keys/b","attributes":{"updated":5}}"#,
                "b",
            ),
            (
                r#"{"id":"https://v/certificates/c","x5t":"x","attributes":{}}"#,
                "c",
            ),
        ] {
            let item = read(&Json::read(entry.as_bytes()).unwrap()).unwrap();
            assert_eq!(item.name.as_str(), name);
            assert_eq!(item.is_managed, name == "a");
            assert_eq!(item.updated.is_none(), name == "c");
        }
        for entry in [
            "{}",
            "1",
            r#"{"id":""}"#,
            r#"{"id":"https://v/secrets/.."}"#,
        ] {
            assert!(
                read(&Json::read(entry.as_bytes()).unwrap()).is_none(),
                "{entry}"
            );
        }
    }
}

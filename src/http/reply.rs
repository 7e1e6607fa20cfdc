//! A reply: its status, its body, and the few headers that anybody here looks at.

use std::time::Duration;

use ureq::http::{HeaderMap, Uri};

use crate::clock;
use crate::name::foreign;
use crate::secret::Secret;

/// What a server answered.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The whole body; empty where there was none.
    pub body: Secret,
    headers: Vec<(&'static str, String)>,
}

impl Reply {
    /// The first header called `name` (in lower case), if it is one of those that are
    /// kept (RFC 9110's `content-length`, `content-range`, `content-type`, `date`, `etag`,
    /// `retry-after` and `www-authenticate`; RFC 1864's `content-md5`; Azure's
    /// `x-ms-access-tier`, `x-ms-archive-status`, `x-ms-blob-content-md5`,
    /// `x-ms-client-request-id`, `x-ms-error-code`, `x-ms-keyvault-network-info`,
    /// `x-ms-keyvault-region` and `x-ms-request-id`).
    ///
    /// It is text of the server, visible ASCII, unescaped.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(kept, _)| *kept == name);
        found.next().map(|(_, value)| value.as_str())
    }

    /// A reply that came with `headers`, of which it keeps what is on the list.
    pub(super) fn new(status: u16, headers: &HeaderMap, body: Secret) -> Self {
        let kept = KEPT.iter().flat_map(|name| {
            let values = headers.get_all(*name).into_iter();
            values.filter_map(|value| Some((*name, value.to_str().ok()?.to_owned())))
        });
        Self {
            status,
            body,
            headers: kept.collect(),
        }
    }

    /// A reply for tests of other rooms.
    #[cfg(test)]
    pub(crate) fn of(status: u16, body: Secret) -> Self {
        Self::new(status, &HeaderMap::new(), body)
    }

    /// `Date`, in seconds since 1970.
    pub fn date(&self) -> Option<i64> {
        clock::parse_http_date(self.header("date")?)
    }

    /// Whether the body begins like a JSON object. At addresses of the machine, what does not
    /// is not Azure's (protocol notes, section 8, no. 7).
    pub fn looks_like_json(&self) -> bool {
        self.body.expose().trim_ascii_start().starts_with(b"{")
    }

    /// `Retry-After`, read by this device's clock where it must be.
    pub fn wait_wanted(&self) -> Option<Duration> {
        self.retry_after(clock::now()).map(Duration::from_secs)
    }

    /// `Retry-After` in seconds. A date counts from the reply's own, since the device's
    /// clock (`now`) may be far off.
    pub(super) fn retry_after(&self, now: i64) -> Option<u64> {
        let asked = self.header("retry-after")?.trim();
        if let Ok(seconds) = asked.parse() {
            return Some(seconds);
        }
        let until = clock::parse_http_date(asked)?;
        let wait = until.saturating_sub(self.date().unwrap_or(now));
        Some(u64::try_from(wait).unwrap_or(0))
    }
}

/// What is wrong with a redirect, if the reply is one; 304 leads nowhere. Only the target's host
/// is told: the rest may hold what was asked for.
pub(super) fn redirect(status: u16, headers: &HeaderMap) -> Option<String> {
    if !(300..400).contains(&status) || status == 304 {
        return None;
    }
    let target = headers
        .get("location")
        .and_then(|value| value.to_str().ok());
    let target = target.and_then(|target| target.parse::<Uri>().ok());
    Some(match target.as_ref().map(|target| target.host()) {
        Some(Some(host)) => format!("redirects to {}, which is refused", foreign(host, 80)),
        Some(None) => "redirects to another path, which is refused".to_owned(),
        None => format!("answered with status {status}, which is refused"),
    })
}

const KEPT: [&str; 16] = [
    "content-length",
    "content-md5",
    "content-range",
    "content-type",
    "date",
    "etag",
    "retry-after",
    "www-authenticate",
    "x-ms-access-tier",
    "x-ms-archive-status",
    "x-ms-blob-content-md5",
    "x-ms-client-request-id",
    "x-ms-error-code",
    "x-ms-keyvault-network-info",
    "x-ms-keyvault-region",
    "x-ms-request-id",
];

#[cfg(test)]
mod tests {
    use super::*;
    use ureq::http::{HeaderName, HeaderValue};

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        };
        list.iter().map(pair).collect()
    }

    fn reply(list: &[(&'static str, &str)]) -> Reply {
        Reply::new(200, &headers(list), Secret::with_limit(0))
    }

    #[test]
    fn keeps_only_the_headers_of_the_list() {
        let reply = reply(&[("etag", "\"1\""), ("set-cookie", "a=b")]);
        assert_eq!(reply.header("etag"), Some("\"1\""));
        assert_eq!(reply.header("set-cookie"), None);
    }

    #[test]
    fn reads_retry_after_as_seconds_or_as_a_date_of_the_servers_clock() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        for (asked, wanted) in [
            ("0", Some(0)),
            ("120", Some(120)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            let reply = reply(&[date, ("retry-after", asked)]);
            assert_eq!(reply.retry_after(0), wanted, "{asked}");
        }
        let undated = reply(&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")]);
        assert_eq!(undated.retry_after(784_111_770), Some(7));
    }

    #[test]
    fn a_redirect_tells_its_host_and_nothing_else() {
        for (location, wanted) in [
            ("https://portal.test/login?token=x", "portal.test"),
            ("/other", "another path"),
            ("http://a b", "status 302"),
        ] {
            let told = redirect(302, &headers(&[("location", location)])).unwrap();
            assert!(told.contains(wanted), "{told}");
            assert!(!told.contains("token"), "{told}");
        }
        for status in [200, 304] {
            assert_eq!(redirect(status, &headers(&[("location", "/")])), None);
        }
    }
}

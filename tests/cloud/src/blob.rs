//! Blob storage's front: version and date headers, the bearer token, XML around everything; and the
//! list of containers, on which a token can be tried. Blobs are read in `blob_read`.

use crate::clock::{http_date, timestamp};
use crate::http::{Reply, Request};
use crate::log::Logged;
use crate::national::National;
use crate::page::value;
use crate::server::Shared;
use crate::storage::AccountState;
use crate::token::{self, BadToken};
use crate::{form, lock, random};

/// Answers a request to an account's blob host.
pub(crate) fn answer(shared: &Shared, request: &Request, record: &mut Logged) -> Reply {
    let accounts = lock(&shared.accounts);
    let id = random::guid();
    let reply = match accounts.get(&record.host) {
        None => {
            record.unexpected("an account that does not exist: its name would not resolve");
            Reply::not_found_page()
        }
        Some(account) => {
            let front = Front {
                shared,
                account,
                request,
                id: &id,
            };
            let (Ok(reply) | Err(reply)) = front.respond(record);
            reply
        }
    };
    let mut reply = reply
        .header("server", "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0")
        .header("x-ms-request-id", id.as_bytes());
    for name in ["x-ms-client-request-id", "x-ms-version"] {
        if let Some(value) = request.header(name) {
            reply = reply.header(name, value);
        }
    }
    reply
}

/// One request to an account.
pub(crate) struct Front<'a> {
    shared: &'a Shared,
    pub account: &'a AccountState,
    pub request: &'a Request,
    id: &'a str,
}

impl Front<'_> {
    fn respond(&self, record: &mut Logged) -> Result<Reply, Reply> {
        self.check_headers(record)?;
        self.check_caller(record)?;
        if self.account.denied {
            return Err(self.error(
                403,
                "AuthorizationPermissionMismatch",
                "This request is not authorized to perform this operation using this permission.",
                "",
            ));
        }
        record.authorized = true;
        let query = form::decode(&self.request.query).unwrap_or_default();
        match (self.request.method.as_str(), self.request.path.as_str()) {
            ("GET", "/") if value(&query, "comp") == Some("list") => {
                return self.containers(&query, record);
            }
            (_, "/") => {}
            ("GET" | "HEAD", _) => return self.read(&query, record),
            _ => {}
        }
        record.unexpected("a request that this storage is not there for");
        Err(self.error(
            400,
            "InvalidUri",
            "The requested URI does not represent any resource on the server.",
            "",
        ))
    }

    /// The version must be one that this cloud has; the date may be missing.
    fn check_headers(&self, record: &mut Logged) -> Result<(), Reply> {
        let Some(version) = self.request.header("x-ms-version") else {
            record.unexpected("no x-ms-version");
            let detail = "<HeaderName>x-ms-version</HeaderName>";
            let text = "An HTTP header that's mandatory for this request is not specified.";
            return Err(self.error(400, "MissingRequiredHeader", text, detail));
        };
        if !VERSIONS.contains(&version) {
            record.unexpected("an x-ms-version that does not exist");
        }
        let newest = match self.shared.national {
            National::AzureStack => NEWEST_OF_A_STAMP,
            _ => VERSIONS[VERSIONS.len() - 1],
        };
        if !VERSIONS.contains(&version) || version > newest {
            let text = "The value for one of the HTTP headers is not in the correct format.";
            let detail = format!(
                "<HeaderName>x-ms-version</HeaderName><HeaderValue>{}</HeaderValue>",
                escaped(version)
            );
            return Err(self.error(400, "InvalidHeaderValue", text, &detail));
        }
        let now = self.shared.clock.now();
        let recent = |date: &str| (now - 900..=now + 900).any(|time| http_date(time) == date);
        match self.request.header("x-ms-date").is_none_or(recent) {
            true => Ok(()),
            false => Err(self.error(
                403,
                "AuthenticationFailed",
                "Server failed to authenticate the request. Make sure the value of Authorization \
                 header is formed correctly including the signature.",
                "<AuthenticationErrorDetail>Request date header too old</AuthenticationErrorDetail>",
            )),
        }
    }

    fn check_caller(&self, record: &Logged) -> Result<(), Reply> {
        let Some(token) = self.request.bearer() else {
            return Err(self.unauthorized(
                "NoAuthenticationInformation",
                "Server failed to authenticate the request. Please refer to the information in \
                 the www-authenticate header.",
                "",
            ));
        };
        let invalid = |detail: &str| {
            self.unauthorized(
                "InvalidAuthenticationInfo",
                "Server failed to authenticate the request. Please refer to the information in \
                 the www-authenticate header.",
                detail,
            )
        };
        let claims = match self.shared.tokens.verify(token, self.shared.clock.now()) {
            Ok(claims) => claims,
            Err(BadToken::Expired) => {
                return Err(invalid("Lifetime validation failed. The token is expired."))
            }
            Err(_) => return Err(invalid("Signature validation failed.")),
        };
        let national = self.shared.national;
        let audience = claims.audience.trim_end_matches('/');
        let own = format!("https://{}", record.host);
        if audience != own && !national.storage_audiences().contains(&audience) {
            return Err(invalid(
                "Audience validation failed. Audience did not match.",
            ));
        }
        match claims.issuer == token::issuer(national, &self.account.tenant) {
            true => Ok(()),
            false => Err(invalid("Issuer validation failed. Issuer did not match.")),
        }
    }

    /// A page of the account's containers, in their order.
    fn containers(&self, query: &[(String, String)], record: &mut Logged) -> Result<Reply, Reply> {
        let known = ["comp", "include", "marker", "maxresults", "prefix"];
        if query
            .iter()
            .any(|(name, _)| !known.contains(&name.as_str()))
        {
            record.unexpected("an unknown parameter");
        }
        let size = match value(query, "maxresults").map(str::parse::<usize>) {
            None => LARGEST_PAGE,
            Some(Ok(size)) if (1..=LARGEST_PAGE).contains(&size) => size,
            Some(_) => {
                let text = "One of the query parameters specified in the request URI is outside \
                            the permissible range.";
                return Err(self.error(400, "OutOfRangeQueryParameterValue", text, ""));
            }
        };
        let prefix = value(query, "prefix").unwrap_or_default();
        let marker = value(query, "marker").unwrap_or_default();
        let mut names = self
            .account
            .containers
            .keys()
            .filter(|name| name.starts_with(prefix) && name.as_str() >= marker);
        let entries: String = names
            .by_ref()
            .take(size)
            .map(|name| self.container(name))
            .collect();
        let next = match names.next() {
            None => "<NextMarker />".to_owned(),
            Some(name) => format!("<NextMarker>{}</NextMarker>", escaped(name)),
        };
        let body = format!(
            "<EnumerationResults ServiceEndpoint=\"https://{}/\"><MaxResults>{size}</MaxResults>\
             <Containers>{entries}</Containers>{next}</EnumerationResults>",
            record.host
        );
        Ok(xml(200, &body))
    }

    fn container(&self, name: &str) -> String {
        let date = http_date(self.shared.clock.now());
        format!(
            "<Container><Name>{}</Name><Properties><Last-Modified>{date}</Last-Modified><Etag>\
             \"0x8DE1234567890AB\"</Etag><LeaseStatus>unlocked</LeaseStatus><LeaseState>available\
             </LeaseState></Properties></Container>",
            escaped(name)
        )
    }

    fn unauthorized(&self, code: &str, text: &str, detail: &str) -> Reply {
        let national = self.shared.national;
        let challenge = format!(
            "Bearer authorization_uri=https://{}/{}/oauth2/authorize resource_id={}",
            national.login_host(),
            self.account.tenant,
            national.storage_audiences()[0]
        );
        let detail = match detail {
            "" => String::new(),
            text => format!("<AuthenticationErrorDetail>{text}</AuthenticationErrorDetail>"),
        };
        self.error(401, code, text, &detail)
            .header("www-authenticate", challenge)
    }

    /// The service's error: code in a header and in XML, `more` being XML already.
    pub(crate) fn error(&self, status: u16, code: &str, text: &str, more: &str) -> Reply {
        let time = timestamp(self.shared.clock.now()).replace(' ', "T");
        let body = format!(
            "<Error><Code>{code}</Code><Message>{text}\nRequestId:{}\nTime:{}.0000000Z</Message>\
             {more}</Error>",
            self.id,
            time.trim_end_matches('Z')
        );
        xml(status, &body).header("x-ms-error-code", code)
    }
}

/// XML begins with a byte order mark here.
fn xml(status: u16, body: &str) -> Reply {
    let mut reply = Reply::new(status).header("content-type", "application/xml");
    reply.body = format!("\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>{body}")
        .into_bytes()
        .into();
    reply
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

const LARGEST_PAGE: usize = 5000;

/// A stamp's storage is years behind.
const NEWEST_OF_A_STAMP: &str = "2019-07-07";

/// Those that take bearer tokens.
const VERSIONS: [&str; 34] = [
    "2017-11-09",
    "2018-03-28",
    "2018-11-09",
    "2019-02-02",
    "2019-07-07",
    "2019-10-10",
    "2019-12-12",
    "2020-02-10",
    "2020-04-08",
    "2020-06-12",
    "2020-08-04",
    "2020-10-02",
    "2020-12-06",
    "2021-02-12",
    "2021-04-10",
    "2021-06-08",
    "2021-08-06",
    "2021-12-02",
    "2022-11-02",
    "2023-01-03",
    "2023-05-03",
    "2023-08-03",
    "2023-11-03",
    "2024-05-04",
    "2024-08-04",
    "2024-11-04",
    "2025-01-05",
    "2025-05-05",
    "2025-07-05",
    "2025-11-05",
    "2026-02-06",
    "2026-04-06",
    "2026-06-06",
    "2026-10-06",
];

//! Resource Manager: metadata for everybody, subscriptions for those with a token, and what stands
//! around every reply.

use crate::http::{Reply, Request};
use crate::log::Logged;
use crate::object::Object;
use crate::server::Shared;
use crate::{form, metadata, random, subscriptions};

/// Answers a request to Resource Manager's host.
pub(crate) fn answer(shared: &Shared, request: &Request, record: &mut Logged) -> Reply {
    let answered = match (request.method.as_str(), request.path.as_str()) {
        ("GET", "/metadata/endpoints") => metadata::answer(shared, request, record),
        ("GET", "/subscriptions") => subscriptions::answer(shared, request, record),
        _ => {
            record.unexpected("a request that Resource Manager is not there for");
            let text = "The requested resource does not exist.";
            Err(Reply::json(404, error("NotFound", text)))
        }
    };
    let (Ok(reply) | Err(reply)) = answered;
    let id = random::guid();
    reply
        .header("cache-control", "no-cache")
        .header("pragma", "no-cache")
        .header("expires", "-1")
        .header("x-ms-request-id", id.as_bytes())
        .header("x-ms-correlation-request-id", id.as_bytes())
        .header(
            "x-ms-routing-request-id",
            format!("LOOPBACK:20261121T000000Z:{id}"),
        )
        .header(
            "strict-transport-security",
            "max-age=31536000; includeSubDomains",
        )
        .header("x-content-type-options", "nosniff")
}

/// The one api-version of a request, if it is among `known`; asking for one that is not among
/// `plausible` is a client's mistake.
pub(crate) fn api_version(
    request: &Request,
    record: &mut Logged,
    known: &[&str],
    plausible: &[&str],
) -> Result<String, Reply> {
    let query = form::decode(&request.query).unwrap_or_default();
    let versions: Vec<&str> = query
        .iter()
        .filter(|(name, _)| name == "api-version")
        .map(|(_, value)| value.as_str())
        .collect();
    let [version] = versions[..] else {
        record.unexpected("not exactly one api-version");
        let text = "The api-version query parameter (?api-version=) is required for all requests.";
        return Err(Reply::json(400, error("MissingApiVersionParameter", text)));
    };
    if !plausible.contains(&version) {
        record.unexpected("an api-version that does not exist");
    }
    if known.contains(&version) {
        return Ok(version.to_owned());
    }
    let mut newest_first = known.to_vec();
    newest_first.sort_unstable();
    newest_first.reverse();
    let text = format!(
        "The api-version '{version}' is invalid. The supported versions are '{}'.",
        newest_first.join(",")
    );
    Err(Reply::json(400, error("InvalidApiVersionParameter", &text)))
}

/// Resource Manager's error body.
pub(crate) fn error(code: &str, text: &str) -> String {
    let error = Object::new().text("code", code).text("message", text);
    Object::new().raw("error", &error.finish()).finish()
}

//! The login host of Entra: which path leads where, and what stands around every reply.

use crate::directory::is_guid;
use crate::http::{Reply, Request};
use crate::log::Logged;
use crate::server::Shared;
use crate::{device_code, discovery, grants};

/// Answers a request to the login host.
pub(crate) fn answer(shared: &Shared, request: &Request, record: &mut Logged) -> Reply {
    let segments: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
    let answered = match (request.method.as_str(), &segments[..]) {
        ("POST", [tenant, "oauth2", "v2.0", "token"]) => {
            grants::token(shared, tenant, request, record)
        }
        ("POST", [tenant, "oauth2", "v2.0", "devicecode"]) => {
            device_code::start(shared, tenant, request, record)
        }
        ("GET", ["common", realm, user]) if realm.eq_ignore_ascii_case("UserRealm") => {
            Ok(discovery::user_realm(shared, user))
        }
        ("GET", ["common", "discovery", "instance"]) => discovery::instance(request),
        ("GET", [tenant, "v2.0", ".well-known", "openid-configuration"]) => {
            discovery::tenant(shared, tenant, discovery::Flavour::V2, &record.host)
        }
        ("GET", [tenant, ".well-known", "openid-configuration"]) => {
            discovery::tenant(shared, tenant, discovery::Flavour::V1, &record.host)
        }
        ("GET", [_, "discovery", "v2.0", "keys"] | [_, "discovery", "keys"]) => {
            Ok(Reply::json(200, shared.tokens.key_set()))
        }
        _ => {
            record.unexpected("a path that the login host does not have");
            Ok(Reply::not_found_page())
        }
    };
    let correlation = request.header("client-request-id").filter(|id| is_guid(id));
    let reply = answered
        .unwrap_or_else(|refusal| refusal.reply(&record.host, correlation, shared.clock.now()));
    with_common_headers(reply, request)
}

fn with_common_headers(reply: Reply, request: &Request) -> Reply {
    let mut reply = reply
        .header("cache-control", "no-store, no-cache")
        .header("pragma", "no-cache")
        .header("expires", "-1")
        .header(
            "strict-transport-security",
            "max-age=31536000; includeSubDomains",
        )
        .header("x-content-type-options", "nosniff")
        .header("p3p", "CP=\"DSP CUR OTPi IND OTRi ONL FIN\"")
        .header("x-ms-ests-server", "2.1.20000.1 - LOOP ProdSlices")
        .header(
            "set-cookie",
            "fpc=loopback; path=/; secure; HttpOnly; SameSite=None",
        )
        .header(
            "set-cookie",
            "stsservicecookie=estsfd; path=/; secure; samesite=none; httponly",
        );
    if request.header("return-client-request-id") == Some("true") {
        if let Some(id) = request.header("client-request-id") {
            reply = reply.header("client-request-id", id);
        }
    }
    reply
}

//! Resource Manager's list of subscriptions: what a token for it can be tried on.

use crate::clock::timestamp;
use crate::http::{Reply, Request};
use crate::log::Logged;
use crate::national::National;
use crate::object::{array, Object};
use crate::resource_manager::{api_version, error};
use crate::server::Shared;
use crate::token::{BadToken, Claims};
use crate::{form, lock, random};

/// One subscription.
pub(crate) struct Subscription {
    id: String,
    name: String,
    tenant: String,
}

impl Subscription {
    pub fn new(name: &str, tenant: &str) -> Subscription {
        Subscription {
            id: random::guid(),
            name: name.to_owned(),
            tenant: tenant.to_owned(),
        }
    }

    pub fn id(&self) -> String {
        self.id.clone()
    }

    fn describe(&self) -> String {
        let policies = Object::new()
            .text("locationPlacementId", "Public_2014-09-01")
            .text("quotaId", "EnterpriseAgreement_2014-09-01")
            .text("spendingLimit", "Off");
        Object::new()
            .text("id", &format!("/subscriptions/{}", self.id))
            .text("authorizationSource", "RoleBased")
            .raw("managedByTenants", "[]")
            .text("subscriptionId", &self.id)
            .text("tenantId", &self.tenant)
            .text("displayName", &self.name)
            .text("state", "Enabled")
            .raw("subscriptionPolicies", &policies.finish())
            .finish()
    }
}

/// Answers `GET /subscriptions`: those of the token's tenant.
pub(crate) fn answer(
    shared: &Shared,
    request: &Request,
    record: &mut Logged,
) -> Result<Reply, Reply> {
    let fields = form::decode(&request.query).unwrap_or_default();
    if fields.iter().any(|(name, _)| name != "api-version") {
        record.unexpected("an unknown parameter");
    }
    let known = match shared.national {
        National::AzureStack => STAMP_VERSIONS,
        _ => VERSIONS,
    };
    api_version(request, record, known, VERSIONS)?;
    let claims = caller(shared, request)?;
    record.authorized = true;
    let subscriptions = lock(&shared.subscriptions);
    let own = subscriptions
        .iter()
        .filter(|subscription| subscription.tenant == claims.tenant);
    let entries: Vec<String> = own.map(Subscription::describe).collect();
    let count = Object::new()
        .text("type", "Total")
        .raw("value", &entries.len().to_string());
    let body = Object::new()
        .raw("value", &array(&entries))
        .raw("count", &count.finish())
        .finish();
    Ok(Reply::json(200, body))
}

/// The claims of a good token for Resource Manager, or the 401 that says what is wrong with it.
fn caller(shared: &Shared, request: &Request) -> Result<Claims, Reply> {
    let refused = |code, text: &str| Err(unauthorized(shared, code, text));
    let Some(token) = request.bearer() else {
        let text = "Authentication failed. The 'Authorization' header is missing.";
        return refused("AuthenticationFailed", text);
    };
    let now = shared.clock.now();
    let claims = match shared.tokens.verify(token, now) {
        Ok(claims) => claims,
        Err(BadToken::Expired) => {
            let text = format!(
                "The access token has expired. The current UTC time is '{}'.",
                timestamp(now)
            );
            return refused("ExpiredAuthenticationToken", &text);
        }
        Err(_) => return refused("InvalidAuthenticationToken", "The access token is invalid."),
    };
    let audiences = shared.national.management_audiences();
    let audience = claims.audience.trim_end_matches('/');
    if audiences.contains(&audience) {
        return Ok(claims);
    }
    let allowed: Vec<String> = audiences
        .iter()
        .map(|known| format!("{known}/,{known}"))
        .collect();
    let text = format!(
        "The access token has been obtained for wrong audience or resource '{}'. It should exactly \
         match with one of the allowed audiences '{}'.",
        claims.audience,
        allowed.join(",")
    );
    refused("InvalidAuthenticationTokenAudience", &text)
}

fn unauthorized(shared: &Shared, code: &str, text: &str) -> Reply {
    let login = shared.national.login_host();
    let challenge = format!(
        "Bearer authorization_uri=\"https://{login}/\", error=\"invalid_token\", \
         error_description=\"{text}\""
    );
    Reply::json(401, error(code, text)).header("www-authenticate", challenge)
}

/// What a stamp has.
const STAMP_VERSIONS: &[&str] = &["2015-11-01", "2016-05-01", "2016-06-01"];

const VERSIONS: &[&str] = &[
    "2015-11-01",
    "2016-05-01",
    "2016-06-01",
    "2018-06-01",
    "2019-06-01",
    "2020-01-01",
    "2021-01-01",
    "2022-12-01",
];

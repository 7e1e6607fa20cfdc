//! Identity `managed_identity`: a token from an endpoint of the machine (protocol notes 4).
//!
//! Which endpoint is decided by what lies on the machine, without a request. What it sends
//! is believed as far as a token goes: that it is for the audience and, where the platform
//! tells, for the identity that was asked for. Service Fabric (a self-signed certificate
//! pinned by SHA-1) and Cloud Shell (a person's token) are left out.

mod arc;
mod platform;
mod refusal;
mod source;

use std::path::Path;

use percent_encoding::utf8_percent_encode;

use super::{endpoint, reply, Token};
use crate::clock;
use crate::config::{ManagedSource, Selector};
use crate::error::{Error, ManagedIdentityProblem};
use crate::http::{Client, MachineRequest, Reply};
use crate::json::{Malformed, Members};
use crate::name;
use crate::secret::Secret;
use platform::{Kind, Platform};
use source::Signs;

/// The machine's identity and where its tokens come from.
#[derive(Debug)]
pub(super) struct ManagedIdentity {
    platform: Platform,
    selector: Option<Selector>,
    place: String,
}

impl ManagedIdentity {
    /// Finds the source by what lies on the machine; sends nothing.
    ///
    /// # Errors
    /// [`Error::ManagedIdentity`] for a platform that is left out, and for variables that are
    /// missing or do not lead to this machine.
    pub(super) fn load(source: ManagedSource, selector: Option<Selector>) -> Result<Self, Error> {
        let signs = Signs {
            variable: &source::variable,
            root: Path::new("/"),
        };
        Self::found(source::find(source, &signs)?, selector)
    }

    fn found(platform: Platform, selector: Option<Selector>) -> Result<Self, Error> {
        let selector = selector.or_else(|| platform.default.clone());
        if let Some(selector) = &selector {
            platform.kind.parameter(selector)?;
        }
        let platform_name = platform.kind.name();
        let place = match &selector {
            Some(selector) => format!(
                "managed identity {} {} ({platform_name})",
                selector.key(),
                selector.as_str()
            ),
            None => format!("managed identity of this machine ({platform_name})"),
        };
        Ok(Self {
            platform,
            selector,
            place,
        })
    }

    /// Asks the endpoint for a token for `audience`.
    pub(super) fn token(&self, client: &Client, audience: &str) -> Result<Token, Error> {
        let asked_at = clock::now();
        let query = self.query(audience)?;
        let secret = || match self.platform.kind {
            Kind::Arc => arc::key(self, client, &query, Path::new(arc::TOKENS)).map(Some),
            _ => Ok(self.platform.secret()),
        };
        let (reply, shown) = self.ask(client, &query, &secret)?;
        if reply.status != 200 || !reply.looks_like_json() {
            return Err(refusal::of(self, &reply, shown.as_ref()));
        }
        self.read(&reply, audience, asked_at)
    }

    /// What makes it another one than other identities of this machine.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// `managed identity 4f4a1d1b-… (Azure Arc)`, a resource id by its last part.
    pub(super) fn description(&self) -> String {
        let Some(selector) = &self.selector else {
            return self.place.clone();
        };
        let last = selector.as_str().rsplit('/').next().unwrap_or_default();
        format!("managed identity {last} ({})", self.platform.kind.name())
    }

    fn ask(
        &self,
        client: &Client,
        query: &str,
        secret: &dyn Fn() -> Result<Option<Secret>, Error>,
    ) -> Result<(Reply, Option<Secret>), Error> {
        let asked = MachineRequest {
            endpoint: &self.platform.endpoint,
            query,
            headers: &[("metadata", "true")],
            label: self.platform.kind.label(),
            patience: self.platform.patience,
            limit: endpoint::REPLY_LIMIT,
        };
        client
            .ask_machine(&asked, secret)
            .map_err(|error| match error {
                Error::Network { cause, .. } => {
                    self.problem(ManagedIdentityProblem::NoEndpoint(cause))
                }
                Error::Reply { host, problem } => self.problem(ManagedIdentityProblem::NoEndpoint(
                    format!("{host} {problem}"),
                )),
                error => error,
            })
    }

    fn query(&self, audience: &str) -> Result<String, Error> {
        let encoded = |text| utf8_percent_encode(text, name::RESERVED);
        let version = self.platform.kind.version();
        let audience = encoded(audience);
        Ok(match &self.selector {
            None => format!("api-version={version}&resource={audience}"),
            Some(selector) => format!(
                "api-version={version}&resource={audience}&{}={}",
                self.platform.kind.parameter(selector)?,
                encoded(selector.as_str())
            ),
        })
    }

    fn read(&self, reply: &Reply, audience: &str, asked_at: i64) -> Result<Token, Error> {
        let unusable = || self.problem(ManagedIdentityProblem::Unusable);
        let facts = Facts::read(reply.body.expose()).map_err(|_| unusable())?;
        if let Some(other) = facts.other_audience(audience) {
            let audience = name::foreign(other, 80);
            return Err(self.problem(ManagedIdentityProblem::OtherAudience { audience }));
        }
        if let (Kind::Arc, Some(selector)) = (self.platform.kind, &self.selector) {
            if !facts.name(selector) {
                let selector = selector.key();
                return Err(self.problem(ManagedIdentityProblem::NotEchoed { selector }));
            }
        }
        reply::token(&reply.body, asked_at).map_err(|_| unusable())
    }

    fn problem(&self, problem: ManagedIdentityProblem) -> Error {
        self.platform.kind.problem(problem)
    }
}

/// What a token reply says besides the token.
struct Facts {
    resource: Option<String>,
    client_id: Option<String>,
    object_id: Option<String>,
    msi_res_id: Option<String>,
}

impl Facts {
    fn read(body: &[u8]) -> Result<Self, Malformed> {
        let reply = Members::read(body)?;
        Ok(Self {
            resource: reply.any_text_of("resource")?,
            client_id: reply.any_text_of("client_id")?,
            object_id: reply.any_text_of("object_id")?,
            msi_res_id: reply.any_text_of("msi_res_id")?,
        })
    }

    /// The audience, if the reply names another one than `wanted`: platforms were seen to mix
    /// up their cached tokens (protocol notes 4.6).
    fn other_audience(&self, wanted: &str) -> Option<&str> {
        let told = self.resource.as_deref().filter(|told| !told.is_empty())?;
        let bare = |text: &'_ str| text.trim_end_matches('/').to_ascii_lowercase();
        (bare(told) != bare(wanted)).then_some(told)
    }

    /// Whether the reply names the identity that was chosen.
    fn name(&self, selector: &Selector) -> bool {
        let named = match selector {
            Selector::ClientId(_) => &self.client_id,
            Selector::ObjectId(_) => &self.object_id,
            Selector::ResourceId(_) => &self.msi_res_id,
        };
        named
            .as_ref()
            .is_some_and(|named| named.eq_ignore_ascii_case(selector.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Endpoint, Patience};

    const ID: &str = "4f4a1d1b-2a3c-4c5d-8e9f-0a1b2c3d4e5f";
    const RESOURCE: &str = "/subscriptions/s/userAssignedIdentities/gateways";

    fn identity(kind: Kind, selector: Option<Selector>) -> Result<ManagedIdentity, Error> {
        let platform = Platform {
            kind,
            endpoint: Endpoint::parse("http://127.0.0.1/").unwrap(),
            secret: None,
            patience: Patience::Full,
            default: None,
        };
        ManagedIdentity::found(platform, selector)
    }

    fn selectors() -> [Option<Selector>; 4] {
        [
            None,
            Some(Selector::ClientId(ID.to_owned())),
            Some(Selector::ObjectId(ID.to_owned())),
            Some(Selector::ResourceId(RESOURCE.to_owned())),
        ]
    }

    #[test]
    fn each_platform_is_asked_in_its_own_words() {
        let resource = "%2Fsubscriptions%2Fs%2FuserAssignedIdentities%2Fgateways";
        let object = format!("object_id={ID}");
        let client = format!("client_id={ID}");
        for (kind, version, wanted) in [
            (
                Kind::Imds,
                "2018-02-01",
                [&client, &object, &format!("msi_res_id={resource}")],
            ),
            (
                Kind::Arc,
                "2020-06-01",
                [&client, &object, &format!("msi_res_id={resource}")],
            ),
            (
                Kind::AppService,
                "2019-08-01",
                [
                    &client,
                    &format!("principal_id={ID}"),
                    &format!("mi_res_id={resource}"),
                ],
            ),
        ] {
            let base = format!("api-version={version}&resource=https%3A%2F%2Fvault.azure.net");
            let [none, some @ ..] = selectors();
            let asked = |selector| {
                let identity = identity(kind, selector).unwrap();
                identity.query("https://vault.azure.net").unwrap()
            };
            assert_eq!(asked(none), base);
            for (selector, wanted) in some.into_iter().zip(wanted) {
                assert_eq!(asked(selector), format!("{base}&{wanted}"));
            }
        }
        let [none, client, object, resource] = selectors();
        let asked = |selector| identity(Kind::AzureMl, selector).unwrap().query("a");
        assert_eq!(asked(none).unwrap(), "api-version=2017-09-01&resource=a");
        let wanted = format!("api-version=2017-09-01&resource=a&clientid={ID}");
        assert_eq!(asked(client).unwrap(), wanted);
        for selector in [object, resource] {
            let error = identity(Kind::AzureMl, selector).unwrap_err();
            assert_eq!(error.advice(), "write \"client_id\"");
        }
    }

    #[test]
    fn identities_of_a_machine_are_told_apart() {
        let mut places = Vec::new();
        for kind in [Kind::AppService, Kind::Arc, Kind::Imds] {
            for selector in selectors() {
                places.push(identity(kind, selector).unwrap().place().to_owned());
            }
        }
        places.sort();
        places.dedup();
        assert_eq!(places.len(), 12);
        let told = |selector| identity(Kind::Arc, selector).unwrap().description();
        let [none, client, _, resource] = selectors();
        assert_eq!(told(none), "managed identity of this machine (Azure Arc)");
        assert_eq!(told(client), format!("managed identity {ID} (Azure Arc)"));
        assert_eq!(told(resource), "managed identity gateways (Azure Arc)");
    }

    /// How long the token of a reply lives, or the error.
    fn read(kind: Kind, selector: Option<Selector>, fields: &str) -> Result<i64, String> {
        let body = format!(r#"{{"access_token":"t","token_type":"Bearer"{fields}}}"#);
        let reply = Reply::of(200, Secret::copy_of(body.as_bytes()));
        let identity = identity(kind, selector).unwrap();
        let token = identity.read(&reply, "https://vault.azure.net", 1000);
        token
            .map(|token| token.expires().saturating_sub(1000))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn replies_of_all_platforms_are_read() {
        for (fields, wanted) in [
            (
                r#","expires_in":"3599","expires_on":"4600","resource":"https://vault.azure.net","refresh_token":"","ext_expires_in":"9","not_before":"1""#,
                3599,
            ),
            (
                r#","expires_in":60,"resource":"https://Vault.azure.net/""#,
                60,
            ),
            (r#","expires_on":"1060","resource":"""#, 60),
            (r#","expires_on":1060,"resource":null"#, 60),
            (r#","expires_on":"01/01/1970 00:20:00 +00:00""#, 200),
            (r#","expires_on":"1/1/1970 12:20:00 AM +00:00""#, 200),
            ("", 600),
        ] {
            assert_eq!(read(Kind::Imds, None, fields), Ok(wanted), "{fields}");
        }
        for (fields, wanted) in [
            (
                r#","resource":"https://storage.azure.com/""#,
                "another audience (https://storage.azure.com/)",
            ),
            (r#","resource":7"#, "no usable token"),
            (r#","expires_on":"900""#, "no usable token"),
            (r#","access_token":"twice""#, "no usable token"),
        ] {
            let told = read(Kind::AppService, None, fields).unwrap_err();
            assert!(told.contains(wanted), "{told}");
        }
    }

    #[test]
    fn an_agent_of_arc_must_name_the_identity_that_was_chosen() {
        let upper = |text: &str| text.to_ascii_uppercase();
        let [none, client, object, resource] = selectors();
        let told = |key, id: &str| format!(r#","{key}":"{id}""#);
        for (selector, fields, good) in [
            (&none, String::new(), true),
            (&client, told("client_id", &upper(ID)), true),
            (&object, told("object_id", &upper(ID)), true),
            (&resource, told("msi_res_id", &upper(RESOURCE)), true),
            (&client, String::new(), false),
            (
                &client,
                told("client_id", "00000000-2a3c-4c5d-8e9f-0a1b2c3d4e5f"),
                false,
            ),
            (&client, told("object_id", ID), false),
            (&object, told("client_id", ID), false),
            (&resource, told("mi_res_id", RESOURCE), false),
        ] {
            let read = read(Kind::Arc, selector.clone(), &fields);
            assert_eq!(read.is_ok(), good, "{selector:?} {fields}: {read:?}");
        }
        assert!(read(Kind::Imds, client, "").is_ok());
    }
}

//! Writes the description of a cloud, in the forms it has had over the years.
//!
//! Members come in the service's order; the odd casing and the empty strings are its own.

use crate::metadata::Metadata;
use crate::national::National;
use crate::object::{array, Object};

/// A description under construction.
pub(crate) struct Document<'a> {
    pub national: National,
    pub metadata: &'a Metadata,
}

impl Document<'_> {
    /// The oldest form, without suffixes.
    pub fn flat(&self) -> String {
        let facts = self.national.facts();
        let authentication = Object::new()
            .text("loginEndpoint", &self.login_endpoint())
            .texts("audiences", &self.audiences());
        Object::new()
            .text(
                "galleryEndpoint",
                &format!("https://{}:30015/", facts.portal),
            )
            .text("graphEndpoint", &self.directory_graph())
            .text("portalEndpoint", &format!("https://{}/", facts.portal))
            .raw("authentication", &authentication.finish())
            .finish()
    }

    /// A list: the four clouds that the services admit to, or the own one alone. Only the own entry
    /// has what the test ordered.
    pub fn list(&self) -> String {
        if !LISTED.contains(&self.national) {
            return array(&[self.entry().finish()]);
        }
        let untouched = Metadata::default();
        let entries = LISTED.map(|national| {
            let metadata = match national == self.national {
                true => self.metadata,
                false => &untouched,
            };
            Document { national, metadata }.entry().finish()
        });
        array(&entries)
    }

    /// One cloud, as of 2022.
    pub fn modern(&self) -> String {
        let entry = self.entry();
        match self.national.has_ad_fs() {
            true => entry.finish(),
            false => entry
                .text(
                    "microsoftGraphResourceId",
                    &format!("https://{}/", self.national.graph_host()),
                )
                .text("appInsightsResourceId", "")
                .text("logAnalyticsResourceId", "")
                .text("ossrDbmsResourceId", "")
                .finish(),
        }
    }

    fn entry(&self) -> Object {
        let facts = self.national.facts();
        let (tenant, provider) = match self.national.has_ad_fs() {
            true => ("adfs", "ADFS"),
            false => ("common", "AAD"),
        };
        let authentication = Object::new()
            .text("loginEndpoint", &self.login_endpoint())
            .texts("audiences", &self.audiences())
            .text("tenant", tenant)
            .text("identityProvider", provider);
        let entry = Object::new()
            .text("portal", &format!("https://{}", facts.portal))
            .raw("authentication", &authentication.finish())
            .text("graphAudience", &self.directory_graph())
            .text("graph", &self.directory_graph())
            .text("name", facts.metadata_name)
            .raw("suffixes", &self.suffixes())
            .text(
                "batch",
                &self.endpoint(&format!("batch.{}", facts.storage_suffix)),
            );
        match self.metadata.resource_manager {
            true => entry.text("resourceManager", &self.endpoint(facts.resource_manager)),
            false => entry,
        }
    }

    fn suffixes(&self) -> String {
        let facts = self.national.facts();
        let base = facts.storage_suffix;
        let base = base.strip_prefix("core.").unwrap_or(base);
        let suffix = |text: &str| match self.metadata.dots {
            true => format!(".{text}"),
            false => text.to_owned(),
        };
        let mut suffixes = Object::new()
            .text("acrLoginServer", "")
            .text("sqlServerHostname", &suffix(&format!("database.{base}")));
        if let Some(member) = self.metadata.vault_member {
            let vault = self.metadata.vault_suffix.as_deref();
            suffixes = suffixes.text(member, &suffix(vault.unwrap_or(facts.vault_suffix)));
        }
        suffixes
            .text("storage", &suffix(facts.storage_suffix))
            .text("azureFrontDoorEndpointSuffix", "")
            .finish()
    }

    fn login_endpoint(&self) -> String {
        if let Some(address) = &self.metadata.login_endpoint {
            return address.clone();
        }
        let host = self.national.login_host();
        match self.national.has_ad_fs() {
            true => self.endpoint(&format!("{host}/adfs")),
            false => self.endpoint(host),
        }
    }

    /// The public cloud writes its own with a slash at the end.
    fn audiences(&self) -> Vec<String> {
        if let Some(audience) = &self.metadata.audience {
            return vec![audience.clone()];
        }
        let slash = match self.national {
            National::Public => "/",
            _ => "",
        };
        let published = self.national.management_audiences().iter();
        published
            .map(|audience| format!("{audience}{slash}"))
            .collect()
    }

    fn directory_graph(&self) -> String {
        format!("https://{}/", self.national.facts().directory_graph)
    }

    fn endpoint(&self, place: &str) -> String {
        match self.metadata.slashes {
            true => format!("https://{place}/"),
            false => format!("https://{place}"),
        }
    }
}

/// In the service's order.
const LISTED: [National; 4] = [
    National::Public,
    National::China,
    National::UsGov,
    National::Germany,
];

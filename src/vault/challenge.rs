//! The challenge of a 401 (RFC 9110, 11.6.1), checked against the configured cloud.
//!
//! A challenge names an authority and an audience. Clients that follow it can be led to
//! hand their token to a stranger (the 2022 fix in all of Microsoft's SDKs); here it only
//! explains, and must agree with the configuration.

use crate::cloud::{audience_host, preset_of_authority, preset_of_vault_suffix, Cloud, Preset};
use crate::error::RefusalCause;
use crate::name;

/// What a `Bearer` challenge says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Challenge {
    /// `authorization`: the authority with the vault's tenant.
    pub(super) authorization: Option<String>,
    /// `resource`, or `scope` without `/.default`: the audience.
    pub(super) resource: Option<String>,
}

impl Challenge {
    /// Reads a `WWW-Authenticate` header: parameters in any order, quoted or not.
    pub(super) fn parse(header: &str) -> Option<Self> {
        let (scheme, mut rest) = header.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut challenge = Self::default();
        while let Some((key, value, behind)) = parameter(rest) {
            match key.to_ascii_lowercase().as_str() {
                "authorization" | "authorization_uri" => challenge.authorization = Some(value),
                "resource" => challenge.resource = Some(value),
                "scope" => {
                    challenge.resource = Some(value.trim_end_matches("/.default").to_owned())
                }
                _ => {}
            }
            rest = behind;
        }
        Some(challenge)
    }

    /// How it disagrees with `cloud`, or nothing.
    pub(super) fn disagreement(&self, cloud: &Cloud) -> Option<RefusalCause> {
        let authority = self.authorization.as_deref().and_then(host)?;
        if !cloud.is_authority(&authority) {
            let whose = preset_of_authority(&authority);
            let shown = name::foreign(&authority, 80);
            let how = format!(
                "the vault's authority is {shown}{}, not {}",
                of_cloud(whose),
                cloud.authority
            );
            return Some(mismatch(how, whose));
        }
        let resource = self.resource.as_deref()?;
        if !resource.eq_ignore_ascii_case(&cloud.vault_audience) {
            let whose = audience_host(resource).and_then(preset_of_vault_suffix);
            let shown = name::foreign(resource, 80);
            let how = format!(
                "the vault wants tokens for {shown}{}, not {}",
                of_cloud(whose),
                cloud.vault_audience
            );
            return Some(mismatch(how, whose));
        }
        None
    }

    /// The vault's tenant, escaped.
    pub(super) fn tenant(&self) -> Option<String> {
        let path = self.authorization.as_deref()?.strip_prefix("https://")?;
        let tenant = path.split('/').nth(1).filter(|tenant| !tenant.is_empty())?;
        Some(name::foreign(tenant, 64))
    }
}

fn of_cloud(preset: Option<&Preset>) -> String {
    preset.map_or(String::new(), |preset| {
        format!(" of cloud \"{}\"", preset.name)
    })
}

fn mismatch(how: String, whose: Option<&Preset>) -> RefusalCause {
    RefusalCause::ChallengeMismatch {
        how,
        cloud: whose.map(|preset| preset.name),
    }
}

/// Host of an https URL without port, user info or other surprises.
fn host(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://")?;
    let host = rest.split(['/', '?', '#', '\\']).next()?;
    name::HostName::parse(host)
        .ok()
        .map(|host| host.as_str().to_owned())
}

/// The next `key=value`, and what stands behind it.
fn parameter(text: &str) -> Option<(&str, String, &str)> {
    let (key, rest) = text.trim_start_matches([' ', ',', '\t']).split_once('=')?;
    let rest = rest.trim_start();
    match rest.strip_prefix('"') {
        Some(quoted) => {
            let (value, behind) = quoted.split_once('"')?;
            Some((key.trim(), value.to_owned(), behind))
        }
        None => {
            let (value, behind) = rest.split_once([',', ' ']).unwrap_or((rest, ""));
            Some((key.trim(), value.to_owned(), behind))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_forms_that_services_send() {
        let wanted = Challenge {
            authorization: Some("https://login.microsoftonline.us/t".to_owned()),
            resource: Some("https://vault.usgovcloudapi.net".to_owned()),
        };
        for header in [
            r#"Bearer authorization="https://login.microsoftonline.us/t", resource="https://vault.usgovcloudapi.net""#,
            r#"bearer resource="https://vault.usgovcloudapi.net",authorization="https://login.microsoftonline.us/t""#,
            r#"Bearer authorization_uri=https://login.microsoftonline.us/t scope=https://vault.usgovcloudapi.net/.default"#,
        ] {
            assert_eq!(Challenge::parse(header).as_ref(), Some(&wanted), "{header}");
        }
        for header in ["", "Bearer", "Basic realm=\"x\""] {
            assert_eq!(Challenge::parse(header), None, "{header}");
        }
    }

    #[test]
    fn names_the_cloud_that_a_strange_authority_belongs_to() {
        let cloud = Cloud::preset("usgov").unwrap();
        let challenge = |authority: &str, resource: &str| Challenge {
            authorization: Some(authority.to_owned()),
            resource: Some(resource.to_owned()),
        };
        let right = challenge(
            "https://LOGIN.microsoftonline.us/t",
            "https://vault.usgovcloudapi.net",
        );
        assert_eq!(right.disagreement(&cloud), None);
        let alias = challenge(
            "https://login.usgovcloudapi.net/t",
            "https://vault.usgovcloudapi.net",
        );
        assert_eq!(alias.disagreement(&cloud), None);
        for (authority, resource, told, whose) in [
            (
                "https://login.windows.net/t",
                "https://vault.azure.net",
                "the vault's authority is login.windows.net of cloud \"public\", not login.microsoftonline.us",
                Some("public"),
            ),
            (
                "https://login.evil.org/t",
                "https://vault.azure.net",
                "the vault's authority is login.evil.org, not login.microsoftonline.us",
                None,
            ),
            (
                "https://login.microsoftonline.us/t",
                "https://vault.azure.cn",
                "the vault wants tokens for https://vault.azure.cn of cloud \"china\", not https://vault.usgovcloudapi.net",
                Some("china"),
            ),
            (
                "https://login.microsoftonline.us/t",
                "https://evil.org",
                "the vault wants tokens for https://evil.org, not https://vault.usgovcloudapi.net",
                None,
            ),
        ] {
            let expected = RefusalCause::ChallengeMismatch {
                how: told.to_owned(),
                cloud: whose,
            };
            let found = challenge(authority, resource).disagreement(&cloud);
            assert_eq!(found, Some(expected));
        }
    }
}

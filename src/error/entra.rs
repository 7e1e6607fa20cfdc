//! What to do about an AADSTS code (protocol notes 3.10, Entra's error reference).

use super::SignInRefusal;

/// The next step for a refused sign-in.
pub(super) fn advice(refusal: &SignInRefusal) -> String {
    let credential = &refusal.credential;
    let client = &refusal.client_id;
    let tenant = &refusal.tenant;
    let (cloud, audience) = (&refusal.cloud, &refusal.audience);
    if refusal.adfs_code == Some(9602) {
        return "AD FS does not know the audience: check vault_audience of the cloud object"
            .to_owned();
    }
    if let (Some(90_002 | 90_038 | 900_382 | 900_432), Some(home)) = (refusal.code, refusal.home) {
        return format!("tenant {tenant} lives in cloud \"{home}\": set \"cloud\" to it");
    }
    match refusal.code {
        Some(7_000_215) => format!("put the secret's VALUE (not its id) into {credential}"),
        Some(7_000_222) => format!("the client secret has expired: make a new one for app {client} and put it into {credential}"),
        Some(7_000_218) => format!("allow public client flows for app {client} (device_code, password), or use an identity with a secret or certificate"),
        Some(700_016) => format!("app {client} is not in tenant {tenant} of cloud \"{cloud}\": check client_id, tenant and cloud"),
        Some(7_000_112) => format!("enable the service principal of app {client}"),
        Some(700_027) => format!("register the certificate of {credential} at app {client}, or renew it there if it has expired"),
        Some(700_024) => "set this device's clock (NTP): the signed request lies outside its time".to_owned(),
        Some(700_030) => format!("app {client} trusts another subject or issuer; set send_chain, or renew the certificate with the trusted subject"),
        Some(50_012) => format!("check that the certificate of {credential} is registered at app {client}, and this device's clock"),
        Some(70_021 | 70_025 | 700_211 | 700_212 | 700_213) => federated(refusal),
        Some(700_229) => "use an app's or a managed identity's token as the federated token".to_owned(),
        Some(90_002) => format!("tenant {tenant} is not in cloud \"{cloud}\": correct \"tenant\", or set \"cloud\" to the tenant's cloud"),
        Some(900_023) => "write \"tenant\" as the tenant's GUID or domain".to_owned(),
        Some(90_038 | 900_382 | 900_432) => format!("tenant {tenant} lives in another cloud than \"{cloud}\": set \"cloud\" to it"),
        Some(500_011) => format!("{audience} is not known in tenant {tenant}: set \"cloud\", now \"{cloud}\", to the cloud of tenant and vault, or correct its vault_audience"),
        Some(50_001 | 650_057) => format!("{audience} is wrong for tenant {tenant}: set \"cloud\", now \"{cloud}\", to the tenant's cloud"),
        Some(28_002 | 70_011 | 700_022 | 1_002_012) => "the scope was refused: check vault_audience of the cloud object".to_owned(),
        Some(50_034) => "check the user's name and tenant".to_owned(),
        Some(50_126) => "correct the password; do not try again before, the account locks".to_owned(),
        Some(50_053) => "wait until the account is unlocked, and look at its sign-in log".to_owned(),
        Some(50_055 | 50_057) => "renew the password or enable the user".to_owned(),
        Some(50_072 | 50_074 | 50_076 | 50_078 | 50_079) => "a person must answer there: use a service principal or managed identity".to_owned(),
        Some(50_097 | 50_158) => "the tenant wants device authentication: use a service principal or managed identity".to_owned(),
        Some(53_000 | 53_001 | 53_003) => format!("Conditional Access blocks app {client} from here, or the device code flow: exclude it or allow this address (IPv6 too)"),
        Some(530_003 | 530_032 | 530_035) => format!("a policy of tenant {tenant} blocks this: ask its administrator"),
        Some(65_001) => format!("let an administrator consent to app {client}"),
        Some(50_105) => format!("assign the identity to the enterprise application of {client}"),
        Some(50_059 | 50_194 | 9_001_023) => "set \"tenant\" to the tenant's GUID".to_owned(),
        Some(70_008 | 50_173 | 700_082) => "sign in again".to_owned(),
        Some(50_049) => "the authority does not know this cloud: check \"cloud\"".to_owned(),
        Some(50_196) => "the same request came too often: run less frequently".to_owned(),
        Some(code) => format!("look up AADSTS{code} for app {client} in tenant {tenant}"),
        None if refusal.adfs_code.is_some() => format!("check at AD FS that app {client} is registered with this credential ({credential})"),
        None => format!("hand the ticket's block to whoever runs tenant {tenant}"),
    }
}

/// A federated credential must fit its token letter by letter.
fn federated(refusal: &SignInRefusal) -> String {
    let client = &refusal.client_id;
    let Some(token) = &refusal.federated else {
        return format!(
            "compare issuer, audience and subject of the federated credential of app {client}"
        );
    };
    let what = match (refusal.code, &token.usual_audience) {
        (Some(700_212), Some(usual)) if *usual != token.audience => {
            return format!(
                "let the token's issuer write the audience {usual} (now {})",
                token.audience
            );
        }
        (Some(700_211), _) => format!("issuer {}", token.issuer),
        (Some(700_212), _) => format!("audience {}", token.audience),
        (Some(700_213), _) => format!("subject {}", token.subject),
        _ => format!(
            "issuer {}, audience {}, subject {}",
            token.issuer, token.audience, token.subject
        ),
    };
    format!("give app {client} a federated credential with {what}")
}

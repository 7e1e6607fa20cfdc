//! The login host: what it accepts, and the code of each refusal.

use cloud::{Device, DeviceAuthority, National, Validity};
use serde_json::json;
use x509_cert::der::asn1::AnyRef;
use x509_cert::der::Decode;

use crate::client::{Assertion, Bench, Client, AUDIENCE};

#[test]
fn a_secret_gives_a_token_with_numbers() {
    let bench = Bench::new();
    let reply = bench.post_changed(&[]);
    assert_eq!(reply.status, 200, "{}", reply.body);
    let json = reply.json();
    assert_eq!(json["token_type"], "Bearer");
    assert_eq!(json["expires_in"], 3599);
    assert!(reply.header("date").unwrap().ends_with(" GMT"));
    assert!(bench.cloud.requests()[0].authorized);
    assert!(bench.cloud.unexpected().is_empty());
}

#[test]
fn http_basic_is_accepted() {
    let bench = Bench::new();
    let pair = format!("{}:s~e%2Bc%2Fr%26t", bench.app.client_id);
    let pair = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, pair);
    let form = format!("grant_type=client_credentials&scope={AUDIENCE}/.default");
    let host = bench.cloud.login_host();
    let reply = bench.client.open(&host).send(&format!(
        "POST {} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Basic {pair}\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        bench.token_path(),
        form.len()
    ));
    assert_eq!(reply.unwrap().status, 200);
}

#[test]
fn each_wrong_request_has_its_code() {
    let bench = Bench::new();
    let stranger = cloud::guid();
    let cases = [
        ("client_secret", "wrong", 401, 7000215),
        ("client_secret", "", 401, 7000218),
        ("client_id", stranger.as_str(), 400, 700016),
        ("grant_type", "implicit", 400, 70003),
        ("grant_type", "", 400, 900144),
        ("scope", AUDIENCE, 400, 1002012),
        ("scope", "a/.default b/.default", 400, 70011),
        ("scope", "https://vault.azure.net/.default", 400, 500011),
        ("scope", "", 400, 900144),
    ];
    for (name, value, status, code) in cases {
        let reply = bench.post_changed(&[(name, value)]);
        assert_eq!(
            (reply.status, reply.code()),
            (status, code),
            "{name}={value}"
        );
    }
}

#[test]
fn an_expired_secret_and_a_disabled_app_are_told_apart() {
    let bench = Bench::new();
    bench
        .cloud
        .expire_secret_credential(&bench.app, "s~e+c/r&t");
    assert_eq!(bench.post_changed(&[]).code(), 7000222);
    bench.cloud.disable_app(&bench.app);
    assert_eq!(bench.post_changed(&[]).code(), 7000112);
}

#[test]
fn tenants_that_are_not_here_are_refused() {
    let bench = Bench::new();
    let host = bench.cloud.login_host();
    let fields = bench.secret_fields();
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let cases = [
        (cloud::guid(), 90002),
        ("plant7.onmicrosoft.com".to_owned(), 90002),
        ("not_a_tenant".to_owned(), 900023),
        ("common".to_owned(), 50059),
    ];
    for (tenant, code) in cases {
        let path = format!("/{tenant}/oauth2/v2.0/token");
        assert_eq!(
            bench.client.post(&host, &path, &fields).code(),
            code,
            "{tenant}"
        );
        if tenant != "common" {
            let path = format!("/{tenant}/v2.0/.well-known/openid-configuration");
            assert_eq!(
                bench.client.get(&host, &path, None).code(),
                code,
                "{tenant}"
            );
        }
    }
}

#[test]
fn a_moved_tenant_points_at_its_cloud() {
    let bench = Bench::new();
    bench.cloud.move_tenant_to(National::Public);
    assert_eq!(bench.post_changed(&[]).code(), 900382);
    let path = format!(
        "/{}/v2.0/.well-known/openid-configuration",
        bench.cloud.tenant()
    );
    let reply = bench.client.get(&bench.cloud.login_host(), &path, None);
    assert_eq!(reply.json()["cloud_instance_name"], "microsoftonline.com");
}

#[test]
fn a_good_assertion_is_accepted_once() {
    let bench = Bench::new();
    let device = Device::new("device-1");
    bench
        .cloud
        .add_certificate(&bench.app, &device.certificate_der);
    let assertion = Assertion::new(&bench, &device).sign();
    assert_eq!(bench.post_assertion(&assertion).status, 200);
    assert!(bench.cloud.requests()[0].notes.is_empty());
    assert_eq!(bench.post_assertion(&assertion).code(), 50012);
    let again = Assertion::new(&bench, &device).sign();
    assert_eq!(bench.post_assertion(&again).status, 200);
}

#[test]
fn what_entra_forgives_is_noted() {
    let bench = Bench::new();
    let device = Device::new("device-1");
    bench
        .cloud
        .add_certificate(&bench.app, &device.certificate_der);
    let mut assertion = Assertion::new(&bench, &device);
    assertion.header["alg"] = json!("RS256");
    let padded = format!("{}=", assertion.header["x5t#S256"].as_str().unwrap());
    assertion.header["x5t#S256"] = json!(padded.replace('-', "+").replace('_', "/"));
    assertion.payload["iat"] = assertion.payload["nbf"].take();
    assert_eq!(bench.post_assertion(&assertion.sign()).status, 200);
    assert_eq!(bench.cloud.requests()[0].notes.len(), 3);
}

#[test]
fn bad_assertions_are_refused() {
    let bench = Bench::new();
    let device = Device::new("device-1");
    let other = Device::builder("device-2").key(1).build();
    bench
        .cloud
        .add_certificate(&bench.app, &device.certificate_der);
    let now = Assertion::new(&bench, &device).payload["nbf"]
        .as_u64()
        .unwrap();
    type Change<'a> = &'a dyn Fn(&mut Assertion);
    let cases: [(&str, i64, Change); 13] = [
        ("audience of another tenant", 700023, &|a| {
            a.payload["aud"] = json!("https://login.microsoftonline.us/x/oauth2/v2.0/token")
        }),
        ("issuer", 700021, &|a| a.payload["iss"] = json!("x")),
        ("subject", 700021, &|a| a.payload["sub"] = json!("x")),
        ("no jti", 50027, &|a| a.payload["jti"] = json!(null)),
        ("expired", 700024, &|a| a.payload["exp"] = json!(now - 400)),
        ("not yet valid", 700024, &|a| {
            a.payload["nbf"] = json!(now + 900)
        }),
        ("good for too long", 700024, &|a| {
            a.payload["exp"] = json!(now + 90_000)
        }),
        ("text for a time", 50027, &|a| {
            a.payload["exp"] = json!("soon")
        }),
        ("algorithm none", 50027, &|a| {
            a.header["alg"] = json!("none")
        }),
        ("algorithm HS256", 50027, &|a| {
            a.header["alg"] = json!("HS256")
        }),
        ("no thumbprint", 5002723, &|a| {
            a.header["x5t#S256"] = json!(null)
        }),
        ("another device's certificate", 700027, &|a| {
            a.header = Assertion::new(&bench, &other).header
        }),
        ("another device's key", 700027, &|a| {
            a.key = Assertion::new(&bench, &other).key
        }),
    ];
    for (what, code, change) in cases {
        let mut assertion = Assertion::new(&bench, &device);
        change(&mut assertion);
        let reply = bench.post_assertion(&assertion.sign());
        assert_eq!((reply.status, reply.code()), (401, code), "{what}");
    }
    let good = Assertion::new(&bench, &device);
    let (signed, _) = good
        .sign()
        .rsplit_once('.')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let tampered = Assertion::new(&bench, &device).sign();
    let signature = tampered.rsplit_once('.').unwrap().1;
    assert_eq!(
        bench
            .post_assertion(&format!("{signed}.{signature}"))
            .code(),
        700027
    );
    assert_eq!(bench.post_assertion(&format!("{signed}.")).code(), 700027);
    assert_eq!(bench.post_assertion(&signed).code(), 50027);
}

#[test]
fn a_device_with_a_wrong_clock_is_told() {
    let bench = Bench::new();
    let device = Device::new("device-1");
    bench
        .cloud
        .add_certificate(&bench.app, &device.certificate_der);
    for (offset, status) in [(-200, 200), (200, 200), (-2000, 401), (2000, 401)] {
        bench.cloud.set_clock_offset(offset);
        let reply = bench.post_assertion(&Assertion::new(&bench, &device).sign());
        assert_eq!(reply.status, status, "{offset}");
    }
}

#[test]
fn certificates_count_only_while_they_are_valid() {
    let bench = Bench::new();
    let cases = [
        (Validity::Expired, 401),
        (Validity::Far, 200),
        (Validity::NotYet, 401),
        (Validity::Soon, 200),
    ];
    for (validity, status) in cases {
        let device = Device::builder("device-1").validity(validity).build();
        let der = &device.certificate_der;
        bench.cloud.add_certificate(&bench.app, der);
        let reply = bench.post_assertion(&Assertion::new(&bench, &device).sign());
        assert_eq!(reply.status, status, "{validity:?}");
        if status == 401 {
            assert!(reply.body.contains("The key used is expired."));
        }
    }
    bench.cloud.remove_certificates(&bench.app);
    let device = Device::new("device-1");
    let reply = bench.post_assertion(&Assertion::new(&bench, &device).sign());
    assert!(reply.body.contains("The key was not found."));
}

#[test]
fn devices_come_in_all_forms() {
    let authority = DeviceAuthority::new("Plant 7 CA");
    let device = Device::builder("device-1").issued_by(&authority).build();
    assert_eq!(
        device.certificate_pem.matches("BEGIN CERTIFICATE").count(),
        2
    );
    assert!(device
        .combined_pem
        .starts_with("-----BEGIN PRIVATE KEY-----\n"));
    assert!(device
        .private_key_pkcs1_pem
        .unwrap()
        .contains("BEGIN RSA PRIVATE KEY"));
    let elliptic = Device::builder("device-1").elliptic().build();
    assert!(elliptic.private_key_pkcs1_pem.is_none());
    let encrypted = Device::encrypted_private_key_pem();
    let parsed = pem_contents(&encrypted);
    assert!(AnyRef::from_der(&parsed).is_ok());
}

fn pem_contents(pem: &str) -> Vec<u8> {
    let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    base64::Engine::decode(&base64::prelude::BASE64_STANDARD, text).unwrap()
}

#[test]
fn a_trusted_subject_needs_its_chain() {
    let bench = Bench::new();
    let authority = DeviceAuthority::new("Plant 7 CA");
    let device = Device::builder("device-1").issued_by(&authority).build();
    let issuer = authority.certificate_der();
    bench
        .cloud
        .trust_subject(&bench.app, &issuer, "CN=device-1");

    let bare = Assertion::new(&bench, &device).sign();
    assert_eq!(bench.post_assertion(&bare).code(), 700027);
    let chain: [&[u8]; 2] = [&device.certificate_der, &issuer];
    let whole = Assertion::new(&bench, &device).with_chain(&chain).sign();
    assert_eq!(bench.post_assertion(&whole).status, 200);

    let stranger = Device::builder("device-2").issued_by(&authority).build();
    let chain: [&[u8]; 2] = [&stranger.certificate_der, &issuer];
    let wrong_name = Assertion::new(&bench, &stranger).with_chain(&chain).sign();
    assert_eq!(bench.post_assertion(&wrong_name).code(), 700030);

    let false_authority = DeviceAuthority::with_key("Plant 7 CA", 1);
    let forged = Device::builder("device-1")
        .issued_by(&false_authority)
        .build();
    let chain: [&[u8]; 1] = [&forged.certificate_der];
    let forged = Assertion::new(&bench, &forged).with_chain(&chain).sign();
    assert_eq!(bench.post_assertion(&forged).code(), 700027);
}

#[test]
fn every_cloud_answers_under_its_own_names() {
    for national in National::ALL {
        let cloud = cloud::Cloud::start(national).unwrap();
        let client = Client::new(cloud.address(), cloud.ca_pem());
        let (document, endpoint) = match national {
            National::AzureStack => ("", "oauth2/token/"),
            _ => ("v2.0/", "oauth2/v2.0/token"),
        };
        let tenant = cloud.tenant();
        let path = format!("/{tenant}/{document}.well-known/openid-configuration");
        for host in cloud
            .login_aliases()
            .iter()
            .copied()
            .chain([cloud.login_host().as_str()])
        {
            let reply = client.get(host, &path, None);
            let endpoint = format!("https://{host}/{tenant}/{endpoint}");
            assert_eq!(reply.json()["token_endpoint"], endpoint);
        }
        let vault = cloud.vault("factory7-edge");
        let reply = client.get(vault.host(), "/secrets?api-version=7.4", None);
        let challenge = format!(
            "Bearer authorization=\"https://{}/{tenant}\", resource=\"https://{}\"",
            cloud.login_host(),
            national.vault_suffix()
        );
        assert_eq!(reply.header("www-authenticate").unwrap(), challenge);
    }
}

#[test]
fn instances_are_known_or_invalid() {
    let bench = Bench::new();
    let host = bench.cloud.login_host();
    let ask = |endpoint: &str| {
        let path = format!("/common/discovery/instance?api-version=1.1&authorization_endpoint=https://{endpoint}/t/oauth2/v2.0/authorize");
        bench.client.get(&host, &path, None)
    };
    let known = ask("login.microsoftonline.us").json();
    assert_eq!(known["metadata"][0]["preferred_cache"], "login.windows.net");
    let unknown = ask("login.evil.example");
    assert_eq!(unknown.json()["error"], "invalid_instance");
}

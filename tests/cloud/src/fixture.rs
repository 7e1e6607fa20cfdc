//! What the loopback cloud on its own holds: something of everything that a client may ask for.

use cloud::{
    Blob, Certificate, Cloud, Denial, Device, DeviceAnswer, DeviceAuthority, DeviceCodePolicy, Key,
    Properties, Scope, Secret, TokenIssuer,
};
use rcgen::{KeyPair, PublicKeyData, PKCS_ECDSA_P384_SHA384};
use serde_json::{json, Value};

/// A certificate that somebody else made: the PFX, and the same as PEM.
pub(crate) struct Pfx {
    pub der: Vec<u8>,
    pub pem: String,
}

/// Fills the cloud; gives what a client has to know.
pub(crate) fn seed(cloud: &Cloud, device: &Device, pfx: Option<Pfx>) -> Value {
    let credential = cloud::guid();
    let with_secret = cloud.add_app();
    cloud.add_secret_credential(&with_secret, &credential);
    let with_certificate = cloud.add_app();
    cloud.add_certificate(&with_certificate, &device.certificate_der);
    let with_subject = cloud.add_app();
    cloud.trust_subject(&with_subject, &device.certificate_der, "CN=device-0001");

    let first = fill_vaults(cloud);
    let objects = fill_objects_vault(cloud, pfx);
    fill_older_vault(cloud);
    let blobs = fill_storage(cloud);
    cloud.add_subscription("Plant 7");
    let public = cloud.add_app();
    cloud.allow_public_client(&public);
    cloud.add_user(USER, &credential);
    cloud.set_device_code(DeviceCodePolicy {
        answer: DeviceAnswer::ApproveAfter(1),
        interval: 1,
        ..DeviceCodePolicy::default()
    });
    let federated = cloud.add_app();
    let issuer = TokenIssuer::new("https://oidc.plant7.example");
    cloud.trust_issuer(&federated, &issuer, "device-0001", EXCHANGE);

    json!({
        "address": cloud.address().to_string(),
        "national": cloud.national().name(),
        "login_host": cloud.login_host(),
        "tenant": cloud.tenant(),
        "vault": "factory7-edge",
        "vault_host": cloud.vault_host("factory7-edge"),
        "forbidden_vault_host": cloud.vault_host("forbidden"),
        "older_version": first,
        "secret_app": { "client_id": with_secret.client_id, "client_secret": credential },
        "certificate_app": { "client_id": with_certificate.client_id },
        "subject_app": { "client_id": with_subject.client_id },
        "public_app": { "client_id": public.client_id },
        "user": { "name": USER, "password": credential },
        "federated_app": {
            "client_id": federated.client_id,
            "token": issuer.token("device-0001", EXCHANGE, 3600),
        },
        "resource_manager_host": cloud.resource_manager_host(),
        "graph_host": cloud.graph_host(),
        "objects": objects,
        "objects_vault_host": cloud.vault_host("plant7-objects"),
        "older_vault_host": cloud.vault_host("plant7-older"),
        "blob_host": cloud.blob_host("plant7store"),
        "closed_blob_host": cloud.blob_host("plant7closed"),
        "blobs": blobs,
    })
}

/// Fills the vaults; gives the id of an older version.
fn fill_vaults(cloud: &Cloud) -> String {
    let vault = cloud.vault("factory7-edge");
    vault.set("mqtt-password", "an older password");
    let first = vault.set("mqtt-password", "a newer password");
    vault.set("mqtt-password", "correct horse battery staple");
    vault.set("greeting", MANY_LINES);
    vault.set("retired", "nobody may read this");
    vault.disable("retired", "latest");
    let mut described = Secret::new("{\"host\":\"broker.plant7.example\",\"port\":8883}");
    described.content_type = Some("application/json".to_owned());
    described.tags = vec![("line".to_owned(), "7".to_owned())];
    described.expires = Some(4_102_444_800);
    vault.set_with("broker", described);
    for number in 1..=30 {
        vault.set(
            &format!("sensor-{number:02}"),
            &format!("key of sensor {number}"),
        );
    }
    cloud.vault("forbidden").deny(Denial::Rbac, Scope::Vault);
    first
}

/// Certificates, keys and lists with empty pages; gives what has to come back.
fn fill_objects_vault(cloud: &Cloud, pfx: Option<Pfx>) -> Value {
    let vault = cloud.vault("plant7-objects");
    vault.set_empty_pages(1);
    let authority = DeviceAuthority::new("Plant 7");
    let broker = Device::builder("broker").issued_by(&authority).build();
    let older = vault.set_certificate("broker", Certificate::pem(&broker.combined_pem));
    let properties = Properties::new().tag("line", "7").expires(4_102_444_800);
    let certificate = Certificate::pem(&broker.combined_pem).with(properties);
    vault.set_certificate("broker", certificate);
    let has_pfx = pfx.is_some();
    if let Some(pfx) = pfx {
        vault.set_certificate("gateway", Certificate::pfx(pfx.der, pfx.pem));
    }
    for number in 1..=28 {
        let certificate = Certificate::pem(&broker.combined_pem);
        vault.set_certificate(&format!("sensor-{number:02}"), certificate);
    }
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).expect("P-384 is known");
    let spki = pair.subject_public_key_info();
    vault.set_key("signing", Key::from_spki(&spki));
    vault.set_key("signing-hsm", Key::from_spki(&spki).in_hsm());
    json!({
        "older_version": older,
        "broker_pem": broker.combined_pem,
        "has_pfx": has_pfx,
        "signing_key": hexadecimal(&spki),
    })
}

/// A vault that knows 7.4 and writes ports into its links.
fn fill_older_vault(cloud: &Cloud) {
    let vault = cloud.vault("plant7-older");
    vault.know_versions_up_to("7.4");
    vault.set_next_link_origin(Some(&format!("{}:443", vault.url())));
    for number in 1..=30 {
        vault.set(&format!("sensor-{number:02}"), "hush");
    }
}

/// Blobs of all kinds; gives what has to come back.
fn fill_storage(cloud: &Cloud) -> Value {
    let account = cloud.storage_account("plant7store");
    account.add_container("images");
    let etag = account.put("firmware", "edge/Größe 7.bin", MANY_LINES);
    account.put("firmware", "empty", "");
    account.put_with("firmware", "old", Blob::new("cold").archived());
    let large = Blob::generated(5 * 1024 * 1024 + 5, 7);
    account.put_with("firmware", "large", large.clone());
    let closed = cloud.storage_account("plant7closed");
    closed.put("firmware", "hidden", "hush");
    closed.deny();
    json!({ "text": MANY_LINES, "etag": etag, "large_sha256": large.sha256() })
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const USER: &str = "worker@plant7.example";

/// The audience of tokens that Entra takes from others.
const EXCHANGE: &str = "api://AzureADTokenExchange";

const MANY_LINES: &str = "Grüße aus Werk 7\n第二行\n\tthird \"line\" \\ with a backslash\n";

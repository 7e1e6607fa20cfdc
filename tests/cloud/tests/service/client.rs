//! A client made by hand: a TLS session, requests as text, replies taken apart.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::prelude::{Engine, BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use cloud::{App, Cloud, Device, National};
use rsa::pkcs8::DecodePrivateKey;
use rsa::rand_core::OsRng;
use rsa::sha2::{Digest, Sha256};
use rsa::signature::{RandomizedSigner, SignatureEncoding};
use rsa::RsaPrivateKey;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{json, Value};
use sha1::Sha1;

pub const AUDIENCE: &str = "https://vault.usgovcloudapi.net";

/// A cloud, an application with a secret, and a client that trusts the cloud.
pub struct Bench {
    pub cloud: Cloud,
    pub app: App,
    pub client: Client,
}

impl Bench {
    pub fn new() -> Bench {
        Bench::of(National::UsGov)
    }

    pub fn of(national: National) -> Bench {
        let cloud = Cloud::start(national).unwrap();
        let app = cloud.add_app();
        cloud.add_secret_credential(&app, "s~e+c/r&t");
        let client = Client::new(cloud.address(), cloud.ca_pem());
        Bench { cloud, app, client }
    }

    pub fn token_path(&self) -> String {
        match self.cloud.national() {
            National::AzureStack => "/adfs/oauth2/token".to_owned(),
            _ => format!("/{}/oauth2/v2.0/token", self.cloud.tenant()),
        }
    }

    /// Posts a form to the token endpoint.
    pub fn post(&self, fields: &[(&str, &str)]) -> Reply {
        let host = self.cloud.login_host();
        self.client.post(&host, &self.token_path(), fields)
    }

    /// The fields of a good request with the application's secret.
    pub fn secret_fields(&self) -> Vec<(&'static str, String)> {
        vec![
            ("grant_type", "client_credentials".to_owned()),
            ("client_id", self.app.client_id.clone()),
            ("scope", format!("{AUDIENCE}/.default")),
            ("client_secret", "s~e+c/r&t".to_owned()),
        ]
    }

    /// Posts the good request with some fields changed.
    pub fn post_changed(&self, changes: &[(&str, &str)]) -> Reply {
        let fields = self.secret_fields();
        let changed: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| {
                let change = changes.iter().find(|(changed, _)| changed == name);
                (*name, change.map_or(value.as_str(), |(_, value)| value))
            })
            .collect();
        self.post(&changed)
    }

    pub fn post_assertion(&self, assertion: &str) -> Reply {
        self.post(&[
            ("grant_type", "client_credentials"),
            ("client_id", &self.app.client_id),
            ("scope", &format!("{AUDIENCE}/.default")),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion),
        ])
    }

    pub fn token(&self) -> String {
        let reply = self.post_changed(&[]);
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// Reads from the vault `factory7-edge` with a fresh token.
    pub fn read(&self, path: &str) -> Reply {
        self.read_with(path, Some(&self.token()))
    }

    pub fn read_with(&self, path: &str, token: Option<&str>) -> Reply {
        let host = self.cloud.vault_host("factory7-edge");
        self.client.get(&host, path, token)
    }
}

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Opens sessions to one address.
pub struct Client {
    address: SocketAddr,
    config: Arc<ClientConfig>,
}

impl Client {
    pub fn new(address: SocketAddr, ca_pem: &str) -> Client {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap();
        roots.add(root).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Client {
            address,
            config: Arc::new(config),
        }
    }

    pub fn open(&self, host: &str) -> Session {
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let connection = ClientConnection::new(self.config.clone(), name).unwrap();
        let tcp = TcpStream::connect(self.address).unwrap();
        Session {
            stream: StreamOwned::new(connection, tcp),
            host: host.to_owned(),
        }
    }

    pub fn get(&self, host: &str, path: &str, token: Option<&str>) -> Reply {
        self.open(host).get(path, token).unwrap()
    }

    pub fn post(&self, host: &str, path: &str, fields: &[(&str, &str)]) -> Reply {
        let form: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", escape(value)))
            .collect();
        let form = form.join("&");
        let mut session = self.open(host);
        session
            .send(&format!(
                "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: \
                 application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
                form.len()
            ))
            .unwrap()
    }
}

/// One TLS connection.
pub struct Session {
    pub stream: StreamOwned<ClientConnection, TcpStream>,
    host: String,
}

impl Session {
    pub fn get(&mut self, path: &str, token: Option<&str>) -> io::Result<Reply> {
        let bearer = token.map_or(String::new(), |token| {
            format!("Authorization: Bearer {token}\r\n")
        });
        let host = self.host.clone();
        self.send(&format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\n{bearer}\r\n"
        ))
    }

    pub fn send(&mut self, request: &str) -> io::Result<Reply> {
        self.stream.write_all(request.as_bytes())?;
        self.stream.flush()?;
        read_reply(&mut self.stream)
    }
}

/// Reads one reply with its body.
pub fn read_reply(stream: &mut impl Read) -> io::Result<Reply> {
    let mut reply = read_head(stream)?;
    let length: usize = reply.header("content-length").unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    reply.body = String::from_utf8(body).unwrap();
    Ok(reply)
}

/// Reads a reply up to its body.
pub fn read_head(stream: &mut impl Read) -> io::Result<Reply> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let status = head
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3));
    let Some(status) = status.and_then(|status| status.parse().ok()) else {
        return Err(io::Error::other("not HTTP"));
    };
    Ok(Reply {
        status,
        head,
        body: String::new(),
    })
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The AADSTS code of a refusal.
    pub fn code(&self) -> i64 {
        let json = self.json();
        let code = json["error_codes"][0].as_i64().unwrap();
        let description = json["error_description"].as_str().unwrap();
        assert!(description.starts_with(&format!("AADSTS{code}: ")));
        code
    }

    /// Status and codes of a vault's refusal: `403 Forbidden/SecretDisabled`.
    pub fn refusal(&self) -> String {
        let json = self.json();
        let code = json["error"]["code"].as_str().unwrap();
        match json["error"]["innererror"]["code"].as_str() {
            Some(inner) => format!("{} {code}/{inner}", self.status),
            None => format!("{} {code}", self.status),
        }
    }
}

/// An assertion and all that can be wrong with it.
pub struct Assertion {
    pub header: Value,
    pub payload: Value,
    pub key: RsaPrivateKey,
}

impl Assertion {
    /// A good one for the bench's application.
    pub fn new(bench: &Bench, device: &Device) -> Assertion {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let now = now.as_secs();
        let thumbprint = Sha256::digest(&device.certificate_der);
        let audience = format!("https://{}{}", bench.cloud.login_host(), bench.token_path());
        Assertion {
            header: json!({
                "typ": "JWT",
                "alg": "PS256",
                "x5t#S256": BASE64_URL_SAFE_NO_PAD.encode(thumbprint),
            }),
            payload: json!({
                "aud": audience,
                "iss": bench.app.client_id,
                "sub": bench.app.client_id,
                "jti": cloud::guid(),
                "nbf": now - 60,
                "exp": now + 540,
            }),
            key: RsaPrivateKey::from_pkcs8_pem(&device.private_key_pem).unwrap(),
        }
    }

    /// As AD FS wants it: RS256, the certificate named by SHA-1.
    pub fn for_ad_fs(mut self, device: &Device) -> Assertion {
        let thumbprint = Sha1::digest(&device.certificate_der);
        self.header = json!({
            "typ": "JWT",
            "alg": "RS256",
            "x5t": BASE64_URL_SAFE_NO_PAD.encode(thumbprint),
        });
        self
    }

    pub fn with_chain(mut self, chain: &[&[u8]]) -> Assertion {
        let chain: Vec<String> = chain
            .iter()
            .map(|der| BASE64_STANDARD.encode(der))
            .collect();
        self.header["x5c"] = json!(chain);
        self
    }

    /// Header and payload as they are signed.
    pub fn signed_part(&self) -> String {
        format!(
            "{}.{}",
            BASE64_URL_SAFE_NO_PAD.encode(self.header.to_string()),
            BASE64_URL_SAFE_NO_PAD.encode(self.payload.to_string())
        )
    }

    pub fn sign(&self) -> String {
        let signed = self.signed_part();
        let signature = match self.header["alg"].as_str() {
            Some("RS256") => rsa::pkcs1v15::SigningKey::<Sha256>::new(self.key.clone())
                .sign_with_rng(&mut OsRng, signed.as_bytes())
                .to_vec(),
            _ => rsa::pss::SigningKey::<Sha256>::new(self.key.clone())
                .sign_with_rng(&mut OsRng, signed.as_bytes())
                .to_vec(),
        };
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

pub fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

//! The cloud's certificate authority and a server certificate for every name asked for.
//!
//! Leaves are issued on demand, for names of the played cloud only: a client that asks for
//! another name gets no handshake.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, SanType,
};
use rustls::crypto::ring::{default_provider, sign::any_supported_type, Ticketer};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::ServerConfig;
use time::{Duration, OffsetDateTime};

use crate::device::server_key;
use crate::lock;
use crate::national::National;
use crate::random;

/// What kind of certificate the server shows from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServerCertificate {
    /// Expired yesterday.
    Expired,
    /// For the name asked for, from the cloud's authority, valid now.
    Good,
    /// Valid from tomorrow.
    NotYet,
    /// From an authority of the same name that nobody trusts.
    OtherAuthority,
    /// For another name than the one asked for.
    OtherName,
}

/// Issues and keeps the server's certificates.
pub(crate) struct Certificates {
    national: National,
    authority: CertifiedIssuer<'static, KeyPair>,
    other_authority: CertifiedIssuer<'static, KeyPair>,
    leaf_key: KeyPair,
    issued: Mutex<Issued>,
}

struct Issued {
    kind: ServerCertificate,
    leaves: HashMap<(String, ServerCertificate), Arc<CertifiedKey>>,
}

impl Certificates {
    pub fn new(national: National) -> Result<Certificates, rcgen::Error> {
        // The keys are the process's: what tells one cloud's authority from another's is its name.
        let name = random::guid();
        Ok(Certificates {
            national,
            authority: authority(server_key(0), &name)?,
            other_authority: authority(server_key(1), &name)?,
            leaf_key: server_key(2),
            issued: Mutex::new(Issued {
                kind: ServerCertificate::Good,
                leaves: HashMap::new(),
            }),
        })
    }

    /// The certificate that clients have to trust.
    pub fn authority_pem(&self) -> String {
        self.authority.pem()
    }

    pub fn show(&self, kind: ServerCertificate) {
        lock(&self.issued).kind = kind;
    }

    fn leaf(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        let mut issued = lock(&self.issued);
        let wanted = (name.to_owned(), issued.kind);
        if let Some(leaf) = issued.leaves.get(&wanted) {
            return Some(leaf.clone());
        }
        let leaf = Arc::new(self.issue(name, issued.kind)?);
        issued.leaves.insert(wanted, leaf.clone());
        Some(leaf)
    }

    fn issue(&self, name: &str, kind: ServerCertificate) -> Option<CertifiedKey> {
        let name = match kind {
            ServerCertificate::OtherName => "portal.guest-network.example",
            _ => name,
        };
        let mut params = CertificateParams::new(vec![name.to_owned()]).ok()?;
        if name == LOCALHOST {
            let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
            params.subject_alt_names.push(SanType::IpAddress(address));
        }
        params.distinguished_name.push(DnType::CommonName, name);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let now = OffsetDateTime::now_utc();
        params.not_before = match kind {
            ServerCertificate::NotYet => now + Duration::days(1),
            _ => now - Duration::days(90),
        };
        params.not_after = match kind {
            ServerCertificate::Expired => now - Duration::days(1),
            _ => now + Duration::days(90),
        };
        let authority = match kind {
            ServerCertificate::OtherAuthority => &self.other_authority,
            _ => &self.authority,
        };
        let certificate = params.signed_by(&self.leaf_key, authority).ok()?;
        let key = PrivatePkcs8KeyDer::from(self.leaf_key.serialize_der());
        let key = any_supported_type(&PrivateKeyDer::Pkcs8(key)).ok()?;
        Some(CertifiedKey::new(vec![certificate.der().clone()], key))
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello
            .server_name()
            .unwrap_or(LOCALHOST)
            .to_ascii_lowercase();
        let known = name == LOCALHOST || self.national.service(&name).is_some();
        known.then(|| self.leaf(&name)).flatten()
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Certificates({:?})", self.national)
    }
}

/// TLS 1.2 and 1.3 with session tickets, HTTP/1.1 only.
pub(crate) fn server_config(
    certificates: Arc<Certificates>,
) -> Result<ServerConfig, rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.ticketer = Ticketer::new()?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn authority(key: KeyPair, name: &str) -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "Loopback Cloud Root");
    params
        .distinguished_name
        .push(DnType::OrganizationalUnitName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let now = OffsetDateTime::now_utc();
    params.not_before = now - Duration::days(365);
    params.not_after = now + Duration::days(3650);
    CertifiedIssuer::self_signed(params, key)
}

const LOCALHOST: &str = "localhost";

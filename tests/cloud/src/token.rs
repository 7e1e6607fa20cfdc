//! Access tokens: issued by the login host, verified by the vaults.
//!
//! They are what Key Vault gets in reality: v1 tokens, RS256, issuer `https://sts.windows.net/`.
//! Identity tokens for people are made here too.

use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, OnceLock};

use base64::prelude::{Engine, BASE64_URL_SAFE_NO_PAD};
use rsa::pkcs1v15::{Signature, SigningKey, VerifyingKey};
use rsa::sha2::{Digest, Sha256};
use rsa::signature::{SignatureEncoding, Signer, Verifier};
use rsa::traits::PublicKeyParts;
use rsa::RsaPrivateKey;
use serde_json::Value;

use crate::directory::App;
use crate::national::National;
use crate::object::{array, Object};
use crate::rsa_keys::new_rsa_key;
use crate::token_reply::TokenShape;
use crate::users::User;
use crate::{lock, random};

/// Issues and verifies access tokens.
pub(crate) struct Tokens {
    key: SigningKey<Sha256>,
    verifier: VerifyingKey<Sha256>,
    key_id: String,
    lifetime: AtomicI64,
    shape: Mutex<TokenShape>,
    /// The `uti` of every token that was not revoked.
    live: Mutex<HashSet<String>>,
}

/// What a token is issued for.
pub(crate) struct Grant<'a> {
    pub issuer: String,
    pub tenant: &'a str,
    pub app: &'a App,
    /// Nobody for an application's own token.
    pub user: Option<&'a User>,
    pub audience: &'a str,
}

/// What a verified token says about its bearer.
pub(crate) struct Claims {
    pub audience: String,
    pub issuer: String,
    pub tenant: String,
    pub app: App,
    /// The name of the person, if it is a person's token.
    pub user: Option<String>,
}

/// Why a token is refused before its audience and issuer are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadToken {
    Expired,
    Malformed,
    NotYetValid,
    Revoked,
    Signature,
}

impl Tokens {
    pub fn new() -> Tokens {
        let key = signing_key();
        let modulus = key.to_public_key().n().to_bytes_be();
        let key = SigningKey::<Sha256>::new(key.clone());
        Tokens {
            verifier: VerifyingKey::new(key.as_ref().to_public_key()),
            key_id: BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(modulus)[..20]),
            key,
            lifetime: AtomicI64::new(3600),
            shape: Mutex::new(TokenShape::default()),
            live: Mutex::new(HashSet::new()),
        }
    }

    pub fn set_lifetime(&self, seconds: i64) {
        self.lifetime.store(seconds, Ordering::SeqCst);
    }

    pub fn set_shape(&self, shape: TokenShape) {
        *lock(&self.shape) = shape;
    }

    pub fn shape(&self) -> TokenShape {
        *lock(&self.shape)
    }

    pub fn revoke_all(&self) {
        lock(&self.live).clear();
    }

    /// A token and the `expires_in` that goes with it.
    pub fn issue(&self, grant: &Grant, now: i64) -> (String, i64) {
        let lifetime = self.lifetime.load(Ordering::SeqCst);
        let unique = BASE64_URL_SAFE_NO_PAD.encode(random::bytes::<16>());
        let header = Object::new()
            .text("typ", "JWT")
            .text("alg", "RS256")
            .text("x5t", &self.key_id)
            .text("kid", &self.key_id)
            .finish();
        let (kind, proof, object_id) = match grant.user {
            None => ("app", "2", &grant.app.object_id),
            Some(user) => ("user", "0", &user.object_id),
        };
        let mut payload = Object::new()
            .text("aud", grant.audience)
            .text("iss", &grant.issuer)
            .number("iat", now - 300)
            .number("nbf", now - 300)
            .number("exp", now + lifetime)
            .text("appid", &grant.app.client_id)
            .text("appidacr", proof)
            .text("idp", &grant.issuer)
            .text("idtyp", kind)
            .text("oid", object_id)
            .text("sub", object_id)
            .text("tid", grant.tenant)
            .text("uti", &unique)
            .text("ver", "1.0");
        if let Some(user) = grant.user {
            payload = payload
                .text("scp", "user_impersonation")
                .text("unique_name", &user.name)
                .text("upn", &user.name);
        }
        let signed = format!(
            "{}.{}",
            BASE64_URL_SAFE_NO_PAD.encode(header),
            BASE64_URL_SAFE_NO_PAD.encode(payload.finish())
        );
        let signature = self.key.sign(signed.as_bytes()).to_vec();
        lock(&self.live).insert(unique);
        let token = format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature));
        (token, lifetime - 1)
    }

    /// Checks signature, time and revocation.
    pub fn verify(&self, token: &str, now: i64) -> Result<Claims, BadToken> {
        let (signed, signature) = token.rsplit_once('.').ok_or(BadToken::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(BadToken::Malformed)?;
        let header = part(header)?;
        let payload = part(payload)?;
        let signature = BASE64_URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| BadToken::Malformed)?;
        let signature =
            Signature::try_from(signature.as_slice()).map_err(|_| BadToken::Signature)?;
        if header["alg"] != "RS256" {
            return Err(BadToken::Signature);
        }
        self.verifier
            .verify(signed.as_bytes(), &signature)
            .map_err(|_| BadToken::Signature)?;
        let text = |name: &str| payload[name].as_str().map(str::to_owned);
        let time = |name: &str| payload[name].as_i64().ok_or(BadToken::Malformed);
        if time("exp")? <= now {
            return Err(BadToken::Expired);
        }
        if time("nbf")? > now + 300 {
            return Err(BadToken::NotYetValid);
        }
        if !lock(&self.live).contains(&text("uti").unwrap_or_default()) {
            return Err(BadToken::Revoked);
        }
        Ok(Claims {
            audience: text("aud").unwrap_or_default(),
            issuer: text("iss").unwrap_or_default(),
            tenant: text("tid").unwrap_or_default(),
            user: text("upn"),
            app: App {
                client_id: text("appid").unwrap_or_default(),
                object_id: text("oid").unwrap_or_default(),
            },
        })
    }

    /// The JSON Web Key Set of the login host.
    pub fn key_set(&self) -> String {
        let public = self.key.as_ref().to_public_key();
        let key = Object::new()
            .text("kty", "RSA")
            .text("use", "sig")
            .text("kid", &self.key_id)
            .text("x5t", &self.key_id)
            .text(
                "n",
                &BASE64_URL_SAFE_NO_PAD.encode(public.n().to_bytes_be()),
            )
            .text(
                "e",
                &BASE64_URL_SAFE_NO_PAD.encode(public.e().to_bytes_be()),
            )
            .finish();
        Object::new().raw("keys", &array(&[key])).finish()
    }
}

/// The issuer of a tenant's v1 tokens: the same host in every cloud, but for an AD FS.
pub(crate) fn issuer(national: National, tenant: &str) -> String {
    match national.has_ad_fs() {
        true => format!("https://{}/{tenant}/services/trust", national.login_host()),
        false => format!("https://sts.windows.net/{tenant}/"),
    }
}

fn part(text: &str) -> Result<Value, BadToken> {
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| BadToken::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| BadToken::Malformed)
}

/// One key a process: making it takes a moment.
fn signing_key() -> &'static RsaPrivateKey {
    static KEY: OnceLock<RsaPrivateKey> = OnceLock::new();
    KEY.get_or_init(|| new_rsa_key(2048))
}

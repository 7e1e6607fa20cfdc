//! What TLS means here: versions, ciphers and the clock.
//!
//! ring's provider is cut down to what Azure speaks; what is left out (client keys,
//! tickets, early data) nobody here uses, and every kilobyte counts on flash.

use std::sync::Arc;
use std::time::Duration;

use ring::rand::{SecureRandom as _, SystemRandom};
use rustls::client::Resumption;
use rustls::crypto::ring::{cipher_suite, kx_group};
use rustls::crypto::{CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom};
use rustls::pki_types::{PrivateKeyDer, UnixTime};
use rustls::sign::SigningKey;
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};

use super::signatures::SIGNATURES;
use super::verifier::Verifier;
use crate::clock;
use crate::error::Error;

/// The configuration of all connections: TLS 1.2 and 1.3, no session is resumed (a run
/// connects once to a host), no client certificate.
pub(super) fn config(roots: RootCertStore) -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(provider());
    let verifier = Verifier::new(roots, Arc::clone(&provider))?;
    let mut config = ClientConfig::builder_with_details(provider, Arc::new(Clock))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| internal(&error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// A point in time that lies behind us whatever the device's clock says, in seconds since
/// 1970: when this program was released.
pub const fn release_time() -> i64 {
    match option_env!("SOURCE_DATE_EPOCH") {
        Some(text) => later(RELEASED, parse_seconds(text)),
        None => RELEASED,
    }
}

/// A bug of ours, since nothing from outside goes into the configuration.
pub(super) fn internal(error: &dyn std::error::Error) -> Error {
    Error::Internal {
        what: format!("TLS configuration: {error}"),
    }
}

/// AES-GCM alone: every server of TLS 1.3 has it (RFC 8446, 9.1), and Azure speaks nothing
/// else. ChaCha20-Poly1305 would cost 10 kB on ARM.
fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: vec![
            cipher_suite::TLS13_AES_256_GCM_SHA384,
            cipher_suite::TLS13_AES_128_GCM_SHA256,
            cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        ],
        kx_groups: vec![kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1],
        signature_verification_algorithms: SIGNATURES,
        secure_random: &Random,
        key_provider: &NoKeys,
    }
}

#[derive(Debug)]
struct Random;

impl SecureRandom for Random {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        SystemRandom::new().fill(bytes).map_err(|_| GetRandomFailed)
    }
}

/// There is no client certificate, so nobody needs to read its key.
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(
        &self,
        _key: PrivateKeyDer<'static>,
    ) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        Err(rustls::Error::General("no client keys here".to_owned()))
    }
}

/// The device's clock, but never before the release: one that boots in 1970 would find
/// every certificate not valid yet.
#[derive(Debug)]
struct Clock;

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(later(clock::now(), release_time())).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

const fn later(one: i64, other: i64) -> i64 {
    if one > other {
        one
    } else {
        other
    }
}

/// Decimal digits as a number; 0 for anything else.
const fn parse_seconds(text: &str) -> i64 {
    match i64::from_str_radix(text, 10) {
        Ok(seconds) => seconds,
        Err(_) => 0,
    }
}

/// 2026-11-21, raised with each release.
const RELEASED: i64 = 1_795_219_200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_never_stands_before_the_release() {
        assert!(release_time() >= RELEASED);
        let now = Clock.current_time().unwrap().as_secs();
        assert!(i64::try_from(now).unwrap() >= release_time());
        for (text, wanted) in [("1700000000", 1_700_000_000), ("", 0), ("soon", 0)] {
            assert_eq!(parse_seconds(text), wanted);
        }
    }
}

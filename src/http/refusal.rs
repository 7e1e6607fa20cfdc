//! What rustls's refusals mean to a person: a wrong clock, an unknown authority, another
//! host, no TLS at all.

use std::io;

use rustls::{AlertDescription, CertificateError, PeerIncompatible};

use super::failure::Failure;
use super::verifier::Untrusted;
use crate::error::{Error, TlsProblem};
use crate::name::{foreign, HostName};

/// What a refusal of rustls means. None of them may pass within a run.
pub(super) fn refused(host: &HostName, error: &rustls::Error) -> Failure {
    Failure::last(Error::Tls {
        host: host.clone(),
        problem: problem(error),
    })
}

/// What rustls found, if that is what an error of a stream over it tells.
pub(super) fn inner(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

fn problem(error: &rustls::Error) -> TlsProblem {
    match error {
        rustls::Error::InvalidCertificate(error) => certificate_problem(error),
        rustls::Error::AlertReceived(
            alert @ (AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity
            | AlertDescription::ProtocolVersion),
        ) => TlsProblem::Incompatible(format!("the server answered alert {}", u8::from(*alert))),
        rustls::Error::PeerIncompatible(why) => TlsProblem::Incompatible(incompatible(why)),
        rustls::Error::InvalidMessage(_) => {
            TlsProblem::Other("what answers does not speak TLS".to_owned())
        }
        other => TlsProblem::Other(foreign(&other.to_string(), 160)),
    }
}

/// Where the peer does not fit. A device build may have no names of enum variants, so the
/// usual ones are told in words.
fn incompatible(why: &PeerIncompatible) -> String {
    match why {
        PeerIncompatible::NoCipherSuitesInCommon => "no cipher suite in common".to_owned(),
        PeerIncompatible::NoKxGroupsInCommon => "no key exchange group in common".to_owned(),
        PeerIncompatible::ServerDoesNotSupportTls12Or13 => {
            "the server speaks neither TLS 1.2 nor TLS 1.3".to_owned()
        }
        _ => "the server's handshake does not fit".to_owned(),
    }
}

fn certificate_problem(error: &CertificateError) -> TlsProblem {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsProblem::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsProblem::NotYetValid
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsProblem::NameMismatch
        }
        CertificateError::UnknownIssuer => TlsProblem::UnknownIssuer { issuer: None },
        CertificateError::Other(other) => match other.0.downcast_ref::<Untrusted>() {
            Some(untrusted) => TlsProblem::UnknownIssuer {
                issuer: untrusted.issuer.clone(),
            },
            None => TlsProblem::Other(foreign(&error.to_string(), 160)),
        },
        other => TlsProblem::Other(foreign(&other.to_string(), 160)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::OtherError;
    use std::sync::Arc;

    #[test]
    fn refusals_are_told_in_words_that_a_person_can_act_on() {
        let issuer = Some("Corp Proxy CA".to_owned());
        let untrusted = Untrusted {
            issuer: issuer.clone(),
        };
        let other = CertificateError::Other(OtherError(Arc::new(untrusted)));
        for (error, wanted) in [
            (CertificateError::Expired, TlsProblem::Expired),
            (CertificateError::NotValidYet, TlsProblem::NotYetValid),
            (CertificateError::NotValidForName, TlsProblem::NameMismatch),
            (other, TlsProblem::UnknownIssuer { issuer }),
        ] {
            assert_eq!(problem(&rustls::Error::InvalidCertificate(error)), wanted);
        }
    }
}

//! Which certificate is the leaf, and which are above it. Where they stood says nothing.

use crate::error::CertificateProblem;
use crate::keys::{Certificate, Link, Pkcs8};

/// The place of the leaf among `certificates`: the one whose key it is. If several are, one
/// that somebody else issued, and of those the one that is valid longest.
///
/// Without key it is the one that issued no other.
pub(super) fn leaf(
    key: Option<&Pkcs8>,
    certificates: &[Certificate],
) -> Result<usize, CertificateProblem> {
    let Some(key) = key else {
        return only_childless(certificates).ok_or(CertificateProblem::SeveralLeaves);
    };
    let own = best(certificates, &|candidate| {
        let rank = (!is_self_issued(candidate), candidate.not_after());
        Some(rank).filter(|_| key.belongs_to(candidate))
    });
    own.ok_or(CertificateProblem::KeyOfAnotherCertificate)
}

/// The certificates above `leaf`, each the issuer of the one before, up to one that issued
/// itself or whose issuer is not among `certificates`. Each that is left over is a warning.
///
/// That the root is missing is usual and no warning, since who verifies has it. That nothing
/// is there above a leaf is one, as is an end of the chain with certificates left over.
pub(super) fn above(
    leaf: &Certificate,
    mut certificates: Vec<Certificate>,
    warnings: &mut Vec<String>,
) -> Vec<Certificate> {
    let mut above: Vec<Certificate> = Vec::new();
    let mut top = leaf;
    while let Some(place) = issuer(top, &certificates) {
        above.push(certificates.remove(place));
        top = above.last().unwrap_or(leaf);
    }
    if !is_self_issued(top) && (above.is_empty() || !certificates.is_empty()) {
        let issuer = named(top.issuer_common_name().as_deref());
        let top = named(top.common_name());
        warnings.push(format!(
            "has a gap above {top}: its issuer, {issuer}, is not there"
        ));
    }
    for stranger in certificates {
        let name = named(stranger.common_name());
        warnings.push(format!("holds a stranger, {name}, which is dropped"));
    }
    above
}

fn issuer(top: &Certificate, others: &[Certificate]) -> Option<usize> {
    if is_self_issued(top) {
        return None;
    }
    best(others, &|candidate| match top.issued_by(candidate) {
        Link::None => None,
        link => Some((link == Link::KeyIdentifiers, candidate.not_after())),
    })
}

/// The place of the first certificate of the highest rank; none if none has a rank.
fn best(
    certificates: &[Certificate],
    rank: &dyn Fn(&Certificate) -> Option<(bool, i64)>,
) -> Option<usize> {
    let mut best = None;
    let mut highest = None;
    for (place, candidate) in certificates.iter().enumerate() {
        let rank = rank(candidate);
        if rank > highest {
            (best, highest) = (Some(place), rank);
        }
    }
    best
}

fn only_childless(certificates: &[Certificate]) -> Option<usize> {
    let mut found = None;
    for (place, candidate) in certificates.iter().enumerate() {
        let mut others = certificates
            .iter()
            .filter(|other| other.der() != candidate.der());
        if others.all(|other| other.issued_by(candidate) == Link::None) {
            if found.is_some() {
                return None;
            }
            found = Some(place);
        }
    }
    found
}

/// Whether it is the end of its chain. A certificate that an authority gave its own new key
/// has the same name twice too, but another key's identifier.
fn is_self_issued(certificate: &Certificate) -> bool {
    certificate.issued_by(certificate) != Link::None
}

fn named(common_name: Option<&str>) -> String {
    match common_name {
        Some(name) => ["CN=", name].concat(),
        None => "a certificate without common name".to_owned(),
    }
}

#[cfg(test)]
mod tests;

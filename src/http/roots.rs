//! The certificate authorities that are trusted: the system's, or the configuration's.
//!
//! Bundles are read one certificate at a time, so that the 200 KiB of a distribution's
//! never lie in memory at once. Symbolic links are followed: that is how bundles are
//! installed (lesson 31).

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::CertificateDer;
use rustls::RootCertStore;

use super::Settings;
use crate::error::Error;

/// Reads the authorities that `settings` name.
///
/// # Errors
/// [`Error::NoRoots`] naming the file that cannot be read or holds no certificate, or
/// the places where no bundle was found.
pub(super) fn load(settings: &Settings) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    match &settings.ca_file {
        Some(path) => add(&mut roots, path)?,
        None => add(&mut roots, system_bundle()?)?,
    }
    if let Some(path) = &settings.ca_extra {
        add(&mut roots, path)?;
    }
    Ok(roots)
}

fn system_bundle() -> Result<&'static Path, Error> {
    let mut paths = SYSTEM_BUNDLES.into_iter().map(Path::new);
    paths.find(|path| path.is_file()).ok_or_else(|| {
        let looked = format!("none of {} exists", SYSTEM_BUNDLES.join(", "));
        Error::NoRoots { looked }
    })
}

/// Adds the certificates of the bundle at `path`; those that webpki cannot use are
/// skipped, but one must be left.
fn add(roots: &mut RootCertStore, path: &Path) -> Result<(), Error> {
    let unusable = |problem: String| Error::NoRoots {
        looked: format!("{} {problem}", path.display()),
    };
    let unreadable = |error: &dyn std::fmt::Display| unusable(format!("cannot be read: {error}"));
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    let metadata = file.metadata().map_err(|error| unreadable(&error))?;
    if !metadata.is_file() {
        return Err(unusable("is not a regular file".to_owned()));
    }
    let (mut added, mut skipped) = (0_u32, 0_u32);
    for certificate in CertificateDer::pem_reader_iter(BufReader::new(file)) {
        let usable = match certificate {
            Ok(certificate) => roots.add(certificate).is_ok(),
            Err(pem::Error::Io(error)) => return Err(unreadable(&error)),
            Err(_) => false,
        };
        if usable {
            added = added.saturating_add(1);
        } else {
            skipped = skipped.saturating_add(1);
        }
    }
    log::debug!(
        "{}: {added} certificate authorities, {skipped} skipped",
        path.display()
    );
    if added == 0 {
        return Err(unusable("holds no usable certificate".to_owned()));
    }
    Ok(())
}

/// Where distributions put their bundle: Debian and its kin, Fedora, Alpine and OpenWrt,
/// RHEL, SUSE.
pub const SYSTEM_BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::{certificate, settings, Fault};
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test plays the operator")]
    fn follows_links_and_skips_what_is_no_certificate() {
        let directory = tempfile::tempdir().unwrap();
        let (bundle, link) = (directory.path().join("a.pem"), directory.path().join("b"));
        let junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let pem = certificate(Fault::None).authority_pem;
        fs::write(&bundle, format!("# comment\n{junk}{pem}\n{pem}")).unwrap();
        symlink(&bundle, &link).unwrap();
        let mut settings = settings();
        settings.ca_file = Some(link.clone());
        settings.ca_extra = Some(link);
        assert_eq!(load(&settings).unwrap().len(), 4);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test plays the operator")]
    fn names_the_bundle_that_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let empty = directory.path().join("empty.pem");
        fs::write(&empty, "nothing here\n").unwrap();
        for (path, wanted) in [
            (empty, "holds no usable certificate"),
            (directory.path().join("absent.pem"), "cannot be read"),
            (directory.path().to_owned(), "is not a regular file"),
        ] {
            let mut settings = settings();
            settings.ca_file = Some(path.clone());
            let told = load(&settings).unwrap_err().to_string();
            assert!(told.contains(wanted), "{told}");
            assert!(told.contains(path.to_str().unwrap()), "{told}");
        }
    }
}

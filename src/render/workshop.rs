//! A workshop where openssl makes keys and certificates for tests, and judges what comes out.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::secret::Secret;

/// A directory of files, by their names: `leaf.key`, `leaf.pem`.
pub(super) struct Workshop(TempDir);

/// A certificate to be made as file `NAME.pem` of the key `NAME.key`.
#[derive(Clone, Copy)]
pub(super) struct Order<'a> {
    pub(super) name: &'a str,
    /// Its common name.
    pub(super) subject: &'a str,
    /// The name of the files of who issues it; itself without.
    pub(super) issuer: Option<&'a str>,
    pub(super) days: u32,
    /// Lines of a section of extensions.
    pub(super) extensions: &'a str,
}

impl Workshop {
    /// `None` where openssl is not installed, which CI takes for a failure.
    pub(super) fn open() -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_ok() {
            return Some(Self(TempDir::new().unwrap()));
        }
        assert!(
            std::env::var_os("CI").is_none(),
            "in CI no test may skip: openssl is not installed"
        );
        eprintln!("skipped: openssl is not installed");
        None
    }

    /// What `openssl WORDS` prints. It must succeed.
    pub(super) fn openssl(&self, words: &str) -> String {
        let mut command = Command::new("openssl");
        let words: Vec<&str> = words.split_whitespace().collect();
        let out = command.args(&words).current_dir(&self.0).output().unwrap();
        let told = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "openssl {words:?}: {told}");
        String::from_utf8(out.stdout).unwrap()
    }

    /// The file `name`.
    pub(super) fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// The texts of the files `names`, one behind the other.
    pub(super) fn text(&self, names: &[&str]) -> String {
        let texts = names.iter().map(|name| self.bytes(name));
        String::from_utf8(texts.collect::<Vec<_>>().concat()).unwrap()
    }

    #[expect(clippy::disallowed_methods, reason = "a test plays the operator")]
    pub(super) fn put(&self, name: &str, content: &[u8]) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// Makes `NAME.key`: `RSA:2048`, `P-256`.
    pub(super) fn key(&self, name: &str, kind: &str) {
        let options = match kind.strip_prefix("RSA:") {
            Some(bits) => format!("RSA -pkeyopt rsa_keygen_bits:{bits}"),
            None => format!("EC -pkeyopt ec_paramgen_curve:{kind}"),
        };
        self.openssl(&format!("genpkey -algorithm {options} -out {name}.key"));
    }

    /// Makes what `order` says, with a new P-256 key unless there is one.
    pub(super) fn make(&self, order: Order<'_>) {
        let name = order.name;
        if !self.path(&format!("{name}.key")).exists() {
            self.key(name, "P-256");
        }
        let (request, extensions) = (format!("{name}.csr"), format!("{name}.ext"));
        self.put(&extensions, order.extensions.as_bytes());
        self.openssl(&format!(
            "req -new -key {name}.key -subj /CN={} -out {request}",
            order.subject
        ));
        let signer = match order.issuer {
            None => format!("-signkey {name}.key"),
            Some(issuer) => format!("-CA {issuer}.pem -CAkey {issuer}.key -CAcreateserial"),
        };
        self.openssl(&format!(
            "x509 -req -in {request} {signer} -days {} -sha256 -extfile {extensions} -out {name}.pem",
            order.days
        ));
    }

    /// Makes `root`, `upper`, `lower` and `leaf`, each issued by the one before, the leaf with
    /// a key of this kind.
    pub(super) fn make_chain(&self, kind: &str) {
        self.key("leaf", kind);
        let mut issuer = None;
        for (name, extensions) in [
            ("root", AUTHORITY),
            ("upper", AUTHORITY),
            ("lower", AUTHORITY),
            ("leaf", LEAF),
        ] {
            self.make(Order {
                name,
                subject: name,
                issuer,
                days: 30,
                extensions,
            });
            issuer = Some(name);
        }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        Path::new(self.0.path()).join(name)
    }
}

/// As a vault gives it.
pub(super) fn value(text: &str) -> Secret {
    Secret::copy_of(text.as_bytes())
}

/// Extensions of an authority.
pub(super) const AUTHORITY: &str = "basicConstraints=critical,CA:TRUE
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
";

/// Extensions of a leaf.
pub(super) const LEAF: &str = "basicConstraints=critical,CA:FALSE
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
";

/// Extensions without identifiers of keys.
pub(super) const ANONYMOUS: &str = "basicConstraints=critical,CA:TRUE
subjectKeyIdentifier=none
authorityKeyIdentifier=none
";

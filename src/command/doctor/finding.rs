//! A check and what came of it.

use crate::error::Error;

/// The kinds of checks, in the order in which they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Id {
    Config,
    Identity,
    Directory,
    Clock,
    Dns,
    Proxy,
    Tcp,
    Tls,
    Authority,
    Tenant,
    Token,
    Audience,
    Vault,
    Storage,
    Object,
    Hook,
}

impl Id {
    /// All of them, with their names and titles.
    pub(super) const ALL: [(Self, &'static str, &'static str); 16] = [
        (Self::Config, "config", "configuration"),
        (Self::Identity, "identity", "identity's files"),
        (Self::Directory, "directory", "directory"),
        (Self::Clock, "clock", "clock of this device"),
        (Self::Dns, "dns", "address"),
        (Self::Proxy, "proxy", "way through the proxy"),
        (Self::Tcp, "tcp", "connection"),
        (Self::Tls, "tls", "certificate"),
        (Self::Authority, "authority", "authority"),
        (Self::Tenant, "tenant", "tenant in this cloud"),
        (Self::Token, "token", "sign-in"),
        (Self::Audience, "audience", "token's audience"),
        (Self::Vault, "vault", "vault"),
        (Self::Storage, "storage", "storage account"),
        (Self::Object, "object", "object"),
        (Self::Hook, "hook", "what on_change names"),
    ];

    /// As it stands in output.
    pub(super) fn as_str(self) -> &'static str {
        self.row().1
    }

    /// What is checked, for people.
    pub(super) fn title(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> (Self, &'static str, &'static str) {
        let mut rows = Self::ALL.into_iter();
        rows.find(|row| row.0 == self)
            .unwrap_or((self, "check", "check"))
    }
}

/// What came of a check.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A run would fail here.
    Failed(Box<Error>),
    /// As it should be; says what was seen.
    Ok(String),
    /// It could not be done or need not be; says because of what.
    Skipped(String),
    /// A run goes on, but somebody should look.
    Warning {
        /// What is odd.
        what: String,
        /// What to do about it.
        next: String,
    },
}

impl Outcome {
    /// A failure.
    pub(super) fn failed(error: Error) -> Self {
        Self::Failed(Box::new(error))
    }

    /// A warning in the words of an error.
    pub(super) fn warning_of(error: &Error) -> Self {
        Self::Warning {
            what: error.to_string(),
            next: error.advice(),
        }
    }
}

/// One check.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) id: Id,
    /// The host, set or object; empty where there is only one.
    pub(super) subject: String,
    pub(super) outcome: Outcome,
}

/// All checks.
#[derive(Debug, Default)]
pub(super) struct Findings(pub(super) Vec<Check>);

impl Findings {
    pub(super) fn add(&mut self, id: Id, subject: &str, outcome: Outcome) {
        self.0.push(Check {
            id,
            subject: subject.to_owned(),
            outcome,
        });
    }

    /// Notes that the checks `ids` were not done.
    pub(super) fn skip(&mut self, ids: &[Id], subject: &str, because: &str) {
        for id in ids {
            self.add(*id, subject, Outcome::Skipped(because.to_owned()));
        }
    }

    /// Notes that what was not checked yet is not, because `culprit` failed.
    pub(super) fn skip_rest(&mut self, culprit: Id) {
        for (id, ..) in Id::ALL {
            if !self.has(id) {
                self.skip(&[id], "", &failed(culprit));
            }
        }
    }

    pub(super) fn has(&self, id: Id) -> bool {
        self.0.iter().any(|check| check.id == id)
    }

    /// Puts the checks into their order.
    pub(super) fn sort(&mut self) {
        self.0.sort_by_key(|check| check.id);
    }

    /// That of the first failure; 0 without one.
    pub(super) fn exit_code(&self) -> u8 {
        let mut errors = self.0.iter().filter_map(|check| match &check.outcome {
            Outcome::Failed(error) => Some(error),
            _ => None,
        });
        errors.next().map_or(0, |error| error.class().exit_code())
    }
}

/// Why checks that depend on `culprit` are skipped.
pub(super) fn failed(culprit: Id) -> String {
    format!("{} failed", culprit.as_str())
}

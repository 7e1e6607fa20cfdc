//! Why an endpoint of the machine gives no token, each with its own sentence.

use std::fmt;

use super::{Class, Reason};

/// What stands between this machine and a token of its managed identity. Text of the
/// endpoint is escaped and cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManagedIdentityProblem {
    /// The challenge of the Azure Arc agent, or the key file that it names, breaks a rule;
    /// says which. Nothing of the file was sent (CVE-2024-35255).
    Challenge(String),
    /// The key file of the Azure Arc agent may not be read by this user.
    KeyUnreadable {
        /// The key file.
        path: String,
    },
    /// A platform that keyferry does not speak to.
    LeftOut,
    /// Nothing answers, or something else does; says what came of it.
    NoEndpoint(String),
    /// The machine has no identity, or not the one that was asked for.
    NotAssigned {
        /// The key that names the identity, if one does.
        selector: Option<&'static str>,
        /// What the endpoint says.
        said: String,
    },
    /// The answer does not name the identity that was asked for: an old agent gives the
    /// machine's own.
    NotEchoed {
        /// The key that names the identity.
        selector: &'static str,
    },
    /// The token is for another audience than the one asked for.
    OtherAudience {
        /// Whose it is.
        audience: String,
    },
    /// Any other refusal.
    Refused {
        /// The HTTP status.
        status: u16,
        /// What the endpoint says.
        said: String,
    },
    /// Several identities are assigned, and none was chosen.
    SeveralAssigned,
    /// A reply without a usable token.
    Unusable,
    /// An environment variable is not as the platform sets it.
    Variable {
        /// The variable.
        name: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The platform does not tell identities by this key.
    WrongSelector {
        /// The key.
        selector: &'static str,
    },
}

impl ManagedIdentityProblem {
    /// The operator's next step where tokens come from `source`.
    pub fn advice(&self, source: &str) -> String {
        match self {
            Self::Challenge(_) => "look what listens at the agent's address: this is not how the agent asks (`azcmagent show`)".to_owned(),
            Self::KeyUnreadable { .. } => "add the service's user to group himds (SupplementaryGroups=himds in a drop-in of the unit)".to_owned(),
            Self::LeftOut => "use another type of identity here: keyferry does not speak to this platform".to_owned(),
            Self::NoEndpoint(_) => no_endpoint(source).to_owned(),
            Self::NotAssigned { selector: Some(key), .. } => {
                format!("assign an identity to this machine, or correct {key}")
            }
            Self::NotAssigned { selector: None, .. } => "assign an identity to this machine".to_owned(),
            Self::NotEchoed { selector } => {
                format!("update the agent to a version that knows user-assigned identities, or leave {selector} out")
            }
            Self::OtherAudience { .. } => "run again; if it stays so, look what answers in the endpoint's place".to_owned(),
            Self::Refused { .. } => "check that \"cloud\" is the cloud of this machine; if it is, look up what the endpoint says".to_owned(),
            Self::SeveralAssigned => "set client_id of the one to use".to_owned(),
            Self::Unusable => "look what answers in the endpoint's place".to_owned(),
            Self::Variable { name, .. } => {
                format!("let the unit have {name} as the platform sets it (PassEnvironment=), or use another \"source\"")
            }
            Self::WrongSelector { .. } => "write \"client_id\"".to_owned(),
        }
    }

    /// What it means for the exit code.
    pub(super) fn class(&self) -> Class {
        match self {
            Self::NoEndpoint(_) => Class::Passing,
            Self::Challenge(_)
            | Self::NotEchoed { .. }
            | Self::OtherAudience { .. }
            | Self::Unusable => Class::Unusable,
            Self::NotAssigned { .. } | Self::Refused { .. } | Self::SeveralAssigned => {
                Class::Refused
            }
            Self::KeyUnreadable { .. }
            | Self::LeftOut
            | Self::Variable { .. }
            | Self::WrongSelector { .. } => Class::Config,
        }
    }

    /// The reason code.
    pub(super) fn reason(&self) -> Reason {
        match self {
            Self::KeyUnreadable { .. } => Reason::Permission,
            Self::NoEndpoint(_) => Reason::Network,
            _ => match self.class() {
                Class::Unusable => Reason::Reply,
                Class::Refused => Reason::Credential,
                _ => Reason::Config,
            },
        }
    }

    /// Whether the machine does not have the identity, so that the next one of a list may be
    /// tried.
    pub(super) fn refuses_credential(&self) -> bool {
        matches!(self, Self::NotAssigned { .. } | Self::SeveralAssigned)
    }
}

impl fmt::Display for ManagedIdentityProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Challenge(rule) => write!(f, "the agent's challenge {rule}"),
            Self::KeyUnreadable { path } => write!(f, "the agent's key {path} cannot be read"),
            Self::LeftOut => f.write_str("this platform is left out"),
            Self::NoEndpoint(cause) => {
                write!(f, "there is no managed identity endpoint here: {cause}")
            }
            Self::NotAssigned { said, .. } => {
                write!(f, "no such identity is assigned to this machine ({said})")
            }
            Self::NotEchoed { selector } => write!(
                f,
                "the answer does not name the identity of {selector}; it may be for the machine's own"
            ),
            Self::OtherAudience { audience } => {
                write!(f, "the token is for another audience ({audience})")
            }
            Self::Refused { status, said } => write!(f, "refused with status {status} ({said})"),
            Self::SeveralAssigned => {
                f.write_str("several identities are assigned, and none of them is chosen")
            }
            Self::Unusable => f.write_str("the reply holds no usable token"),
            Self::Variable { name, problem } => write!(f, "environment variable {name} {problem}"),
            Self::WrongSelector { selector } => {
                write!(f, "the platform does not tell identities by {selector}")
            }
        }
    }
}

fn no_endpoint(source: &str) -> &'static str {
    match source {
        "Azure Arc" => "start the agent (systemctl start himdsd), and see `azcmagent show`",
        "IMDS" => "on an Azure VM, let nothing (VPN, firewall, container network) keep 169.254.169.254 away; elsewhere use another identity",
        _ => "look why the platform's endpoint does not answer this process",
    }
}

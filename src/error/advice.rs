//! The operator's next step, one short imperative sentence an error.

use rustix::io::Errno;

use super::entra;
use super::{Error, Phase, Refusal, RefusalCause, TlsProblem, LIST_OF};

impl Error {
    /// What to do next. Fits the NEXT STEP column of `status`, which may cut it.
    pub fn advice(&self) -> String {
        match self {
            Self::Blob { problem, .. } => problem.advice(),
            Self::Certificate { object, problem } => problem.advice(object),
            Self::Content { object, problem } => problem.advice(object),
            Self::Selection { problem, .. } => problem.advice(),
            Self::ClaimedDirectory { .. } => "give each set of each instance a directory of its own".to_owned(),
            Self::CloudChanged { cloud, login, .. } => format!("if the cloud's operator confirms it, run `keyferry clouds --accept {cloud} {login}`"),
            Self::CloudUnknown { .. } => "run `keyferry sync` once with a network".to_owned(),
            Self::Config { advice, .. } => advice.clone(),
            Self::Credential { source, problem } => problem.advice(source),
            Self::Deadline => "raise network.deadline, or look why the network is slow".to_owned(),
            Self::Disk { path, errno, .. } => disk(&path.display().to_string(), *errno),
            Self::Early { object, .. } => format!("set an earlier activation date on {object}, or wait; also check this device's clock"),
            Self::ForeignFile { path } => format!("move {} away, or deliver under another name", path.display()),
            Self::Hook { action, .. } => format!("make `{action}` work; the next run tries it again"),
            Self::Internal { .. } => "report this, with the output of the run at --log debug".to_owned(),
            Self::Locked { .. } => "wait for the other run, or look why it hangs".to_owned(),
            Self::ManagedIdentity { source, problem } => problem.advice(source),
            Self::Missing { object, code, .. } if code == "BlobNotFound" || code == "ContainerNotFound" => format!("upload {object}, or set if_missing for the file"),
            Self::Missing { object, .. } => format!("create or recover {object} in the vault, or set if_missing for the file"),
            Self::MissingOnce { object, .. } => format!("if {object} was meant to go, the next run acts on it; if not, recover it now"),
            Self::Network { host, phase, .. } => network(host.as_str(), *phase),
            Self::NewerFormat { path } if path.ends_with("cloud.json") => "run the later release again, or move the file away and let this one ask the cloud".to_owned(),
            Self::NewerFormat { .. } => "run the later release again, or purge the set and let this one fetch it".to_owned(),
            Self::NoRoots { .. } => "install ca-certificates, or correct network.ca_file and network.ca_extra".to_owned(),
            Self::NoSystemd { .. } => "use on_change.run with the command that tells the service here".to_owned(),
            Self::NothingOnDisk { set } => format!("run `keyferry sync {set}` once with a network"),
            Self::Person(problem) => problem.advice(),
            Self::Proxy { proxy, status: 407, .. } => format!("give network.proxy the user name and password that {proxy} wants"),
            Self::Proxy { proxy, host, status: 408 | 429 | 500..=599 } => format!("look why {proxy} does not reach {host}; the timer tries again"),
            Self::Proxy { proxy, host, .. } => format!("let {proxy} pass CONNECT to {host}:443"),
            Self::Refused(refusal) => refusal.advice(),
            Self::Reply { host, .. } => format!("look what answers for {host} here: a captive portal, a proxy or a wrong DNS entry"),
            Self::RequestsSpent { .. } => "raise network.max_requests, or look why so many attempts fail".to_owned(),
            Self::ServerBusy { retry_after: Some(seconds), .. } => format!("nothing; it asked for {seconds} s of peace and the timer tries again"),
            Self::ServerBusy { status: 429, .. } => "spread the devices' timers, or use fewer requests; the timer tries again".to_owned(),
            Self::ServerBusy { .. } => "nothing; the timer tries again".to_owned(),
            Self::SignInRefused(refusal) => entra::advice(refusal),
            Self::Tls { host, problem } => tls(host.as_str(), problem),
            Self::TokenRefused { host, status, code } => match (status, code.as_str()) {
                (401, _) | (_, "AuthenticationFailed") => format!("check that {host} belongs to the cloud and the tenant that signed in"),
                (_, "AuthorizationFailure") => format!("allow this device's address in the firewall of {host}, or public access to it"),
                (_, "AccountIsDisabled") => format!("enable the account of {host}"),
                (_, "AuthorizationPermissionMismatch") => format!("give this identity \"Storage Blob Data Reader\" on {host}"),
                _ => format!("give this identity a role at {host}"),
            },
            Self::UnfitImage { set, what, .. } => format!("put a working {what} into the image, or correct on_change of set {set}"),
            Self::UnsafeDirectory { path, .. } => format!("make {} a directory that only root or keyferry's user can write, or deliver elsewhere", path.display()),
            Self::Usage { .. } => "see `keyferry --help`".to_owned(),
            Self::WrongClock { .. } => "set this device's clock (NTP)".to_owned(),
            Self::WouldNeedChown { .. } => "run keyferry as root (CAP_CHOWN), or leave owner and group out".to_owned(),
        }
    }
}

impl Refusal {
    /// The next step, different for each cause.
    pub fn advice(&self) -> String {
        let vault = self.vault_name();
        let identity = match &self.token.object_id {
            Some(object_id) => format!("object id {object_id}"),
            None => "this identity".to_owned(),
        };
        match &self.cause {
            RefusalCause::ChallengeMismatch { cloud: Some(cloud), .. } => format!("set \"cloud\" to \"{cloud}\", in which {vault} lies, or name another vault"),
            RefusalCause::ChallengeMismatch { cloud: None, .. } => format!("check that \"cloud\" and \"vault\" name the cloud in which {vault} lies"),
            RefusalCause::Connection => format!("reach {vault} over its private endpoint (DNS must give its private address), or allow public access"),
            RefusalCause::Disabled => format!("enable this version of {} in {vault}, or pin another", self.object),
            RefusalCause::Firewall => match &self.egress {
                Some(address) => format!("allow address {address} in the firewall of {vault}"),
                None => format!("allow this device's address in the firewall of {vault}"),
            },
            RefusalCause::InvalidAudience => format!("set \"cloud\" to the cloud in which {vault} lies"),
            RefusalCause::InvalidIssuer { vault_tenant: Some(tenant) } => {
                format!("set the identity's \"tenant\" to {tenant}, the tenant of {vault}")
            }
            RefusalCause::InvalidIssuer { vault_tenant: None } => {
                format!("set the identity's \"tenant\" to the tenant of {vault}")
            }
            RefusalCause::Other => format!("hand the ticket's block to whoever runs {vault}"),
            RefusalCause::Policy => {
                let permission = if self.object.starts_with(LIST_OF) { "list" } else { "get" };
                let (kind, _) = self.rights();
                format!("give {identity} the {kind} permission \"{permission}\" in an access policy of {vault}")
            }
            RefusalCause::Role => {
                let (_, role) = self.rights();
                format!("give {identity} \"{role}\" on {vault}")
            }
            RefusalCause::TokenExpired => "set this device's clock (NTP)".to_owned(),
            RefusalCause::UnknownSigningKey => format!("check that the identity's cloud is the cloud of {vault}; if it is, wait a few minutes"),
        }
    }

    /// The kind of permission and the least role that it takes. A certificate is read through
    /// its secret; of a key the public part is no more than its metadata.
    fn rights(&self) -> (&'static str, &'static str) {
        let listed = self.object.strip_prefix(LIST_OF);
        if listed == Some("certificates") {
            ("certificate", "Key Vault Certificate User")
        } else if listed == Some("keys") || self.object.starts_with("key ") {
            ("key", "Key Vault Reader")
        } else {
            ("secret", "Key Vault Secrets User")
        }
    }
}

fn disk(path: &str, errno: Errno) -> String {
    match errno {
        Errno::ROFS => {
            format!("mount the file system of {path} writable, or add ReadWritePaths={path} to the unit")
        }
        Errno::NOSPC | Errno::DQUOT => format!("free room on the file system of {path}; the last good files stay"),
        Errno::ACCESS | Errno::PERM => format!("let the user that runs keyferry write {path}"),
        Errno::BUSY | Errno::XDEV => format!("mount the set's directory into the consumer, not the file {path}: a mounted file cannot be replaced"),
        Errno::IO => format!("check the medium under {path} (dmesg)"),
        _ => format!("look at {path}"),
    }
}

fn network(host: &str, phase: Phase) -> String {
    match phase {
        Phase::Connect => format!("let this device reach {host} port 443, or set network.proxy"),
        Phase::Dns => format!(
            "DNS: no answer for {host}; check the name, its cloud and this device's resolver"
        ),
        Phase::Exchange => format!("check the line to {host}; the timer tries again"),
        Phase::Proxy => "check that network.proxy is right and running".to_owned(),
        Phase::Tls => {
            format!("check what stands between this device and {host}: it cut the TLS handshake")
        }
    }
}

fn tls(host: &str, problem: &TlsProblem) -> String {
    match problem {
        TlsProblem::Expired | TlsProblem::NotYetValid => "set this device's clock (NTP); if it is right, something answers in the host's place".to_owned(),
        TlsProblem::Incompatible(_) | TlsProblem::Other(_) => format!("look what answers for {host} here"),
        TlsProblem::NameMismatch => format!("check DNS and network.resolve: what answers is not {host}"),
        TlsProblem::UnknownIssuer { .. } => "if a company proxy opens TLS here, add its authority with network.ca_extra; if not, do not trust this network".to_owned(),
    }
}

//! The token endpoint of the Azure Arc agent (himds), on machines outside of Azure.
//!
//! A request proves that it comes from a privileged process of the machine: the first one is
//! answered with the path of a file that only such a process can read, the second one carries the
//! file's content. Each file is good for one token.

use crate::clock;
use crate::http::{Reply, Request};
use crate::lock;
use crate::log::Logged;
use crate::machine::answer::{expiry, Members};
use crate::machine::grant::{grant, Grant, Problem, Rules};
use crate::machine::identity::{By, Fallback, NoIdentity};
use crate::machine::imds::check_metadata;
use crate::machine::key_file::{KeyFiles, Redeemed};
use crate::machine::service::Machine;
use crate::object::Object;
use crate::random;

pub(crate) const PATH: &str = "/metadata/identity/oauth2/token";

/// What the agent answers where a request chooses a user-assigned identity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ArcAgent {
    /// The identity chosen, with its ids in the reply.
    #[default]
    Current,
    /// The same, with the ids in upper case.
    OtherCase,
    /// The system-assigned identity: an agent from before 2026, which ignores the choice.
    Old,
}

/// What the first request is answered with. All but [`ArcChallenge::Proper`] and
/// [`ArcChallenge::Immediate`] are a trap: no content that they lead to is ever accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ArcChallenge {
    /// A directory in place of the file.
    Directory,
    /// A path that begins with the tokens directory and leaves it by `..`.
    Dots,
    /// A file without content.
    Empty,
    /// A named pipe, at which a reader waits for ever.
    Fifo,
    /// This value of the WWW-Authenticate header.
    Header(String),
    /// No challenge: the token at once, to anybody.
    Immediate,
    /// A file whose content goes on with a header of its own in a second line.
    LineBreak,
    /// A file that does not exist.
    Missing,
    /// A file in the tokens directory whose name does not end in `.key`.
    NoExtension,
    /// A challenge without a realm.
    NoRealm,
    /// A file outside of the tokens directory.
    Outside,
    /// A new file with a fresh key, as the agent does.
    #[default]
    Proper,
    /// A symbolic link in the tokens directory that leads out of it.
    Symlink,
    /// A file of 4097 bytes.
    TooLarge,
    /// A file of mode 0000 (which root can read all the same).
    Unreadable,
}

/// Answers a request.
pub(crate) fn answer(
    machine: &Machine,
    keys: &KeyFiles,
    request: &Request,
    checked: Result<(), Problem>,
    record: &mut Logged,
) -> Reply {
    let admitted = checked.and_then(|()| check_metadata(request, record));
    if let Err(problem) = admitted {
        return refusal(&problem, machine.cloud.clock.now());
    }
    let challenge = lock(&machine.settings).challenge.clone();
    let authorization = request.header("authorization");
    if authorization.is_none() && challenge != ArcChallenge::Immediate {
        return unauthorized(machine, keys, "Missing Basic Authorization header");
    }
    if let Some(header) = authorization {
        let content = header.strip_prefix("Basic ").unwrap_or_default();
        match keys.redeem(content) {
            Redeemed::Good => {}
            Redeemed::Bait => {
                record.unexpected("the content of a file that no careful client reads");
                return unauthorized(machine, keys, "Invalid Basic Authorization header");
            }
            Redeemed::Unknown => {
                record.unexpected("a key that was never given out, or is used up");
                return unauthorized(machine, keys, "Invalid Basic Authorization header");
            }
        }
    }
    let agent = lock(&machine.settings).agent;
    let rules = match agent {
        ArcAgent::Current | ArcAgent::OtherCase => &RULES,
        ArcAgent::Old => &OLD_RULES,
    };
    match grant(machine, request, rules, record) {
        Ok(grant) => token(machine, &grant, agent),
        Err(problem) => refusal(&problem, machine.cloud.clock.now()),
    }
}

fn unauthorized(machine: &Machine, keys: &KeyFiles, text: &str) -> Reply {
    let challenge = lock(&machine.settings).challenge.clone();
    let now = machine.cloud.clock.now();
    match keys.challenge(&challenge) {
        Ok(header) => error(401, "unauthorized_client", text, now)
            .header("www-authenticate", header.into_bytes()),
        Err(problem) => error(500, "server_error", &problem.to_string(), now),
    }
}

fn token(machine: &Machine, grant: &Grant, agent: ArcAgent) -> Reply {
    let written = lock(&machine.settings).expiry;
    let shown = |id: &str| match agent {
        ArcAgent::OtherCase => id.to_uppercase(),
        ArcAgent::Current | ArcAgent::Old => id.to_owned(),
    };
    let identity = &grant.identity;
    let mut body = Object::new()
        .text("access_token", &grant.token)
        .text("refresh_token", "");
    body = expiry(body, grant, written, Members::Both)
        .text("not_before", &grant.not_before.to_string())
        .text("resource", "")
        .text("token_type", "Bearer")
        .text("client_id", &shown(&identity.client_id));
    if grant.selected {
        body = body.text("object_id", &shown(&identity.object_id));
        if let Some(id) = &identity.resource_id {
            body = body.text("msi_res_id", &shown(id));
        }
    }
    Reply::json(200, body.finish())
}

fn refusal(problem: &Problem, now: i64) -> Reply {
    let request = |text: &str| error(400, "invalid_request", text, now);
    match problem {
        Problem::ApiVersion => request("The api-version is not supported"),
        Problem::Forwarded => request("The request was passed on by somebody else"),
        Problem::Header | Problem::Metadata => request("Required metadata header not specified"),
        Problem::Host => request("The Host header is not this agent's"),
        Problem::Identity(NoIdentity::NotFound) => request("Identity not found"),
        Problem::Identity(NoIdentity::Several) => request("More than one identity is assigned"),
        Problem::Malformed => request("The query is malformed"),
        Problem::Method => error(405, "invalid_request", "Only GET is allowed", now),
        Problem::Path => error(404, "not_found", "There is no such path", now),
        Problem::Resource(resource) => error(
            400,
            "invalid_resource",
            &format!(
                "AADSTS500011: The resource principal named {resource} was not found in the \
                 machine's tenant."
            ),
            now,
        ),
        Problem::ResourceMissing => request("Required resource parameter not specified"),
        Problem::TwoSelectors => request("More than one identity is asked for"),
    }
}

fn error(status: u16, error: &str, text: &str, now: i64) -> Reply {
    Reply::json(status, body(status, error, text, now))
}

/// The body of an error that passes by itself.
pub(crate) fn passing_error(status: u16, now: i64) -> String {
    body(status, "temporarily_unavailable", "The agent is busy", now)
}

fn body(status: u16, error: &str, text: &str, now: i64) -> String {
    let timestamp = clock::timestamp(now);
    let timestamp = timestamp.trim_end_matches('Z');
    Object::new()
        .text("error", error)
        .text("error_description", text)
        .raw("error_codes", &format!("[{status}]"))
        .text("timestamp", &format!("{timestamp} +0000 UTC m=+56183.746"))
        .text("trace_id", "")
        .text("correlation_id", &random::guid())
        .finish()
}

const RULES: Rules = Rules {
    versions: VERSIONS,
    selectors: &[
        ("client_id", By::Client),
        ("msi_res_id", By::Resource),
        ("object_id", By::Object),
    ],
    ignored: &[],
    fallback: Fallback::Nothing,
};

const OLD_RULES: Rules = Rules {
    versions: VERSIONS,
    selectors: &[],
    ignored: &["client_id", "msi_res_id", "object_id"],
    fallback: Fallback::Nothing,
};

const VERSIONS: &[&str] = &["2019-11-01", "2020-06-01"];

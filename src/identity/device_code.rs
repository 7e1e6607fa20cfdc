//! Identity `device_code`: a person signs in on another device while this one waits
//! (RFC 8628, protocol notes 3.5).
//!
//! Asked for is an access token alone and never a refresh token, so that nothing outlives
//! it. Address and code that the person is shown are text of a server: a plain https address
//! and printable characters, or the reply is refused.

use std::thread;
use std::time::{Duration, Instant};

use super::endpoint::{self, SignIn, Talk};
use super::Token;
use crate::cloud::Protocol;
use crate::error::{Class, Error, PersonProblem};
use crate::json::{Malformed, Members, Raw};
use crate::name::HostName;
use crate::secret::Secret;

/// What a person needs for signing in.
#[derive(Debug)]
pub struct Invitation {
    /// Where: a plain https address.
    pub address: String,
    /// The same with the code in it, if the authority has such a one.
    pub complete_address: Option<String>,
    /// What is typed there: printable ASCII, at most 32 characters.
    pub user_code: String,
    /// How long.
    pub valid: Duration,
}

/// Invites a person by `invite` and waits until they have signed in, have declined, or the
/// code is no longer valid. Of the run's time and requests only those before count.
pub(super) fn sign_in(request: &SignIn<'_>, invite: &dyn Fn(&Invitation)) -> Result<Token, Error> {
    let (invitation, poll) = ask(request)?;
    invite(&invitation);
    let outcome = wait(request, poll);
    request.client.begin_anew();
    outcome
}

/// How the authority is asked whether the person has signed in.
struct Poll {
    device_code: Secret,
    interval: Duration,
    end: Instant,
}

struct CodeReply<'a> {
    device_code: Raw<'a>,
    user_code: String,
    verification_uri: String,
    verification_uri_complete: Option<String>,
    expires_in: Option<Raw<'a>>,
    interval: Option<Raw<'a>>,
}

impl<'a> CodeReply<'a> {
    fn read(body: &'a [u8]) -> Result<Self, Malformed> {
        let reply = Members::read(body)?;
        // The second name is the older one.
        let address = match reply.any_text_of("verification_uri")? {
            None => reply.text_of("verification_url")?,
            Some(address) => address,
        };
        Ok(Self {
            device_code: reply.need("device_code")?,
            user_code: reply.text_of("user_code")?,
            verification_uri: address,
            verification_uri_complete: reply.any_text_of("verification_uri_complete")?,
            expires_in: reply.find("expires_in"),
            interval: reply.find("interval"),
        })
    }
}

fn ask(request: &SignIn<'_>) -> Result<(Invitation, Poll), Error> {
    let path = match request.cloud.protocol {
        Protocol::AdFs => "/adfs/oauth2/devicecode".to_owned(),
        Protocol::Entra => format!("/{}/oauth2/v2.0/devicecode", request.application.tenant),
    };
    let now = Instant::now();
    let reply = request.post(&path, &code_form(request), Talk::Opening)?;
    if reply.status != 200 {
        return Err(request.refusal(&reply));
    }
    let parsed = CodeReply::read(reply.body.expose());
    let parsed = parsed.map_err(|error| request.no_json(&reply, error))?;
    let device_code = Secret::from_json_string(parsed.device_code.text());
    let addresses =
        std::iter::once(&parsed.verification_uri).chain(&parsed.verification_uri_complete);
    let plain = addresses
        .into_iter()
        .all(|address| is_plain_address(address));
    let (Some(device_code), true, true) = (device_code, plain, is_plain_code(&parsed.user_code))
    else {
        return Err(request.unusable("a code or an address that no person should be shown"));
    };
    let valid = seconds(parsed.expires_in, VALID, LONGEST_VALID);
    let poll = Poll {
        device_code,
        interval: seconds(parsed.interval, INTERVAL, LONGEST_INTERVAL),
        end: now.checked_add(valid).unwrap_or(now),
    };
    let invitation = Invitation {
        address: parsed.verification_uri,
        complete_address: parsed.verification_uri_complete,
        user_code: parsed.user_code,
        valid,
    };
    Ok((invitation, poll))
}

fn wait(request: &SignIn<'_>, poll: Poll) -> Result<Token, Error> {
    let form = poll_form(request, &poll.device_code);
    let mut interval = poll.interval;
    let mut pause = interval;
    let mut lost = None;
    loop {
        let left = poll.end.saturating_duration_since(Instant::now());
        thread::sleep(pause.min(left));
        if pause >= left {
            return Err(lost.unwrap_or(Error::Person(PersonProblem::Expired)));
        }
        let error = match request.token(&form, Talk::Poll(poll.end)) {
            Ok(token) => return Ok(token),
            Err(error) => error,
        };
        match meaning(&error) {
            Meaning::Over(problem) => return Err(Error::Person(problem)),
            Meaning::Pending => (pause, lost) = (interval, None),
            Meaning::Refused => return Err(error),
            Meaning::SlowDown => {
                interval = interval.saturating_add(SLOWER);
                (pause, lost) = (interval, None);
            }
            // The network may come back while the person is still at it.
            Meaning::Unheard => {
                if lost.is_none() {
                    log::warn!("{error}; still waiting for the sign-in");
                }
                pause = longer(pause, interval, &error);
                lost = Some(error);
            }
        }
    }
}

/// What the answer to a poll means, if it is no token.
#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    Over(PersonProblem),
    Pending,
    Refused,
    SlowDown,
    Unheard,
}

fn meaning(error: &Error) -> Meaning {
    let refusal = match error {
        Error::SignInRefused(refusal) => refusal,
        passing if passing.class() == Class::Passing => return Meaning::Unheard,
        _ => return Meaning::Refused,
    };
    match (refusal.error.as_str(), refusal.code) {
        ("authorization_pending", _) => Meaning::Pending,
        ("slow_down", _) => Meaning::SlowDown,
        ("access_denied" | "authorization_declined", _) => Meaning::Over(PersonProblem::Declined),
        ("code_expired" | "expired_token", _) | (_, Some(70_019)) => {
            Meaning::Over(PersonProblem::Expired)
        }
        ("bad_verification_code", _) | (_, Some(54_005 | 70_018)) => {
            Meaning::Over(PersonProblem::CodeUnknown)
        }
        _ => Meaning::Refused,
    }
}

/// The pause after a poll that did not get through: twice the one before (RFC 8628, 3.5), or
/// what the server asked for.
fn longer(pause: Duration, interval: Duration, error: &Error) -> Duration {
    let asked = match error {
        Error::ServerBusy { retry_after, .. } => retry_after.map(Duration::from_secs),
        _ => None,
    };
    let doubled = pause.saturating_mul(2).min(LONGEST_PAUSE).max(interval);
    doubled.max(asked.unwrap_or_default())
}

fn code_form(request: &SignIn<'_>) -> Secret {
    let (audience, value) = request.audience_field();
    endpoint::form(&[
        (
            "client_id",
            request.application.client_id.as_str().as_bytes(),
        ),
        (audience, value.as_bytes()),
    ])
}

fn poll_form(request: &SignIn<'_>, device_code: &Secret) -> Secret {
    endpoint::form(&[
        ("grant_type", GRANT_TYPE.as_bytes()),
        (
            "client_id",
            request.application.client_id.as_str().as_bytes(),
        ),
        ("device_code", device_code.expose()),
    ])
}

/// `https://HOST/PATH?QUERY` of plain characters: nothing that hides where it leads, and
/// nothing that a terminal takes for more than text.
fn is_plain_address(address: &str) -> bool {
    let Some(rest) = address.strip_prefix("https://") else {
        return false;
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/?=&%+".contains(c);
    address.len() <= LONGEST_ADDRESS && HostName::parse(host).is_ok() && path.chars().all(plain)
}

fn is_plain_code(code: &str) -> bool {
    (1..=LONGEST_CODE).contains(&code.len()) && code.chars().all(|c| c.is_ascii_graphic())
}

/// A number or a text of one (protocol notes 3.5), at least 1.
fn seconds(raw: Option<Raw<'_>>, otherwise: u64, most: u64) -> Duration {
    let number = raw.and_then(|raw| raw.text().trim_matches('"').parse().ok());
    Duration::from_secs(number.unwrap_or(otherwise).clamp(1, most))
}

/// RFC 8628, 3.4.
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Seconds between two polls when the authority does not say (RFC 8628, 3.2).
const INTERVAL: u64 = 5;
/// An interval of more seconds would only make people wait.
const LONGEST_INTERVAL: u64 = 60;
/// By how much `slow_down` widens the interval, for good (RFC 8628, 3.5).
const SLOWER: Duration = Duration::from_secs(5);
/// The longest pause between two polls that do not get through.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Seconds that a code is valid when the authority does not say, and at the most.
const VALID: u64 = 900;
const LONGEST_VALID: u64 = 3600;
/// Bytes; a QR code of more is hard to read from a terminal.
const LONGEST_ADDRESS: usize = 200;
const LONGEST_CODE: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Phase;
    use crate::identity::testing::Authority;

    /// No more scope than the audience: above all no refresh token.
    #[test]
    fn asks_for_an_access_token_and_nothing_else() {
        let reply = r#"{"device_code": "d~", "user_code": "ABCD-EFGH", "verification_uri": "https://login.example/"}"#;
        for (protocol, code, poll) in [
            (
                Protocol::Entra,
                "/contoso.example/oauth2/v2.0/devicecode client_id=ID&scope=https%3A%2F%2Fvault.example%2F.default",
                "/contoso.example/oauth2/v2.0/token",
            ),
            (
                Protocol::AdFs,
                "/adfs/oauth2/devicecode client_id=ID&resource=https%3A%2F%2Fvault.example",
                "/adfs/oauth2/token",
            ),
        ] {
            let authority = Authority::new(protocol, reply);
            let request = authority.sign_in();
            let (invitation, waiting) = ask(&request).unwrap();
            assert_eq!(authority.asked(), code);
            assert_eq!(invitation.valid, Duration::from_secs(900));
            assert_eq!(waiting.interval, Duration::from_secs(5));
            let form = poll_form(&request, &waiting.device_code);
            assert!(request.token(&form, Talk::Poll(waiting.end)).is_err());
            let fields = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=ID&device_code=d%7E";
            assert_eq!(authority.asked(), format!("{poll} {fields}"));
        }
    }

    #[test]
    fn pauses_double_while_nothing_is_heard_and_obey_the_server() {
        let seconds = Duration::from_secs;
        let host = HostName::parse("login.example").unwrap();
        let network = Error::Network {
            host: host.clone(),
            phase: Phase::Connect,
            cause: String::new(),
        };
        let busy = Error::ServerBusy {
            host,
            status: 429,
            retry_after: Some(50),
        };
        for (pause, interval, error, wanted) in [
            (5, 5, &network, 10),
            (20, 5, &network, 30),
            (30, 5, &network, 30),
            (40, 40, &network, 40),
            (5, 5, &busy, 50),
        ] {
            assert_eq!(
                longer(seconds(pause), seconds(interval), error),
                seconds(wanted)
            );
        }
    }

    #[test]
    fn numbers_come_as_numbers_or_texts_or_not_at_all() {
        for (raw, wanted) in [
            (Some("7"), 7),
            (Some("\"7\""), 7),
            (None, 5),
            (Some("null"), 5),
            (Some("\"soon\""), 5),
            (Some("-1"), 5),
            (Some("0"), 1),
            (Some("86400"), 60),
        ] {
            let raw = raw.map(|raw| Raw::read(raw.as_bytes()).unwrap());
            assert_eq!(
                seconds(raw, INTERVAL, LONGEST_INTERVAL),
                Duration::from_secs(wanted)
            );
        }
    }

    #[test]
    fn only_plain_https_addresses_are_shown() {
        for good in [
            "https://microsoft.com/devicelogin",
            "https://adfs.local.azurestack.external/adfs/oauth2/deviceauth",
            "https://login.example",
            "https://login.example/device?user_code=ABCD-EFGH",
        ] {
            assert!(is_plain_address(good), "{good}");
        }
        for bad in [
            "",
            "https://",
            "http://microsoft.com/devicelogin",
            "HTTPS://microsoft.com/",
            "https://microsoft.com@evil.example/",
            "https://microsoft.com:443/",
            "https://[::1]/",
            "https://a.example/\u{202e}",
            "https://a.example/#x",
            "https://a.example?x",
        ] {
            assert!(!is_plain_address(bad), "{bad}");
        }
    }
}

//! Signing in with a code on another device (RFC 8628): issuing codes, and being asked for the
//! outcome again and again.
//!
//! A client waits `interval` seconds between two polls, five more after each `slow_down`; what is
//! faster is refused and remembered. A code is good once.

use std::time::{Duration, Instant};

use base64::prelude::{Engine, BASE64_URL_SAFE_NO_PAD};

use crate::directory::Directory;
use crate::http::{Reply, Request};
use crate::lock;
use crate::log::Logged;
use crate::national::National;
use crate::object::Object;
use crate::random;
use crate::refusal::Refusal;
use crate::server::Shared;
use crate::tenancy::{known_app, known_tenant, Client};
use crate::token_reply::Issued;
use crate::token_request::{no_credential, Form, Scopes};
use crate::user_grants;
use crate::users::User;

/// How codes are issued and answered from now on.
#[derive(Clone, Copy, Debug)]
pub struct DeviceCodePolicy {
    /// What becomes of a code if no test decides on it.
    pub answer: DeviceAnswer,
    /// Seconds between two polls.
    pub interval: u32,
    /// Seconds until a code expires, by the cloud's clock.
    pub expires_in: u32,
    /// How the reply writes its numbers.
    pub form: DeviceCodeForm,
    /// So many first polls are told to slow down, whatever their pace.
    pub slow_downs: usize,
}

/// What becomes of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceAnswer {
    /// So many polls are told to wait; then the person has signed in.
    ApproveAfter(usize),
    /// So many polls are told to wait; then a policy forbids the sign-in.
    BlockAfter(usize),
    /// The code has expired at once, with the error `code_expired` that older endpoints have.
    CodeExpired,
    /// So many polls are told to wait; then the person has said no.
    DeclineAfter(usize),
    /// The code has expired at once, with the error `expired_token`.
    Expire,
    /// Nobody ever types the code.
    Pending,
}

/// How the reply with the code writes its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceCodeForm {
    /// Without `interval`: it is 5 seconds then (RFC 8628, section 3.2).
    NoInterval,
    /// As numbers.
    Numbers,
    /// As strings.
    Strings,
}

impl Default for DeviceCodePolicy {
    fn default() -> DeviceCodePolicy {
        DeviceCodePolicy {
            answer: DeviceAnswer::Pending,
            interval: DEFAULT_INTERVAL,
            expires_in: 900,
            form: DeviceCodeForm::Numbers,
            slow_downs: 0,
        }
    }
}

/// All codes that were issued.
#[derive(Default)]
pub(crate) struct DeviceCodes {
    pub policy: DeviceCodePolicy,
    issued: Vec<Code>,
}

struct Code {
    user_code: String,
    device_code: String,
    client_id: String,
    tenant: String,
    scopes: Scopes,
    answer: DeviceAnswer,
    expires_at: i64,
    interval: Duration,
    slow_downs: usize,
    polls: usize,
    last_poll: Option<Instant>,
    outcome: Outcome,
}

enum Outcome {
    Approved(User),
    Declined,
    Over,
    Waiting,
}

impl DeviceCodes {
    /// The codes for people, in the order they were issued.
    pub fn user_codes(&self) -> Vec<String> {
        let codes = self.issued.iter();
        codes.map(|code| code.user_code.clone()).collect()
    }

    /// Panics if there is no such code.
    pub fn approve(&mut self, user_code: &str, user: User) {
        self.find(user_code).outcome = Outcome::Approved(user);
    }

    /// Panics if there is no such code.
    pub fn decline(&mut self, user_code: &str) {
        self.find(user_code).outcome = Outcome::Declined;
    }

    fn find(&mut self, user_code: &str) -> &mut Code {
        let mut codes = self.issued.iter_mut();
        let code = codes.find(|code| code.user_code == user_code);
        code.expect("no such code was issued")
    }
}

/// Answers a request for a code.
pub(crate) fn start(
    shared: &Shared,
    tenant: &str,
    request: &Request,
    record: &mut Logged,
) -> Result<Reply, Refusal> {
    let directory = lock(&shared.directory);
    let tenant = known_tenant(&directory, tenant, shared.national, Client::Public)?;
    let form = Form::read(request)?;
    let registration = known_app(&directory, &tenant, form.required("client_id")?)?;
    note_credential(&form, request, record);
    let scopes = user_grants::scopes(&form, record)?;
    directory.check_resource(shared.national, &scopes.resource, &tenant)?;
    let mut codes = lock(&shared.device_codes);
    let policy = codes.policy;
    let interval = match policy.form {
        DeviceCodeForm::NoInterval => DEFAULT_INTERVAL,
        DeviceCodeForm::Numbers | DeviceCodeForm::Strings => policy.interval,
    };
    let code = Code {
        user_code: new_user_code(),
        device_code: BASE64_URL_SAFE_NO_PAD.encode(random::bytes::<96>()),
        client_id: registration.app.client_id.clone(),
        tenant,
        scopes,
        answer: policy.answer,
        expires_at: shared.clock.now() + i64::from(policy.expires_in),
        interval: Duration::from_secs(interval.into()),
        slow_downs: policy.slow_downs,
        polls: 0,
        last_poll: None,
        outcome: Outcome::Waiting,
    };
    let reply = describe(&code, &policy, shared.national);
    codes.issued.push(code);
    Ok(reply)
}

fn describe(code: &Code, policy: &DeviceCodePolicy, national: National) -> Reply {
    let page = verification_uri(national);
    let (expires_in, interval) = (policy.expires_in, policy.interval);
    let body = Object::new()
        .text("user_code", &code.user_code)
        .text("device_code", &code.device_code)
        .text("verification_uri", &page);
    let body = match policy.form {
        DeviceCodeForm::NoInterval => body.number("expires_in", expires_in.into()),
        DeviceCodeForm::Numbers => body
            .number("expires_in", expires_in.into())
            .number("interval", interval.into()),
        DeviceCodeForm::Strings => body
            .text("expires_in", &expires_in.to_string())
            .text("interval", &interval.to_string()),
    };
    let message = format!(
        "To sign in, use a web browser to open the page {page} and enter the code {} to \
         authenticate.",
        code.user_code
    );
    Reply::json(200, body.text("message", &message).finish())
}

/// Answers a poll of the token endpoint.
pub(crate) fn poll(
    shared: &Shared,
    directory: &mut Directory,
    tenant: &str,
    form: &Form,
    request: &Request,
    record: &mut Logged,
) -> Result<Issued, Refusal> {
    let registration = known_app(directory, tenant, form.required("client_id")?)?.clone();
    note_credential(form, request, record);
    if !registration.public {
        return Err(no_credential());
    }
    let device_code = form.required("device_code")?;
    let mut codes = lock(&shared.device_codes);
    let code = codes.issued.iter_mut().find(|code| {
        code.device_code == device_code
            && code.client_id == registration.app.client_id
            && code.tenant == tenant
    });
    let code = code.ok_or_else(|| {
        let text = "The verification code that was sent is not known.";
        refused("bad_verification_code", 70018, text)
    })?;
    code.keep_pace(record)?;
    let user = code.decide(directory, shared.clock.now(), record)?;
    Ok(user_grants::issue(
        shared,
        tenant,
        &registration,
        &user,
        &code.scopes,
    ))
}

impl Code {
    /// Refuses a poll that comes too early, or one of those that are to be slowed down.
    fn keep_pace(&mut self, record: &mut Logged) -> Result<(), Refusal> {
        let now = Instant::now();
        let early = self
            .last_poll
            .is_some_and(|last| now.duration_since(last) < self.interval);
        self.last_poll = Some(now);
        if early {
            record.unexpected("polled faster than the interval");
        }
        if early || self.slow_downs > 0 {
            self.slow_downs = self.slow_downs.saturating_sub(1);
            self.interval += SLOWER;
            // No number of its own is documented: the error alone tells it from waiting.
            let text = "The client polls too often.";
            return Err(refused("slow_down", 70016, text));
        }
        Ok(())
    }

    /// Who signed in, or why nobody has.
    fn decide(
        &mut self,
        directory: &mut Directory,
        now: i64,
        record: &mut Logged,
    ) -> Result<User, Refusal> {
        if matches!(self.outcome, Outcome::Over) {
            record.unexpected("polled after the outcome was known");
            let text = "The code was already redeemed.";
            return Err(refused("invalid_grant", 54005, text));
        }
        let polls = self.polls;
        self.polls += 1;
        let text = "The provided value for the input parameter 'device_code' is not valid. This \
                    device code has expired.";
        let expired = |error| Err(refused(error, 70020, text));
        let outcome = match (&self.outcome, self.answer) {
            (_, DeviceAnswer::CodeExpired) => expired("code_expired"),
            (_, DeviceAnswer::Expire) => expired("expired_token"),
            _ if now >= self.expires_at => expired("expired_token"),
            (Outcome::Approved(user), _) => Ok(user.clone()),
            (Outcome::Declined, _) => Err(declined()),
            (_, DeviceAnswer::ApproveAfter(waits)) if polls >= waits => {
                Ok(directory.users.anybody())
            }
            (_, DeviceAnswer::BlockAfter(waits)) if polls >= waits => Err(blocked()),
            (_, DeviceAnswer::DeclineAfter(waits)) if polls >= waits => Err(declined()),
            _ => {
                let text = "OAuth 2.0 device flow error. Authorization is pending. Continue \
                            polling.";
                return Err(refused("authorization_pending", 70016, text));
            }
        };
        self.outcome = Outcome::Over;
        outcome
    }
}

/// The page where people type their code.
fn verification_uri(national: National) -> String {
    match national {
        National::China => {
            "https://login.partner.microsoftonline.cn/common/oauth2/deviceauth".to_owned()
        }
        National::Public => "https://microsoft.com/devicelogin".to_owned(),
        National::UsGov => "https://microsoft.com/deviceloginus".to_owned(),
        _ => format!("https://{}/common/oauth2/deviceauth", national.login_host()),
    }
}

/// Nine letters and digits that cannot be mistaken for one another.
fn new_user_code() -> String {
    let letters: Vec<char> = USER_CODE_LETTERS.chars().collect();
    let bytes = random::bytes::<9>();
    let letter = |byte: &u8| letters[usize::from(*byte) % letters.len()];
    bytes.iter().map(letter).collect()
}

fn note_credential(form: &Form, request: &Request, record: &mut Logged) {
    if form.has_credential() || request.header("authorization").is_some() {
        record.unexpected("a client credential in a flow for public clients");
    }
}

fn declined() -> Refusal {
    let text = "The end user has declined the sign-in.";
    refused("authorization_declined", 70017, text)
}

fn blocked() -> Refusal {
    let text = "Access has been blocked by Conditional Access policies. The access policy does \
                not allow token issuance.";
    refused("invalid_grant", 53003, text)
}

fn refused(error: &'static str, code: u32, text: &str) -> Refusal {
    Refusal::new(400, error, code, text)
}

/// RFC 8628, section 3.2.
const DEFAULT_INTERVAL: u32 = 5;

/// RFC 8628, section 3.5.
const SLOWER: Duration = Duration::from_secs(5);

const USER_CODE_LETTERS: &str = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

//! The token request itself: its form, the client's credential, its scopes.
//!
//! Read strictly: the content type must be right, no field may come twice, and an application's
//! scope must be one resource followed by `/.default`.

use base64::prelude::{Engine, BASE64_STANDARD};

use crate::form;
use crate::http::Request;
use crate::refusal::Refusal;

/// A client as it presents itself.
pub(crate) struct Client {
    pub id: String,
    /// Nothing for a public client.
    pub credential: Option<Credential>,
}

/// What a client proves itself with.
pub(crate) enum Credential {
    Assertion(String),
    Secret(String),
}

impl Client {
    /// The client of a request: by HTTP Basic, assertion or secret.
    pub fn of(form: &Form, request: &Request) -> Result<Client, Refusal> {
        if let Some(header) = request.header("authorization") {
            return Client::of_basic(header);
        }
        let id = form.required("client_id")?.to_owned();
        if let Some(assertion) = form.value("client_assertion") {
            if form.value("client_assertion_type") != Some(ASSERTION_TYPE) {
                return Err(Refusal::request(
                    900144,
                    "The request body must contain the following parameter: \
                     'client_assertion_type'.",
                ));
            }
            let credential = Some(Credential::Assertion(assertion.to_owned()));
            return Ok(Client { id, credential });
        }
        let secret = form.value("client_secret").map(str::to_owned);
        Ok(Client {
            id,
            credential: secret.map(Credential::Secret),
        })
    }

    /// The credential, where there has to be one.
    pub fn proof(&self) -> Result<&Credential, Refusal> {
        self.credential.as_ref().ok_or_else(no_credential)
    }

    /// HTTP Basic; both halves are form-encoded first (RFC 6749, section 2.3.1).
    fn of_basic(header: &str) -> Result<Client, Refusal> {
        let parsed = (|| {
            let (scheme, text) = header.split_once(' ')?;
            if !scheme.eq_ignore_ascii_case("basic") {
                return None;
            }
            let text = String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok()?;
            let (id, secret) = text.split_once(':')?;
            let pair = form::decode(&format!("{id}={secret}"))?.pop()?;
            Some(Client {
                id: pair.0,
                credential: Some(Credential::Secret(pair.1)),
            })
        })();
        parsed.ok_or_else(|| Refusal::request(900144, "The Authorization header is malformed."))
    }
}

/// The form of a token request.
pub(crate) struct Form {
    fields: Vec<(String, String)>,
}

impl Form {
    /// The form of a request; nothing in it if the content type is another.
    pub fn read(request: &Request) -> Result<Form, Refusal> {
        let kind = request.header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let text = std::str::from_utf8(&request.body).unwrap_or_default();
        let fields = match kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            true => form::decode(text).unwrap_or_default(),
            false => Vec::new(),
        };
        for (index, (name, _)) in fields.iter().enumerate() {
            if fields[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(Refusal::request(
                    9000411,
                    format!("The request is not properly formatted. The parameter '{name}' is duplicated."),
                ));
            }
        }
        Ok(Form { fields })
    }

    /// A field that is there and not empty.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(known, value)| known == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// Whether the client proves itself in it.
    pub fn has_credential(&self) -> bool {
        self.value("client_secret").is_some() || self.value("client_assertion").is_some()
    }

    /// A field that must be there and not be empty.
    pub fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.value(name).ok_or_else(|| {
            Refusal::request(
                900144,
                format!("The request body must contain the following parameter: '{name}'."),
            )
        })
    }
}

/// The refusal of a client that may not be public.
pub(crate) fn no_credential() -> Refusal {
    Refusal::client(
        7000218,
        "The request body must contain the following parameter: 'client_assertion' or \
         'client_secret'.",
    )
}

/// What a person's client asks for.
pub(crate) struct Scopes {
    pub resource: String,
    /// Whether an identity token was asked for.
    pub open_id: bool,
    /// Whether a refresh token was asked for.
    pub offline: bool,
}

impl Scopes {
    /// The scopes of a form: words of OpenID Connect, and permissions of one resource.
    pub fn of(form: &Form) -> Result<Scopes, Refusal> {
        let scope = form.required("scope")?;
        let (known, others): (Vec<&str>, Vec<&str>) = scope
            .split_ascii_whitespace()
            .partition(|word| OPEN_ID_SCOPES.contains(word));
        let mut resources: Vec<&str> = others
            .iter()
            .map(|word| word.rsplit_once('/').map_or("", |(resource, _)| resource))
            .collect();
        resources.dedup();
        match resources[..] {
            [resource] if !resource.is_empty() => Ok(Scopes {
                resource: resource.to_owned(),
                open_id: known.contains(&"openid"),
                offline: known.contains(&"offline_access"),
            }),
            [_, _, ..] => Err(Refusal::new(
                400,
                "invalid_scope",
                700022,
                "The provided value for the input parameter 'scope' contains more than one \
                 resource.",
            )),
            _ => Err(bad_scope(scope)),
        }
    }
}

fn bad_scope(scope: &str) -> Refusal {
    Refusal::new(
        400,
        "invalid_scope",
        70011,
        format!(
            "The provided request must include a 'scope' input parameter. The provided value for \
             the input parameter 'scope' is not valid. The scope {scope} is not valid."
        ),
    )
}

/// The resource of the one scope, which must end in `/.default`.
pub(crate) fn resource(form: &Form) -> Result<String, Refusal> {
    let scope = form.required("scope")?;
    if scope.split_ascii_whitespace().count() != 1 {
        return Err(bad_scope(scope));
    }
    match scope.strip_suffix("/.default") {
        Some(resource) => Ok(resource.to_owned()),
        None => Err(Refusal::new(
            400,
            "invalid_scope",
            1002012,
            format!(
                "The provided value for scope {scope} is not valid. Client credential flows must \
                 have a scope value with /.default suffixed to the resource identifier \
                 (application ID URI)."
            ),
        )),
    }
}

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

const OPEN_ID_SCOPES: [&str; 4] = ["email", "offline_access", "openid", "profile"];

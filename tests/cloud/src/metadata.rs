//! What Resource Manager says of its cloud at `/metadata/endpoints`, and how a test spoils it.
//!
//! Anonymous: a credential sent there has gone astray. Which api-versions a stamp knows differs, and
//! so does the form of each: a flat object, a list of clouds, one cloud.

use crate::http::{Reply, Request};
use crate::log::Logged;
use crate::metadata_document::Document;
use crate::resource_manager::{api_version, error};
use crate::server::Shared;
use crate::{form, lock};

/// How a stamp describes its cloud. The default is a modern one in good order.
#[derive(Clone, Debug)]
pub struct Metadata {
    versions: Vec<&'static str>,
    answer: Answer,
    byte_order_mark: bool,
    wrapped: bool,
    pub(crate) dots: bool,
    pub(crate) slashes: bool,
    pub(crate) resource_manager: bool,
    /// The name of the vault suffix's member, if it is there.
    pub(crate) vault_member: Option<&'static str>,
    pub(crate) vault_suffix: Option<String>,
    pub(crate) login_endpoint: Option<String>,
    pub(crate) audience: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Document,
    Unavailable,
    WebPage,
}

/// The forms the description has had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Array,
    Flat,
    Object,
}

impl Default for Metadata {
    fn default() -> Metadata {
        Metadata {
            versions: vec![
                "1.0",
                "2015-01-01",
                "2019-05-01",
                "2019-10-01",
                "2020-06-01",
                "2022-09-01",
            ],
            answer: Answer::Document,
            byte_order_mark: false,
            wrapped: false,
            dots: false,
            slashes: false,
            resource_manager: true,
            vault_member: Some("keyVaultDns"),
            vault_suffix: None,
            login_endpoint: None,
            audience: None,
        }
    }
}

impl Metadata {
    /// Knows these api-versions and no others. `1.0` and `2015-01-01` are a flat object without
    /// suffixes; `2019-05-01`, `2019-10-01` and `2020-06-01` a list of clouds, in which the own one
    /// need not be the first; `2022-09-01`, `2023-01-01` and `2023-11-01` one cloud. Panics at any
    /// other: there has been none.
    pub fn versions(mut self, versions: &[&'static str]) -> Metadata {
        for version in versions {
            assert!(shape(version).is_some(), "no service had {version}");
        }
        self.versions = versions.to_vec();
        self
    }

    /// A byte order mark stands before the JSON.
    pub fn byte_order_mark(mut self) -> Metadata {
        self.byte_order_mark = true;
        self
    }

    /// The list, or the one cloud, comes as `{"value":[...]}`.
    pub fn wrapped(mut self) -> Metadata {
        self.wrapped = true;
        self
    }

    /// Suffixes begin with a dot.
    pub fn leading_dots(mut self) -> Metadata {
        self.dots = true;
        self
    }

    /// Endpoints end in a slash. Audiences stay as they are: they are no addresses.
    pub fn trailing_slashes(mut self) -> Metadata {
        self.slashes = true;
        self
    }

    /// `suffixes.keyVaultDns` is written as `keyvaultDns`.
    pub fn lower_case_vault(mut self) -> Metadata {
        self.vault_member = Some("keyvaultDns");
        self
    }

    /// There is no `suffixes.keyVaultDns`.
    pub fn without_vault_suffix(mut self) -> Metadata {
        self.vault_member = None;
        self
    }

    /// There is no `resourceManager`.
    pub fn without_resource_manager(mut self) -> Metadata {
        self.resource_manager = false;
        self
    }

    /// Another `authentication.loginEndpoint` than the cloud's: a hostile or a moved stamp.
    pub fn login_endpoint(mut self, address: &str) -> Metadata {
        self.login_endpoint = Some(address.to_owned());
        self
    }

    /// This audience as the only one.
    pub fn audience(mut self, audience: &str) -> Metadata {
        self.audience = Some(audience.to_owned());
        self
    }

    /// Another vault suffix than the cloud's.
    pub fn vault_suffix(mut self, suffix: &str) -> Metadata {
        self.vault_suffix = Some(suffix.to_owned());
        self
    }

    /// Every request is answered with 503.
    pub fn unavailable(mut self) -> Metadata {
        self.answer = Answer::Unavailable;
        self
    }

    /// Every request is answered with status 200 and a web page.
    pub fn web_page(mut self) -> Metadata {
        self.answer = Answer::WebPage;
        self
    }

    fn body(&self, shape: Shape, document: &Document) -> String {
        let body = match (shape, self.wrapped) {
            (Shape::Flat, _) => document.flat(),
            (Shape::Array, false) => document.list(),
            (Shape::Array, true) => format!("{{\"value\":{}}}", document.list()),
            (Shape::Object, false) => document.modern(),
            (Shape::Object, true) => format!("{{\"value\":[{}]}}", document.modern()),
        };
        match self.byte_order_mark {
            true => format!("\u{feff}{body}"),
            false => body,
        }
    }
}

/// Answers `GET /metadata/endpoints`.
pub(crate) fn answer(
    shared: &Shared,
    request: &Request,
    record: &mut Logged,
) -> Result<Reply, Reply> {
    if request.header("authorization").is_some() {
        record.unexpected("a credential sent to the metadata endpoint");
    }
    let fields = form::decode(&request.query).unwrap_or_default();
    if fields.iter().any(|(name, _)| name != "api-version") {
        record.unexpected("an unknown parameter");
    }
    let metadata = lock(&shared.metadata).clone();
    match metadata.answer {
        Answer::Document => {}
        Answer::Unavailable => {
            let text = "The service is temporarily unavailable.";
            return Err(Reply::json(503, error("ServiceUnavailable", text)));
        }
        Answer::WebPage => {
            let mut page = Reply::new(200).header("content-type", "text/html; charset=utf-8");
            page.body = b"<!DOCTYPE html><html><body>Sign in to the portal</body></html>"
                .to_vec()
                .into();
            return Err(page);
        }
    }
    let version = api_version(request, record, &metadata.versions, &ALL_VERSIONS)?;
    let document = Document {
        national: shared.national,
        metadata: &metadata,
    };
    // The versions were checked when they were set.
    let shape = shape(&version).unwrap_or(Shape::Object);
    Ok(Reply::json(200, metadata.body(shape, &document)))
}

fn shape(version: &str) -> Option<Shape> {
    match version {
        "1.0" | "2015-01-01" => Some(Shape::Flat),
        "2019-05-01" | "2019-10-01" | "2020-06-01" => Some(Shape::Array),
        "2022-09-01" | "2023-01-01" | "2023-11-01" => Some(Shape::Object),
        _ => None,
    }
}

/// What some stamp or other knows; asking for anything else is a client's mistake.
const ALL_VERSIONS: [&str; 8] = [
    "1.0",
    "2015-01-01",
    "2019-05-01",
    "2019-10-01",
    "2020-06-01",
    "2022-09-01",
    "2023-01-01",
    "2023-11-01",
];

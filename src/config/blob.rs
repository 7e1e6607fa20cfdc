//! Reads `blob`: a file of Blob Storage, in the cloud's own storage.

use super::expand::expanded;
use super::form::{self, Ground};
use super::json::Node;
use super::object::Object;
use super::problem::{Problem, Problems};
use super::table::{self, Section};
use super::value;
use super::Blob;
use crate::cloud::Cloud;
use crate::name::{HostName, Invalid};

/// Reads the blob `node`; its limits stand beside it in `file`.
pub(super) fn read(
    file: &mut Object<'_>,
    node: &Node<'_>,
    ground: &Ground<'_>,
    problems: &mut Problems,
) -> Option<Blob> {
    form::refuse_unfit(file, &["blob"], problems);
    let around = ground.around;
    let max_bytes = problems.read(file.take("max_bytes"), |node| {
        node.large_number(1, MOST_BYTES)
    });
    let sha256 = value::text(file.take("sha256"), &digest, problems);
    let mut object = Object::open(node, Section::Blob, problems)?;
    let mut need = |name| object.need(table::find(Section::Blob, name)?, problems);
    let (account, container, name) = (need("account"), need("container"), need("name"));
    object.close(problems);
    let account = value::text(account, &self::account, problems);
    let container = value::text(container, &self::container, problems);
    let name = problems.read(name, |node| {
        expanded(node, "a blob's name", around.device_id, &blob_name)
    });
    let host = problems.keep(host(node, &account?, around.cloud?))?;
    Some(Blob {
        host,
        container: container?,
        name: name??,
        max_bytes,
        sha256: sha256.map(|digest| digest.to_ascii_lowercase()),
    })
}

/// The host of `account`, if it is known where the storage of `cloud` lies and how to get a
/// token for it.
fn host(node: &Node<'_>, account: &str, cloud: &Cloud) -> Result<HostName, Problem> {
    let lacks = |key: &str| {
        node.problem_with(
            &format!("needs the \"{key}\" of cloud \"{}\"", cloud.name),
            &format!("write \"cloud\" as an object with \"{key}\""),
        )
    };
    let suffix = cloud.storage_suffix.as_ref();
    let suffix = suffix.ok_or_else(|| lacks("storage_suffix"))?;
    if cloud.storage_audience.is_none() {
        return Err(lacks("storage_audience"));
    }
    HostName::parse(&format!("{account}.blob.{suffix}"))
        .map_err(|_| node.problem("is of a cloud whose \"storage_suffix\" is too long"))
}

fn account(text: &str) -> Result<(), Invalid> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let good = (3..=24).contains(&text.len()) && text.chars().all(plain);
    ruled(good, "must be 3 to 24 lower-case letters or digits")
}

/// Azure's rule for names of containers.
fn container(text: &str) -> Result<(), Invalid> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let words = text
        .split('-')
        .all(|word| !word.is_empty() && word.chars().all(plain));
    let good = (3..=63).contains(&text.len()) && words;
    ruled(good || text == "$root", "must be $root, or 3 to 63 lower-case letters, digits and single hyphens, a letter or digit at both ends")
}

/// Azure's rule for names of blobs, and nothing that a URL's path would swallow.
fn blob_name(text: &str) -> Result<(), Invalid> {
    let plain = |segment: &str| segment != "." && segment != "..";
    let good = (1..=1024).contains(&text.chars().count())
        && !text.starts_with('/')
        && !text.chars().any(|c| c.is_control() || c == '\\')
        && text.split('/').all(plain);
    ruled(good, "must be 1 to 1024 characters without a leading '/', '\\', control characters, '.' and '..' between slashes")
}

fn digest(text: &str) -> Result<(), Invalid> {
    let good = text.len() == 64 && text.chars().all(|c| c.is_ascii_hexdigit());
    ruled(good, "must be 64 hexadecimal digits")
}

fn ruled(good: bool, rule: &str) -> Result<(), Invalid> {
    match good {
        true => Ok(()),
        false => Err(Invalid(rule.to_owned())),
    }
}

/// 8 PiB: what any reader of JSON takes for a whole number.
const MOST_BYTES: u64 = 1 << 53;

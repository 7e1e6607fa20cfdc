//! Reads one file of a set.

use rustix::fs::{Gid, Uid};

use super::json::{Member, Node};
use super::object::Object;
use super::problem::{Problem, Problems};
use super::set::Surroundings;
use super::table::{self, Section};
use super::value;
use super::{Content, File, Form, IfMissing, ObjectKind, Source, Text, Value};
use crate::cloud::Cloud;
use crate::config;
use crate::name::{FileName, HostName, Mode, ObjectName, Version};

/// What a file has from its set, unless it says otherwise.
#[derive(Debug)]
pub(super) struct Inherited<'a> {
    pub around: &'a Surroundings<'a>,
    pub group: Gid,
    pub mode: Option<Mode>,
    pub owner: Uid,
    pub vault: Vault,
}

/// The nearest vault above a file.
#[derive(Clone, Debug)]
pub(super) enum Vault {
    /// This one.
    Named(Box<HostName>),
    /// None is named.
    Nowhere,
    /// What is named cannot be used; that was noted there.
    Unusable,
}

/// Reads the file `member`.
pub(super) fn read(
    member: &Member<'_>,
    inherited: &Inherited<'_>,
    problems: &mut Problems,
) -> Option<File> {
    let name = problems.keep(file_name(member));
    let mut node = member.value.clone();
    node.label = format!("file {}", node.label);
    node.example = r#"{"secret": "mqtt-password"}"#;
    let around = inherited.around;
    let mut object = Object::open(&node, Section::File, problems)?;
    let source = source(&mut object, inherited, problems);
    let mode = object
        .take("mode")
        .and_then(|node| self::mode(&node, problems));
    let owner = object.take("owner");
    let owner = problems.read(owner, |node| value::owner(node, around.accounts));
    let group = object.take("group");
    let group = problems.read(group, |node| value::group(node, around.accounts));
    let if_missing = object.take("if_missing");
    let if_missing = problems.read(if_missing, |node| value::choice(node, &IF_MISSING));
    object.close(problems);
    Some(File {
        name: name?,
        source: source?,
        mode: mode.or(inherited.mode)?,
        owner: owner.unwrap_or(inherited.owner),
        group: group.unwrap_or(inherited.group),
        if_missing: if_missing.unwrap_or(IfMissing::Fail),
        pattern: None,
    })
}

/// The mode of a secret's file: others get nothing.
pub(super) fn mode(node: &Node<'_>, problems: &mut Problems) -> Option<Mode> {
    let mode = problems.keep(value::mode(node))?;
    if mode.bits() & 0o007 != 0 {
        problems.add(node.problem_with(
            "would let every user of the device at a secret",
            "write \"0440\" and give the file a \"group\"",
        ));
        return None;
    }
    if mode.bits() & 0o020 != 0 {
        problems.warn(
            node,
            "the group may change the file; the next run puts it right again only when it looks",
        );
    }
    Some(mode)
}

/// A vault's name or URL.
pub(super) fn vault(node: &Node<'_>, cloud: Option<&Cloud>, problems: &mut Problems) -> Vault {
    let Some(cloud) = cloud else {
        return Vault::Unusable;
    };
    let host = value::parsed(node, |text| cloud.vault(text)).map_err(|problem| Problem {
        advice: format!(
            "name a vault of cloud \"{}\", or correct \"cloud\"",
            cloud.name
        ),
        ..problem
    });
    match problems.keep(host) {
        Some(host) => Vault::Named(Box::new(host)),
        None => Vault::Unusable,
    }
}

fn source(
    object: &mut Object<'_>,
    inherited: &Inherited<'_>,
    problems: &mut Problems,
) -> Option<Source> {
    let around = inherited.around;
    let version = object.take("version");
    let version = problems.read(version, |node| value::parsed(node, Version::parse));
    let vault = match object.take("vault") {
        Some(node) => self::vault(&node, around.cloud, problems),
        None => inherited.vault.clone(),
    };
    if matches!(vault, Vault::Nowhere) {
        problems.add(object.node.problem_with(
            "has no vault",
            "write \"vault\": NAME at the top level, in the set or in the file",
        ));
    }
    let name = object.need(table::find(Section::File, "secret")?, problems)?;
    let name = problems.keep(secret_name(&name, around.device_id))??;
    match vault {
        Vault::Named(vault) => Some(Source::Content(Content::Value(Value {
            object: config::Object {
                kind: ObjectKind::Secret,
                vault: *vault,
                name,
                version,
            },
            form: Form::Secret(Text::default()),
        }))),
        Vault::Nowhere | Vault::Unusable => None,
    }
}

/// The secret's name with `${device_id}` expanded; nothing if it needs an id that could
/// not be read.
fn secret_name(node: &Node<'_>, device_id: Option<&str>) -> Result<Option<ObjectName>, Problem> {
    let template = node.template("the name of a secret")?;
    if template.replace(DEVICE_ID, "").contains("${") {
        return Err(node.problem_with(
            "must not hold ${…} other than ${device_id}",
            "write ${device_id}, or the name itself",
        ));
    }
    if !template.contains(DEVICE_ID) {
        let name = ObjectName::parse(&template);
        return name.map(Some).map_err(|invalid| node.problem(&invalid.0));
    }
    let Some(device_id) = device_id else {
        return Ok(None);
    };
    let expanded = template.replace(DEVICE_ID, device_id);
    let name = ObjectName::parse(&expanded).map_err(|invalid| {
        node.problem_with(
            &format!("becomes \"{expanded}\" on this device, but {invalid}"),
            "set \"device_id\" to letters, digits and hyphens",
        )
    });
    name.map(Some)
}

fn file_name(member: &Member<'_>) -> Result<FileName, Problem> {
    let refused = |rule: &str| {
        member.problem(
            format!("the file's name {} {rule}", member.value.label),
            "rename the file".to_owned(),
        )
    };
    if member.key.contains("${") {
        return Err(refused("must not hold ${…}"));
    }
    if looks_staged(&member.key) {
        return Err(refused("looks like one of keyferry's own temporary files"));
    }
    FileName::parse(&member.key).map_err(|invalid| refused(&invalid.0))
}

/// Left-overs of the form `.NAME.<16 hex>` are removed at the start of a run.
fn looks_staged(name: &str) -> bool {
    let digits = name
        .strip_prefix('.')
        .and_then(|rest| rest.rsplit_once('.'));
    digits.is_some_and(|(_, digits)| {
        digits.len() == 16 && digits.chars().all(|c| c.is_ascii_hexdigit())
    })
}

const DEVICE_ID: &str = "${device_id}";
const IF_MISSING: [(&str, IfMissing); 3] = [
    ("fail", IfMissing::Fail),
    ("keep", IfMissing::Keep),
    ("skip", IfMissing::Skip),
];

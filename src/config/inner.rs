//! Reads what stands inside of an env file or a composition: objects, and in an env file
//! compositions too.

use super::compose;
use super::form::{self, Ground};
use super::json::{Member, Node};
use super::object::Object;
use super::problem::Problems;
use super::table::Section;
use super::{CertificatePart, Content, Form, Variable};

/// Reads `env_file`.
pub(super) fn env_file(
    node: &Node<'_>,
    ground: &Ground<'_>,
    problems: &mut Problems,
) -> Option<Vec<Variable>> {
    let mut variables = Vec::new();
    let members = members(node, MOST_VARIABLES, problems)?;
    for member in &members {
        variables.extend(variable(member, ground, problems));
    }
    (variables.len() == members.len()).then_some(variables)
}

/// The members of `node`, one at least and no more than `most`.
pub(super) fn members<'a>(
    node: &Node<'a>,
    most: usize,
    problems: &mut Problems,
) -> Option<Vec<Member<'a>>> {
    let members = node.members("an object of sources by name", problems)?;
    if members.is_empty() || members.len() > most {
        problems.add(node.problem(&format!("must hold 1 to {most} sources")));
        return None;
    }
    Some(members)
}

/// Reads the source `member`, an object of `section`.
pub(super) fn read(
    member: &Member<'_>,
    section: Section,
    ground: &Ground<'_>,
    problems: &mut Problems,
) -> Option<Content> {
    let mut node = member.value.clone();
    node.label = format!("value {}", node.label);
    node.example = r#"{"secret": "mqtt-password"}"#;
    let mut object = Object::open(&node, section, problems)?;
    let sources = match section {
        Section::Variable => &SOURCES[..],
        _ => &SOURCES[..3],
    };
    let content = form::take_source(&mut object, sources, problems)
        .and_then(|(key, name)| content(&mut object, (key, &name), ground, problems));
    if is_pfx(content.as_ref()) {
        problems.add(node.problem_with(
            "has \"part\" \"pfx\", which is no text",
            "write \"part\": \"bundle\", or deliver it as a file of its own",
        ));
    }
    object.close(problems);
    content
}

/// Reads the source that stands in `object` under `key`: an object of a vault or a composition.
pub(super) fn content(
    object: &mut Object<'_>,
    (key, node): (&str, &Node<'_>),
    ground: &Ground<'_>,
    problems: &mut Problems,
) -> Option<Content> {
    let ground = ground.within(object, problems);
    match form::kind_of(key) {
        Some(kind) => form::value(object, (kind, node), &ground, problems).map(Content::Value),
        None => {
            form::refuse_unfit(object, &["compose"], problems);
            compose::read(node, &ground, problems).map(Content::Compose)
        }
    }
}

fn variable(member: &Member<'_>, ground: &Ground<'_>, problems: &mut Problems) -> Option<Variable> {
    let content = read(member, Section::Variable, ground, problems);
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let begins = member
        .key
        .starts_with(|c: char| plain(c) && !c.is_ascii_digit());
    if !begins || !member.key.chars().all(plain) || member.key.len() > LONGEST_NAME {
        problems.add(member.problem(
            format!("the variable's name {} must be 1 to {LONGEST_NAME} letters, digits or '_', and begin with no digit", member.value.label),
            "rename the variable".to_owned(),
        ));
        return None;
    }
    Some(Variable {
        name: member.key.clone(),
        content: content?,
    })
}

fn is_pfx(content: Option<&Content>) -> bool {
    let Some(Content::Value(value)) = content else {
        return false;
    };
    value.form == Form::Certificate(CertificatePart::Pfx)
}

/// The last one stands in env files only.
const SOURCES: [&str; 4] = ["secret", "certificate", "key", "compose"];
const LONGEST_NAME: usize = 128;
const MOST_VARIABLES: usize = 256;

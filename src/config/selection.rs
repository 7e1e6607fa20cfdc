//! Reads `select`: one file for each object of a vault whose name and tags fit.

use super::expand::{expanded, object_name};
use super::form::{self, Ground};
use super::json::{Member, Node};
use super::object::Object;
use super::problem::{Problem, Problems};
use super::table::{self, Section};
use super::value;
use super::{ObjectKind, Selection};
use crate::name::Invalid;

/// Reads the selection `node`; form and limit stand beside it in `file`. Its pattern is the
/// file's name, which is not known here.
pub(super) fn read(
    file: &mut Object<'_>,
    node: &Node<'_>,
    ground: &Ground<'_>,
    problems: &mut Problems,
) -> Option<Selection> {
    let device_id = ground.around.device_id;
    let mut object = Object::open(node, Section::Select, problems)?;
    let kind = value::choice(object.take("type"), &KINDS, problems);
    let kind = kind.unwrap_or(ObjectKind::Secret);
    let prefix_node = object.take("prefix");
    let tags_node = object.take("tags");
    if prefix_node.is_none() && tags_node.is_none() {
        problems.add(node.problem("must have \"prefix\" or \"tags\", or both"));
    }
    let prefix = problems.read(prefix_node, |node| object_name(node, device_id));
    let tags = tags_node.map_or(Vec::new(), |node| tags(&node, device_id, problems));
    let allow_empty = problems.read(object.take("allow_empty"), Node::boolean);
    object.close(problems);
    form::refuse_unfit(file, &["select", of(kind)], problems);
    let form = form::form(file, kind, problems);
    let most = file.need(table::find(Section::File, "max_objects")?, problems);
    let max_objects = problems.read(most, |node| node.number(1, MOST_OBJECTS));
    let vault = ground.within(file, problems).vault(&file.node, problems);
    Some(Selection {
        pattern: String::new(),
        vault: vault?,
        prefix: prefix
            .flatten()
            .map_or(String::new(), |prefix| prefix.as_str().to_owned()),
        tags,
        form: form?,
        max_objects: max_objects?,
        allow_empty: allow_empty.unwrap_or(false),
    })
}

/// The word for a source that selects objects of `kind`.
fn of(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Certificate => "certificates",
        _ => "secrets",
    }
}

fn tags(
    node: &Node<'_>,
    device_id: Option<&str>,
    problems: &mut Problems,
) -> Vec<(String, String)> {
    let Some(members) = node.members("an object of texts by tag name", problems) else {
        return Vec::new();
    };
    if members.is_empty() || members.len() > MOST_TAGS {
        problems.add(node.problem(&format!("must hold 1 to {MOST_TAGS} tags")));
    }
    let mut tags = Vec::with_capacity(members.len());
    for member in members {
        if let Some(problem) = wrong_name(&member) {
            problems.add(problem);
        }
        let value = expanded(&member.value, "a text", device_id, &tag_value);
        tags.extend(
            problems
                .keep(value)
                .flatten()
                .map(|value| (member.key, value)),
        );
    }
    tags
}

fn wrong_name(member: &Member<'_>) -> Option<Problem> {
    let good =
        (1..=LONGEST_TAG).contains(&member.key.chars().count()) && !member.key.contains("${");
    (!good).then(|| {
        member.problem(
            format!(
                "the tag's name {} must be 1 to {LONGEST_TAG} characters without ${{…}}",
                member.value.label
            ),
            "correct the name".to_owned(),
        )
    })
}

fn tag_value(text: &str) -> Result<(), Invalid> {
    match text.chars().count() <= LONGEST_TAG {
        true => Ok(()),
        false => Err(Invalid(format!("must be at most {LONGEST_TAG} characters"))),
    }
}

const KINDS: [(&str, ObjectKind); 2] = [
    ("secret", ObjectKind::Secret),
    ("certificate", ObjectKind::Certificate),
];
const LONGEST_TAG: usize = 256;
const MOST_OBJECTS: u32 = 256;
/// No object has more.
const MOST_TAGS: usize = 15;

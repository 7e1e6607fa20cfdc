//! Reads `compose`: a text with values in it, from the configuration or a file beside it.

use std::path::Path;

use rustix::io::Errno;

use super::document::Document;
use super::form::Ground;
use super::inner;
use super::json::{Member, Node};
use super::object::Object;
use super::problem::{Problem, Problems};
use super::source;
use super::table::{self, Section};
use super::value;
use super::{Composition, Content, Template, TemplateProblem, Value};
use crate::disk::{self, Root};
use crate::error::{Error, Place};

/// Reads the composition `node`.
pub(super) fn read(
    node: &Node<'_>,
    ground: &Ground<'_>,
    problems: &mut Problems,
) -> Option<Composition> {
    let mut object = Object::open(node, Section::Compose, problems)?;
    let origin = object.take_one(&["text", "file"], problems);
    let values = object.need(table::find(Section::Compose, "values")?, problems);
    object.close(problems);
    let members = values.and_then(|values| inner::members(&values, MOST_VALUES, problems))?;
    let mut read = Vec::with_capacity(members.len());
    for member in &members {
        read.extend(value(member, ground, problems));
    }
    let template = match origin? {
        ("file", node) => of_file(&node, &members, ground, problems),
        (_, node) => of_text(&node, &members, problems),
    }?;
    for (place, member) in members.iter().enumerate() {
        if !template.uses(place) {
            problems.add(member.problem(
                format!(
                    "value {} does not stand in the template",
                    member.value.label
                ),
                format!("write ${{{}}} there, or remove the value", member.key),
            ));
        }
    }
    (read.len() == members.len()).then_some(Composition {
        template,
        values: read,
    })
}

fn value(
    member: &Member<'_>,
    ground: &Ground<'_>,
    problems: &mut Problems,
) -> Option<(String, Value)> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let begins = member
        .key
        .starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !begins || !member.key.chars().all(plain) || member.key.len() > LONGEST_NAME {
        problems.add(member.problem(
            format!("the value's name {} must be 1 to {LONGEST_NAME} letters, digits, '_' or '-', and begin with a letter or '_'", member.value.label),
            "rename the value".to_owned(),
        ));
        return None;
    }
    match inner::read(member, Section::Value, ground, problems)? {
        Content::Compose(_) => None,
        Content::Value(value) => Some((member.key.clone(), value)),
    }
}

fn of_text(node: &Node<'_>, members: &[Member<'_>], problems: &mut Problems) -> Option<Template> {
    let text = problems.keep(node.template("a text"))?;
    let template = parse(&text, members).map_err(|wrong| {
        let rule = format!(
            "has an error in line {}, column {}: {}",
            wrong.line, wrong.column, wrong.problem
        );
        node.problem_with(&rule, ADVICE)
    });
    problems.keep(template)
}

fn of_file(
    node: &Node<'_>,
    members: &[Member<'_>],
    ground: &Ground<'_>,
    problems: &mut Problems,
) -> Option<Template> {
    let path = problems.keep(value::path(node))?;
    let document = problems.keep(document(node, &path, ground.around.root))?;
    let template = parse(document.text(), members).map_err(|wrong| Problem {
        place: Place {
            file: path.clone(),
            line: wrong.line,
            column: wrong.column,
        },
        problem: wrong.problem,
        advice: ADVICE.to_owned(),
    });
    let mut template = problems.keep(template)?;
    template.file = Some(path);
    Some(template)
}

/// The template at `path`, under the rules for files of the configuration.
fn document(node: &Node<'_>, path: &Path, root: &Root) -> Result<Document, Problem> {
    let seen = root.place(path);
    let text = disk::read_config(&seen).map_err(|error| match error {
        Error::Disk { errno, .. } if errno == Errno::NOENT => node.problem_with(
            "names a file that does not exist",
            &format!("provision {}", path.display()),
        ),
        error => source::problem(&seen, error),
    })?;
    if text.len() > LONGEST_FILE {
        return Err(node.problem_with(
            "names a file of more than 64 KiB",
            "make several files of it, each with a template of its own",
        ));
    }
    Document::new(seen, text.expose().to_vec())
}

fn parse(text: &str, members: &[Member<'_>]) -> Result<Template, TemplateProblem> {
    let names: Vec<&str> = members.iter().map(|member| member.key.as_str()).collect();
    Template::parse(text, &names)
}

const ADVICE: &str = "correct the template, or \"values\"";
const LONGEST_FILE: usize = 64 << 10;
const LONGEST_NAME: usize = 64;
const MOST_VALUES: usize = 64;

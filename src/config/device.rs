//! Reads `device_id`, which tells this device's secrets from its neighbours'.

use std::io::{ErrorKind, Read};
use std::path::Path;

use super::json::{Kind, Node};
use super::object::Object;
use super::problem::{Problem, Problems};
use super::table::{self, Section};
use super::value;
use crate::disk::Root;

/// Reads the id, from its file or the system if need be. In an image neither
/// has to be there: then `device` stands in, so that names can be checked.
pub(super) fn read(
    node: Option<&Node<'_>>,
    root: &Root,
    problems: &mut Problems,
) -> Option<String> {
    let Some(node) = node else {
        return Some(match root.top() {
            Some(_) => STAND_IN.to_owned(),
            None => host_name(),
        });
    };
    match node.kind() {
        Kind::Text => {
            let id = problems.keep(node.text("a text"))?;
            problems.keep(checked(node, &id))
        }
        Kind::Object => {
            let mut object = Object::open(node, Section::DeviceId, problems)?;
            let path = object.need(table::find(Section::DeviceId, "file")?, problems);
            object.close(problems);
            let path_node = path?;
            let path = problems.keep(value::path(&path_node))?;
            of_file(&path_node, &path, root, problems)
        }
        _ => {
            problems.add(node.wrong_kind("a text or {\"file\": PATH}"));
            None
        }
    }
}

fn of_file(node: &Node<'_>, path: &Path, root: &Root, problems: &mut Problems) -> Option<String> {
    match (read_text(&root.target(path)), root.top()) {
        (Ok(text), _) => problems.keep(checked(node, text.trim())),
        (Err(_), Some(_)) => {
            let text = format!(
                "{} is not in this image; names are checked with \"{STAND_IN}\" in its place",
                path.display()
            );
            problems.warn(node, &text);
            Some(STAND_IN.to_owned())
        }
        (Err(error), None) => {
            let rule = match error.kind() {
                ErrorKind::NotFound => "names a file that does not exist".to_owned(),
                kind => format!("names a file that cannot be read: {kind}"),
            };
            problems.add(node.problem_with(&rule, &format!("provision {}", path.display())));
            None
        }
    }
}

fn read_text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?
        .take(LONGEST_FILE)
        .read_to_string(&mut text)?;
    Ok(text)
}

fn checked(node: &Node<'_>, id: &str) -> Result<String, Problem> {
    let plain = !id.is_empty() && id.len() <= 127 && id.chars().all(|c| c.is_ascii_graphic());
    if !plain || id.contains("${") {
        let rule = "must be 1 to 127 visible ASCII characters";
        return Err(node.problem(rule));
    }
    Ok(id.to_owned())
}

fn host_name() -> String {
    let names = rustix::system::uname();
    names.nodename().to_string_lossy().into_owned()
}

const STAND_IN: &str = "device";
const LONGEST_FILE: u64 = 4096;

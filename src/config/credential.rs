//! Where a credential lies: `"PATH"`, `{"file"}`, `{"credential"}` or `{"env"}`.
//!
//! Somebody may have put the secret itself where its path belongs, so no message of this
//! file repeats a value.

use super::json::{Kind, Node};
use super::object::Object;
use super::problem::{Problem, Problems};
use super::table::Section;
use super::value;
use super::CredentialFile;

/// Reads a credential's place.
pub(super) fn read(node: &Node<'_>, problems: &mut Problems) -> Option<CredentialFile> {
    match node.kind() {
        Kind::Object => read_object(node, problems),
        Kind::Text => problems.keep(file(node, FORMS)),
        kind => {
            problems.add(refused(node, &format!("{FORMS}, not {kind}")));
            None
        }
    }
}

/// The name of an environment variable.
pub(super) fn variable(node: &Node<'_>) -> Result<String, Problem> {
    let name = node.text("the name of an environment variable")?;
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !begins || !plain || name.len() > 255 {
        return Err(node.problem("must be the name of an environment variable"));
    }
    Ok(name)
}

fn read_object(node: &Node<'_>, problems: &mut Problems) -> Option<CredentialFile> {
    let mut object = Object::open(node, Section::Credential, problems)?;
    let path = object.take("file");
    let credential = object.take("credential");
    let variable = object.take("env");
    object.close(problems);
    match (path, credential, variable) {
        (Some(path), None, None) => problems.keep(file(&path, PATH)),
        (None, Some(name), None) => problems.keep(systemd_credential(&name)),
        (None, None, Some(name)) => {
            let name = problems.keep(self::variable(&name))?;
            Some(CredentialFile::Environment(name))
        }
        _ => {
            let rule = "must have exactly one of \"file\", \"credential\" and \"env\"";
            problems.add(node.problem(rule));
            None
        }
    }
}

fn file(node: &Node<'_>, expected: &str) -> Result<CredentialFile, Problem> {
    let text = node.template("a path")?;
    let path = value::normal_path(&text).filter(|_| !text.contains("${"));
    path.map(CredentialFile::File)
        .ok_or_else(|| refused(node, expected))
}

fn systemd_credential(node: &Node<'_>) -> Result<CredentialFile, Problem> {
    let name = node.text("the name of a systemd credential")?;
    let plain = name.chars().all(|c| c.is_ascii_graphic() && c != '/');
    if !plain || name.is_empty() || name.len() > 255 || name == "." || name == ".." {
        return Err(node.problem("must be the name of a systemd credential (LoadCredential=)"));
    }
    Ok(CredentialFile::Credential(name))
}

fn refused(node: &Node<'_>, expected: &str) -> Problem {
    node.problem_with(
        &format!("must be {expected}; a secret value never stands in the configuration"),
        "put the secret into a file that only root can read, and write that file's path; if the secret stood here, replace it",
    )
}

const PATH: &str = "an absolute path";
const FORMS: &str = "an absolute path, {\"file\": PATH}, {\"credential\": NAME} or {\"env\": NAME}";

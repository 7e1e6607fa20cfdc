//! Reads one file of a set.

use rustix::fs::{Gid, Uid};

use super::accounts::Accounts;
use super::blob;
use super::form::{self, Ground};
use super::inner;
use super::json::{Member, Node};
use super::object::Object;
use super::problem::{Problem, Problems};
use super::selection;
use super::table::Section;
use super::value;
use super::{File, IfMissing, SelectedFiles, Selection, Source};
use crate::name::{FileName, Mode};

/// What a file has from its set, unless it says otherwise.
#[derive(Debug)]
pub(super) struct Inherited<'a> {
    pub ground: Ground<'a>,
    pub group: Gid,
    pub mode: Option<Mode>,
    pub owner: Uid,
}

/// What stands under the name of a file.
#[derive(Debug)]
pub(super) enum Entry {
    /// A file.
    File(File),
    /// Files that a vault names.
    Selected(SelectedFiles),
}

/// Reads the file `member`, or the files that it selects.
pub(super) fn read(
    member: &Member<'_>,
    inherited: &Inherited<'_>,
    problems: &mut Problems,
) -> Option<Entry> {
    let mut node = member.value.clone();
    node.label = format!("file {}", node.label);
    node.example = r#"{"secret": "mqtt-password"}"#;
    let accounts = inherited.ground.around.accounts;
    let mut object = Object::open(&node, Section::File, problems)?;
    let found = form::take_source(&mut object, &SOURCES, problems);
    let is_selection = matches!(found, Some(("select", _)));
    let name = problems.keep(file_name(member, is_selection));
    let read = found.and_then(|(key, node)| {
        read_source(&mut object, (key, &node), &inherited.ground, problems)
    });
    let access = Access::read(&mut object, accounts, problems);
    let if_missing = value::choice(object.take("if_missing"), &IF_MISSING, problems);
    object.close(problems);
    let (name, mode) = (name?, access.mode.or(inherited.mode)?);
    let owner = access.owner.unwrap_or(inherited.owner);
    let group = access.group.unwrap_or(inherited.group);
    let if_missing = if_missing.unwrap_or(IfMissing::Fail);
    Some(match read? {
        Read::Selection(selection) => Entry::Selected(SelectedFiles {
            selection: Selection {
                pattern: member.key.clone(),
                ..selection
            },
            mode,
            owner,
            group,
            if_missing,
        }),
        Read::Source(source) => Entry::File(File {
            name,
            source,
            mode,
            owner,
            group,
            if_missing,
            pattern: None,
        }),
    })
}

/// What a file was read as.
enum Read {
    Selection(Selection),
    Source(Source),
}

/// Who may do what with files, as far as it is said.
pub(super) struct Access {
    pub mode: Option<Mode>,
    pub owner: Option<Uid>,
    pub group: Option<Gid>,
}

impl Access {
    /// Takes it from a set or a file.
    pub fn read(object: &mut Object<'_>, accounts: &Accounts, problems: &mut Problems) -> Self {
        let mode = object.take("mode");
        let owner = object.take("owner");
        let group = object.take("group");
        Self {
            mode: mode.and_then(|node| self::mode(&node, problems)),
            owner: problems.read(owner, |node| value::owner(node, accounts)),
            group: problems.read(group, |node| value::group(node, accounts)),
        }
    }
}

/// The mode of a secret's file: others get nothing.
fn mode(node: &Node<'_>, problems: &mut Problems) -> Option<Mode> {
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

fn read_source(
    object: &mut Object<'_>,
    (key, node): (&str, &Node<'_>),
    ground: &Ground<'_>,
    problems: &mut Problems,
) -> Option<Read> {
    let source = match key {
        "blob" => Source::Blob(blob::read(object, node, ground, problems)?),
        "env_file" => {
            form::refuse_unfit(object, &[key], problems);
            let ground = ground.within(object, problems);
            Source::EnvFile(inner::env_file(node, &ground, problems)?)
        }
        "select" => {
            return selection::read(object, node, ground, problems).map(Read::Selection);
        }
        _ => Source::Content(inner::content(object, (key, node), ground, problems)?),
    };
    Some(Read::Source(source))
}

/// The file's name; of a selection, that of a sample.
fn file_name(member: &Member<'_>, is_selection: bool) -> Result<FileName, Problem> {
    let refused = |rule: &str, advice: &str| {
        member.problem(
            format!("the file's name {} {rule}", member.value.label),
            advice.to_owned(),
        )
    };
    let mut name = member.key.clone();
    if is_selection {
        if name.matches(OBJECT_NAME).count() != 1 {
            return Err(refused(
                "must hold ${name} once, in the place of the object's name",
                "write for instance \"${name}.pem\"",
            ));
        }
        name = name.replace(OBJECT_NAME, "name");
    }
    if name.contains("${") {
        let rule = match is_selection {
            true => "must not hold ${…} other than ${name}",
            false => "must not hold ${…}",
        };
        return Err(refused(rule, "rename the file"));
    }
    if looks_staged(&name) {
        return Err(refused(
            "looks like one of keyferry's own temporary files",
            "rename the file",
        ));
    }
    FileName::parse(&name).map_err(|invalid| refused(&invalid.0, "rename the file"))
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

const OBJECT_NAME: &str = "${name}";
const SOURCES: [&str; 7] = [
    "secret",
    "certificate",
    "key",
    "blob",
    "env_file",
    "compose",
    "select",
];
const IF_MISSING: [(&str, IfMissing); 3] = [
    ("fail", IfMissing::Fail),
    ("keep", IfMissing::Keep),
    ("skip", IfMissing::Skip),
];

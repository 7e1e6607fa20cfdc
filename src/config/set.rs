//! Reads one set.

use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{Gid, Uid};

use super::accounts::Accounts;
use super::file::{self, Access, Entry, Inherited};
use super::form::{Ground, Vault};
use super::json::{Member, Node};
use super::object::Object;
use super::on_change;
use super::problem::{Problem, Problems};
use super::table::{self, Section};
use super::value;
use super::{ChangeCheck, File, Layout, SelectedFiles, Set};
use crate::cloud::Cloud;
use crate::disk::Root;
use crate::error::Place;
use crate::name::{Mode, SetName};

/// What a set takes from around it. Nothing where that itself could not be read; it was
/// noted there then.
#[derive(Debug)]
pub(super) struct Surroundings<'a> {
    pub accounts: &'a Accounts,
    pub cloud: Option<&'a Cloud>,
    pub device_id: Option<&'a str>,
    pub group: Gid,
    pub root: &'a Root,
    pub runtime_directory: &'a Path,
    pub user: Uid,
    pub vault: Vault,
}

/// A set that was read, as far as it could be.
#[derive(Debug)]
pub(super) struct Draft {
    /// Its name, as written.
    pub name: String,
    /// Whether it counts, as far as that is known.
    pub required: bool,
    /// Where its directory is named, or it itself.
    pub place: Place,
    /// The set, unless something is wrong.
    pub set: Option<Set>,
    /// What is wrong.
    pub problems: Problems,
}

impl Draft {
    /// A set or file of sets that cannot be used at all.
    pub fn broken(name: String, problem: Problem) -> Self {
        Self {
            name,
            required: true,
            place: problem.place.clone(),
            set: None,
            problems: Problems {
                errors: vec![problem],
                warnings: Vec::new(),
            },
        }
    }
}

/// Reads the set `member`.
pub(super) fn read(member: &Member<'_>, around: &Surroundings<'_>) -> Draft {
    let mut draft = Draft {
        name: member.key.clone(),
        required: true,
        place: member.place(),
        set: None,
        problems: Problems::default(),
    };
    let name = SetName::parse(&member.key).map_err(|invalid| {
        member.problem(
            format!("the set's name {} {invalid}", member.value.label),
            "rename the set".to_owned(),
        )
    });
    let name = draft.problems.keep(name);
    let mut node = member.value.clone();
    node.label = format!("set {}", node.label);
    node.example = r#"{"files": {"password": {"secret": "mqtt-password"}}}"#;
    if let Some(object) = Object::open(&node, Section::Set, &mut draft.problems) {
        let set = name.and_then(|name| read_object(object, name, around, &mut draft));
        draft.set = set.filter(|_| draft.problems.errors.is_empty());
    }
    draft
}

fn read_object(
    mut object: Object<'_>,
    name: SetName,
    around: &Surroundings<'_>,
    draft: &mut Draft,
) -> Option<Set> {
    let problems = &mut draft.problems;
    let required = problems.read(object.take("required"), Node::boolean);
    draft.required = required.unwrap_or(true);
    let directory_node = object.take("directory");
    if let Some(node) = &directory_node {
        draft.place = node.place();
    }
    let directory = problems.read(directory_node, value::path);
    let layout = value::choice(object.take("layout"), &LAYOUTS, problems);
    let directory_mode = problems.read(object.take("directory_mode"), directory_mode);
    let inherited = inherited(&mut object, around, problems);
    let max_stale = object.take("max_stale");
    let max_stale = problems.read(max_stale, |node| value::duration(node, &MAX_STALE));
    let change_check = value::choice(object.take("change_check"), &CHANGE_CHECKS, problems);
    let on_change = on_change::read(object.take("on_change").as_ref(), problems);
    let files = object.need(table::find(Section::Set, "files")?, problems);
    let files = files.map(|node| files_of(&node, &name, &inherited, problems));
    let node = object.node.clone();
    object.close(problems);
    let (files, selections) = files?;
    let default_directory = || around.runtime_directory.join("sets").join(name.as_str());
    let set = Set {
        directory: directory.unwrap_or_else(default_directory),
        name,
        layout: layout.unwrap_or(Layout::Linked),
        directory_mode: directory_mode.or(Mode::new(0o750))?,
        group: inherited.group,
        files,
        selections,
        change_check: change_check.unwrap_or(ChangeCheck::Get),
        on_change,
        max_stale: max_stale.unwrap_or(Duration::from_secs(7 * 86_400)),
        required: draft.required,
    };
    warn_of_closed_doors(&set, &node, around, problems);
    Some(set)
}

fn inherited<'a>(
    object: &mut Object<'_>,
    around: &'a Surroundings<'a>,
    problems: &mut Problems,
) -> Inherited<'a> {
    let access = Access::read(object, around.accounts, problems);
    let ground = Ground {
        around,
        vault: around.vault.clone(),
    };
    Inherited {
        ground: ground.within(object, problems),
        group: access.group.unwrap_or(around.group),
        mode: access.mode.or(Mode::new(0o440)),
        owner: access.owner.unwrap_or(around.user),
    }
}

fn files_of(
    node: &Node<'_>,
    set: &SetName,
    inherited: &Inherited<'_>,
    problems: &mut Problems,
) -> (Vec<File>, Vec<SelectedFiles>) {
    let (mut files, mut selections) = (Vec::new(), Vec::new());
    let expected = "an object of files by name";
    let Some(members) = node.members(expected, problems) else {
        return (files, selections);
    };
    if members.is_empty() || members.len() > MOST_FILES {
        let rule = format!("of set \"{set}\" must hold 1 to {MOST_FILES} files");
        problems.add(node.problem(&rule));
    }
    for member in members.iter().take(MOST_FILES) {
        match file::read(member, inherited, problems) {
            Some(Entry::File(file)) => files.push(file),
            Some(Entry::Selected(selected)) => selections.push(selected),
            None => {}
        }
    }
    (files, selections)
}

fn directory_mode(node: &Node<'_>) -> Result<Mode, Problem> {
    let mode = value::mode(node)?;
    if mode.bits() & 0o700 != 0o700 || mode.bits() & 0o022 != 0 {
        return Err(
            node.problem("must give its owner all rights, and nobody else the right to write")
        );
    }
    Ok(mode)
}

/// A file's owner or group that cannot pass the directory will not read the file. Group
/// lists may be incomplete here, so this is only a warning.
fn warn_of_closed_doors(
    set: &Set,
    node: &Node<'_>,
    around: &Surroundings<'_>,
    problems: &mut Problems,
) {
    if set.directory_mode.bits() & 0o001 != 0 {
        return;
    }
    let accounts = around.accounts;
    let door = accounts.group_name(set.group);
    for (name, owner, group, mode) in access(set) {
        let stranger = accounts.is_member(owner, set.group) == Some(false);
        if owner != around.user && stranger {
            let owner = accounts.user_name(owner);
            let text = format!("file \"{name}\" belongs to user {owner}, who is not in group {door} and so cannot pass the set's directory; give the set a group of that user");
            problems.warn(node, &text);
        } else if group != set.group && mode.bits() & 0o070 != 0 {
            let group = accounts.group_name(group);
            let text = format!("file \"{name}\" is for group {group}, but only group {door} can pass the set's directory; give the set that group, or a directory_mode of \"0751\"");
            problems.warn(node, &text);
        }
    }
}

/// Name, owner, group and mode of each file; those of a selection under its pattern.
fn access(set: &Set) -> Vec<(&str, Uid, Gid, Mode)> {
    let mut access = Vec::new();
    for file in &set.files {
        access.push((file.name.as_str(), file.owner, file.group, file.mode));
    }
    for files in &set.selections {
        let pattern = files.selection.pattern.as_str();
        access.push((pattern, files.owner, files.group, files.mode));
    }
    access
}

const CHANGE_CHECKS: [(&str, ChangeCheck); 2] =
    [("get", ChangeCheck::Get), ("list", ChangeCheck::List)];
const LAYOUTS: [(&str, Layout); 2] = [("linked", Layout::Linked), ("plain", Layout::Plain)];
const MAX_STALE: RangeInclusive<Duration> =
    Duration::from_secs(60)..=Duration::from_secs(3650 * 86_400);
const MOST_FILES: usize = 256;

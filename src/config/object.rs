//! An object of the configuration, its keys held against the table.

use super::json::{Member, Node};
use super::problem::{Problem, Problems};
use super::suggest;
use super::table::{self, Known, Section, KNOWN};
use super::value;
use crate::name::foreign;

/// The known members of an object that were not yet taken.
#[derive(Debug)]
pub(super) struct Object<'a> {
    /// The object's value.
    pub node: Node<'a>,
    members: Vec<Member<'a>>,
    /// Keys that a misspelt one stands for: nobody need be told that they lack.
    meant: Vec<&'static str>,
}

impl<'a> Object<'a> {
    /// Reads an object of `section`. Unknown, repeated and later keys are noted.
    pub fn open(node: &Node<'a>, section: Section, problems: &mut Problems) -> Option<Self> {
        let mut object = Self {
            node: node.clone(),
            members: Vec::new(),
            meant: Vec::new(),
        };
        for mut member in node.members("an object", problems)? {
            match table::find(section, &member.key) {
                Some(key) if key.is_later => {
                    problems.add(of_later_version(&member));
                }
                Some(key) => {
                    member.value.example = key.example;
                    object.members.push(member);
                }
                None => {
                    object.meant.extend(nearest(&member, section));
                    problems.add(unknown(&member, section));
                }
            }
        }
        Some(object)
    }

    /// The value of `key`, which is a key of the table.
    pub fn take(&mut self, key: &str) -> Option<Node<'a>> {
        let found = self.members.iter().position(|member| member.key == key)?;
        Some(self.members.remove(found).value)
    }

    /// The value of `key`; a note if it is not there.
    pub fn need(&mut self, key: &Known, problems: &mut Problems) -> Option<Node<'a>> {
        let found = self.take(key.name);
        if found.is_none() && !self.meant.contains(&key.name) {
            problems.add(self.lacks(key));
        }
        found
    }

    /// The one of `keys` that is here, with its value; a note if that is none or several.
    pub fn take_one(
        &mut self,
        keys: &[&'static str],
        problems: &mut Problems,
    ) -> Option<(&'static str, Node<'a>)> {
        let mut found = Vec::new();
        for key in keys {
            found.extend(self.take(key).map(|node| (*key, node)));
        }
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (Some((first, _)), Some((second, node))) => {
                problems.add(Problem {
                    place: node.place(),
                    problem: format!("{} has both \"{first}\" and \"{second}\"", self.node.label),
                    advice: "keep one".to_owned(),
                });
                None
            }
            (None, _) if keys.iter().any(|key| self.meant.contains(key)) => None,
            (None, _) => {
                let rule = format!("must have one of {}", value::quoted(keys));
                problems.add(self.node.problem(&rule));
                None
            }
            (first, None) => first,
        }
    }

    /// The problem that `key` is not here.
    pub fn lacks(&self, key: &Known) -> Problem {
        self.node.problem_with(
            &format!("lacks \"{}\"", key.name),
            &format!("write \"{}\": {}", key.name, key.example),
        )
    }

    /// Takes over the members of `other`, another file's object of the same section.
    pub fn join(&mut self, other: Self, problems: &mut Problems) {
        self.meant.extend(other.meant);
        for member in other.members {
            match self.members.iter().find(|known| known.key == member.key) {
                Some(first) => problems.add(member.repeated(first)),
                None => self.members.push(member),
            }
        }
    }

    /// Ends the reading: a key that nobody took is a bug of the parser.
    pub fn close(self, problems: &mut Problems) {
        for member in self.members {
            problems.add(member.problem(
                format!("{} is not read: a bug in keyferry", member.value.label),
                "report this".to_owned(),
            ));
        }
    }
}

fn of_later_version(member: &Member<'_>) -> Problem {
    member.problem(
        format!(
            "{} is known to a later version of keyferry",
            member.value.label
        ),
        "install a later version, or remove the key".to_owned(),
    )
}

/// The known key that the unknown `member` looks like.
fn nearest(member: &Member<'_>, section: Section) -> Option<&'static str> {
    suggest::nearest(&member.key, table::known_in(section).map(|key| key.name))
}

fn unknown(member: &Member<'_>, section: Section) -> Problem {
    let key = foreign(&member.key, 60);
    let elsewhere = KNOWN.iter().find(|other| other.name == member.key);
    let meant = nearest(member, section);
    // "file" for "files" is a slip, though there is a "file" elsewhere.
    let slip =
        meant.filter(|meant| elsewhere.is_none() || suggest::distance(&member.key, meant) == 1);
    if let Some(meant) = slip {
        return member.problem(
            format!("unknown key \"{key}\"; did you mean \"{meant}\"?"),
            format!("write \"{meant}\""),
        );
    }
    if let Some(other) = elsewhere {
        let place = other.section;
        return member.problem(
            format!("unknown key \"{key}\" here; it belongs into {place}"),
            format!("move \"{key}\" into {place}"),
        );
    }
    let known = table::known_in(section).filter(|key| !key.is_later);
    let known: Vec<&str> = known.map(|key| key.name).collect();
    member.problem(
        format!("unknown key \"{key}\""),
        format!("remove it; the keys here are {}", known.join(", ")),
    )
}

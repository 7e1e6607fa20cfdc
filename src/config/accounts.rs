//! Users and groups as `/etc/passwd` and `/etc/group` name them.
//!
//! The two files are read as they are: a static binary has no NSS, and an image that is
//! checked from outside has its own. Lines that are not understood are passed over.

use std::path::Path;

use rustix::fs::{Gid, Uid};

use super::suggest;
use crate::disk::Root;

/// The names that are known.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    users: Vec<User>,
    groups: Vec<Group>,
}

#[derive(Clone, Debug)]
struct User {
    name: String,
    id: Uid,
    group: Gid,
}

#[derive(Clone, Debug)]
struct Group {
    name: String,
    id: Gid,
    members: Vec<String>,
}

impl Accounts {
    /// Reads the files of `root`. A file that is not there names nobody.
    pub fn read(root: &Root) -> Self {
        let read = |path| std::fs::read(root.target(Path::new(path))).unwrap_or_default();
        let (passwd, group) = (read("/etc/passwd"), read("/etc/group"));
        Self::parse(
            &String::from_utf8_lossy(&passwd),
            &String::from_utf8_lossy(&group),
        )
    }

    /// Takes the texts of the two files.
    pub fn parse(passwd: &str, group: &str) -> Self {
        Self {
            users: passwd.lines().filter_map(user).collect(),
            groups: group.lines().filter_map(self::group).collect(),
        }
    }

    /// The user of this name.
    pub fn user(&self, name: &str) -> Option<Uid> {
        let user = self.users.iter().find(|user| user.name == name);
        user.map(|user| user.id)
    }

    /// The group of this name.
    pub fn group(&self, name: &str) -> Option<Gid> {
        let group = self.groups.iter().find(|group| group.name == name);
        group.map(|group| group.id)
    }

    /// The user's name, or the number if it has none.
    pub fn user_name(&self, id: Uid) -> String {
        let user = self.users.iter().find(|user| user.id == id);
        user.map_or_else(|| id.as_raw().to_string(), |user| user.name.clone())
    }

    /// The group's name, or the number if it has none.
    pub fn group_name(&self, id: Gid) -> String {
        let group = self.groups.iter().find(|group| group.id == id);
        group.map_or_else(|| id.as_raw().to_string(), |group| group.name.clone())
    }

    /// Whether the user is known to be in the group. Nothing for an unknown user.
    pub fn is_member(&self, user: Uid, group: Gid) -> Option<bool> {
        let user = self.users.iter().find(|known| known.id == user)?;
        let listed = self
            .groups
            .iter()
            .filter(|known| known.id == group)
            .any(|known| known.members.contains(&user.name));
        Some(listed || user.group == group)
    }

    /// A user's name that may be meant.
    pub fn nearest_user(&self, name: &str) -> Option<&str> {
        suggest::nearest(name, self.users.iter().map(|user| user.name.as_str()))
    }

    /// A group's name that may be meant.
    pub fn nearest_group(&self, name: &str) -> Option<&str> {
        suggest::nearest(name, self.groups.iter().map(|group| group.name.as_str()))
    }
}

/// The id that `number` is, if it is one: the highest number means "no change" to the
/// kernel and is nobody's.
pub(super) fn id(number: u32) -> Option<u32> {
    (number != u32::MAX).then_some(number)
}

fn user(line: &str) -> Option<User> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| !name.is_empty())?.to_owned();
    let id = fields.nth(1)?.parse().ok().and_then(id)?;
    let group = fields.next()?.parse().ok().and_then(self::id)?;
    Some(User {
        name,
        id: Uid::from_raw(id),
        group: Gid::from_raw(group),
    })
}

fn group(line: &str) -> Option<Group> {
    let mut fields = line.split(':');
    let name = fields.next().filter(|name| !name.is_empty())?.to_owned();
    let id = fields.nth(1)?.parse().ok().and_then(id)?;
    let members = fields.next().unwrap_or_default().split(',');
    Some(Group {
        name,
        id: Gid::from_raw(id),
        members: members.map(str::to_owned).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_names_and_numbers_and_passes_over_the_rest() {
        let accounts = Accounts::parse(
            "root:x:0:0:root:/root:/bin/sh\n# comment\n\n+::::::\nmosquitto:x:104:110::/:/bin/false\nbad:x:-1:0\nmax:x:4294967295:0\n",
            "root:x:0:\nmosquitto:x:110:\ntls:x:120:www,mosquitto\n",
        );
        assert_eq!(accounts.user("mosquitto"), Some(Uid::from_raw(104)));
        assert_eq!(accounts.user("bad"), None);
        assert_eq!(accounts.user("max"), None);
        assert_eq!(accounts.group_name(Gid::from_raw(110)), "mosquitto");
        assert_eq!(accounts.group_name(Gid::from_raw(7)), "7");
        assert_eq!(accounts.nearest_group("mosquito"), Some("mosquitto"));
        let mosquitto = Uid::from_raw(104);
        for (group, expected) in [(110, true), (120, true), (0, false)] {
            let member = accounts.is_member(mosquitto, Gid::from_raw(group));
            assert_eq!(member, Some(expected), "{group}");
        }
        assert_eq!(accounts.is_member(Uid::from_raw(9), Gid::from_raw(0)), None);
    }
}

//! Where sets were delivered to.

use std::path::{Path, PathBuf};

use crate::json::Json;
use crate::name::SetName;

/// A directory to which a set was delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// The set's name.
    pub set: String,
    /// The directory.
    pub directory: PathBuf,
}

impl Delivered {
    /// Adds `set` in `directory` to `all`, once.
    pub fn add_to(all: &mut Vec<Self>, set: &str, directory: &Path) {
        let delivered = Self {
            set: set.to_owned(),
            directory: directory.to_owned(),
        };
        if !all.contains(&delivered) {
            all.push(delivered);
        }
    }

    /// What an operator does about it in the instance, `""` for the only one.
    pub fn purge_command(&self, instance: &str) -> String {
        let option = if instance.is_empty() {
            ""
        } else {
            " --instance "
        };
        format!("keyferry purge {}{option}{instance}", self.set)
    }

    pub(super) fn list(all: &[Self]) -> Json {
        let json = |one: &Self| {
            let directory = one.directory.display().to_string();
            Json::object(vec![
                ("set", Json::text(one.set.as_str())),
                ("directory", Json::Text(directory)),
            ])
        };
        Json::List(all.iter().map(json).collect())
    }

    /// What [`Self::list`] wrote.
    pub(super) fn read_list(json: &Json) -> Option<Vec<Self>> {
        let Json::List(items) = json else {
            return None;
        };
        let mut all = Vec::with_capacity(items.len());
        for item in items {
            let one = Self {
                set: item.text_of("set")?,
                directory: item.text_of("directory")?.into(),
            };
            let is_one = SetName::parse(&one.set).is_ok() && one.directory.is_absolute();
            all.extend(is_one.then_some(one));
        }
        (all.len() == items.len()).then_some(all)
    }
}

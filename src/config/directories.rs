//! Sets must not lie in each other's way, nor in keyferry's own.

use std::path::{Path, PathBuf};

use super::problem::Problem;
use super::set::Draft;

/// The directories that are keyferry's own.
#[derive(Debug)]
pub(super) struct Own {
    /// Where the configuration lies.
    pub config: PathBuf,
    /// Of this instance.
    pub runtime: PathBuf,
    /// Of this instance.
    pub state: PathBuf,
}

/// Notes every set whose directory is, contains or lies in another's. Of two sets the
/// later one fails, so that what a package adds cannot stop what was there before.
pub(super) fn check(drafts: &mut [Draft], own: &Own) {
    let mut placed: Vec<(String, PathBuf)> = Vec::new();
    for draft in drafts {
        let Some(set) = &draft.set else {
            continue;
        };
        let directory = set.directory.clone();
        let conflict = with_own(&directory, own).or_else(|| {
            placed.iter().find_map(|(name, other)| {
                let how = overlap(&directory, other)?;
                Some(format!(
                    "{how} that of set \"{name}\" ({})",
                    other.display()
                ))
            })
        });
        match conflict {
            Some(conflict) => draft.problems.add(Problem {
                place: draft.place.clone(),
                problem: format!(
                    "the directory of set \"{}\" ({}) {conflict}",
                    draft.name,
                    directory.display()
                ),
                advice: "give each set a \"directory\" of its own".to_owned(),
            }),
            None => placed.push((draft.name.clone(), directory)),
        }
    }
}

fn with_own(directory: &Path, own: &Own) -> Option<String> {
    let sets = own.runtime.join("sets");
    let in_sets = directory.starts_with(&sets) && directory != sets;
    let inside =
        directory.starts_with(&own.runtime) && !in_sets || directory.starts_with(&own.state);
    let conf_d = own.config.join("conf.d");
    let holds = [&own.config, &conf_d, &own.runtime, &own.state]
        .into_iter()
        .find(|other| other.starts_with(directory));
    match holds {
        Some(other) => Some(format!(
            "is or holds {}, which is keyferry's own",
            other.display()
        )),
        None if inside => Some(format!(
            "lies in keyferry's own directory, but not in {}",
            sets.display()
        )),
        None => None,
    }
}

fn overlap(directory: &Path, other: &Path) -> Option<&'static str> {
    if directory == other {
        return Some("is the same as");
    }
    if directory.starts_with(other) {
        return Some("lies in");
    }
    other.starts_with(directory).then_some("holds")
}

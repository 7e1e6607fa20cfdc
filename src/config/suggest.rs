//! "Did you mean …?": the nearest known word to one that is not known.

use crate::cloud::{Preset, PRESETS};

/// The candidate nearest to `word`, if it is near enough to be meant.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = word.chars().count().div_ceil(3).min(3);
    candidates
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The preset that is meant by `name`, which may be misspelt or another tool's.
pub fn nearest_cloud(name: &str) -> Option<&'static str> {
    let names = PRESETS
        .iter()
        .flat_map(|preset| std::iter::once(preset.name).chain(preset.also_called.iter().copied()));
    let preset = nearest(name, names).and_then(Preset::find);
    preset.map(|preset| preset.name)
}

/// How many insertions, deletions, replacements and swaps of neighbours lie between two
/// words, without regard to case (optimal string alignment, three rows of the table). All that
/// is known is ASCII, and the tables of Unicode's cases would be 14 kB of the program.
pub(super) fn distance(left: &str, right: &str) -> usize {
    let left = lowercase(left);
    let right = lowercase(right);
    let mut two_above: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    let mut previous = None;
    for (row, character) in left.iter().enumerate() {
        let mut current = vec![row.saturating_add(1)];
        for (column, other) in right.iter().enumerate() {
            let next = column.saturating_add(1);
            let replaced = at(&above, column).saturating_add(usize::from(character != other));
            let removed = at(&above, next).saturating_add(1);
            let inserted = at(&current, column).saturating_add(1);
            let mut best = replaced.min(removed).min(inserted);
            let before = column.checked_sub(1);
            let other_before = before.and_then(|before| right.get(before));
            if previous == Some(other) && other_before == Some(character) {
                let swapped = at(&two_above, before.unwrap_or_default()).saturating_add(1);
                best = best.min(swapped);
            }
            current.push(best);
        }
        two_above = std::mem::replace(&mut above, current);
        previous = Some(character);
    }
    at(&above, right.len())
}

fn lowercase(word: &str) -> Vec<char> {
    let characters = word.chars().take(LONGEST);
    characters.map(|c| c.to_ascii_lowercase()).collect()
}

fn at(row: &[usize], column: usize) -> usize {
    row.get(column).copied().unwrap_or(usize::MAX)
}

/// A word longer than this is no typing error of a key or a name.
const LONGEST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_a_swap_of_neighbours_as_one() {
        for (left, right, expected) in [
            ("vualt", "vault", 1),
            ("vault", "vault", 0),
            ("Vault", "vault", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("ab", "ba", 1),
            ("ca", "abc", 3),
        ] {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn suggests_only_what_may_be_meant() {
        let known = ["vault", "mode", "group", "on_change"];
        for (word, expected) in [
            ("vualt", Some("vault")),
            ("onchange", Some("on_change")),
            ("mod", Some("mode")),
            ("xyz", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known.into_iter()), expected, "{word}");
        }
    }
}

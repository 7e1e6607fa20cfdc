//! JSON pointers (RFC 6901).

use crate::name::Invalid;

/// A place in a JSON document: `/broker/password`, `/hosts/0`; the whole one if empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    text: String,
    steps: Vec<String>,
}

impl Pointer {
    /// Checks `text`: empty, or each step behind a `/`, in which `~0` is `~` and `~1` is `/`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = || {
            Invalid(
                "must be a JSON pointer: \"/\" before each step, ~0 for ~ and ~1 for /".to_owned(),
            )
        };
        let mut steps = Vec::new();
        if let Some(rest) = text.strip_prefix('/') {
            for step in rest.split('/') {
                steps.push(unescape(step).ok_or_else(invalid)?);
            }
        } else if !text.is_empty() {
            return Err(invalid());
        }
        Ok(Self {
            text: text.to_owned(),
            steps,
        })
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The keys and indices on the way, unescaped.
    pub fn steps(&self) -> &[String] {
        &self.steps
    }
}

fn unescape(step: &str) -> Option<String> {
    let mut plain = String::with_capacity(step.len());
    let mut characters = step.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '~' => match characters.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            },
            other => other,
        });
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_standard_shows() {
        for (text, steps) in [
            ("", &[][..]),
            ("/", &[""]),
            ("/foo/0", &["foo", "0"]),
            ("/a~1b/m~0n/ ", &["a/b", "m~n", " "]),
            ("/~01", &["~1"]),
        ] {
            let pointer = Pointer::parse(text).unwrap();
            assert_eq!(pointer.steps(), steps, "{text}");
            assert_eq!(pointer.as_str(), text);
        }
        for text in ["a", "#/a", "/~", "/~2"] {
            assert!(Pointer::parse(text).is_err(), "{text}");
        }
    }
}

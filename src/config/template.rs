//! Text with values in it: `${name}`, `${name|filter}`; `$${` is a plain `${`.
//!
//! Before a `{`, each two `$` are one plain `$`: `$$${name}` is a `$` and the value. Elsewhere
//! a `$` is a plain character.
//!
//! There is no other language, no input or output and no recursion: what stands for a value
//! is never looked into.

use std::path::PathBuf;

/// A text that was read and whose names are all known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its parts in order.
    pub parts: Vec<Part>,
    /// The file that it was read from, unless it stands in the configuration.
    pub file: Option<PathBuf>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text that stays as it is.
    Text(String),
    /// A value.
    Value {
        /// Its place among the values.
        place: usize,
        /// What is done with it, in this order.
        filters: Vec<Filter>,
    },
}

/// What may be done with a value before it is put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Base64 (RFC 4648, 4), padded, in one line.
    Base64,
    /// The inside of a JSON string (RFC 8259), without its quotes.
    Json,
    /// Percent-encoded (RFC 3986): all but letters, digits and `-._~`.
    Url,
}

/// What is wrong with a template, and where. The text itself is not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateProblem {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong: a sentence without subject.
    pub problem: String,
}

impl Template {
    /// Reads `text`, in which only `names` may stand for values.
    ///
    /// # Errors
    /// An unknown name or filter, a `${` without end.
    pub fn parse(text: &str, names: &[&str]) -> Result<Self, TemplateProblem> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("${") {
            let unescaped = before.trim_end_matches('$');
            let dollars = before.len().saturating_sub(unescaped.len());
            plain.push_str(unescaped);
            plain.push_str(&"$".repeat(dollars.div_ceil(2)));
            if dollars % 2 != 0 {
                plain.push('{');
                rest = behind;
                continue;
            }
            let position = text.len().saturating_sub(behind.len()).saturating_sub(2);
            let wrong = |problem: &str| problem_at(text, position, problem);
            let (inside, behind) = behind
                .split_once('}')
                .ok_or_else(|| wrong("${ has no } behind it; write $${ for a plain ${"))?;
            let mut words = inside.split('|');
            let name = words.next().unwrap_or_default();
            let place = names
                .iter()
                .position(|known| *known == name)
                .ok_or_else(|| wrong("the name in ${…} is not one of \"values\""))?;
            let mut filters = Vec::new();
            for word in words {
                filters.push(filter(word).ok_or_else(|| {
                    wrong("the filter in ${…|…} is none of base64, json and url")
                })?);
            }
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Value { place, filters });
            rest = behind;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { parts, file: None })
    }

    /// The text of it, in which these `names` stand for the values.
    pub fn text(&self, names: &[&str]) -> String {
        let mut text = String::new();
        let mut dollars = 0;
        for part in &self.parts {
            match part {
                Part::Text(plain) => {
                    for c in plain.chars() {
                        if c == '{' {
                            text.push_str(&"$".repeat(dollars));
                        }
                        dollars = if c == '$' {
                            dollars.saturating_add(1)
                        } else {
                            0
                        };
                        text.push(c);
                    }
                }
                Part::Value { place, filters } => {
                    text.push_str(&"$".repeat(dollars));
                    dollars = 0;
                    text.push_str("${");
                    text.push_str(names.get(*place).copied().unwrap_or_default());
                    for filter in filters {
                        text.push('|');
                        text.push_str(filter.as_str());
                    }
                    text.push('}');
                }
            }
        }
        text
    }

    /// Whether the value at `place` stands in it.
    pub fn uses(&self, place: usize) -> bool {
        let mut parts = self.parts.iter();
        parts.any(|part| matches!(part, Part::Value { place: used, .. } if *used == place))
    }
}

impl Filter {
    /// As a template writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Json => "json",
            Self::Url => "url",
        }
    }
}

fn filter(word: &str) -> Option<Filter> {
    let mut filters = [Filter::Base64, Filter::Json, Filter::Url].into_iter();
    filters.find(|filter| filter.as_str() == word)
}

fn problem_at(text: &str, position: usize, problem: &str) -> TemplateProblem {
    let before = text.get(..position).unwrap_or_default();
    let last = before.rsplit('\n').next().unwrap_or_default();
    TemplateProblem {
        line: before.matches('\n').count().saturating_add(1),
        column: last.chars().count().saturating_add(1),
        problem: problem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_text_values_and_filters() {
        let template = Template::parse("a$b ${x}$${y}${y|url|json}$", &["x", "y"]).unwrap();
        let value = |place, filters: &[Filter]| Part::Value {
            place,
            filters: filters.to_vec(),
        };
        assert_eq!(
            template.parts,
            [
                Part::Text("a$b ".to_owned()),
                value(0, &[]),
                Part::Text("${y}".to_owned()),
                value(1, &[Filter::Url, Filter::Json]),
                Part::Text("$".to_owned()),
            ]
        );
        assert!(template.uses(1) && !template.uses(2));
    }

    #[test]
    fn a_dollar_can_stand_before_a_value() {
        for (text, plain, value) in [
            ("$${x}", "${x}", false),
            ("$$${x}", "$", true),
            ("$$$${x}", "$${x}", false),
            ("a$$ $6$$$$${x}", "a$$ $6$$", true),
        ] {
            let template = Template::parse(text, &["x"]).unwrap();
            assert_eq!(template.parts[0], Part::Text(plain.to_owned()), "{text}");
            assert_eq!(template.uses(0), value, "{text}");
        }
    }

    #[test]
    fn says_where_and_never_what() {
        for (text, line, column) in [
            ("a\nb ö ${hunter2}", 2, 5),
            ("${x", 1, 1),
            ("${x|hunter2}", 1, 1),
            ("${}", 1, 1),
            ("${ x}", 1, 1),
        ] {
            let problem = Template::parse(text, &["x"]).unwrap_err();
            assert_eq!((problem.line, problem.column), (line, column), "{text}");
            assert!(!problem.problem.contains("hunter2"), "{}", problem.problem);
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[${}x|url\n\u{e4}]{0,16}") {
            if let Err(problem) = Template::parse(&text, &["x", "u"]) {
                let mut lines = text.split('\n').zip(1..);
                let (line, _) = lines.find(|(_, number)| *number == problem.line).unwrap();
                let there = line.char_indices().zip(1..);
                let there = there.skip_while(|(_, column)| *column != problem.column);
                let there: String = there.map(|((_, c), _)| c).collect();
                prop_assert!(there.starts_with("${"), "{}", there);
            }
        }

        #[test]
        fn never_panics_on_any_text(text: String) {
            let _ = Template::parse(&text, &["x"]);
        }

        #[test]
        fn plain_text_is_itself(text in "[${}a\n]{0,16}") {
            let text = text.replace("${", "$a{");
            let template = Template::parse(&text, &[]).unwrap();
            let parts: Vec<Part> = Some(text).filter(|text| !text.is_empty()).map(Part::Text).into_iter().collect();
            prop_assert_eq!(template.parts, parts);
        }

        #[test]
        fn every_text_can_be_written(plain in "[${}a\n]{0,16}", behind in "[${}a\n]{0,4}") {
            let value = Part::Value { place: 0, filters: vec![Filter::Url] };
            let parts = vec![Part::Text(format!("|{plain}")), value, Part::Text(format!("|{behind}"))];
            let template = Template { parts, file: None };
            let written = template.text(&["x"]);
            prop_assert_eq!(Template::parse(&written, &["x"]), Ok(template));
        }

        #[test]
        fn what_was_read_is_written_alike(text in "[${}x|url]{0,16}") {
            if let Ok(template) = Template::parse(&text, &["x", "u"]) {
                let written = template.text(&["x", "u"]);
                prop_assert_eq!(Template::parse(&written, &["x", "u"]), Ok(template));
            }
        }
    }
}

//! Text as mdoc(7) takes it. The pages are ASCII: whatever a table says beyond that is written
//! with roff's own names of characters.

/// Prose, in which a dash is a hyphen.
pub(super) fn prose(text: &str) -> String {
    text.chars().map(character).collect()
}

/// What is typed or read as it stands: dashes, quotes and the like stay what they are.
pub(super) fn literal(text: &str) -> String {
    let literally = |c: char| match c {
        '-' => "\\-".to_owned(),
        '\'' => "\\(aq".to_owned(),
        '`' => "\\(ga".to_owned(),
        '^' => "\\(ha".to_owned(),
        '~' => "\\(ti".to_owned(),
        other => character(other),
    };
    text.chars().map(literally).collect()
}

/// Words behind a macro, none of which it takes for another macro.
pub(super) fn arguments(roff: &str) -> String {
    let guard = |word: &str| {
        let is_macro =
            (2..=3).contains(&word.len()) && word.starts_with(|c: char| c.is_ascii_uppercase());
        match is_macro {
            true => format!("\\&{word}"),
            false => word.replace('"', "\\(dq"),
        }
    };
    let words: Vec<String> = roff.split(' ').map(guard).collect();
    words.join(" ")
}

/// What is typed or read as it stands, in bold; its words are never hyphenated. A long path
/// may be broken.
pub(super) fn code(text: &str) -> String {
    let word = |word: &str| {
        let literal = literal(word);
        match word.len() > WIDTH {
            true => format!("\\%{}", literal.replace('/', "/\\:")),
            false => format!("\\%{literal}"),
        }
    };
    let words: Vec<String> = text.split(' ').map(word).collect();
    format!("\\fB{}\\fP", words.join(" "))
}

/// A line of Markdown: code and emphasis are bold, links lose their targets.
pub(super) fn inline(markdown: &str) -> String {
    let mut made = String::new();
    for (place, part) in markdown.split('`').enumerate() {
        if place % 2 == 1 {
            made.push_str(&code(part));
        } else {
            made.push_str(&emphasised(&without_links(part)));
        }
    }
    made
}

/// A paragraph of Markdown in lines that an editor shows whole, each sentence on a line of its
/// own.
pub(super) fn filled(markdown: &str) -> String {
    let mut made = String::new();
    for sentence in sentences(&inline(markdown)) {
        let mut line = String::new();
        for word in sentence.split_whitespace() {
            if !line.is_empty() && line.len() + 1 + word.len() > WIDTH {
                made.push_str(&guarded(&line));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        made.push_str(&guarded(&line));
    }
    made
}

/// Lines as they stand, a little to the right.
pub(super) fn display(text: &str) -> String {
    let lines = text.lines().map(|line| guarded(&literal(line)));
    let lines: String = lines.collect();
    format!(".Bd -literal -offset 2n\n{lines}.Ed\n")
}

/// `text` as a sentence: a capital letter at its begin, a full stop at its end.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().unwrap().to_uppercase();
    let stop = if text.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    format!("{}{}{stop}", first, letters.as_str())
}

fn character(c: char) -> String {
    match c {
        '\\' => "\\e".to_owned(),
        '…' => "\\&...".to_owned(),
        '–' => "\\(en".to_owned(),
        '→' => "\\(->".to_owned(),
        '≤' => "\\(<=".to_owned(),
        other => {
            assert!(
                other.is_ascii(),
                "tests/papers/roff.rs knows no name of {other}"
            );
            other.to_string()
        }
    }
}

fn emphasised(text: &str) -> String {
    let parts = text.split("**").enumerate();
    let parts = parts.map(|(place, part)| match place % 2 {
        1 => format!("\\fB{}\\fP", prose(part)),
        _ => prose(part),
    });
    parts.collect()
}

fn without_links(text: &str) -> String {
    let mut parts = text.split("](");
    let mut made = parts.next().unwrap().to_owned();
    for part in parts {
        let (target, rest) = part.split_once(')').unwrap();
        assert!(!target.contains(' '), "no link: {text}");
        let opened = made.rfind('[').unwrap();
        made.remove(opened);
        made.push_str(rest);
    }
    made
}

fn sentences(text: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut rest = text;
    while let Some(end) = end_of_sentence(rest) {
        let (sentence, behind) = rest.split_at(end);
        sentences.push(sentence.to_owned());
        rest = behind.trim_start();
    }
    sentences.push(rest.to_owned());
    sentences
}

/// Behind the first full stop or colon that a capital letter follows.
fn end_of_sentence(text: &str) -> Option<usize> {
    let mut ends = text.match_indices(". ").map(|(place, _)| place + 1);
    let begins = |end: &usize| {
        let next = text[*end..].trim_start();
        next.starts_with(|c: char| c.is_ascii_uppercase()) || next.starts_with("\\fB")
    };
    ends.find(begins)
}

/// A line that roff does not take for a request.
fn guarded(line: &str) -> String {
    match line.starts_with(['.', '\'']) {
        true => format!("\\&{line}\n"),
        false => format!("{line}\n"),
    }
}

/// Bytes in a line of a page.
const WIDTH: usize = 78;

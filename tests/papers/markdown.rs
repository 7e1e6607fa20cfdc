//! Parts of README and docs/ for the man pages, so that each text is written once.

use super::json;
use super::roff::{self, arguments, display, filled, inline};

/// A paper as mdoc(7): headings, paragraphs, tables of two columns and code.
pub(super) fn converted(markdown: &str) -> String {
    let mut made = String::new();
    let mut lines = markdown.lines().peekable();
    let mut is_begin = true;
    while let Some(line) = lines.next() {
        if line.is_empty() {
            continue;
        }
        if let Some(heading) = line.strip_prefix("## ") {
            made.push_str(&format!(".Ss {}\n", arguments(&inline(heading))));
            is_begin = true;
            continue;
        }
        if let Some(language) = line.strip_prefix("```") {
            let code: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let code = code.join("\n");
            made.push_str(&match language {
                "json" => display(&json::laid_out(&code)),
                _ => display(&code),
            });
        } else {
            let mut whole = vec![line];
            while let Some(next) =
                lines.next_if(|line| !line.is_empty() && !line.starts_with("```"))
            {
                whole.push(next);
            }
            if line.starts_with('|') {
                made.push_str(&list(&rows(&whole)));
            } else {
                if !is_begin {
                    made.push_str(".Pp\n");
                }
                made.push_str(&filled(&whole.join(" ")));
            }
        }
        is_begin = false;
    }
    made
}

/// The cells of the table in `paper` whose head begins so, without its head.
pub(super) fn table(paper: &str, head: &str) -> Vec<Vec<String>> {
    let lines = paper.lines().skip_while(|line| !line.starts_with(head));
    let lines: Vec<&str> = lines.take_while(|line| line.starts_with('|')).collect();
    assert!(lines.len() > 2, "no table {head}");
    rows(&lines)
}

/// A list of tags, each with its text.
pub(super) fn list(rows: &[Vec<String>]) -> String {
    let mut made = ".Bl -tag -width Ds\n".to_owned();
    for row in rows {
        made.push_str(&format!(".It {}\n", arguments(&inline(&row[0]))));
        made.push_str(&filled(&roff::sentence(&row[1])));
    }
    made.push_str(".El\n");
    made
}

fn rows(lines: &[&str]) -> Vec<Vec<String>> {
    let cells = |line: &&str| {
        let line = line.replace("\\|", "\u{0}");
        let inside = line.strip_prefix('|').unwrap().strip_suffix('|').unwrap();
        let cells = inside.split('|');
        cells
            .map(|cell| cell.trim().replace('\u{0}', "|"))
            .collect()
    };
    lines.iter().skip(2).map(cells).collect()
}

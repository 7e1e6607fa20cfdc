//! What the person in front of the demo reads, and the count of claims that did not hold.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use crate::program::Run;

/// Tells the story and keeps the score.
#[derive(Default)]
pub struct Stage {
    act: usize,
    held: usize,
    failed: usize,
}

impl Stage {
    /// The heading of the next act, and why it matters.
    pub fn act(&mut self, title: &str, why: &str) {
        self.act += 1;
        println!("\n{}", bold(&format!("{}. {title}", self.act)));
        println!("{why}\n");
    }

    /// A command and what it printed.
    pub fn show(&self, command: &str, run: &Run) {
        println!("$ {command}");
        for line in run.lines.iter().flat_map(|line| folded(line)) {
            println!("{line}");
        }
        println!("(exit {})\n", run.code);
    }

    /// A sentence, checked.
    pub fn claim(&mut self, holds: bool, sentence: &str) {
        if holds {
            self.held += 1;
            println!("{} {sentence}", paint("32", "ok"));
        } else {
            self.failed += 1;
            println!("{} {sentence}", paint("31", "NOT SO:"));
        }
    }

    /// The score, and the exit code that goes with it.
    pub fn verdict(&self) -> ExitCode {
        println!("\n{} claims held, {} did not", self.held, self.failed);
        if self.failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

/// A line in pieces of at most [`WIDTH`] columns, broken between words.
fn folded(line: &str) -> Vec<String> {
    if line.chars().count() <= WIDTH {
        return vec![line.to_owned()];
    }
    let mut pieces = vec![String::new()];
    for word in line.split(' ') {
        let last = pieces.pop().unwrap_or_default();
        if last.is_empty() {
            pieces.push(word.to_owned());
        } else if last.chars().count() + word.chars().count() < WIDTH {
            pieces.push(format!("{last} {word}"));
        } else {
            pieces.extend([last, format!("    {word}")]);
        }
    }
    pieces
}

/// A heading.
pub fn bold(text: &str) -> String {
    paint("1", text)
}

fn paint(code: &str, text: &str) -> String {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if io::stdout().is_terminal() && !unwanted {
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}

/// Columns of a terminal that nobody has widened much.
const WIDTH: usize = 100;

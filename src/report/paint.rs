//! Colour, where it helps and only there.

use std::io::{self, IsTerminal};

/// Whether standard output is painted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// A terminal, and `NO_COLOR` is not set.
    Colours,
    /// Anything else.
    Plain,
}

/// What a colour means here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Needs somebody.
    Bad,
    /// As it should be.
    Good,
    /// May pass by itself.
    Warning,
}

impl Paint {
    /// What standard output wants.
    pub fn of_stdout() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if io::stdout().is_terminal() && !unwanted {
            Self::Colours
        } else {
            Self::Plain
        }
    }

    /// `text` in `colour`, or as it is.
    pub fn paint(self, colour: Colour, text: &str) -> String {
        let code = match (self, colour) {
            (Self::Plain, _) => return text.to_owned(),
            (Self::Colours, Colour::Bad) => 31,
            (Self::Colours, Colour::Good) => 32,
            (Self::Colours, Colour::Warning) => 33,
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

//! Why a sign-in by device code came to nothing, each with its own sentence (RFC 8628, 3.5).

use std::fmt;

/// What kept a person from signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonProblem {
    /// Nobody is there: the run was not started with `--sign-in`.
    Absent,
    /// The authority no longer knows the code.
    CodeUnknown,
    /// They said no.
    Declined,
    /// Nobody signed in while the code was valid.
    Expired,
}

impl fmt::Display for PersonProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "a person must sign in, and nobody was asked to",
            Self::CodeUnknown => "the authority does not know the sign-in's code any more",
            Self::Declined => "the person declined the sign-in",
            Self::Expired => "nobody signed in while the code was valid",
        })
    }
}

impl PersonProblem {
    /// The operator's next step.
    pub fn advice(self) -> String {
        let again = match self {
            Self::Absent => {
                return "run `keyferry sync --sign-in` where a person sees it, or add an identity that needs nobody".to_owned();
            }
            Self::CodeUnknown => "enter the new code once",
            Self::Declined => "accept the sign-in",
            Self::Expired => "enter the new code in time",
        };
        format!("run `keyferry sync --sign-in` again and {again}")
    }
}

//! Variables in a file that systemd's `EnvironmentFile=` and `sh` read alike.
//!
//! Each is `NAME="value"`. Between double quotes both take every byte for itself, line breaks
//! included, but for `"`, `\`, `` ` `` and `$`, which stand behind a backslash (systemd.exec(5),
//! EnvironmentFile=; POSIX, Shell Command Language, 2.2.3). Single quotes would need a change
//! of quotes for each of their own kind.

use super::{push, LIMIT};
use crate::error::ContentProblem;
use crate::secret::Secret;

/// The file of `variables`, in their order. Their names are checked by the configuration.
///
/// # Errors
/// What `sh` would read and systemd not. A value that is no UTF-8 or has a noncharacter: the
/// unit would not start, and the journal would show the value. A control character but tab and
/// line feed: before version 248 the variable would be left out, and shown in the journal, too.
/// U+FEFF, which the manual excludes. A variable of more than 128 KiB (execve(2)), or more
/// than 1 MiB in all.
pub fn env_file(variables: &[(&str, &Secret)]) -> Result<Secret, ContentProblem> {
    let mut made = Secret::with_limit(LIMIT);
    for (name, value) in variables {
        let value = value.expose();
        check(name, value)?;
        push(&mut made, name.as_bytes())?;
        push(&mut made, b"=\"")?;
        for byte in value {
            if b"\"\\`$".contains(byte) {
                push(&mut made, b"\\")?;
            }
            push(&mut made, std::slice::from_ref(byte))?;
        }
        push(&mut made, b"\"\n")?;
    }
    Ok(made)
}

fn check(name: &str, value: &[u8]) -> Result<(), ContentProblem> {
    // `NAME=value` and the NUL behind it.
    let limit = VARIABLE_LIMIT.saturating_sub(name.len()).saturating_sub(2);
    if value.len() > limit {
        return Err(ContentProblem::VariableTooLong {
            variable: name.to_owned(),
            limit,
        });
    }
    let unsayable = |what, position| ContentProblem::Unsayable {
        variable: name.to_owned(),
        what,
        position,
    };
    let text = std::str::from_utf8(value);
    let text = text.map_err(|error| unsayable("no UTF-8", error.valid_up_to()))?;
    for (position, character) in text.char_indices() {
        let what = match character {
            '\t' | '\n' => continue,
            '\0'..='\x1f' | '\x7f' => "a control character",
            '\u{feff}' => "a byte order mark",
            '\u{fdd0}'..='\u{fdef}' => "a noncharacter of Unicode",
            other if u32::from(other) & 0xfffe == 0xfffe => "a noncharacter of Unicode",
            _ => continue,
        };
        return Err(unsayable(what, position));
    }
    Ok(())
}

/// Bytes of one string that Linux gives to a program, where pages have 4 KiB
/// (`MAX_ARG_STRLEN`).
const VARIABLE_LIMIT: usize = 128 * 1024;

#[cfg(test)]
mod tests;

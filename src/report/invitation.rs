//! What a person who is to sign in sees, on standard error: standard output may be JSON, and
//! a log level must not hide it.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use super::qr;

/// A sign-in that waits for a person. All texts are printable ASCII.
#[derive(Debug)]
pub struct Invitation<'a> {
    /// The address to open.
    pub address: &'a str,
    /// The address for a telephone's camera.
    pub picture_of: &'a str,
    /// What to type there.
    pub user_code: &'a str,
    /// How long the code is good.
    pub valid: Duration,
}

/// Shows where to sign in and with which code; as a picture too, if the terminal has room.
pub fn invite(invitation: &Invitation<'_>) {
    let picture = columns()
        .filter(|_| draws())
        .and_then(|columns| qr::picture(invitation.picture_of, columns));
    let text = text(invitation, picture.as_deref());
    let mut out = io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn text(invitation: &Invitation<'_>, picture: Option<&str>) -> String {
    let Invitation {
        address, user_code, ..
    } = invitation;
    let picture = picture.map(|picture| format!("\n{picture}\n"));
    format!(
        "To sign in, open {address} on any device\nand enter the code  {user_code}  (valid for {}).\n{}waiting …\n",
        minutes(invitation.valid),
        picture.unwrap_or_default()
    )
}

fn minutes(valid: Duration) -> String {
    match (valid.as_secs() / 60, valid.as_secs()) {
        (0, seconds) => format!("{seconds} seconds"),
        (1, _) => "1 minute".to_owned(),
        (minutes, _) => format!("{minutes} minutes"),
    }
}

/// The width of the terminal that standard error is; a serial line does not know its own.
pub(super) fn columns() -> Option<usize> {
    let stderr = io::stderr();
    if !stderr.is_terminal() {
        return None;
    }
    match rustix::termios::tcgetwinsize(&stderr) {
        Ok(size) if size.ws_col > 0 => Some(usize::from(size.ws_col)),
        _ => Some(80),
    }
}

/// Whether the terminal shows half blocks and colours.
fn draws() -> bool {
    let set = |name: &&str| std::env::var(name).is_ok_and(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find(|name| set(name));
    let locale = locale.and_then(|name| std::env::var(name).ok());
    let locale = locale.unwrap_or_default().to_ascii_lowercase();
    let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    (locale.contains("utf-8") || locale.contains("utf8")) && !dumb && !set(&"NO_COLOR")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_where_with_which_code_and_for_how_long() {
        for (seconds, time) in [(900, "15 minutes"), (119, "1 minute"), (59, "59 seconds")] {
            let invitation = Invitation {
                address: "https://microsoft.com/devicelogin",
                picture_of: "",
                user_code: "ABCD-EFGH",
                valid: Duration::from_secs(seconds),
            };
            let wanted = format!("To sign in, open https://microsoft.com/devicelogin on any device\nand enter the code  ABCD-EFGH  (valid for {time}).\n");
            assert_eq!(text(&invitation, None), format!("{wanted}waiting …\n"));
            let drawn = text(&invitation, Some("##\n"));
            assert_eq!(drawn, format!("{wanted}\n##\n\nwaiting …\n"));
        }
    }
}

//! Names that come from outside, checked once at the border and bounded ever after.
//!
//! Each type is made only by its `parse`, which says in a sentence what is wrong. The
//! limits are Key Vault's and Entra's own (protocol notes 5.1 and 3.1) or, for files
//! and sets, ours: one plain path component that cannot be mistaken for our own files.
//! Kept is no more than the text itself: a run hands names on often, an error above all, and
//! has several copies of each.

use std::fmt;
use std::str::FromStr;

use heapless::String as Bounded;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// Why a text is not such a name: a sentence without subject, "must …".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid(pub String);

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Name of a set: 1 to 64 letters, digits, `.`, `_`, `-`; begins with a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SetName(Box<str>);

/// Name of a delivered file: one path component of 1 to 200 bytes.
///
/// Refused: `.`, `..`, `/`, control characters, and our own `.keyferry…` names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName(Box<str>);

/// Name of a Key Vault object: 1 to 127 letters, digits, hyphens. Compared without case,
/// as the service does.
#[derive(Clone, Debug)]
pub struct ObjectName(Box<str>);

/// Version of a Key Vault object: 32 hexadecimal digits, kept in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(Box<str>);

/// A DNS host name in lower case, at most 253 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(Box<str>);

/// An Entra tenant: a GUID or a verified domain, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tenant(Box<str>);

/// An application (client) id: a GUID in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(Box<str>);

/// Permission bits of a file or directory, 0 to 0o777.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode(u16);

impl SetName {
    /// Checks `text`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let rule =
            "must be 1 to 64 letters, digits, '.', '_' or '-', and begin with a letter or digit";
        let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        let plain = text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
        bounded::<64>(text, begins && plain, rule).map(Self)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FileName {
    /// Checks `text`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let rule = "must be one plain file name of at most 200 bytes: no '/', no control characters, not '.' or '..', not beginning with '.keyferry'";
        let plain = !text.contains('/') && !text.chars().any(char::is_control);
        let ours = text.starts_with(".keyferry");
        let dots = text.is_empty() || text == "." || text == "..";
        bounded::<200>(text, plain && !ours && !dots, rule).map(Self)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ObjectName {
    /// Checks `text` against Key Vault's rule `^[0-9a-zA-Z-]{1,127}$`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        bounded::<127>(text, plain, "must be 1 to 127 letters, digits or hyphens").map(Self)
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for ObjectName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for ObjectName {}

impl Version {
    /// Checks `text` and lowers its case.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let plain = text.len() == 32 && text.chars().all(|c| c.is_ascii_hexdigit());
        bounded::<32>(
            &text.to_ascii_lowercase(),
            plain,
            "must be 32 hexadecimal digits",
        )
        .map(Self)
    }

    /// The 32 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first digits, enough to tell versions apart in a line of output.
    pub fn short(&self) -> &str {
        self.0.get(..4).unwrap_or_default()
    }
}

impl HostName {
    /// Checks `text`: labels of letters, digits and hyphens, joined by dots.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let rule = "must be a DNS host name";
        let good = text.split('.').all(is_dns_label);
        bounded::<253>(&text.to_ascii_lowercase(), good, rule).map(Self)
    }

    /// The name in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Tenant {
    /// Checks `text`: a GUID, a domain name, or `adfs` for the one tenant of AD FS. `common`
    /// and its kin are refused, since a device signs in to one tenant (AADSTS50194 otherwise).
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let rule = "must be the tenant's GUID or one of its domain names";
        let text = text.to_ascii_lowercase();
        let domain = text.contains('.') && text.split('.').all(is_dns_label);
        bounded::<253>(&text, domain || is_guid(&text) || text == ADFS, rule).map(Self)
    }

    /// The GUID or domain in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the one tenant of AD FS.
    pub fn is_adfs(&self) -> bool {
        self.as_str() == ADFS
    }
}

impl ClientId {
    /// Checks `text`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.to_ascii_lowercase();
        bounded::<36>(
            &text,
            is_guid(&text),
            "must be the application's (client) id, a GUID",
        )
        .map(Self)
    }

    /// The GUID in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Mode {
    /// Takes the permission bits of `bits`, if there are no others.
    pub const fn new(bits: u16) -> Option<Self> {
        if bits <= 0o777 {
            Some(Self(bits))
        } else {
            None
        }
    }

    /// Reads an octal text such as `0440`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let octal = (3..=4).contains(&text.len()) && text.chars().all(|c| c.is_digit(8));
        let bits = u16::from_str_radix(text, 8).ok().filter(|_| octal);
        bits.and_then(Self::new).ok_or_else(|| {
            Invalid("must be an octal mode such as \"0440\", at most \"0777\"".to_owned())
        })
    }

    /// The permission bits.
    pub const fn bits(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl fmt::Display for SetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text of a server made harmless for a log or a terminal: control characters, quotes'
/// escapes and non-ASCII are escaped, and what is longer than `limit` characters is cut.
///
/// A reply must not be able to forge log lines or move a terminal's cursor.
pub fn foreign(text: &str, limit: usize) -> String {
    let mut shown: String = text
        .trim()
        .chars()
        .take(limit)
        .map(plain_or_escaped)
        .collect();
    if text.trim().chars().nth(limit).is_some() {
        shown.push('…');
    }
    shown
}

/// Whether `text` is a GUID in its usual form with hyphens.
pub fn is_guid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [8, 4, 4, 4, 12] && parts.concat().chars().all(|c| c.is_ascii_hexdigit())
}

/// What stands in the tenant's place at AD FS (protocol notes 2.4).
/// What a name is percent-encoded for in a URL: all but the unreserved characters of
/// RFC 3986, 2.3.
pub const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const ADFS: &str = "adfs";

fn plain_or_escaped(c: char) -> String {
    if c == ' ' || c.is_ascii_graphic() {
        return c.to_string();
    }
    c.escape_default().to_string()
}

fn is_dns_label(label: &str) -> bool {
    let plain = label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    (1..=63).contains(&label.len()) && plain && !label.starts_with('-') && !label.ends_with('-')
}

/// `text`, if it is `good` and has 1 to `N` bytes.
fn bounded<const N: usize>(text: &str, good: bool, rule: &str) -> Result<Box<str>, Invalid> {
    let name = Bounded::<N>::from_str(text).ok();
    let name = name.filter(|name| good && !name.is_empty());
    name.map(|name| Box::from(name.as_str()))
        .ok_or_else(|| Invalid(rule.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_file_names_that_leave_the_directory_or_are_ours() {
        for bad in [
            "",
            ".",
            "..",
            "a/b",
            "/etc/passwd",
            "a\nb",
            ".keyferry",
            ".keyferry.json",
            "a\0b",
        ] {
            assert!(FileName::parse(bad).is_err(), "{bad:?}");
        }
        assert!(FileName::parse(&"x".repeat(201)).is_err());
        for good in ["password", "client.crt", ".env", "ä", "..."] {
            assert!(FileName::parse(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn set_names_are_plain() {
        for bad in ["", ".hidden", "a/b", "-x", "a b", "ü"] {
            assert!(SetName::parse(bad).is_err(), "{bad:?}");
        }
        assert!(SetName::parse("mqtt-2.edge_1").is_ok());
    }

    #[test]
    fn object_names_compare_without_case() {
        assert_eq!(
            ObjectName::parse("Mqtt-Password"),
            ObjectName::parse("mqtt-password")
        );
        assert!(ObjectName::parse("a_b").is_err());
        assert!(ObjectName::parse(&"a".repeat(128)).is_err());
    }

    #[test]
    fn versions_are_32_hexadecimal_digits() {
        let version = Version::parse("ABCDEF0123456789abcdef0123456789").unwrap();
        assert_eq!(version.as_str(), "abcdef0123456789abcdef0123456789");
        assert!(Version::parse("latest").is_err());
    }

    #[test]
    fn modes_are_octal() {
        assert_eq!(Mode::parse("0440").unwrap().bits(), 0o440);
        assert_eq!(Mode::parse("640").unwrap().to_string(), "0640");
        for bad in ["", "44", "0999", "04000", "1777", "rw-r-----", "+440"] {
            assert!(Mode::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn tenants_are_guids_or_domains() {
        assert!(Tenant::parse("72F988BF-86f1-41af-91ab-2d7cd011db47").is_ok());
        assert!(Tenant::parse("contoso.onmicrosoft.com").is_ok());
        for bad in ["common", "organizations", "", "a..b", "con/toso.com"] {
            assert!(Tenant::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn foreign_text_cannot_forge_lines_or_move_the_cursor() {
        assert_eq!(foreign("a\nb\u{1b}[2J", 99), "a\\nb\\u{1b}[2J");
        assert_eq!(foreign("abcdef", 3), "abc…");
    }
}

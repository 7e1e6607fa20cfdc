//! What is written is read back: by the shells of this machine, and by a reader made after
//! systemd's manual. tests/systemd/checks lets systemd itself read.

use std::collections::HashSet;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;

use super::*;

fn written(values: &[String]) -> Vec<u8> {
    let secrets: Vec<Secret> = values
        .iter()
        .map(|value| Secret::copy_of(value.as_bytes()))
        .collect();
    let names: Vec<String> = (0..values.len())
        .map(|number| format!("V{number}"))
        .collect();
    let variables: Vec<(&str, &Secret)> = names
        .iter()
        .map(String::as_str)
        .zip(secrets.iter())
        .collect();
    env_file(&variables).unwrap().expose().to_vec()
}

/// Writes `values` into a file, lets every reader read it, and compares.
fn all_read(values: &[String]) {
    let content = written(values);
    let model = by_the_manual(&content);
    assert_eq!(model.len(), values.len());
    for (number, value) in values.iter().enumerate() {
        assert_eq!(model[number], (format!("V{number}"), value.clone()));
    }
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&content).unwrap();
    let mut readers = Vec::new();
    for shell in [
        &["sh"][..],
        &["bash", "--posix"],
        &["bash"],
        &["dash"],
        &["busybox", "sh"],
        &["mksh"],
    ] {
        for locale in ["C", "C.UTF-8"] {
            let Some(environment) = by_shell(shell, locale, file.path()) else {
                continue;
            };
            readers.push(shell[0]);
            for (number, value) in values.iter().enumerate() {
                let line = format!("V{number}={value}");
                assert!(
                    environment.contains(line.as_bytes()),
                    "{shell:?} in {locale} reads another V{number} than {value:?}"
                );
            }
        }
    }
    assert!(readers.contains(&"sh"));
}

/// The environment after `shell` has read `file`, if there is such a shell here.
fn by_shell(shell: &[&str], locale: &str, file: &Path) -> Option<HashSet<Vec<u8>>> {
    let run = Command::new(shell[0])
        .args(&shell[1..])
        .args(["-c", "set -a; . \"$0\"; exec env -0"])
        .arg(file)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("LC_ALL", locale)
        .output();
    let run = match run {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && shell[0] != "sh" => {
            return None;
        }
        other => other.unwrap(),
    };
    assert!(
        run.status.success() && run.stderr.is_empty(),
        "{shell:?}: {run:?}"
    );
    Some(
        run.stdout
            .split(|byte| *byte == 0)
            .map(<[u8]>::to_vec)
            .collect(),
    )
}

/// What systemd.exec(5) says of a value in double quotes, and nothing else: this file may hold
/// nothing else.
fn by_the_manual(content: &[u8]) -> Vec<(String, String)> {
    let content = std::str::from_utf8(content).expect("the file must be UTF-8 encoded");
    let mut variables = Vec::new();
    let mut rest = content;
    while !rest.is_empty() {
        let (name, behind) = rest.split_once("=\"").unwrap();
        let mut value = String::new();
        let mut characters = behind.chars();
        loop {
            match characters.next().expect("the quotes end") {
                '"' => break,
                '\\' => match characters.next().unwrap() {
                    special @ ('"' | '\\' | '`' | '$') => value.push(special),
                    '\n' => {}
                    other => value.extend(['\\', other]),
                },
                other => value.push(other),
            }
        }
        rest = characters
            .as_str()
            .strip_prefix('\n')
            .expect("one variable a line");
        variables.push((name.to_owned(), value));
    }
    variables
}

#[test]
fn every_allowed_character_is_read_alike() {
    let special = "\"'\\`$#;!&|<>()[]{}*?~=%^ \t\n-+:,.@/ax0ä";
    let mut values = vec![String::new()];
    let ascii = (' '..='~').chain(['\t', '\n']);
    for c in ascii.chain('\u{80}'..='\u{7ff}') {
        values.extend([
            format!("{c}"),
            format!("{c}{c}"),
            format!("a{c}"),
            format!("{c}a"),
        ]);
    }
    for first in special.chars() {
        for second in special.chars() {
            values.push(format!("{first}{second}"));
            values.push(format!("a {first}b{second} c"));
        }
    }
    all_read(&values);
}

#[test]
fn long_and_foreign_values_are_read_alike() {
    let sayable = |c: &char| check("V", c.to_string().as_bytes()).is_ok();
    let beyond: String = ('\u{800}'..=char::MAX)
        .step_by(37)
        .filter(sayable)
        .collect();
    let (first, second) = beyond.split_at(beyond.char_indices().nth(15_000).unwrap().0);
    let pem = format!("-----BEGIN-----\n{}-----END-----\n", "aA+/\n".repeat(400));
    all_read(&[
        first.to_owned(),
        second.to_owned(),
        pem,
        "$(id) `id` ${HOME} $HOME \\$HOME \\\\ \\n \\\n \\".to_owned(),
        "\n\nNAME=\"x\"\n#\n;\n".to_owned(),
        "x".repeat(VARIABLE_LIMIT - "V5=\0".len()),
        "\"\\`$".repeat(25 * 256),
    ]);
}

#[test]
fn writes_one_quoted_value_a_line() {
    let content = written(&["a b".to_owned(), String::new(), "$\"\n\\`'".to_owned()]);
    let expected = "V0=\"a b\"\nV1=\"\"\nV2=\"\\$\\\"\n\\\\\\`'\"\n";
    assert_eq!(content, expected.as_bytes());
    assert_eq!(written(&[]), b"");
}

#[test]
fn what_cannot_be_said_is_told_by_its_place() {
    for (value, told) in [
        (&b"hunter2\0"[..], "a control character at byte 7"),
        (b"\xc3\xa4\r\n", "a control character at byte 2"),
        (b"a\x1b[2J", "a control character at byte 1"),
        (b"a\x7f", "a control character at byte 1"),
        (b"a\xff", "no UTF-8 at byte 1"),
        (b"\xed\xa0\x80", "no UTF-8 at byte 0"),
        (b"abc\xc3", "no UTF-8 at byte 3"),
        (b"\xef\xbb\xbfx", "a byte order mark at byte 0"),
        (b"\xef\xb7\x90", "a noncharacter of Unicode at byte 0"),
        (b"a\xef\xbf\xbf", "a noncharacter of Unicode at byte 1"),
        (b"a\xf0\x9f\xbf\xbe", "a noncharacter of Unicode at byte 1"),
    ] {
        let secret = Secret::copy_of(value);
        let problem = env_file(&[("TOKEN", &secret)]).unwrap_err();
        assert_eq!(problem.to_string(), format!("cannot hold TOKEN: {told}"));
    }
    let long = Secret::copy_of(&vec![b'x'; VARIABLE_LIMIT - 6]);
    let problem = env_file(&[("TOKEN", &long)]).unwrap_err();
    let told = "cannot hold TOKEN: it has more than 131065 bytes";
    assert_eq!(problem.to_string(), told);
    let longest = Secret::copy_of(&vec![b'x'; VARIABLE_LIMIT - 7]);
    let eight = [("TOKEN", &longest); 8];
    let problem = env_file(&eight).unwrap_err();
    assert_eq!(problem, ContentProblem::TooLong { limit: LIMIT });
    assert!(env_file(&eight[..7]).is_ok());
}

/// Values in which the special characters are more frequent than in life.
fn values() -> impl Strategy<Value = Vec<String>> {
    let character = prop_oneof![
        2 => prop::char::ranges(vec![' '..='~', '\t'..='\n'].into()),
        2 => prop::sample::select("\"'\\`$#; \t\n".chars().collect::<Vec<_>>()),
        1 => any::<char>(),
    ];
    let sayable =
        character.prop_filter("sayable", |c| check("V", c.to_string().as_bytes()).is_ok());
    let value = prop::collection::vec(sayable, 0..24).prop_map(String::from_iter);
    prop::collection::vec(value, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn any_values_are_read_alike(values in values()) {
        all_read(&values);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_said_or_refused(value: Vec<u8>) {
        let secret = Secret::copy_of(&value);
        match env_file(&[("V0", &secret)]) {
            Ok(content) => {
                let read = by_the_manual(content.expose());
                prop_assert_eq!(read[0].1.as_bytes(), value);
            }
            Err(ContentProblem::Unsayable { position, .. }) => prop_assert!(position < value.len()),
            Err(other) => prop_assert!(false, "{}", other),
        }
    }
}

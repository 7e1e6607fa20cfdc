//! A text with values in it. What stands for a value is never looked into.

use percent_encoding::percent_encode;

use super::base64::to_base64;
use super::{push, LIMIT};
use crate::config::{Filter, Part, Template};
use crate::error::ContentProblem;
use crate::name;
use crate::secret::Secret;

/// `template` with its values, of which `values` holds one for each of the configuration, in
/// its order, with its name. A value without filter stands there byte for byte.
///
/// # Errors
/// A value that is not Unicode where a filter wants text; more than 1 MiB.
pub fn compose(template: &Template, values: &[(&str, &Secret)]) -> Result<Secret, ContentProblem> {
    let mut made = Secret::with_limit(LIMIT);
    for part in &template.parts {
        match part {
            Part::Text(text) => push(&mut made, text.as_bytes())?,
            Part::Value { place, filters } => {
                let number = place.saturating_add(1);
                let value = values.get(*place);
                let (name, value) = *value.ok_or(ContentProblem::NoValue { number })?;
                let mut filtered = None;
                for filter in filters {
                    let input = filtered.as_ref().unwrap_or(value);
                    filtered = Some(apply(*filter, input.expose(), name)?);
                }
                push(&mut made, filtered.as_ref().unwrap_or(value).expose())?;
            }
        }
    }
    Ok(made)
}

fn apply(filter: Filter, value: &[u8], name: &str) -> Result<Secret, ContentProblem> {
    match filter {
        Filter::Base64 => Ok(to_base64(value)),
        Filter::Json => {
            let text = std::str::from_utf8(value).map_err(|error| ContentProblem::ValueNoText {
                name: name.to_owned(),
                position: error.valid_up_to(),
            })?;
            in_json(text)
        }
        Filter::Url => {
            let mut made = Secret::with_limit(value.len().saturating_mul(3));
            percent_encode(value, name::RESERVED)
                .try_for_each(|part| push(&mut made, part.as_bytes()))?;
            Ok(made)
        }
    }
}

/// `text` as it stands between the quotes of a JSON string.
fn in_json(text: &str) -> Result<Secret, ContentProblem> {
    let mut made = Secret::with_limit(text.len().saturating_mul(6));
    for byte in text.as_bytes() {
        let short: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            0x08 => b"\\b",
            0x0c => b"\\f",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..=0x1f => {
                push(&mut made, if *byte < 0x10 { b"\\u000" } else { b"\\u001" })?;
                let digit = char::from_digit(u32::from(byte & 0xf), 16).unwrap_or_default();
                push(&mut made, digit.encode_utf8(&mut [0]).as_bytes())?;
                continue;
            }
            other => std::slice::from_ref(other),
        };
        push(&mut made, short)?;
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn composed(template: &str, values: &[&[u8]]) -> Result<Vec<u8>, String> {
        let names = &["a", "b"][..values.len()];
        let template = Template::parse(template, names).unwrap();
        let secrets: Vec<Secret> = values.iter().map(|value| Secret::copy_of(value)).collect();
        let secrets: Vec<(&str, &Secret)> = names.iter().copied().zip(&secrets).collect();
        match compose(&template, &secrets) {
            Ok(secret) => Ok(secret.expose().to_vec()),
            Err(problem) => Err(problem.to_string()),
        }
    }

    #[test]
    fn puts_values_where_they_are_named() {
        let made = composed(
            "amqp://${a|url}:${b|url}@host/\n$${a} ${a}${a}\n",
            &[b"us er", b"p@ss/w\xc3\xb6rd"],
        );
        let expected = "amqp://us%20er:p%40ss%2Fw%C3%B6rd@host/\n${a} us erus er\n";
        assert_eq!(made.unwrap(), expected.as_bytes());
    }

    #[test]
    fn a_value_is_never_looked_into() {
        let values: [&[u8]; 2] = [b"${b}$${b|url}", b"\0\xff\n"];
        let made = composed("${a}\n${b}", &values).unwrap();
        assert_eq!(made, b"${b}$${b|url}\n\0\xff\n");
    }

    #[test]
    fn filters_work_in_their_order() {
        let value: &[u8] = b"a?\"\n";
        for (template, expected) in [
            ("${a|base64}", "YT8iCg=="),
            ("${a|json}", "a?\\\"\\n"),
            ("${a|url}", "a%3F%22%0A"),
            ("${a|base64|url}", "YT8iCg%3D%3D"),
            ("${a|url|base64}", "YSUzRiUyMiUwQQ=="),
            ("${a|json|json}", "a?\\\\\\\"\\\\n"),
        ] {
            let made = composed(template, &[value]).unwrap();
            assert_eq!(made, expected.as_bytes(), "{template}");
        }
        assert_eq!(composed("${a|url}", &[b"aZ09-._~"]).unwrap(), b"aZ09-._~");
        for filter in ["base64", "json", "url"] {
            let made = composed(&format!("${{a|{filter}}}"), &[b""]);
            assert_eq!(made.unwrap(), b"");
        }
    }

    #[test]
    fn text_is_wanted_where_json_is_made() {
        let told = composed("${a|base64}${b|json}", &[b"\xff", b"hunter2\xff"]).unwrap_err();
        assert_eq!(
            told,
            "cannot be composed: value \"b\" is not UTF-8 at byte 7"
        );
    }

    #[test]
    fn a_value_too_few_is_told() {
        let template = Template::parse("${a}${b}", &["a", "b"]).unwrap();
        let one = Secret::copy_of(b"x");
        let problem = compose(&template, &[("a", &one)]).unwrap_err();
        assert_eq!(problem, ContentProblem::NoValue { number: 2 });
    }

    #[test]
    fn its_size_has_a_limit() {
        let value = vec![b'x'; 25 * 1024];
        assert!(composed(&"${a}".repeat(40), &[&value]).is_ok());
        let told = composed(&"${a}".repeat(41), &[&value]).unwrap_err();
        assert_eq!(told, "has more than 1048576 bytes");
    }

    proptest! {
        #[test]
        fn without_filters_no_byte_is_lost(a: Vec<u8>, b: Vec<u8>) {
            let made = composed("${a}|${b}${a}", &[&a, &b]).unwrap();
            let expected = [a.as_slice(), b"|", &b, &a].concat();
            prop_assert_eq!(made, expected);
        }

        #[test]
        fn json_reads_back(text: String) {
            let made = composed("{\"k\":\"${a|json}\"}", &[text.as_bytes()]).unwrap();
            let read: serde_json::Value = serde_json::from_slice(&made).unwrap();
            prop_assert_eq!(read["k"].as_str().unwrap(), text);
        }

        #[test]
        fn url_reads_back(bytes: Vec<u8>) {
            let made = composed("${a|url}", &[&bytes]).unwrap();
            let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(byte);
            prop_assert!(made.iter().all(plain));
            let read: Vec<u8> = percent_encoding::percent_decode(&made).collect();
            prop_assert_eq!(read, bytes);
        }

        #[test]
        fn base64_reads_back(bytes: Vec<u8>) {
            let made = Secret::copy_of(&composed("${a|base64}", &[&bytes]).unwrap());
            let read = super::super::base64::base64_bytes(&made).unwrap();
            prop_assert_eq!(read.expose(), bytes);
        }

        #[test]
        fn any_filters_on_any_bytes(bytes: Vec<u8>, filters in "([|](base64|json|url)){0,4}") {
            let made = composed(&format!("${{a{filters}}}"), &[&bytes]);
            let lacks_text = filters.starts_with("|json") && std::str::from_utf8(&bytes).is_err();
            prop_assert_eq!(made.is_err(), lacks_text);
        }
    }

    #[test]
    fn every_character_below_the_blank_is_escaped() {
        let all: String = ('\0'..='\u{7f}').collect();
        let made = composed("\"${a|json}\"", &[all.as_bytes()]).unwrap();
        assert!(made.iter().all(|byte| *byte >= b' '));
        assert_eq!(serde_json::from_slice::<String>(&made).unwrap(), all);
    }
}

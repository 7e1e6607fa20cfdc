//! How a marker names what a file was made of: enough to tell that the same would come again.

use ring::digest::{digest, SHA256};

use crate::config::{Blob, Content, Form, Newline, Object, Part, Source, Text, Value};

/// The recipe of a file: its object and the form, or a digest of all that goes into it.
pub(super) fn source(source: &Source) -> String {
    match source {
        Source::Blob(blob) => of_blob(blob),
        Source::Content(Content::Value(value)) => of_value(value),
        Source::Content(content) => format!("compose:{}", fingerprint(&of_content(content))),
        Source::EnvFile(variables) => {
            let mut text = String::new();
            for variable in variables {
                text.push_str(&variable.name);
                text.push('=');
                text.push_str(&of_content(&variable.content));
                text.push('\n');
            }
            format!("env_file:{}", fingerprint(&text))
        }
    }
}

/// The version of a file: that of its object, or a digest of all of them.
pub(super) fn version(versions: &[&str]) -> String {
    match versions {
        [only] => (*only).to_owned(),
        several => fingerprint(&several.join("\n")),
    }
}

/// How markers and the memory name an object: host and path, without version.
pub(super) fn object(id: &Object) -> String {
    format!("{}/{}s/{}", id.vault, id.kind.word(), id.name)
}

fn of_blob(blob: &Blob) -> String {
    format!("{}/{}/{}", blob.host, blob.container, blob.name)
}

fn of_content(content: &Content) -> String {
    let composition = match content {
        Content::Compose(composition) => composition,
        Content::Value(value) => return of_value(value),
    };
    let mut text = String::new();
    for part in &composition.template.parts {
        match part {
            Part::Text(plain) => {
                text.push_str(&plain.len().to_string());
                text.push(':');
                text.push_str(plain);
            }
            Part::Value { place, filters } => {
                text.push('$');
                text.push_str(&place.to_string());
                for filter in filters {
                    text.push('|');
                    text.push_str(filter.as_str());
                }
                text.push('\n');
            }
        }
    }
    for (_, value) in &composition.values {
        text.push('\n');
        text.push_str(&of_value(value));
    }
    text
}

/// A secret as it stands has no more than its name: so it was named before there were forms.
fn of_value(value: &Value) -> String {
    let mut text = object(&value.object);
    match &value.form {
        Form::Certificate(part) => add(&mut text, "part", part.as_str()),
        Form::Key(part) => add(&mut text, "part", part.as_str()),
        Form::Secret(form) => of_text(&mut text, form),
    }
    text
}

fn of_text(text: &mut String, form: &Text) {
    if let Some(encoding) = form.encoding {
        add(text, "encoding", encoding.as_str());
    }
    if form.newline != Newline::Keep {
        add(text, "newline", form.newline.as_str());
    }
    // Last, since it may hold anything.
    if let Some(pointer) = &form.json {
        add(text, "json", pointer.as_str());
    }
}

fn add(text: &mut String, key: &str, value: &str) {
    text.push(if text.contains('?') { '&' } else { '?' });
    text.push_str(key);
    text.push('=');
    text.push_str(value);
}

/// 32 hexadecimal digits, like the version of an object.
fn fingerprint(text: &str) -> String {
    let digest = digest(&SHA256, text.as_bytes());
    let half = digest.as_ref().iter().take(16);
    half.map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{
        CertificatePart, Composition, Encoding, ObjectKind, Pointer, Template, Variable,
    };
    use crate::name::{HostName, ObjectName};

    fn value(form: Form) -> Value {
        Value {
            object: Object {
                kind: form.kind(),
                vault: HostName::parse("factory7.vault.azure.net").unwrap(),
                name: ObjectName::parse("db").unwrap(),
                version: None,
            },
            form,
        }
    }

    fn secret(text: Text) -> Value {
        value(Form::Secret(text))
    }

    fn composed(text: &str) -> Source {
        Source::Content(Content::Compose(Composition {
            template: Template::parse(text, &["x"]).unwrap(),
            values: vec![("x".to_owned(), secret(Text::default()))],
        }))
    }

    #[test]
    fn one_object_is_named_with_what_is_made_of_it() {
        let text = Text {
            encoding: Some(Encoding::Base64),
            json: Some(Pointer::parse("/a?b").unwrap()),
            newline: Newline::Strip,
        };
        for (value, expected) in [
            // As the releases before wrote it: an upgrade fetches nothing pinned again.
            (
                secret(Text::default()),
                "factory7.vault.azure.net/secrets/db",
            ),
            (
                secret(text),
                "factory7.vault.azure.net/secrets/db?encoding=base64&newline=strip&json=/a?b",
            ),
            (
                value(Form::Certificate(CertificatePart::Chain)),
                "factory7.vault.azure.net/certificates/db?part=chain",
            ),
        ] {
            assert_eq!(source(&Source::Content(Content::Value(value))), expected);
        }
        let key = Object {
            kind: ObjectKind::Key,
            ..secret(Text::default()).object
        };
        assert_eq!(object(&key), "factory7.vault.azure.net/keys/db");
    }

    #[test]
    fn whatever_changes_a_composed_file_changes_its_recipe() {
        let mut recipes: Vec<String> = [
            "a ${x}",
            "b ${x}",
            "a ${x|url}",
            "a ${x|url|json}",
            "a ${x}${x}",
        ]
        .map(|text| source(&composed(text)))
        .to_vec();
        let variable = |name: &str| Variable {
            name: name.to_owned(),
            content: Content::Value(secret(Text::default())),
        };
        recipes.push(source(&Source::EnvFile(vec![variable("A")])));
        recipes.push(source(&Source::EnvFile(vec![variable("B")])));
        let count = recipes.len();
        recipes.sort();
        recipes.dedup();
        assert_eq!(recipes.len(), count);
        assert!(recipes.iter().all(|recipe| !recipe.contains("a ")));
    }

    #[test]
    fn several_versions_become_one_that_looks_like_one() {
        assert_eq!(version(&["4387"]), "4387");
        let both = version(&["4387", "91ab"]);
        assert_eq!(both.len(), 32);
        assert_ne!(both, version(&["91ab", "4387"]));
    }
}

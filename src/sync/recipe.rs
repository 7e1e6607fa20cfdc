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
    if let Some(pointer) = &form.json {
        add(text, "json", pointer.as_str());
    }
    if form.newline != Newline::Keep {
        add(text, "newline", form.newline.as_str());
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

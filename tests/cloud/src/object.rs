//! Writes JSON objects with their members in the order given, as the services send them.
//!
//! `serde_json::Value` would sort the members: a reply that no real service sends.

use serde_json::Value;

/// A JSON object under construction.
#[derive(Default)]
pub(crate) struct Object {
    members: Vec<String>,
}

impl Object {
    pub fn new() -> Object {
        Object::default()
    }

    /// Adds a string.
    pub fn text(self, name: &str, value: &str) -> Object {
        self.raw(name, &Value::from(value).to_string())
    }

    /// Adds a whole number.
    pub fn number(self, name: &str, value: i64) -> Object {
        self.raw(name, &value.to_string())
    }

    /// Adds a member whose value is JSON already.
    pub fn raw(mut self, name: &str, json: &str) -> Object {
        self.members.push(format!("{}:{json}", Value::from(name)));
        self
    }

    /// Adds an array of strings.
    pub fn texts(self, name: &str, values: &[impl AsRef<str>]) -> Object {
        let values: Vec<&str> = values.iter().map(AsRef::as_ref).collect();
        self.raw(name, &Value::from(values).to_string())
    }

    pub fn finish(self) -> String {
        format!("{{{}}}", self.members.join(","))
    }
}

/// A JSON array of values that are JSON already.
pub(crate) fn array(values: &[String]) -> String {
    format!("[{}]", values.join(","))
}

//! The sources of files as the configuration writes them.

use crate::cloud::Cloud;
use crate::config::{Blob, Composition, Config, Content, Form, Selection, Source, Value, Variable};
use crate::json::Json;
use crate::name::HostName;

impl Config {
    /// The vault of all files, if they have one vault; of none, that of the top level.
    pub(super) fn only_vault(&self) -> Option<&HostName> {
        match self.vaults().as_slice() {
            [] => self.vault.as_ref(),
            [only] => Some(*only),
            _ => None,
        }
    }
}

/// Writes sources; each object with its vault, unless all have one.
pub(super) struct Writer<'a> {
    pub cloud: &'a Cloud,
    pub has_only_vault: bool,
}

impl Writer<'_> {
    /// Adds `source` to the file `json`.
    pub fn add_source(&self, json: &mut Json, source: &Source) {
        match source {
            Source::Blob(blob) => self.add_blob(json, blob),
            Source::Content(content) => self.add_content(json, content),
            Source::EnvFile(variables) => {
                let variables = variables.iter().map(|variable| self.variable(variable));
                json.add("env_file", Json::Object(variables.collect()));
            }
        }
    }

    /// Adds `selection` to the file `json`.
    pub fn add_selection(&self, json: &mut Json, selection: &Selection) {
        let kind = selection.form.kind();
        let mut select = Json::object(vec![("type", Json::text(kind.word()))]);
        if !selection.prefix.is_empty() {
            select.add("prefix", Json::text(&selection.prefix));
        }
        if !selection.tags.is_empty() {
            let tags = selection.tags.iter();
            let tags = tags.map(|(name, value)| (name.clone(), Json::text(value)));
            select.add("tags", Json::Object(tags.collect()));
        }
        select.add("allow_empty", Json::Boolean(selection.allow_empty));
        json.add("select", select);
        json.add("max_objects", Json::Number(selection.max_objects.into()));
        add_form(json, &selection.form);
        self.add_vault(json, &selection.vault);
    }

    fn add_content(&self, json: &mut Json, content: &Content) {
        match content {
            Content::Compose(composition) => json.add("compose", self.composition(composition)),
            Content::Value(value) => self.add_value(json, value),
        }
    }

    fn add_value(&self, json: &mut Json, value: &Value) {
        let object = &value.object;
        json.add(object.kind.word(), Json::text(object.name.as_str()));
        if let Some(version) = &object.version {
            json.add("version", Json::text(version.as_str()));
        }
        add_form(json, &value.form);
        self.add_vault(json, &object.vault);
    }

    fn variable(&self, variable: &Variable) -> (String, Json) {
        let mut json = Json::object(Vec::new());
        self.add_content(&mut json, &variable.content);
        (variable.name.clone(), json)
    }

    fn composition(&self, composition: &Composition) -> Json {
        let mut names = Vec::new();
        let mut values = Vec::new();
        for (name, value) in &composition.values {
            let mut json = Json::object(Vec::new());
            self.add_value(&mut json, value);
            names.push(name.as_str());
            values.push((name.clone(), json));
        }
        let template = &composition.template;
        let text = match &template.file {
            Some(file) => ("file", super::path(file)),
            None => ("text", Json::text(template.text(&names))),
        };
        Json::object(vec![text, ("values", Json::Object(values))])
    }

    fn add_blob(&self, json: &mut Json, blob: &Blob) {
        let account = blob.host.as_str().split('.').next();
        let place = Json::object(vec![
            ("account", Json::text(account.unwrap_or_default())),
            ("container", Json::text(&blob.container)),
            ("name", Json::text(&blob.name)),
        ]);
        json.add("blob", place);
        if let Some(most) = blob.max_bytes {
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            json.add("max_bytes", Json::Number(most));
        }
        if let Some(digest) = &blob.sha256 {
            json.add("sha256", Json::text(digest));
        }
    }

    fn add_vault(&self, json: &mut Json, vault: &HostName) {
        if !self.has_only_vault {
            json.add("vault", super::vault_text(vault, self.cloud));
        }
    }
}

fn add_form(json: &mut Json, form: &Form) {
    match form {
        Form::Certificate(part) => json.add("part", Json::text(part.as_str())),
        Form::Key(part) => json.add("part", Json::text(part.as_str())),
        Form::Secret(text) => {
            if let Some(encoding) = text.encoding {
                json.add("encoding", Json::text(encoding.as_str()));
            }
            if let Some(pointer) = &text.json {
                json.add("json", Json::text(pointer.as_str()));
            }
            json.add("newline", Json::text(text.newline.as_str()));
        }
    }
}

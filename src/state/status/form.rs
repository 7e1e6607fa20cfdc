//! How `status.json` is written and read; its members are an interface.

use super::{Chosen, FileStatus, Run, SetState, SetStatus, Status};
use crate::json::Json;

impl Status {
    /// The document as text.
    pub fn to_json(&self) -> String {
        let identity = self.identity.as_ref().map_or(Json::Null, Chosen::json);
        let json = Json::object(vec![
            ("schema", count(self.schema.into())),
            ("instance", Json::text(self.instance.as_str())),
            ("cloud", Json::text(self.cloud.as_str())),
            ("vaults", Json::texts(&self.vaults)),
            ("identity", identity),
            ("run", self.run.json()),
            (
                "sets",
                Json::List(self.sets.iter().map(SetStatus::json).collect()),
            ),
        ]);
        json.indented()
    }

    /// What [`Self::to_json`] wrote.
    pub(super) fn read(json: &Json) -> Option<Self> {
        let vaults = json.list_of("vaults")?.iter();
        let identity = match json.member("identity") {
            None => None,
            Some(identity) => Some(Chosen::read(identity)?),
        };
        Some(Self {
            schema: number(json, "schema")?,
            instance: json.text_of("instance")?,
            cloud: json.text_of("cloud")?,
            vaults: vaults.map(Json::as_text).collect::<Option<_>>()?,
            identity,
            run: Run::read(json.member("run")?)?,
            sets: all(json, "sets", SetStatus::read)?,
        })
    }
}

impl Chosen {
    fn json(&self) -> Json {
        let position = u64::try_from(self.position).unwrap_or(u64::MAX);
        Json::object(vec![
            ("text", Json::text(self.text.as_str())),
            ("expires", any_number(self.expires)),
            ("position", count(position)),
        ])
    }

    fn read(json: &Json) -> Option<Self> {
        Some(Self {
            text: json.text_of("text")?,
            expires: json.any_number_of("expires")?,
            position: number(json, "position")?,
        })
    }
}

impl Run {
    fn json(&self) -> Json {
        Json::object(vec![
            ("at", Json::Number(self.at)),
            ("exit_code", count(self.exit_code.into())),
            ("offline", Json::Boolean(self.offline)),
            ("milliseconds", count(self.milliseconds)),
            ("connections", count(self.connections.into())),
            ("requests", count(self.requests.into())),
            ("sent", count(self.sent)),
            ("received", count(self.received)),
        ])
    }

    fn read(json: &Json) -> Option<Self> {
        Some(Self {
            at: json.number_of("at")?,
            exit_code: number(json, "exit_code")?,
            offline: json.boolean_of("offline")?,
            milliseconds: number(json, "milliseconds")?,
            connections: number(json, "connections")?,
            requests: number(json, "requests")?,
            sent: number(json, "sent")?,
            received: number(json, "received")?,
        })
    }
}

impl SetStatus {
    fn json(&self) -> Json {
        let files = self.files.iter().map(FileStatus::json).collect();
        Json::object(vec![
            ("name", Json::text(self.name.as_str())),
            ("state", Json::text(self.state.as_str())),
            ("reason", any_text(&self.reason)),
            ("error", any_text(&self.error)),
            ("next_step", any_text(&self.next_step)),
            ("exit_code", count(self.exit_code.into())),
            ("required", Json::Boolean(self.required)),
            ("confirmed", any_number(self.confirmed)),
            ("changed", any_number(self.changed)),
            ("generation", any_text(&self.generation)),
            ("max_stale", count(self.max_stale)),
            ("directory", any_text(&self.directory)),
            ("files", Json::List(files)),
        ])
    }

    fn read(json: &Json) -> Option<Self> {
        Some(Self {
            name: json.text_of("name")?,
            state: SetState::read(&json.text_of("state")?)?,
            reason: json.any_text_of("reason")?,
            error: json.any_text_of("error")?,
            next_step: json.any_text_of("next_step")?,
            exit_code: number(json, "exit_code")?,
            required: json.boolean_of("required")?,
            confirmed: json.any_number_of("confirmed")?,
            changed: json.any_number_of("changed")?,
            generation: json.any_text_of("generation")?,
            max_stale: number(json, "max_stale")?,
            directory: json.any_text_of("directory")?,
            files: all(json, "files", FileStatus::read)?,
        })
    }
}

impl FileStatus {
    fn json(&self) -> Json {
        Json::object(vec![
            ("name", Json::text(self.name.as_str())),
            ("version", Json::text(self.version.as_str())),
            ("expires", any_number(self.expires)),
        ])
    }

    fn read(json: &Json) -> Option<Self> {
        Some(Self {
            name: json.text_of("name")?,
            version: json.text_of("version")?,
            expires: json.any_number_of("expires")?,
        })
    }
}

fn all<T>(json: &Json, key: &str, read: impl Fn(&Json) -> Option<T>) -> Option<Vec<T>> {
    json.list_of(key)?.iter().map(read).collect()
}

fn number<T: TryFrom<i64>>(json: &Json, key: &str) -> Option<T> {
    T::try_from(json.number_of(key)?).ok()
}

/// Nothing that is counted here comes near the limit.
fn count(number: u64) -> Json {
    Json::Number(i64::try_from(number).unwrap_or(i64::MAX))
}

fn any_number(number: Option<i64>) -> Json {
    number.map_or(Json::Null, Json::Number)
}

fn any_text(text: &Option<String>) -> Json {
    text.clone().map_or(Json::Null, Json::Text)
}

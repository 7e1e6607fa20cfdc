//! How `status.json` is written and read; its members are an interface.

use super::super::Delivered;
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
            ("orphaned", Delivered::list(&self.orphaned)),
        ]);
        json.indented()
    }

    /// What [`Self::to_json`] wrote.
    pub(super) fn read(json: &Json) -> Option<Self> {
        let identity = match json.member("identity") {
            None => None,
            Some(identity) => Some(Chosen::read(identity)?),
        };
        let orphaned = match json.member("orphaned") {
            None => Vec::new(),
            Some(orphaned) => Delivered::read_list(orphaned)?,
        };
        let mut members = Reading::of(json);
        let status = Self {
            schema: members.small("schema"),
            instance: members.text("instance"),
            cloud: members.text("cloud"),
            vaults: all(json, "vaults", &Json::as_text)?,
            identity,
            run: Run::read(json.member("run")?)?,
            sets: all(json, "sets", &SetStatus::read)?,
            orphaned,
        };
        members.is_right.then_some(status)
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
        let mut members = Reading::of(json);
        let chosen = Self {
            text: members.text("text"),
            expires: members.any_number("expires"),
            position: usize::try_from(members.small("position")).unwrap_or(usize::MAX),
        };
        members.is_right.then_some(chosen)
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
        let mut members = Reading::of(json);
        let run = Self {
            at: members.keep(json.number_of("at")),
            exit_code: members.exit_code(),
            offline: members.keep(json.boolean_of("offline")),
            milliseconds: members.count("milliseconds"),
            connections: members.small("connections"),
            requests: members.small("requests"),
            sent: members.count("sent"),
            received: members.count("received"),
        };
        members.is_right.then_some(run)
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
        let state = SetState::read(json.member("state")?.as_str()?)?;
        let mut members = Reading::of(json);
        let set = Self {
            name: members.text("name"),
            state,
            reason: members.any_text("reason"),
            error: members.any_text("error"),
            next_step: members.any_text("next_step"),
            exit_code: members.exit_code(),
            required: members.keep(json.boolean_of("required")),
            confirmed: members.any_number("confirmed"),
            changed: members.any_number("changed"),
            generation: members.any_text("generation"),
            max_stale: members.count("max_stale"),
            directory: members.any_text("directory"),
            files: all(json, "files", &FileStatus::read)?,
        };
        members.is_right.then_some(set)
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
        let mut members = Reading::of(json);
        let file = Self {
            name: members.text("name"),
            version: members.text("version"),
            expires: members.any_number("expires"),
        };
        members.is_right.then_some(file)
    }
}

/// Members that are read one by one and judged together: to leave at each wrong one would be
/// most of the code.
struct Reading<'a> {
    json: &'a Json,
    is_right: bool,
}

impl<'a> Reading<'a> {
    fn of(json: &'a Json) -> Self {
        Self {
            json,
            is_right: true,
        }
    }

    fn keep<T: Default>(&mut self, found: Option<T>) -> T {
        self.is_right &= found.is_some();
        found.unwrap_or_default()
    }

    fn text(&mut self, key: &str) -> String {
        self.keep(self.json.text_of(key))
    }

    fn any_text(&mut self, key: &str) -> Option<String> {
        self.keep(self.json.any_text_of(key))
    }

    fn any_number(&mut self, key: &str) -> Option<i64> {
        self.keep(self.json.any_number_of(key))
    }

    fn count(&mut self, key: &str) -> u64 {
        let number = self.json.number_of(key);
        self.keep(number.and_then(|number| u64::try_from(number).ok()))
    }

    fn small(&mut self, key: &str) -> u32 {
        let number = u32::try_from(self.count(key));
        self.keep(number.ok())
    }

    fn exit_code(&mut self) -> u8 {
        let number = u8::try_from(self.count("exit_code"));
        self.keep(number.ok())
    }
}

fn all<T>(json: &Json, key: &str, read: &dyn Fn(&Json) -> Option<T>) -> Option<Vec<T>> {
    let mut all = Vec::new();
    for item in json.list_of(key)? {
        all.push(read(item)?);
    }
    Some(all)
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

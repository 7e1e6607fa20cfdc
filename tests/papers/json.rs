//! JSON laid out for narrow pages: what fits stands in one line.

use keyferry::json::Json;

/// `text` in lines of [`WIDTH`] columns, where that can be.
pub(super) fn laid_out(text: &str) -> String {
    lines(&read(text))
}

/// Members of an object in such lines: those that are named, or all but `$schema` and
/// `$comment`.
pub(super) fn members_laid_out(text: &str, named: &[&str]) -> String {
    let Json::Object(mut members) = read(text) else {
        panic!("no object: {text}");
    };
    members.retain(|(key, _)| match named {
        [] => !key.starts_with('$'),
        named => named.contains(&key.as_str()),
    });
    lines(&Json::Object(members))
}

/// `text` in one line.
pub(super) fn in_one_line(text: &str) -> String {
    flat(&read(text))
}

fn read(text: &str) -> Json {
    Json::read(text.as_bytes()).unwrap_or_else(|| panic!("no JSON: {text}"))
}

fn lines(json: &Json) -> String {
    let mut made = String::new();
    lay(json, 0, &mut made);
    made.push('\n');
    made
}

fn lay(json: &Json, indent: usize, made: &mut String) {
    let used = made.len() - made.rfind('\n').map_or(0, |end| end + 1);
    let line = flat(json);
    // Behind it may stand a comma.
    if used + line.len() < WIDTH {
        return made.push_str(&line);
    }
    let inner = indent + 2;
    match json {
        // What has one member only takes no lines of its own, if there are others further in.
        Json::Object(members) if members.len() == 1 && has_several(json) => {
            made.push_str(&format!("{{ {}: ", quoted(&members[0].0)));
            lay(&members[0].1, indent, made);
            made.push_str(" }");
        }
        Json::Object(members) => {
            for (place, (key, value)) in members.iter().enumerate() {
                let opened = if place == 0 { "{" } else { "," };
                made.push_str(&format!("{opened}\n{:inner$}{}: ", "", quoted(key)));
                lay(value, inner, made);
            }
            made.push_str(&format!("\n{:indent$}}}", ""));
        }
        Json::List(items) => {
            for (place, item) in items.iter().enumerate() {
                let opened = if place == 0 { "[" } else { "," };
                made.push_str(&format!("{opened}\n{:inner$}", ""));
                lay(item, inner, made);
            }
            made.push_str(&format!("\n{:indent$}]", ""));
        }
        _ => made.push_str(&line),
    }
}

/// Whether there is more than one thing in the first object or list that is no mere wrap.
fn has_several(json: &Json) -> bool {
    match json {
        Json::Object(members) if members.len() == 1 => has_several(&members[0].1),
        Json::Object(members) => !members.is_empty(),
        Json::List(items) => items.len() > 1,
        _ => false,
    }
}

fn quoted(text: &str) -> String {
    Json::text(text).compact()
}

fn flat(json: &Json) -> String {
    match json {
        Json::Object(members) if !members.is_empty() => {
            let member =
                |(key, value): &(String, Json)| format!("{}: {}", quoted(key), flat(value));
            let members: Vec<String> = members.iter().map(member).collect();
            format!("{{ {} }}", members.join(", "))
        }
        Json::List(items) => {
            let items: Vec<String> = items.iter().map(flat).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.compact(),
    }
}

/// A terminal of 60 columns has this many for an example.
const WIDTH: usize = 53;

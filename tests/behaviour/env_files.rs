//! Env files, read back by the shell of this machine.

use std::process::Command;

use serde_json::{json, Value};

use crate::authority::{Kind, Pair};
use crate::golden;
use crate::support::Site;

/// A set `app` whose file `env` has these variables.
fn sets(variables: Value) -> Value {
    json!({"app": {"files": {"env": {"env_file": variables}}}})
}

fn site(variables: Value) -> Site {
    let site = Site::new();
    site.configure(&site.config(sets(variables)));
    site
}

/// What `sh` has in its environment after it read the file: `NAME=value`.
fn read_by_shell(site: &Site) -> Vec<String> {
    let mut shell = Command::new("sh");
    shell.args(["-c", "set -a; . \"$0\"; exec env -0"]);
    let run = shell.arg(site.set("app").join("env")).env_clear();
    let run = run.env("PATH", std::env::var("PATH").unwrap());
    let output = run.output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    let text = String::from_utf8(output.stdout).unwrap();
    text.split('\0').map(str::to_owned).collect()
}

#[test]
fn the_shell_reads_every_value_as_the_vault_has_it() {
    let site = site(json!({
        "PLAIN": {"secret": "plain"},
        "QUOTED": {"secret": "quoted"},
        "LINES": {"secret": "lines"},
        "FIELD": {"secret": "document", "json": "/a/b"},
        "STRIPPED": {"secret": "lines", "newline": "strip"},
        "KEY": {"certificate": "web", "part": "key"},
        "URL": {"compose": {
            "text": "amqps://edge:${password|url}@broker/",
            "values": {"password": {"secret": "quoted"}},
        }},
        "EMPTY": {"secret": "empty"},
    }));
    let quoted = " it's \"$HOME\" `id` \\ $(id) !! # ~ * ä\t";
    let lines = "first line\n\nlast line\\\n\n";
    let pair = Pair::new(Kind::P256, 1, "web");
    site.hide(pair.mark());
    site.vault.set_certificate("web", pair.in_vault(true));
    site.seed("plain", "hunter2");
    site.seed("quoted", quoted);
    site.seed("lines", lines);
    site.seed("document", r#"{"a": {"b": "swordfish $1"}}"#);
    site.hide("swordfish");
    site.vault.set("empty", "");
    site.keyferry(&["sync"]).exits(0);
    let read = read_by_shell(&site);
    let url = "amqps://edge:%20it%27s%20%22%24HOME%22%20%60id%60%20%5C%20%24%28id%29%20%21%21%20%23%20~%20%2A%20%C3%A4%09@broker/";
    for (name, value) in [
        ("PLAIN", "hunter2"),
        ("QUOTED", quoted),
        ("LINES", lines),
        ("FIELD", "swordfish $1"),
        ("STRIPPED", "first line\n\nlast line\\"),
        ("KEY", &pair.key),
        ("URL", url),
        ("EMPTY", ""),
    ] {
        let line = format!("{name}={value}");
        assert!(read.contains(&line), "{line:?} is not in {read:?}");
    }
    // Each object once, although two are used twice, and the certificate's conversion.
    assert_eq!(site.cloud.requests().len(), 1 + 6 + 1);
    site.cloud.reset_log();
    site.keyferry(&["sync"]).exits(0);
    site.assert_well_behaved();
}

#[test]
fn one_changed_value_changes_the_file_once() {
    let variables = json!({"A": {"secret": "first"}, "B": {"secret": "second"}});
    let site = site(variables);
    site.seed("first", "value one");
    site.seed("second", "value two");
    let run = site.keyferry(&["sync"]).exits(0);
    run.says("1 file changed");
    let env = "A=\"value one\"\nB=\"value two\"\n";
    assert_eq!(site.delivered("app", "env").unwrap(), env);
    let before = site.set_status("app")["files"][0]["version"].clone();
    site.seed("second", "value three");
    site.keyferry(&["sync"]).exits(0).says("1 file changed");
    let env = "A=\"value one\"\nB=\"value three\"\n";
    assert_eq!(site.delivered("app", "env").unwrap(), env);
    assert_ne!(site.set_status("app")["files"][0]["version"], before);
    site.keyferry(&["sync"]).exits(0).never_says("changed");
    // The same values under another name are another file.
    let variables = json!({"A": {"secret": "first"}, "C": {"secret": "second"}});
    site.configure(&site.config(sets(variables)));
    site.keyferry(&["sync", "--dry-run"])
        .exits(0)
        .says("would switch, 1 file changed");
    assert_eq!(site.delivered("app", "env").unwrap(), env);
    site.keyferry(&["sync"]).exits(0);
    assert!(site.delivered("app", "env").unwrap().contains("C="));
}

#[test]
fn what_cannot_be_said_fails_the_set_and_keeps_last_good() {
    let long = "hunter2 ".repeat(3000);
    let mut told = String::new();
    for (what, value) in [
        ("a control character", "hunter2 \u{1b}[2J"),
        ("a NUL byte", "hunter2\0"),
        ("a carriage return", "hunter2\r\n"),
        ("a byte order mark", "hunter2\u{feff}"),
        ("a noncharacter", "hunter2\u{fffe}"),
        ("no UTF-8", "aHVudGVyMiD/"),
        ("too long", &long),
    ] {
        let encoding = match what {
            "no UTF-8" => "base64",
            _ => "utf-8",
        };
        let repeated = match what {
            "too long" => "${a}".repeat(6),
            _ => "${a}".to_owned(),
        };
        let site = site(json!({
            "GOOD": {"secret": "good"},
            "TOKEN": {"compose": {
                "text": repeated,
                "values": {"a": {"secret": "token", "encoding": encoding}},
            }},
        }));
        site.seed("good", "fine as it is");
        site.vault.set("token", "aGVsbG8=");
        site.keyferry(&["sync"]).exits(0);
        let before = site.delivered("app", "env").unwrap();
        site.hide("hunter2");
        site.vault.set("token", value);
        let run = site.keyferry(&["sync", "--log", "debug"]).exits(65);
        let lines = run.stderr.lines().filter(|line| line.contains("error"));
        let lines: Vec<&str> = lines
            .filter_map(|line| line.split_once("error: "))
            .map(|(_, told)| told)
            .collect();
        told.push_str(&format!("{what}\n{}\n", lines.join("\n")));
        assert_eq!(site.delivered("app", "env").unwrap(), before);
        assert!(!site.status().to_string().contains("hunter2"));
        let status = site.keyferry(&["status", "--json"]).exits(0);
        status.says("unusable");
    }
    golden::text_matches("env_file_problems", &told);
}

#[test]
fn an_object_that_is_not_there_stops_its_file_only_as_configured() {
    let variables = json!({"A": {"secret": "first"}, "B": {"secret": "second"}});
    for (if_missing, code) in [("fail", 66), ("skip", 0), ("keep", 0)] {
        let site = Site::new();
        let files = json!({
            "env": {"env_file": variables, "if_missing": if_missing},
            "other": {"secret": "first"},
        });
        site.configure(&site.config(json!({"app": {"files": files}})));
        site.seed("first", "value one");
        let run = site.keyferry(&["sync"]).exits(code);
        run.says("has no secret second (SecretNotFound)");
        assert_eq!(site.delivered("app", "env"), None, "{if_missing}");
        assert_eq!(site.delivered("app", "other").is_some(), code == 0);
        site.seed("second", "value two");
        site.keyferry(&["sync"]).exits(0);
        let env = site.delivered("app", "env").unwrap();
        assert_eq!(env.lines().count(), 2);
        // Both gone: the first run does not believe it, the second does what is said.
        site.vault.delete("first");
        site.vault.delete("second");
        site.keyferry(&["sync"]).exits(75);
        assert_eq!(site.delivered("app", "env").unwrap(), env);
    }
}

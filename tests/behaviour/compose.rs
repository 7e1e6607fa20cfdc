//! Texts with values in them: what is put together, what is told and what never is.

use serde_json::{json, Value};

use crate::authority::{Kind, Pair};
use crate::golden;
use crate::support::Site;

/// A set `app` with a file `conf` of this composition.
fn sets(compose: Value) -> Value {
    json!({"app": {"files": {"conf": {"compose": compose}}}})
}

/// A site with the secrets `user` and `password`.
fn site() -> Site {
    let site = Site::new();
    site.seed("user", "edge \"7\"");
    site.seed("password", "p@ss/w\u{f6}rd ${user}");
    site
}

fn values() -> Value {
    json!({"user": {"secret": "user"}, "password": {"secret": "password"}})
}

#[test]
fn a_text_is_filled_with_values_and_their_filters() {
    let site = site();
    for (text, made) in [
        (
            "amqps://${user|url}:${password|url}@broker:5671/",
            "amqps://edge%20%227%22:p%40ss%2Fw%C3%B6rd%20%24%7Buser%7D@broker:5671/",
        ),
        (
            "{\"user\": \"${user|json}\", \"password\": \"${password|json}\"}\n",
            "{\"user\": \"edge \\\"7\\\"\", \"password\": \"p@ss/w\u{f6}rd ${user}\"}\n",
        ),
        (
            "${user|base64} ${password|base64|url} $${user} $",
            "ZWRnZSAiNyI= cEBzcy93w7ZyZCAke3VzZXJ9 ${user} $",
        ),
        ("${password}${user}", "p@ss/w\u{f6}rd ${user}edge \"7\""),
    ] {
        site.configure(&site.config(sets(json!({"text": text, "values": values()}))));
        site.hide(made);
        site.keyferry(&["sync", "--dry-run", "--log", "debug"])
            .exits(0)
            .says("would switch");
        site.keyferry(&["sync", "--log", "debug"]).exits(0);
        assert_eq!(site.delivered("app", "conf").unwrap(), made, "{text}");
        site.cloud.reset_log();
        site.keyferry(&["sync"]).exits(0).never_says("switched");
        assert_eq!(site.cloud.requests().len(), 2);
    }
    site.assert_well_behaved();
}

#[test]
fn a_template_file_is_read_at_each_run() {
    let site = site();
    let compose = json!({"file": site.path("etc/broker.tmpl"), "values": values()});
    site.configure(&site.config(sets(compose)));
    site.write("etc/broker.tmpl", "u=${user}\np=${password}\n", 0o644);
    site.keyferry(&["sync"]).exits(0);
    let conf = || site.delivered("app", "conf").unwrap();
    assert_eq!(conf(), "u=edge \"7\"\np=p@ss/w\u{f6}rd ${user}\n");
    // No object changed, the text did.
    site.write(
        "etc/broker.tmpl",
        "# new\nu=${user}\np=${password}\n",
        0o644,
    );
    site.keyferry(&["sync"]).exits(0).says("1 file changed");
    assert!(conf().starts_with("# new\nu=edge"));
    site.seed("user", "edge 8");
    site.keyferry(&["sync"]).exits(0);
    assert!(conf().contains("u=edge 8\n"));
    // Others could write secrets' names into it.
    site.write("etc/broker.tmpl", "u=${user}\np=${password}\n", 0o666);
    site.keyferry(&["sync"]).exits(78).says("etc/broker.tmpl");
    std::fs::remove_file(site.path("etc/broker.tmpl")).unwrap();
    site.keyferry(&["sync"]).exits(78).says("etc/broker.tmpl");
    assert!(conf().contains("u=edge 8\n"), "last good stays");
}

#[test]
fn a_wrong_template_is_told_with_its_place_and_not_with_its_text() {
    let site = site();
    let mut told = String::new();
    let text = |text: &str| json!({"text": text, "values": values()});
    for compose in [
        text("first ${user}\n\u{f6} ${pasword} hunter2 ${password}"),
        text("${user|rot13}${password}"),
        text("${user}${password"),
        text("${user} only"),
        json!({"text": "plain hunter2", "values": {}}),
        json!({"values": values()}),
        json!({"file": site.path("etc/t"), "text": "", "values": values()}),
        json!({"file": site.path("etc/t"), "values": values()}),
        json!({"text": "${a}", "values": {"a": {"compose": text("${user}${password}")}}}),
        json!({"text": "${a}", "values": {"a": {"certificate": "web", "part": "pfx"}}}),
    ] {
        site.hide("hunter2");
        site.write("etc/t", "a\nb ${hunter}", 0o644);
        site.configure(&site.config(sets(compose)));
        let run = site.keyferry(&["check"]).exits(78);
        told.push_str(&golden::masked(&site, &run.stderr));
    }
    golden::text_matches("compose_check", &told);
    assert_eq!(site.cloud.connections(), 0);
}

#[test]
fn what_cannot_be_put_together_keeps_last_good() {
    let mut told = String::new();
    let big = "hunter2 ".repeat(3100);
    for (text, value) in [
        ("\"${user}${token|json}\"".to_owned(), "aHVudGVyMv8="),
        ("${user}".to_owned() + &"${token}".repeat(60), big.as_str()),
    ] {
        let site = site();
        let tagged = match text.contains("json") {
            true => "base64",
            false => "utf-8",
        };
        let values = json!({
            "user": {"secret": "user"},
            "token": {"secret": "token", "encoding": tagged},
        });
        site.configure(&site.config(sets(json!({"text": text, "values": values}))));
        site.vault.set("token", "Z29vZA==");
        site.keyferry(&["sync"]).exits(0);
        let before = site.delivered("app", "conf").unwrap();
        site.hide("hunter2");
        site.vault.set("token", value);
        let run = site.keyferry(&["sync"]).exits(65);
        told.push_str(&golden::masked(&site, &run.stderr));
        assert_eq!(site.delivered("app", "conf").unwrap(), before);
    }
    golden::text_matches("compose_problems", &told);
}

#[test]
fn every_kind_of_object_may_stand_in_a_text() {
    let site = site();
    let pair = Pair::new(Kind::P256, 1, "web");
    site.hide(pair.mark());
    let [one, other] = ["web", "signing"].map(|name| (name, pair.in_vault(true)));
    for (name, certificate) in [one, other] {
        site.vault.set_certificate(name, certificate);
    }
    let other = site.cloud.vault("other-vault");
    other.set("remote", "sardine");
    site.hide("sardine");
    let compose = json!({
        "text": "${key}${cert}${public}${field}@${remote}",
        "values": {
            "key": {"certificate": "web", "part": "key"},
            "cert": {"certificate": "web", "part": "cert"},
            "public": {"key": "signing", "part": "pem"},
            "field": {"secret": "document", "json": "/name"},
            "remote": {"secret": "remote", "vault": "other-vault"},
        },
    });
    site.vault.set("document", r#"{"name": "tuna"}"#);
    site.configure(&site.config(sets(compose)));
    // Both parts are of one version.
    let new = Pair::new(Kind::P256, 2, "web");
    site.hide(new.mark());
    site.vault
        .replace_after_next_read("web", new.in_vault(true));
    site.keyferry(&["sync"]).exits(0);
    let conf = site.delivered("app", "conf").unwrap();
    let begin = [pair.key.as_str(), &pair.leaf].concat();
    assert!(conf.starts_with(&begin) && conf.ends_with("-----\ntuna@sardine"));
    assert!(site.set_status("app")["files"][0]["expires"].is_i64());
    site.keyferry(&["sync"]).exits(0);
    let conf = site.delivered("app", "conf").unwrap();
    assert!(conf.starts_with(&[new.key.as_str(), &new.leaf].concat()));
    site.assert_well_behaved();
}

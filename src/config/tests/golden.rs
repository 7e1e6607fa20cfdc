//! What operators read when they get it wrong.

use super::{with_sets, Fixture};

/// A set "a" that holds what `text` says.
fn set(text: &str) -> String {
    with_sets(&format!("{{\"a\": {{{text}}}}}"))
}

fn assert_complaints(cases: &[(&str, &str)], build: impl Fn(&str) -> String) {
    for (text, expected) in cases {
        assert_eq!(
            Fixture::new(&build(text)).complaints(),
            [*expected],
            "{text}"
        );
    }
}

#[test]
fn keys_that_are_not_known_here() {
    let cases = [
        (
            r#""vualt": "x","#,
            r#"config.json:2:1: unknown key "vualt"; did you mean "vault"? -> write "vault""#,
        ),
        (
            r#""group": "x","#,
            r#"config.json:2:1: unknown key "group" here; it belongs into a set -> move "group" into a set"#,
        ),
        (
            r#""seal": 1,"#,
            r#"config.json:2:1: unknown key "seal" here; it belongs into a set -> move "seal" into a set"#,
        ),
        (
            r#""nonsense": 1,"#,
            r#"config.json:2:1: unknown key "nonsense" -> remove it; the keys here are cloud, identity, vault, sets, device_id, network, runtime_directory, state_directory, log"#,
        ),
        (
            r#""cloud": "public","#,
            r#"config.json:3:1: "cloud" stands here again, after config.json:2:1 -> remove one of the two"#,
        ),
    ];
    assert_complaints(&cases, |line| {
        with_sets("{}").replacen("\"cloud\"", &format!("{line}\n\"cloud\""), 1)
    });
}

#[test]
fn files_and_sets() {
    let cases = [
        (
            r#""files": {"x": {"secret": "y", "mode": 440}}"#,
            r#"config.json:5:55: "mode" must be a text such as "0440", not a number -> write "mode": "0440""#,
        ),
        (
            r#""files": {"x": {"secret": "y", "mode": "0444"}}"#,
            r#"config.json:5:55: "mode" would let every user of the device at a secret -> write "0440" and give the file a "group""#,
        ),
        (
            r#""files": {"x": {"secret": "y", "blob": "z"}}"#,
            r#"config.json:5:55: file "x" has both "secret" and "blob" -> keep one"#,
        ),
        (
            r#""files": {"x": {"secret": "y", "vault": "https://abc.vault.azure.cn"}}"#,
            r#"config.json:5:56: "vault" lies in cloud "china", but "cloud" is "usgov" -> name a vault of cloud "usgov", or correct "cloud""#,
        ),
        (
            r#""files": {"x": {"secret": "y", "owner": "rooot"}}"#,
            r#"config.json:5:56: "owner" names user "rooot", which is not in /etc/passwd -> write "root" if that is meant, or create user rooot"#,
        ),
        (
            r#""files": {"x": {"secret": "y"}, "x": {"secret": "z"}}"#,
            r#"config.json:5:48: "x" stands here again, after config.json:5:26 -> remove one of the two"#,
        ),
        (
            r#""files": {"x": {}}"#,
            r#"config.json:5:31: file "x" must have one of "secret", "certificate", "key", "blob", "env_file", "compose", "select" -> write {"secret": "mqtt-password"}"#,
        ),
        (
            r#""files": {}"#,
            r#"config.json:5:25: "files" of set "a" must hold 1 to 256 files -> write "files": {"password": {"secret": "mqtt-password"}}"#,
        ),
        (
            r#""files": {"x": {"secret": "${host}"}}"#,
            r#"config.json:5:42: "secret" must not hold ${…} other than ${device_id} -> write ${device_id}, or the name itself"#,
        ),
        (
            r#""files": {".x.0123456789abcdef": {"secret": "y"}}"#,
            r#"config.json:5:26: the file's name ".x.0123456789abcdef" looks like one of keyferry's own temporary files -> rename the file"#,
        ),
        (
            r#""max_stale": "0s", "files": {"x": {"secret": "y"}}"#,
            r#"config.json:5:29: "max_stale" must be 1m to 3650d -> write "max_stale": "7d""#,
        ),
        (
            r#""directory_mode": "0770", "files": {"x": {"secret": "y"}}"#,
            r#"config.json:5:34: "directory_mode" must give its owner all rights, and nobody else the right to write -> write "directory_mode": "0750""#,
        ),
        (
            r#""on_change": {"reload": ["mosquitto"]}, "files": {"x": {"secret": "y"}}"#,
            r#"config.json:5:41: an entry of "reload" must be a unit's name with its suffix -> write for instance "mosquitto.service""#,
        ),
        (
            r#""on_change": {"run": ["/bin/true"]}, "files": {"x": {"secret": "y"}}"#,
            r#"config.json:5:38: an entry of "run" must be a list of a program's path and its arguments, not a text -> write for instance [["/usr/bin/program", "argument"]]"#,
        ),
    ];
    assert_complaints(&cases, set);
}

#[test]
fn directories_in_each_others_way() {
    let file = r#""files": {"x": {"secret": "y"}}"#;
    let cases = [
        ("/srv/x", "the directory of set \"b\" (/srv/x) is the same as that of set \"a\" (/srv/x)"),
        ("/srv/x/y", "the directory of set \"b\" (/srv/x/y) lies in that of set \"a\" (/srv/x)"),
        ("/srv", "the directory of set \"b\" (/srv) holds that of set \"a\" (/srv/x)"),
        ("/run", "the directory of set \"b\" (/run) is or holds /run/keyferry, which is keyferry's own"),
        ("/run/keyferry/x", "the directory of set \"b\" (/run/keyferry/x) lies in keyferry's own directory, but not in /run/keyferry/sets"),
        ("/run/keyferry/sets", "the directory of set \"b\" (/run/keyferry/sets) lies in keyferry's own directory, but not in /run/keyferry/sets"),
        ("/var/lib/keyferry/x", "the directory of set \"b\" (/var/lib/keyferry/x) lies in keyferry's own directory, but not in /run/keyferry/sets"),
    ];
    for (directory, expected) in cases {
        let text = with_sets(&format!(
            "{{\"a\": {{\"directory\": \"/srv/x\", {file}}}, \"b\": {{\"directory\": \"{directory}\", {file}}}}}"
        ));
        let expected =
            format!("config.json:5:92: {expected} -> give each set a \"directory\" of its own");
        let fixture = Fixture::new(&text);
        assert_eq!(fixture.complaints(), [expected]);
        assert_eq!(fixture.load().unwrap().sets[0].name.as_str(), "a");
    }
}

#[test]
fn a_set_does_not_hold_its_configuration() {
    let fixture = Fixture::new("{}");
    let sets = format!(
        "{{\"a\": {{\"directory\": \"{}/conf.d\", \"files\": {{\"x\": {{\"secret\": \"y\"}}}}}}}}",
        fixture.path().display()
    );
    fixture.write("config.json", &with_sets(&sets));
    assert!(fixture.complaints()[0].contains("is or holds"));
}

#[test]
fn clouds_and_identities() {
    let cases = [
        (
            ("\"usgov\"", "\"usgvo\""),
            r#"config.json:2:10: "cloud" must be one of "public", "china", "usgov", "bleu", "delos", "govsg", "ussec", "usnat", "germany" -> write "usgov""#,
        ),
        (
            ("\"usgov\"", "\"govsg\""),
            r#"config.json:2:10: "govsg" is known, but not the suffix of its vaults: write {"authority": "https://login.sovcloud-identity.sg", "vault_suffix": "…"} -> ask the cloud's operator for the suffix"#,
        ),
        (
            (
                "\"usgov\"",
                r#"{"authority": "https://adfs.x.y/adfs", "vault_suffix": "vault.x.y"}"#,
            ),
            r#"config.json:3:13: "identity" names a tenant, but the cloud's authority is AD FS, which has none -> write "tenant": "adfs""#,
        ),
        (
            (
                "\"usgov\"",
                r#"{"authority": "https://login.microsoftonline.us", "vault_suffix": "vault.azure.net"}"#,
            ),
            r#"config.json:2:76: "vault_suffix" is of cloud "public", but "authority" of cloud "usgov" -> take authority and vault_suffix from one cloud"#,
        ),
        (
            ("\"contoso.us\"", "\"adfs\""),
            r#"config.json:3:13: "identity" has "tenant" "adfs", but the cloud's authority is Microsoft Entra -> write the tenant's GUID or one of its domains"#,
        ),
        (
            ("\"client_secret\",", "\"client-secret\","),
            r#"config.json:3:22: "type" must be one of "certificate", "client_secret", "managed_identity", "federated", "device_code", "password", "environment" -> write "client_secret""#,
        ),
        (
            ("\"contoso.us\"", "\"common\""),
            r#"config.json:3:49: "tenant" must be the tenant's GUID or one of its domain names -> write "tenant": "contoso.onmicrosoft.com""#,
        ),
        (
            ("\"cloud\": \"usgov\",", ""),
            r#"config.json:1:1: the configuration lacks "cloud" -> write "cloud": "usgov""#,
        ),
    ];
    for ((from, to), expected) in cases {
        let text = with_sets("{}").replacen(from, to, 1);
        assert_eq!(Fixture::new(&text).complaints(), [expected], "{to}");
    }
}

#[test]
fn a_secret_in_the_wrong_place_is_not_repeated() {
    let place = r#"{"credential": "entra"}"#;
    let cases = [
        (place, "\"hunter2\""),
        (place, "\"hunter2${x}\""),
        (place, "[\"hunter2\"]"),
        (place, "{\"file\": \"hunter2\"}"),
        (place, "{\"value\": \"hunter2\"}"),
        (place, "{\"credential\": \"hunter2/\"}"),
        (place, "{\"env\": \"hunter2 \"}"),
        (place, "\"hunter2"),
        (place, "hunter2"),
        (place, "\"hunter2\\q\""),
        (place, "\"\\ud800hunter2\""),
        ("\"cloud\":", "\"network\": {\"proxy\": \"http://u:hunter2@p:1\"}, \"cloud\":"),
        ("\"cloud\":", "\"network\": {\"proxy\": \"hunter2\"}, \"cloud\":"),
        ("\"cloud\":", "\"network\": {\"proxy\": {\"url\": \"http://u:hunter2@p:1\"}}, \"cloud\":"),
        ("\"cloud\":", "\"network\": {\"proxy\": {\"url\": \"http://p:1\", \"username\": \"u\", \"password\": \"hunter2\"}}, \"cloud\":"),
        ("\"cloud\":", "\"password\": \"hunter2\", \"cloud\":"),
    ];
    for (from, to) in cases {
        let text = with_sets("{}").replacen(from, to, 1);
        let complaints = Fixture::new(&text).complaints();
        assert!(!complaints.is_empty(), "{to}");
        assert!(
            !complaints.concat().contains("hunter2"),
            "{to}: {complaints:?}"
        );
    }
    let text = with_sets("{}").replacen(place, "\"hunter2\"", 1);
    let expected = r#"config.json:3:133: "client_secret" must be an absolute path, {"file": PATH}, {"credential": NAME} or {"env": NAME}; a secret value never stands in the configuration -> put the secret into a file that only root can read, and write that file's path; if the secret stood here, replace it"#;
    assert_eq!(Fixture::new(&text).complaints(), [expected]);
}

#[test]
fn all_problems_are_told_at_once_in_their_order() {
    let text = with_sets(r#"{"a": {"files": {}}, "b": 5}"#)
        .replacen("\"usgov\"", "\"mars\"", 1)
        .replacen("\"vault\"", "\"log\": 3, \"vualt\"", 1);
    let complaints = Fixture::new(&text).complaints();
    let places: Vec<&str> = complaints
        .iter()
        .filter_map(|text| text.split(": ").next())
        .collect();
    let expected = [
        "config.json:2:10",
        "config.json:4:8",
        "config.json:4:11",
        "config.json:5:25",
        "config.json:5:35",
    ];
    assert_eq!(places, expected, "{complaints:?}");
}

#[test]
fn what_only_deserves_a_warning() {
    let germany = Fixture::new(&with_sets("{}").replacen("usgov", "germany", 1));
    let warnings = germany.load().unwrap().warnings.concat();
    assert!(warnings.contains("retired on 2021-10-29"), "{warnings}");
    assert!(warnings.contains("no set is configured"), "{warnings}");
    for (text, expected) in [
        (
            r#""files": {"x": {"secret": "y", "mode": "0660"}}"#,
            "the group may change the file",
        ),
        (
            r#""group": 4711, "files": {"x": {"secret": "y", "group": 4712}}"#,
            "is for group 4712, but only group 4711 can pass",
        ),
    ] {
        let warnings = Fixture::new(&set(text)).load().unwrap().warnings.concat();
        assert!(warnings.contains(expected), "{warnings}");
    }
}

//! Several files, one configuration; and who may write them.

use std::fs;
use std::path::Path;

use super::{set_mode, with_sets, Fixture};
use crate::config::{Config, InstanceName, LoadRequest};
use crate::disk::Root;
use crate::error::Class;

const ONE_SET: &str = r#"{"a": {"files": {"x": {"secret": "y"}}}}"#;

fn names(config: &Config) -> (Vec<&str>, Vec<&str>) {
    let sets = config.sets.iter().map(|set| set.name.as_str());
    let broken = config.broken_sets.iter().map(|set| set.name.as_str());
    (sets.collect(), broken.collect())
}

#[test]
fn drop_ins_add_sets_and_other_keys_in_name_order() {
    let main = with_sets(r#"{"m": {"files": {"x": {"secret": "y"}}}}"#);
    let fixture = Fixture::new(&main.replacen("\"cloud\": \"usgov\",", "", 1));
    fixture
        .write(
            "conf.d/20-b.json",
            r#"{"sets": {"b": {"files": {"x": {"secret": "z"}}}}}"#,
        )
        .write(
            "conf.d/10-a.json",
            &format!("\u{feff}{{\"cloud\": \"usgov\", \"sets\": {ONE_SET}}}"),
        )
        .write("conf.d/README", "not JSON")
        .write("conf.d/.hidden.json", "not JSON");
    let config = fixture.load().unwrap();
    assert_eq!(names(&config), (vec!["m", "a", "b"], vec![]));
    assert_eq!(config.network.max_requests, 24);
}

#[test]
fn a_key_in_two_files_stops_the_run_and_names_both() {
    let fixture = Fixture::new(&with_sets(ONE_SET));
    fixture.write("conf.d/10.json", "{\n \"vault\": \"other-vault\"}");
    let expected = "conf.d/10.json:2:2: \"vault\" stands here again, after config.json:4:1 -> remove one of the two";
    assert_eq!(fixture.complaints(), [expected]);
    assert!(fixture.load().is_err());
}

#[test]
fn a_set_in_two_files_fails_alone_and_names_both() {
    let fixture = Fixture::new(&with_sets(ONE_SET));
    fixture
        .write("conf.d/10.json", &format!("{{\"sets\": {ONE_SET}}}"))
        .write(
            "conf.d/20.json",
            r#"{"sets": {"b": {"files": {"x": {"secret": "z"}}}}}"#,
        );
    let config = fixture.load().unwrap();
    assert_eq!(names(&config), (vec!["b"], vec!["a"]));
    let expected = "conf.d/10.json:1:11: \"a\" stands here again, after config.json:5:10 -> remove one of the two";
    assert_eq!(fixture.complaints(), [expected]);
}

#[test]
fn a_drop_in_that_cannot_be_used_fails_alone() {
    for (text, broken) in [
        ("{\"sets\": ", "conf.d/10.json"),
        ("[]", "conf.d/10.json"),
        ("\u{0}", "conf.d/10.json"),
        (r#"{"sets": 5}"#, "conf.d/10.json"),
        (r#"{"sets": {"b": {"required": false}}}"#, "b"),
        (
            r#"{"sets": {"b": {"vualt": "x", "files": {"x": {"secret": "y"}}}}}"#,
            "b",
        ),
    ] {
        let fixture = Fixture::new(&with_sets(ONE_SET));
        fixture.write("conf.d/10.json", text);
        let config = fixture.load().unwrap();
        assert_eq!(names(&config), (vec!["a"], vec![broken]), "{text}");
        let set = &config.broken_sets[0];
        assert_eq!(set.error.class(), Class::Config);
        assert_eq!(set.required, !text.contains("required"), "{text}");
    }
}

#[test]
fn a_drop_in_with_another_broken_key_stops_the_run() {
    for text in [
        r#"{"clod": 1}"#,
        r#"{"network": {"timeout": 1}}"#,
        r#"{"log": "x"}"#,
    ] {
        let fixture = Fixture::new(&with_sets(ONE_SET));
        fixture.write("conf.d/10.json", text);
        assert!(fixture.load().is_err(), "{text}");
    }
}

#[test]
fn an_unreadable_drop_in_is_told_when_its_keys_are_missed() {
    let fixture = Fixture::new(&with_sets(ONE_SET).replacen("\"cloud\": \"usgov\",", "", 1));
    fixture.write("conf.d/10-device.json", "{\"cloud\": usgov}");
    let complaints = fixture.complaints();
    assert_eq!(complaints.len(), 2, "{complaints:?}");
    assert!(complaints[0].contains("lacks \"cloud\""));
    assert!(complaints[1].contains("conf.d/10-device.json:1:11: is not JSON"));
}

#[test]
fn a_broken_main_file_stops_the_run() {
    let fixture = Fixture::new("{");
    assert_eq!(
        fixture.complaints(),
        ["config.json:1:1: is not JSON: it ends too early -> correct the syntax here or just before"]
    );
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test plays the operator")]
fn a_missing_configuration_names_the_path_that_was_tried() {
    let fixture = Fixture::new("{}");
    fs::remove_file(fixture.path().join("config.json")).unwrap();
    assert_eq!(
        fixture.complaints(),
        ["config.json: does not exist -> write the configuration there, or name another with --config"]
    );
}

#[test]
fn a_missing_directory_is_told_by_its_main_file() {
    let fixture = Fixture::new("{}");
    let request = LoadRequest {
        config: fixture.path().join("nowhere"),
        instance: None,
        root: Root::default(),
        told: None,
    };
    let errors = Config::load(&request).unwrap_err();
    let expected = format!(
        "{}/nowhere/config.json: does not exist",
        fixture.path().display()
    );
    assert_eq!(errors[0].to_string(), expected);
}

#[test]
fn files_that_others_can_write_are_not_used() {
    for (name, mode) in [
        ("config.json", 0o664),
        ("config.json", 0o646),
        ("", 0o775),
        ("conf.d", 0o777),
    ] {
        let fixture = Fixture::new(&with_sets(ONE_SET));
        fixture.write("conf.d/10.json", "{}");
        set_mode(&fixture.path().join(name), mode);
        let errors = fixture.load().unwrap_err();
        assert_eq!(errors.len(), 1, "{name}");
        assert_eq!(errors[0].class(), Class::Config, "{name}");
        assert!(
            errors[0].to_string().contains("is writable by"),
            "{}",
            errors[0]
        );
    }
    let fixture = Fixture::new(&with_sets(ONE_SET));
    fixture.write("conf.d/10.json", "{}");
    set_mode(&fixture.path().join("conf.d/10.json"), 0o666);
    assert_eq!(names(&fixture.load().unwrap()).1, ["conf.d/10.json"]);
}

#[test]
fn a_file_of_more_than_a_mebibyte_is_refused() {
    let long = format!("{}{}", with_sets(ONE_SET), " ".repeat(1 << 20));
    let expected = "config.json: is longer than 1 MiB -> split it into files of conf.d/";
    assert_eq!(Fixture::new(&long).complaints(), [expected]);
}

#[test]
fn a_single_file_is_a_whole_configuration() {
    let fixture = Fixture::new("not read");
    fixture
        .write("other.json", &with_sets(ONE_SET))
        .write("conf.d/10.json", "not read");
    let request = LoadRequest {
        config: fixture.path().join("other.json"),
        instance: None,
        root: Root::default(),
        told: None,
    };
    assert_eq!(names(&Config::load(&request).unwrap()), (vec!["a"], vec![]));
}

#[test]
fn an_instance_has_directories_of_its_own() {
    let fixture = Fixture::new(&with_sets(ONE_SET));
    let request = LoadRequest {
        config: fixture.path(),
        instance: Some(InstanceName::parse("line-2").unwrap()),
        root: Root::default(),
        told: None,
    };
    let config = Config::load(&request).unwrap();
    assert_eq!(config.instance, "line-2");
    assert_eq!(config.runtime_directory, Path::new("/run/keyferry/line-2"));
    assert_eq!(
        config.state_directory,
        Path::new("/var/lib/keyferry/line-2")
    );
    assert_eq!(
        config.sets[0].directory,
        Path::new("/run/keyferry/line-2/sets/a")
    );
    assert!(config
        .effective_json()
        .contains("\"runtime_directory\": \"/run/keyferry\""));
}

#[test]
fn an_image_is_checked_with_its_own_users() {
    let text =
        with_sets(r#"{"a": {"group": "mosquitto", "files": {"x": {"secret": "${device_id}-y"}}}}"#);
    let text = text.replacen(
        "\"cloud\"",
        "\"device_id\": {\"file\": \"/etc/device-id\"}, \"cloud\"",
        1,
    );
    let fixture = Fixture::new("");
    fixture
        .write("etc/keyferry/config.json", &text)
        .write("etc/group", "mosquitto:x:4242:\n");
    let request = LoadRequest {
        root: Root::image(&fixture.path()).unwrap(),
        ..LoadRequest::standard(None)
    };
    let config = Config::load(&request).unwrap();
    assert_eq!(config.sets[0].group.as_raw(), 4242);
    assert_eq!(config.device_id, "device");
    assert!(config.warnings[0].contains("/etc/device-id is not in this image"));
    fixture.write("etc/device-id", "gw-0042\n");
    let config = Config::load(&request).unwrap();
    assert_eq!(config.device_id, "gw-0042");
    assert!(config
        .effective_json()
        .contains("\"secret\": \"gw-0042-y\""));
}

#[test]
fn there_are_bounds_to_sets_and_files() {
    let set = |index: usize| format!(r#""s{index}": {{"files": {{"x": {{"secret": "y"}}}}}}"#);
    let sets: Vec<String> = (0..65).map(set).collect();
    let config = Fixture::new(&with_sets(&format!("{{{}}}", sets.join(","))))
        .load()
        .unwrap();
    assert_eq!((config.sets.len(), config.broken_sets.len()), (64, 1));
    let files: Vec<String> = (0..257)
        .map(|index| format!(r#""f{index}": {{"secret": "y"}}"#))
        .collect();
    let sets = format!(r#"{{"a": {{"files": {{{}}}}}}}"#, files.join(","));
    let config = Fixture::new(&with_sets(&sets)).load().unwrap();
    assert_eq!(names(&config), (vec![], vec!["a"]));
}

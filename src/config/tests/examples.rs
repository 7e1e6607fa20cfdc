//! The examples of `packaging/examples/` are good, and nothing like them makes a panic.

use std::fs;
use std::path::{Path, PathBuf};

use super::Fixture;
use crate::cloud::{preset_of_authority, PRESETS};
use crate::config::document::Document;
use crate::config::load::from_files;
use crate::config::source::SourceFile;
use crate::config::{Config, LoadRequest};
use crate::disk::Root;
use crate::error::Error;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/examples")
}

/// Name and text of each whole example.
fn examples() -> Vec<(String, String)> {
    let entries = fs::read_dir(directory()).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let files = paths.filter(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    let named = files.map(|path| {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(path).unwrap())
    });
    named.collect()
}

/// An example as a device loads it whose cloud, if it is private, has told its facts.
fn load_example(text: &str) -> Result<Config, Vec<Error>> {
    let fixture = Fixture::new(text);
    Config::load(&LoadRequest {
        config: fixture.path(),
        told: Some(super::clouds::told()),
        ..LoadRequest::standard(None)
    })
}

#[test]
fn each_example_loads_whole() {
    for (name, text) in examples() {
        let config = load_example(&text).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
        assert!(
            config.broken_sets.is_empty(),
            "{name}: {:?}",
            config.broken_sets
        );
        assert!(!config.sets.is_empty(), "{name}");
        assert_eq!(
            config.warnings.is_empty(),
            name != "germany",
            "{name}: {:?}",
            config.warnings
        );
    }
}

#[test]
fn each_cloud_has_an_example() {
    let examples = examples();
    for preset in &PRESETS {
        let (_, text) = examples
            .iter()
            .find(|(name, _)| name == preset.name)
            .unwrap();
        let cloud = Fixture::new(text).load().unwrap().cloud;
        let authority = preset_of_authority(cloud.authority.as_str()).unwrap();
        assert_eq!(
            (cloud.name.as_str(), authority.name),
            (preset.name, preset.name)
        );
    }
}

#[test]
fn the_drop_in_example_joins_the_smallest_configuration() {
    let read = |name: &str| fs::read_to_string(directory().join(name)).unwrap();
    let fixture = Fixture::new(&read("public.json"));
    fixture.write("conf.d/20-mqtt.json", &read("conf.d/20-mqtt.json"));
    let config = fixture.load().unwrap();
    assert_eq!(config.sets.len(), 2);
    assert!(config.broken_sets.is_empty());
}

/// Each is a drop-in for a configuration, on a device that has the group and the template.
#[test]
fn every_example_of_a_source_is_good() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(top.join("docs/sources.md")).unwrap();
    let blocks = |kind: &str| -> Vec<String> {
        let begin = format!("```{kind}\n");
        let blocks = text.split(&begin).skip(1);
        blocks
            .map(|block| block.split("```").next().unwrap().to_owned())
            .collect()
    };
    let drop_ins = blocks("json");
    for source in [
        "secret",
        "certificate",
        "key",
        "blob",
        "env_file",
        "compose",
        "select",
    ] {
        let key = format!("\"{source}\": ");
        assert!(drop_ins.iter().any(|text| text.contains(&key)), "{source}");
    }
    let main = fs::read_to_string(directory().join("public.json")).unwrap();
    let main = main.replacen("\"app\"", "\"base\"", 1);
    for drop_in in drop_ins {
        let fixture = Fixture::new("");
        fixture
            .write("etc/keyferry/config.json", &main)
            .write("etc/keyferry/conf.d/10.json", &drop_in)
            .write("etc/keyferry/telegraf.tmpl", &blocks("text").concat())
            .write("etc/group", "www-data:x:33:\n");
        let load = || {
            Config::load(&LoadRequest {
                root: Root::image(&fixture.path()).unwrap(),
                ..LoadRequest::standard(None)
            })
        };
        let config = load().unwrap_or_else(|errors| panic!("{drop_in}: {errors:?}"));
        let broken = &config.broken_sets;
        assert!(broken.is_empty(), "{drop_in}: {broken:?}");
        assert_eq!(config.sets.len(), 2, "{drop_in}");
        assert_eq!(config.warnings, [""; 0], "{drop_in}");
        let effective = config.effective_json();
        fixture.write("etc/keyferry/config.json", &effective);
        fixture.write("etc/keyferry/conf.d/10.json", "{}");
        assert_eq!(load().unwrap().effective_json(), effective, "{drop_in}");
    }
}

#[test]
fn effective_configurations_of_the_examples_can_be_fed_back() {
    for (name, text) in examples() {
        let effective = load_example(&text).unwrap().effective_json();
        let again = load_example(&effective).unwrap().effective_json();
        assert_eq!(again, effective, "{name}");
    }
}

#[test]
fn cut_and_changed_files_never_make_a_panic() {
    let rich = [
        "azure-stack",
        "private-cloud",
        "proxy",
        "sources",
        "two-identities",
        "china",
    ];
    let examples = examples()
        .into_iter()
        .filter(|(name, _)| rich.contains(&name.as_str()));
    for (_, text) in examples {
        let text = text.replace("  ", "");
        let bytes = text.as_bytes();
        // A long one takes time by its square.
        for index in (0..bytes.len()).step_by(bytes.len().div_ceil(1000)) {
            let _ = load(bytes[..index].to_vec());
            for byte in *b"\"{]0\\\xc3" {
                let mut changed = bytes.to_vec();
                changed[index] = byte;
                let _ = load(changed);
            }
        }
    }
}

fn load(bytes: Vec<u8>) -> Result<Config, Vec<Error>> {
    let request = LoadRequest {
        // An image in which nothing is.
        root: Root::image(&directory()).unwrap(),
        ..LoadRequest::standard(None)
    };
    let file = SourceFile {
        name: "config.json".to_owned(),
        document: Document::new(PathBuf::from("config.json"), bytes),
    };
    from_files(&request, &[file])
}

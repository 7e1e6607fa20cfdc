//! `check --root`: the configuration of an image, judged where the image is made.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{json, Value};

use crate::golden;
use crate::support::{program, Run, Site};

/// An image in `image/` of a site: BusyBox-like, all in links that lead from its own `/`.
struct Image {
    site: Site,
}

impl Image {
    fn new() -> Self {
        let image = Self { site: Site::new() };
        for directory in [
            "bin",
            "data/keyferry",
            "dev",
            "etc",
            "run",
            "usr/lib",
            "var",
        ] {
            fs::create_dir_all(image.site.path("image").join(directory)).unwrap();
        }
        image.program("bin/busybox");
        image.link("/bin/busybox", "bin/sh");
        image.link("/data/keyferry", "etc/keyferry");
        image.link("/data/accounts", "etc/passwd");
        image.link("usr/lib", "lib");
        image.link("/run", "var/run");
        image.write(
            "data/accounts",
            "root:x:0:0::/root:/bin/sh\nmosquitto:x:104:110::/:/bin/false\n",
        );
        image.write("etc/group", "root:x:0:\nmosquitto:x:110:\n");
        let authorities = fs::read_to_string(image.site.path("etc/ca.pem")).unwrap();
        image.write("etc/ssl/certs/ca-certificates.crt", &authorities);
        image
    }

    /// One with systemd and a service.
    fn with_systemd() -> Self {
        let image = Self::new();
        image.program("usr/lib/systemd/systemd");
        image.write("usr/lib/systemd/system/mosquitto.service", "[Service]\n");
        image
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.site.path("image").join(name)
    }

    fn write(&self, name: &str, text: &str) {
        self.site.write(&format!("image/{name}"), text, 0o644);
    }

    fn program(&self, name: &str) {
        self.site.write(&format!("image/{name}"), "\x7fELF", 0o755);
    }

    fn link(&self, target: &str, name: &str) {
        symlink(target, self.path(name)).unwrap();
    }

    /// Writes `config` where `/etc/keyferry` leads.
    fn configure(&self, config: &Value) {
        self.write("data/keyferry/config.json", &format!("{config:#}\n"));
    }

    fn check(&self, words: &[&str]) -> Run {
        let mut command = program();
        command
            .args(["check", "--root"])
            .arg(self.path(""))
            .args(words);
        let run = self.site.run(&mut command);
        assert_eq!(self.site.cloud.connections(), 0);
        run
    }
}

fn config(sets: Value) -> Value {
    json!({
        "cloud": "usgov",
        "device_id": "gw-7",
        "identity": identity("certificate", "certificate", json!("/etc/keyferry/device.pem")),
        "vault": "factory7-edge",
        "sets": sets,
    })
}

fn identity(kind: &str, key: &str, file: Value) -> Value {
    json!({
        "type": kind,
        "tenant": "contoso.onmicrosoft.us",
        "client_id": "4f4a1d1b-5b5a-4a8c-9a0e-5f6b2a7c1d10",
        key: file,
    })
}

fn one_set() -> Value {
    json!({"mqtt": {
        "owner": "mosquitto",
        "group": "mosquitto",
        "files": {"password": {"secret": "${device_id}-mqtt"}},
        "on_change": {
            "reload": ["mosquitto.service"],
            "run": [["/bin/sh", "-c", "true"]],
        },
    }})
}

#[test]
fn a_good_image_is_shown_in_effect_and_its_links_stay_inside() {
    let image = Image::with_systemd();
    image.configure(&config(one_set()));
    let run = image.check(&[]).exits(0);
    golden::matches(&image.site, "check_image", &run);
    image.write("data/keyferry/config.json", &run.stdout);
    assert_eq!(image.check(&[]).exits(0).stdout, run.stdout);
    let json = image.check(&["--json"]).exits(0);
    let findings: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(findings["notes"].as_array().unwrap().len(), 1);
    assert_eq!(findings["warnings"], json!([]));
}

#[test]
fn everything_that_is_wrong_in_an_image_is_told_at_once() {
    let image = Image::with_systemd();
    image.link("/dev/null", "usr/lib/systemd/system/masked.service");
    image.link(
        "/opt/none.service",
        "usr/lib/systemd/system/dangling.service",
    );
    image.write("usr/lib/systemd/system/emptied.timer", "");
    image.write("etc/not-a-program", "");
    image
        .site
        .write("image/usr/lib/hook", "#! /bin/bash -e\n", 0o755);
    fs::create_dir(image.path("open")).unwrap();
    fs::set_permissions(
        image.path("open"),
        std::os::unix::fs::PermissionsExt::from_mode(0o777),
    )
    .unwrap();
    let set = |more: Value| {
        let mut set = json!({"files": {"a": {"secret": "b"}}});
        set.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        set
    };
    let mut config = config(json!({
        "group": set(json!({"group": "mosquito"})),
        "link": set(json!({"directory": "/var/run/link"})),
        "open": set(json!({"directory": "/open/to/all"})),
        "programs": set(json!({"on_change": {"run": [["/bin/none"], ["/etc/not-a-program"], ["/usr/lib/hook"]]}})),
        "template": {"files": {"a": {"compose": {"file": "/etc/none.tmpl", "values": {"x": {"secret": "b"}}}}}},
        "units": set(json!({"on_change": {
            "reload": ["masked.service", "dangling.service"],
            "restart": ["mosquito.service", "mosquitto.service"],
            "start": ["emptied.timer", "getty@tty1.service", "data.mount"],
        }})),
    }));
    config["network"] = json!({"ca_extra": "/etc/not-a-program"});
    image.configure(&config);
    let run = image.check(&[]).exits(78);
    golden::matches(&image.site, "check_image_bad", &run);
}

#[test]
fn units_are_found_as_systemd_finds_them() {
    let image = Image::with_systemd();
    let units = [
        "getty@tty1.service",
        "alias.service",
        "local.socket",
        "legacy.service",
        "data.mount",
        "app.slice",
    ];
    image.write("lib/systemd/system/getty@.service", "[Service]\n");
    image.write("usr/local/lib/systemd/system/local.socket", "[Socket]\n");
    image
        .site
        .write("image/etc/init.d/legacy", "#!/bin/sh\n", 0o755);
    fs::create_dir_all(image.path("etc/systemd/system")).unwrap();
    image.link(
        "/lib/systemd/system/mosquitto.service",
        "etc/systemd/system/alias.service",
    );
    let mut sets = one_set();
    sets["mqtt"]["on_change"]["restart"] = json!(units);
    image.configure(&config(sets));
    image.check(&[]).exits(0);
    // What an administrator put there comes first.
    image.link("/dev/null", "etc/systemd/system/mosquitto.service");
    image
        .check(&[])
        .exits(78)
        .says("on_change of mqtt: mosquitto.service is masked in this image");
}

#[test]
fn an_image_without_systemd_has_no_units_and_without_authorities_no_network() {
    let image = Image::new();
    image.configure(&config(one_set()));
    image
        .check(&[])
        .exits(78)
        .says("on_change of mqtt: systemd is not in this image, but units are named");
    let mut sets = one_set();
    sets["mqtt"]["on_change"] = json!({"run": [["/bin/sh"]]});
    image.configure(&config(sets));
    image.check(&[]).exits(0);
    fs::remove_file(image.path("etc/ssl/certs/ca-certificates.crt")).unwrap();
    image
        .check(&[])
        .exits(78)
        .says("none of /etc/ssl/certs/ca-certificates.crt,")
        .says("is in this image");
}

#[test]
fn what_provisioning_brings_is_told_and_checked_if_it_is_there() {
    let image = Image::with_systemd();
    let mut config = config(one_set());
    let network = json!({
        "ca_file": "/etc/keyferry/ca.pem",
        "proxy": {"url": "http://proxy:3128", "username": "gw", "password": "/etc/keyferry/proxy"},
    });
    config["network"] = network;
    config["device_id"] = json!({"file": "/etc/device-id"});
    image.configure(&config);
    let mut run = image.check(&[]).exits(0);
    for path in ["device.pem", "ca.pem", "proxy"] {
        let said = format!("/etc/keyferry/{path} is not in this image: provisioning must bring it");
        run = run.says(&said);
    }
    run.says("/etc/device-id is not in this image");

    image.write("data/keyferry/ca.pem", "nothing");
    image.write("data/keyferry/proxy", "hunter2");
    image.write("data/keyferry/device.pem", "nothing");
    image.site.hide("hunter2");
    image
        .check(&[])
        .exits(78)
        .says("data/keyferry/ca.pem holds no usable certificate")
        .says("data/keyferry/proxy may be read or written by others")
        .says("data/keyferry/device.pem may be read or written by others");

    let pem = fs::read_to_string(image.site.path("etc/device.pem")).unwrap();
    let authorities = fs::read_to_string(image.site.path("etc/ca.pem")).unwrap();
    image.write("data/keyferry/ca.pem", &authorities);
    for (name, text) in [("proxy", "hunter2"), ("device.pem", &pem)] {
        image
            .site
            .write(&format!("image/data/keyferry/{name}"), text, 0o600);
    }
    image
        .check(&[])
        .exits(0)
        .says("lies in this image, and whoever has the image can sign in with it");
}

#[test]
fn neither_the_environment_nor_the_files_of_this_system_play_a_part() {
    let image = Image::with_systemd();
    // Whether these exist here says nothing of the device.
    let here = image.site.path("etc/device.pem");
    let mut config = config(one_set());
    config["network"] =
        json!({"proxy": {"env": "KEYFERRY_TEST_PROXY"}, "ca_extra": image.site.path("etc/ca.pem")});
    config["sets"]["mqtt"]["on_change"]["run"] = json!([["/usr/bin/env"]]);
    config["identity"] = json!([
        identity("certificate", "certificate", json!(here)),
        identity("client_secret", "client_secret", json!({"env": "KEYFERRY_TEST_SECRET"})),
        identity("federated", "token_file", json!({"credential": "token"})),
        {"type": "managed_identity"},
        {"type": "environment"},
    ]);
    image.configure(&config);
    let mut command = program();
    command.args(["check", "--root"]).arg(image.path(""));
    command
        .env("KEYFERRY_TEST_PROXY", "not a proxy")
        .env("KEYFERRY_TEST_SECRET", "");
    command
        .env("IDENTITY_ENDPOINT", "http://192.0.2.1")
        .env("CREDENTIALS_DIRECTORY", "/nowhere");
    command.env("AZURE_CLIENT_ID", "nonsense");
    let run = image.site.run(&mut command).exits(78);
    let told = format!("{} is not in this image", here.display());
    let run = run.says(&told);
    let errors = run
        .stderr
        .lines()
        .filter(|line| line.starts_with("error: on_change of mqtt: "));
    assert_eq!(errors.count(), 1, "{}", run.stderr);
    assert_eq!(run.stderr.matches("error: ").count(), 2, "{}", run.stderr);

    fs::remove_file(image.path("etc/keyferry")).unwrap();
    symlink(image.site.path("etc"), image.path("etc/keyferry")).unwrap();
    image.site.configure(&config);
    let inside = image.path(
        image
            .site
            .path("etc/config.json")
            .to_str()
            .unwrap()
            .trim_start_matches('/'),
    );
    let told = format!("{}: does not exist", inside.display());
    image.check(&[]).exits(78).says(&told);
}

#[test]
fn a_private_cloud_is_supposed_since_only_devices_ask_it() {
    let image = Image::with_systemd();
    let mut config = config(one_set());
    config["identity"]["tenant"] = json!("adfs");
    config["cloud"] = json!({"resource_manager": "https://management.local.azurestack.external"});
    config["vault"] = json!("https://factory7-edge.vault.local.azurestack.external");
    config["sets"]["mqtt"]["files"]["image"] = json!({"blob": {"account": "factory7", "container": "firmware", "name": "x"}, "max_bytes": 1000});
    image.configure(&config);
    let supposed = "here vaults are supposed to be NAME.vault.local.azurestack.external";
    let run = image.check(&[]).exits(0).says(supposed);
    image.write("data/keyferry/config.json", &run.stdout);
    assert_eq!(image.check(&[]).exits(0).stdout, run.stdout);
    config["vault"] = json!("https://factory7-edge.keys.corp.example");
    image.configure(&config);
    image
        .check(&[])
        .exits(78)
        .says("does not end in")
        .says("next: give \"cloud\" the \"vault_suffix\" that its devices will learn");
    config["cloud"]["vault_suffix"] = json!("keys.corp.example");
    image.configure(&config);
    image.check(&[]).exits(0);
    // What is wrong with the state directory is told, and the rest all the same.
    image.link("/data", "var/lib");
    image
        .check(&[])
        .exits(73)
        .says("image/var/lib is a symbolic link to /data");
}

#[test]
fn instances_and_other_files_are_meant_inside_of_the_image() {
    let image = Image::with_systemd();
    let text = config(one_set()).to_string();
    image.write("data/keyferry/instances/line-2/config.json", &text);
    image.write("opt/other.json", &text);
    image
        .check(&["--instance", "line-2"])
        .exits(0)
        .says("nothing wrong was found in the image");
    image.check(&["--config", "/opt/other.json"]).exits(0);
    image
        .check(&["--config", "/opt"])
        .exits(78)
        .says("image/opt/config.json: does not exist");
    image
        .check(&[])
        .exits(78)
        .says("image/data/keyferry/config.json: does not exist");
    let mut relative = program();
    relative.current_dir(image.site.path("")).args([
        "check",
        "--root",
        "image",
        "--instance",
        "line-2",
    ]);
    image.site.run(&mut relative).exits(0);
}

#[test]
fn a_blob_for_a_directory_in_memory_is_warned_of() {
    let image = Image::with_systemd();
    let mut sets = one_set();
    sets["mqtt"]["files"] =
        json!({"image": {"blob": {"account": "factory7", "container": "firmware", "name": "x"}}});
    image.configure(&config(sets.clone()));
    image
        .check(&[])
        .exits(0)
        .says("/run/keyferry/sets/mqtt lies in memory");
    sets["mqtt"]["directory"] = json!("/data/mqtt");
    image.configure(&config(sets));
    image.check(&[]).exits(0).never_says("lies in memory");
    assert!(
        !Path::new(&image.path("data/mqtt")).exists(),
        "nothing is made"
    );
}

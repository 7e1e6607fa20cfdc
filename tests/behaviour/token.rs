//! `keyferry token`: for whom, where, how long; never the token but by `--raw`; and what the
//! services say of it.

use std::fs::File;
use std::path::Path;

use cloud::{Denial, National, Scope};
use serde_json::{json, Value};

use crate::golden;
use crate::staleness::closed_port;
use crate::support::{has_tool, on_a_terminal, one_secret, Run, Site};

/// A site whose services are all led to loopback.
fn site() -> (Site, Value) {
    let site = Site::with_one_secret();
    let account = site.cloud.storage_account("factory7");
    account.add_container("firmware");
    let mut config = site.config(one_secret());
    for host in [
        site.cloud.resource_manager_host(),
        site.cloud.graph_host(),
        account.host().to_owned(),
    ] {
        config["network"]["resolve"][host] = json!(site.cloud.address().to_string());
    }
    site.configure(&config);
    (site, config)
}

/// The token that `--raw` prints, for scripts.
fn raw(site: &Site, words: &[&str]) -> String {
    let words = [&["token", "--raw"], words].concat();
    let run = Run::of(site.command(&words).output().unwrap()).exits(0);
    assert_eq!(run.stderr, "");
    let token = run.stdout.strip_suffix('\n').unwrap().to_owned();
    assert!(token.starts_with("eyJ") && token.split('.').count() == 3 && !token.contains('\n'));
    token
}

#[test]
fn a_person_is_told_all_but_the_token() {
    let (site, _) = site();
    let run = site.keyferry(&["token"]).exits(0);
    golden::matches(&site, "token", &run);
    let told: Value =
        serde_json::from_str(&site.keyferry(&["token", "--json"]).exits(0).stdout).unwrap();
    for (key, wanted) in [
        ("cloud", json!("usgov")),
        ("tenant", json!(site.cloud.tenant())),
        ("app", json!(site.app.client_id)),
        ("object_id", json!(site.app.object_id)),
        ("audience", json!("https://vault.usgovcloudapi.net")),
        ("user", Value::Null),
    ] {
        assert_eq!(told[key], wanted, "{key}");
    }
    assert!(!site.path("run").exists(), "nothing is kept");
    site.assert_well_behaved();
}

#[test]
fn each_service_is_asked_for_by_its_name_or_its_audience() {
    let (site, _) = site();
    for (words, audience) in [
        (
            &["token", "--for", "vault"][..],
            "https://vault.usgovcloudapi.net",
        ),
        (
            &["token", "--for", "arm"],
            "https://management.core.usgovcloudapi.net/",
        ),
        (&["token", "--for", "graph"], "https://graph.microsoft.us"),
        (&["token", "--for", "storage"], "https://storage.azure.com/"),
        (
            &["token", "--for", "https://graph.microsoft.us/.default"],
            "https://graph.microsoft.us",
        ),
    ] {
        let run = site.keyferry(words).exits(0);
        let line = run.stdout.lines().find(|line| line.starts_with("audience"));
        let told = line.unwrap().split_whitespace().nth(1).unwrap();
        assert_eq!(
            told.trim_end_matches('/'),
            audience.trim_end_matches('/'),
            "{words:?}"
        );
    }
    site.keyferry(&["token", "--for", "https://nothing.example"])
        .exits(77)
        .says("AADSTS500011");
    site.assert_well_behaved();
}

#[test]
fn words_that_do_not_go_together_are_refused_before_any_request() {
    let (site, mut config) = site();
    config["cloud"] = json!({
        "authority": "https://login.plant7.example",
        "vault_suffix": "vault.plant7.example",
        "name": "ours",
    });
    site.configure(&config);
    for (words, said) in [
        (&["token", "--for", "valut"][..], "--for must be vault, arm"),
        (
            &["token", "--for", "http://a.test"],
            "--for must be vault, arm",
        ),
        (
            &["token", "--for", "graph"],
            "cloud \"ours\" does not say where its Microsoft Graph is",
        ),
        (
            &["token", "--for", "arm", "--probe"],
            "cloud \"ours\" does not say",
        ),
        (&["token", "--raw", "--json"], "neither --json nor --probe"),
        (&["token", "--raw", "--probe"], "neither --json nor --probe"),
        (
            &["token", "--account", "factory7"],
            "--account is for --probe",
        ),
        (
            &["token", "--for", "api://x", "--probe"],
            "--probe knows vault, arm, graph and storage only",
        ),
    ] {
        site.keyferry(words).exits(64).says(said);
    }
    config["cloud"] = json!("usgov");
    config["sets"] = json!({});
    config.as_object_mut().unwrap().remove("vault");
    site.configure(&config);
    for (words, said) in [
        (
            &["token", "--for", "storage", "--probe"][..],
            "--account NAME",
        ),
        (
            &[
                "token",
                "--for",
                "storage",
                "--probe",
                "--account",
                "evil.example/",
            ],
            "--account NAME",
        ),
        (&["token", "--probe"], "no vault is configured"),
    ] {
        site.keyferry(words).exits(64).says(said);
    }
    assert_eq!(site.cloud.connections(), 0);
}

#[test]
fn the_token_alone_goes_to_a_pipe_and_never_to_a_terminal() {
    let (site, _) = site();
    let (one, other) = (raw(&site, &[]), raw(&site, &["--for", "arm"]));
    assert_ne!(one, other);
    if Path::new("/dev/full").exists() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = site.command(&["token", "--raw"]).stdout(full).output();
        Run::of(output.unwrap())
            .exits(74)
            .says("cannot write standard output");
    }
    if has_tool("script") {
        let connections = site.cloud.connections();
        let told = on_a_terminal(&site, &["token", "--raw"], 80, &[]);
        assert!(told.contains("--raw prints no token on a terminal") && !told.contains("eyJ"));
        assert_eq!(site.cloud.connections(), connections, "nobody signed in");
    }
}

#[test]
fn the_token_cache_is_left_alone() {
    let (site, _) = site();
    site.keyferry(&["sync"]).exits(0);
    let kept = || {
        let names = std::fs::read_dir(site.path("run")).unwrap();
        let paths = names.map(|entry| entry.unwrap().path());
        let kept = paths.filter(|path| path.to_str().unwrap().contains("/token-"));
        kept.map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect::<Vec<_>>()
    };
    let before = kept();
    assert!(!before.is_empty());
    site.cloud.remove_certificates(&site.app);
    site.keyferry(&["token"])
        .exits(77)
        .says("AADSTS700027")
        .says("  next: ");
    assert_eq!(kept(), before);
}

#[test]
fn a_fallback_signs_in_and_a_dead_authority_is_told() {
    let (site, mut config) = site();
    config["identity"] = json!([site.certificate_identity(), site.secret_identity()]);
    site.configure(&config);
    site.cloud.remove_certificates(&site.app);
    let run = site
        .keyferry(&["token"])
        .exits(0)
        .says("signed in as fallback");
    run.says("identity   client secret of");
    config["network"]["resolve"][site.cloud.login_host()] = json!(closed_port());
    site.configure(&config);
    site.keyferry(&["token"])
        .exits(69)
        .says("error: connect: login.");
}

#[test]
fn a_person_is_not_asked_by_a_command_for_scripts() {
    let (site, mut config) = site();
    let person = json!({
        "type": "device_code",
        "tenant": site.cloud.tenant(),
        "client_id": site.app.client_id,
    });
    config["identity"] = json!([person, site.certificate_identity()]);
    site.configure(&config);
    site.keyferry(&["token"])
        .exits(0)
        .says("identity   certificate gw-0042");
    config["identity"] = person;
    site.configure(&config);
    site.keyferry(&["token"])
        .exits(77)
        .says("a person must sign in")
        .says("sync --sign-in");
    site.keyferry(&["check", "--online"])
        .exits(77)
        .says("a person must sign in");
}

#[test]
fn services_accept_a_good_token() {
    let (site, _) = site();
    for (words, said) in [
        (
            &["--for", "vault"][..],
            "factory7-edge.vault.usgovcloudapi.net lists its secrets",
        ),
        (
            &["--for", "arm"],
            "management.usgovcloudapi.net answered /subscriptions",
        ),
        (
            &["--for", "graph"],
            "graph.microsoft.us took it; /v1.0/me is for people",
        ),
        (
            &["--for", "storage", "--account", "factory7"],
            "factory7.blob.core.usgovcloudapi.net lists its containers",
        ),
    ] {
        let words = [&["token", "--probe"], words].concat();
        let run = site.keyferry(&words).exits(0);
        run.says(&format!("probe      accepted: {said}"));
        let last = site.cloud.requests().pop().unwrap();
        assert!(last.authorized, "{words:?}");
    }
    site.assert_well_behaved();
    golden::matches(
        &site,
        "token_probe",
        &site.keyferry(&["token", "--probe", "--for", "graph"]),
    );
}

#[test]
fn a_person_s_token_reads_its_owner() {
    let (site, mut config) = site();
    site.hide("plant 7 rules");
    site.cloud
        .add_user("worker@plant7.example", "plant 7 rules");
    site.cloud.allow_public_client(&site.app);
    site.write("etc/password", "plant 7 rules\n", 0o600);
    config["identity"] = json!({
        "type": "password",
        "tenant": site.cloud.tenant(),
        "client_id": site.app.client_id,
        "username": "worker@plant7.example",
        "password": site.path("etc/password"),
    });
    site.configure(&config);
    site.keyferry(&["token", "--probe", "--for", "graph"])
        .exits(0)
        .says("user       worker@plant7.example")
        .says("accepted: graph.microsoft.us answered /v1.0/me");
}

#[test]
fn what_refuses_a_token_says_why() {
    let (site, mut config) = site();
    site.vault.deny(Denial::Firewall, Scope::Vault);
    let run = site.keyferry(&["token", "--probe"]).exits(77);
    golden::matches(&site, "token_refused", &run);
    site.cloud.storage_account("factory7").deny();
    site.keyferry(&[
        "token",
        "--probe",
        "--for",
        "storage",
        "--account",
        "factory7",
    ])
    .exits(77)
    .says("refused the token: AuthorizationPermissionMismatch (status 403)")
    .says("Storage Blob Data Reader");
    site.cloud.storage_account("factory7").allow();
    site.cloud
        .storage_account("factory7")
        .set_tenant(&cloud::guid());
    site.keyferry(&[
        "token",
        "--probe",
        "--for",
        "storage",
        "--account",
        "factory7",
    ])
    .exits(77)
    .says("InvalidAuthenticationInfo (status 401)")
    .says("belongs to the cloud and the tenant");
    site.vault.allow_all();
    config["network"]["resolve"][site.cloud.graph_host()] = json!(closed_port());
    site.configure(&config);
    let run = site
        .keyferry(&["token", "--probe", "--for", "graph"])
        .exits(69);
    run.says("probe      failed: connect: graph.microsoft.us");
}

#[test]
fn tokens_are_those_of_each_cloud() {
    for national in [National::Public, National::China, National::Bleu] {
        let site = Site::of(national);
        let mut config = site.config(one_secret());
        let host = site.cloud.resource_manager_host();
        config["network"]["resolve"][&host] = json!(site.cloud.address().to_string());
        site.configure(&config);
        let run = site
            .keyferry(&["token", "--for", "arm", "--probe"])
            .exits(0);
        run.says(&format!("accepted: {host} answered /subscriptions"));
        site.assert_well_behaved();
    }
}

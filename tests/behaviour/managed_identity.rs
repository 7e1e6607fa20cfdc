//! Tokens of the machine's own identity: each platform, what is never asked, what is refused.

use std::process::Command;
use std::time::{Duration, Instant};

use cloud::{Action, Expiry, Fault, ForwardProxy, MachineEndpoint, Match, Stranger};
use serde_json::{json, Value};

use crate::namespace;
use crate::support::{one_secret, Run, Site};

/// A site whose identity is managed, with these further keys.
pub fn site(keys: Value) -> Site {
    let site = Site::with_one_secret();
    set_identity(&site, keys);
    site
}

pub fn set_identity(site: &Site, keys: Value) {
    let mut config = site.config(one_secret());
    config["identity"] = identity(keys);
    site.configure(&config);
}

pub fn identity(keys: Value) -> Value {
    let mut identity = json!({"type": "managed_identity"});
    let keys = keys.as_object().unwrap().clone();
    identity.as_object_mut().unwrap().extend(keys);
    identity
}

/// A run with the variables that the machine sets for its processes.
pub fn sync_on(site: &Site, endpoint: &MachineEndpoint) -> Run {
    endpoint.header_value().inspect(|value| site.hide(value));
    site.run(&mut on(site, endpoint))
}

pub fn on(site: &Site, endpoint: &MachineEndpoint) -> Command {
    let mut command = site.command(&["sync", "--log", "debug"]);
    command.envs(variables(endpoint));
    command
}

pub fn variables(endpoint: &MachineEndpoint) -> Vec<(String, String)> {
    let mut variables = endpoint.environment();
    if variables.is_empty() {
        // IMDS has none: there it is at its one address.
        variables.push((IMDS_ORIGIN.to_owned(), endpoint.origin()));
    }
    variables
}

pub fn assign_user(endpoint: &MachineEndpoint) {
    endpoint.assign_user(CLIENT, OBJECT, RESOURCE);
}

/// The run delivered, with a token of this text's identity, and asked as it should.
#[track_caller]
pub fn delivers(site: &Site, endpoint: &MachineEndpoint, text: &str) {
    sync_on(site, endpoint).exits(0);
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    assert_eq!(site.status()["identity"]["text"], text);
    well_asked(endpoint);
    site.assert_well_behaved();
}

#[track_caller]
pub fn well_asked(endpoint: &MachineEndpoint) {
    assert!(
        endpoint.unexpected().is_empty(),
        "{:#?}",
        endpoint.unexpected()
    );
}

/// Each platform without Arc, and its name.
fn platforms(site: &Site) -> [(&'static str, &'static str, MachineEndpoint); 3] {
    let cloud = &site.cloud;
    [
        ("imds", "IMDS", MachineEndpoint::imds(cloud).unwrap()),
        (
            "app_service",
            "App Service",
            MachineEndpoint::app_service(cloud).unwrap(),
        ),
        (
            "azure_ml",
            "Azure ML",
            MachineEndpoint::azure_ml(cloud).unwrap(),
        ),
    ]
}

#[test]
fn the_machines_own_identity_delivers_on_each_platform() {
    let site = site(json!({}));
    for (source, name, endpoint) in platforms(&site) {
        for source in [source, "auto"] {
            set_identity(&site, json!({ "source": source }));
            std::fs::remove_dir_all(site.path("run")).ok();
            endpoint.reset_log();
            delivers(
                &site,
                &endpoint,
                &format!("managed identity of this machine ({name})"),
            );
            assert_eq!(endpoint.requests().len(), 1);
            // The next run finds the token in the cache.
            sync_on(&site, &endpoint).exits(0);
            assert_eq!(endpoint.requests().len(), 1);
        }
    }
    assert!(site
        .cloud
        .requests()
        .iter()
        .all(|request| request.host == site.vault.host()));
}

#[test]
fn a_chosen_identity_delivers_on_each_platform() {
    let site = site(json!({}));
    for (source, name, endpoint) in platforms(&site) {
        endpoint.assign_none();
        assign_user(&endpoint);
        endpoint.assign_user(OTHER, OTHER, OTHER_RESOURCE);
        for (key, id, told) in [
            ("client_id", CLIENT, CLIENT),
            ("object_id", OBJECT, OBJECT),
            ("resource_id", RESOURCE, "gateways"),
        ] {
            if source == "azure_ml" && key != "client_id" {
                continue;
            }
            set_identity(&site, json!({ "source": source, key: id }));
            std::fs::remove_dir_all(site.path("run")).ok();
            delivers(
                &site,
                &endpoint,
                &format!("managed identity {told} ({name})"),
            );
        }
    }
}

#[test]
fn azure_ml_may_name_the_identity_that_it_means() {
    let site = site(json!({"source": "azure_ml"}));
    let endpoint = MachineEndpoint::azure_ml(&site.cloud).unwrap();
    endpoint.assign_none();
    assign_user(&endpoint);
    let mut command = on(&site, &endpoint);
    site.run(command.env("DEFAULT_IDENTITY_CLIENT_ID", CLIENT))
        .exits(0);
    let told = format!("managed identity {CLIENT} (Azure ML)");
    assert_eq!(site.status()["identity"]["text"], told.as_str());
    // By a sign of the machine it is chosen without a look at what it cannot.
    set_identity(&site, json!({ "object_id": OBJECT }));
    let run = sync_on(&site, &endpoint).exits(78);
    run.says("(Azure ML): the platform does not tell identities by object_id")
        .says("next: write \"client_id\"");
}

#[test]
fn every_way_to_tell_the_end_of_a_token_is_read() {
    for expiry in [
        Expiry::DurationOnly,
        Expiry::Missing,
        Expiry::Numbers,
        Expiry::OldLinux,
        Expiry::OldWindows,
    ] {
        let site = site(json!({}));
        for (_, name, endpoint) in platforms(&site) {
            endpoint.write_expiry(expiry);
            delivers(
                &site,
                &endpoint,
                &format!("managed identity of this machine ({name})"),
            );
        }
    }
}

#[test]
fn the_proxy_is_never_asked_for_the_machines_endpoint() {
    let site = site(json!({}));
    let proxy = ForwardProxy::start(site.cloud.address(), None).unwrap();
    let mut config = site.config(one_secret());
    config["identity"] = identity(json!({}));
    config["network"]["proxy"] = json!(proxy.url());
    let mut resolve = json!({});
    // Neither may a pinned address lead elsewhere.
    resolve["127.0.0.1"] = json!(crate::staleness::closed_port());
    config["network"]["resolve"] = resolve;
    site.configure(&config);
    for (_, name, endpoint) in platforms(&site) {
        let mut command = on(&site, &endpoint);
        let through = ["http_proxy", "HTTP_PROXY", "ALL_PROXY"];
        site.run(command.envs(through.map(|name| (name, proxy.url()))))
            .exits(0);
        let told = format!("managed identity of this machine ({name})");
        assert_eq!(site.status()["identity"]["text"], told.as_str());
        well_asked(&endpoint);
    }
    let vault = format!("{}:443", site.vault.host());
    let connects = proxy.connects();
    assert!(!connects.is_empty());
    assert!(
        connects.iter().all(|connect| connect.target == vault),
        "{connects:#?}"
    );
}

/// Where the environment tells the platform, nobody else is asked.
#[test]
fn a_local_sign_decides_without_a_request_to_anybody_else() {
    let site = site(json!({"source": "auto"}));
    let [(_, _, imds), (_, _, app_service), (_, _, azure_ml)] = platforms(&site);
    let url = app_service.url();
    for (variables, code, said) in [
        (app_service.environment(), 0, "(App Service)"),
        (azure_ml.environment(), 0, "(Azure ML)"),
        (
            vec![("MSI_ENDPOINT".to_owned(), url.clone())],
            78,
            "managed identity (Cloud Shell): this platform is left out",
        ),
        (
            vec![
                ("IDENTITY_ENDPOINT".to_owned(), url.clone()),
                ("IDENTITY_HEADER".to_owned(), "hush".to_owned()),
                ("IDENTITY_SERVER_THUMBPRINT".to_owned(), "00".to_owned()),
            ],
            78,
            "managed identity (Service Fabric): this platform is left out",
        ),
    ] {
        std::fs::remove_dir_all(site.path("run")).ok();
        let mut command = site.command(&["sync", "--log", "debug"]);
        command.env(IMDS_ORIGIN, imds.origin()).envs(variables);
        let run = site.run(&mut command).exits(code);
        if code != 0 {
            run.says(said).says("next: use another type of identity");
            assert_eq!(site.set_status("mqtt")["reason"], "config");
            continue;
        }
        let told = format!("managed identity of this machine {said}");
        assert_eq!(site.status()["identity"]["text"], told.as_str());
    }
    assert!(imds.requests().is_empty(), "{:#?}", imds.requests());
    assert_eq!(app_service.requests().len(), 1);
}

#[test]
fn an_endpoint_that_is_not_ready_is_asked_again() {
    let site = site(json!({}));
    for (_, name, endpoint) in platforms(&site) {
        std::fs::remove_dir_all(site.path("run")).ok();
        endpoint.answer_first(&[404, 503]);
        endpoint.throttle(1, 1);
        delivers(
            &site,
            &endpoint,
            &format!("managed identity of this machine ({name})"),
        );
        let statuses: Vec<u16> = endpoint
            .requests()
            .iter()
            .map(|asked| asked.status)
            .collect();
        assert_eq!(statuses, [404, 503, 429, 200]);
    }
    let endpoint = MachineEndpoint::imds(&site.cloud).unwrap();
    std::fs::remove_dir_all(site.path("run")).ok();
    endpoint.answer_first(&[410]);
    delivers(&site, &endpoint, "managed identity of this machine (IMDS)");
    // More than the run has time for: it is not waited for.
    endpoint.reset_log();
    endpoint.throttle(1, 3600);
    std::fs::remove_dir_all(site.path("run")).ok();
    let run = sync_on(&site, &endpoint).exits(69);
    run.says("127.0.0.1 answered with status 429")
        .says("next: nothing; it asked for 3600 s");
    assert_eq!(site.set_status("mqtt")["reason"], "throttled");
    assert_eq!(endpoint.requests().len(), 1);
}

/// Outside of Azure, a wrong guess costs one request or three seconds, and says so.
#[test]
fn what_is_not_azures_endpoint_is_told_at_once() {
    for (stranger, said) in [
        (
            Stranger::Aws,
            "answered with status 404 and something else than JSON (text/html)",
        ),
        (
            Stranger::AwsSession,
            "answered with status 401 and something else than JSON",
        ),
        (
            Stranger::CaptivePortal,
            "answered with status 200 and something else than JSON",
        ),
        (
            Stranger::DockerDesktop,
            "answered with status 403 and something else than JSON",
        ),
        (
            Stranger::Proxy,
            "answered with status 502 and something else than JSON",
        ),
        (
            Stranger::Redirect,
            "redirects to login.guest-network.example, which is refused",
        ),
        (Stranger::Silence, "no complete reply in time"),
    ] {
        let site = site(json!({}));
        let endpoint = MachineEndpoint::imds(&site.cloud).unwrap();
        endpoint.answer_as(stranger);
        let started = Instant::now();
        let run = sync_on(&site, &endpoint).exits(69);
        // Not for network.timeout, which is 30 s.
        assert!(started.elapsed() < Duration::from_secs(20), "{said}");
        run.says("managed identity (IMDS): there is no managed identity endpoint here: ")
            .says(said)
            .says("next: on an Azure VM, let nothing");
        assert_eq!(site.set_status("mqtt")["reason"], "network");
        assert_eq!(endpoint.requests().len(), 1, "{said}");
    }
    let site = site(json!({}));
    let mut command = site.command(&["sync"]);
    let closed = format!("http://{}", crate::staleness::closed_port());
    let run = site.run(command.env(IMDS_ORIGIN, closed)).exits(69);
    run.says("there is no managed identity endpoint here: 127.0.0.1:")
        .says("connection refused");
}

#[test]
fn an_identity_that_is_not_assigned_is_told_with_its_next_step() {
    let site = site(json!({}));
    for (source, name, endpoint) in platforms(&site) {
        endpoint.assign_none();
        set_identity(&site, json!({ "source": source }));
        let run = sync_on(&site, &endpoint).exits(77);
        run.says(&format!(
            "({name}): no such identity is assigned to this machine"
        ))
        .says("next: assign an identity to this machine");
        assert_eq!(site.set_status("mqtt")["reason"], "credential");
        set_identity(&site, json!({ "source": source, "client_id": OTHER }));
        let run = sync_on(&site, &endpoint).exits(77);
        run.says("next: assign an identity to this machine, or correct client_id");
        well_asked(&endpoint);
    }
}

#[test]
fn several_identities_without_a_choice_are_told() {
    let site = site(json!({}));
    let endpoint = MachineEndpoint::imds(&site.cloud).unwrap();
    endpoint.assign_none();
    assign_user(&endpoint);
    delivers(&site, &endpoint, "managed identity of this machine (IMDS)");
    endpoint.assign_user(OTHER, OTHER, OTHER_RESOURCE);
    std::fs::remove_dir_all(site.path("run")).ok();
    let run = sync_on(&site, &endpoint).exits(77);
    run.says("several identities are assigned, and none of them is chosen")
        .says("next: set client_id of the one to use");
}

#[test]
fn a_token_for_another_audience_is_not_used() {
    let site = site(json!({}));
    let endpoint = MachineEndpoint::app_service(&site.cloud).unwrap();
    endpoint.issue_for("https://storage.azure.com/");
    let run = sync_on(&site, &endpoint).exits(65);
    run.says("(App Service): the token is for another audience (https://storage.azure.com/)");
    assert_eq!(site.set_status("mqtt")["reason"], "reply");
    assert!(site.cloud.requests().is_empty());
}

#[test]
fn any_other_refusal_and_a_reply_without_a_token_are_told() {
    let site = site(json!({"source": "imds"}));
    let endpoint = MachineEndpoint::imds(&site.cloud).unwrap();
    for (code, body, exit, said) in [
        (
            400,
            r#"{"error":"unauthorized_client","error_description":"no\u001b[2J"}"#,
            77,
            "(IMDS): refused with status 400 (unauthorized_client: no\\u{1b}[2J)",
        ),
        (200, "{}", 65, "(IMDS): the reply holds no usable token"),
        (
            200,
            r#"{"access_token":"a b"}"#,
            65,
            "the reply holds no usable token",
        ),
        (
            200,
            r#"{"access_token":"#,
            65,
            "the reply holds no usable token",
        ),
    ] {
        endpoint.fault(Fault {
            matching: Match::Any,
            action: Action::Status {
                code,
                headers: vec![("content-type".to_owned(), "application/json".to_owned())],
                body: body.to_owned(),
            },
            times: 1,
        });
        sync_on(&site, &endpoint)
            .exits(exit)
            .says(said)
            .says("  next: ");
    }
}

#[test]
fn variables_that_are_missing_or_lead_off_the_machine_are_told_before_any_request() {
    for (source, name, value, said) in [
        ("app_service", "X", "x", "IDENTITY_ENDPOINT is not set"),
        (
            "app_service",
            "IDENTITY_ENDPOINT",
            "http://127.0.0.1/",
            "IDENTITY_HEADER is not set",
        ),
        ("azure_ml", "X", "x", "MSI_ENDPOINT is not set"),
        (
            "azure_ml",
            "MSI_ENDPOINT",
            "http://127.0.0.1/",
            "MSI_SECRET is not set",
        ),
        (
            "arc",
            "IDENTITY_ENDPOINT",
            "http://10.1.2.3:40342/",
            "IDENTITY_ENDPOINT is no http:// address of this machine",
        ),
        (
            "imds",
            IMDS_ORIGIN,
            "http://imds.evil.example",
            "AZURE_POD_IDENTITY_AUTHORITY_HOST is no http:// address of this machine",
        ),
    ] {
        let site = site(json!({ "source": source }));
        let mut command = site.command(&["sync"]);
        let run = site.run(command.env(name, value)).exits(78);
        run.says(&format!("environment variable {said}"))
            .says("next: let the unit have");
        assert_eq!(site.set_status("mqtt")["reason"], "config");
        assert_eq!(site.cloud.connections(), 0);
    }
}

#[test]
fn the_next_identity_is_tried_when_none_is_assigned_but_not_when_nothing_answers() {
    let site = site(json!({}));
    let mut config = site.config(one_secret());
    config["identity"] = json!([identity(json!({})), site.certificate_identity()]);
    site.configure(&config);
    let endpoint = MachineEndpoint::imds(&site.cloud).unwrap();
    endpoint.answer_as(Stranger::Aws);
    sync_on(&site, &endpoint)
        .exits(69)
        .says("there is no managed identity endpoint here");
    assert!(site.cloud.requests().is_empty());
    endpoint.clear_faults();
    endpoint.assign_none();
    let run = sync_on(&site, &endpoint).exits(0);
    run.says("signed in as fallback: certificate gw-0042");
    assert_eq!(site.status()["identity"]["text"], "certificate gw-0042");
}

/// The platform keeps tokens, too: what a vault refuses may come again, and is not asked for
/// for ever.
#[test]
fn a_token_that_the_vault_refuses_is_renewed_once() {
    let site = site(json!({}));
    let endpoint = MachineEndpoint::imds(&site.cloud).unwrap();
    delivers(&site, &endpoint, "managed identity of this machine (IMDS)");
    site.cloud.revoke_tokens();
    sync_on(&site, &endpoint).exits(0);
    assert_eq!(endpoint.requests().len(), 2);
    endpoint.keep_tokens();
    std::fs::remove_dir_all(site.path("run")).ok();
    sync_on(&site, &endpoint).exits(0);
    site.cloud.revoke_tokens();
    endpoint.reset_log();
    site.cloud.reset_log();
    sync_on(&site, &endpoint).exits(77);
    assert_eq!(endpoint.requests().len(), 1);
    assert_eq!(site.cloud.requests().len(), 2);
}

#[test]
fn the_doctor_needs_no_authority_for_it() {
    let site = site(json!({"source": "imds"}));
    let endpoint = MachineEndpoint::imds(&site.cloud).unwrap();
    let mut command = site.command(&["check", "--online"]);
    site.run(command.envs(variables(&endpoint))).exits(0);
    assert_eq!(endpoint.requests().len(), 1);
    let hosts = site.cloud.requests();
    assert!(hosts.iter().all(|asked| asked.host == site.vault.host()));
    endpoint.assign_none();
    let run = site.run(&mut command).exits(77);
    run.says("no such identity is assigned to this machine");
}

/// IMDS where it really is, on a machine whose only other way out is a proxy.
#[test]
fn imds_is_asked_at_its_own_address_past_the_proxy() {
    let name = "managed_identity::imds_is_asked_at_its_own_address_past_the_proxy";
    if !namespace::entered(name, "ip address add 169.254.169.254/32 dev lo") {
        return;
    }
    let site = site(json!({}));
    let imds = MachineEndpoint::imds_at(&site.cloud, "169.254.169.254:80").unwrap();
    let proxy = ForwardProxy::start(site.cloud.address(), None).unwrap();
    let mut config = site.config(one_secret());
    config["identity"] = identity(json!({}));
    config["network"]["proxy"] = json!(proxy.url());
    config["network"]["resolve"] = json!({});
    site.configure(&config);
    let mut command = site.command(&["sync"]);
    let through = ["http_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
    site.run(command.envs(through.map(|name| (name, proxy.url()))))
        .exits(0);
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    assert_eq!(imds.requests().len(), 1);
    assert_eq!(imds.requests()[0].host, "169.254.169.254");
    well_asked(&imds);
    let vault = format!("{}:443", site.vault.host());
    assert!(proxy
        .connects()
        .iter()
        .all(|connect| connect.target == vault));
}

pub const CLIENT: &str = "4f4a1d1b-2a3c-4c5d-8e9f-0a1b2c3d4e5f";
pub const OBJECT: &str = "9d7ab0f5-50f3-4c5d-8e9f-0a1b2c3d4e5f";
pub const OTHER: &str = "00000000-50f3-4c5d-8e9f-0a1b2c3d4e5f";
pub const RESOURCE: &str = "/subscriptions/6f8e2f0a-50f3-4c5d-8e9f-0a1b2c3d4e5f/resourceGroups/plant7/providers/Microsoft.ManagedIdentity/userAssignedIdentities/gateways";
pub const OTHER_RESOURCE: &str = "/subscriptions/6f8e2f0a-50f3-4c5d-8e9f-0a1b2c3d4e5f/resourceGroups/plant7/providers/Microsoft.ManagedIdentity/userAssignedIdentities/others";
const IMDS_ORIGIN: &str = "AZURE_POD_IDENTITY_AUTHORITY_HOST";

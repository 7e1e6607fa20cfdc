//! IMDS: what it takes and refuses, whose token it gives, and what all endpoints have in common.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use cloud::{Action, Expiry, Fault, MachineEndpoint, Match, Stranger};
use serde_json::Value;

use crate::client::{Bench, AUDIENCE};
use crate::machine::{claims, vault_accepts, Request};

const VERSION: &str = "2018-02-01";
const RESOURCE_ID: &str = "/subscriptions/0b1c2d3e/resourceGroups/plant7/providers/\
                           Microsoft.ManagedIdentity/userAssignedIdentities/edge";

fn imds(bench: &Bench) -> MachineEndpoint {
    MachineEndpoint::imds(&bench.cloud).unwrap()
}

fn request(imds: &MachineEndpoint) -> Request {
    Request::new(imds, VERSION).header("Metadata", "true")
}

/// Status, error and description of a refusal.
fn refusal(request: &Request) -> (u16, String, String) {
    let reply = request.send().unwrap();
    let json = reply.json();
    let text = |name: &str| json[name].as_str().unwrap().to_owned();
    (reply.status, text("error"), text("error_description"))
}

#[test]
fn the_system_identity_gets_a_token_that_vaults_accept() {
    let bench = Bench::new();
    let imds = imds(&bench);
    let token = request(&imds).token();
    let system = imds.system().unwrap();
    assert_eq!(token["client_id"], system.client_id.as_str());
    assert_eq!(token["resource"], AUDIENCE);
    assert_eq!(token["token_type"], "Bearer");
    assert_eq!(token["expires_in"], "3599");
    let claims = claims(&token);
    assert_eq!(claims["aud"], AUDIENCE);
    assert_eq!(claims["oid"], system.object_id.as_str());
    assert_eq!(claims["exp"].to_string(), token["expires_on"]);
    assert_eq!(claims["nbf"].to_string(), token["not_before"]);
    assert!(vault_accepts(&bench, &token));
    let requests = imds.requests();
    assert!(requests[0].authorized && imds.unexpected().is_empty());
    let token = token["access_token"].as_str().unwrap();
    assert!(!format!("{requests:?}").contains(token));
}

#[test]
fn an_identity_is_chosen_by_each_of_its_ids() {
    let bench = Bench::new();
    let imds = imds(&bench);
    let (client, object) = (cloud::guid(), cloud::guid());
    imds.assign_user(&client, &object, RESOURCE_ID);
    imds.assign_user(&cloud::guid(), &cloud::guid(), "/another");
    let selectors = [
        ("client_id", client.to_uppercase()),
        ("object_id", object.clone()),
        ("msi_res_id", RESOURCE_ID.to_lowercase()),
    ];
    for (name, id) in selectors {
        let token = request(&imds).with(name, &id).token();
        assert_eq!(token["client_id"], client.as_str(), "{name}");
        assert_eq!(claims(&token)["oid"], object.as_str(), "{name}");
        assert!(vault_accepts(&bench, &token));
    }
    let system = imds.system().unwrap().client_id;
    assert_eq!(request(&imds).token()["client_id"], system.as_str());
    let named = request(&imds).with("client_id", &system);
    assert_eq!(named.token()["client_id"], system.as_str());
    assert!(imds.unexpected().is_empty());
}

#[test]
fn without_a_system_identity_the_only_other_one_is_taken() {
    let bench = Bench::new();
    let imds = imds(&bench);
    imds.assign_none();
    let not_found = (
        400,
        "invalid_request".to_owned(),
        "Identity not found".to_owned(),
    );
    assert_eq!(refusal(&request(&imds)), not_found);
    let client = cloud::guid();
    imds.assign_user(&client, &cloud::guid(), RESOURCE_ID);
    assert_eq!(request(&imds).token()["client_id"], client.as_str());
    imds.assign_user(&cloud::guid(), &cloud::guid(), "/another");
    let (status, error, text) = refusal(&request(&imds));
    assert_eq!((status, error.as_str()), (400, "invalid_request"));
    assert_eq!(
        text,
        "Multiple user assigned identities exist, please specify the clientId / resourceId of the \
         identity in the token request"
    );
    let stranger = request(&imds).with("client_id", &cloud::guid());
    assert_eq!(refusal(&stranger), not_found);
    assert!(imds.unexpected().is_empty());
}

#[test]
fn each_wrong_request_is_refused_and_remembered() {
    let bench = Bench::new();
    let imds = imds(&bench);
    let good = || request(&imds);
    let id = imds.system().unwrap().client_id;
    let cases = [
        (good().without("Metadata"), 400, "bad_request_102"),
        (good().header("Metadata", "false"), 400, "bad_request_102"),
        (
            good().header("X-Forwarded-For", "10.0.0.7"),
            400,
            "bad_request_102",
        ),
        (good().header("Via", "1.1 proxy"), 400, "bad_request_102"),
        (
            good().header("Host", "evil.example"),
            400,
            "invalid_request",
        ),
        (
            good().with("api-version", "2019-08-01"),
            400,
            "invalid_request",
        ),
        (good().without("api-version"), 400, "invalid_request"),
        (good().without("resource"), 400, "invalid_request"),
        (good().also("resource", AUDIENCE), 400, "invalid_request"),
        (
            good().with("client_id", &id).with("object_id", &id),
            400,
            "invalid_request",
        ),
        (
            good().path("/metadata/identity/oauth2"),
            401,
            "unknown_source",
        ),
        (
            good()
                .line("POST {} HTTP/1.1")
                .header("Content-Length", "0"),
            405,
            "invalid_request",
        ),
    ];
    for (index, (request, status, error)) in cases.iter().enumerate() {
        let (got, name, text) = refusal(request);
        assert_eq!((got, name.as_str()), (*status, *error), "{text}");
        assert_eq!(imds.unexpected().len(), index + 1, "{text}");
    }
    assert!(imds.requests().iter().all(|record| !record.authorized));
}

#[test]
fn requests_that_came_through_a_proxy_or_over_tls_are_refused() {
    let bench = Bench::new();
    let imds = imds(&bench);
    let absolute = request(&imds).line("GET http://169.254.169.254{} HTTP/1.1");
    assert_eq!(absolute.send().unwrap().status, 400);
    assert!(imds.unexpected()[0].unexpected[0].contains("proxy"));
    let mut tls = TcpStream::connect(imds.address()).unwrap();
    tls.write_all(&[22, 3, 1, 0, 5]).unwrap();
    assert_eq!(tls.read(&mut [0; 16]).unwrap_or(0), 0);
    assert_eq!(imds.unexpected().len(), 2);
}

#[test]
fn the_resource_has_to_be_one_of_the_cloud() {
    let bench = Bench::new();
    let imds = imds(&bench);
    let elsewhere = [
        "https://vault.azure.net".to_owned(),
        format!("{AUDIENCE}/.default"),
    ];
    for resource in elsewhere {
        let (status, error, text) = refusal(&request(&imds).with("resource", &resource));
        assert_eq!((status, error.as_str()), (400, "invalid_resource"));
        assert!(text.contains(&resource), "{text}");
    }
}

#[test]
fn a_parameter_of_another_service_chooses_nobody() {
    let bench = Bench::new();
    let imds = imds(&bench);
    imds.assign_user(&cloud::guid(), &cloud::guid(), RESOURCE_ID);
    let token = request(&imds).with("mi_res_id", RESOURCE_ID).token();
    let system = imds.system().unwrap().client_id;
    assert_eq!(token["client_id"], system.as_str());
    assert_eq!(imds.unexpected().len(), 1);
}

#[test]
fn the_real_address_is_a_good_host_name() {
    let bench = Bench::new();
    let imds = imds(&bench);
    for host in ["169.254.169.254", "169.254.169.254:80"] {
        request(&imds).header("Host", host).token();
    }
    assert!(imds.unexpected().is_empty());
}

#[test]
fn statuses_that_pass_come_first_and_in_order() {
    let bench = Bench::new();
    let imds = imds(&bench);
    imds.answer_first(&[404, 410, 503]);
    imds.throttle(1, 7);
    let replies: Vec<_> = (0..5).map(|_| request(&imds).send().unwrap()).collect();
    let statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
    assert_eq!(statuses, [404, 410, 503, 429, 200]);
    assert_eq!(replies[3].header("retry-after"), Some("7"));
    assert_eq!(replies[1].json()["error"], "gone");
    assert!(imds.unexpected().is_empty());
}

#[test]
fn others_may_answer_in_its_place() {
    let bench = Bench::new();
    let strangers = [
        (Stranger::Aws, 404, "<?xml"),
        (Stranger::AwsSession, 401, "<?xml"),
        (Stranger::CaptivePortal, 200, "<!DOCTYPE html>"),
        (Stranger::DockerDesktop, 403, "connecting to"),
        (Stranger::Proxy, 502, "<?xml"),
        (Stranger::Redirect, 302, ""),
    ];
    for (stranger, status, begin) in strangers {
        let imds = imds(&bench);
        imds.answer_as(stranger);
        for _ in 0..2 {
            let reply = request(&imds).send().unwrap();
            assert_eq!(reply.status, status, "{stranger:?}");
            assert!(reply.body.starts_with(begin), "{stranger:?}");
            assert!(serde_json::from_str::<Value>(&reply.body).is_err());
        }
        imds.clear_faults();
        request(&imds).token();
    }
}

#[test]
fn silence_takes_the_request_and_ends_with_the_endpoint() {
    let bench = Bench::new();
    let imds = imds(&bench);
    imds.answer_as(Stranger::Silence);
    let mut stream = TcpStream::connect(imds.address()).unwrap();
    request(&imds).write_on(&mut stream).unwrap();
    while imds.requests().is_empty() {
        std::thread::yield_now();
    }
    assert_eq!(imds.requests()[0].status, 0);
    drop(imds);
    let mut answered = Vec::new();
    // An end by RST is as good as an orderly one.
    let _ = stream.read_to_end(&mut answered);
    assert!(answered.is_empty());
}

#[test]
fn the_faults_of_the_cloud_work_here_too() {
    let bench = Bench::new();
    let imds = imds(&bench);
    let once = |action| {
        imds.fault(Fault {
            matching: Match::Any,
            action,
            times: 1,
        });
        request(&imds).send()
    };
    assert!(once(Action::BadJson).unwrap().body.ends_with("mid"));
    let cut = once(Action::CutAfter(10)).unwrap_err();
    assert_eq!(cut.kind(), ErrorKind::UnexpectedEof);
    let closed = once(Action::CutBeforeReply).unwrap_err();
    assert_eq!(closed.kind(), ErrorKind::UnexpectedEof);
    let reset = once(Action::Reset).unwrap_err();
    assert_eq!(reset.kind(), ErrorKind::ConnectionReset);
    assert!(once(Action::Garbage).is_err());
    assert_eq!(once(Action::Huge(70_000)).unwrap().body.len(), 70_000);
    request(&imds).token();
}

#[test]
fn replies_can_lack_their_end_or_be_for_somebody_else() {
    let bench = Bench::new();
    let imds = imds(&bench);
    imds.write_expiry(Expiry::Missing);
    let token = request(&imds).token();
    assert!(token["expires_in"].is_null() && token["expires_on"].is_null());
    imds.write_expiry(Expiry::Numbers);
    let token = request(&imds).token();
    assert_eq!(token["expires_in"], 3599);
    assert_eq!(token["expires_on"], claims(&token)["exp"]);
    imds.write_expiry(Expiry::DurationOnly);
    let token = request(&imds).token();
    assert_eq!(token["expires_in"], "3599");
    assert!(token["expires_on"].is_null());
    imds.issue_for("https://graph.microsoft.us");
    let token = request(&imds).token();
    assert_eq!(claims(&token)["aud"], "https://graph.microsoft.us");
    assert_eq!(token["resource"], "https://graph.microsoft.us");
    assert!(!vault_accepts(&bench, &token));
}

#[test]
fn the_platforms_cache_gives_the_same_token_again() {
    let bench = Bench::new();
    let imds = imds(&bench);
    let ask = || request(&imds).token()["access_token"].clone();
    assert_ne!(ask(), ask());
    imds.keep_tokens();
    let kept = ask();
    bench.cloud.set_clock_offset(600);
    let later = request(&imds).token();
    assert_eq!(later["access_token"], kept);
    let left: i64 = later["expires_in"].as_str().unwrap().parse().unwrap();
    assert!((2990..3000).contains(&left), "{left}");
    bench.cloud.set_clock_offset(3400);
    assert_ne!(ask(), kept);
}

#[test]
fn a_connection_serves_more_than_one_request() {
    let bench = Bench::new();
    let imds = imds(&bench);
    let mut stream = TcpStream::connect(imds.address()).unwrap();
    for _ in 0..2 {
        assert_eq!(request(&imds).send_on(&mut stream).unwrap().status, 200);
    }
    let connections: Vec<u64> = imds
        .requests()
        .iter()
        .map(|record| record.connection)
        .collect();
    assert_eq!(connections[0], connections[1]);
    let address = imds.address();
    drop(imds);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn an_identity_assigned_anew_is_another_one() {
    let bench = Bench::new();
    let imds = imds(&bench);
    let first = imds.system().unwrap();
    let second = imds.assign_system();
    assert_ne!(first, second);
    assert_eq!(imds.system(), Some(second.clone()));
    assert_eq!(
        request(&imds).token()["client_id"],
        second.client_id.as_str()
    );
    imds.reset_log();
    assert!(imds.requests().is_empty());
}

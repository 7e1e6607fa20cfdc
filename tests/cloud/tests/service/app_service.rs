//! App Service and Azure ML: the secret header, the selectors of each, the ways they write times.

use cloud::{Expiry, MachineEndpoint};

use crate::client::{Bench, AUDIENCE};
use crate::machine::{claims, vault_accepts, Request};

const RESOURCE_ID: &str = "/subscriptions/0b1c2d3e/resourceGroups/plant7/providers/\
                           Microsoft.ManagedIdentity/userAssignedIdentities/edge";

fn app_service(bench: &Bench) -> (MachineEndpoint, Request) {
    let endpoint = MachineEndpoint::app_service(&bench.cloud).unwrap();
    let secret = endpoint.header_value().unwrap();
    let request = Request::new(&endpoint, "2019-08-01").header("X-IDENTITY-HEADER", &secret);
    (endpoint, request)
}

fn azure_ml(bench: &Bench) -> (MachineEndpoint, Request) {
    let endpoint = MachineEndpoint::azure_ml(&bench.cloud).unwrap();
    let secret = endpoint.header_value().unwrap();
    let request = Request::new(&endpoint, "2017-09-01").header("secret", &secret);
    (endpoint, request)
}

#[test]
fn the_secret_header_gives_a_token_that_vaults_accept() {
    let bench = Bench::new();
    for (endpoint, request) in [app_service(&bench), azure_ml(&bench)] {
        let token = request.token();
        let system = endpoint.system().unwrap();
        assert_eq!(token["client_id"], system.client_id.as_str());
        assert_eq!(token["resource"], AUDIENCE);
        assert!(token["expires_in"].is_null());
        assert_eq!(
            token["expires_on"],
            claims(&token)["exp"].to_string().as_str()
        );
        assert!(vault_accepts(&bench, &token));
        // Automation needs this header; the others do not mind it.
        request.clone().header("Metadata", "true").token();
        assert!(endpoint.unexpected().is_empty());
        let secret = endpoint.header_value().unwrap();
        assert!(!format!("{:?}", endpoint.requests()).contains(&secret));
    }
}

#[test]
fn without_the_secret_there_is_nothing() {
    let bench = Bench::new();
    let names = ["X-IDENTITY-HEADER", "secret"];
    for ((endpoint, request), name) in [app_service(&bench), azure_ml(&bench)].iter().zip(names) {
        let wrong = cloud::guid();
        for request in [
            request.clone().without(name),
            request.clone().header(name, &wrong),
        ] {
            let reply = request.send().unwrap();
            assert_eq!(
                (reply.status, &reply.json()["statusCode"]),
                (401, &401.into())
            );
        }
        assert_eq!(endpoint.unexpected().len(), 2);
    }
}

#[test]
fn each_service_has_its_own_selectors() {
    let bench = Bench::new();
    let (client, object) = (cloud::guid(), cloud::guid());
    let (app, request) = app_service(&bench);
    app.assign_user(&client, &object, RESOURCE_ID);
    let selectors = [
        ("client_id", client.as_str()),
        ("principal_id", object.as_str()),
        ("object_id", object.as_str()),
        ("mi_res_id", RESOURCE_ID),
    ];
    for (name, id) in selectors {
        let token = request.clone().with(name, id).token();
        assert_eq!(token["client_id"], client.as_str(), "{name}");
        assert_eq!(claims(&token)["oid"], object.as_str(), "{name}");
    }
    assert!(app.unexpected().is_empty());
    let ignored = request.clone().with("msi_res_id", RESOURCE_ID).token();
    assert_eq!(
        ignored["client_id"],
        app.system().unwrap().client_id.as_str()
    );
    let two = request
        .with("client_id", &client)
        .with("object_id", &object);
    assert_eq!(two.send().unwrap().status, 400);
    assert_eq!(app.unexpected().len(), 2);

    let (ml, request) = azure_ml(&bench);
    ml.assign_user(&client, &object, RESOURCE_ID);
    let token = request.clone().with("clientid", &client).token();
    assert_eq!(token["client_id"], client.as_str());
    assert!(ml.unexpected().is_empty());
    let ignored = request.with("client_id", &client).token();
    assert_eq!(
        ignored["client_id"],
        ml.system().unwrap().client_id.as_str()
    );
    assert_eq!(ml.unexpected().len(), 1);
}

#[test]
fn without_a_system_identity_one_has_to_be_chosen() {
    let bench = Bench::new();
    for (endpoint, request) in [app_service(&bench), azure_ml(&bench)] {
        endpoint.assign_none();
        endpoint.assign_user(&cloud::guid(), &cloud::guid(), RESOURCE_ID);
        let reply = request.send().unwrap();
        assert_eq!(
            (reply.status, &reply.json()["statusCode"]),
            (400, &400.into())
        );
        assert!(reply.json()["message"]
            .as_str()
            .unwrap()
            .starts_with("No User Assigned"));
        assert!(endpoint.unexpected().is_empty());
    }
}

#[test]
fn each_wrong_request_is_refused_and_remembered() {
    let bench = Bench::new();
    let (endpoint, good) = app_service(&bench);
    let good = || good.clone();
    let post = good()
        .line("POST {} HTTP/1.1")
        .header("Content-Length", "0");
    let cases = [
        (good().with("api-version", "2017-09-01"), 400),
        (good().without("resource"), 400),
        (good().header("Via", "1.1 proxy"), 400),
        (good().header("Host", "evil.example"), 400),
        (good().path("/metadata/identity/oauth2/token"), 404),
        (post, 405),
    ];
    for (index, (request, status)) in cases.iter().enumerate() {
        let reply = request.send().unwrap();
        assert_eq!(reply.status, *status, "{}", reply.body);
        assert_eq!(reply.json()["statusCode"], *status);
        assert_eq!(endpoint.unexpected().len(), index + 1, "{}", reply.body);
    }
}

#[test]
fn an_unknown_resource_is_a_vague_error() {
    let bench = Bench::new();
    let (endpoint, request) = app_service(&bench);
    let reply = request.with("resource", "https://vault.azure.net").send();
    assert_eq!(reply.unwrap().status, 500);
    assert!(endpoint.unexpected().is_empty());
}

#[test]
fn old_platforms_write_dates() {
    let bench = Bench::new();
    let (endpoint, request) = azure_ml(&bench);
    let ends = |expiry| {
        endpoint.write_expiry(expiry);
        request.token()["expires_on"].clone()
    };
    assert!(ends(Expiry::Numbers).is_i64());
    let linux = ends(Expiry::OldLinux).as_str().unwrap().to_owned();
    let windows = ends(Expiry::OldWindows).as_str().unwrap().to_owned();
    assert!(linux.len() == 26 && linux.ends_with(" +00:00"), "{linux}");
    assert!(windows.ends_with("M +00:00"), "{windows}");
    assert!(ends(Expiry::Missing).is_null());
}

#[test]
fn statuses_pass_and_the_environment_names_the_endpoint() {
    let bench = Bench::new();
    let names = [
        ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"],
        ["MSI_ENDPOINT", "MSI_SECRET"],
    ];
    for ((endpoint, request), names) in [app_service(&bench), azure_ml(&bench)].iter().zip(names) {
        let values = [endpoint.url(), endpoint.header_value().unwrap()];
        let pairs: Vec<_> = names.map(str::to_owned).into_iter().zip(values).collect();
        assert_eq!(endpoint.environment(), pairs);
        endpoint.answer_first(&[503]);
        assert_eq!(request.send().unwrap().json()["statusCode"], 503);
        request.token();
    }
}

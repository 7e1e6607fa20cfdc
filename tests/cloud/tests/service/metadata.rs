//! What Resource Manager says of its cloud, in all its forms.

use cloud::{Metadata, National};
use serde_json::Value;

use crate::client::{Bench, Reply};

fn ask(bench: &Bench, query: &str) -> Reply {
    let host = bench.cloud.resource_manager_host();
    let path = format!("/metadata/endpoints{query}");
    bench.client.get(&host, &path, None)
}

fn document(bench: &Bench, version: &str) -> Value {
    let reply = ask(bench, &format!("?api-version={version}"));
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(
        reply.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    reply.json()
}

#[test]
fn each_version_has_its_form() {
    let bench = Bench::new();
    let all = [
        "1.0",
        "2015-01-01",
        "2019-05-01",
        "2019-10-01",
        "2020-06-01",
        "2022-09-01",
        "2023-01-01",
        "2023-11-01",
    ];
    bench.cloud.set_metadata(Metadata::default().versions(&all));
    for version in ["1.0", "2015-01-01"] {
        let flat = document(&bench, version);
        assert_eq!(
            flat["authentication"]["loginEndpoint"],
            "https://login.microsoftonline.us"
        );
        assert!(flat["galleryEndpoint"].is_string() && flat.get("suffixes").is_none());
    }
    for version in ["2019-05-01", "2019-10-01", "2020-06-01"] {
        let list = document(&bench, version);
        let names: Vec<&str> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["name"].as_str().unwrap())
            .collect();
        let expected = [
            "AzureCloud",
            "AzureChinaCloud",
            "AzureUSGovernment",
            "AzureGermanCloud",
        ];
        assert_eq!(names, expected);
        assert_eq!(list[1]["suffixes"]["keyVaultDns"], "vault.azure.cn");
        assert!(list[2].get("microsoftGraphResourceId").is_none());
    }
    for version in ["2022-09-01", "2023-01-01", "2023-11-01"] {
        let one = document(&bench, version);
        assert_eq!(one["name"], "AzureUSGovernment");
        assert_eq!(
            one["resourceManager"],
            "https://management.usgovcloudapi.net"
        );
        assert_eq!(
            one["authentication"]["audiences"][0],
            "https://management.core.usgovcloudapi.net"
        );
        assert_eq!(one["suffixes"]["keyVaultDns"], "vault.usgovcloudapi.net");
        assert_eq!(one["suffixes"]["storage"], "core.usgovcloudapi.net");
        assert_eq!(
            one["microsoftGraphResourceId"],
            "https://graph.microsoft.us/"
        );
    }
    assert!(bench.cloud.unexpected().is_empty());
}

#[test]
fn every_cloud_describes_itself() {
    for national in National::ALL {
        let bench = Bench::of(national);
        let one = document(&bench, "2022-09-01");
        let login = match national {
            National::AzureStack => "https://adfs.local.azurestack.external/adfs".to_owned(),
            _ => format!("https://{}", national.login_host()),
        };
        assert_eq!(one["authentication"]["loginEndpoint"], login);
        assert_eq!(one["suffixes"]["keyVaultDns"], national.vault_suffix());
        let list = document(&bench, "2019-05-01");
        let manager = format!("https://{}", national.resource_manager_host());
        let own = list
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["resourceManager"] == manager);
        assert_eq!(own.unwrap()["name"], one["name"]);
    }
    let stack = document(&Bench::of(National::AzureStack), "2022-09-01");
    assert_eq!(stack["authentication"]["identityProvider"], "ADFS");
    let public = document(&Bench::of(National::Public), "2022-09-01");
    assert_eq!(
        public["authentication"]["audiences"],
        serde_json::json!([
            "https://management.core.windows.net/",
            "https://management.azure.com/"
        ])
    );
}

#[test]
fn an_unknown_version_is_told_the_known_ones() {
    let bench = Bench::new();
    let reply = ask(&bench, "?api-version=2023-11-01");
    assert_eq!(reply.refusal(), "400 InvalidApiVersionParameter");
    let supported = "'2022-09-01,2020-06-01,2019-10-01,2019-05-01,2015-01-01,1.0'";
    assert!(reply.body.contains(supported), "{}", reply.body);
    assert!(bench.cloud.unexpected().is_empty());
    assert_eq!(
        ask(&bench, "?api-version=invalid").refusal(),
        "400 InvalidApiVersionParameter"
    );
    assert_eq!(ask(&bench, "").refusal(), "400 MissingApiVersionParameter");
    assert_eq!(bench.cloud.unexpected().len(), 2);
    bench
        .cloud
        .set_metadata(Metadata::default().versions(&["2015-01-01"]));
    assert_eq!(ask(&bench, "?api-version=2022-09-01").status, 400);
    assert_eq!(ask(&bench, "?api-version=2015-01-01").status, 200);
}

#[test]
fn a_credential_has_no_business_there() {
    let bench = Bench::new();
    let token = bench.token();
    let host = bench.cloud.resource_manager_host();
    let path = "/metadata/endpoints?api-version=2022-09-01";
    assert_eq!(bench.client.get(&host, path, Some(&token)).status, 200);
    assert_eq!(
        bench.cloud.unexpected()[0].unexpected,
        ["a credential sent to the metadata endpoint"]
    );
    assert_eq!(
        bench.client.get(&host, "//metadata/endpoints", None).status,
        404
    );
    assert_eq!(bench.cloud.unexpected().len(), 2);
}

#[test]
fn stamps_differ_in_details() {
    let bench = Bench::of(National::AzureStack);
    let set = |metadata: Metadata| {
        bench.cloud.set_metadata(metadata);
        document(&bench, "2022-09-01")
    };
    let dotted = set(Metadata::default().leading_dots().lower_case_vault());
    assert_eq!(
        dotted["suffixes"]["keyvaultDns"],
        ".vault.local.azurestack.external"
    );
    assert_eq!(dotted["suffixes"]["storage"], ".local.azurestack.external");
    let slashes = set(Metadata::default().trailing_slashes());
    assert_eq!(
        slashes["authentication"]["loginEndpoint"],
        "https://adfs.local.azurestack.external/adfs/"
    );
    let audience = slashes["authentication"]["audiences"][0].as_str().unwrap();
    assert_eq!(audience, National::AzureStack.management_audiences()[0]);
    let bare = set(Metadata::default()
        .without_resource_manager()
        .without_vault_suffix());
    assert!(bare.get("resourceManager").is_none());
    assert!(bare["suffixes"].get("keyVaultDns").is_none());
    let hostile = set(Metadata::default()
        .login_endpoint("https://login.evil.example/adfs")
        .audience("https://evil.example")
        .vault_suffix("vault.evil.example"));
    assert_eq!(
        hostile["authentication"]["loginEndpoint"],
        "https://login.evil.example/adfs"
    );
    assert_eq!(
        hostile["authentication"]["audiences"][0],
        "https://evil.example"
    );
    assert_eq!(hostile["suffixes"]["keyVaultDns"], "vault.evil.example");
    let wrapped = set(Metadata::default().wrapped());
    assert_eq!(wrapped["value"][0]["name"], bare["name"]);
    assert_eq!(
        document(&bench, "2019-05-01")["value"][0]["name"],
        bare["name"]
    );
}

#[test]
fn what_is_no_document_at_all() {
    let bench = Bench::new();
    let query = "?api-version=2022-09-01";
    bench
        .cloud
        .set_metadata(Metadata::default().byte_order_mark());
    let marked = ask(&bench, query);
    assert!(marked.body.starts_with("\u{feff}{"));
    bench.cloud.set_metadata(Metadata::default().unavailable());
    assert_eq!(ask(&bench, query).refusal(), "503 ServiceUnavailable");
    bench.cloud.set_metadata(Metadata::default().web_page());
    let page = ask(&bench, query);
    assert_eq!(page.status, 200);
    assert!(page
        .header("content-type")
        .unwrap()
        .starts_with("text/html"));
    assert!(bench.cloud.unexpected().is_empty());
}

//! What the authority refuses: each AADSTS code with its next step.

use cloud::{Action, Device, DeviceAuthority, Fault, Match, National};
use serde_json::{json, Value};

use crate::golden;
use crate::support::{one_secret, Run, Site};

/// A site whose device signs in by its secret.
fn site_by_secret() -> Site {
    let site = Site::new();
    let mut config = site.config(one_secret());
    config["identity"] = site.secret_identity();
    site.configure(&config);
    site
}

fn site_by_certificate() -> Site {
    let site = Site::new();
    site.configure(&site.config(one_secret()));
    site
}

#[track_caller]
fn is_refused(site: &Site, code: u32, reason: &str) -> Run {
    let run = site
        .keyferry(&["sync"])
        .exits(77)
        .says(&format!("AADSTS{code}"));
    golden::matches(site, &format!("aadsts_{code}"), &run);
    let status = site.set_status("mqtt");
    assert_eq!(
        (status["state"].as_str(), status["reason"].as_str()),
        (Some("refused"), Some(reason)),
        "AADSTS{code}"
    );
    let step = status["next_step"].as_str().unwrap();
    let last = run
        .stderr
        .lines()
        .rev()
        .find(|line| line.starts_with("error:"));
    assert_eq!(last.unwrap(), format!("error:   next: {step}"));
    run
}

#[test]
fn a_wrong_or_expired_client_secret_is_told_apart() {
    let site = site_by_secret();
    site.hide("battery staple");
    site.write("etc/secret", "battery staple\n", 0o600);
    is_refused(&site, 7_000_215, "credential");
    let site = site_by_secret();
    site.cloud
        .expire_secret_credential(&site.app, crate::support::CLIENT_SECRET);
    is_refused(&site, 7_000_222, "credential");
}

#[test]
fn an_unknown_or_disabled_app_is_told_apart() {
    let site = site_by_certificate();
    site.cloud.remove_app(&site.app);
    is_refused(&site, 700_016, "credential");
    let site = site_by_certificate();
    site.cloud.disable_app(&site.app);
    is_refused(&site, 7_000_112, "credential");
}

#[test]
fn a_tenant_that_is_not_here_is_told_apart_from_one_that_is_none() {
    let site = site_by_certificate();
    site.cloud.move_tenant_to(National::Public);
    is_refused(&site, 900_382, "cloud");
    for (tenant, code) in [
        ("00000000-1111-2222-3333-444444444444", 90_002),
        ("common.example", 90_002),
    ] {
        let site = Site::new();
        let mut config = site.config(one_secret());
        config["identity"]["tenant"] = json!(tenant);
        site.configure(&config);
        let run = site
            .keyferry(&["sync"])
            .exits(77)
            .says(&format!("AADSTS{code}"));
        run.says(&format!("tenant {tenant} is not in cloud \"usgov\""));
    }
}

#[test]
fn a_tenant_whose_domain_tells_its_cloud_is_told_so() {
    for (tenant, home) in [
        ("contoso.partner.onmschina.cn", "china"),
        ("contoso.onmicrosoft.de", "germany"),
    ] {
        let site = Site::new();
        let mut config = site.config(one_secret());
        config["identity"]["tenant"] = json!(tenant);
        site.configure(&config);
        let next =
            format!("  next: tenant {tenant} lives in cloud \"{home}\": set \"cloud\" to it");
        site.keyferry(&["sync"])
            .exits(77)
            .says("AADSTS90002")
            .says(&next);
    }
}

#[test]
fn an_unregistered_certificate_is_told() {
    let site = site_by_certificate();
    site.cloud.remove_certificates(&site.app);
    is_refused(&site, 700_027, "credential");
}

#[test]
fn a_certificate_with_a_subject_that_is_not_trusted_is_told() {
    let site = Site::new();
    let authority = DeviceAuthority::new("Factory CA");
    let device = Device::builder("gw-0043")
        .key(1)
        .issued_by(&authority)
        .build();
    site.cloud.remove_certificates(&site.app);
    site.cloud
        .trust_subject(&site.app, &authority.certificate_der(), "CN=gw-0042");
    site.write("etc/device.pem", &device.combined_pem, 0o600);
    let mut config = site.config(one_secret());
    config["identity"]["send_chain"] = json!(true);
    site.configure(&config);
    is_refused(&site, 700_030, "credential");
}

#[test]
fn a_clock_that_the_authority_cannot_help_is_told() {
    let site = site_by_certificate();
    site.cloud.fault(refusal_with(700_024, "invalid_client"));
    is_refused(&site, 700_024, "clock");
}

#[test]
fn a_code_that_passes_by_itself_is_no_refusal() {
    let site = site_by_certificate();
    site.cloud
        .fault(refusal_with(90_033, "temporarily_unavailable"));
    site.keyferry(&["sync"]).exits(69).never_says("refused");
    assert_eq!(site.set_status("mqtt")["reason"], "server");
}

/// One line a code of the protocol notes' table: sentence, reason code, next step.
#[test]
fn every_known_code_has_a_next_step() {
    let site = site_by_certificate();
    let mut table = String::new();
    for code in CODES {
        site.cloud.clear_faults();
        site.cloud.fault(refusal_with(code, "invalid_client"));
        let run = site.keyferry(&["sync"]).exits(77);
        let status = site.set_status("mqtt");
        let text = |key: &str| status[key].as_str().unwrap().to_owned();
        run.says(&format!("error: mqtt: {}", text("error")));
        table.push_str(&format!(
            "{}\n  {}\n  next: {}\n",
            text("error"),
            text("reason"),
            text("next_step")
        ));
    }
    golden::text_matches("aadsts_table", &golden::masked(&site, &table));
}

#[test]
fn an_answer_without_a_code_is_told_by_its_error() {
    let site = site_by_certificate();
    let body = json!({"error": "invalid_client", "error_description": "no number\nforged: line"});
    site.cloud.fault(status(&body));
    let run = site.keyferry(&["sync"]).exits(77).never_says("forged");
    golden::matches(&site, "aadsts_none", &run);
}

fn refusal_with(code: u32, error: &str) -> Fault {
    status(&json!({
        "error": error,
        "error_description": format!("AADSTS{code}: a text of the service. Trace ID: x"),
        "error_codes": [code],
        "timestamp": "2026-11-21 10:05:05Z",
        "trace_id": "0f0f0f0f-1111-2222-3333-444444444444",
        "correlation_id": "0f0f0f0f-5555-6666-7777-888888888888",
        "error_uri": format!("https://login.microsoftonline.us/error?code={code}"),
    }))
}

fn status(body: &Value) -> Fault {
    Fault {
        matching: Match::Token,
        action: Action::Status {
            code: 400,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_string(),
        },
        times: usize::MAX,
    }
}

/// Protocol notes 3.10, but for the codes that pass by themselves.
const CODES: [u32; 52] = [
    7_000_215, 7_000_222, 7_000_218, 700_016, 7_000_112, 700_027, 700_024, 700_030, 50_012,
    700_211, 700_212, 700_213, 70_021, 700_229, 90_002, 900_023, 90_038, 900_382, 900_432, 500_011,
    50_001, 650_057, 70_011, 1_002_012, 28_002, 700_022, 50_034, 50_126, 50_053, 50_055, 50_057,
    50_076, 50_079, 50_074, 50_072, 50_078, 50_097, 50_158, 53_000, 53_001, 53_003, 530_003,
    530_032, 530_035, 65_001, 50_105, 50_194, 9_001_023, 50_059, 700_082, 50_049, 50_196,
];

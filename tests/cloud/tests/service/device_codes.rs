//! Signing in with a code on another device.

use cloud::{DeviceAnswer, DeviceCodeForm, DeviceCodePolicy, National};
use serde_json::Value;

use crate::client::{Bench, Reply, AUDIENCE};

/// A policy without pauses, so that a test need not wait.
fn at_once(answer: DeviceAnswer) -> DeviceCodePolicy {
    DeviceCodePolicy {
        answer,
        interval: 0,
        ..DeviceCodePolicy::default()
    }
}

fn bench(policy: DeviceCodePolicy) -> Bench {
    let bench = Bench::new();
    bench.cloud.allow_public_client(&bench.app);
    bench.cloud.set_device_code(policy);
    bench
}

fn start(bench: &Bench, scope: &str) -> Reply {
    let path = format!("/{}/oauth2/v2.0/devicecode", bench.cloud.tenant());
    let fields = [
        ("client_id", bench.app.client_id.as_str()),
        ("scope", scope),
    ];
    bench.client.post(&bench.cloud.login_host(), &path, &fields)
}

fn started(bench: &Bench) -> Value {
    let reply = start(bench, &format!("{AUDIENCE}/.default"));
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()
}

fn poll(bench: &Bench, device_code: &str) -> Reply {
    bench.post(&[
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", &bench.app.client_id),
        ("device_code", device_code),
    ])
}

/// The errors of this many polls; `ok` for a token.
fn outcomes(bench: &Bench, polls: usize) -> Vec<String> {
    let code = started(bench);
    let code = code["device_code"].as_str().unwrap();
    (0..polls)
        .map(|_| match poll(bench, code) {
            reply if reply.status == 200 => "ok".to_owned(),
            reply => format!(
                "{} {}",
                reply.json()["error"].as_str().unwrap(),
                reply.code()
            ),
        })
        .collect()
}

#[test]
fn a_code_comes_with_its_page_and_pace() {
    let bench = bench(DeviceCodePolicy::default());
    let code = started(&bench);
    assert_eq!(
        code["verification_uri"],
        "https://microsoft.com/deviceloginus"
    );
    assert_eq!(
        (&code["interval"], &code["expires_in"]),
        (&5.into(), &900.into())
    );
    let user_code = code["user_code"].as_str().unwrap();
    assert_eq!(bench.cloud.device_codes(), [user_code]);
    let message = code["message"].as_str().unwrap();
    assert!(message.contains(user_code) && message.contains("deviceloginus"));
    assert!(code.get("verification_uri_complete").is_none());
    assert!(bench.cloud.unexpected().is_empty());
}

#[test]
fn every_cloud_has_its_page() {
    for national in [National::China, National::Public, National::Bleu] {
        let bench = Bench::of(national);
        let scope = format!("{}/.default", national.vault_audience());
        let expected = match national {
            National::Public => "https://microsoft.com/devicelogin",
            National::Bleu => "https://login.sovcloud-identity.fr/common/oauth2/deviceauth",
            _ => "https://login.partner.microsoftonline.cn/common/oauth2/deviceauth",
        };
        assert_eq!(start(&bench, &scope).json()["verification_uri"], expected);
    }
}

#[test]
fn polls_wait_until_the_answer() {
    let pending = "authorization_pending 70016";
    let cases = [
        (DeviceAnswer::ApproveAfter(1), "ok"),
        (DeviceAnswer::BlockAfter(1), "invalid_grant 53003"),
        (
            DeviceAnswer::DeclineAfter(1),
            "authorization_declined 70017",
        ),
        (DeviceAnswer::Pending, pending),
    ];
    for (answer, last) in cases {
        let bench = bench(at_once(answer));
        assert_eq!(outcomes(&bench, 2), [pending, last], "{answer:?}");
        assert!(bench.cloud.unexpected().is_empty());
    }
    let expired = bench(at_once(DeviceAnswer::Expire));
    assert_eq!(outcomes(&expired, 1), ["expired_token 70020"]);
    let older = bench(at_once(DeviceAnswer::CodeExpired));
    assert_eq!(outcomes(&older, 1), ["code_expired 70020"]);
}

#[test]
fn a_person_decides() {
    let bench = bench(at_once(DeviceAnswer::Pending));
    bench.cloud.vault("factory7-edge").set("a", "one");
    let code = started(&bench);
    let code = code["device_code"].as_str().unwrap();
    assert_eq!(poll(&bench, code).code(), 70016);
    bench.cloud.approve(&bench.cloud.device_codes()[0]);
    let json = poll(&bench, code).json();
    assert!(json.get("refresh_token").is_none() && json.get("id_token").is_none());
    let token = json["access_token"].as_str().unwrap();
    let read = bench.read_with("/secrets/a?api-version=7.4", Some(token));
    assert_eq!(read.json()["value"], "one");
    assert!(bench.cloud.unexpected().is_empty());

    let other = started(&bench);
    bench.cloud.decline(&bench.cloud.device_codes()[1]);
    let refused = poll(&bench, other["device_code"].as_str().unwrap());
    assert_eq!(refused.json()["error"], "authorization_declined");
}

#[test]
fn a_code_is_good_once_and_polls_end_with_it() {
    let bench = bench(at_once(DeviceAnswer::ApproveAfter(0)));
    assert_eq!(outcomes(&bench, 2), ["ok", "invalid_grant 54005"]);
    assert_eq!(
        bench.cloud.unexpected()[0].unexpected,
        ["polled after the outcome was known"]
    );
}

#[test]
fn a_hasty_client_is_slowed_down_and_remembered() {
    let bench = bench(DeviceCodePolicy {
        answer: DeviceAnswer::ApproveAfter(0),
        slow_downs: 1,
        ..at_once(DeviceAnswer::Pending)
    });
    // The first is slowed down by order; the second did not wait the five seconds more.
    let slow = "slow_down 70016";
    assert_eq!(outcomes(&bench, 2), [slow, slow]);
    let unexpected = bench.cloud.unexpected();
    assert_eq!(unexpected.len(), 1);
    assert_eq!(
        unexpected[0].unexpected,
        ["polled faster than the interval"]
    );

    let paced = self::bench(DeviceCodePolicy {
        interval: 3600,
        ..DeviceCodePolicy::default()
    });
    assert_eq!(outcomes(&paced, 2), ["authorization_pending 70016", slow]);
}

#[test]
fn codes_expire_by_the_clouds_clock() {
    let bench = bench(at_once(DeviceAnswer::ApproveAfter(0)));
    let code = started(&bench);
    bench.cloud.set_clock_offset(901);
    let reply = poll(&bench, code["device_code"].as_str().unwrap());
    assert_eq!(reply.json()["error"], "expired_token");
}

#[test]
fn numbers_may_be_strings_and_the_interval_missing() {
    let form = |form| {
        let bench = bench(DeviceCodePolicy {
            form,
            interval: 1,
            ..DeviceCodePolicy::default()
        });
        started(&bench)
    };
    let strings = form(DeviceCodeForm::Strings);
    assert_eq!(
        (&strings["interval"], &strings["expires_in"]),
        (&"1".into(), &"900".into())
    );
    let silent = form(DeviceCodeForm::NoInterval);
    assert!(silent.get("interval").is_none() && silent["expires_in"] == 900);
}

#[test]
fn strangers_and_careless_clients_are_refused() {
    let bench = bench(at_once(DeviceAnswer::ApproveAfter(0)));
    assert_eq!(start(&bench, "openid").code(), 70011);
    assert_eq!(
        start(&bench, "https://vault.azure.net/.default").code(),
        500011
    );
    assert_eq!(poll(&bench, "nonsense").code(), 70018);
    assert!(bench.cloud.unexpected().is_empty());
    let code = started(&bench);
    let code = code["device_code"].as_str().unwrap();
    let private = bench.cloud.add_app();
    let stranger = bench.cloud.add_app();
    bench.cloud.allow_public_client(&stranger);
    let as_client = |client_id: &str, secret: &str| {
        bench.post(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", client_id),
            ("client_secret", secret),
            ("device_code", code),
        ])
    };
    assert_eq!(as_client(&private.client_id, "").code(), 7000218);
    assert_eq!(as_client(&stranger.client_id, "").code(), 70018);
    assert!(bench.cloud.unexpected().is_empty());
    assert_eq!(as_client(&bench.app.client_id, "s~e+c/r&t").status, 200);
    let scope = format!("{AUDIENCE}/.default offline_access openid");
    assert_eq!(start(&bench, &scope).status, 200);
    let unexpected: Vec<Vec<String>> = bench
        .cloud
        .unexpected()
        .into_iter()
        .map(|record| record.unexpected)
        .collect();
    assert_eq!(
        unexpected,
        [
            ["a client credential in a flow for public clients"],
            ["asked for a refresh token"]
        ]
    );
}

//! Tokens for people who give their client a password.

use cloud::National;

use crate::client::{Bench, Reply, AUDIENCE};

const NAME: &str = "worker@plant7.example";
const PASSWORD: &str = "pass & word+";

fn bench() -> Bench {
    let bench = Bench::new();
    bench.cloud.allow_public_client(&bench.app);
    bench.cloud.add_user(NAME, PASSWORD);
    bench
}

fn sign_in(bench: &Bench, name: &str, password: &str) -> Reply {
    ask(
        bench,
        name,
        password,
        &format!("{AUDIENCE}/.default openid"),
    )
}

fn ask(bench: &Bench, name: &str, password: &str, scope: &str) -> Reply {
    bench.post(&[
        ("grant_type", "password"),
        ("client_id", &bench.app.client_id),
        ("scope", scope),
        ("username", name),
        ("password", password),
    ])
}

#[test]
fn a_password_gives_a_persons_token() {
    let bench = bench();
    bench.cloud.vault("factory7-edge").set("a", "one");
    let reply = sign_in(&bench, "Worker@Plant7.example", PASSWORD);
    let json = reply.json();
    assert_eq!(
        json["scope"],
        format!("{AUDIENCE}/user_impersonation {AUDIENCE}/.default")
    );
    assert_eq!(json["expires_in"], 3599);
    assert!(json["id_token"].is_string() && json.get("refresh_token").is_none());
    let token = json["access_token"].as_str().unwrap();
    let read = bench.read_with("/secrets/a?api-version=7.4", Some(token));
    assert_eq!(read.json()["value"], "one");
    let identity = json["id_token"].as_str().unwrap();
    let read = bench.read_with("/secrets/a?api-version=7.4", Some(identity));
    assert!(read.body.contains("AKV10022"));
    assert!(bench.cloud.unexpected().is_empty());
}

#[test]
fn each_refusal_has_its_code() {
    let bench = bench();
    bench.cloud.add_user("boss@plant7.example", "secret");
    bench.cloud.require_mfa("boss@plant7.example");
    let cases = [
        ("nobody@plant7.example", PASSWORD, 50034),
        (NAME, "wrong", 50126),
        ("boss@plant7.example", "secret", 50076),
        ("boss@plant7.example", "wrong", 50126),
        (NAME, "", 900144),
    ];
    for (name, password, code) in cases {
        let reply = sign_in(&bench, name, password);
        assert_eq!((reply.status, reply.code()), (400, code), "{name}");
        let expected = match code {
            900144 => "invalid_request",
            _ => "invalid_grant",
        };
        assert_eq!(reply.json()["error"], expected);
    }
    let scopes = [
        (
            format!("{AUDIENCE}/.default https://graph.microsoft.us/.default"),
            700022,
        ),
        ("openid profile".to_owned(), 70011),
        ("https://vault.azure.net/.default".to_owned(), 500011),
    ];
    for (scope, code) in scopes {
        assert_eq!(ask(&bench, NAME, PASSWORD, &scope).code(), code, "{scope}");
    }
    assert!(bench.cloud.unexpected().is_empty());
}

#[test]
fn wrong_passwords_lock_the_account() {
    let bench = bench();
    bench.cloud.set_lockout(2);
    assert_eq!(sign_in(&bench, NAME, "wrong").code(), 50126);
    assert_eq!(sign_in(&bench, NAME, PASSWORD).status, 200);
    for _ in 0..2 {
        assert_eq!(sign_in(&bench, NAME, "wrong").code(), 50126);
    }
    assert_eq!(sign_in(&bench, NAME, PASSWORD).code(), 50053);
}

#[test]
fn the_client_must_be_public_or_prove_itself() {
    let bench = Bench::new();
    bench.cloud.add_user(NAME, PASSWORD);
    let refused = sign_in(&bench, NAME, PASSWORD);
    assert_eq!((refused.status, refused.code()), (401, 7000218));
    let scope = format!("{AUDIENCE}/.default");
    let with = |secret: &str| {
        bench.post(&[
            ("grant_type", "password"),
            ("client_id", &bench.app.client_id),
            ("client_secret", secret),
            ("scope", &scope),
            ("username", NAME),
            ("password", PASSWORD),
        ])
    };
    assert_eq!(with("s~e+c/r&t").status, 200);
    assert_eq!(with("wrong").code(), 7000215);
}

#[test]
fn a_refresh_token_is_given_and_remembered() {
    let bench = bench();
    let scope = format!("{AUDIENCE}/.default offline_access");
    let json = ask(&bench, NAME, PASSWORD, &scope).json();
    assert!(json["refresh_token"].is_string() && json.get("id_token").is_none());
    assert_eq!(
        bench.cloud.unexpected()[0].unexpected,
        ["asked for a refresh token"]
    );
}

#[test]
fn a_public_client_is_told_otherwise_of_a_moved_tenant() {
    let bench = bench();
    bench.cloud.move_tenant_to(National::China);
    assert_eq!(sign_in(&bench, NAME, PASSWORD).code(), 90038);
    assert_eq!(bench.post_changed(&[]).code(), 900382);
    let tenant = bench.cloud.tenant();
    bench.cloud.remove_tenant(&tenant);
    assert_eq!(sign_in(&bench, NAME, PASSWORD).code(), 90002);
}

#[test]
fn a_removed_resource_is_unknown() {
    let bench = bench();
    bench.cloud.remove_resource(AUDIENCE);
    assert_eq!(sign_in(&bench, NAME, PASSWORD).code(), 500011);
    assert_eq!(bench.post_changed(&[]).code(), 500011);
}

#[test]
fn ad_fs_says_less() {
    let bench = Bench::of(National::AzureStack);
    bench.cloud.add_user(NAME, PASSWORD);
    let ask = |password: &str| {
        bench.post(&[
            ("grant_type", "password"),
            ("client_id", &bench.app.client_id),
            ("resource", "https://vault.local.azurestack.external"),
            ("username", NAME),
            ("password", password),
        ])
    };
    assert!(ask(PASSWORD).body.contains("MSIS9622"));
    bench.cloud.allow_public_client(&bench.app);
    assert_eq!(ask(PASSWORD).status, 200);
    let refused = ask("wrong");
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.json()["error_description"],
        "MSIS9659: Invalid 'username' or 'password'."
    );
}

#[test]
fn the_realm_of_a_name_can_be_asked() {
    let bench = bench();
    let host = bench.cloud.login_host();
    let realm = |name: &str| {
        let path = format!("/common/userrealm/{name}?api-version=1.0");
        bench.client.get(&host, &path, None).json()["account_type"].take()
    };
    assert_eq!(realm("worker%40plant7.example"), "Managed");
    assert_eq!(realm("nobody@plant7.example"), "Unknown");
}

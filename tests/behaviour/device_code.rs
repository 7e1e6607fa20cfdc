//! Sign-in of a person by device code: what they see, how the device waits, what stays.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};

use cloud::{Action, DeviceAnswer, DeviceCodeForm, DeviceCodePolicy, Fault, Match};
use serde_json::{json, Value};

use crate::golden;
use crate::support::{access, has_tool, on_a_terminal, Site};

const PERSON: &str = "worker@plant7.example";
const NOWHERE: [PathBuf; 0] = [];
const SIGN_IN: [&str; 2] = ["sync", "--sign-in"];

/// A policy under which nobody waits longer than needed.
fn policy(answer: DeviceAnswer) -> DeviceCodePolicy {
    DeviceCodePolicy {
        answer,
        interval: 1,
        ..DeviceCodePolicy::default()
    }
}

/// A site whose only identity is a person's.
fn site(answer: DeviceAnswer) -> Site {
    let site = Site::with_one_secret();
    site.cloud.allow_public_client(&site.app);
    site.cloud.add_user(PERSON, "battery staple");
    site.cloud.set_device_code(policy(answer));
    site.identify(device_code(&site));
    site
}

fn device_code(site: &Site) -> Value {
    json!({
        "type": "device_code",
        "tenant": site.cloud.tenant(),
        "client_id": site.app.client_id,
    })
}

/// The files below `directory` whose content holds `text`.
fn holding(directory: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if String::from_utf8_lossy(&fs::read(&path).unwrap()).contains(text) {
            found.push(path);
        }
    }
    found
}

/// Faults of the token endpoint, one after the other.
fn polls_meet(site: &Site, actions: impl IntoIterator<Item = Action>) {
    for action in actions {
        site.cloud.fault(Fault {
            matching: Match::Token,
            action,
            times: 1,
        });
    }
}

fn reply(code: u16, body: &Value) -> Action {
    Action::Status {
        code,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: body.to_string(),
    }
}

#[test]
fn a_person_signs_in_and_nothing_of_it_stays() {
    let site = site(DeviceAnswer::ApproveAfter(1));
    site.cloud.set_device_code(DeviceCodePolicy {
        form: DeviceCodeForm::Strings,
        ..policy(DeviceAnswer::ApproveAfter(1))
    });
    let run = site.keyferry(&SIGN_IN).exits(0);
    let code = site.cloud.device_codes().remove(0);
    let told = run.stderr.replace(&code, "CODE");
    golden::text_matches("device_code", &golden::masked(&site, &told));
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
    for text in ["eyJ", PERSON, &code] {
        assert_eq!(holding(&site.path(""), text), NOWHERE, "{text}");
    }
    let identity = site.status()["identity"].clone();
    let text = format!("a person, by device code of {}", site.app.client_id);
    assert_eq!(
        (identity["text"].as_str(), identity["position"].as_u64()),
        (Some(text.as_str()), Some(1))
    );
    site.assert_well_behaved();
}

#[test]
fn a_run_without_the_person_says_so_before_any_request() {
    let site = site(DeviceAnswer::ApproveAfter(0));
    let run = site.keyferry(&["sync"]).exits(77);
    run.says("error: mqtt: a person must sign in, and nobody was asked to")
        .says("next: run `keyferry sync --sign-in`");
    assert_eq!(site.cloud.connections(), 0);
    let status = site.set_status("mqtt");
    assert_eq!(
        (status["state"].as_str(), status["reason"].as_str()),
        (Some("refused"), Some("credential"))
    );
    site.keyferry(&SIGN_IN).exits(0);
    site.keyferry(&["sync"]).exits(77);
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter2");
}

#[test]
fn a_kept_token_serves_later_runs_until_it_is_refused() {
    let site = site(DeviceAnswer::ApproveAfter(0));
    site.keyferry(&["sync", "--sign-in", "--keep-token"])
        .exits(0);
    let kept = holding(&site.path(""), "eyJ");
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(kept[0].parent().unwrap(), site.path("run"));
    assert!(access(&kept[0]).starts_with("100600 "));
    assert_eq!(holding(&site.path(""), PERSON), NOWHERE);
    site.cloud.reset_log();
    site.keyferry(&["sync"]).exits(0).never_says("fallback");
    let hosts: Vec<String> = requests(&site, "").map(|(host, _)| host).collect();
    assert_eq!(hosts, [site.vault.host()]);
    // Who asks for a person gets one.
    site.keyferry(&SIGN_IN).exits(0).says("signed in as");
    assert_eq!(site.cloud.device_codes().len(), 2);
    site.cloud.revoke_tokens();
    site.keyferry(&["sync"])
        .exits(77)
        .says("a person must sign in");
    assert_eq!(holding(&site.path(""), "eyJ"), NOWHERE);
}

#[test]
fn each_end_of_a_sign_in_has_its_own_sentence_and_next_step() {
    let again = "next: run `keyferry sync --sign-in` again and";
    for (answer, said, next) in [
        (
            DeviceAnswer::DeclineAfter(1),
            "mqtt: the person declined the sign-in",
            "accept the sign-in",
        ),
        (
            DeviceAnswer::Expire,
            "mqtt: nobody signed in while the code was valid",
            "enter the new code in time",
        ),
        (
            DeviceAnswer::CodeExpired,
            "mqtt: nobody signed in while the code was valid",
            "enter the new code in time",
        ),
    ] {
        let site = site(answer);
        let run = site.keyferry(&SIGN_IN).exits(77).says(said);
        run.says(&format!("{again} {next}"));
        assert_eq!(site.set_status("mqtt")["reason"], "credential");
        assert_eq!(site.cloud.device_codes().len(), 1, "nobody is asked twice");
        site.assert_well_behaved();
    }
    let site = site(DeviceAnswer::Pending);
    polls_meet(
        &site,
        [reply(400, &json!({"error": "bad_verification_code"}))],
    );
    let run = site.keyferry(&SIGN_IN).exits(77);
    run.says("the authority does not know the sign-in's code any more")
        .says(&format!("{again} enter the new code once"));
}

#[test]
fn a_code_that_nobody_enters_ends_the_wait() {
    let site = site(DeviceAnswer::Pending);
    site.cloud.set_device_code(DeviceCodePolicy {
        expires_in: 3,
        ..policy(DeviceAnswer::Pending)
    });
    let run = site
        .keyferry(&SIGN_IN)
        .exits(77)
        .says("valid for 3 seconds");
    run.says("nobody signed in while the code was valid");
    let polls = requests(&site, "/token").count();
    assert!((1..=2).contains(&polls), "{polls}");
    site.assert_well_behaved();
}

#[test]
fn slow_down_is_obeyed_for_good() {
    let site = site(DeviceAnswer::ApproveAfter(1));
    site.cloud.set_device_code(DeviceCodePolicy {
        slow_downs: 1,
        ..policy(DeviceAnswer::ApproveAfter(1))
    });
    site.keyferry(&SIGN_IN).exits(0);
    // The cloud itself notes polls that come faster than it asked for.
    site.assert_well_behaved();
    assert_eq!(requests(&site, "/token").count(), 3);
}

/// Neither the run's time nor its requests are the person's: both are spent three times here.
#[test]
fn the_wait_goes_on_through_network_drops_and_past_the_deadline() {
    let site = site(DeviceAnswer::ApproveAfter(2));
    let mut config =
        site.config(json!({"mqtt": {"files": {"password": {"secret": "mqtt-password"}}}}));
    config["identity"] = device_code(&site);
    config["network"]["deadline"] = json!("4s");
    config["network"]["max_requests"] = json!(2);
    site.configure(&config);
    let busy = Action::Status {
        code: 503,
        headers: Vec::new(),
        body: String::new(),
    };
    polls_meet(&site, [Action::Reset, busy]);
    let run = site.keyferry(&SIGN_IN).exits(0);
    let warnings = run.stderr.matches("still waiting for the sign-in").count();
    assert_eq!(warnings, 1, "{}", run.stderr);
    let run = site.status()["run"].clone();
    assert_eq!(run["requests"], 7, "code, five polls, secret");
    assert!(run["milliseconds"].as_u64().unwrap() > 8000, "{run}");
    site.assert_well_behaved();
}

#[test]
fn a_network_that_stays_away_is_told_and_not_the_person() {
    let site = site(DeviceAnswer::Pending);
    site.cloud.set_device_code(DeviceCodePolicy {
        expires_in: 2,
        ..policy(DeviceAnswer::Pending)
    });
    site.cloud.fault(Fault {
        matching: Match::Token,
        action: Action::CutBeforeReply,
        times: usize::MAX,
    });
    let run = site.keyferry(&SIGN_IN).exits(69);
    run.says("the connection was closed before the reply was complete")
        .never_says("nobody signed in");
}

/// What the person would be shown is refused before they see it.
#[test]
fn a_reply_without_a_usable_code_or_address_is_refused() {
    let good = json!({
        "user_code": "ABCD-EFGH", "device_code": "d", "expires_in": 900, "interval": 1,
        "verification_uri": "https://microsoft.com/devicelogin",
    });
    let with = |key: &str, value: Value| {
        let mut reply = good.clone();
        reply[key] = value;
        reply
    };
    let without = |key: &str| {
        let mut reply = good.clone();
        reply.as_object_mut().unwrap().remove(key);
        reply
    };
    let address = "verification_uri";
    let complete = "verification_uri_complete";
    for body in [
        json!([]),
        without("user_code"),
        without("device_code"),
        without(address),
        with(address, json!("http://microsoft.com/devicelogin")),
        with(address, json!("https://microsoft.com@evil.example/")),
        with(address, json!("https://microsoft.com:8443/devicelogin")),
        with(address, json!("https://micro\u{1b}[2Jsoft.com/")),
        with(address, json!("https://microsoft.com/a b")),
        with(
            address,
            json!(format!("https://a.example/{}", "a".repeat(200))),
        ),
        with(complete, json!("javascript:alert(1)")),
        with("user_code", json!("ABCD\nEFGH")),
        with("user_code", json!("")),
        with("user_code", json!("A".repeat(33))),
        with("device_code", json!(7)),
    ] {
        let site = site(DeviceAnswer::ApproveAfter(0));
        site.cloud.fault(Fault {
            matching: Match::Path("devicecode".to_owned()),
            action: reply(200, &body),
            times: 1,
        });
        let run = site.keyferry(&SIGN_IN).exits(65).never_says("To sign in");
        let run = run.never_says("evil").never_says("\u{1b}");
        run.says(&format!("mqtt: {}: ", site.cloud.login_host()));
        assert_eq!(requests(&site, "/token").count(), 0, "{body}");
    }
}

#[test]
fn what_is_no_reply_of_the_authority_is_told() {
    for (matching, action, said) in [
        (
            Match::Path("devicecode".to_owned()),
            Action::HtmlPage,
            "something else than its JSON (text/html",
        ),
        (
            Match::Path("devicecode".to_owned()),
            Action::Redirect("https://evil.example/".to_owned()),
            "redirect",
        ),
        (
            Match::Token,
            Action::HtmlPage,
            "something else than its JSON (text/html",
        ),
        (
            Match::Token,
            reply(200, &json!({"access_token": "", "expires_in": 60})),
            "sent a token reply without a usable token",
        ),
    ] {
        let site = site(DeviceAnswer::ApproveAfter(0));
        site.cloud.fault(Fault {
            matching,
            action,
            times: usize::MAX,
        });
        site.keyferry(&SIGN_IN).exits(65).says(said);
    }
}

#[test]
fn what_the_tenant_forbids_is_told_with_what_to_allow() {
    let blocked = site(DeviceAnswer::BlockAfter(0));
    let run = blocked.keyferry(&SIGN_IN).exits(77).says("AADSTS53003");
    run.says("the device code flow");
    assert_eq!(blocked.set_status("mqtt")["reason"], "policy");
    let site = Site::with_one_secret();
    site.cloud
        .set_device_code(policy(DeviceAnswer::ApproveAfter(0)));
    site.identify(device_code(&site));
    let run = site.keyferry(&SIGN_IN).exits(77).says("AADSTS7000218");
    run.says(&format!(
        "next: allow public client flows for app {}",
        site.app.client_id
    ));
}

#[test]
fn beside_other_identities_a_person_is_asked_only_on_request() {
    let site = site(DeviceAnswer::ApproveAfter(0));
    site.identify(json!([device_code(&site), site.certificate_identity()]));
    let run = site.keyferry(&["sync"]).exits(0).never_says("fallback");
    run.never_says("To sign in");
    let identity = site.status()["identity"].clone();
    assert_eq!(identity["text"], "certificate gw-0042");
    assert_eq!(identity["position"], 1);
    site.keyferry(&SIGN_IN).exits(0).says("signed in as");
    // Refused by the authority, and nobody there to ask: the refusal is what counts.
    site.cloud.remove_certificates(&site.app);
    site.cloud.revoke_tokens();
    site.keyferry(&["sync"]).exits(77).says("AADSTS700027");
}

#[test]
fn the_words_of_a_sign_in_must_fit() {
    let site = Site::with_one_secret();
    let run = site.keyferry(&SIGN_IN).exits(64);
    run.says("--sign-in wants an identity of type \"device_code\"; add {\"type\"");
    for (words, said) in [
        (
            &["sync", "--sign-in", "--offline"],
            "--offline and --sign-in exclude each other",
        ),
        (
            &["sync", "--keep-token", "--dry-run"],
            "--keep-token goes with --sign-in",
        ),
    ] {
        site.keyferry(words).exits(64).says(said);
    }
    assert_eq!(site.cloud.connections(), 0);
}

#[test]
fn check_warns_where_only_a_person_can_sign_in() {
    let site = site(DeviceAnswer::Pending);
    site.keyferry(&["check"])
        .exits(0)
        .says("warning: every identity is of type \"device_code\"");
    site.identify(json!([device_code(&site), site.certificate_identity()]));
    site.keyferry(&["check"])
        .exits(0)
        .never_says("every identity is of type");
    assert_eq!(site.cloud.connections(), 0);
}

#[test]
fn json_on_standard_output_is_not_disturbed() {
    let site = site(DeviceAnswer::ApproveAfter(0));
    let run = site
        .keyferry(&["sync", "--sign-in", "--json", "--log", "error"])
        .exits(0);
    let status: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(status["run"]["exit_code"], 0);
    let code = site.cloud.device_codes().remove(0);
    assert!(run.stderr.contains(&code), "{}", run.stderr);
}

#[test]
fn a_terminal_shows_a_picture_where_it_can() {
    if !has_tool("script") || !has_tool("stty") {
        return;
    }
    const WHITE_ON_BLACK: &str = "\u{1b}[40;97m";
    for (environment, columns, drawn) in [
        (&[("LANG", "C.UTF-8")][..], 80, true),
        (&[("LC_ALL", "de_DE.utf8"), ("LANG", "C")], 37, true),
        (&[("LANG", "C.UTF-8")], 36, false),
        (&[("LC_ALL", "C"), ("LANG", "C.UTF-8")], 80, false),
        (&[], 80, false),
        (&[("LANG", "C.UTF-8"), ("NO_COLOR", "1")], 80, false),
        (&[("LANG", "C.UTF-8"), ("TERM", "dumb")], 80, false),
    ] {
        let site = site(DeviceAnswer::ApproveAfter(0));
        let told = on_a_terminal(&site, &SIGN_IN, columns, environment);
        assert!(told.contains(&site.cloud.device_codes()[0]), "{told}");
        let lines: Vec<&str> = told
            .lines()
            .filter_map(|line| line.strip_prefix(WHITE_ON_BLACK))
            .collect();
        assert_eq!(lines.is_empty(), !drawn, "{environment:?} {columns}");
        let picture: String = lines
            .into_iter()
            .map(|line| {
                line.trim_end()
                    .strip_suffix("\u{1b}[0m")
                    .unwrap()
                    .to_owned()
                    + "\n"
            })
            .collect();
        if drawn {
            // Read by zbarimg when it was made; the address is always the same.
            golden::text_matches("device_code_picture", &picture);
        }
    }
}

#[test]
fn a_signal_ends_the_wait_and_frees_the_lock() {
    let site = site(DeviceAnswer::Pending);
    site.cloud.set_device_code(DeviceCodePolicy {
        interval: 60,
        expires_in: 60,
        ..policy(DeviceAnswer::Pending)
    });
    let mut command = site.command(&SIGN_IN);
    command.stdout(std::process::Stdio::piped());
    command.stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut told = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("waiting") {
        line.clear();
        assert!(std::io::BufRead::read_line(&mut told, &mut line).unwrap() > 0);
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(15));
    site.keyferry(&["sync"])
        .exits(77)
        .says("a person must sign in");
}

/// Host and path of the requests whose path ends so.
fn requests<'a>(site: &Site, end: &'a str) -> impl Iterator<Item = (String, String)> + 'a {
    let requests = site.cloud.requests().into_iter();
    requests
        .map(|request| (request.host, request.path))
        .filter(move |(_, path)| path.ends_with(end))
}

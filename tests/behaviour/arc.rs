//! Azure Arc: the agent's challenge, its key file, and the identity that it names.

use std::path::Path;
use std::time::Duration;

use cloud::{Action, ArcAgent, ArcChallenge, Fault, MachineEndpoint, Match};
use serde_json::json;

use crate::managed_identity::*;
use crate::namespace;

#[test]
fn the_agent_of_arc_delivers_for_the_machine_and_a_chosen_identity() {
    let name = "arc::the_agent_of_arc_delivers_for_the_machine_and_a_chosen_identity";
    if !namespace::entered(name, ARC_MACHINE) {
        return;
    }
    let site = site(json!({}));
    let agent = MachineEndpoint::arc_at(&site.cloud, Path::new(TOKENS), "127.0.0.1:40342").unwrap();
    assign_user(&agent);
    // By the agent's program alone, by the variables of its package, and by name.
    for (source, variables) in [
        ("auto", Vec::new()),
        ("auto", agent.environment()),
        ("arc", Vec::new()),
    ] {
        set_identity(&site, json!({ "source": source }));
        std::fs::remove_dir_all(site.path("run")).ok();
        site.run(site.command(&["sync", "--log", "debug"]).envs(variables))
            .exits(0);
        let told = "managed identity of this machine (Azure Arc)";
        assert_eq!(site.status()["identity"]["text"], told);
    }
    for (answer, key, id, told) in [
        (ArcAgent::Current, "client_id", CLIENT, CLIENT),
        (ArcAgent::Current, "object_id", OBJECT, OBJECT),
        (ArcAgent::OtherCase, "client_id", CLIENT, CLIENT),
        (ArcAgent::OtherCase, "resource_id", RESOURCE, "gateways"),
    ] {
        agent.set_agent(answer);
        set_identity(&site, json!({ "source": "arc", key: id }));
        std::fs::remove_dir_all(site.path("run")).ok();
        delivers(
            &site,
            &agent,
            &format!("managed identity {told} (Azure Arc)"),
        );
    }
    // Each token took two requests, and was kept for the next run.
    let before = agent.requests().len();
    assert_eq!(before, 2 * 7);
    sync_on(&site, &agent).exits(0);
    assert_eq!(agent.requests().len(), before);
    // A key is good for one request: after one that was cut off, there is a new one.
    agent.reset_log();
    for action in [Action::Delay(Duration::ZERO), Action::CutAfter(9)] {
        agent.fault(Fault {
            matching: Match::Any,
            action,
            times: 1,
        });
    }
    std::fs::remove_dir_all(site.path("run")).ok();
    sync_on(&site, &agent).exits(0);
    assert_eq!(agent.requests().len(), 4);
    agent.answer_first(&[429]);
    std::fs::remove_dir_all(site.path("run")).ok();
    sync_on(&site, &agent).exits(0);
    well_asked(&agent);
}

#[test]
fn an_old_agent_of_arc_does_not_pass_for_the_chosen_identity() {
    let name = "arc::an_old_agent_of_arc_does_not_pass_for_the_chosen_identity";
    if !namespace::entered(name, ARC_MACHINE) {
        return;
    }
    let site = site(json!({"source": "arc", "client_id": CLIENT}));
    let agent = MachineEndpoint::arc(&site.cloud, Path::new(TOKENS)).unwrap();
    assign_user(&agent);
    agent.set_agent(ArcAgent::Old);
    let run = sync_on(&site, &agent).exits(65);
    run.says("(Azure Arc): the answer does not name the identity of client_id")
        .says("next: update the agent");
    assert_eq!(site.set_status("mqtt")["reason"], "reply");
    assert!(site.cloud.requests().is_empty());
}

/// Whoever plays the agent gets no file's content but that of the agent's own keys.
#[test]
fn a_challenge_that_breaks_a_rule_is_not_answered() {
    let name = "arc::a_challenge_that_breaks_a_rule_is_not_answered";
    if !namespace::entered(name, ARC_MACHINE) {
        return;
    }
    let site = site(json!({"source": "arc"}));
    let agent = MachineEndpoint::arc(&site.cloud, Path::new(TOKENS)).unwrap();
    for (challenge, said) in [
        (ArcChallenge::Directory, "names what is no regular file"),
        (
            ArcChallenge::Dots,
            "names a file outside of the agent's directory",
        ),
        (ArcChallenge::Empty, "names a file that holds no key"),
        (ArcChallenge::Fifo, "names what is no regular file"),
        (
            ArcChallenge::Header(format!("Bearer realm={TOKENS}/a.key")),
            "names no key file",
        ),
        (
            ArcChallenge::Header("Basic realm=/etc/passwd".to_owned()),
            "names a file outside of the agent's directory",
        ),
        (
            ArcChallenge::Immediate,
            "is missing: it gives a token to anybody",
        ),
        (ArcChallenge::LineBreak, "names a file that holds no key"),
        (ArcChallenge::Missing, "names a key file that is not there"),
        (
            ArcChallenge::NoExtension,
            "names a file that does not end in .key",
        ),
        (ArcChallenge::NoRealm, "names no key file"),
        (
            ArcChallenge::Outside,
            "names a file outside of the agent's directory",
        ),
        (ArcChallenge::Symlink, "names what is no regular file"),
        (
            ArcChallenge::TooLarge,
            "names a file that is longer than 4096 bytes",
        ),
    ] {
        agent.reset_log();
        agent.challenge_with(challenge);
        let run = sync_on(&site, &agent).exits(65);
        run.says(&format!("(Azure Arc): the agent's challenge {said}"))
            .says("next: look what listens at the agent's address");
        assert_eq!(site.set_status("mqtt")["reason"], "reply");
        // There is no second request, which would carry what was read.
        assert_eq!(agent.requests().len(), 1, "{said}");
        well_asked(&agent);
    }
    assert!(site.cloud.requests().is_empty());
}

/// Neither by a link in the place of the agent's directory.
#[test]
fn the_agents_directory_is_not_reached_through_a_link() {
    let name = "arc::the_agents_directory_is_not_reached_through_a_link";
    let script = "mount -t tmpfs none /var/opt; mkdir -p /var/opt/elsewhere/tokens; \
                  ln -s elsewhere /var/opt/azcmagent";
    if !namespace::entered(name, script) {
        return;
    }
    let site = site(json!({"source": "arc"}));
    let agent = MachineEndpoint::arc(&site.cloud, Path::new(TOKENS)).unwrap();
    let real = "/var/opt/elsewhere/tokens";
    std::fs::write(format!("{real}/a.key"), "bait").unwrap();
    agent.challenge_with(ArcChallenge::Header(format!("Basic realm={TOKENS}/a.key")));
    let run = sync_on(&site, &agent).exits(65);
    run.says("/var/opt/azcmagent is a symbolic link to elsewhere");
    assert_eq!(agent.requests().len(), 1);
}

#[test]
fn a_key_that_this_user_cannot_read_says_which_group_to_join() {
    let name = "arc::a_key_that_this_user_cannot_read_says_which_group_to_join";
    if !namespace::entered(name, ARC_MACHINE) {
        return;
    }
    let site = site(json!({"source": "arc"}));
    let agent = MachineEndpoint::arc(&site.cloud, Path::new(TOKENS)).unwrap();
    site.give_to(65_534);
    let mut command = site.command_as(65_534, &["sync"]);
    let run = site.run(command.envs(variables(&agent))).exits(78);
    run.says(&format!("(Azure Arc): the agent's key {TOKENS}/"))
        .says("cannot be read")
        .says(
            "next: add the service's user to group himds (SupplementaryGroups=himds in a drop-in",
        );
    assert_eq!(site.set_status("mqtt")["reason"], "permission");
    assert_eq!(agent.requests().len(), 1);
}

const TOKENS: &str = "/var/opt/azcmagent/tokens";
/// Makes the machine look like one with the agent.
const ARC_MACHINE: &str = "mount -t tmpfs none /var/opt; mkdir -p /var/opt/azcmagent/tokens; \
                           mount -t tmpfs none /opt; mkdir -p /opt/azcmagent/bin; \
                           touch /opt/azcmagent/bin/himds";

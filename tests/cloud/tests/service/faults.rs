//! Faults: each goes wrong in its own way, as often as ordered, for the requests it is meant for.

use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

use cloud::{Action, Fault, Match};

use crate::client::Bench;

const PATH: &str = "/secrets/a?api-version=7.4";

fn bench() -> Bench {
    let bench = Bench::new();
    bench.cloud.vault("factory7-edge").set("a", "one");
    bench
}

fn set(bench: &Bench, action: Action) {
    bench.cloud.fault(Fault {
        matching: Match::Path("/secrets/a".to_owned()),
        action,
        times: 1,
    });
}

/// The next read, which the fault hits, on a connection of its own.
fn spoiled(bench: &Bench, action: Action) -> std::io::Result<crate::client::Reply> {
    let token = bench.token();
    set(bench, action);
    let mut session = bench.client.open(&bench.cloud.vault_host("factory7-edge"));
    let reply = session.get(PATH, Some(&token));
    assert_eq!(bench.read(PATH).json()["value"], "one", "the fault lasted");
    reply
}

#[test]
fn replaced_replies() {
    let bench = bench();
    let unavailable = Action::Status {
        code: 503,
        headers: vec![("retry-after".to_owned(), "7".to_owned())],
        body: "busy".to_owned(),
    };
    let reply = spoiled(&bench, unavailable).unwrap();
    assert_eq!(
        (reply.status, reply.header("retry-after")),
        (503, Some("7"))
    );
    let reply = spoiled(&bench, Action::HtmlPage).unwrap();
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("text/html"))
    );
    let reply = spoiled(&bench, Action::Redirect("https://evil.example/".to_owned())).unwrap();
    assert_eq!(
        (reply.status, reply.header("location")),
        (302, Some("https://evil.example/"))
    );
    let reply = spoiled(&bench, Action::Huge(3_000_000)).unwrap();
    assert_eq!(reply.body.len(), 3_000_000);
    assert_eq!(
        reply.json()["value"].as_str().unwrap().len(),
        3_000_000 - 12
    );
    let reply = spoiled(&bench, Action::BadJson).unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&reply.body).is_err());
    assert!(bench.cloud.unexpected().is_empty());
}

#[test]
fn broken_connections() {
    let bench = bench();
    let cut = spoiled(&bench, Action::CutAfter(10)).unwrap_err();
    assert_eq!(cut.kind(), ErrorKind::UnexpectedEof);
    let closed = spoiled(&bench, Action::CutBeforeReply).unwrap_err();
    assert_eq!(closed.kind(), ErrorKind::UnexpectedEof);
    let reset = spoiled(&bench, Action::Reset).unwrap_err();
    assert_eq!(reset.kind(), ErrorKind::ConnectionReset);
    assert!(spoiled(&bench, Action::Garbage).is_err());
    let statuses: Vec<u16> = bench
        .cloud
        .requests()
        .iter()
        .filter(|record| record.fault.is_some())
        .map(|record| record.status)
        .collect();
    assert_eq!(statuses, [200, 0, 0, 0]);
}

#[test]
fn a_wrong_length_leaves_bytes_behind() {
    let bench = bench();
    let token = bench.token();
    set(&bench, Action::WrongContentLength);
    let mut session = bench.client.open(&bench.cloud.vault_host("factory7-edge"));
    let reply = session.get(PATH, Some(&token)).unwrap();
    let mut rest = [0; 16];
    session.stream.read_exact(&mut rest).unwrap();
    assert!(!reply.body.ends_with('}') && reply.body.starts_with("{\"value\":\"one\""));
}

#[test]
fn slow_and_late_replies_arrive_whole() {
    let bench = bench();
    let pause = Duration::from_millis(20);
    let begun = Instant::now();
    let slow = Action::Slow { bytes: 200, pause };
    assert_eq!(spoiled(&bench, slow).unwrap().status, 200);
    assert_eq!(spoiled(&bench, Action::Delay(pause)).unwrap().status, 200);
    assert!(begun.elapsed() >= 4 * pause);
}

#[test]
fn a_delay_does_not_outlive_the_cloud() {
    let bench = bench();
    let token = bench.token();
    set(&bench, Action::Delay(Duration::from_secs(3600)));
    let mut session = bench.client.open(&bench.cloud.vault_host("factory7-edge"));
    let cloud = bench.cloud;
    std::thread::scope(|scope| {
        let waiting = scope.spawn(move || session.get(PATH, Some(&token)));
        while !cloud.requests().iter().any(|record| record.fault.is_some()) {
            std::thread::yield_now();
        }
        drop(cloud);
        // A reply that was under way may still arrive.
        let _ = waiting.join().unwrap();
    });
}

#[test]
fn faults_hit_only_what_they_are_meant_for() {
    let bench = bench();
    let refused = |matching| Fault {
        matching,
        action: Action::Status {
            code: 500,
            headers: Vec::new(),
            body: String::new(),
        },
        times: 2,
    };
    bench.cloud.fault(refused(Match::Token));
    assert_eq!(bench.read_with(PATH, None).status, 401);
    let statuses: Vec<u16> = (0..3).map(|_| bench.post_changed(&[]).status).collect();
    assert_eq!(statuses, [500, 500, 200]);
    bench.cloud.fault(refused(Match::Host(
        bench.cloud.vault_host("factory7-edge"),
    )));
    assert_eq!(bench.post_changed(&[]).status, 200);
    assert_eq!(bench.read_with(PATH, None).status, 500);
    bench.cloud.clear_faults();
    assert_eq!(bench.read_with(PATH, None).status, 401);
}

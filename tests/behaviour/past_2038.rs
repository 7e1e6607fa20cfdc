//! Dates that 32 bits do not hold, as armv7's C library counts: ends of objects and of
//! certificates, and the day itself, which a device whose clock is behind takes from the services.
//!
//! The device's own clock past 2038 is a matter of tests/images/arm.

use cloud::Secret;
use serde_json::json;

use crate::authority::{Kind, Pair};
use crate::support::Site;

#[test]
fn ends_of_objects_and_certificates_are_told_as_they_are() {
    let site = Site::new();
    // The device's certificate will have ended by then.
    let mut config = site.config(json!({"web": {"files": {
        "chain": {"certificate": "web", "part": "chain"},
        "late": {"secret": "late"},
        "past": {"secret": "past"},
    }}}));
    config["identity"] = site.secret_identity();
    site.configure(&config);
    let pair = Pair::ending(Kind::P256, 1, "web", 9000);
    site.hide(pair.mark());
    site.vault.set_certificate("web", pair.in_vault(false));
    seed(&site, "late", NEW_YEAR_2043 + DAY);
    seed(&site, "past", NEW_YEAR_2043 - DAY);
    site.cloud.set_clock_offset(NEW_YEAR_2043 - now());

    let run = site.keyferry(&["sync"]).exits(0);
    let ended: Vec<&str> = run
        .stderr
        .lines()
        .filter(|line| line.contains(" expired on "))
        .collect();
    let [line] = ended[..] else {
        panic!("{ended:?}");
    };
    assert!(line.contains("past expired on 2042-12-31T"), "{line}");
    let files = site.set_status("web")["files"].clone();
    let end = files[0]["expires"].as_i64().unwrap();
    assert!((8999 * DAY..=9000 * DAY).contains(&(end - now())), "{end}");
    let told = format!(
        "certificate web/chain expires in {} days (20",
        (end - now()) / DAY
    );
    site.keyferry(&["status"]).exits(0).says(&told);
}

#[test]
fn a_run_in_2043_signs_in_keeps_its_token_and_knows_its_age() {
    let site = Site::with_one_secret();
    site.identify(site.secret_identity());
    site.cloud.set_clock_offset(NEW_YEAR_2043 - now());
    let first = site.keyferry(&["sync"]).exits(0);
    first.says(" the services' 2043-01-01T");
    let confirmed = site.set_status("mqtt")["confirmed"].as_i64().unwrap();
    assert!(
        (0..600).contains(&(confirmed - NEW_YEAR_2043)),
        "{confirmed}"
    );

    site.seed("mqtt-password", "hunter3");
    site.cloud.reset_log();
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(site.cloud.requests().len(), 1, "the token was kept");
    assert_eq!(site.delivered("mqtt", "password").unwrap(), "hunter3");
}

/// Puts a secret with an end into the vault.
fn seed(site: &Site, name: &str, expires: i64) {
    let value = Secret {
        expires: Some(expires),
        ..Secret::new("hush-hush")
    };
    site.hide("hush-hush");
    site.vault.set_with(name, value);
}

/// The device's clock.
fn now() -> i64 {
    i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap()
}

const DAY: i64 = 86_400;
const NEW_YEAR_2043: i64 = 2_303_683_200;

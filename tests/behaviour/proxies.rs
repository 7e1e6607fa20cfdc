//! Ways through a proxy and past it.

use cloud::{ForwardProxy, ProxyMode};
use serde_json::{json, Value};

use crate::support::{one_secret, Site};

/// A site whose network is this proxy alone.
fn site(auth: Option<(&str, &str)>) -> (Site, ForwardProxy) {
    let site = Site::new();
    site.seed("mqtt-password", "hunter2");
    let proxy = ForwardProxy::start(site.cloud.address(), auth).unwrap();
    site.configure(&config(&site, json!(proxy.url())));
    (site, proxy)
}

fn config(site: &Site, proxy: Value) -> Value {
    let mut config = site.config(one_secret());
    config["network"]["resolve"] = json!({});
    config["network"]["proxy"] = proxy;
    config
}

fn targets(proxy: &ForwardProxy) -> Vec<String> {
    proxy
        .connects()
        .into_iter()
        .map(|connect| connect.target)
        .collect()
}

#[test]
fn both_hosts_are_reached_by_name_through_the_proxy() {
    let (site, proxy) = site(None);
    site.keyferry(&["sync"]).exits(0);
    let (login, vault) = (site.cloud.login_host(), site.vault.host().to_owned());
    assert_eq!(
        targets(&proxy),
        [format!("{login}:443"), format!("{vault}:443")]
    );
    site.assert_well_behaved();
}

#[test]
fn the_environment_counts_only_where_the_configuration_says_so() {
    let (site, proxy) = site(None);
    site.configure(&site.config(one_secret()));
    site.run(site.command(&["sync"]).env("HTTPS_PROXY", proxy.url()))
        .exits(0);
    assert!(proxy.connects().is_empty());
    let (site, proxy) = self::site(None);
    site.configure(&config(&site, json!({"env": "FACTORY_PROXY"})));
    site.run(site.command(&["sync"]).env("FACTORY_PROXY", proxy.url()))
        .exits(0);
    assert_eq!(proxy.connects().len(), 2);
}

#[test]
fn basic_credentials_go_to_the_proxy_alone() {
    let (site, proxy) = site(Some(("edge", "open sesame")));
    site.hide("open sesame");
    site.write("etc/proxy", "open sesame\n", 0o600);
    let login = json!({"url": proxy.url(), "username": "edge", "password": site.path("etc/proxy")});
    site.configure(&config(&site, login));
    site.keyferry(&["sync", "--log", "debug"]).exits(0);
    assert!(proxy
        .connects()
        .iter()
        .all(|connect| connect.had_credentials));
    site.assert_well_behaved();
}

#[test]
fn wrong_credentials_are_told_apart_from_a_forbidden_host() {
    let (site, proxy) = site(Some(("edge", "open sesame")));
    site.hide("let me in");
    site.keyferry(&["sync"])
        .exits(77)
        .says("(status 407)")
        .says("give network.proxy the user name and password");
    site.write("etc/proxy", "let me in\n", 0o600);
    let login = json!({"url": proxy.url(), "username": "edge", "password": site.path("etc/proxy")});
    site.configure(&config(&site, login));
    site.keyferry(&["sync"]).exits(77).says("(status 407)");
    let (site, proxy) = self::site(None);
    proxy.set_mode(ProxyMode::Forbidden);
    site.keyferry(&["sync"])
        .exits(77)
        .says("(status 403)")
        .says("pass CONNECT to login.microsoftonline.us:443");
    assert_eq!(site.set_status("mqtt")["reason"], "proxy");
    assert_eq!(proxy.connects().len(), 1);
}

#[test]
fn a_proxy_that_fails_or_hangs_may_pass() {
    for (mode, said) in [
        (ProxyMode::BadGateway, "(status 502)"),
        (ProxyMode::Hang, "proxy: login.microsoftonline.us: "),
    ] {
        let (site, proxy) = site(None);
        proxy.set_mode(mode);
        let mut config = config(&site, json!(proxy.url()));
        config["network"]["timeout"] = json!("1s");
        config["network"]["max_requests"] = json!(1);
        site.configure(&config);
        site.keyferry(&["sync", "--log", "debug"])
            .exits(69)
            .says(said);
    }
}

#[test]
fn hosts_of_no_proxy_and_pinned_ones_go_past_it() {
    let (site, proxy) = site(None);
    let mut config = config(&site, json!(proxy.url()));
    let address = site.cloud.address().to_string();
    config["network"]["resolve"] = json!({ (site.vault.host()): address });
    site.configure(&config);
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(
        targets(&proxy),
        [format!("{}:443", site.cloud.login_host())]
    );
    // What is not to go through it goes straight: nothing listens there, and it is not asked.
    config["network"]["no_proxy"] = json!([".microsoftonline.us"]);
    config["network"]["resolve"][site.cloud.login_host()] = json!(crate::staleness::closed_port());
    site.configure(&config);
    site.keyferry(&["sync"]).exits(0);
    assert_eq!(proxy.connects().len(), 1);
}

#[test]
fn user_info_in_the_url_is_refused_and_not_repeated() {
    let (site, _proxy) = site(None);
    for url in [
        "http://edge:hush-hush@127.0.0.1:3128",
        "https://127.0.0.1:3128",
        "socks5://127.0.0.1:1",
    ] {
        site.configure(&config(&site, json!(url)));
        let run = site.keyferry(&["sync"]).exits(78);
        run.says("config.json:")
            .says("must")
            .never_says("hush-hush");
    }
    assert_eq!(site.cloud.connections(), 0);
}

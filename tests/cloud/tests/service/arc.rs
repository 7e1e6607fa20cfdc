//! The Arc agent: the challenge, its files and false ones, and who gets which token.

#![expect(
    clippy::disallowed_methods,
    reason = "the product's rule; this is no product"
)]

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use cloud::{ArcAgent, ArcChallenge, Expiry, MachineEndpoint};
use serde_json::Value;

use crate::client::{Bench, Reply};
use crate::machine::{claims, vault_accepts, Request};

const VERSION: &str = "2020-06-01";
const RESOURCE_ID: &str = "/subscriptions/0b1c2d3e/resourceGroups/plant7/providers/\
                           Microsoft.ManagedIdentity/userAssignedIdentities/edge";

/// An agent with a tokens directory of its own.
struct Site {
    bench: Bench,
    arc: MachineEndpoint,
    tokens: PathBuf,
}

impl Site {
    fn new() -> Site {
        let bench = Bench::new();
        let tokens = std::env::temp_dir().join(format!("tokens-{}", cloud::guid()));
        fs::create_dir(&tokens).unwrap();
        let arc = MachineEndpoint::arc(&bench.cloud, &tokens).unwrap();
        Site { bench, arc, tokens }
    }

    fn request(&self) -> Request {
        Request::new(&self.arc, VERSION).header("Metadata", "true")
    }

    /// The whole exchange: the challenge, the file, the token.
    fn token(&self, request: &Request) -> Value {
        let key = fs::read_to_string(realm(&request.send().unwrap())).unwrap();
        with_key(request, &key).token()
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.tokens).unwrap();
    }
}

fn with_key(request: &Request, key: &str) -> Request {
    let header = format!("Basic {key}");
    request.clone().header("Authorization", &header)
}

/// The path that a challenge names.
fn realm(reply: &Reply) -> PathBuf {
    assert_eq!(reply.status, 401, "{}", reply.body);
    let challenge = reply.header("www-authenticate").unwrap();
    PathBuf::from(challenge.strip_prefix("Basic realm=").unwrap())
}

#[test]
fn the_content_of_the_file_gives_one_token() {
    let site = Site::new();
    let first = site.request().send().unwrap();
    assert_eq!(first.json()["error"], "unauthorized_client");
    assert_eq!(first.json()["error_codes"][0], 401);
    let file = realm(&first);
    assert_eq!(file.parent(), Some(site.tokens.as_path()));
    assert_eq!(file.extension().unwrap(), "key");
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);
    let key = fs::read_to_string(&file).unwrap();
    let token = with_key(&site.request(), &key).token();
    let system = site.arc.system().unwrap();
    assert_eq!(token["client_id"], system.client_id.as_str());
    assert_eq!(
        (&token["resource"], &token["refresh_token"]),
        (&"".into(), &"".into())
    );
    assert_eq!(token["expires_in"], "3599");
    assert!(token["object_id"].is_null());
    assert!(vault_accepts(&site.bench, &token));
    assert!(site.arc.unexpected().is_empty());
    assert!(!file.exists());
    let again = with_key(&site.request(), &key).send().unwrap();
    assert_eq!(again.status, 401);
    assert_ne!(realm(&again), file);
    assert_eq!(site.arc.unexpected().len(), 1);
    assert!(!format!("{:?}", site.arc.requests()).contains(&key));
}

#[test]
fn both_api_versions_are_known() {
    let site = Site::new();
    for version in ["2019-11-01", "2020-06-01"] {
        site.token(&site.request().with("api-version", version));
    }
    assert!(site.arc.unexpected().is_empty());
    let other = site.request().with("api-version", "2018-02-01");
    let key = fs::read_to_string(realm(&other.send().unwrap())).unwrap();
    assert_eq!(with_key(&other, &key).send().unwrap().status, 400);
    assert_eq!(site.arc.unexpected().len(), 1);
}

#[test]
fn each_wrong_request_is_refused_and_remembered() {
    let site = Site::new();
    let good = || site.request();
    let post = good()
        .line("POST {} HTTP/1.1")
        .header("Content-Length", "0");
    let cases = [
        (good().without("Metadata"), 400),
        (good().header("X-Forwarded-For", "10.0.0.7"), 400),
        (good().header("Host", "evil.example"), 400),
        (good().path("/metadata/identity/info"), 404),
        (post, 405),
        (good().header("Authorization", "Basic guessed"), 401),
        (good().header("Authorization", "Bearer guessed"), 401),
    ];
    for (index, (request, status)) in cases.iter().enumerate() {
        let reply = request.send().unwrap();
        assert_eq!(reply.status, *status, "{}", reply.body);
        assert_eq!(site.arc.unexpected().len(), index + 1, "{}", reply.body);
    }
}

#[test]
fn localhost_and_the_usual_port_are_good_host_names() {
    let site = Site::new();
    let own = format!("localhost:{}", site.arc.address().port());
    for host in [own.as_str(), "localhost:40342", "127.0.0.1:40342"] {
        assert_eq!(
            site.request().header("Host", host).send().unwrap().status,
            401
        );
    }
    assert!(site.arc.unexpected().is_empty());
}

#[test]
fn a_chosen_identity_is_named_in_the_reply() {
    let site = Site::new();
    let (client, object) = (cloud::guid(), cloud::guid());
    site.arc.assign_user(&client, &object, RESOURCE_ID);
    let selectors = [
        ("client_id", client.as_str()),
        ("object_id", object.as_str()),
        ("msi_res_id", RESOURCE_ID),
    ];
    for (agent, upper) in [(ArcAgent::Current, false), (ArcAgent::OtherCase, true)] {
        site.arc.set_agent(agent);
        for (name, id) in selectors {
            let token = site.token(&site.request().with(name, id));
            let shown = if upper {
                id.to_uppercase()
            } else {
                id.to_owned()
            };
            assert_eq!(token[name], shown.as_str());
            assert_eq!(claims(&token)["oid"], object.as_str());
            assert!(vault_accepts(&site.bench, &token));
        }
    }
    let stranger = site.request().with("client_id", &cloud::guid());
    let key = fs::read_to_string(realm(&stranger.send().unwrap())).unwrap();
    let refused = with_key(&stranger, &key).send().unwrap();
    assert_eq!(
        (refused.status, &refused.json()["error_description"]),
        (400, &"Identity not found".into())
    );
    assert!(site.arc.unexpected().is_empty());
}

#[test]
fn an_old_agent_gives_the_system_identity_to_everybody() {
    let site = Site::new();
    let client = cloud::guid();
    site.arc.assign_user(&client, &cloud::guid(), RESOURCE_ID);
    site.arc.set_agent(ArcAgent::Old);
    let token = site.token(&site.request().with("client_id", &client));
    let system = site.arc.system().unwrap();
    assert_eq!(token["client_id"], system.client_id.as_str());
    assert_eq!(claims(&token)["oid"], system.object_id.as_str());
    assert!(site.arc.unexpected().is_empty());
}

#[test]
fn the_spelling_of_app_service_chooses_nobody() {
    let site = Site::new();
    site.arc
        .assign_user(&cloud::guid(), &cloud::guid(), RESOURCE_ID);
    let token = site.token(&site.request().with("mi_res_id", RESOURCE_ID));
    let system = site.arc.system().unwrap();
    assert_eq!(token["client_id"], system.client_id.as_str());
    assert_eq!(site.arc.unexpected().len(), 1);
}

#[test]
fn false_files_are_what_they_say() {
    let site = Site::new();
    let inside = |path: &Path| path.parent() == Some(site.tokens.as_path());
    let file = |challenge| {
        site.arc.challenge_with(challenge);
        realm(&site.request().send().unwrap())
    };
    let text = |path: &Path| fs::read_to_string(path).unwrap();

    assert!(file(ArcChallenge::Directory).is_dir());
    let dots = file(ArcChallenge::Dots);
    assert!(dots.starts_with(&site.tokens) && dots.to_str().unwrap().contains("/../"));
    assert!(!dots.canonicalize().unwrap().starts_with(&site.tokens));
    assert_eq!(text(&file(ArcChallenge::Empty)), "");
    let pipe = fs::metadata(file(ArcChallenge::Fifo)).unwrap();
    assert!(pipe.file_type().is_fifo());
    let broken = file(ArcChallenge::LineBreak);
    assert!(text(&broken).contains("\r\nX-Injected: yes"));
    assert!(!file(ArcChallenge::Missing).exists());
    let bare = file(ArcChallenge::NoExtension);
    assert!(inside(&bare) && bare.extension().is_none() && bare.is_file());
    let outside = file(ArcChallenge::Outside);
    assert!(!inside(&outside) && outside.is_file());
    let link = file(ArcChallenge::Symlink);
    assert!(inside(&link) && link.is_symlink() && link.is_file());
    assert_eq!(text(&file(ArcChallenge::TooLarge)).len(), 4097);
    let closed = fs::metadata(file(ArcChallenge::Unreadable)).unwrap();
    assert_eq!(closed.permissions().mode() & 0o7777, 0);
    assert!(site.arc.unexpected().is_empty());
}

#[test]
fn what_false_files_hold_is_never_accepted() {
    let site = Site::new();
    let readable = [
        ArcChallenge::Dots,
        ArcChallenge::NoExtension,
        ArcChallenge::Outside,
        ArcChallenge::Symlink,
        ArcChallenge::TooLarge,
    ];
    for (index, challenge) in readable.into_iter().enumerate() {
        site.arc.challenge_with(challenge.clone());
        let file = realm(&site.request().send().unwrap());
        let key = fs::read_to_string(file).unwrap();
        let reply = with_key(&site.request(), &key).send().unwrap();
        assert_eq!(reply.status, 401, "{challenge:?}");
        let unexpected = site.arc.unexpected();
        assert_eq!(unexpected.len(), index + 1, "{challenge:?}");
        assert!(
            unexpected[index].unexpected[0].contains("careful"),
            "{challenge:?}"
        );
    }
}

#[test]
fn a_challenge_can_be_any_text_or_none() {
    let site = Site::new();
    let header = |challenge| {
        site.arc.challenge_with(challenge);
        let reply = site.request().send().unwrap();
        assert_eq!(reply.status, 401);
        reply.header("www-authenticate").unwrap().to_owned()
    };
    assert_eq!(header(ArcChallenge::NoRealm), "Basic");
    let other = "Bearer realm=\"x\"".to_owned();
    assert_eq!(header(ArcChallenge::Header(other.clone())), other);
    site.arc.challenge_with(ArcChallenge::Immediate);
    assert!(vault_accepts(&site.bench, &site.request().token()));
}

#[test]
fn replies_can_lack_their_end_and_statuses_pass() {
    let site = Site::new();
    site.arc.write_expiry(Expiry::Missing);
    let token = site.token(&site.request());
    assert!(token["expires_in"].is_null() && token["expires_on"].is_null());
    site.arc.answer_first(&[503]);
    let busy = site.request().send().unwrap();
    assert_eq!(
        (busy.status, &busy.json()["error_codes"][0]),
        (503, &503.into())
    );
    site.token(&site.request());
}

#[test]
fn an_agent_that_ends_leaves_no_file() {
    let bench = Bench::new();
    let tokens = std::env::temp_dir().join(format!("tokens-{}", cloud::guid()));
    fs::create_dir(&tokens).unwrap();
    let arc = MachineEndpoint::arc(&bench.cloud, &tokens).unwrap();
    let mut outside = Vec::new();
    let challenges = [
        ArcChallenge::Directory,
        ArcChallenge::Dots,
        ArcChallenge::Fifo,
        ArcChallenge::Outside,
        ArcChallenge::Proper,
        ArcChallenge::Symlink,
    ];
    for challenge in challenges {
        arc.challenge_with(challenge);
        let request = Request::new(&arc, VERSION).header("Metadata", "true");
        outside.push(realm(&request.send().unwrap()));
    }
    assert!(outside.iter().all(|path| path.exists()));
    drop(arc);
    assert!(!outside
        .iter()
        .any(|path| path.exists() || path.is_symlink()));
    fs::remove_dir(&tokens).unwrap();
}

#[test]
fn the_environment_names_the_agent() {
    let site = Site::new();
    let address = site.arc.address();
    let expected = [
        (
            "IDENTITY_ENDPOINT".to_owned(),
            format!("http://{address}/metadata/identity/oauth2/token"),
        ),
        ("IMDS_ENDPOINT".to_owned(), format!("http://{address}")),
    ];
    assert_eq!(site.arc.environment(), expected);
    assert_eq!(site.arc.header_value(), None);
}

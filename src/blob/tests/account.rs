//! Downloads from an account of the loopback cloud.

use std::time::Duration;

use ::cloud::{Action, Blob as Stored, Cloud, Fault, Match, National, StorageAccount};
use ring::digest::{Context, SHA256};
use tempfile::TempDir;

use super::*;
use crate::http::{Pinned, Settings};
use crate::json::Json;

/// An account with a container, and a client with a token for it.
struct Bench {
    cloud: Cloud,
    account: StorageAccount,
    client: Client,
    token: Secret,
    blob: Blob,
    _bundle: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self::with_timeout(Duration::from_secs(10))
    }

    #[expect(clippy::disallowed_methods, reason = "a test plays the operator")]
    fn with_timeout(timeout: Duration) -> Self {
        let cloud = Cloud::start(National::UsGov).unwrap();
        let account = cloud.storage_account("factory7");
        account.add_container("devices");
        let bundle = tempfile::tempdir().unwrap();
        let ca_file = bundle.path().join("ca.pem");
        std::fs::write(&ca_file, cloud.ca_pem()).unwrap();
        let pinned = |host: &str| Pinned {
            host: HostName::parse(host).unwrap(),
            address: cloud.address(),
        };
        let settings = Settings {
            ca_file: Some(ca_file),
            resolve: vec![pinned(&cloud.login_host()), pinned(account.host())],
            timeout,
            ..crate::http::testing::settings()
        };
        let client = Client::new(&settings, None).unwrap();
        let token = token(&cloud, &client);
        let host = HostName::parse(account.host()).unwrap();
        Self {
            cloud,
            account,
            client,
            token,
            blob: Blob {
                host,
                container: "devices".to_owned(),
                name: "edge/image 7.bin".to_owned(),
                max_bytes: None,
                sha256: None,
            },
            _bundle: bundle,
        }
    }

    fn put(&self, blob: Stored) -> String {
        let Blob {
            container, name, ..
        } = &self.blob;
        self.account.put_with(container, name, blob)
    }

    fn access(&self) -> Access<'_> {
        Access {
            client: &self.client,
            token: &self.token,
        }
    }

    fn open(&self, have: &Have<'_>) -> Result<Opened<'_>, Error> {
        open(&self.access(), &self.blob, have, None)
    }

    fn download(&self, have: &Have<'_>) -> Box<Download<'_>> {
        match self.open(have).unwrap() {
            Opened::Content(download) => download,
            Opened::Unchanged => panic!("unchanged"),
        }
    }

    fn refusal(&self) -> String {
        self.open(&Have::default()).unwrap_err().to_string()
    }

    /// The next reads of a blob go wrong in this way.
    fn fault(&self, times: usize, action: Action) {
        self.cloud.fault(Fault {
            matching: Match::Host(self.account.host().to_owned()),
            action,
            times,
        });
    }

    /// Statuses of the account's replies and how many bytes their bodies had.
    fn replies(&self) -> Vec<(u16, usize)> {
        let requests = self.cloud.requests();
        let ours = requests
            .iter()
            .filter(|request| request.host == self.account.host());
        ours.map(|request| (request.status, request.body_out))
            .collect()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.cloud.unexpected().len(), 0);
        }
    }
}

fn token(cloud: &Cloud, client: &Client) -> Secret {
    let app = cloud.add_app();
    cloud.add_secret_credential(&app, "s3cret");
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret=s3cret&scope=https%3A%2F%2Fstorage.azure.com%2F.default",
        app.client_id
    );
    let reply = client.send(&Request {
        host: &HostName::parse(&cloud.login_host()).unwrap(),
        path: &format!("/{}/oauth2/v2.0/token", cloud.tenant()),
        body: Body::Form(&Secret::copy_of(form.as_bytes())),
        bearer: None,
        headers: &[],
        limit: BODY_LIMIT,
    });
    let json = Json::read(reply.unwrap().body.expose()).unwrap();
    Secret::copy_of(json.text_of("access_token").unwrap().as_bytes())
}

/// How many bytes come, their SHA-256, and the error that ends them.
fn digest(download: &mut Download<'_>) -> (u64, String, Option<Error>) {
    let (mut count, mut context, mut room) = (0_u64, Context::new(&SHA256), [0; 5000]);
    let end = loop {
        match download.next(&mut room) {
            Ok(0) => break None,
            Ok(came) => {
                count = count.saturating_add(u64::try_from(came).unwrap());
                context.update(&room[..came]);
            }
            Err(error) => break Some(error),
        }
    };
    let digest = context.finish();
    let hex = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
    (count, hex.collect(), end)
}

#[test]
fn a_download_survives_every_cut_and_an_unchanged_blob_moves_nothing() {
    let bench = Bench::new();
    let stored = Stored::generated(1_000_000, 7).with_md5();
    let etag = bench.put(stored.clone());
    bench.fault(3, Action::CutAfter(300_000));
    let mut download = bench.download(&Have::default());
    assert_eq!((download.etag(), download.length()), (&*etag, 1_000_000));
    let (count, sha256, end) = digest(&mut download);
    assert!(end.is_none(), "{end:?}");
    assert_eq!((count, sha256), (1_000_000, stored.sha256()));
    let facts = head(&bench.access(), &bench.blob).unwrap();
    assert!(facts.md5.is_some() && facts.md5 == download.md5());
    assert_eq!((facts.etag, facts.length), (etag.clone(), 1_000_000));
    let have = Have {
        etag_on_disk: Some(&etag),
        partial: None,
    };
    assert!(matches!(bench.open(&have), Ok(Opened::Unchanged)));
    let wanted = [
        (200, 300_000),
        (206, 300_000),
        (206, 300_000),
        (206, 100_000),
        (200, 0),
        (304, 0),
    ];
    assert_eq!(bench.replies(), wanted);
}

#[test]
fn a_server_that_falls_silent_is_asked_again() {
    let bench = Bench::with_timeout(Duration::from_millis(700));
    let stored = Stored::generated(90_000, 1);
    bench.put(stored.clone());
    bench.fault(1, Action::StallAfter(40_000));
    let (count, sha256, end) = digest(&mut bench.download(&Have::default()));
    assert!(end.is_none(), "{end:?}");
    assert_eq!((count, sha256), (90_000, stored.sha256()));
}

#[test]
fn what_an_earlier_run_began_is_finished_or_dropped() {
    let bench = Bench::new();
    let stored = Stored::generated(70_000, 1);
    let etag = bench.put(stored);
    for (have, starts_at) in [(40_000, 40_000), (70_000, 70_000), (80_000, 0)] {
        let have = Have {
            etag_on_disk: None,
            partial: Some((&etag, have)),
        };
        let mut download = bench.download(&have);
        assert_eq!(download.starts_at(), starts_at);
        let (count, _, end) = digest(&mut download);
        let missing = 70_000_u64.saturating_sub(starts_at);
        assert_eq!((count, end.is_none()), (missing, true));
    }
    let newer = Stored::generated(60_000, 2);
    let newest = bench.put(newer.clone());
    let have = Have {
        etag_on_disk: Some(&newest),
        partial: Some((&etag, 40_000)),
    };
    assert!(matches!(bench.open(&have), Ok(Opened::Unchanged)));
    let have = Have {
        etag_on_disk: None,
        ..have
    };
    let mut download = bench.download(&have);
    assert_eq!(download.starts_at(), 0);
    assert_eq!(digest(&mut download).1, newer.sha256());
}

#[test]
fn a_blob_that_is_replaced_while_it_is_cut_is_given_up() {
    let bench = Bench::new();
    bench.put(Stored::generated(70_000, 1));
    let Blob {
        container, name, ..
    } = &bench.blob;
    let newer = Stored::generated(70_000, 2);
    bench
        .account
        .replace_after_next_read(container, name, newer.clone());
    bench.fault(1, Action::CutAfter(40_000));
    let (count, _, end) = digest(&mut bench.download(&Have::default()));
    let changed = Some(BlobProblem::Changed);
    let told = match end {
        Some(Error::Blob { problem, .. }) => Some(problem),
        _ => None,
    };
    assert_eq!((count, told), (40_000, changed));
    let (_, sha256, _) = digest(&mut bench.download(&Have::default()));
    assert_eq!(sha256, newer.sha256());
}

#[test]
fn refusals_of_the_account_are_told_by_their_codes() {
    let bench = Bench::new();
    assert!(bench.refusal().ends_with("(BlobNotFound)"));
    bench.put(Stored::new("x").archived());
    assert!(bench.refusal().contains("archive tier"));
    bench.put(Stored::new("x"));
    bench.account.deny();
    assert!(bench
        .refusal()
        .contains("AuthorizationPermissionMismatch (status 403)"));
    bench.account.allow();
    bench.account.set_tenant(&::cloud::guid());
    assert!(bench
        .refusal()
        .contains("InvalidAuthenticationInfo (status 401)"));
    let mut elsewhere = Bench::new();
    elsewhere.blob.container = "nowhere".to_owned();
    assert!(elsewhere.refusal().ends_with("(ContainerNotFound)"));
}

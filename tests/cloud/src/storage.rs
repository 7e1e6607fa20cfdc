//! Storage accounts: what a test puts in, and the handle it does that with.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::prelude::{Engine, BASE64_STANDARD};
use rsa::sha2::{Digest, Sha256};

use crate::blob_data::BlobData;
use crate::log::Logged;
use crate::server::Shared;
use crate::{blob_read, lock, md5, random};

/// A handle on one storage account of the cloud. Everybody with a token of its tenant may list its
/// containers and read its blobs, until that is taken away.
#[derive(Clone)]
pub struct StorageAccount {
    shared: Arc<Shared>,
    host: String,
}

/// What a blob is and what is told about it.
#[derive(Clone, Debug)]
pub struct Blob {
    pub(crate) data: BlobData,
    /// `Content-MD5` as stored.
    pub(crate) md5: Option<String>,
    pub(crate) content_type: String,
    pub(crate) encoding: Option<String>,
    pub(crate) archived: bool,
}

impl Blob {
    /// These bytes, with their MD5 stored beside them.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Blob {
        Blob::of(BlobData::Given(bytes.into().into())).with_md5()
    }

    /// As many bytes as wanted, which depend on the seed and nothing else. They are made when they
    /// are read: a large blob costs nothing. No MD5 is stored, as after an upload in blocks.
    pub fn generated(length: u64, seed: u64) -> Blob {
        Blob::of(BlobData::Generated { length, seed })
    }

    /// With the right MD5 stored beside it.
    pub fn with_md5(mut self) -> Blob {
        let digest = md5::digest(self.data.blocks());
        self.md5 = Some(BASE64_STANDARD.encode(digest));
        self
    }

    /// With the MD5 of something else stored beside it: a blob that was damaged.
    pub fn with_wrong_md5(mut self) -> Blob {
        self.md5 = Some(BASE64_STANDARD.encode(random::bytes::<16>()));
        self
    }

    /// Without an MD5, as after an upload in blocks.
    pub fn without_md5(mut self) -> Blob {
        self.md5 = None;
        self
    }

    /// `Content-Type`, at first `application/octet-stream`.
    pub fn content_type(mut self, text: &str) -> Blob {
        text.clone_into(&mut self.content_type);
        self
    }

    /// `Content-Encoding`; the bytes are sent as they are.
    pub fn content_encoding(mut self, text: &str) -> Blob {
        self.encoding = Some(text.to_owned());
        self
    }

    /// In the archive tier, where its bytes cannot be read.
    pub fn archived(mut self) -> Blob {
        self.archived = true;
        self
    }

    /// All its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.data.read(0, usize::MAX).into_owned()
    }

    /// The SHA-256 of its bytes, in hexadecimal digits.
    pub fn sha256(&self) -> String {
        let mut digest = Sha256::new();
        for block in self.data.blocks() {
            digest.update(&block);
        }
        random::hex(&digest.finalize())
    }

    fn of(data: BlobData) -> Blob {
        Blob {
            data,
            md5: None,
            content_type: "application/octet-stream".to_owned(),
            encoding: None,
            archived: false,
        }
    }
}

impl StorageAccount {
    pub(crate) fn new(shared: Arc<Shared>, host: String) -> StorageAccount {
        StorageAccount { shared, host }
    }

    /// The host of its blobs.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Adds an empty container.
    pub fn add_container(&self, name: &str) {
        self.change(|state| {
            state.containers.entry(name.to_owned()).or_default();
        });
    }

    /// Puts these bytes where the path leads, in place of what is there, and gives the new ETag,
    /// quotes included. The container is made if there is none; `$root` is the one without a name.
    pub fn put(&self, container: &str, name: &str, bytes: impl Into<Vec<u8>>) -> String {
        self.put_with(container, name, Blob::new(bytes))
    }

    /// As `put`, for bytes that are made when they are read.
    pub fn put_generated(&self, container: &str, name: &str, length: u64, seed: u64) -> String {
        self.put_with(container, name, Blob::generated(length, seed))
    }

    /// As `put`, for a blob with settings of its own.
    pub fn put_with(&self, container: &str, name: &str, blob: Blob) -> String {
        let etag = new_etag();
        self.store(container, name, StoredBlob::new(blob, &etag));
        etag
    }

    /// Puts a blob as soon as the one that is there has been asked for once more, and gives the ETag
    /// it will have. A read that is under way still sends the old bytes: cut it off with
    /// [`Action::CutAfter`](crate::Action::CutAfter), and what the client resumes is another blob.
    pub fn replace_after_next_read(&self, container: &str, name: &str, blob: Blob) -> String {
        let etag = new_etag();
        let (account, stored) = (self.clone(), StoredBlob::new(blob, &etag));
        let place = (container.to_owned(), name.to_owned());
        let (host, read) = (self.host.clone(), place.clone());
        let counts = move |record: &Logged| {
            record.host == host
                && record.method == "GET"
                && blob_read::place(&record.path).is_some_and(|place| place == read)
        };
        let action = move || account.store(&place.0, &place.1, stored);
        let (counts, action) = (Box::new(counts), Box::new(action));
        self.shared.hooks.add(1, counts, action);
        etag
    }

    /// Deletes a blob: it answers 404 from now on.
    pub fn delete(&self, container: &str, name: &str) {
        self.change(|state| {
            let blobs = state.containers.get_mut(container);
            let blob = blobs.and_then(|blobs| blobs.remove(name));
            blob.expect("there is no such blob");
        });
    }

    /// Nobody has a role on it from now on.
    pub fn deny(&self) {
        self.change(|state| state.denied = true);
    }

    /// Everybody has a role on it again.
    pub fn allow(&self) {
        self.change(|state| state.denied = false);
    }

    /// The tenant whose tokens it takes, and which its challenge names.
    pub fn set_tenant(&self, tenant: &str) {
        self.change(|state| tenant.clone_into(&mut state.tenant));
    }

    fn store(&self, container: &str, name: &str, mut blob: StoredBlob) {
        blob.modified = self.shared.clock.now();
        self.change(|state| {
            let blobs = state.containers.entry(container.to_owned()).or_default();
            blobs.insert(name.to_owned(), Arc::new(blob));
        });
    }

    fn change(&self, change: impl FnOnce(&mut AccountState)) {
        let mut accounts = lock(&self.shared.accounts);
        let state = accounts.get_mut(&self.host);
        change(state.expect("accounts are never removed"));
    }
}

/// The state of one account.
pub(crate) struct AccountState {
    pub tenant: String,
    /// Blobs by name, by container.
    pub containers: BTreeMap<String, BTreeMap<String, Arc<StoredBlob>>>,
    pub denied: bool,
}

impl AccountState {
    pub fn new(tenant: &str) -> AccountState {
        AccountState {
            tenant: tenant.to_owned(),
            containers: BTreeMap::new(),
            denied: false,
        }
    }
}

pub(crate) struct StoredBlob {
    pub blob: Blob,
    /// With its quotes.
    pub etag: String,
    /// Seconds since the epoch.
    pub modified: i64,
}

impl StoredBlob {
    fn new(blob: Blob, etag: &str) -> StoredBlob {
        StoredBlob {
            blob,
            etag: etag.to_owned(),
            modified: 0,
        }
    }
}

/// As in `"0x8DE3C0F11A2B3C4"`.
fn new_etag() -> String {
    let digits = random::hex(&random::bytes::<6>()).to_ascii_uppercase();
    format!("\"0x8DE{digits}\"")
}

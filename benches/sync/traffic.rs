//! Requests and bytes of a run with a kept token. The program counts them itself, and they are
//! the same each time: each case is run once, and held to its exact number of requests.

use cloud::{Certificate, Device, DeviceAuthority, National};
use serde_json::{json, Value};

use crate::cost::{names, set, set_secret, Source};
use crate::limits;
use crate::measure::{Binary, Traffic};
use crate::support::Site;

/// What a run with a kept token may put on the wire.
pub struct Case {
    /// The first three cells of its row.
    pub name: String,
    pub requests: u64,
    /// Bytes of what it is all about: values, certificates, entries of lists.
    pub content: u64,
}

/// Prints the traffic of all cases, and gives a sentence for each that is not as it has to be.
pub fn print(binary: &Binary) -> Vec<String> {
    println!("\nRequests and bytes\n\n{}", HEAD);
    let mut broken = Vec::new();
    for count in [10, 50, 200] {
        objects(binary, count, &mut broken);
    }
    far_objects(binary, &mut broken);
    pfx(binary, &mut broken);
    parts(binary, &mut broken);
    broken
}

/// One row: the traffic of the run that ended last.
pub fn row(site: &Site, case: &Case, broken: &mut Vec<String>) {
    let traffic = Traffic::of(site);
    println!(
        "| {} | {} | {} | {} |",
        case.name, traffic.requests, traffic.sent, traffic.received
    );
    broken.extend(limits::broken_by_traffic(case, &traffic));
    site.assert_well_behaved();
}

/// So many secrets, unchanged and with one changed, each fetched or by the vault's list.
fn objects(binary: &Binary, count: u64, broken: &mut Vec<String>) {
    let pages = count.div_ceil(25);
    let with_empty = pages * (1 + EMPTY_PAGES);
    for (source, empty_pages, check, before) in [
        (Source::Secrets, 0, "`get`", None),
        (Source::ListedSecrets, 0, "`list`", Some(pages)),
        (
            Source::ListedSecrets,
            EMPTY_PAGES,
            "`list`, 3 of 4 pages empty",
            Some(with_empty),
        ),
    ] {
        let site = Site::of(National::UsGov);
        let names = names(usize::try_from(count).unwrap());
        names.iter().for_each(|name| set_secret(&site, name));
        site.vault
            .set_empty_pages(usize::try_from(empty_pages).unwrap());
        site.configure(&site.config(json!({ "sensors": set(source, &names) })));
        binary.sync(&site);
        for (content, changed) in [("unchanged", 0), ("one changed", 1)] {
            if changed > 0 {
                set_secret(&site, names.last().unwrap());
            }
            binary.sync(&site);
            let case = Case {
                name: format!("{count} | {check} | {content}"),
                requests: before.map_or(count, |pages| pages + changed),
                content: match before {
                    Some(_) => count * ENTRY + changed * SECRET,
                    None => count * SECRET,
                },
            };
            row(&site, &case, broken);
        }
    }
}

/// Ten secrets at the end of a list of a thousand: the list is given up.
fn far_objects(binary: &Binary, broken: &mut Vec<String>) {
    let site = Site::of(National::UsGov);
    let names = names(10);
    names.iter().for_each(|name| set_secret(&site, name));
    for number in 0..990 {
        set_secret(&site, &format!("another-{number:03}"));
    }
    let set = set(Source::ListedSecrets, &names);
    site.configure(&site.config(json!({ "sensors": set })));
    binary.sync(&site);
    binary.sync(&site);
    let case = Case {
        name: "10, the last of 1,000 | `list` | unchanged".to_owned(),
        requests: 20,
        content: 250 * ENTRY + 10 * SECRET,
    };
    row(&site, &case, broken);
}

/// A certificate that the vault keeps as PFX: it is asked for the PEM of a new version alone.
fn pfx(binary: &Binary, broken: &mut Vec<String>) {
    let site = Site::of(National::UsGov);
    let issue = || {
        // As large as openssl makes one of an RSA-2048 key and two certificates. Nobody
        // looks inside: the vault converts it.
        let pfx = vec![0x30; 3300];
        let certificate = Certificate::pfx(pfx, pem_of_new_certificate());
        site.vault.set_certificate("site", certificate);
    };
    issue();
    let files = files(&["chain", "key"]);
    site.configure(&site.config(json!({ "nginx": { "files": files } })));
    binary.sync(&site);
    binary.sync(&site);
    let case = Case {
        name: "1 certificate (PFX), 2 files | `get` | unchanged".to_owned(),
        requests: 1,
        content: CERTIFICATE,
    };
    row(&site, &case, broken);
    issue();
    binary.sync(&site);
    let case = Case {
        name: "1 certificate (PFX), 2 files | `get` | renewed".to_owned(),
        requests: 2,
        content: 2 * CERTIFICATE,
    };
    row(&site, &case, broken);
}

/// Four files of one certificate.
fn parts(binary: &Binary, broken: &mut Vec<String>) {
    let site = Site::of(National::UsGov);
    let issue = || {
        let certificate = Certificate::pem(pem_of_new_certificate());
        site.vault.set_certificate("site", certificate);
    };
    issue();
    let files = files(&["cert", "chain", "ca", "key"]);
    site.configure(&site.config(json!({ "nginx": { "files": files } })));
    binary.sync(&site);
    for content in ["unchanged", "renewed"] {
        if content == "renewed" {
            issue();
        }
        binary.sync(&site);
        let case = Case {
            name: format!("1 certificate (PEM), 4 files | `get` | {content}"),
            requests: 1,
            content: CERTIFICATE,
        };
        row(&site, &case, broken);
    }
}

fn files(parts: &[&str]) -> Value {
    let file = |part: &&str| {
        (
            format!("site.{part}"),
            json!({ "certificate": "site", "part": part }),
        )
    };
    parts.iter().map(file).collect()
}

fn pem_of_new_certificate() -> String {
    let authority = DeviceAuthority::new("plant authority");
    let device = Device::builder("site").issued_by(&authority).build();
    device.combined_pem
}

/// Above the rows.
pub const HEAD: &str = "\
| objects | `change_check` | run | requests | sent | received |\n\
|---|---|---|--:|--:|--:|";
/// Bytes of an object's entry in a list.
const ENTRY: u64 = 300;
/// Bytes of a reply with a secret, beside the headers.
const SECRET: u64 = 300;
/// Bytes of a certificate with its key and the one above it, escaped and twice.
const CERTIFICATE: u64 = 5000;
/// Before each page with entries: of 1,800 pages of a real vault 1,384 were empty.
const EMPTY_PAGES: u64 = 3;

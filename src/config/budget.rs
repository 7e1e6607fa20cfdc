//! How many requests a run may send where nothing is said.

use super::{Blob, ChangeCheck, Object, ObjectKind, Set, Source};
use crate::name::HostName;

/// 20, and twice what a run without failures sends: one request for each object, two for a
/// certificate, one for a blob; for what is not known before, as many as may come of it.
pub(super) fn usual_requests(sets: &[Set]) -> u32 {
    let mut objects: Vec<&Object> = Vec::new();
    let mut blobs: Vec<&Blob> = Vec::new();
    let mut listed: Vec<&HostName> = Vec::new();
    let mut requests: u32 = 20;
    let mut spend = |count: u32| requests = requests.saturating_add(count);
    for set in sets {
        for file in &set.files {
            if let Source::Blob(blob) = &file.source {
                if !blobs.contains(&blob) {
                    blobs.push(blob);
                    spend(2);
                }
            }
            for value in file.source.values() {
                let object = &value.object;
                if !objects.contains(&object) {
                    objects.push(object);
                    spend(of_one(object.kind));
                }
                if set.change_check == ChangeCheck::List && !listed.contains(&&object.vault) {
                    listed.push(&object.vault);
                    spend(LIST);
                }
            }
        }
        for files in &set.selections {
            let selection = &files.selection;
            let each = of_one(selection.form.kind());
            spend(LIST.saturating_add(selection.max_objects.saturating_mul(each)));
        }
    }
    requests
}

fn of_one(kind: ObjectKind) -> u32 {
    match kind {
        ObjectKind::Certificate => 4,
        ObjectKind::Key | ObjectKind::Secret => 2,
    }
}

/// A vault's list of 2500 objects, which come 25 at a time.
const LIST: u32 = 100;

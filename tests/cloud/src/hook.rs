//! What a test has happen between two requests of a client, without a clock: once a number of
//! requests have been answered well, and before the last of these replies goes out.

use std::sync::Mutex;

use crate::lock;
use crate::log::Logged;

/// Whether a request is one of those that count.
pub(crate) type Counts = Box<dyn Fn(&Logged) -> bool + Send>;

/// What is waiting to happen.
#[derive(Default)]
pub(crate) struct Hooks {
    pending: Mutex<Vec<Hook>>,
}

struct Hook {
    left: usize,
    counts: Counts,
    action: Box<dyn FnOnce() + Send>,
}

impl Hooks {
    /// `action` happens after this many requests that count and were answered with a 2xx status.
    pub fn add(&self, times: usize, counts: Counts, action: Box<dyn FnOnce() + Send>) {
        lock(&self.pending).push(Hook {
            left: times.max(1),
            counts,
            action,
        });
    }

    /// A request has its answer: what was waiting for it happens now, in the order it was added.
    pub fn answered(&self, record: &Logged) {
        if !(200..300).contains(&record.status) {
            return;
        }
        let mut pending = lock(&self.pending);
        for hook in pending.iter_mut() {
            hook.left -= usize::from((hook.counts)(record));
        }
        let (due, left): (Vec<Hook>, Vec<Hook>) =
            pending.drain(..).partition(|hook| hook.left == 0);
        *pending = left;
        // An action may add others.
        drop(pending);
        for hook in due {
            (hook.action)();
        }
    }
}

//! The run: the only place where identity, vault and store meet.
//!
//! Sets are opened and healed, one plan is made for all of them, objects are fetched one by
//! one and wiped, each set is committed as soon as its objects are in. Then it is told.

mod content;
mod outcome;
mod plan;
mod session;
mod surroundings;
mod telling;
mod work;

use std::time::Instant;

use crate::config::{Config, Set};
use crate::error::Error;
use crate::name::SetName;
use crate::report::Voice;
use crate::state::Status;
use crate::store::Store;

pub use session::identities;
use session::Session;
use surroundings::Surroundings;
use work::Work;

/// What a run may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The network for comparing; nothing on disk, no hook.
    DryRun,
    /// Everything but the network.
    Offline,
    /// Everything.
    Online,
}

/// Who proves to the authority that this device may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// The device itself, by all its identities that need nobody.
    Device,
    /// A person, by those of type `device_code`.
    Person {
        /// Whether later runs may use the token until it expires.
        keep_token: bool,
    },
}

/// What the operator asked of a run.
#[derive(Debug)]
pub struct Options {
    /// The sets to bring up to date; all when empty.
    pub only: Vec<SetName>,
    /// What may be touched.
    pub mode: Mode,
    /// Who signs in, if somebody has to.
    pub sign_in: SignIn,
    /// Why nothing may be sent in this run: what needs fetching fails by it.
    pub obstacle: Option<Error>,
    /// Where its sentences go.
    pub voice: Voice,
}

/// Brings the sets up to date and tells how that went.
///
/// # Errors
/// Only what stops a whole run: the lock, the directories, an unknown set, nobody's identity.
/// What fails for a set is in the status.
pub fn run(config: &Config, options: &Options) -> Result<Status, Error> {
    let started = Instant::now();
    session::refuse_nobody(config, options)?;
    let surroundings = Surroundings::open(config)?;
    let mut stores = open_stores(config, options)?;
    let mut works = Vec::new();
    for opened in &mut stores {
        let memory = surroundings.memory(opened.set);
        works.push(Work::begin(opened, memory, options.mode));
    }
    let mut session = None;
    if options.mode == Mode::Offline {
        works.iter_mut().for_each(Work::rest_offline);
    } else {
        session = fetch_all(config, options, &surroundings, &mut works);
    }
    let end = outcome::End {
        config,
        options,
        surroundings: &surroundings,
        started,
        session: session.as_ref(),
    };
    end.conclude(&works)
}

/// A set and its directory, or why that cannot be used.
struct Opened<'a> {
    set: &'a Set,
    store: Result<Store, Error>,
}

fn open_stores<'a>(config: &'a Config, options: &Options) -> Result<Vec<Opened<'a>>, Error> {
    if let Some(unknown) = options
        .only
        .iter()
        .find(|name| !config.sets.iter().any(|set| set.name == **name))
    {
        return Err(Error::Usage {
            problem: format!("no usable set {unknown} is configured"),
        });
    }
    let wanted = |set: &&Set| options.only.is_empty() || options.only.contains(&set.name);
    let open = |set| Opened {
        set,
        store: Store::open(set, &config.instance),
    };
    Ok(config.sets.iter().filter(wanted).map(open).collect())
}

/// Fetches what the plan says; sets that need nothing are completed without a session.
fn fetch_all<'a>(
    config: &'a Config,
    options: &'a Options,
    surroundings: &Surroundings,
    works: &mut [Work<'_>],
) -> Option<Session<'a>> {
    let views: Vec<_> = works
        .iter()
        .map(|work| work.view(surroundings.missed_out(work.set)))
        .collect();
    let fetches = plan::fetches(&views);
    drop(views);
    for (place, work) in works.iter_mut().enumerate() {
        let users = fetches.iter().flat_map(|fetch| &fetch.users);
        let objects = users.filter(|user| user.set == place).count();
        work.expect(objects);
        if objects == 0 {
            work.complete();
        }
    }
    if fetches.is_empty() {
        return None;
    }
    let session = match &options.obstacle {
        Some(error) => Err(error.clone()),
        None => surroundings.open_session(config, options),
    };
    let mut session = match session {
        Ok(session) => session,
        Err(error) => {
            fail_all(&fetches, works, &error);
            return None;
        }
    };
    for fetch in &fetches {
        fetch_one(&mut session, fetch, works);
    }
    Some(session)
}

/// One object into every set that uses it; its value is wiped on return.
fn fetch_one(session: &mut Session<'_>, fetch: &plan::Fetch, works: &mut [Work<'_>]) {
    let needed = fetch
        .users
        .iter()
        .any(|user| works.get(user.set).is_some_and(|work| !work.has_failed()));
    if !needed {
        return;
    }
    let fetched = session.fetch(&fetch.id);
    if let Ok(value) = &fetched {
        if let Some(expired) = value.expired {
            log::warn!(
                "{} expired on {}; delivered all the same",
                fetch.id,
                crate::clock::utc(expired)
            );
        }
    }
    for user in &fetch.users {
        if let Some(work) = works.get_mut(user.set) {
            work.accept(user.file, &fetch.id, &fetched);
        }
    }
}

fn fail_all(fetches: &[plan::Fetch], works: &mut [Work<'_>], error: &Error) {
    for user in fetches.iter().flat_map(|fetch| &fetch.users) {
        if let Some(work) = works.get_mut(user.set) {
            work.failure.get_or_insert_with(|| error.clone());
        }
    }
}

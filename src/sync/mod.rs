//! The run: the only place where identity, vault, blob, render and store meet.
//!
//! Sets are opened and healed, what lists must say is asked, one plan is made for all of them.
//! Objects are fetched one by one, rendered and wiped, blobs come last; each set is committed
//! as soon as all of its own are in. Then it is told.

mod arrival;
mod content;
mod expiry;
mod orphans;
mod outcome;
mod plan;
mod receive;
mod recipe;
mod selected;
mod session;
mod surroundings;
mod survey;
mod telling;
mod work;

use std::time::Instant;

use crate::config::{Config, Set};
use crate::error::Error;
use crate::name::SetName;
use crate::report::Voice;
use crate::state::Status;
use crate::store::Store;

pub use arrival::{Arrival, Piece};
pub use content::assembled;
pub use orphans::{orphaned, orphans, remembered_orphans};
use plan::{Fetch, Plan, User};
pub use receive::without_room;
pub use selected::files_of;
pub use session::identities;
use session::Session;
use surroundings::Surroundings;
pub use survey::{every_object_instead, finds, listed_as};
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
    let mut surroundings = Surroundings::open(config)?;
    let mut stores = open_stores(config, options)?;
    let (orphaned, remembered) = surroundings.remember(config, &stores, options.mode);
    let mut works = Vec::new();
    for opened in &mut stores {
        let memory = surroundings.memory(opened.set);
        works.push(Work::begin(opened, memory, options.mode));
    }
    let mut line = Line {
        config,
        options,
        surroundings: &surroundings,
        session: None,
    };
    if options.mode == Mode::Offline {
        works.iter_mut().for_each(Work::rest_offline);
    } else {
        fetch_all(&mut line, &mut works);
    }
    let end = outcome::End {
        config,
        options,
        surroundings: &surroundings,
        orphaned,
        remembered,
        started,
        session: line.session.as_ref(),
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

/// The network side, opened when it is first needed.
struct Line<'a> {
    config: &'a Config,
    options: &'a Options,
    surroundings: &'a Surroundings,
    session: Option<Session<'a>>,
}

impl<'a> Line<'a> {
    fn open(&mut self) -> Result<&mut Session<'a>, Error> {
        if let Some(error) = &self.options.obstacle {
            return Err(error.clone());
        }
        match &mut self.session {
            Some(session) => Ok(session),
            empty => {
                let session = self.surroundings.open_session(self.config, self.options)?;
                Ok(empty.insert(session))
            }
        }
    }
}

/// Lists what must be listed, then fetches what the plan says; sets that need nothing are
/// completed without a session.
fn fetch_all(line: &mut Line<'_>, works: &mut [Work<'_>]) {
    let seen = &line.surroundings.seen;
    let wants = survey::wants(works, seen);
    if !wants.is_empty() {
        match line.open() {
            Ok(session) => {
                let listed = survey::read(session, wants, works);
                survey::apply(&listed, works, &line.surroundings.seen);
            }
            Err(error) => works
                .iter_mut()
                .for_each(|work| work.note(Err(error.clone()))),
        }
    }
    let views: Vec<_> = works
        .iter()
        .map(|work| work.view(line.surroundings.missed_out(work.set)))
        .collect();
    let plan = Plan::new(&views);
    drop(views);
    for (place, work) in works.iter_mut().enumerate() {
        let count = plan.count(place);
        work.expect(count);
        if count == 0 {
            work.complete();
        }
    }
    if plan.is_empty() {
        return;
    }
    match line.open() {
        Ok(session) => {
            for fetch in &plan.objects {
                fetch_one(session, fetch, works);
            }
            for (set, file) in &plan.blobs {
                if let Some(work) = works.get_mut(*set) {
                    work.receive(session, *file);
                }
            }
        }
        Err(error) => {
            for (place, work) in works.iter_mut().enumerate() {
                if plan.count(place) > 0 {
                    work.note(Err(error.clone()));
                }
            }
        }
    }
}

/// One object into every set that uses it; its value is wiped on return.
fn fetch_one(session: &mut Session<'_>, fetch: &Fetch, works: &mut [Work<'_>]) {
    let needed = |user: &User| works.get(user.set).is_some_and(|work| !work.has_failed());
    if !fetch.users.iter().any(needed) {
        return;
    }
    let mut arrival = Arrival::new(&fetch.id, session.fetch(&fetch.id));
    if let Ok(fetched) = &arrival.fetched {
        if let Some(expired) = fetched.expired {
            log::warn!(
                "{} expired on {}; delivered all the same",
                fetch.id,
                crate::clock::utc(expired)
            );
        }
        let version = fetched.version.as_str();
        let wants_chain = |user: &User| {
            let work = works.get(user.set);
            work.is_some_and(|work| work.wants_chain(*user, version))
        };
        if fetch.users.iter().any(wants_chain) {
            arrival.open_chain(&mut |fetched| session.convert(&fetch.id, &fetched.version));
            for warning in arrival.warnings() {
                log::warn!("{warning}");
            }
        }
    }
    for user in &fetch.users {
        if let Some(work) = works.get_mut(user.set) {
            work.accept(*user, &arrival);
        }
    }
}

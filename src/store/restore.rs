//! Going back to the version before, when the live one is damaged and nothing can be fetched.
//!
//! A generation is durable before readers are switched to it, so damage is the medium's work,
//! or somebody's. Secrets that were right together once serve better than torn ones. With a
//! network, fetching again is better still: only offline runs come here.

use super::links::drop_links;
use super::record::{write_pending, Found, Record};
use super::{current_id, Healed, Hook, Live, Pending, Store, CURRENT};
use crate::config::Layout;
use crate::disk::is_id;
use crate::error::Error;

impl Store {
    /// Switches to the newest other generation that is whole, if the live one is not. Comes
    /// after [`Store::heal`]. The plain layout keeps nothing to go back to.
    pub fn restore(&mut self, hook: Hook) -> Result<Option<Healed>, Error> {
        let live = self.live.as_ref();
        let is_needed = live.is_none_or(|live| !live.is_whole() && live.layout == Layout::Linked);
        if self.hold.is_none() || !is_needed {
            return Ok(None);
        }
        let Some(before) = self.last_good()? else {
            return Ok(None);
        };
        let id = before.id.clone();
        self.live = Some(before);
        self.resolve(None);
        // It may have been delivered under another configuration.
        self.repair()?;
        self.switch_back(&id, hook)?;
        Ok(Some(Healed::Restored(id)))
    }

    /// The newest whole generation that is not the live one.
    fn last_good(&self) -> Result<Option<Live>, Error> {
        let hold = self.hold()?;
        let Some(current) = current_id(hold)? else {
            return Ok(None);
        };
        let mut newest: Option<Live> = None;
        for entry in hold.names()? {
            let id = entry.to_str().filter(|id| is_id(id) && *id != current);
            let Some(id) = id.filter(|id| self.owns(hold, id)) else {
                continue;
            };
            let Some(found) = self.whole_generation(id)? else {
                continue;
            };
            if newest
                .as_ref()
                .is_none_or(|newest| newest.when < found.when)
            {
                newest = Some(found);
            }
        }
        Ok(newest)
    }

    fn whole_generation(&self, id: &str) -> Result<Option<Live>, Error> {
        let Some(dir) = self.hold()?.open_dir(id)? else {
            return Ok(None);
        };
        match Record::read_marker(&dir)? {
            Found::Whole(record) if record.id == id && self.refuse_claimed(&record).is_ok() => {
                let found = self.verified(record, Layout::Linked, &dir)?;
                Ok(Some(found).filter(Live::is_whole))
            }
            _ => Ok(None),
        }
    }

    /// The order of a commit: record of the hook, links of other names away, one rename.
    fn switch_back(&mut self, id: &str, hook: Hook) -> Result<(), Error> {
        let names = self.live_names();
        let (root, hold) = (self.root()?, self.hold()?);
        if hook == Hook::Run {
            write_pending(hold, id)?;
        }
        drop_links(root, &names)?;
        hold.replace_symlink(id, CURRENT)?;
        hold.sync()?;
        self.pending = (hook == Hook::Run).then(|| Pending { id: id.to_owned() });
        self.finish_links()?;
        Ok(())
    }
}

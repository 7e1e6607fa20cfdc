//! What the configuration wants of vaults: objects, lists, and files that are made of values.

use super::files::Made;
use super::lists::List;
use super::objects::{Use, Wanted};
use crate::config::{ChangeCheck, Config, Content, IfMissing, ObjectKind, Set, Source};
use crate::name::HostName;
use crate::sync;

/// All that is wanted, each object and list once.
#[derive(Default)]
pub(super) struct Wants<'a> {
    pub(super) objects: Vec<Wanted<'a>>,
    pub(super) lists: Vec<List<'a>>,
    pub(super) files: Vec<Made<'a>>,
}

impl<'a> Wants<'a> {
    pub(super) fn of(config: &'a Config) -> Self {
        let mut wants = Self::default();
        for set in &config.sets {
            wants.add(set);
        }
        wants.lists.retain(List::is_read);
        wants
    }

    /// The vaults of all that, and the one of the top level.
    pub(super) fn vaults(&self, config: &'a Config) -> Vec<&'a HostName> {
        let mut vaults: Vec<&HostName> = config.vault.iter().collect();
        vaults.extend(self.objects.iter().map(|wanted| &wanted.id.vault));
        vaults.extend(self.lists.iter().map(|list| list.vault));
        vaults.sort();
        vaults.dedup();
        vaults
    }

    fn add(&mut self, set: &'a Set) {
        for file in &set.files {
            let needed = file.if_missing == IfMissing::Fail;
            let values = file.source.values();
            let is_made = !matches!(file.source, Source::Content(Content::Value(_)));
            if is_made && !values.is_empty() {
                self.files.push(Made::new(&set.name, file));
            }
            let made = self.files.len().checked_sub(1).filter(|_| is_made);
            for (place, value) in values.into_iter().enumerate() {
                let object = &value.object;
                if set.change_check == ChangeCheck::List && object.version.is_none() {
                    let list = self.list(&object.vault, sync::listed_as(object.kind));
                    list.note(&object.name);
                }
                let slot = made.map(|made| (made, place));
                self.add_use(Use { value, slot }, needed);
            }
        }
        for selected in &set.selections {
            let selection = &selected.selection;
            let list = self.list(&selection.vault, selection.form.kind());
            list.selections.push(selection);
        }
    }

    fn add_use(&mut self, used: Use<'a>, needed: bool) {
        let id = &used.value.object;
        match self.objects.iter_mut().find(|known| known.id == id) {
            Some(known) => {
                known.needed |= needed;
                known.uses.push(used);
            }
            None => self.objects.push(Wanted {
                id,
                needed,
                uses: vec![used],
            }),
        }
    }

    fn list(&mut self, vault: &'a HostName, kind: ObjectKind) -> &mut List<'a> {
        let known = self
            .lists
            .iter()
            .position(|list| list.vault == vault && list.kind == kind);
        let place = known.unwrap_or(self.lists.len());
        if known.is_none() {
            self.lists.push(List::new(vault, kind));
        }
        #[expect(clippy::indexing_slicing, reason = "it was found or pushed above")]
        &mut self.lists[place]
    }
}

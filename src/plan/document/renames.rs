//! New names that entries of a plan give.

use std::collections::BTreeMap;

use super::Plan;
use crate::access::Renames;

/// New names that a plan gives, by the old ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsedRenames {
    groups: BTreeMap<String, String>,
    users: BTreeMap<String, String>,
}

impl UsedRenames {
    /// Whether nothing gets a new name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.users.is_empty()
    }

    /// The names, to copy bindings for.
    #[must_use]
    pub fn renames(&self) -> Renames<'_> {
        Renames {
            groups: &self.groups,
            users: &self.users,
        }
    }
}

impl Plan {
    /// The new names that entries of this plan give; a mapping that waits for a decision needs no bindings yet.
    #[must_use]
    pub fn renames_in_use(&self) -> UsedRenames {
        let mut used = UsedRenames::default();
        for mapping in self
            .mappings
            .iter()
            .filter(|mapping| mapping.blocker.is_none())
        {
            let Some(entry) = &mapping.entry else {
                continue;
            };
            for (old, new) in &self.choices.rename_groups {
                if mapping.groups.contains(old) && entry.kubernetes_groups.contains(new) {
                    used.groups.insert(old.clone(), new.clone());
                }
            }
            if let Some(new) = self.choices.rename_users.get(&mapping.username)
                && entry.username.is_some()
            {
                used.users.insert(mapping.username.clone(), new.clone());
            }
        }
        used
    }
}

//! Where the journal of a cluster lies.

use std::path::{Path, PathBuf};

use super::Survey;
use super::cluster_id::id_of;
use crate::error::Failure;
use crate::journal::{History, Journal};
use crate::model::ClusterId;

/// The journal's usual place: one file for each cluster.
#[must_use]
pub fn journal_path(state_folder: &Path, id: &ClusterId) -> PathBuf {
    state_folder
        .join(&id.account_id)
        .join(&id.region)
        .join(format!("{}.jsonl", id.name))
}

/// The journal of a cluster: the one that was named, or the usual one.
///
/// A name that ends with a slash is that of a folder, in which each cluster has its own.
#[must_use]
pub fn journal_of(named: Option<&Path>, state_folder: &Path, id: &ClusterId) -> PathBuf {
    match named {
        Some(folder) if folder.as_os_str().as_encoded_bytes().ends_with(b"/") => {
            journal_path(folder, id)
        }
        Some(journal) => journal.to_owned(),
        None => journal_path(state_folder, id),
    }
}

/// The journal of the cluster that was seen, as [`journal_of`] has it; `None` offline.
#[must_use]
pub fn journal_seen(seen: &Survey, named: Option<&Path>, state_folder: &Path) -> Option<PathBuf> {
    Some(journal_of(named, state_folder, &cluster_id(seen).ok()?))
}

/// Which cluster was seen.
pub(super) fn cluster_id(seen: &Survey) -> Result<ClusterId, Failure> {
    id_of(&seen.observed.cluster, seen.caller.as_ref())
}

/// What the journal of the cluster holds; nothing offline.
pub fn history(
    seen: &Survey,
    journal: Option<&Path>,
    state_folder: impl FnOnce() -> Result<PathBuf, Failure>,
) -> Result<History, Failure> {
    if seen.aws.is_none() {
        return Ok(History::default());
    }
    let id = cluster_id(seen)?;
    let path = match (journal, state_folder()) {
        (Some(path), _) => journal_of(Some(path), Path::new(""), &id),
        (None, Ok(folder)) => journal_path(&folder, &id),
        // Where there is no place for a journal, there is none.
        (None, Err(_)) => return Ok(History::default()),
    };
    Ok(Journal::history(&path, &id)?)
}

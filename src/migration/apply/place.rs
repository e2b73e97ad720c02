//! Where the journal of a cluster lies.

use std::path::{Path, PathBuf};

use crate::aws::Caller;
use crate::error::Failure;
use crate::journal::{History, Journal};
use crate::migration::Survey;
use crate::model::{Cluster, ClusterId};

/// The journal's usual place: one file for each cluster.
#[must_use]
pub fn journal_path(state_folder: &Path, id: &ClusterId) -> PathBuf {
    state_folder
        .join(&id.account_id)
        .join(&id.region)
        .join(format!("{}.jsonl", id.name))
}

/// The journal's usual place for the cluster that was seen; `None` offline.
#[must_use]
pub fn usual_journal(seen: &Survey, state_folder: &Path) -> Option<PathBuf> {
    Some(journal_path(state_folder, &cluster_id(seen).ok()?))
}

/// Which cluster was seen.
pub(in crate::migration) fn cluster_id(seen: &Survey) -> Result<ClusterId, Failure> {
    id_of(&seen.observed.cluster, seen.caller.as_ref())
}

/// Which cluster it is, in the words of the journal.
pub(in crate::migration) fn id_of(
    cluster: &Cluster,
    caller: Option<&Caller>,
) -> Result<ClusterId, Failure> {
    let known = |value: &Option<String>, what: &str| {
        value
            .clone()
            .ok_or_else(|| Failure::new(format!("EKS does not tell the cluster's {what}")))
    };
    let id = ClusterId {
        account_id: known(
            &cluster
                .account_id
                .clone()
                .or_else(|| caller.map(|caller| caller.account.clone())),
            "account",
        )?,
        region: known(&cluster.region, "region")?,
        name: known(&cluster.name, "name")?,
        created_at: cluster.created_at,
    };
    // They name a file; EKS's own patterns hold no separator.
    let parts = [&id.account_id, &id.region, &id.name];
    if parts
        .iter()
        .any(|part| part.is_empty() || part.contains(['/', '\\', '\0']) || part.starts_with('.'))
    {
        return Err(Failure::new(
            "the cluster's account, region or name can't be used in a file name",
        ));
    }
    Ok(id)
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
        (Some(path), _) => path.to_owned(),
        (None, Ok(folder)) => journal_path(&folder, &id),
        // Where there is no place for a journal, there is none.
        (None, Err(_)) => return Ok(History::default()),
    };
    Ok(Journal::history(&path, &id)?)
}

//! Which journal and which cluster a record is about, where the cluster is not asked.

use std::path::{Path, PathBuf};

use crate::error::Failure;
use crate::files;
use crate::invocation::Advice;
use crate::journal::{History, Journal, Whole};
use crate::model::ClusterId;

/// A journal, and the cluster in it that is meant.
#[derive(Debug)]
pub struct Found {
    /// The cluster.
    pub cluster: ClusterId,
    /// What the journal holds.
    pub journal: Whole,
}

/// Reads a journal, and finds the cluster that is meant among those that it is about.
///
/// # Errors
/// There is no journal, or it is about none or several that fit.
pub fn found(path: &Path, name: Option<&str>, region: Option<&str>) -> Result<Found, Failure> {
    let place = path.display();
    let Some(journal) = Journal::whole(path)? else {
        return Err(Failure::new(format!("there is no journal at `{place}`"))
            .hint(Advice::NameClusterOrJournal));
    };
    let mut clusters = clusters(&journal.history);
    clusters.retain(|cluster| {
        name.is_none_or(|name| cluster.name == name)
            && region.is_none_or(|region| cluster.region == region)
    });
    match clusters.as_slice() {
        [cluster] => Ok(Found {
            cluster: cluster.clone(),
            journal,
        }),
        [] => Err(Failure::usage(format!(
            "the journal `{place}` has no run on such a cluster"
        ))
        .hint(Advice::CheckClusterAndRegion)),
        several => {
            let named = several.iter().map(|cluster| {
                let ClusterId {
                    account_id,
                    region,
                    name,
                    ..
                } = cluster;
                format!("{name} in {region}, account {account_id}")
            });
            let named: Vec<String> = named.collect();
            Err(Failure::usage(format!(
                "the journal `{place}` is about {} clusters: {}",
                several.len(),
                named.join("; ")
            ))
            .hint(Advice::ChooseCluster))
        }
    }
}

/// The clusters of a journal, in the order of their first runs.
fn clusters(history: &History) -> Vec<ClusterId> {
    let mut clusters: Vec<ClusterId> = Vec::new();
    for run in &history.runs {
        if !clusters.contains(&run.cluster) {
            clusters.push(run.cluster.clone());
        }
    }
    clusters
}

/// The journals in a folder that are named for a cluster: `ACCOUNT/REGION/NAME.jsonl`.
#[must_use]
pub fn journals_of(folder: &Path, name: &str, region: Option<&str>) -> Vec<PathBuf> {
    // Such names lead out of the folder, and EKS has none.
    if name.contains(['/', '\\', '\0']) || name.starts_with('.') {
        return Vec::new();
    }
    let within = |folder: &PathBuf| files::named_like(folder, "", "").unwrap_or_default();
    let accounts = within(&folder.to_owned());
    let regions = accounts.iter().flat_map(within);
    regions
        .filter(|path| region.is_none_or(|region| path.ends_with(region)))
        .map(|path| path.join(format!("{name}.jsonl")))
        .filter(|path| files::is_there(path).unwrap_or(false))
        .collect()
}

//! Which cluster a run is about.

use crate::aws::Caller;
use crate::error::Failure;
use crate::model::{Cluster, ClusterId};

/// The cluster by account, region and name, which also name the file of its journal.
pub(super) fn id_of(cluster: &Cluster, caller: Option<&Caller>) -> Result<ClusterId, Failure> {
    let known = |value: &Option<String>, what: &str| {
        value
            .clone()
            .ok_or_else(|| Failure::new(format!("EKS did not return the cluster's {what}")))
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

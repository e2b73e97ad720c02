//! The way back of the ConfigMap where the journal is lost: the last backup that lies beside its place.

use std::path::Path;

use super::{Restoring, RollbackOptions};
use crate::journal::ClusterId;
use crate::kubernetes::Stored;
use crate::migration::cutover::backup;

/// Where the journal is lost: the ConfigMap comes back from its last backup where it is gone, and over what stands there
/// only by force, since nobody can tell what was changed since. Says so, too.
pub(super) fn without_journal(
    journal: &Path,
    cluster: &ClusterId,
    stored: Option<&Stored>,
    options: &RollbackOptions,
) -> (Restoring, Option<String>) {
    let lost = format!(
        "no run on this cluster is in the journal `{}`, so that only the tags of the entries tell what this tool did",
        journal.display()
    );
    let Some((path, to)) = backup::latest(journal, cluster) else {
        return (
            Restoring::Nothing,
            Some(format!(
                "{lost}; where aws-auth was cut over, name the journal of that run with --journal, or put the backup back \
                 by hand: kubectl create -f BACKUP"
            )),
        );
    };
    let is_back = stored.is_some_and(|stored| stored.aws_auth().data == to.aws_auth().data);
    if is_back {
        return (Restoring::Nothing, Some(lost));
    }
    if stored.is_some() && !options.force {
        let path = path.display();
        let said =
            format!("{lost}; --force puts the backup `{path}` in the place of aws-auth as it is");
        return (Restoring::Nothing, Some(said));
    }
    let back = Restoring::Back {
        to: Box::new(to),
        edited: stored.is_some(),
    };
    (
        back,
        Some(format!(
            "{lost}; aws-auth comes from the backup `{}`",
            path.display()
        )),
    )
}

//! The backups: what the ConfigMap comes back from where the journal is lost, and what a journal is held against.

use std::path::Path;

use super::{Restoring, RollbackOptions};
use crate::error::Failure;
use crate::journal::ConfigMapChange;
use crate::kubernetes::Stored;
use crate::migration::cutover::backup;
use crate::model::ClusterId;

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

/// Refuses a journal that says something else about the ConfigMap than the backup that was written with it.
///
/// A backup that is not there any more says nothing.
pub(super) fn agree_with_backups(changes: &[&ConfigMapChange]) -> Result<(), Failure> {
    for change in changes {
        let (Some(path), Some(before)) = (&change.backup, &change.before) else {
            continue;
        };
        if backup::exact(path).is_some_and(|exact| exact.as_ref() != Some(before.as_ref())) {
            return Err(Failure::new(format!(
                "nothing was undone: the journal and the backup `{}` don't say the same about aws-auth before the cut-over, so \
                 one of them was changed",
                path.display()
            ))
            .hint(format!(
                "compare the `before` in the journal with `{0}.json`, move the file that is wrong to another folder (the backup \
                 is `{0}` and `{0}.json`), and run the same command again: without the journal the backup counts",
                path.display()
            )));
        }
    }
    Ok(())
}

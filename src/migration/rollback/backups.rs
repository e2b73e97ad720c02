//! The backups: what the ConfigMap comes back from where the journal is lost, and what a journal is held against.

use std::path::Path;

use super::{Restoring, RollbackOptions};
use crate::error::Failure;
use crate::invocation::Advice;
use crate::journal::ConfigMapChange;
use crate::kubernetes::Stored;
use crate::migration::cutover::backup;
use crate::model::ClusterId;

/// Where the journal is lost: the ConfigMap comes back from its last backup where it is gone, and over what is there
/// only by force, since nobody can tell what was changed since. Says so, too.
pub(super) fn without_journal(
    journal: &Path,
    cluster: &ClusterId,
    stored: Option<&Stored>,
    options: &RollbackOptions,
) -> (Restoring, Option<String>) {
    let lost = format!(
        "the journal `{}` has no run on this cluster, so only the tags of the entries show what this tool did",
        journal.display()
    );
    let Some((path, to)) = backup::latest(journal, cluster) else {
        return (
            Restoring::Nothing,
            Some(format!(
                "{lost}; if aws-auth was cut over, {}",
                Advice::JournalOfCutover
            )),
        );
    };
    let is_back = stored.is_some_and(|stored| stored.aws_auth().data == to.aws_auth().data);
    if is_back {
        return (Restoring::Nothing, Some(lost));
    }
    if stored.is_some() && !options.force {
        let backup = path.display().to_string();
        let said = format!("{lost}; {}", Advice::ForceBackup { backup });
        return (Restoring::Nothing, Some(said));
    }
    let back = Restoring::Back {
        to: Box::new(to),
        edited: stored.is_some(),
    };
    (
        back,
        Some(format!(
            "{lost}; aws-auth is restored from the backup `{}`",
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
                "nothing was undone: the journal and the backup `{}` disagree about aws-auth before the cutover, so one of them was changed",
                path.display()
            ))
            .hint(format!(
                "compare the `before` in the journal with `{0}.json`, move the wrong file to another folder (the backup \
                 is `{0}` and `{0}.json`), and run the same command again: without the journal, the backup is used",
                path.display()
            )));
        }
    }
    Ok(())
}

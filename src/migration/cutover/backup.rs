//! The backup of the ConfigMap: a manifest to apply, and the object exactly as it was.

use std::path::{Path, PathBuf};

use crate::error::Failure;
use crate::files;
use crate::invocation::Advice;
use crate::journal::{History, RunCommand};
use crate::kubernetes::Stored;
use crate::model::ClusterId;

/// Refuses a place that somebody chose and that holds something else; what an earlier part of this run put there is its
/// own.
pub fn refuse_taken(path: &Path, stored: &Stored, history: &History) -> Result<(), Failure> {
    let is_own = history
        .unfinished_of(RunCommand::Cutover)
        .is_some_and(|run| {
            let changes = run.config_map.iter();
            changes
                .filter_map(|change| change.backup.as_deref())
                .any(|known| known == path)
        });
    if is_own || files::is_pipe_or_device(path) || is_free(path, stored)? {
        return Ok(());
    }
    Err(Failure::refused(format!(
        "`{}` exists, and a backup never overwrites a file",
        path.display()
    ))
    .hint(Advice::OtherBackupFile))
}

/// Writes the manifest to the path and the exact object, metadata and all, beside it with `.json` at its end; both are
/// readable by their owner only, and on the disk when this returns.
///
/// Nothing is written over: where the path holds another state, the next free one with a number at its end is taken.
/// Returns where the manifest is.
///
/// A pipe or a device gets the manifest alone; `None`, since nobody finds it again there. The journal holds the object, too.
pub fn write(path: &Path, stored: &Stored) -> Result<Option<PathBuf>, Failure> {
    if files::is_pipe_or_device(path) {
        // A second one, after somebody else's change, is a document of its own.
        let manifest = format!("---\n{}", stored.manifest());
        files::replace(path, manifest.as_bytes()).map_err(|error| unusable(path, error))?;
        return Ok(None);
    }
    let mut place = path.to_owned();
    let mut number = 0;
    while !is_free(&place, stored)? {
        number += 1;
        place = with_end(path, &format!(".{number}"));
    }
    for (to, content) in parts(&place, stored) {
        files::create(&to, content.as_bytes()).map_err(|error| unusable(&to, error))?;
    }
    Ok(Some(place))
}

/// Whether just this backup is at the path already.
pub fn is_there(path: &Path, stored: &Stored) -> Result<bool, Failure> {
    for (at, content) in parts(path, stored) {
        let holds = files::holds(&at, content.as_bytes()).map_err(|error| unusable(&at, error))?;
        if holds != Some(true) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes a backup of what was not taken away after all; one that can't be removed does no harm.
pub fn discard(place: &Path) {
    for path in [place.to_owned(), with_end(place, EXACT)] {
        if let Err(error) = files::remove(&path) {
            tracing::debug!(%error, path = %path.display(), "the backup was not deleted");
        }
    }
}

/// The usual place of a run's backup: beside the journal, which clusters may share.
#[must_use]
pub fn usual_place(journal: &Path, cluster: &ClusterId, run: &str) -> PathBuf {
    folder(journal).join(format!("{}{run}.yaml", beginning(cluster)))
}

/// The last backup of a cluster beside its journal, for when the journal itself is lost.
///
/// One that is older than the cluster is of another cluster of the same name.
#[must_use]
pub fn latest(journal: &Path, cluster: &ClusterId) -> Option<(PathBuf, Stored)> {
    let exact = files::named_like(folder(journal), &beginning(cluster), EXACT).ok()?;
    let stored = |path: &Path| {
        let content = files::content(path).ok()?;
        Stored::from_json(&serde_json::from_slice(&content).ok()?)
    };
    let is_of_cluster = |stored: &Stored| {
        let times = stored.created_at().zip(cluster.created_at);
        times.is_none_or(|(stored, cluster)| stored >= cluster)
    };
    exact.into_iter().rev().find_map(|path| {
        let stored = stored(&path).filter(is_of_cluster)?;
        let name = path.to_string_lossy();
        Some((PathBuf::from(name.strip_suffix(EXACT)?), stored))
    })
}

/// The object exactly as a backup has it: `None` where there is no such file, `Some(None)` where it holds something else.
#[must_use]
pub fn exact(path: &Path) -> Option<Option<serde_json::Value>> {
    let path = with_end(path, EXACT);
    // A journal may name anything, such as a pipe.
    if !files::is_there(&path).ok()? {
        return None;
    }
    let content = files::content(&path).ok()?;
    Some(serde_json::from_slice(&content).ok())
}

/// The end of the name of the exact object, after the manifest's.
const EXACT: &str = ".json";

fn folder(journal: &Path) -> &Path {
    journal.parent().unwrap_or(Path::new("."))
}

/// How the names of a cluster's backups begin; what follows is the run's id, by which they sort.
fn beginning(cluster: &ClusterId) -> String {
    let ClusterId {
        account_id,
        region,
        name,
        ..
    } = cluster;
    format!("{name}.{region}.{account_id}.aws-auth.")
}

/// Whether there is nothing at a path, or just this very backup.
fn is_free(path: &Path, stored: &Stored) -> Result<bool, Failure> {
    for (at, content) in parts(path, stored) {
        match files::holds(&at, content.as_bytes()) {
            Ok(None | Some(true)) => {}
            Ok(Some(false)) => return Ok(false),
            Err(error) => return Err(unusable(&at, error)),
        }
    }
    Ok(true)
}

/// The two files; the one that is named last is there only when the other is.
fn parts(path: &Path, stored: &Stored) -> [(PathBuf, String); 2] {
    [
        (with_end(path, EXACT), format!("{:#}\n", stored.json())),
        (path.to_owned(), stored.manifest()),
    ]
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn unusable(path: &Path, error: std::io::Error) -> Failure {
    Failure::new(format!(
        "nothing was written to the cluster: failed to write the backup to `{}`",
        path.display()
    ))
    .because(error)
    .hint(Advice::OtherBackupPlace)
}

//! The backup of the ConfigMap: a manifest to apply, and the object exactly as it was.

use std::path::{Path, PathBuf};

use crate::error::Failure;
use crate::files;
use crate::kubernetes::Stored;

/// Writes the manifest to the path and the exact object, metadata and all, beside it with `.json` at its end; both are
/// readable by their owner only, and on the disk when this returns.
pub fn write(path: &Path, stored: &Stored) -> Result<PathBuf, Failure> {
    let mut exact = path.as_os_str().to_owned();
    exact.push(".json");
    let exact = PathBuf::from(exact);
    let json = format!("{:#}\n", stored.json());
    for (to, content) in [(&exact, json), (&path.to_owned(), stored.manifest())] {
        files::replace(to, content.as_bytes()).map_err(|error| {
            Failure::new(format!(
                "nothing was written to the cluster: failed to write the backup to `{}`",
                to.display()
            ))
            .because(error)
            .hint("name another place with --backup")
        })?;
    }
    Ok(path.to_owned())
}

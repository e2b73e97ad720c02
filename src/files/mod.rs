//! Files as a whole: read, replaced, created, listed, on this machine's disk or in a store that machines share.
//!
//! A path that begins with `s3://` names an object, see [`objects`]; any other names a file.

mod disk;
#[cfg_attr(
    not(feature = "s3"),
    allow(dead_code, reason = "without S3 no store is connected")
)]
pub mod objects;

use std::io;
use std::path::{Path, PathBuf};

pub use disk::{open_regular, sync_folder};
use objects::{Condition, Put, find};

/// Replaces a file, readable by its owner only; it is on the disk when this returns.
///
/// Into a pipe or a device the content is written instead, see [`is_pipe_or_device`].
///
/// # Errors
/// Where there is something else, such as a folder or a symbolic link; it is left as it is.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    match find(path)? {
        None => disk::replace(path, content),
        Some((store, place)) => match store.put(&place, content, Condition::Always)? {
            Put::Written(_) => Ok(()),
            Put::Refused => Err(io::ErrorKind::ResourceBusy.into()),
        },
    }
}

/// Whether a path leads to a pipe or a device, which can't be read back.
#[must_use]
pub fn is_pipe_or_device(path: &Path) -> bool {
    !objects::is_object(path) && disk::is_pipe_or_device(path)
}

/// Makes a file and the folders above it, readable by their owner only; it is on the disk when this returns.
///
/// A file that holds the very same is left as it is.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] where there is another one: it is never written over.
pub fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    match find(path)? {
        None => disk::create(path, content),
        Some((store, place)) => objects::create(&*store, &place, content),
    }
}

/// Whether a file holds exactly this; `None` where there is none.
pub fn holds(path: &Path, content: &[u8]) -> io::Result<Option<bool>> {
    match find(path)? {
        None => disk::holds(path, content),
        Some((store, place)) => {
            let known = store.get(&place)?;
            Ok(known.map(|object| object.content == content))
        }
    }
}

/// Whether there is a regular file or an object at a path.
pub fn is_there(path: &Path) -> io::Result<bool> {
    match find(path)? {
        None => Ok(path.is_file()),
        Some((store, place)) => Ok(store.get(&place)?.is_some()),
    }
}

/// The files in a folder whose names begin and end like this, in the order of their names; none where there is no folder.
pub fn named_like(folder: &Path, begin: &str, end: &str) -> io::Result<Vec<PathBuf>> {
    let Some((store, place)) = find(folder)? else {
        return Ok(disk::named_like(folder, begin, end));
    };
    let mut names = store.list(&place)?;
    names.retain(|name| name.starts_with(begin) && name.ends_with(end));
    names.sort();
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

/// Removes a file.
pub fn remove(path: &Path) -> io::Result<()> {
    match find(path)? {
        None => disk::remove(path),
        Some((store, place)) => store.delete(&place),
    }
}

/// Reads a whole regular file.
pub fn content(path: &Path) -> io::Result<Vec<u8>> {
    match find(path)? {
        None => disk::content(path),
        Some((store, place)) => objects::content(&*store, &place),
    }
}

/// Makes a folder and those above it, for their owner only; a store has none.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    if objects::is_object(folder) {
        return Ok(());
    }
    disk::make_folder(folder)
}

//! The file of a journal: opened or made for its owner alone, through no symbolic link.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// The file that a path leads to; itself where there is nothing yet.
pub(super) fn resolved(path: &Path) -> io::Result<PathBuf> {
    match std::fs::symlink_metadata(path) {
        Ok(there) if there.is_symlink() => std::fs::canonicalize(path),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(path.to_owned()),
    }
}

/// Opens a regular file for reading and writing, or makes it for its owner alone; what is there is not changed.
///
/// No symbolic link is followed, also none that leads to nothing yet.
pub(super) fn open_or_make(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    let mut make = options.clone();
    make.create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut make, 0o600);
    match make.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => return made,
    }
    let there = std::fs::symlink_metadata(path)?;
    let refused = |why| io::Error::new(io::ErrorKind::InvalidInput, why);
    if there.is_symlink() {
        return Err(refused("it is a symbolic link"));
    }
    if !there.is_file() {
        return Err(refused("it is not a regular file"));
    }
    let file = options.open(path)?;
    if !is_same(&there, &file.metadata()?) {
        return Err(refused("another file was put in its place"));
    }
    Ok(file)
}

#[cfg(unix)]
fn is_same(a: &std::fs::Metadata, b: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

#[cfg(not(unix))]
fn is_same(_: &std::fs::Metadata, b: &std::fs::Metadata) -> bool {
    b.is_file()
}

/// Takes the rights of others away from a file that was made with them, such as by a copy.
///
/// What is somebody else's can't be changed, and what is no file, such as `/dev/null`, must not be.
#[cfg(unix)]
pub(super) fn make_private(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = file.metadata()?;
    let mut permissions = metadata.permissions();
    if metadata.is_file() && permissions.mode() & 0o077 != 0 {
        permissions.set_mode(0o600);
        match file.set_permissions(permissions) {
            Err(error) if error.kind() != io::ErrorKind::PermissionDenied => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on Unix it may fail")]
pub(super) fn make_private(_: &File) -> io::Result<()> {
    Ok(())
}

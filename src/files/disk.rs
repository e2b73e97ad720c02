//! Files on the disk: written aside, synced, then renamed; nobody ever sees half of one.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// What a path leads to, as far as it matters to who writes there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PathKind {
    /// Nothing.
    Free,
    /// A regular file.
    File,
    /// A pipe, or a device such as `/dev/null`, or what `/dev/stdout` leads to: it is written into, never replaced.
    Stream,
}

impl PathKind {
    /// # Errors
    /// Whatever else is there is neither replaced nor written into.
    fn of(path: &Path) -> io::Result<Self> {
        let there = match std::fs::symlink_metadata(path) {
            Ok(there) => there.file_type(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::Free),
            Err(error) => return Err(error),
        };
        if there.is_symlink() {
            let target = std::fs::metadata(path)?.file_type();
            let is_open_file = ["/dev", "/proc"].iter().any(|root| path.starts_with(root));
            return if is_stream(target) || (is_open_file && target.is_file()) {
                Ok(Self::Stream)
            } else {
                Err(refused("it is a symbolic link; pass its target"))
            };
        }
        if there.is_file() {
            Ok(Self::File)
        } else if is_stream(there) {
            Ok(Self::Stream)
        } else if there.is_dir() {
            Err(refused("it is a folder"))
        } else {
            Err(refused("it is neither a file nor a pipe"))
        }
    }
}

fn refused(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

#[cfg(unix)]
fn is_stream(kind: std::fs::FileType) -> bool {
    use std::os::unix::fs::FileTypeExt;
    kind.is_fifo() || kind.is_char_device()
}

#[cfg(not(unix))]
fn is_stream(_: std::fs::FileType) -> bool {
    false
}

/// Replaces a file, readable by its owner only; it is on the disk when this returns.
///
/// Into a pipe or a device the content is written instead, see [`is_pipe_or_device`].
///
/// # Errors
/// Where there is something else, such as a folder or a symbolic link; it is left as it is.
pub(super) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    if PathKind::of(path)? == PathKind::Stream {
        let mut stream = std::fs::OpenOptions::new().append(true).open(path)?;
        stream.write_all(content)?;
        return stream.flush();
    }
    aside(path, content)?.persist(path)?;
    sync_folder(path)
}

/// Whether a path leads to a pipe or a device, which can't be read back.
#[must_use]
pub(super) fn is_pipe_or_device(path: &Path) -> bool {
    matches!(PathKind::of(path), Ok(PathKind::Stream))
}

/// Opens a regular file for reading; `None` where there is nothing.
///
/// # Errors
/// Where there is something else: a pipe would be waited for, and a device may have no end.
#[expect(clippy::disallowed_methods, reason = "files are read here")]
pub fn open_regular(path: &Path) -> io::Result<Option<std::fs::File>> {
    match std::fs::metadata(path) {
        Ok(there) if there.is_file() => std::fs::File::open(path).map(Some),
        Ok(_) => Err(refused("it is not a regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a file and the folders above it, readable by their owner only; it is on the disk when this returns.
///
/// A file that holds the very same is left as it is.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] where there is another one: it is never written over.
pub(super) fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    if holds(path, content)? == Some(true) {
        return Ok(());
    }
    make_folder(folder(path))?;
    aside(path, content)?.persist_noclobber(path)?;
    sync_folder(path)
}

/// Whether a file holds exactly this; `None` where there is none.
pub(super) fn holds(path: &Path, content: &[u8]) -> io::Result<Option<bool>> {
    let Some(file) = open_regular(path)? else {
        return Ok(None);
    };
    let mut known = Vec::new();
    file.take(content.len() as u64 + 1)
        .read_to_end(&mut known)?;
    Ok(Some(known == content))
}

/// The files in a folder whose names begin and end like this, in the order of their names; none where there is no folder.
#[must_use]
pub(super) fn named_like(folder: &Path, begin: &str, end: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with(begin) && name.ends_with(end)
        })
        .map(|entry| entry.path())
        .collect();
    files.sort();
    files
}

/// Removes a file.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path)?;
    sync_folder(path)
}

/// Reads a whole regular file.
pub(super) fn content(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = open_regular(path)?.ok_or(io::ErrorKind::NotFound)?;
    let mut content = Vec::new();
    file.read_to_end(&mut content)?;
    Ok(content)
}

/// Makes a folder and those above it, for their owner only.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn folder(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// The content in a file beside, made with mode 0600 and synced.
fn aside(path: &Path, content: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::NamedTempFile::new_in(folder(path))?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Syncs the folder of a file: a new name is on the disk only when its folder is.
#[cfg_attr(
    unix,
    expect(clippy::disallowed_methods, reason = "the folder is synced here")
)]
#[cfg_attr(
    not(unix),
    expect(clippy::unnecessary_wraps, reason = "on Unix it may fail")
)]
pub fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    std::fs::File::open(folder(path))?.sync_all()?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test reads what was written")]
    fn a_replaced_file_is_whole_and_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(replace(Path::new("/nonexistent/x"), b"").is_err());
    }

    #[cfg(unix)]
    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test reads what was written")]
    fn what_is_no_regular_file_is_never_replaced() {
        use std::os::unix::fs::{FileTypeExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);

        let pipe = path("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || std::fs::read(pipe).unwrap()
        });
        replace(&pipe, b"one").unwrap();
        assert_eq!(reader.join().unwrap(), b"one");
        let there = std::fs::symlink_metadata(&pipe).unwrap().file_type();
        assert!(there.is_fifo());
        for error in [
            holds(&pipe, b"one").unwrap_err(),
            create(&pipe, b"one").unwrap_err(),
            content(&pipe).unwrap_err(),
        ] {
            assert_eq!(error.to_string(), "it is not a regular file");
        }

        let device = path("null");
        symlink("/dev/null", &device).unwrap();
        replace(&device, b"one").unwrap();
        assert!(is_pipe_or_device(&device));

        let (target, link) = (path("target"), path("link"));
        std::fs::write(&target, "precious").unwrap();
        symlink(&target, &link).unwrap();
        let error = replace(&link, b"one").unwrap_err();
        assert!(error.to_string().contains("symbolic link"), "{error}");
        assert_eq!(std::fs::read(&target).unwrap(), b"precious");
        let error = replace(folder.path(), b"one").unwrap_err();
        assert_eq!(error.to_string(), "it is a folder");
        assert!(replace(&path("nowhere/x"), b"one").is_err());
    }

    #[test]
    fn a_file_is_made_with_its_folders_and_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/aws-auth.yaml");
        create(&path, b"one").unwrap();
        create(&path, b"one").unwrap();
        let refused = create(&path, b"two").unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(holds(&path, b"one").unwrap(), Some(true));
        assert_eq!(holds(&path.with_extension("x"), b"one").unwrap(), None);
    }
}

//! Files that are objects in a store shared by many machines: their paths are URLs such as `s3://bucket/folder/plan.json`.
//!
//! The store is connected once for the process, as a file system is mounted: whoever reads or writes a file names its path,
//! and nothing else changes. Writes are conditional, which takes the place of locks and of exclusive creation.

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};

/// How the path of an object begins.
const SCHEME: &str = "s3://";

/// Where an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectPlace {
    /// The bucket.
    pub bucket: String,
    /// The key; of a folder, what its objects begin with.
    pub key: String,
}

/// An object, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// All of it.
    pub content: Vec<u8>,
    /// Which version it is; another content has another tag.
    pub tag: String,
    /// How long ago it was written, both times by the clock of the store.
    pub age: Duration,
}

/// What must hold for an object to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition<'a> {
    /// Nothing.
    Always,
    /// There is none yet.
    Absent,
    /// It is still the version with this tag.
    Unchanged(&'a str),
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// It is written, and this is its tag.
    Written(String),
    /// The condition does not hold, and the object is not what was to be written either.
    Refused,
}

/// A store of objects.
///
/// Calls wait until they are answered. They may be made from any thread, a worker of the runtime included.
pub trait Objects: Debug + Send + Sync {
    /// Reads an object; `None` where there is none.
    fn get(&self, place: &ObjectPlace) -> io::Result<Option<Object>>;
    /// Writes a whole object; it is durable when this returns.
    ///
    /// A write whose reply was lost is found again by its content: it counts as written.
    fn put(&self, place: &ObjectPlace, content: &[u8], condition: Condition<'_>)
    -> io::Result<Put>;
    /// The names of the objects directly in a folder.
    fn list(&self, folder: &ObjectPlace) -> io::Result<Vec<String>>;
    /// Deletes an object; one that is not there is no error.
    fn delete(&self, place: &ObjectPlace) -> io::Result<()>;
}

/// Why a store did not do what it was asked for, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct StoreError {
    /// What the store answered.
    pub what: String,
    /// An order that says where.
    pub hint: Option<String>,
}

impl StoreError {
    /// What to do about an error of a file, where it comes from a store.
    #[must_use]
    pub fn hint_of(error: &io::Error) -> Option<&str> {
        error.get_ref()?.downcast_ref::<Self>()?.hint.as_deref()
    }
}

impl From<StoreError> for io::Error {
    fn from(error: StoreError) -> Self {
        Self::other(error)
    }
}

static STORE: OnceLock<Arc<dyn Objects>> = OnceLock::new();

/// Connects the store for all that this process does; only the first call counts.
pub fn connect(store: Arc<dyn Objects>) {
    let _ = STORE.set(store);
}

/// Whether a path is the URL of an object.
#[must_use]
pub fn is_object(path: &Path) -> bool {
    path.as_os_str()
        .as_encoded_bytes()
        .starts_with(SCHEME.as_bytes())
}

/// Checks a path that is typed: a URL has to be one of S3, with a bucket.
///
/// # Errors
/// What is wrong with it, in words.
pub fn check(path: &Path) -> Result<(), String> {
    let text = path.to_string_lossy();
    match text.split_once("://") {
        None => Ok(()),
        Some(("s3", _)) => ObjectPlace::parse(&text).map(drop),
        Some(_) => Err(format!(
            "`{text}` is not a file: the only URLs supported are s3://BUCKET/KEY"
        )),
    }
}

impl ObjectPlace {
    /// Reads a URL.
    ///
    /// Source: Amazon S3 User Guide, "General purpose bucket naming rules".
    fn parse(url: &str) -> Result<Self, String> {
        let rest = url.strip_prefix(SCHEME).unwrap_or_default();
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = (3..=63).contains(&bucket.len())
            && bucket.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte)
            });
        if bucket.is_empty() {
            return Err(format!("`{url}` names no bucket: write s3://BUCKET/KEY"));
        }
        if !is_name {
            return Err(format!(
                "`{bucket}` is not a bucket name: it has 3 to 63 lower-case letters, digits, dots and hyphens"
            ));
        }
        if key.split('/').any(|part| matches!(part, "." | ".."))
            || key.contains("//")
            || key.starts_with('/')
        {
            return Err(format!("`{url}` has an empty part, or `.` or `..`"));
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }

    /// The same folder as what its objects begin with.
    #[must_use]
    pub fn prefix(&self) -> String {
        match self.key.trim_end_matches('/') {
            "" => String::new(),
            key => format!("{key}/"),
        }
    }
}

/// A store, and a place in it.
pub type PlaceInStore = (Arc<dyn Objects>, ObjectPlace);

/// The store and the place of a path that is a URL; `None` for any other path.
///
/// # Errors
/// The URL can't be meant so, or no store is connected.
pub fn find(path: &Path) -> io::Result<Option<PlaceInStore>> {
    if !is_object(path) {
        return Ok(None);
    }
    let place = ObjectPlace::parse(&path.to_string_lossy())
        .map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?;
    let store = STORE.get().cloned().ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::Unsupported,
            "this build of the tool has no client for S3: use a release, or build it with `--features s3`",
        )
    })?;
    Ok(Some((store, place)))
}

/// Does what may wait for a store, without keeping a worker of the runtime from its other tasks.
pub fn waiting<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => {
            tokio::task::block_in_place(work)
        }
        _ => work(),
    }
}

/// Waits for what a store answers, on the runtime of the process.
///
/// It waits in a thread of its own. A task and whatever it waits for in the same thread wake up by the same signal, and the
/// inner one would take it away from the outer one: what became ready for the task in the meantime would never be noticed.
pub(crate) fn wait_for<T: Send>(runtime: &Handle, work: impl Future<Output = T> + Send) -> T {
    let waited = || {
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| runtime.block_on(work));
            waiter.join()
        })
    };
    waiting(waited).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Reads a whole object.
pub(super) fn content(store: &dyn Objects, place: &ObjectPlace) -> io::Result<Vec<u8>> {
    let object = store.get(place)?;
    Ok(object.ok_or(io::ErrorKind::NotFound)?.content)
}

/// Writes an object that must not be there, unless it holds just this.
pub(super) fn create(store: &dyn Objects, place: &ObjectPlace, content: &[u8]) -> io::Result<()> {
    match store.put(place, content, Condition::Absent)? {
        Put::Written(_) => Ok(()),
        Put::Refused => Err(io::ErrorKind::AlreadyExists.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_bucket_and_a_key() {
        for (url, bucket, key) in [
            ("s3://state", "state", ""),
            ("s3://state/", "state", ""),
            ("s3://my.state-1/a/b.jsonl", "my.state-1", "a/b.jsonl"),
        ] {
            let place = ObjectPlace::parse(url).unwrap();
            assert_eq!((place.bucket.as_str(), place.key.as_str()), (bucket, key));
        }
    }

    #[test]
    fn what_is_no_url_of_s3_is_refused_with_the_reason() {
        for (path, why) in [
            ("s3://", "names no bucket"),
            ("s3:///plans", "names no bucket"),
            ("s3://St/x", "is not a bucket name"),
            ("s3://state//x", "has an empty part"),
            ("s3://state/../x", "or `..`"),
            ("https://state.s3.amazonaws.com/x", "s3://BUCKET/KEY"),
            ("gs://state/x", "s3://BUCKET/KEY"),
        ] {
            let error = check(Path::new(path)).unwrap_err();
            assert!(error.contains(why), "{path}: {error}");
        }
        assert_eq!(check(Path::new("plans/a:b")), Ok(()));
    }

    /// A process once hung whose store answered while something else it waited for became ready.
    #[test]
    fn what_becomes_ready_while_a_store_is_waited_for_is_noticed() {
        let (done, is_done) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let (ready, is_ready) = tokio::sync::oneshot::channel();
                let store = async {
                    wait_for(&Handle::current(), async {
                        ready.send(()).unwrap();
                        // Long enough for the wake-up to come while this waits.
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    });
                };
                let (received, ()) = tokio::join!(is_ready, store);
                received.unwrap();
            });
            done.send(()).unwrap();
        });
        is_done
            .recv_timeout(Duration::from_mins(1))
            .expect("the wake-up is not lost");
    }

    #[test]
    fn a_path_is_put_together_and_taken_apart_as_any_other() {
        let path = Path::new("s3://state/fleet").join("a").join("b.json");
        assert_eq!(path.to_str(), Some("s3://state/fleet/a/b.json"));
        let parent = path.parent().and_then(Path::parent);
        assert_eq!(parent.and_then(Path::to_str), Some("s3://state/fleet"));
    }
}

//! What is being read at the moment, for whoever waits for it.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Takes the names of what is being read whenever they change; none of them once all is read.
type Tell = Arc<dyn Fn(&[&'static str]) + Send + Sync>;

/// Knows what is being read; a clone is the same.
#[derive(Clone, Default)]
pub struct Reads {
    open: Arc<Mutex<Vec<&'static str>>>,
    tell: Option<Tell>,
}

impl fmt::Debug for Reads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Reads");
        shown.field("open", &*self.open()).finish_non_exhaustive()
    }
}

impl Reads {
    /// Tells somebody.
    #[must_use]
    pub fn watched(tell: impl Fn(&[&'static str]) + Send + Sync + 'static) -> Self {
        Self {
            open: Arc::default(),
            tell: Some(Arc::new(tell)),
        }
    }

    /// Reads something by this name.
    pub(super) async fn of<T>(&self, what: &'static str, read: impl Future<Output = T>) -> T {
        self.change(|open| open.push(what));
        // Whoever gives up in between reads no more either.
        let _done = Done { reads: self, what };
        read.await
    }

    fn change(&self, change: impl FnOnce(&mut Vec<&'static str>)) {
        let now = {
            let mut open = self.open();
            change(&mut open);
            open.clone()
        };
        if let Some(tell) = &self.tell {
            tell(&now);
        }
    }

    fn open(&self) -> MutexGuard<'_, Vec<&'static str>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a read, however it ends.
struct Done<'a> {
    reads: &'a Reads,
    what: &'static str,
}

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.reads.change(|open| {
            if let Some(at) = open.iter().position(|what| *what == self.what) {
                open.remove(at);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_read_is_told_until_it_is_read() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let told_too = Arc::clone(&told);
        let reads = Reads::watched(move |open| told_too.lock().unwrap().push(open.to_vec()));
        reads
            .of("aws-auth", reads.of("access entries", async {}))
            .await;
        let told = told.lock().unwrap();
        let expected: [&[&str]; 4] = [
            &["aws-auth"],
            &["aws-auth", "access entries"],
            &["aws-auth"],
            &[],
        ];
        assert_eq!(*told, expected);
    }
}

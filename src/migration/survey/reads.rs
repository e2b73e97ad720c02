//! What is being read at the moment, for whoever waits for it.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Takes the names of what is being read whenever they change; `None` once all is read.
type Tell = Arc<dyn Fn(Option<&[&'static str]>) + Send + Sync>;

/// Knows what is being read; a clone is the same.
#[derive(Clone, Default)]
pub struct Reads {
    now: Arc<Mutex<Now>>,
    tell: Option<Tell>,
}

#[derive(Debug, Default)]
struct Now {
    /// How many looks are under way.
    looks: usize,
    /// What is being read for them.
    names: Vec<&'static str>,
}

impl fmt::Debug for Reads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Reads");
        shown.field("now", &*self.now()).finish_non_exhaustive()
    }
}

impl Reads {
    /// Reports what is being read.
    #[must_use]
    pub fn watched(tell: impl Fn(Option<&[&'static str]>) + Send + Sync + 'static) -> Self {
        Self {
            now: Arc::default(),
            tell: Some(Arc::new(tell)),
        }
    }

    /// A whole look, with a pause or two between what is read for it.
    pub(super) async fn look<T>(&self, look: impl Future<Output = T>) -> T {
        self.change(|now| now.looks += 1);
        let _done = Done(self, |now| now.looks -= 1);
        look.await
    }

    /// Reads something by this name.
    pub(super) async fn of<T>(&self, what: &'static str, read: impl Future<Output = T>) -> T {
        self.change(|now| now.names.push(what));
        let _done = Done(self, move |now| {
            if let Some(at) = now.names.iter().position(|name| *name == what) {
                now.names.remove(at);
            }
        });
        read.await
    }

    fn change(&self, change: impl FnOnce(&mut Now)) {
        let names = {
            let mut now = self.now();
            change(&mut now);
            (now.looks > 0).then(|| now.names.clone())
        };
        if let Some(tell) = &self.tell {
            tell(names.as_deref());
        }
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a read, also where somebody gives up in between.
struct Done<'a, F: Fn(&mut Now)>(&'a Reads, F);

impl<F: Fn(&mut Now)> Drop for Done<'_, F> {
    fn drop(&mut self) {
        self.0.change(&self.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_read_is_told_until_it_is_read() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let seen_too = Arc::clone(&seen);
        let reads = Reads::watched(move |names| {
            seen_too
                .lock()
                .unwrap()
                .push(names.map(|names| names.join(" ")));
        });
        let inner = reads.of("entries", async {});
        reads.look(reads.of("aws-auth", inner)).await;
        let seen = seen.lock().unwrap();
        let seen: Vec<_> = seen.iter().map(Option::as_deref).collect();
        let both = Some("aws-auth entries");
        let one = Some("aws-auth");
        assert_eq!(seen, [Some(""), one, both, one, Some(""), None]);
    }
}

//! The lease of a journal that machines share: one run on a cluster at a time, also when the machine of the last one is gone.
//!
//! It is an object beside the journal that names its holder, as the lock of a file does, and is renewed while the run lives.
//! One that was not renewed for [`TERM`], by the clock of the store alone, is free: whoever held it has died, or can't
//! reach the store. That is politeness, not safety. What keeps a holder that was only asleep from going on is the journal
//! itself: each of its writes names the version that it follows, and whoever took over has written another one.

use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::error::JournalError;
use crate::files::objects::{Condition, ObjectPlace, Objects, Put, waiting};

/// How long a lease holds that is not renewed.
pub(super) const TERM: Duration = Duration::from_mins(1);
/// How often it is renewed.
const BEAT: Duration = Duration::from_secs(15);
/// How often a lease is tried for that somebody else takes at the same time.
const TRIES: usize = 3;

const SCHEMA: &str = "aws-auth-migrate/lease/v1";

/// What the object says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LeaseRecord {
    schema: String,
    /// Who holds it, in words.
    holder: String,
    /// What distinguishes the holder from all others.
    token: String,
    /// How often it was renewed, so that no two versions are alike.
    beat: u64,
    /// Whether the holder has given it back.
    released: bool,
}

/// A lease that is held; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Lease {
    shared: Arc<Shared>,
    /// Ends the renewal when it is dropped.
    _alive: Sender<()>,
}

#[derive(Debug)]
struct Shared {
    store: Arc<dyn Objects>,
    place: ObjectPlace,
    journal: PathBuf,
    state: Mutex<LeaseState>,
}

#[derive(Debug)]
struct LeaseState {
    record: LeaseRecord,
    tag: String,
    renewed: Instant,
    /// Who has it instead, once that is known.
    lost: Option<String>,
}

/// Who holds a lease, and for how long if it is not renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Who, in words.
    pub holder: String,
    /// When it is free at the latest, unless it is renewed.
    pub left: Duration,
}

/// Where the lease of a journal is.
fn place_of(journal: &ObjectPlace) -> ObjectPlace {
    ObjectPlace {
        bucket: journal.bucket.clone(),
        key: format!("{}.lock", journal.key),
    }
}

/// Who holds the lease of a journal now, with the tag of what says so.
fn look(
    store: &dyn Objects,
    place: &ObjectPlace,
    journal: &Path,
) -> Result<(Option<Held>, Option<String>), JournalError> {
    let object = store.get(place).map_err(io("read the lease of", journal))?;
    let Some(object) = object else {
        return Ok((None, None));
    };
    let record = serde_json::from_slice::<LeaseRecord>(&object.content);
    let Some(record) = record.ok().filter(|record| record.schema == SCHEMA) else {
        return Err(JournalError::NotAJournal {
            path: PathBuf::from(format!("s3://{}/{}", place.bucket, place.key)),
            reason: format!(
                "it would be the lease of the journal `{}`, and holds something else",
                journal.display()
            ),
        });
    };
    let left = TERM.saturating_sub(object.age);
    let is_held = !record.released && !left.is_zero();
    let held = is_held.then_some(Held {
        holder: record.holder,
        left,
    });
    Ok((held, Some(object.tag)))
}

/// Who holds the lease of a journal; `None` where it is free.
pub(super) fn held(
    store: &dyn Objects,
    journal: &ObjectPlace,
    path: &Path,
) -> Result<Option<Held>, JournalError> {
    Ok(look(store, &place_of(journal), path)?.0)
}

impl Lease {
    /// Takes the lease of a journal, and renews it from now on.
    ///
    /// # Errors
    /// [`JournalError::Locked`] where another run holds it.
    pub(super) fn take(
        store: &Arc<dyn Objects>,
        journal: &ObjectPlace,
        path: &Path,
        holder: &str,
    ) -> Result<Self, JournalError> {
        let place = place_of(journal);
        let record = LeaseRecord {
            schema: SCHEMA.to_owned(),
            holder: holder.to_owned(),
            token: token(),
            beat: 0,
            released: false,
        };
        let content = text(&record);
        for _ in 0..TRIES {
            let (held, tag) = look(&**store, &place, path)?;
            if let Some(Held { holder, left }) = held {
                return Err(JournalError::Locked {
                    path: path.to_owned(),
                    holder,
                    free_in: Some(left),
                });
            }
            let condition = tag
                .as_deref()
                .map_or(Condition::Absent, Condition::Unchanged);
            let put = store
                .put(&place, &content, condition)
                .map_err(io("take the lease of", path))?;
            if let Put::Written(tag) = put {
                let state = LeaseState {
                    record,
                    tag,
                    renewed: Instant::now(),
                    lost: None,
                };
                return Ok(Self::held(store, place, path, state));
            }
        }
        Err(JournalError::Locked {
            path: path.to_owned(),
            holder: "several runs want it at the same time".to_owned(),
            free_in: None,
        })
    }

    fn held(store: &Arc<dyn Objects>, place: ObjectPlace, path: &Path, state: LeaseState) -> Self {
        let shared = Arc::new(Shared {
            store: Arc::clone(store),
            place,
            journal: path.to_owned(),
            state: Mutex::new(state),
        });
        let (alive, ended) = mpsc::channel();
        let renewed = Arc::clone(&shared);
        std::thread::spawn(move || {
            while ended.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
                let mut state = renewed.state();
                if let Err(error) = renewed.renew(&mut state) {
                    tracing::debug!(%error, "the lease was not renewed");
                }
                if state.lost.is_some() {
                    return;
                }
            }
        });
        Self {
            shared,
            _alive: alive,
        }
    }

    /// Makes sure that the lease is still held: after a long sleep it is renewed first.
    ///
    /// # Errors
    /// [`JournalError::TakenOver`] where another run has it.
    pub(super) fn check(&self) -> Result<(), JournalError> {
        let mut state = self.shared.state();
        if state.renewed.elapsed() >= TERM / 2 {
            self.shared.renew(&mut state)?;
        }
        match &state.lost {
            None => Ok(()),
            Some(holder) => Err(self.shared.taken_over(holder)),
        }
    }

    /// That another run has written to the journal.
    pub(super) fn taken_over(&self) -> JournalError {
        let shared = &self.shared;
        let now = look(&*shared.store, &shared.place, &shared.journal);
        let holder = now.ok().and_then(|(held, _)| Some(held?.holder));
        let mut state = shared.state();
        let own = state.record.holder.clone();
        let holder = holder.filter(|holder| *holder != own);
        let holder = holder.unwrap_or_else(|| "a run that has ended since".to_owned());
        state.lost = Some(holder.clone());
        shared.taken_over(&holder)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, LeaseState> {
        self.state
            .lock()
            .expect("no thread panics while it renews the lease")
    }

    fn renew(&self, state: &mut LeaseState) -> Result<(), JournalError> {
        if state.lost.is_some() {
            return Ok(());
        }
        state.record.beat += 1;
        let content = text(&state.record);
        let condition = Condition::Unchanged(&state.tag);
        let put = self.store.put(&self.place, &content, condition);
        match put.map_err(io("renew the lease of", &self.journal))? {
            Put::Written(tag) => {
                state.tag = tag;
                state.renewed = Instant::now();
            }
            Put::Refused => {
                let (held, _) = look(&*self.store, &self.place, &self.journal)?;
                let holder = held.map(|held| held.holder);
                state.lost =
                    Some(holder.unwrap_or_else(|| "a run that has ended since".to_owned()));
            }
        }
        Ok(())
    }

    fn taken_over(&self, holder: &str) -> JournalError {
        JournalError::TakenOver {
            path: self.journal.clone(),
            holder: holder.to_owned(),
        }
    }
}

impl Drop for Lease {
    /// Gives the lease back, so that the next run need not wait.
    fn drop(&mut self) {
        waiting(|| {
            let Ok(mut state) = self.shared.state.lock() else {
                return;
            };
            if state.lost.is_some() {
                return;
            }
            state.record.released = true;
            let content = text(&state.record);
            let condition = Condition::Unchanged(&state.tag);
            let put = self
                .shared
                .store
                .put(&self.shared.place, &content, condition);
            state.lost = Some(String::new());
            if let Err(error) = put {
                tracing::debug!(%error, "the lease was not given back; it ends by itself");
            }
        });
    }
}

fn text(record: &LeaseRecord) -> Vec<u8> {
    serde_json::to_vec(record).expect("a lease is plain data")
}

/// What nobody else has.
fn token() -> String {
    let random = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", random(), random())
}

fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::Io { what, path, source }
}

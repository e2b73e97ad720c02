//! A journal as a whole, as the record of a change names it.

use std::io::Read;
use std::path::Path;

use super::error::JournalError;
use super::history::History;
use super::reading::records;
use super::store::{Journal, unopened};
use super::{owner, shared};
use crate::digest::sha256;
use crate::files::objects::waiting;
use crate::files::open_regular;

/// What a journal holds, whatever cluster it is about, and what it can be recognised by.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Whole {
    /// What its records add up to.
    pub history: History,
    /// SHA-256 of its whole lines.
    pub sha256: String,
    /// How many lines it has.
    pub records: usize,
}

impl Journal {
    /// Reads a whole journal without holding it; `None` where there is none.
    ///
    /// # Errors
    /// It can't be read, belongs to somebody else, or was changed after it was written.
    pub fn whole(path: &Path) -> Result<Option<Whole>, JournalError> {
        let content = if let Some((store, place)) = shared::find(path)? {
            waiting(|| shared::get(&*store, &place, path))?
        } else {
            of_file(path)?
        };
        let Some(mut content) = content else {
            return Ok(None);
        };
        let (history, whole, _) = records(path, content.as_slice())?;
        content.truncate(usize::try_from(whole).unwrap_or(usize::MAX));
        Ok(Some(Whole {
            history,
            sha256: sha256(&content),
            records: content.split(|byte| *byte == b'\n').count() - 1,
        }))
    }
}

fn of_file(path: &Path) -> Result<Option<Vec<u8>>, JournalError> {
    let failed = |source| unopened(path, source);
    let Some(mut file) = open_regular(path).map_err(failed)? else {
        return Ok(None);
    };
    owner::check(path, &file)?;
    let mut content = Vec::new();
    file.read_to_end(&mut content).map_err(failed)?;
    Ok(Some(content))
}

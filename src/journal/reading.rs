//! The records of a journal, read line by line; what is none is refused.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::chain;
use super::error::JournalError;
use super::history::History;
use super::record::{Record, SCHEMA};

/// How the first record of every journal begins.
const BEGINNING: &[u8] = br#"{"record":"run","schema":"aws-auth-migrate/journal/"#;

/// More than any record holds: the ConfigMap before and after a change are at most 1 MiB each.
const LONGEST_LINE: u64 = 64 * 1024 * 1024;

/// Refuses a file that does not begin as a journal does; an empty one may become one.
pub(super) fn check_beginning(path: &Path, file: impl Read) -> Result<(), JournalError> {
    let mut text = Vec::new();
    file.take(BEGINNING.len() as u64)
        .read_to_end(&mut text)
        .map_err(|source| JournalError::Io {
            what: "read",
            path: path.to_owned(),
            source,
        })?;
    if BEGINNING.starts_with(&text) {
        return Ok(());
    }
    Err(JournalError::NotAJournal {
        path: path.to_owned(),
        reason: "it does not begin with the record of a run".to_owned(),
    })
}

/// Reads the records; also returns how many bytes are whole lines, and what the next record has to say of the last one.
pub(super) fn records(
    path: &Path,
    file: impl Read,
) -> Result<(History, u64, String), JournalError> {
    let mut reader = BufReader::new(file);
    let mut history = History::default();
    let mut whole = 0;
    let mut chain = chain::Chain::default();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = (&mut reader)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)
            .map_err(|source| JournalError::Io {
                what: "read",
                path: path.to_owned(),
                source,
            })?;
        if read as u64 == LONGEST_LINE {
            return Err(JournalError::Damaged {
                path: path.to_owned(),
                line: number,
                reason: "it is longer than 64 MiB".to_owned(),
            });
        }
        if read == 0 || line.last() != Some(&b'\n') {
            break;
        }
        let record = match serde_json::from_slice::<Record>(&line) {
            Ok(record) => record,
            Err(error) => return Err(unreadable(path, number, &line, &error)),
        };
        if let Record::Run { schema, .. } = &record
            && schema != SCHEMA
        {
            return Err(JournalError::Newer {
                path: path.to_owned(),
                schema: schema.clone(),
            });
        }
        chain
            .follow(&line[..read - 1])
            .map_err(|reason| JournalError::Changed {
                path: path.to_owned(),
                reason,
            })?;
        history.add(record);
        whole += read as u64;
    }
    Ok((history, whole, chain.last()))
}

fn unreadable(path: &Path, line: usize, text: &[u8], error: &serde_json::Error) -> JournalError {
    let schema = serde_json::from_slice::<serde_json::Value>(text)
        .ok()
        .and_then(|value| value.get("schema")?.as_str().map(ToOwned::to_owned));
    match schema {
        Some(schema) if schema != SCHEMA => JournalError::Newer {
            path: path.to_owned(),
            schema,
        },
        _ => JournalError::Damaged {
            path: path.to_owned(),
            line,
            // The parser's own words would repeat the text, which may be another file's.
            reason: format!("column {} is not what a record has there", error.column()),
        },
    }
}

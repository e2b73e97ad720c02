//! Puts the reports of shards together.

use std::collections::BTreeMap;

use super::report::{About, Report, SCHEMA};
use super::shard::{ShardMark, shard_of};

/// Why reports can't be put together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// There is none.
    #[error("there is no report to merge")]
    None,
    /// A report that is no shard of anything.
    #[error("{0} is the report of a whole fleet, not of a shard")]
    Whole(String),
    /// A document of another version.
    #[error("{place} has the schema `{schema}`, not `{SCHEMA}`")]
    OtherSchema {
        /// Which report.
        place: String,
        /// Its schema.
        schema: String,
    },
    /// Two reports that have nothing to do with each other.
    #[error("{first} and {second} don't belong together: {what} differs")]
    Different {
        /// One.
        first: String,
        /// The other.
        second: String,
        /// In what.
        what: &'static str,
    },
    /// A shard that is there twice.
    #[error("{first} and {second} are both shard {index}")]
    Twice {
        /// One.
        first: String,
        /// The other.
        second: String,
        /// Which shard.
        index: u32,
    },
    /// Shards that are not there.
    #[error("{} of {of} shards are missing: {}", .missing.len(), list(.missing))]
    Missing {
        /// Their numbers.
        missing: Vec<u32>,
        /// How many there should be.
        of: u32,
    },
    /// A row that belongs to another shard.
    #[error("{place} has a row that is not of its shard: {cluster}")]
    Stray {
        /// Which report.
        place: String,
        /// Which cluster.
        cluster: String,
    },
    /// Rows that are not there.
    #[error("the shards have {found} rows together, and the fleet has {wanted} clusters")]
    Rows {
        /// How many there are.
        found: usize,
        /// How many there should be.
        wanted: usize,
    },
}

fn list(numbers: &[u32]) -> String {
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    numbers.join(", ")
}

/// The report that one machine would have written, from those of all shards; each comes with what it is called.
///
/// # Errors
/// The reports are not all shards of the same fleet, made by the same command with the same choices.
pub fn merge(reports: Vec<(String, Report)>) -> Result<Report, MergeError> {
    let mut by_index: BTreeMap<u32, (String, Report)> = BTreeMap::new();
    for (place, report) in reports {
        let mark = check(&place, &report)?;
        for (first, other) in by_index.values() {
            if let Some(what) = difference(other, &report) {
                return Err(MergeError::Different {
                    first: first.clone(),
                    second: place,
                    what,
                });
            }
        }
        if let Some((first, _)) = by_index.get(&mark.index) {
            return Err(MergeError::Twice {
                first: first.clone(),
                second: place,
                index: mark.index,
            });
        }
        by_index.insert(mark.index, (place, report));
    }
    let Some((_, first)) = by_index.values().next() else {
        return Err(MergeError::None);
    };
    let of = first.shard.as_ref().map_or(0, |mark| mark.of);
    let missing: Vec<u32> = (0..of)
        .filter(|index| !by_index.contains_key(index))
        .collect();
    if !missing.is_empty() {
        return Err(MergeError::Missing { missing, of });
    }
    let mut about = About {
        command: first.command,
        fleet: first.fleet.clone(),
        shard: None,
        choices: first.choices.clone(),
        decisions: std::collections::BTreeMap::new(),
        tool_version: first.tool_version.clone(),
    };
    let mut rows = Vec::new();
    for (_, report) in by_index.into_values() {
        about.decisions.extend(report.decisions);
        rows.extend(report.rows);
    }
    if rows.len() != about.fleet.clusters {
        return Err(MergeError::Rows {
            found: rows.len(),
            wanted: about.fleet.clusters,
        });
    }
    Ok(Report::of(about, rows))
}

fn check(place: &str, report: &Report) -> Result<ShardMark, MergeError> {
    if report.schema != SCHEMA {
        return Err(MergeError::OtherSchema {
            place: place.to_owned(),
            schema: report.schema.clone(),
        });
    }
    let Some(mark) = &report.shard else {
        return Err(MergeError::Whole(place.to_owned()));
    };
    let stray = report
        .rows
        .iter()
        .find(|row| shard_of(&row.cluster, mark.of) != mark.index);
    match stray {
        Some(row) => Err(MergeError::Stray {
            place: place.to_owned(),
            cluster: row.cluster.to_string(),
        }),
        None => Ok(mark.clone()),
    }
}

/// What keeps two reports from being shards of one plan.
fn difference(one: &Report, other: &Report) -> Option<&'static str> {
    let of = |report: &Report| report.shard.as_ref().map(|mark| mark.of);
    let differences = [
        ("the fleet", one.fleet != other.fleet),
        ("the number of shards", of(one) != of(other)),
        ("the command", one.command != other.command),
        (
            "a choice that shapes the plan",
            one.choices != other.choices,
        ),
        (
            "the content of a decisions file",
            one.decisions.iter().any(|(file, digest)| {
                other
                    .decisions
                    .get(file)
                    .is_some_and(|known| known != digest)
            }),
        ),
        (
            "the version of the tool",
            one.tool_version != other.tool_version,
        ),
    ];
    let mut differences = differences.into_iter();
    differences
        .find(|(_, differs)| *differs)
        .map(|(what, _)| what)
}

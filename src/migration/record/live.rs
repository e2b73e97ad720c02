//! The record of a cluster that was read.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{ChangeRecord, LiveProof, Sources};
use crate::choices::Choices;
use crate::error::Failure;
use crate::journal::{History, Journal};
use crate::migration::apply::{misfit, plan_to_judge};
use crate::migration::journal_path::{cluster_id, journal_of};
use crate::migration::survey::Survey;
use crate::migration::verify::{Verification, verify};
use crate::model::ClusterId;

/// What is asked for beside the cluster.
#[derive(Debug)]
pub struct RecordRequest<'a> {
    /// The journal that was named.
    pub journal: Option<&'a Path>,
    /// The folder for journals, where there is one.
    pub state_folder: Option<PathBuf>,
    /// The choices that were given.
    pub choices: &'a Choices,
    /// The only run.
    pub run: Option<&'a str>,
    /// The time.
    pub now: Timestamp,
}

impl ChangeRecord {
    /// The record of a cluster that was read, with the proof.
    ///
    /// # Errors
    /// The journal can't be read, or a decision matches nothing.
    pub fn of_survey(seen: &Survey, asked: &RecordRequest<'_>) -> Result<Self, Failure> {
        let cluster = cluster_id(seen)?;
        let path = match (asked.journal, &asked.state_folder) {
            (None, None) => None,
            (named, folder) => {
                let folder = folder.as_deref().unwrap_or(Path::new(""));
                Some(journal_of(named, folder, &cluster))
            }
        };
        let journal = path.as_deref().map(Journal::whole).transpose()?.flatten();
        let history = journal.as_ref().map(|journal| journal.history.clone());
        let history = history.unwrap_or_default().of(&cluster);
        let verification = judge(seen, &history, asked.choices, asked.now)?;
        Ok(Self::of(Sources {
            cluster,
            path: path.as_deref().unwrap_or(Path::new("")),
            is_named: asked.journal.is_some(),
            journal,
            run: asked.run,
            proof: LiveProof::taken(verification),
            now: asked.now,
        }))
    }

    /// The record of a cluster that a run has just worked on, with the proof where it could be read once more.
    ///
    /// # Errors
    /// The journal can't be read.
    pub fn after_run(
        cluster: ClusterId,
        journal: (&Path, bool),
        seen: Result<&Survey, String>,
        choices: &Choices,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let (path, is_named) = journal;
        let journal = Journal::whole(path)?;
        let history = journal.as_ref().map(|journal| journal.history.clone());
        let history = history.unwrap_or_default().of(&cluster);
        let proof = match seen.map(|seen| judge(seen, &history, choices, now)) {
            Ok(Ok(verification)) => LiveProof::taken(verification),
            Ok(Err(failure)) => LiveProof::not_taken(failure.to_string()),
            Err(why) => LiveProof::not_taken(why),
        };
        Ok(Self::of(Sources {
            cluster,
            path,
            is_named,
            journal,
            run: None,
            proof,
            now,
        }))
    }
}

/// Which cluster was read.
///
/// # Errors
/// EKS did not return what identifies it.
pub fn cluster_of(seen: &Survey) -> Result<ClusterId, Failure> {
    cluster_id(seen)
}

/// What `verify` says.
fn judge(
    seen: &Survey,
    history: &History,
    choices: &Choices,
    now: Timestamp,
) -> Result<Verification, Failure> {
    let choices = choices.or_as_before(history.last_choices().as_ref());
    let plan = plan_to_judge(seen, &choices, history, now);
    plan.patterns_fit().map_err(|misfits| misfit(&misfits))?;
    Ok(verify(plan, &seen.reading, &seen.observed))
}

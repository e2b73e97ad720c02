//! Mappings and accounts, what becomes of them and why.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::decisions::Do;
use crate::finding::Finding;
use crate::model::{AccessChange, AccessEntry, MappingId};

/// What becomes of a mapping.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// An access entry is made.
    Create,
    /// A live access entry is changed, because that was asked for.
    Update,
    /// A live access entry already says the same.
    Unchanged,
    /// A live access entry differs and is kept.
    Conflict,
    /// It grants nothing today, so nothing is made.
    Inert,
    /// It grants something today that can't be carried over without a decision.
    Blocked,
    /// It is filtered out, or left to EKS on purpose.
    Skipped,
}

/// A mapping, what becomes of it and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedMapping {
    /// Such as `mapRoles[0]`.
    pub id: MappingId,
    /// The line within the section's text where the mapping starts, from 1.
    pub line: usize,
    /// The ARN as the cluster reads it.
    pub arn: String,
    /// The username as the cluster reads it.
    pub username: String,
    /// The groups as the cluster reads them.
    pub groups: Vec<String>,
    /// What becomes of it.
    pub outcome: Outcome,
    /// Why.
    pub findings: Vec<Finding>,
    /// The access entry that replaces it, if there is to be one.
    pub entry: Option<AccessEntry>,
    /// Who has which access before and after.
    pub access: AccessChange,
    /// How the live access entry, which is in force, differs from the mapping that it hides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<Box<AccessChange>>,
    /// Why it waits for a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocker: Option<Blocker>,
    /// What was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decided>,
    /// Whether the mapping grants nothing today and is created because that was asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inert_included: bool,
}

impl PlannedMapping {
    /// Whether somebody has to decide.
    #[must_use]
    pub fn needs_decision(&self) -> bool {
        self.blocker.is_some()
    }

    /// How the live access entry differs from the mapping, or how access changes where there is none.
    #[must_use]
    pub fn shown_change(&self) -> &AccessChange {
        match (&self.drift, self.outcome) {
            (Some(drift), Outcome::Unchanged | Outcome::Conflict) => drift,
            _ => &self.access,
        }
    }

    /// Whether the live entry gives other names, and no bindings are at hand that would say what that means.
    #[must_use]
    pub fn is_renamed_unseen(&self) -> bool {
        let AccessChange {
            before,
            after,
            verdict,
            ..
        } = self.shown_change();
        verdict.is_none() && before.is_some() && after.is_some()
    }

    /// Whether the choices leave it out, so that nothing is said about it: what EKS is to create has an entry, and what
    /// is left or given up has a decision.
    #[must_use]
    pub fn is_filtered_out(&self) -> bool {
        self.outcome == Outcome::Skipped && self.entry.is_none() && self.decision.is_none()
    }

    /// Whether `cutover` leaves the mapping in `aws-auth`, as decided.
    #[must_use]
    pub fn is_left(&self) -> bool {
        self.decision
            .as_ref()
            .is_some_and(|decided| decided.what == Do::Leave)
    }

    /// Whether `cutover` removes the mapping although its access is lost with it, as decided.
    #[must_use]
    pub fn is_dropped(&self) -> bool {
        self.decision
            .as_ref()
            .is_some_and(|decided| decided.what == Do::Drop)
    }
}

/// Why a mapping waits for a decision; the variant decides what can be answered.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Blocker {
    /// The access entry would change who may do what.
    AccessMoves,
    /// Names would change, and the bindings that may use them were not read.
    BindingsUnread,
    /// What the principal has today is unknown.
    InForceUnknown,
    /// No access entry can give what the mapping gives.
    NoEntryPossible,
    /// The live access entry gives other access than the mapping.
    LiveDiffers,
    /// Bindings for a new name would reach somebody else.
    NewNameTaken,
    /// A warning, under `--strict`.
    Warning,
    /// EKS refused the principal.
    Refused,
}

/// What somebody decided for a mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Decided {
    /// What is done.
    #[serde(rename = "do")]
    pub what: Do,
    /// Why, in the words of whoever decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where the decision was found.
    pub by: DecidedBy,
}

/// Where a decision was found.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum DecidedBy {
    /// An answer in the decisions file, or one that the journal or a saved plan kept.
    Answer,
    /// An option of the command line.
    Option,
    /// A tag of the access entry, from the run that created it.
    Tag,
}

/// An element of `mapAccounts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedAccount {
    /// Such as `mapAccounts[0]`.
    pub id: MappingId,
    /// The line within the text of `mapAccounts`, from 1.
    pub line: usize,
    /// The account id as the cluster reads it.
    pub account_id: String,
    /// Blocked, unless it is filtered out, inert or decided.
    pub outcome: Outcome,
    /// Why.
    pub findings: Vec<Finding>,
    /// What was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decided>,
}

impl PlannedAccount {
    /// Whether the choices leave it out.
    #[must_use]
    pub fn is_filtered_out(&self) -> bool {
        self.outcome == Outcome::Skipped && self.decision.is_none()
    }
}

/// How many mappings of `mapRoles` and `mapUsers` have each outcome; whole accounts are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Entries to make.
    pub create: usize,
    /// Entries to change.
    pub update: usize,
    /// Entries that already say the same.
    pub unchanged: usize,
    /// Live entries that differ and are kept.
    pub conflict: usize,
    /// Mappings that grant nothing today.
    pub inert: usize,
    /// Mappings that need a decision.
    pub blocked: usize,
    /// Mappings left out.
    pub skipped: usize,
}

impl Summary {
    /// Counts outcomes.
    #[must_use]
    pub fn count(outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        let mut summary = Self::default();
        for outcome in outcomes {
            *match outcome {
                Outcome::Create => &mut summary.create,
                Outcome::Update => &mut summary.update,
                Outcome::Unchanged => &mut summary.unchanged,
                Outcome::Conflict => &mut summary.conflict,
                Outcome::Inert => &mut summary.inert,
                Outcome::Blocked => &mut summary.blocked,
                Outcome::Skipped => &mut summary.skipped,
            } += 1;
        }
        summary
    }
}

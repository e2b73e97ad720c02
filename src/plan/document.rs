//! The plan as a document, versioned `aws-auth-migrate/plan/v1`; fields may be added, never renamed or removed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::Renames;
use crate::choices::Choices;
use crate::decisions::Do;
use crate::finding::{Code, Finding};
use crate::invocation::CommandOption;
pub use crate::model::{AccessChange, BindingChange, BindingEffect, Identity, Verdict};
use crate::model::{
    AccessEntry, AccessScope, Arn, AuthenticationMode, Cluster, EntryType, MappingId,
    PolicyAssociation, Section,
};

/// The name and version of the document.
pub const SCHEMA: &str = "aws-auth-migrate/plan/v1";

/// What would be done to a cluster, and why; leaves nothing to choose when it is applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// [`SCHEMA`].
    pub schema: String,
    /// The version of the tool that made it.
    pub tool_version: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The cluster it is for.
    pub cluster: Cluster,
    /// The ARN of whoever ran the tool, as STS gives it; none in an offline plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// Where `aws-auth` was read from.
    pub source: Source,
    /// The choices that shaped it.
    #[serde(default)]
    pub choices: Choices,
    /// Every mapping of `mapRoles` and `mapUsers`, in the order of the text.
    pub mappings: Vec<PlannedMapping>,
    /// What is done, in this order.
    pub actions: Vec<Action>,
    /// Every element of `mapAccounts`.
    pub accounts: Vec<PlannedAccount>,
    /// What there is to say about `aws-auth` as a text and about the cluster as a whole.
    pub findings: Vec<PlacedFinding>,
    /// How many mappings of `mapRoles` and `mapUsers` have each outcome.
    pub summary: Summary,
    /// What the live access entries looked like, by principal, so that a saved plan can tell what has changed since.
    #[serde(default)]
    pub observed: BTreeMap<String, AccessEntry>,
    /// Decisions that do not fit the cluster; no plan that has any is shown or applied.
    #[serde(skip)]
    pub misfits: Vec<Misfit>,
}

/// Where `aws-auth` was read from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// Cluster or file.
    pub kind: SourceKind,
    /// SHA-256 over the three values, in hexadecimal.
    pub sha256: String,
    /// The ConfigMap's resourceVersion, where it came from a cluster.
    pub resource_version: Option<String>,
    /// The options that led there, beside the cluster and its region, each as `--name=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<CommandOption>,
}

/// The two kinds of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SourceKind {
    /// The live cluster.
    Cluster,
    /// A file or standard input.
    File,
}

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
    /// The access entry that stands for it, where there is to be one.
    pub entry: Option<AccessEntry>,
    /// Who has which access before and after.
    pub access: AccessChange,
    /// How the live access entry, which is in force, differs from the mapping that it hides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<AccessChange>,
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

impl Plan {
    /// Whether something in it waits for a decision by a person.
    #[must_use]
    pub fn needs_decision(&self) -> bool {
        let blocked = |account: &PlannedAccount| account.outcome == Outcome::Blocked;
        self.mappings.iter().any(PlannedMapping::needs_decision)
            || self.accounts.iter().any(blocked)
            || self.findings.iter().any(|placed| {
                let code = placed.finding.code;
                code.stops_apply()
                    || matches!(code, Code::SectionUnreadable | Code::SectionUndecided)
            })
    }

    /// Whether a principal gets its entry for a mapping that grants nothing, because that was asked for.
    #[must_use]
    pub fn includes_inert(&self, principal: &Arn) -> bool {
        self.mappings.iter().any(|mapping| {
            let entry = mapping.entry.as_ref();
            mapping.inert_included && entry.is_some_and(|entry| entry.principal_arn == *principal)
        })
    }

    /// Refuses a plan whose decisions don't fit the cluster.
    ///
    /// # Errors
    /// [`Misfits`] names every decision that matches nothing or accepts another move than the one that would happen.
    pub fn decisions_fit(&self) -> Result<(), Misfits> {
        if self.misfits.is_empty() {
            Ok(())
        } else {
            Err(Misfits(self.misfits.clone()))
        }
    }

    /// The same for decisions that are shared with other clusters: what matches nothing here may match there.
    ///
    /// # Errors
    /// [`Misfits`] names every decision that accepts another move than the one that would happen.
    pub fn shared_decisions_fit(&self) -> Result<(), Misfits> {
        let misfits = self.misfits.iter().filter(|misfit| !misfit.matches_nothing);
        let misfits: Vec<Misfit> = misfits.cloned().collect();
        if misfits.is_empty() {
            Ok(())
        } else {
            Err(Misfits(misfits))
        }
    }
}

/// New names that a plan gives, by the old ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsedRenames {
    groups: BTreeMap<String, String>,
    users: BTreeMap<String, String>,
}

impl UsedRenames {
    /// Whether nothing gets a new name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty() && self.users.is_empty()
    }

    /// The names, to copy bindings for.
    #[must_use]
    pub fn renames(&self) -> Renames<'_> {
        Renames {
            groups: &self.groups,
            users: &self.users,
        }
    }
}

impl Plan {
    /// The new names that entries of this plan give; a mapping that waits for a decision needs no bindings yet.
    #[must_use]
    pub fn renames_in_use(&self) -> UsedRenames {
        let mut used = UsedRenames::default();
        for mapping in self
            .mappings
            .iter()
            .filter(|mapping| mapping.blocker.is_none())
        {
            let Some(entry) = &mapping.entry else {
                continue;
            };
            for (old, new) in &self.choices.rename_groups {
                if mapping.groups.contains(old) && entry.kubernetes_groups.contains(new) {
                    used.groups.insert(old.clone(), new.clone());
                }
            }
            if let Some(new) = self.choices.rename_users.get(&mapping.username)
                && entry.username.is_some()
            {
                used.users.insert(mapping.username.clone(), new.clone());
            }
        }
        used
    }
}

impl Plan {
    /// Refuses a plan with a pattern or a decision that matches nothing: a typing error.
    ///
    /// # Errors
    /// [`Misfits`] names each of them.
    pub fn patterns_fit(&self) -> Result<(), Misfits> {
        let misfits = self.misfits.iter();
        let misfits: Vec<_> = misfits
            .filter(|misfit| misfit.matches_nothing)
            .cloned()
            .collect();
        if misfits.is_empty() {
            Ok(())
        } else {
            Err(Misfits(misfits))
        }
    }
}

/// A decision that does not fit the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Which decision, and why.
    pub message: String,
    /// Whether it matches nothing here; for another cluster it may match.
    pub matches_nothing: bool,
}

/// Decisions that do not fit the cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(|misfit| misfit.message.as_str()).collect::<Vec<_>>().join("; "))]
pub struct Misfits(pub Vec<Misfit>);

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

/// One call to EKS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Action {
    /// `a1`, `a2`, ... unique in the plan.
    pub id: String,
    /// What is called, with which values.
    #[serde(flatten)]
    pub kind: ActionKind,
    /// The mapping that it is for, where it is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<MappingId>,
    /// When it is its turn.
    pub stage: Stage,
    /// Why.
    pub why: String,
}

/// The order in which principals are cut over; a stage begins when the one before it is done.
///
/// Making an access entry is the cut-over for its principal, so those who could mend things go first and what could
/// hurt most goes last.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// The cluster itself: its authentication mode.
    Cluster,
    /// The caller and the administrators.
    Administrators,
    /// Everybody else: people and CI.
    Others,
    /// Node roles.
    Nodes,
    /// Whoever runs this, where a rollback takes its entry away: last of all.
    Caller,
}

/// The calls that a plan is made of.
///
/// Source: EKS API Reference, the operations of the same names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum ActionKind {
    /// `UpdateClusterConfig`: lets the cluster have access entries; one-way.
    UpdateAuthenticationMode {
        /// The mode before.
        from: AuthenticationMode,
        /// The mode after.
        to: AuthenticationMode,
    },
    /// `CreateAccessEntry`.
    CreateAccessEntry {
        /// Who it is for.
        principal_arn: Arn,
        /// What it is for.
        #[serde(rename = "type")]
        entry_type: EntryType,
        /// The username, `None` to leave it to EKS.
        username: Option<String>,
        /// The groups.
        kubernetes_groups: Vec<String>,
        /// The tags.
        tags: BTreeMap<String, String>,
    },
    /// `UpdateAccessEntry`, which resets what is not sent.
    UpdateAccessEntry {
        /// Whose entry.
        principal_arn: Arn,
        /// The username, `None` for EKS's own.
        username: Option<String>,
        /// The groups.
        kubernetes_groups: Vec<String>,
    },
    /// `DeleteAccessEntry`, before the entry is re-created.
    DeleteAccessEntry {
        /// Whose entry.
        principal_arn: Arn,
    },
    /// `AssociateAccessPolicy`.
    AssociateAccessPolicy {
        /// Whose entry.
        principal_arn: Arn,
        /// Which policy.
        policy_arn: Arn,
        /// Where it holds.
        access_scope: AccessScope,
    },
    /// `DisassociateAccessPolicy`.
    DisassociateAccessPolicy {
        /// Whose entry.
        principal_arn: Arn,
        /// Which policy.
        policy_arn: Arn,
    },
}

impl ActionKind {
    /// Whose entry is meant; `None` for the cluster itself.
    #[must_use]
    pub fn principal_arn(&self) -> Option<&Arn> {
        match self {
            Self::UpdateAuthenticationMode { .. } => None,
            Self::CreateAccessEntry { principal_arn, .. }
            | Self::UpdateAccessEntry { principal_arn, .. }
            | Self::DeleteAccessEntry { principal_arn }
            | Self::AssociateAccessPolicy { principal_arn, .. }
            | Self::DisassociateAccessPolicy { principal_arn, .. } => Some(principal_arn),
        }
    }

    /// The entry as it is once the action is done, given what it was before.
    #[must_use]
    pub fn applied_to(&self, before: Option<AccessEntry>) -> Option<AccessEntry> {
        match self {
            Self::UpdateAuthenticationMode { .. } => before,
            Self::CreateAccessEntry {
                principal_arn,
                entry_type,
                username,
                kubernetes_groups,
                tags,
            } => Some(AccessEntry {
                principal_arn: principal_arn.clone(),
                entry_type: entry_type.clone(),
                username: username.clone(),
                kubernetes_groups: kubernetes_groups.clone(),
                tags: tags.clone(),
                access_policies: Vec::new(),
            }),
            Self::UpdateAccessEntry {
                username,
                kubernetes_groups,
                ..
            } => before.map(|entry| AccessEntry {
                username: username.clone(),
                kubernetes_groups: kubernetes_groups.clone(),
                ..entry
            }),
            Self::DeleteAccessEntry { .. } => None,
            Self::AssociateAccessPolicy {
                policy_arn,
                access_scope,
                ..
            } => before.map(|mut entry| {
                entry
                    .access_policies
                    .retain(|policy| policy.policy_arn != *policy_arn);
                entry.access_policies.push(PolicyAssociation {
                    policy_arn: policy_arn.clone(),
                    access_scope: access_scope.clone(),
                });
                entry
            }),
            Self::DisassociateAccessPolicy { policy_arn, .. } => before.map(|mut entry| {
                entry
                    .access_policies
                    .retain(|policy| policy.policy_arn != *policy_arn);
                entry
            }),
        }
    }

    /// The API operation.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        match self {
            Self::UpdateAuthenticationMode { .. } => "UpdateClusterConfig",
            Self::CreateAccessEntry { .. } => "CreateAccessEntry",
            Self::UpdateAccessEntry { .. } => "UpdateAccessEntry",
            Self::DeleteAccessEntry { .. } => "DeleteAccessEntry",
            Self::AssociateAccessPolicy { .. } => "AssociateAccessPolicy",
            Self::DisassociateAccessPolicy { .. } => "DisassociateAccessPolicy",
        }
    }
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

/// A finding that belongs to no mapping, with its place where it has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlacedFinding {
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
    /// The section whose text it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<Section>,
    /// The line in that text, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column in that line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
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

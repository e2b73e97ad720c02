//! Builds the plan: proposals held against what is in force, and through the gate.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::document::{
    Action, ActionKind, Blocker, Decided, DecidedBy, Outcome, PlacedFinding, Plan, PlannedAccount,
    PlannedMapping, SCHEMA, Source, Stage, Summary,
};
use super::gate::{Gate, Move, Ruling, Update};
use super::misfits;
use super::own_entries::Ours;
use crate::access::before::{Standing, standings};
use crate::access::identity::identity_of_mapping;
use crate::access::{Bindings, Cluster, InForce, Through, compare, identity_of_entry};
use crate::choices::{Choices, ManagedNodes};
use crate::decisions::{Answer, Do};
use crate::finding::{Code, Finding, Severity};
use crate::invocation::{Advice, Flag};
use crate::model::{
    AccessChange, AccessEntry, Arn, AuthenticationMode, EntryType, Identity, Mapping, MappingId,
    Principal, PrincipalKey, Section, Verdict,
};
use crate::observed::{Lookup, NodeRoleUser, Observed};
use crate::reader::Reading;
use crate::translator::{Proposal, Translation, translate};

/// Builds the plan; pure, clock included.
#[must_use]
pub fn build(
    reading: &Reading,
    source: Source,
    observed: &Observed,
    choices: &Choices,
    ours: &Ours,
    now: Timestamp,
) -> Plan {
    let cluster = Cluster::new(reading, observed);
    let mut builder = Builder {
        observed,
        gate: Gate::new(reading, observed, choices, &cluster),
        cluster,
        choices,
        ours,
        planned: BTreeMap::new(),
        actions: BTreeMap::new(),
        used: BTreeSet::new(),
        misfits: Vec::new(),
        holds_switch: Vec::new(),
    };
    let mut mappings = Vec::new();
    let mut accounts = Vec::new();
    let mut diagnosed: BTreeMap<MappingId, Vec<Finding>> = BTreeMap::new();
    for diagnostic in &reading.diagnostics {
        if let Some(id) = diagnostic.mapping {
            let findings = diagnosed.entry(id).or_default();
            findings.push(diagnostic.finding.clone());
        }
    }
    for (mapping, mut translation) in translations(reading, observed, choices) {
        let read = diagnosed.remove(&mapping.id).unwrap_or_default();
        translation.findings.splice(..0, read);
        if mapping.id.section == Section::MapAccounts {
            accounts.push(builder.account(mapping, translation));
        } else {
            mappings.push(builder.mapping(mapping, &translation));
        }
    }
    mappings.sort_by_key(|mapping| mapping.id);
    let mut findings: Vec<PlacedFinding> = reading
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.mapping.is_none())
        .map(|diagnostic| PlacedFinding {
            finding: diagnostic.finding.clone(),
            section: diagnostic.place.map(|place| place.section),
            line: diagnostic.place.map(|place| place.line),
            column: diagnostic.place.map(|place| place.column),
        })
        .collect();
    let used = std::mem::take(&mut builder.used);
    let mut misfits = std::mem::take(&mut builder.misfits);
    misfits.extend(misfits::of(reading, observed, choices, ours, &used));
    let held = held_switch(&builder.holds_switch);
    let actions = builder.into_actions();
    let unseen = unseen_bindings(observed, &findings, &mappings);
    findings.extend(
        super::cluster::findings(observed, &actions)
            .into_iter()
            .chain(super::cluster::caller_loses_admin(
                observed, &mappings, &actions,
            ))
            .chain(unseen)
            .chain(held)
            .map(|finding| PlacedFinding {
                finding,
                section: None,
                line: None,
                column: None,
            }),
    );
    let summary = Summary::count(mappings.iter().map(|mapping| mapping.outcome));
    Plan {
        schema: SCHEMA.to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        created_at: now,
        cluster: observed.cluster.clone(),
        caller: None,
        source,
        choices: choices.clone(),
        actions,
        accounts,
        findings,
        summary,
        observed: observed_entries(observed, &mappings),
        mappings,
        misfits,
    }
}

/// Says why the mode is not switched, where that would move somebody's access.
fn held_switch(by: &[MappingId]) -> Option<Finding> {
    let ids: Vec<String> = by.iter().map(ToString::to_string).collect();
    (!ids.is_empty()).then(|| {
        Finding::new(
            Code::AccessMoves,
            format!(
                "nothing is planned until {} is decided: EKS creates its access entry when the mode is switched, which would change its access",
                ids.join(", ")
            ),
            "run `decide`, or remove the other groups from the mapping in aws-auth",
        )
    })
}

/// Says that the effect of another name is unknown, where nothing has said so yet.
fn unseen_bindings(
    observed: &Observed,
    findings: &[PlacedFinding],
    mappings: &[PlannedMapping],
) -> Option<Finding> {
    let is_said = |placed: &PlacedFinding| placed.finding.code == Code::BindingsUnknown;
    if observed.rbac.is_some() || findings.iter().any(is_said) {
        return None;
    }
    mappings
        .iter()
        .any(|mapping| mapping.blocker == Some(Blocker::BindingsUnread))
        .then(|| {
            Finding::new(
                Code::BindingsUnknown,
                "the bindings were not read, so it is unknown whether one uses a name that changes",
                Advice::WriteRbacFile,
            )
        })
}

/// All mappings translated; those that grant nothing today go last, so that a mapping that counts has its principal.
fn translations<'a>(
    reading: &'a Reading,
    observed: &Observed,
    choices: &Choices,
) -> Vec<(&'a Mapping, Translation)> {
    let mut standings = standings(reading);
    let mut translations: Vec<_> = reading
        .mappings
        .iter()
        .map(|mapping| {
            let standing = standings.remove(&mapping.id).unwrap_or(Standing::Dropped);
            (mapping, translate(mapping, &standing, observed, choices))
        })
        .collect();
    translations.sort_by_key(|(_, translation)| !translation.grants_today);
    translations
}

/// The live entries of the principals in play, tags and all: an export of what exists keeps them.
fn observed_entries(
    observed: &Observed,
    mappings: &[PlannedMapping],
) -> BTreeMap<String, AccessEntry> {
    let in_play: BTreeSet<PrincipalKey> = mappings
        .iter()
        .filter_map(|mapping| {
            Some(Principal::from_arn(&mapping.entry.as_ref()?.principal_arn)?.key())
        })
        .collect();
    observed
        .entries
        .iter()
        .flatten()
        .filter(|live| {
            Principal::from_arn(&live.entry.principal_arn)
                .is_some_and(|principal| in_play.contains(&principal.key()))
        })
        .map(|live| (live.entry.principal_arn.to_string(), live.entry.clone()))
        .collect()
}

pub(super) struct Builder<'a> {
    pub(super) observed: &'a Observed,
    /// Who has what now.
    pub(super) cluster: Cluster<'a>,
    /// What decides whether an action may be in the plan.
    pub(super) gate: Gate<'a>,
    pub(super) choices: &'a Choices,
    pub(super) ours: &'a Ours,
    /// Principals that have an entry planned already, and for which mapping.
    pub(super) planned: BTreeMap<PrincipalKey, MappingId>,
    pub(super) actions: BTreeMap<MappingId, Vec<(Stage, ActionKind, String)>>,
    /// The answers that decided something, by their place.
    used: BTreeSet<usize>,
    /// Answers that do not fit.
    pub(super) misfits: Vec<super::document::Misfit>,
    /// Mappings whose access the mode switch would move, and that wait for a decision.
    holds_switch: Vec<MappingId>,
}

/// What becomes of one mapping.
#[derive(Debug)]
pub(super) struct Fate {
    pub(super) outcome: Outcome,
    pub(super) findings: Vec<Finding>,
    pub(super) entry: Option<AccessEntry>,
    pub(super) access: AccessChange,
    pub(super) drift: Option<AccessChange>,
    pub(super) blocker: Option<Blocker>,
    pub(super) decision: Option<Decided>,
}

impl Fate {
    /// An outcome that changes nothing.
    pub(super) fn new(outcome: Outcome, findings: Vec<Finding>) -> Self {
        Self {
            outcome,
            findings,
            entry: None,
            access: AccessChange::default(),
            drift: None,
            blocker: None,
            decision: None,
        }
    }

    /// Waits for a decision, for a reason that a finding gives.
    pub(super) fn blocked(blocker: Blocker, findings: Vec<Finding>) -> Self {
        Self {
            blocker: Some(blocker),
            ..Self::new(Outcome::Blocked, findings)
        }
    }
}

/// A mapping with what is known of it before its fate is decided.
#[derive(Debug)]
pub(super) struct Question<'a> {
    pub(super) mapping: &'a Mapping,
    pub(super) grants_today: bool,
    /// Whether the proposal leaves out groups that EKS refuses.
    pub(super) drops_groups: bool,
    /// What its principal has now.
    pub(super) in_force: InForce,
    pub(super) answer: Option<&'a Answer>,
}

/// What an answer decided.
pub(super) fn decided(answer: &Answer) -> Decided {
    Decided {
        what: answer.what,
        reason: answer.reason.clone(),
        by: DecidedBy::Answer,
    }
}

fn told(answer: &Answer) -> Finding {
    let reason = answer.reason.as_deref().map(|reason| format!(": {reason}"));
    Finding::new(
        Code::Decided,
        format!(
            "decided: `{}`{}",
            answer.what.as_str(),
            reason.unwrap_or_default()
        ),
        "",
    )
}

impl<'a> Builder<'a> {
    fn account(&mut self, mapping: &Mapping, translation: Translation) -> PlannedAccount {
        let mut findings = translation.findings;
        let outcome = match translation.proposal {
            Proposal::FilteredOut => Outcome::Skipped,
            Proposal::Inert => Outcome::Inert,
            Proposal::Entry(_) | Proposal::Impossible => Outcome::Blocked,
        };
        let codes: Vec<Code> = findings.iter().map(|finding| finding.code).collect();
        let answer = self
            .choices
            .answer(&mapping.arn, None)
            .or_else(|| self.choices.answer_to(&codes))
            .filter(|_| outcome == Outcome::Blocked);
        let decision = answer.filter(|answer| matches!(answer.what, Do::Leave | Do::Drop));
        if let Some(answer) = answer {
            self.uses(answer);
            if decision.is_none() {
                self.misfit(
                    answer,
                    "an account can't have an access entry; answer `leave` or `drop`",
                );
            }
        }
        if let Some(answer) = decision {
            findings.push(told(answer));
        }
        PlannedAccount {
            id: mapping.id,
            line: mapping.place.line,
            account_id: mapping.arn.clone(),
            outcome: if decision.is_some() {
                Outcome::Skipped
            } else {
                outcome
            },
            findings,
            decision: decision.map(decided),
        }
    }

    /// The answer about the principal counts; only where that leaves a question does an answer to a finding.
    fn mapping(&mut self, mapping: &'a Mapping, translation: &Translation) -> PlannedMapping {
        let real = self.real_arn(mapping);
        let answer = self.choices.answer(&mapping.arn, real.as_ref());
        let planned = self.attempt(mapping, translation, answer);
        let codes: Vec<Code> = planned
            .findings
            .iter()
            .map(|finding| finding.code)
            .collect();
        let by_code = self.choices.answer_to(&codes);
        match by_code.filter(|_| answer.is_none() && planned.needs_decision()) {
            Some(answer) => {
                self.forget(mapping);
                self.attempt(mapping, translation, Some(answer))
            }
            None => planned,
        }
    }

    fn real_arn(&self, mapping: &Mapping) -> Option<Arn> {
        let key = Principal::as_matched(&mapping.arn)?.key();
        match self.observed.lookup(&key) {
            Lookup::Found { arn, .. } => Some(arn.clone()),
            _ => Some(self.cluster.entry(&key)?.entry.principal_arn.clone()),
        }
    }

    fn attempt(
        &mut self,
        mapping: &'a Mapping,
        translation: &Translation,
        answer: Option<&'a Answer>,
    ) -> PlannedMapping {
        if let Some(answer) = answer {
            self.uses(answer);
        }
        let principal = Principal::as_matched(&mapping.arn);
        let in_force = match &principal {
            Some(principal) => self.cluster.access(principal),
            None => InForce {
                through: Through::Mapping(mapping.id),
                identity: identity_of_mapping(mapping).filter(|_| translation.grants_today),
            },
        };
        let question = Question {
            mapping,
            grants_today: translation.grants_today,
            drops_groups: translation.drops_groups,
            in_force,
            answer,
        };
        let findings = translation.findings.clone();
        let what = answer.map(|answer| answer.what);
        let mut fate = match (&translation.proposal, what, answer) {
            (Proposal::FilteredOut, ..) => Fate {
                access: before(&question),
                ..Fate::new(Outcome::Skipped, findings)
            },
            // Neither answer keeps EKS from creating the entry.
            (Proposal::Entry(entry), Some(Do::Leave | Do::Drop), _)
                if self.moves_in_switch(&question, &translation.proposal) =>
            {
                self.misfit_of(
                    &question,
                    "EKS creates its access entry when the mode is switched; accept that change with `migrate`",
                );
                self.entry(&question, entry.clone(), findings)
            }
            (_, Some(Do::Leave), Some(answer)) => Fate {
                access: before(&question),
                decision: Some(decided(answer)),
                ..Fate::new(Outcome::Skipped, with(findings, told(answer)))
            },
            (Proposal::Inert, ..) => Self::inert(&question, findings),
            (_, Some(Do::Drop), Some(answer)) => self.dropped(&question, answer, findings),
            (Proposal::Impossible, ..) => self.impossible(&question, principal.as_ref(), findings),
            (Proposal::Entry(entry), ..) => self.entry(&question, entry.clone(), findings),
        };
        self.hold_warnings(mapping, &mut fate);
        if fate.blocker.is_some() {
            self.forget(mapping);
        } else {
            // What a rule could not carry over moves nothing, or somebody accepted it.
            let errors = fate.findings.iter_mut();
            for finding in errors.filter(|finding| finding.severity == Severity::Error) {
                finding.severity = Severity::Warning;
            }
        }
        PlannedMapping {
            id: mapping.id,
            line: mapping.place.line,
            arn: mapping.arn.clone(),
            username: mapping.username.clone(),
            groups: mapping.groups.clone(),
            outcome: fate.outcome,
            findings: fate.findings,
            entry: fate.entry,
            access: fate.access,
            drift: fate.drift,
            blocker: fate.blocker,
            decision: fate.decision,
            inert_included: !translation.grants_today
                && matches!(
                    fate.outcome,
                    Outcome::Create | Outcome::Update | Outcome::Unchanged
                ),
        }
    }

    /// Grants nothing today. A way to create it anyway is not offered where its principal gets in otherwise:
    /// the entry would take that access's place.
    fn inert(question: &Question<'_>, mut findings: Vec<Finding>) -> Fate {
        if question.in_force.through != Through::Nothing {
            for finding in &mut findings {
                finding.fix.clear();
            }
        }
        Fate::new(Outcome::Inert, findings)
    }

    /// The access is given up, as decided; a live entry that is in force stays.
    fn dropped(&self, question: &Question<'_>, answer: &Answer, findings: Vec<Finding>) -> Fate {
        let now = question.in_force.identity.as_ref();
        let stays = matches!(question.in_force.through, Through::Entry(_));
        let after = now.filter(|_| stays);
        Fate {
            access: compare(now, after, self.gate.as_read()),
            decision: Some(decided(answer)),
            ..Fate::new(Outcome::Skipped, with(findings, told(answer)))
        }
    }

    /// No entry can be created. One that an AWS service created is in force anyway, and is compared.
    fn impossible(
        &mut self,
        question: &Question<'_>,
        principal: Option<&Principal>,
        findings: Vec<Finding>,
    ) -> Fate {
        let live = principal.and_then(|principal| self.cluster.entry_in_force(&principal.key()));
        let Some((principal, live)) = principal.zip(live) else {
            if question.is(Do::KeepLive) || question.is(Do::UpdateLive) {
                self.misfit_of(question, "it has no live access entry");
            } else if question.is(Do::Migrate) {
                self.misfit_of(
                    question,
                    "it can't have an access entry; answer `leave` or `drop`",
                );
            }
            return Fate {
                access: before(question),
                ..Fate::blocked(Blocker::NoEntryPossible, findings)
            };
        };
        let drift = self.drift(question, principal, Some(&live.entry));
        let fate = Fate {
            access: unchanged(question.in_force.identity.as_ref()),
            entry: Some(live.entry.clone()),
            ..Fate::new(Outcome::Conflict, findings)
        };
        if drift.keeps_access() {
            return Fate {
                outcome: Outcome::Unchanged,
                drift: Some(drift),
                ..fate
            };
        }
        let decision = question.decided_as(Do::KeepLive);
        Fate {
            drift: Some(drift),
            blocker: decision.is_none().then_some(Blocker::LiveDiffers),
            decision,
            ..fate
        }
    }

    /// An entry is proposed: held against the live one where there is one, else against what is in force.
    fn entry(
        &mut self,
        question: &Question<'a>,
        mut entry: AccessEntry,
        mut findings: Vec<Finding>,
    ) -> Fate {
        let Some(principal) = Principal::from_arn(&entry.principal_arn) else {
            return Fate::blocked(Blocker::NoEntryPossible, findings);
        };
        let key = principal.key();
        if let Some(other) = self.planned.get(&key) {
            findings.push(Finding::new(
                Code::Shadowed,
                format!(
                    "overridden by {other}: both mappings name the principal `{}`",
                    entry.principal_arn
                ),
                "",
            ));
            return Fate::new(Outcome::Inert, findings);
        }
        self.planned.insert(key.clone(), question.mapping.id);
        if let Some(live) = self.cluster.entry(&key) {
            // EKS compares ARNs as text, so an entry is always addressed by the ARN that it shows.
            entry.principal_arn = live.entry.principal_arn.clone();
            return self.against_live(question, &principal, entry, live, findings);
        }
        if question.is(Do::KeepLive) || question.is(Do::UpdateLive) {
            self.misfit_of(question, "it has no live access entry");
        }
        if self.is_left_to_eks(&key, &entry, &mut findings) {
            return self.made_by_eks(question, &entry, findings);
        }
        if self.observed.cluster.authentication_mode == Some(AuthenticationMode::Api) {
            findings.push(Finding::new(
                Code::ModeApi,
                "the cluster is in the mode API and no longer reads aws-auth, so this mapping grants nothing",
                Advice::IncludeInert,
            ));
            if !self.choices.include_inert {
                return Fate::new(Outcome::Inert, findings);
            }
        }
        let access = self
            .gate
            .compare(question.in_force.identity.as_ref(), &entry);
        let access = question.with_dropped_groups(access);
        let asked = Move {
            question,
            entry: &entry,
            change: &access,
            update: Update::No,
        };
        match self.gate.rule(&asked) {
            Ruling::Open(decision) => {
                if decision.is_some() {
                    findings.extend(question.answer.map(told));
                }
                self.gate.tag(&mut entry, &access);
                let why = "this principal has no access entry yet";
                self.create(question.mapping, &entry, why);
                Fate {
                    access,
                    entry: Some(entry),
                    decision,
                    ..Fate::new(Outcome::Create, findings)
                }
            }
            Ruling::Blocked(blocker, finding, misfit) => {
                self.misfits.extend(misfit);
                Fate {
                    access,
                    entry: Some(entry),
                    ..Fate::blocked(blocker, with(findings, finding))
                }
            }
        }
    }

    /// EKS creates the entry itself, in the mode switch or later. What the switch would move by that is moved by this
    /// tool, so that it waits for a decision like any other move.
    fn made_by_eks(
        &mut self,
        question: &Question<'a>,
        entry: &AccessEntry,
        mut findings: Vec<Finding>,
    ) -> Fate {
        let access = self
            .gate
            .compare(question.in_force.identity.as_ref(), entry);
        let fate = |outcome, findings| Fate {
            access: access.clone(),
            entry: Some(entry.clone()),
            ..Fate::new(outcome, findings)
        };
        if !self.switches_mode() || access.keeps_access() {
            return fate(Outcome::Skipped, findings);
        }
        let asked = Move {
            question,
            entry,
            change: &access,
            update: Update::No,
        };
        match self.gate.rule(&asked) {
            Ruling::Open(decision) => {
                findings.extend(question.answer.map(told));
                Fate {
                    decision,
                    ..fate(Outcome::Skipped, findings)
                }
            }
            Ruling::Blocked(blocker, finding, misfit) => {
                self.misfits.extend(misfit);
                self.holds_switch.push(question.mapping.id);
                Fate {
                    blocker: Some(blocker),
                    ..fate(Outcome::Blocked, with(findings, finding))
                }
            }
        }
    }

    fn switches_mode(&self) -> bool {
        self.observed.cluster.authentication_mode == Some(AuthenticationMode::ConfigMap)
    }

    /// Whether EKS creates an entry for the principal when the mode is switched, and moves its access by that.
    fn moves_in_switch(&self, question: &Question<'_>, proposal: &Proposal) -> bool {
        let Proposal::Entry(entry) = proposal else {
            return false;
        };
        let key = Principal::from_arn(&entry.principal_arn).map(|principal| principal.key());
        self.switches_mode()
            && entry.entry_type.is_node()
            && key.is_some_and(|key| self.observed.users_of_role(&key).next().is_some())
            && !self
                .gate
                .compare(question.in_force.identity.as_ref(), entry)
                .keeps_access()
    }

    /// How the live entry differs from what `aws-auth` says of its principal.
    pub(super) fn drift(
        &self,
        question: &Question<'_>,
        principal: &Principal,
        live: Option<&AccessEntry>,
    ) -> AccessChange {
        let mapped = if self.observed.cluster.authentication_mode == Some(AuthenticationMode::Api) {
            // Nothing is read there, so the mapping is taken at its word.
            InForce {
                through: Through::Mapping(question.mapping.id),
                identity: identity_of_mapping(question.mapping),
            }
        } else {
            self.cluster.by_aws_auth(principal)
        };
        let live = live.and_then(identity_of_entry);
        let change = compare(mapped.identity.as_ref(), live.as_ref(), self.gate.as_read());
        let change = question.with_dropped_groups(change);
        if mapped.is_known() {
            change
        } else {
            AccessChange {
                verdict: None,
                ..change
            }
        }
    }

    fn uses(&mut self, answer: &Answer) {
        let mut answers = self.choices.answers.iter();
        self.used
            .extend(answers.position(|other| std::ptr::eq(other, answer)));
    }

    pub(super) fn misfit_of(&mut self, question: &Question<'_>, why: &str) {
        if let Some(answer) = question.answer {
            self.misfit(
                answer,
                &format!(
                    "{} (`{}`): {why}",
                    question.mapping.id, question.mapping.arn
                ),
            );
        }
    }

    fn misfit(&mut self, answer: &Answer, why: &str) {
        self.misfits.push(super::document::Misfit {
            message: format!(
                "{}the decision `{}` for `{}` does not fit: {why}",
                answer.line,
                answer.what.as_str(),
                answer.subject()
            ),
            matches_nothing: false,
        });
    }

    /// Under `--strict` a warning about a change holds it back.
    fn hold_warnings(&mut self, mapping: &Mapping, fate: &mut Fate) {
        if !self.choices.strict
            || fate.decision.is_some()
            || !matches!(fate.outcome, Outcome::Create | Outcome::Update)
        {
            return;
        }
        let mut findings = fate.findings.iter();
        let Some(warning) = findings
            .find(|finding| finding.severity >= Severity::Warning)
            .map(|finding| finding.code)
        else {
            return;
        };
        fate.findings.push(Finding::new(
            Code::StrictWarning,
            format!("the warning {warning} blocks because of {}", Flag::Strict),
            Advice::ResolveWarning { warning },
        ));
        fate.outcome = Outcome::Blocked;
        fate.blocker = Some(Blocker::Warning);
        self.forget(mapping);
    }

    /// Takes back whatever was planned for a mapping.
    fn forget(&mut self, mapping: &Mapping) {
        self.actions.remove(&mapping.id);
        let principal = Principal::as_matched(&mapping.arn).map(|principal| principal.key());
        if let Some(key) = principal.filter(|key| self.planned.get(key) == Some(&mapping.id)) {
            self.planned.remove(&key);
        }
    }

    /// EKS makes the entries of managed node groups and Fargate profiles itself.
    fn is_left_to_eks(
        &self,
        key: &PrincipalKey,
        entry: &AccessEntry,
        findings: &mut Vec<Finding>,
    ) -> bool {
        if !entry.entry_type.is_node() {
            return false;
        }
        if self.observed.node_roles.is_none() {
            findings.push(Finding::new(
                Code::NodeRolesUnknown,
                "it is unknown whether a managed node group or Fargate profile uses this role",
                Advice::ReadNodeRoles,
            ));
            return false;
        }
        let users: Vec<String> = self
            .observed
            .users_of_role(key)
            .map(|role| match &role.user {
                NodeRoleUser::NodeGroup { name, .. } => format!("the managed node group `{name}`"),
                NodeRoleUser::FargateProfile { name } => format!("the Fargate profile `{name}`"),
                NodeRoleUser::AutoMode => "EKS Auto Mode".to_owned(),
            })
            .collect();
        if users.is_empty() {
            return false;
        }
        let users = users.join(", ");
        let switch_to_come =
            self.observed.cluster.authentication_mode == Some(AuthenticationMode::ConfigMap);
        if switch_to_come || self.choices.managed_nodes == ManagedNodes::Skip {
            let when = if switch_to_come {
                " when the mode is switched"
            } else {
                ""
            };
            findings.push(Finding::new(
                Code::LeftToEks,
                format!("{users} uses this role, so EKS creates the access entry{when}"),
                "",
            ));
            return true;
        }
        findings.push(Finding::new(
            Code::ManagedEntryMissing,
            format!(
                "{users} uses this role, but EKS has not created its access entry, so the plan does"
            ),
            Advice::LeaveManagedNodes,
        ));
        false
    }

    pub(super) fn stage(&self, entry: &AccessEntry) -> Stage {
        let is_caller = Principal::from_arn(&entry.principal_arn)
            .zip(self.observed.caller.as_ref())
            .is_some_and(|(principal, caller)| principal.key() == caller.key());
        if entry.entry_type != EntryType::Standard {
            Stage::Nodes
        } else if is_caller
            || entry
                .access_policies
                .iter()
                .any(crate::model::PolicyAssociation::is_cluster_admin)
        {
            Stage::Administrators
        } else {
            Stage::Others
        }
    }

    /// The actions in their order, with their ids.
    fn into_actions(self) -> Vec<Action> {
        if !self.holds_switch.is_empty() {
            // Without the switch the cluster takes no access entry at all.
            return Vec::new();
        }
        let mut actions: Vec<_> = self
            .actions
            .into_iter()
            .flat_map(|(id, actions)| {
                let of = actions.into_iter();
                of.map(move |(stage, kind, why)| (stage, kind, Some(id), why))
            })
            .collect();
        actions.sort_by_key(|(stage, ..)| *stage);
        let switch = (self.observed.cluster.authentication_mode
            == Some(AuthenticationMode::ConfigMap))
        .then(|| {
            let kind = ActionKind::UpdateAuthenticationMode {
                from: AuthenticationMode::ConfigMap,
                to: AuthenticationMode::ApiAndConfigMap,
            };
            (
                Stage::Cluster,
                kind,
                None,
                "the cluster has no access entries in this mode".to_owned(),
            )
        });
        switch
            .into_iter()
            .chain(actions)
            .enumerate()
            .map(|(index, (stage, kind, mapping, why))| Action {
                id: format!("a{}", index + 1),
                kind,
                mapping,
                stage,
                why,
            })
            .collect()
    }
}

impl Question<'_> {
    /// The change, in which a group that EKS refuses and the entry lacks is lost, bound or not: only a person knows
    /// what else looks for its name.
    pub(super) fn with_dropped_groups(&self, change: AccessChange) -> AccessChange {
        let has_new_name = change.moved_groups().iter().any(|moved| {
            let after = change.after.as_ref();
            after.is_some_and(|after| after.groups.iter().any(|group| group == moved))
        });
        let is_lost = self.drops_groups && change.keeps_access() && !has_new_name;
        AccessChange {
            verdict: if is_lost {
                Some(Verdict::Lost)
            } else {
                change.verdict
            },
            ..change
        }
    }

    pub(super) fn is(&self, what: Do) -> bool {
        self.answer.is_some_and(|answer| answer.what == what)
    }

    pub(super) fn decided_as(&self, what: Do) -> Option<Decided> {
        let answer = self.answer.filter(|answer| answer.what == what);
        answer.map(decided)
    }
}

/// Only what is in force now.
fn before(question: &Question<'_>) -> AccessChange {
    AccessChange {
        before: question.in_force.identity.clone(),
        ..AccessChange::default()
    }
}

/// Access that stays as it is.
pub(super) fn unchanged(identity: Option<&Identity>) -> AccessChange {
    compare(identity, identity, Bindings::default())
}

fn with(mut findings: Vec<Finding>, finding: Finding) -> Vec<Finding> {
    findings.push(finding);
    findings
}

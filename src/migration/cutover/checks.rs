//! One look at the cluster: what the proof says, and what would go.

use jiff::{SignedDuration, Timestamp};

use super::remove::{Removal, removal};
use super::{CutoverOptions, live};
use crate::choices::Choices;
use crate::error::Failure;
use crate::invocation::{Advice, Flag};
use crate::journal::{History, RunCommand};
use crate::kubernetes::Stored;
use crate::migration::deletion::held_by;
use crate::migration::principal::{Way, who};
use crate::migration::survey::Survey;
use crate::migration::verify::{Readiness, Verification, verify};
use crate::migration::{Clock, apply};
use crate::model::{AuthenticationMode, MappingId};
use crate::observed::Observed;
use crate::plan::RUN_TAG;
use crate::reader::Reading;

/// One look at the cluster, with what follows from it.
pub(super) struct Look {
    pub(super) seen: Survey,
    pub(super) stored: Option<Stored>,
    pub(super) verification: Verification,
    pub(super) removal: Option<Removal>,
    pub(super) refused: bool,
}

impl Look {
    pub(super) fn of(
        seen: Survey,
        options: &CutoverOptions,
        history: &History,
        clock: Clock,
    ) -> Result<Self, Failure> {
        let plan = apply::plan_to_judge(&seen, &options.choices, history, (clock.now)());
        plan.patterns_fit()
            .map_err(|misfits| apply::misfit(&misfits))?;
        let verification = verify(plan, &seen.reading, &seen.observed);
        let is_partial = is_partial(&options.choices);
        let in_config_map_mode =
            seen.observed.cluster.authentication_mode == Some(AuthenticationMode::ConfigMap);
        let refused =
            verification.verdict != Readiness::Safe && (!is_partial || in_config_map_mode);
        let mut look = Self {
            stored: None,
            removal: None,
            refused,
            verification,
            seen,
        };
        if refused {
            return Ok(look);
        }
        let Some(aws_auth) = &look.seen.aws_auth else {
            return Ok(look);
        };
        live(&look.seen)?;
        look.stored.clone_from(&look.seen.stored);
        look.removal = removal(
            &look.verification,
            aws_auth,
            &look.seen.reading,
            &look.seen.observed,
            is_partial,
            options.keep_config_map,
        )?;
        look.keeps_the_caller(options)?;
        look.leaves_nothing_in_what_goes()?;
        Ok(look)
    }

    /// Refuses to leave mappings in a ConfigMap that is being deleted: they go with it.
    fn leaves_nothing_in_what_goes(&self) -> Result<(), Failure> {
        let held = self.stored.as_ref().and_then(Stored::terminating);
        let leaves = self
            .removal
            .as_ref()
            .is_some_and(|removal| removal.after.is_some());
        match held.filter(|_| leaves) {
            Some(held) => Err(Failure::refused(format!(
                "aws-auth has been marked for deletion since {}, {}, and the mappings that would stay in it go with it",
                held.since,
                held_by(&held)
            ))
            .hint("first back it up and re-create it without finalizers (kubectl get configmap --namespace kube-system aws-auth --output yaml)")),
            None => Ok(()),
        }
    }

    /// Whether a mapping of a node role goes.
    pub(super) fn takes_node_roles(&self) -> bool {
        let Some(removal) = &self.removal else {
            return false;
        };
        self.verification.plan.mappings.iter().any(|mapping| {
            let entry = mapping.entry.as_ref();
            entry.is_some_and(|entry| entry.entry_type.is_node())
                && removal.removed.contains(&mapping.id)
        })
    }

    /// Refuses to take the caller's own access away.
    fn keeps_the_caller(&self, options: &CutoverOptions) -> Result<(), Failure> {
        let removal = self.removal.as_ref();
        let Some(removal) = removal.filter(|_| !options.allow_self_lockout) else {
            return Ok(());
        };
        if self.loses_the_caller(|by| removal.after.is_none() || removal.removed.contains(by)) {
            return Err(locked_out());
        }
        Ok(())
    }

    fn loses_the_caller(&self, goes: impl Fn(&MappingId) -> bool) -> bool {
        self.seen.caller.as_ref().is_some_and(|caller| {
            let arn = caller.arn.to_string();
            loses(&arn, &self.seen.reading, &self.seen.observed, goes)
        })
    }

    /// Whether the one-way switch may follow.
    pub(super) fn may_switch(
        &self,
        options: &CutoverOptions,
        history: &History,
        now: Timestamp,
    ) -> Result<(), Failure> {
        if is_partial(&options.choices) {
            return Err(Failure::usage(format!(
                "{} disables aws-auth for everybody, so it can't be combined with {} or {}",
                Flag::ToApiMode,
                Flag::Only,
                Flag::Exclude
            ))
            .and_nothing_written());
        }
        if !self.verification.left.is_empty() {
            return Err(Failure::refused(format!(
                "{} of aws-auth stay as decided, and in the mode API they would grant nothing",
                self.verification.left.len()
            ))
            .hint(Advice::DropOrStay));
        }
        if !options.allow_self_lockout && self.loses_the_caller(|_| true) {
            return Err(locked_out());
        }
        let Some(applied) = last_applied(history, &self.seen.observed) else {
            return Ok(());
        };
        let age = now.duration_since(applied);
        let wanted = SignedDuration::try_from(options.min_soak).unwrap_or(SignedDuration::MAX);
        if age < wanted {
            return Err(Failure::refused(format!(
                "the last `apply` was {} minutes ago, and the switch to API can't be undone",
                age.as_mins()
            ))
            .hint(Advice::WaitOrLowerSoak {
                minutes: wanted.as_mins(),
            }));
        }
        Ok(())
    }
}

/// When `apply` last did something: by the journal, or by the entries that it made where the journal is elsewhere.
fn last_applied(history: &History, observed: &Observed) -> Option<Timestamp> {
    let by_journal = history.last_of(RunCommand::Apply).map(|run| run.last);
    let entries = observed.entries.iter().flatten();
    let ours = entries.filter(|live| live.entry.tags.contains_key(RUN_TAG));
    by_journal.max(
        ours.filter_map(|live| live.modified_at.max(live.created_at))
            .max(),
    )
}

/// Whether a principal gets in by a mapping that goes, and by nothing else.
fn loses(
    arn: &str,
    reading: &Reading,
    observed: &Observed,
    goes: impl Fn(&MappingId) -> bool,
) -> bool {
    match who(arn, reading, observed).map(|known| known.way) {
        Ok(Way::Mapping { mapping }) => goes(&mapping),
        Ok(Way::Undefined { among }) => among.iter().any(goes),
        _ => false,
    }
}

fn is_partial(choices: &Choices) -> bool {
    !choices.only.is_empty() || !choices.exclude.is_empty()
}

fn locked_out() -> Failure {
    Failure::refused(
        "the caller's own access comes from a mapping that would be removed, and it has no access entry",
    )
    .hint(Advice::EntryForCaller)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AccessEntry, EntryType, LiveEntry, Principal, Section};
    use crate::observed::Lookup;
    use crate::reader::{AwsAuthText, read};

    const CALLER: &str = "arn:aws:sts::111122223333:assumed-role/Admin/me";

    fn reading() -> Reading {
        read(&AwsAuthText {
            map_roles: Some(
                "- rolearn: arn:aws:iam::111122223333:role/Other\n- rolearn: arn:aws:iam::111122223333:role/Admin\n"
                    .to_owned(),
            ),
            ..AwsAuthText::default()
        })
    }

    fn observed(entries: Vec<LiveEntry>) -> Observed {
        let cluster = serde_json::json!({
            "partition": "aws", "accountId": "111122223333", "authenticationMode": "API_AND_CONFIG_MAP",
        });
        Observed {
            cluster: serde_json::from_value(cluster).unwrap(),
            entries: Some(entries),
            node_roles: None,
            principals: std::collections::BTreeMap::new(),
            rbac: None,
            caller: None,
        }
    }

    fn mapping(index: usize) -> MappingId {
        MappingId {
            section: Section::MapRoles,
            index,
        }
    }

    #[test]
    fn the_caller_is_locked_out_when_the_only_mapping_that_lets_it_in_goes() {
        let observed = observed(Vec::new());
        let loses = |gone| loses(CALLER, &reading(), &observed, |by| *by == mapping(gone));
        assert!(loses(1));
        assert!(!loses(0), "another's mapping");
    }

    #[test]
    fn a_caller_with_an_entry_is_not_locked_out() {
        let entry = AccessEntry {
            principal_arn: "arn:aws:iam::111122223333:role/Admin".parse().unwrap(),
            entry_type: EntryType::Standard,
            username: None,
            kubernetes_groups: Vec::new(),
            tags: std::collections::BTreeMap::new(),
            access_policies: Vec::new(),
        };
        let observed = observed(vec![LiveEntry {
            entry,
            access_entry_arn: None,
            created_at: None,
            modified_at: None,
        }]);
        assert!(!loses(CALLER, &reading(), &observed, |_| true));
        let mut remade = observed;
        let entry = &mut remade.entries.as_mut().unwrap()[0];
        entry.created_at = Some(jiff::Timestamp::UNIX_EPOCH);
        let arn = entry.entry.principal_arn.clone();
        let known = Lookup::Found {
            created_at: Some(jiff::Timestamp::MAX),
            arn: arn.clone(),
        };
        let principal = Principal::from_arn(&arn).unwrap();
        remade.principals.insert(principal.key(), known);
        assert!(
            loses(CALLER, &reading(), &remade, |_| true),
            "an entry that is older than its principal grants no access"
        );
    }
}

//! Tells whether a saved plan still fits the cluster.

use std::collections::BTreeMap;

use super::compare::{differences, in_words, is_beginning_of};
use super::document::Plan;
use crate::model::{AccessEntry, LiveEntry, Principal, PrincipalKey};

/// Why a saved plan no longer fits; everything that changed in a way that matters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the plan no longer fits the cluster: {}", in_short(changes))]
pub struct Stale {
    /// What changed, in words.
    pub changes: Vec<String>,
}

/// How many changes an error names.
const NAMED: usize = 5;

/// The first changes, and how many more there are.
fn in_short(changes: &[String]) -> String {
    let named = changes.iter().take(NAMED).cloned();
    let more = changes.len().saturating_sub(NAMED);
    let more = (more > 0).then(|| format!("and {more} more"));
    named.chain(more).collect::<Vec<_>>().join("; ")
}

/// Compares a saved plan with one made just now, whatever its choices, and with the live entries.
///
/// Only what matters counts: another resourceVersion with the same content is no change, and neither is what the saved
/// plan itself has done already.
///
/// # Errors
/// [`Stale`] names every change.
pub fn check_fresh(saved: &Plan, now: &Plan, live: &[LiveEntry]) -> Result<(), Stale> {
    let mut changes = Vec::new();
    if saved.cluster.arn != now.cluster.arn {
        changes.push(format!(
            "it was made for the cluster `{}`; this is `{}`",
            saved.cluster.arn.as_deref().unwrap_or("unknown"),
            now.cluster.arn.as_deref().unwrap_or("unknown")
        ));
        // Everything else differs for that reason alone.
        return Err(Stale { changes });
    }
    let (before, after) = (
        saved.cluster.authentication_mode,
        now.cluster.authentication_mode,
    );
    let switched_by_plan = saved.actions.iter().any(|action| {
        matches!(action.kind, super::ActionKind::UpdateAuthenticationMode { to, .. } if Some(to) == after)
    });
    if before != after && !switched_by_plan {
        let text = |mode: Option<crate::model::AuthenticationMode>| {
            mode.map_or("unknown", |mode| mode.as_str())
        };
        changes.push(format!(
            "the authentication mode was {} and is now {}",
            text(before),
            text(after)
        ));
    }
    mapping_changes(saved, now, &mut changes);
    entry_changes(saved, live, switched_by_plan, &mut changes);
    if changes.is_empty() {
        Ok(())
    } else {
        Err(Stale { changes })
    }
}

fn mapping_changes(saved: &Plan, now: &Plan, changes: &mut Vec<String>) {
    let find = |plan: &Plan, id| {
        plan.mappings
            .iter()
            .find(|mapping| mapping.id == id)
            .cloned()
    };
    for old in &saved.mappings {
        match find(now, old.id) {
            None => changes.push(format!(
                "{} (`{}`) was removed from aws-auth",
                old.id, old.arn
            )),
            Some(new)
                if (&new.arn, &new.username, &new.groups)
                    != (&old.arn, &old.username, &old.groups) =>
            {
                changes.push(format!(
                    "{} (`{}`) has changed in aws-auth",
                    old.id, old.arn
                ));
            }
            Some(_) => {}
        }
    }
    for new in now
        .mappings
        .iter()
        .filter(|new| find(saved, new.id).is_none())
    {
        changes.push(format!("{} (`{}`) was added to aws-auth", new.id, new.arn));
    }
    let accounts = |plan: &Plan| {
        plan.accounts
            .iter()
            .map(|account| account.account_id.clone())
            .collect::<Vec<_>>()
    };
    if accounts(saved) != accounts(now) {
        changes.push("mapAccounts has changed in aws-auth".to_owned());
    }
}

fn entry_changes(
    saved: &Plan,
    live: &[LiveEntry],
    switched_by_plan: bool,
    changes: &mut Vec<String>,
) {
    let entries = saved
        .mappings
        .iter()
        .filter_map(|mapping| mapping.entry.as_ref());
    let in_play: BTreeMap<PrincipalKey, &AccessEntry> = entries
        .filter_map(|entry| Some((Principal::from_arn(&entry.principal_arn)?.key(), entry)))
        .collect();
    let now: BTreeMap<String, &AccessEntry> = live
        .iter()
        .filter(|live| {
            Principal::from_arn(&live.entry.principal_arn)
                .is_some_and(|principal| in_play.contains_key(&principal.key()))
        })
        .map(|live| (live.entry.principal_arn.to_string(), &live.entry))
        .collect();
    // Entries that the saved plan makes show up one policy after the other, and those that EKS makes at the switch, too.
    let is_expected = |live: &AccessEntry| {
        let wanted = Principal::from_arn(&live.principal_arn)
            .and_then(|principal| in_play.get(&principal.key()));
        wanted.is_some_and(|entry| is_beginning_of(live, entry)) || switched_by_plan
    };
    for (arn, live) in &now {
        match saved.observed.get(arn) {
            None if !is_expected(live) => {
                changes.push(format!("`{arn}` now has an access entry"));
            }
            Some(old) if !differences(old, live).is_empty() && !is_expected(live) => {
                let differences = in_words(&differences(old, live));
                changes.push(format!(
                    "the access entry of `{arn}` has changed: {differences}"
                ));
            }
            _ => {}
        }
    }
    for arn in saved.observed.keys().filter(|arn| !now.contains_key(*arn)) {
        let deleted_by_plan = saved.actions.iter().any(|action| {
            matches!(&action.kind, super::ActionKind::DeleteAccessEntry { principal_arn } if principal_arn.to_string() == *arn)
        });
        if !deleted_by_plan {
            changes.push(format!("the access entry of `{arn}` was deleted"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::plan::Outcome;
    use crate::plan::document::PlannedAccount;
    use crate::plan::tests::shop::{DEV, OPS, Shop};

    const ADMIN: &str = "- {rolearn: 'arn:aws:iam::111122223333:role/ops', username: ops, groups: [devs, 'system:masters']}\n";
    const SECOND: &str = "- {rolearn: 'arn:aws:iam::111122223333:role/dev', username: dev}\n";

    fn entry(arn: &str, groups: &[&str]) -> Value {
        json!({
            "principalArn": arn, "type": "STANDARD", "username": "ops", "kubernetesGroups": groups, "tags": {},
            "accessPolicies": [],
        })
    }

    /// What has changed between two looks at a cluster.
    fn changes(saved: &Shop, now: &Shop) -> Vec<String> {
        let stale = check_fresh(&saved.plan(), &now.plan(), &now.live);
        stale.err().map(|stale| stale.changes).unwrap_or_default()
    }

    #[track_caller]
    fn one_change(saved: &Shop, now: &Shop, words: &str) {
        let changes = changes(saved, now);
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert!(changes[0].contains(words), "{changes:?}");
    }

    #[test]
    fn a_mapping_that_changed_makes_a_plan_stale() {
        let shop = || Shop::new(ADMIN);
        assert!(changes(&shop(), &shop()).is_empty());
        let two = Shop::new(&format!("{ADMIN}{SECOND}"));
        one_change(
            &shop(),
            &two,
            "mapRoles[1] (`arn:aws:iam::111122223333:role/dev`) was added",
        );
        one_change(
            &two,
            &shop(),
            "mapRoles[1] (`arn:aws:iam::111122223333:role/dev`) was removed",
        );
        for (old, new) in [
            ("role/ops", "role/OPS"),
            ("username: ops", "username: x"),
            ("[devs, ", "["),
        ] {
            one_change(&shop(), &Shop::new(&ADMIN.replace(old, new)), "mapRoles[0]");
        }
        let mut with_account = shop().plan();
        with_account.accounts.push(PlannedAccount {
            id: "mapAccounts[0]".parse().unwrap(),
            line: 1,
            account_id: "111122223333".to_owned(),
            outcome: Outcome::Blocked,
            findings: Vec::new(),
            decision: None,
        });
        let stale = check_fresh(&with_account, &shop().plan(), &[]).unwrap_err();
        assert_eq!(stale.changes, ["mapAccounts has changed in aws-auth"]);
    }

    /// What the plan itself does shows up step by step, and anything else is somebody else's.
    #[test]
    fn an_entry_that_the_plan_does_not_make_makes_it_stale() {
        let shop = || Shop::new(ADMIN);
        let begun = shop().with(entry(OPS, &["devs"]));
        assert!(changes(&shop(), &begun).is_empty());
        let others = shop().with(entry(OPS, &["others"]));
        one_change(
            &shop(),
            &others,
            "`arn:aws:iam::111122223333:role/ops` now has",
        );
        assert!(changes(&shop(), &shop().with(entry(DEV, &["others"]))).is_empty());
        one_change(&others, &shop().with(entry(OPS, &["more"])), "has changed");
        one_change(&others, &shop(), "was deleted");
        assert!(changes(&others, &others).is_empty());
        // From another one to what the plan makes of it.
        assert!(changes(&others, &begun).is_empty());
    }

    #[test]
    fn an_entry_that_the_plan_deletes_may_be_gone() {
        let stale = || Shop::new(ADMIN).with_stale(entry(OPS, &["devs"]));
        let updating = stale().decided("update-live", Value::Null);
        assert!(changes(&updating, &Shop::new(ADMIN)).is_empty());
        one_change(&stale(), &Shop::new(ADMIN), "was deleted");
        // The plan has other actions, for somebody else.
        let both = format!("{ADMIN}{SECOND}");
        let other = Shop::new(&both).with_stale(entry(OPS, &["devs"]));
        assert!(!other.plan().actions.is_empty());
        one_change(&other, &Shop::new(&both), "was deleted");
    }

    #[test]
    fn another_mode_makes_a_plan_stale_unless_the_plan_switches_to_it() {
        let shop = |mode| Shop {
            mode,
            ..Shop::new(ADMIN)
        };
        let (before, both, api) = (shop("CONFIG_MAP"), shop("API_AND_CONFIG_MAP"), shop("API"));
        assert!(changes(&before, &both).is_empty());
        one_change(&before, &api, "was CONFIG_MAP and is now API");
        one_change(&both, &api, "was API_AND_CONFIG_MAP and is now API");
        // EKS makes entries of its own in the switch.
        let made = both.with(entry(OPS, &["others"]));
        assert!(changes(&before, &made).is_empty());
        let mut unknown = before.plan();
        unknown.cluster.authentication_mode = None;
        let stale = check_fresh(&unknown, &before.plan(), &[]).unwrap_err();
        assert_eq!(stale.changes.len(), 1);
    }

    #[test]
    fn another_cluster_is_all_that_is_said() {
        let (mut saved, mut now) = (Shop::new(ADMIN).plan(), Shop::new(SECOND).plan());
        saved.cluster.arn = Some("arn:aws:eks:eu-west-1:111122223333:cluster/a".to_owned());
        now.cluster.arn = Some("arn:aws:eks:eu-west-1:111122223333:cluster/b".to_owned());
        let stale = check_fresh(&saved, &now, &[]).unwrap_err();
        assert_eq!(stale.changes.len(), 1);
        assert!(stale.to_string().contains("it was made for the cluster"));
    }

    #[test]
    fn only_some_of_many_changes_are_named() {
        let changes = |count: usize| Stale {
            changes: (0..count).map(|number| format!("c{number}")).collect(),
        };
        let text = changes(5).to_string();
        assert!(text.ends_with("c0; c1; c2; c3; c4"), "{text}");
        let text = changes(7).to_string();
        assert!(text.ends_with("c4; and 2 more"), "{text}");
    }
}

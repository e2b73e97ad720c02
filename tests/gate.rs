//! Holds the gate against a plain statement of who gets what, on many odd clusters and without any network.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests read the environment, print, and give up at once"
)]

#[expect(dead_code, reason = "only its random numbers are needed here")]
mod generate;
mod odd;
mod plain;
mod tell;

use std::collections::{BTreeMap, BTreeSet};

use aws_auth_migrate::access::{emit_rbac, read_rbac};
use aws_auth_migrate::choices::{Choices, OnExisting};
use aws_auth_migrate::model::{
    AccessEntry, AuthenticationMode, Cluster, Glob, LiveEntry, PolicyAssociation, Principal,
};
use aws_auth_migrate::observed::{Lookup, Observed};
use aws_auth_migrate::plan::document::{Source, SourceKind};
use aws_auth_migrate::plan::{ActionKind, Ours, Plan, build};
use aws_auth_migrate::reader;
use generate::Random;
use jiff::Timestamp;
use odd::tally::Tally;
use odd::{OWN, Odd};
use plain::{Bound, Moved, Person, Side, bound, by_aws_auth, by_entry, rendered};
use serde_json::{Value, json};
use tell::tell;

const PAIRS: usize = 20_000;
const SEED: u64 = 20_260_101;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Before an entry, when principals are created, and after.
const TIMES: [i64; 3] = [1_700_000_000, 1_710_000_000, 1_720_000_000];

fn observed(odd: &Odd) -> Observed {
    let cluster = Cluster {
        name: Some("shop".to_owned()),
        arn: Some(format!("arn:aws:eks:eu-west-1:{OWN}:cluster/shop")),
        created_at: None,
        region: Some("eu-west-1".to_owned()),
        account_id: Some(OWN.to_owned()),
        partition: "aws".to_owned(),
        authentication_mode: Some(odd.mode),
        platform_version: Some("eks.9".to_owned()),
        kubernetes_version: Some("1.30".to_owned()),
        status: Some("ACTIVE".to_owned()),
        auto_mode: false,
        hybrid_nodes: false,
        outpost: false,
    };
    let live = |entry: &odd::OddEntry| {
        let mut shown = entry.entry.clone();
        shown.kubernetes_groups = shown_groups(&shown);
        LiveEntry {
            entry: shown,
            access_entry_arn: None,
            created_at: Some(time(TIMES[if entry.is_stale { 0 } else { 2 }])),
            modified_at: None,
        }
    };
    let lookup = |person: &Person| {
        let principal = Principal::from_arn(&person.arn().parse().unwrap()).unwrap();
        let found = Lookup::Found {
            arn: person.arn().parse().unwrap(),
            created_at: Some(time(TIMES[1])),
        };
        let lookup = if person.account == OWN {
            found
        } else {
            Lookup::OtherAccount
        };
        (principal.key(), lookup)
    };
    let mut principals: BTreeMap<_, _> = odd.people.iter().map(lookup).collect();
    for mapping in &odd.mappings {
        if let Some(principal) = Principal::as_matched(&mapping.arn)
            && principal.account == OWN
        {
            principals.entry(principal.key()).or_insert(Lookup::Missing);
        }
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": odd.objects}).to_string();
    Observed {
        cluster,
        entries: (odd.mode != AuthenticationMode::ConfigMap)
            .then(|| odd.entries.iter().map(live).collect()),
        node_roles: Some(Vec::new()),
        principals,
        rbac: odd.are_bindings_read.then(|| read_rbac(&list).unwrap()),
        caller: None,
    }
}

/// EKS shows the nodes' group on nodes' entries.
fn shown_groups(entry: &AccessEntry) -> Vec<String> {
    if entry.entry_type.is_node() {
        vec!["system:nodes".to_owned()]
    } else {
        entry.kubernetes_groups.clone()
    }
}

fn planned(odd: &Odd, observed: &Observed, choices: &Choices) -> Plan {
    let source = Source {
        kind: SourceKind::Cluster,
        sha256: String::new(),
        resource_version: None,
        options: Vec::new(),
    };
    let reading = reader::read(&odd.text());
    build(
        &reading,
        source,
        observed,
        choices,
        &Ours::default(),
        time(TIMES[2]),
    )
}

/// The entries that let somebody in, by the principal's real ARN.
type Entries = BTreeMap<String, AccessEntry>;

/// Does what a plan says, as EKS would: who is not there is refused.
fn carried_out(plan: &Plan, odd: &Odd, mut all: BTreeMap<String, (AccessEntry, bool)>) -> Entries {
    let real: BTreeSet<String> = odd.people.iter().map(Person::arn).collect();
    for action in &plan.actions {
        match &action.kind {
            ActionKind::CreateAccessEntry {
                principal_arn,
                entry_type,
                username,
                kubernetes_groups,
                tags,
            } => {
                if real.contains(&principal_arn.to_string()) {
                    let entry = AccessEntry {
                        principal_arn: principal_arn.clone(),
                        entry_type: entry_type.clone(),
                        username: username.clone(),
                        kubernetes_groups: kubernetes_groups.clone(),
                        tags: tags.clone(),
                        access_policies: Vec::new(),
                    };
                    let before = all.insert(principal_arn.to_string(), (entry, false));
                    assert!(before.is_none(), "{principal_arn} has an entry already");
                }
            }
            ActionKind::UpdateAccessEntry {
                principal_arn,
                username,
                kubernetes_groups,
            } => {
                let entry = &mut all.get_mut(&principal_arn.to_string()).unwrap().0;
                entry.username.clone_from(username);
                entry.kubernetes_groups.clone_from(kubernetes_groups);
            }
            ActionKind::DeleteAccessEntry { principal_arn } => {
                all.remove(&principal_arn.to_string()).unwrap();
            }
            ActionKind::AssociateAccessPolicy {
                principal_arn,
                policy_arn,
                access_scope,
            } => {
                if let Some((entry, _)) = all.get_mut(&principal_arn.to_string()) {
                    entry
                        .access_policies
                        .retain(|held| held.policy_arn != *policy_arn);
                    entry.access_policies.push(PolicyAssociation {
                        policy_arn: policy_arn.clone(),
                        access_scope: access_scope.clone(),
                    });
                }
            }
            ActionKind::DisassociateAccessPolicy {
                principal_arn,
                policy_arn,
            } => {
                let entry = &mut all.get_mut(&principal_arn.to_string()).unwrap().0;
                entry
                    .access_policies
                    .retain(|held| held.policy_arn != *policy_arn);
            }
            ActionKind::UpdateAuthenticationMode { .. } => {}
        }
    }
    in_force(all)
}

fn in_force(all: BTreeMap<String, (AccessEntry, bool)>) -> Entries {
    all.into_iter()
        .filter(|(_, (_, is_stale))| !is_stale)
        .map(|(arn, (entry, _))| (arn, entry))
        .collect()
}

/// What becomes of everybody.
fn moved(
    odd: &Odd,
    before: &Entries,
    after: &Entries,
    bindings: [&[Bound]; 2],
) -> BTreeMap<Person, Moved> {
    let of = |person: &Person| {
        let mut moved = Moved::default();
        for login in person.logins() {
            let answers = |entries: &Entries| match entries.get(&person.arn()) {
                Some(entry) => BTreeSet::from([by_entry(entry, login)]),
                None if odd.mode == AuthenticationMode::Api => BTreeSet::from([None]),
                None => by_aws_auth(&odd.mappings, &odd.accounts, login),
            };
            let [old, new] = bindings;
            let before = Side {
                answers: answers(before),
                bindings: old,
            };
            let after = Side {
                answers: answers(after),
                bindings: new,
            };
            moved.add(&before, &after);
        }
        (person.clone(), moved)
    };
    odd.people.iter().map(of).collect()
}

/// Plans one cluster, answers some of its questions, does what the plan says and counts.
fn judge(odd: &Odd, random: &mut Random, tally: &mut Tally) {
    let observed = observed(odd);
    let first = planned(odd, &observed, &odd.choices);
    let mut choices = odd.choices.clone();
    if random.chance(70) {
        choices.answers = odd::answers(random, &json!(first));
    }
    let mut plan = planned(odd, &observed, &choices);
    if !plan.misfits.is_empty() {
        tally.refused += 1;
        choices = Choices {
            on_existing: choices.on_existing,
            include_inert: choices.include_inert,
            ..Choices::default()
        };
        plan = planned(odd, &observed, &choices);
        assert_eq!(plan.misfits, [], "{odd:#?}");
    }
    count(odd, &observed, &choices, &plan, tally);
}

/// Does what a plan says and counts what became of everybody.
fn count(odd: &Odd, observed: &Observed, choices: &Choices, plan: &Plan, tally: &mut Tally) {
    let all: BTreeMap<_, _> = odd
        .entries
        .iter()
        .map(|live| {
            let arn = live.entry.principal_arn.to_string();
            (arn, (live.entry.clone(), live.is_stale))
        })
        .collect();
    let before = in_force(all.clone());
    let after = carried_out(plan, odd, all);
    let mut objects = odd.objects.clone();
    if let Some(rbac) = observed.rbac.as_ref().filter(|_| choices.bind_renamed) {
        objects.extend(emit_rbac(plan.renames_in_use().renames(), rbac));
    }
    let (old, new) = (bound(&odd.objects), bound(&objects));
    let moved = moved(odd, &before, &after, [&old, &new]);
    let shown = || format!("{:#?}\n{:?}\n{:?}", odd.mappings, odd.mode, choices);
    tally.add(&json!(plan), choices, odd.are_bindings_read, &moved, &shown);
}

/// The choices that a printed fix asks for; `None` where it is no option and no line of the decisions file.
fn as_printed(fix: &str, mapping: &Value, chosen: &Choices) -> Option<Choices> {
    let mut choices = Choices {
        answers: Vec::new(),
        only: Vec::new(),
        exclude: Vec::new(),
        ..chosen.clone()
    };
    let unquoted = |text: &str| text.trim().trim_matches('\'').to_owned();
    if fix.contains("decisions file: `{") {
        choices.answers.push(odd::offered(mapping)?);
    } else if let Some((_, users)) = fix.split_once("renameUsers: ") {
        choices.rename_users = serde_yaml::from_str(users).unwrap();
        choices.bind_renamed = false;
    } else if let Some(rename) = fix.strip_prefix("--rename-group ") {
        let rename = unquoted(rename);
        let (old, new) = rename.split_once('=')?;
        choices.rename_groups.insert(old.to_owned(), new.to_owned());
    } else if let Some(only) = fix.strip_prefix("--include-inert --only ") {
        choices.include_inert = true;
        choices.only.push(Glob::new(&unquoted(only)));
    } else if fix.starts_with("--include-inert") {
        choices.include_inert = true;
    } else if fix.starts_with("--on-existing update") {
        choices.on_existing = OnExisting::Update;
    } else {
        return None;
    }
    Some(choices)
}

#[test]
fn a_printed_fix_moves_nobody_beyond_what_it_says() {
    let mut random = Random(number("GATE_SEED").unwrap_or(SEED) + 1);
    let clusters = number("GATE_PAIRS").map_or(100, |pairs| pairs / 500);
    let mut tally = Tally::default();
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..clusters {
        let odd = Odd::new(&mut random);
        let observed = observed(&odd);
        let first = json!(planned(&odd, &observed, &Choices::default()));
        for mapping in first["mappings"].as_array().unwrap() {
            for finding in mapping["findings"].as_array().unwrap() {
                let fix = finding["fix"].as_str().unwrap();
                let Some(choices) = as_printed(fix, mapping, &Choices::default()) else {
                    continue;
                };
                let plan = planned(&odd, &observed, &choices);
                assert_eq!(plan.misfits, [], "{fix}\n{mapping:#}\n{odd:#?}");
                count(&odd, &observed, &choices, &plan, &mut tally);
                let kind = fix.split(' ').take(2).collect::<Vec<_>>().join(" ");
                let kind = if fix.starts_with("--rename-group") {
                    "--rename-group".to_owned()
                } else {
                    kind
                };
                *kinds.entry(kind).or_default() += 1;
                if fix.contains("decisions file: `{") {
                    let now = json!(plan);
                    let mut now = now["mappings"].as_array().unwrap().iter();
                    let same = now.find(|now| now["id"] == mapping["id"]).unwrap();
                    assert_eq!(same["blocker"], Value::Null, "{fix}\n{same:#}");
                }
            }
        }
    }
    tell(&tally.told(&format!("printed fixes {kinds:?}")));
    tally.tell_wrong();
    assert_eq!((tally.silent.len(), tally.admitted.len()), (0, 0));
    assert!(kinds.len() >= 4, "{kinds:?}");
}

#[test]
fn the_judge_sees_what_moves() {
    let person = Person {
        account: OWN.to_owned(),
        is_role: true,
        path: "/".to_owned(),
        name: "ops".to_owned(),
    };
    let bindings = [Bound {
        namespace: None,
        role_kind: "ClusterRole".to_owned(),
        role: "view".to_owned(),
        kind: "Group".to_owned(),
        subject: "devs".to_owned(),
    }];
    let moved = |before: (&str, &[&str]), after: (&str, &[&str])| {
        let mut moved = Moved::default();
        for login in person.logins() {
            let side = |(username, groups): (&str, &[&str])| Side {
                answers: BTreeSet::from([rendered(username, groups.iter().copied(), login)]),
                bindings: &bindings,
            };
            moved.add(&side(before), &side(after));
        }
        moved
    };
    let verdicts = ["same", "renamed", "lost", "gained", "changed"];
    let instance = "x:{{EC2PrivateDNSName}}";
    for (before, after, fits) in [
        (("a", &["devs"][..]), ("a", &["devs"][..]), "same"),
        (("a", &["devs"]), ("b", &["devs"]), "renamed"),
        (("a", &["devs"]), ("a", &[]), "lost"),
        (("a", &[]), ("a", &["system:masters"]), "gained"),
        ((instance, &[]), ("a", &[]), "gained"),
        (("a", &[]), (instance, &[]), "lost"),
        (("a", &["system:{{SessionName}}"]), ("a", &[]), "lost"),
        (("a", &["devs"]), (instance, &["system:masters"]), "changed"),
    ] {
        let moved = moved(before, after);
        let first = verdicts.iter().find(|verdict| moved.fits(verdict));
        assert_eq!(first, Some(&fits), "{before:?} {after:?} {moved:?}");
    }
}

#[test]
fn the_gate_blocks_every_change_without_a_decision() {
    let mut random = Random(number("GATE_SEED").unwrap_or(SEED));
    let pairs = number("GATE_PAIRS").map_or(PAIRS, |pairs| usize::try_from(pairs).unwrap());
    let mut tally = Tally::default();
    while tally.pairs < pairs {
        let odd = Odd::new(&mut random);
        judge(&odd, &mut random, &mut tally);
    }
    tell(&tally.told("the gate alone"));
    tally.tell_wrong();
    assert_eq!((tally.silent.len(), tally.admitted.len()), (0, 0));
    assert!(tally.kept > 0 && tally.decided > 0 && tally.blocked > 0);
}

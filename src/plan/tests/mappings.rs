//! What becomes of mappings by their answers, options and names.

use serde_json::{Value, json};

use crate::choices::OnExisting;
use crate::finding::{Code, Severity};
use crate::model::rbac::RbacRule;
use crate::model::{Glob, Principal, Verdict};
use crate::plan::ACCEPTED_TAG;
use crate::plan::document::{Blocker, DecidedBy, Outcome, PlannedMapping};
use crate::plan::tests::shop::{DEV, OPS, Shop, answer};

pub(super) const OWN: &str =
    "- {rolearn: 'arn:aws:iam::111122223333:role/ops', username: ops, groups: [devs]}\n";
const MONITORING: &str = "- {rolearn: 'arn:aws:iam::111122223333:role/ops', username: ops, groups: ['system:monitoring']}\n";

pub(super) fn codes(mapping: &PlannedMapping) -> Vec<Code> {
    mapping
        .findings
        .iter()
        .map(|finding| finding.code)
        .collect()
}

pub(super) fn entry(groups: &[&str]) -> Value {
    json!({
        "principalArn": OPS, "type": "STANDARD", "username": "ops", "kubernetesGroups": groups, "tags": {},
        "accessPolicies": [],
    })
}

/// A group that EKS refuses is a question even where nothing is bound to it, unless it has a new name.
#[test]
fn a_group_that_is_left_out_is_lost_unless_it_has_a_new_name() {
    let rename = |mut shop: Shop, old: &str| {
        let names = [(old.to_owned(), "new".to_owned())];
        shop.choices.rename_groups = names.into();
        shop.first()
    };
    let dropped = Shop::new(MONITORING).bound(&[]).first();
    assert_eq!(dropped.access.verdict, Some(Verdict::Lost));
    assert_eq!(dropped.blocker, Some(Blocker::AccessMoves));
    let renamed = rename(Shop::new(MONITORING).bound(&[]), "system:monitoring");
    assert_eq!(renamed.access.verdict, Some(Verdict::Renamed));
    assert_eq!(renamed.blocker, None);
    // One of two has a new name, beside a group that stays.
    let two = MONITORING.replace(
        "['system:monitoring']",
        "[devs, 'system:monitoring', 'system:x']",
    );
    let one = rename(Shop::new(&two).bound(&[]), "system:x");
    assert_eq!(one.access.verdict, Some(Verdict::Renamed));
}

/// A stale entry hides nothing: creating it again takes from the mapping what creating it takes, and its tag keeps that.
#[test]
fn a_group_that_is_left_out_is_lost_where_a_stale_entry_is_created_again() {
    let update = |shop: Shop| {
        let mut shop = shop.bound(&[]).with_stale(entry(&["devs"]));
        shop.choices.on_existing = OnExisting::Update;
        shop
    };
    let asked = update(Shop::new(MONITORING)).first();
    assert_eq!(asked.access.verdict, Some(Verdict::Lost));
    assert_eq!(asked.blocker, Some(Blocker::AccessMoves));
    let accept = json!({"verdict": "lost", "groups": ["system:monitoring"]});
    let accepted = update(Shop::new(MONITORING).decided("migrate", accept)).first();
    assert_eq!(accepted.outcome, Outcome::Update);
    assert!(accepted.entry.unwrap().tags.contains_key(ACCEPTED_TAG));
    let same = update(Shop::new(OWN)).first();
    assert_eq!(same.outcome, Outcome::Update);
    assert!(!same.entry.unwrap().tags.contains_key(ACCEPTED_TAG));
}

/// A type is changed by deleting the entry, and until it is created again the mapping is in force.
#[test]
fn an_entry_of_another_type_is_kept_where_the_mapping_gives_something_else_meanwhile() {
    let node = |username: &str| {
        let groups = "['system:bootstrappers', 'system:nodes']";
        let mapping = format!("- {{rolearn: '{OPS}', username: '{username}', groups: {groups}}}\n");
        let mut live = entry(&[]);
        live["type"] = json!("FARGATE_LINUX");
        live["username"] = json!("system:node:{{SessionName}}");
        let mut shop = Shop::new(&mapping).bound(&[]).with(live);
        shop.choices.on_existing = OnExisting::Update;
        shop.first()
    };
    let kept = node("system:node:{{SessionNameRaw}}");
    assert_eq!(kept.outcome, Outcome::Conflict);
    assert_eq!(kept.blocker, Some(Blocker::LiveDiffers));
    let updated = node("system:node:{{SessionName}}");
    assert_eq!(updated.outcome, Outcome::Update);
    assert_eq!(updated.blocker, None);
}

/// What is given up is lost with the mapping, unless an entry gives it.
#[test]
fn a_dropped_principal_keeps_what_its_live_entry_gives() {
    let drop = || {
        Shop::new(OWN)
            .bound(&["Group/devs"])
            .decided("drop", Value::Null)
    };
    let lost = drop().first();
    assert_eq!(lost.outcome, Outcome::Skipped);
    assert!(lost.is_dropped() && !lost.is_left() && !lost.is_filtered_out());
    assert_eq!(lost.access.verdict, Some(Verdict::Lost));
    let kept = drop().with(entry(&["devs"])).first();
    assert_eq!(kept.access.verdict, Some(Verdict::Same));
    let mut stale = entry(&["devs"]);
    stale["createdAt"] = json!("2026-01-01T00:00:00Z");
    let stale = drop().with(stale).first();
    assert_eq!(stale.access.verdict, Some(Verdict::Lost));
    let left = Shop::new(OWN).decided("leave", Value::Null).first();
    assert!(left.is_left() && !left.is_dropped() && !left.is_filtered_out());
    let mut filtered = Shop::new(OWN);
    filtered.choices.only = vec![Glob::new("*dev*")];
    let filtered = filtered.first();
    assert!(filtered.is_filtered_out() && !filtered.is_left() && !filtered.is_dropped());
}

/// An answer may name the principal as IAM has it, and a finding answers only for what is open.
#[test]
fn an_answer_counts_by_the_real_arn_and_one_to_a_finding_for_what_is_open() {
    let real = "arn:aws:iam::111122223333:role/team/ops";
    let by_real = |mut shop: Shop| {
        shop.choices.answers = vec![answer(real, "leave", Value::Null)];
        shop.plan()
    };
    let known = Shop {
        real: vec![(OPS, real)],
        ..Shop::new(OWN)
    };
    let known = by_real(known);
    assert_eq!(known.mappings[0].outcome, Outcome::Skipped);
    assert_eq!(known.misfits, []);
    let unknown = by_real(Shop::new(OWN));
    assert_eq!(unknown.mappings[0].outcome, Outcome::Create);
    assert_eq!(unknown.misfits.len(), 1, "it matches nothing");

    let text = format!("{MONITORING}{}", OWN.replace(OPS, DEV));
    let mut shop = Shop::new(&text).bound(&["Group/system:monitoring"]);
    let plan = shop.plan();
    let code = *codes(&plan.mappings[0]).last().unwrap();
    let to_code = json!({"code": code, "do": "leave"});
    shop.choices.answers = vec![serde_json::from_value(to_code).unwrap()];
    let plan = shop.plan();
    let by: Vec<_> = plan
        .mappings
        .iter()
        .map(|mapping| mapping.decision.as_ref().map(|decided| decided.by))
        .collect();
    assert_eq!(by, [Some(DecidedBy::Answer), None]);
    assert_eq!(plan.misfits, []);
    // Where it is about what is open, it decides just as an answer about the principal does.
    let accept = json!({"verdict": "lost", "groups": ["system:monitoring"]});
    let to_code = json!({"code": code, "do": "migrate", "accept": accept});
    shop.choices.answers = vec![serde_json::from_value(to_code).unwrap()];
    assert_eq!(shop.first().outcome, Outcome::Create);
    // A mapping that waits for nobody is not answered for, although it has the finding.
    let mut renamed = Shop::new(&OWN.replace("username: ops", "username: 'system:ops'")).bound(&[]);
    let code = Code::UsernameReserved;
    assert!(codes(&renamed.first()).contains(&code));
    let to_code = json!({"code": code, "do": "leave"});
    renamed.choices.answers = vec![serde_json::from_value(to_code).unwrap()];
    assert_eq!(renamed.first().outcome, Outcome::Create);
    // Whoever is named is not answered for by a finding.
    shop.choices.answers.truncate(1);
    shop.choices.answers.push(answer(OPS, "drop", Value::Null));
    assert!(shop.first().is_dropped());
}

/// Under `--strict` a warning holds a change back that nobody has decided, and nothing of it is planned.
#[test]
fn a_warning_blocks_where_that_was_asked_for() {
    let strict = |mut shop: Shop| {
        shop.choices.strict = true;
        shop.plan()
    };
    let renamed = OWN.replace("username: ops", "username: 'system:ops'");
    let warned = || Shop::new(&renamed).bound(&[]);
    let plan = warned().plan();
    assert_eq!(plan.mappings[0].outcome, Outcome::Create);
    let severities = plan.mappings[0].findings.iter();
    assert_eq!(
        severities.map(|finding| finding.severity).max(),
        Some(Severity::Warning)
    );
    let plan = strict(warned());
    assert_eq!(plan.mappings[0].blocker, Some(Blocker::Warning));
    assert_eq!(plan.mappings[0].outcome, Outcome::Blocked);
    assert_eq!(plan.actions, []);
    // A decision goes before a warning.
    let decided = strict(warned().decided("migrate", Value::Null));
    assert_eq!(decided.mappings[0].outcome, Outcome::Create);
    let quiet = strict(Shop::new(OWN).bound(&[]));
    assert_eq!(quiet.mappings[0].outcome, Outcome::Create);
    let live = strict(warned().with(entry(&["devs"])));
    assert_ne!(live.mappings[0].blocker, Some(Blocker::Warning));
}

/// What grants nothing and gets an entry all the same is marked, so that a cut-over knows it.
#[test]
fn an_entry_for_what_grants_nothing_is_marked() {
    let with_path = OWN.replace("role/ops", "role/team/ops");
    let mut shop = Shop::new(&with_path);
    assert!(!shop.first().inert_included);
    assert_eq!(shop.first().outcome, Outcome::Inert);
    shop.choices.include_inert = true;
    let plan = shop.plan();
    assert!(plan.mappings[0].inert_included);
    let arn = plan.mappings[0]
        .entry
        .as_ref()
        .unwrap()
        .principal_arn
        .clone();
    assert!(plan.includes_inert(&arn));
    assert!(!plan.includes_inert(&OPS.parse().unwrap()));
    assert!(!Shop::new(OWN).first().inert_included);
}

/// A mapping that counts has its principal before one that grants nothing, whatever their order.
#[test]
fn what_counts_goes_before_what_grants_nothing() {
    let with_path = OWN
        .replace("role/ops", "role/team/ops")
        .replace("devs", "more");
    let mut shop = Shop::new(&format!("{with_path}{OWN}"));
    shop.choices.include_inert = true;
    let plan = shop.plan();
    let outcomes: Vec<_> = plan
        .mappings
        .iter()
        .map(|mapping| mapping.outcome)
        .collect();
    assert_eq!(outcomes, [Outcome::Inert, Outcome::Create]);
}

/// The entry would hide what waits for a decision, even where it moves no rights that bindings show.
#[test]
fn what_grants_nothing_does_not_take_the_place_of_what_is_asked_about() {
    let with_path = OWN
        .replace("role/ops", "role/team/ops")
        .replace("groups: [devs]", "groups: []");
    let mut shop = Shop::new(&format!("{with_path}{MONITORING}")).bound(&[]);
    shop.choices.include_inert = true;
    let plan = shop.plan();
    let [inert, asked] = &plan.mappings[..] else {
        panic!("{plan:?}");
    };
    assert_eq!(inert.outcome, Outcome::Inert);
    assert!(codes(inert).contains(&Code::Shadowed));
    assert_eq!(asked.blocker, Some(Blocker::AccessMoves));
    assert_eq!(plan.actions, []);

    // Nor is a live entry changed to what grants nothing.
    shop.choices.on_existing = OnExisting::Update;
    let updated = shop.with(entry(&["devs"])).plan();
    assert_eq!(updated.mappings[0].outcome, Outcome::Inert);
    let updates = updated
        .actions
        .iter()
        .filter(|action| action.mapping == Some(updated.mappings[0].id));
    assert_eq!(updates.count(), 0);
}

#[test]
fn unread_bindings_are_said_once_for_the_cluster() {
    let renamed = OWN.replace("username: ops", "username: 'system:ops'");
    let text = format!("{renamed}{}", OWN.replace(OPS, DEV));
    let says = |shop: &Shop| {
        let plan = shop.plan();
        let mut findings = plan.findings.iter();
        findings.any(|placed| placed.finding.code == Code::BindingsUnknown)
    };
    assert!(says(&Shop::new(&text)));
    assert!(!says(&Shop::new(&text).bound(&[])));
    assert!(!says(&Shop::new(OWN)));
}

#[test]
fn live_entries_in_play_are_kept_with_the_plan() {
    let mut other = entry(&["devs"]);
    other["principalArn"] = json!(DEV);
    let plan = Shop::new(OWN).with(entry(&["devs"])).with(other).plan();
    assert_eq!(plan.observed.keys().collect::<Vec<_>>(), [OPS]);
}

#[test]
fn decisions_are_needed_where_something_waits() {
    assert!(!Shop::new(OWN).plan().needs_decision());
    let moves = Shop::new(MONITORING).bound(&["Group/system:monitoring"]);
    assert!(moves.plan().needs_decision());
    let both = Shop::new(&format!("{MONITORING}{}", OWN.replace(OPS, DEV)))
        .bound(&["Group/system:monitoring"]);
    assert!(both.plan().needs_decision());
    let broken = Shop::new("- {rolearn: [\n").plan();
    assert!(broken.needs_decision());
}

/// Decisions that match nothing may be another cluster's, if a file is for many; those that don't fit never are.
#[test]
fn a_decision_that_does_not_fit_stops_a_plan() {
    let nothing = Shop::new(OWN);
    assert!(nothing.plan().decisions_fit().is_ok());
    let mut other = Shop::new(OWN);
    other.choices.answers = vec![answer(DEV, "leave", Value::Null)];
    let other = other.plan();
    assert!(other.decisions_fit().is_err() && other.patterns_fit().is_err());
    assert!(other.shared_decisions_fit().is_ok());
    let unfit = Shop::new(OWN).decided("update-live", Value::Null).plan();
    assert!(unfit.decisions_fit().is_err() && unfit.shared_decisions_fit().is_err());
    assert!(unfit.patterns_fit().is_ok());
}

/// No mapping is in force in the mode API; an entry is compared with what the mapping would give.
#[test]
fn an_entry_in_the_mode_api_is_compared_with_what_the_mapping_would_give() {
    let shop = |groups: &[&str]| Shop {
        mode: "API",
        ..Shop::new(OWN).bound(&["Group/devs"]).with(entry(groups))
    };
    assert_eq!(shop(&["devs"]).first().outcome, Outcome::Unchanged);
    assert_eq!(shop(&[]).first().blocker, Some(Blocker::LiveDiffers));
}

/// A group becomes the policy that was chosen for it only where both are proven to give the same.
#[test]
fn a_policy_takes_the_place_of_a_group_that_gives_the_same() {
    const VIEW: &str = "AmazonEKSAdminViewPolicy";
    let chosen = |verbs: &[&str], groups: &str| {
        let set = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let rule = RbacRule {
            api_groups: set(&["*"]),
            resources: set(&["*"]),
            resource_names: set(&[]),
            urls: set(&[]),
            verbs: set(verbs),
        };
        let text = OWN.replace("[devs]", groups);
        let mut shop = Shop::new(&text).bound(&["Group/devs", "Group/ops"]);
        shop.rbac.as_mut().unwrap().cluster_roles = Some([("view".to_owned(), vec![rule])].into());
        let both = ["devs", "ops"].map(|group| (group.to_owned(), VIEW.to_owned()));
        shop.choices.policies = both.into();
        let first = shop.first();
        let entry = first.entry.unwrap();
        let names = entry
            .access_policies
            .iter()
            .map(|policy| policy.name().to_owned());
        (
            entry.kubernetes_groups,
            names.collect::<Vec<_>>(),
            first.blocker,
        )
    };
    let reads = ["get", "list", "watch"];
    let none = || Vec::<String>::new();
    assert_eq!(
        chosen(&reads, "[devs]"),
        (none(), vec![VIEW.to_owned()], None)
    );
    assert_eq!(
        chosen(&reads, "[devs, ops]"),
        (none(), vec![VIEW.to_owned()], None)
    );
    let kept = (vec!["devs".to_owned()], none(), None);
    assert_eq!(chosen(&["get"], "[devs]"), kept);
}

/// The caller is warned before its own rights go.
#[test]
fn a_caller_that_would_be_no_administrator_any_more_is_warned() {
    let admin = "- {rolearn: 'arn:aws:iam::111122223333:role/ops', username: ops, groups: [devs, 'system:masters']}\n";
    let policy = json!([{
        "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        "accessScope": {"type": "cluster"},
    }]);
    let warned = |text: &str, live: Option<Value>, caller: &str| {
        let mut shop = Shop::new(text).bound(&[]);
        shop.live = live
            .into_iter()
            .map(|live| serde_json::from_value(live).unwrap())
            .collect();
        shop.caller = Principal::as_matched(caller);
        shop.choices.on_existing = OnExisting::Update;
        let plan = shop.plan();
        let mut findings = plan.findings.iter();
        findings.any(|placed| placed.finding.code == Code::CallerLosesAdmin)
    };
    let mut with_policy = entry(&["devs"]);
    with_policy["accessPolicies"] = policy;
    // An entry of an administrator becomes what the mapping says, which is less.
    assert!(warned(OWN, Some(with_policy.clone()), OPS));
    assert!(!warned(OWN, Some(with_policy.clone()), DEV));
    assert!(!warned(admin, Some(with_policy), OPS));
    // The entry is made with the policy, and one without it was no administrator's.
    assert!(!warned(admin, None, OPS));
    assert!(!warned(OWN, None, OPS));
    assert!(!warned(OWN, Some(entry(&["more"])), OPS));
}

/// Only bindings of names that an entry of the plan has are copied.
#[test]
fn new_names_are_in_use_where_an_entry_has_them() {
    let mut shop = Shop::new(MONITORING).bound(&["Group/system:monitoring"]);
    assert!(shop.plan().renames_in_use().is_empty());
    let names = [("system:monitoring", "monitoring"), ("devs", "developers")];
    shop.choices.rename_groups = names
        .map(|(old, new)| (old.to_owned(), new.to_owned()))
        .into();
    assert!(
        shop.plan().renames_in_use().is_empty(),
        "it waits for a decision"
    );
    shop.choices.bind_renamed = true;
    let used = shop.plan().renames_in_use();
    assert_eq!(
        used.renames().groups.keys().collect::<Vec<_>>(),
        ["system:monitoring"]
    );
    assert!(!used.is_empty());
    let renamed = MONITORING.replace("username: ops", "username: 'system:ops'");
    let mut users = Shop::new(&renamed.replace("'system:monitoring'", "")).bound(&[]);
    users.choices.rename_users = [("system:ops".to_owned(), "ops".to_owned())].into();
    let used = users.plan().renames_in_use();
    assert_eq!(used.renames().users.len(), 1);
    assert!(!used.is_empty());
}

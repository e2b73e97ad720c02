//! `verify` and `who` on small clusters that are made by hand.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::cutover::remove::removal;
use super::principal::{Way, who};
use super::verify::{Readiness, Verification, verify};
use crate::choices::Choices;
use crate::decisions::{Answer, AnswerLine, Do};
use crate::finding::{Code, Diagnostic, Finding};
use crate::model::rbac::Rbac;
use crate::model::{
    AccessEntry, AuthenticationMode, Cluster, EntryType, Glob, LiveEntry, MappingId, Principal,
};
use crate::observed::{Lookup, NodeOs, NodeRole, NodeRoleUser, Observed};
use crate::plan::document::{Source, SourceKind, Verdict};
use crate::plan::{Ours, build};
use crate::reader::Reading;
use crate::source::AwsAuth;

const DEV: &str = "arn:aws:iam::111122223333:role/dev";
const NODES: &str = "arn:aws:iam::111122223333:role/nodes";
const STRANGER: &str = "arn:aws:iam::111122223333:role/stranger";
const TEXT: &str =
    "- {rolearn: 'arn:aws:iam::111122223333:role/dev', username: dev, groups: [devs]}\n";

fn reading(map_roles: &str) -> Reading {
    let data = [("mapRoles".to_owned(), map_roles.to_owned())].into();
    let aws_auth = AwsAuth {
        data,
        ..AwsAuth::default()
    };
    aws_auth.read()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn entry(arn: &str, groups: &[&str]) -> LiveEntry {
    let groups = groups.iter().map(|group| (*group).to_owned());
    LiveEntry {
        entry: AccessEntry {
            principal_arn: arn.parse().unwrap(),
            entry_type: EntryType::Standard,
            username: Some("dev".to_owned()),
            kubernetes_groups: groups.collect(),
            tags: BTreeMap::new(),
            access_policies: Vec::new(),
        },
        access_entry_arn: None,
        created_at: Some(at("2026-01-02T00:00:00Z")),
        modified_at: None,
    }
}

/// A cluster whose principals exist since the given day.
fn observed(mode: AuthenticationMode, entries: Vec<LiveEntry>, made: &str) -> Observed {
    let found = |text: &str| {
        let arn = text.parse().unwrap();
        let key = Principal::from_arn(&arn).unwrap().key();
        let created_at = Some(at(made));
        (key, Lookup::Found { arn, created_at })
    };
    Observed {
        cluster: Cluster {
            name: Some("shop".to_owned()),
            arn: None,
            created_at: None,
            region: Some("eu-west-1".to_owned()),
            account_id: Some("111122223333".to_owned()),
            partition: "aws".to_owned(),
            authentication_mode: Some(mode),
            platform_version: None,
            kubernetes_version: None,
            status: Some("ACTIVE".to_owned()),
            auto_mode: false,
            hybrid_nodes: false,
            outpost: false,
        },
        entries: Some(entries),
        node_roles: Some(Vec::new()),
        principals: [found(DEV), found(NODES)].into(),
        rbac: None,
        caller: None,
    }
}

const OLD: &str = "2026-01-01T00:00:00Z";
const YOUNG: &str = "2026-01-03T00:00:00Z";

fn judged(reading: &Reading, observed: &Observed) -> Verification {
    judged_by(&Choices::default(), reading, observed)
}

fn judged_by(choices: &Choices, reading: &Reading, observed: &Observed) -> Verification {
    let source = Source {
        kind: SourceKind::Cluster,
        sha256: String::new(),
        resource_version: None,
        options: Vec::new(),
    };
    let now = at("2026-02-01T00:00:00Z");
    let plan = build(reading, source, observed, choices, &Ours::default(), now);
    verify(plan, reading, observed)
}

fn codes(verification: &Verification) -> Vec<Option<Code>> {
    verification
        .objections
        .iter()
        .map(|objection| objection.code)
        .collect()
}

#[test]
fn the_same_access_is_safe_and_less_is_not() {
    use AuthenticationMode::{Api, ApiAndConfigMap};
    let reading = reading(TEXT);
    for (mode, entries, made, verdict) in [
        (
            ApiAndConfigMap,
            vec![entry(DEV, &["devs"])],
            OLD,
            Readiness::Safe,
        ),
        (ApiAndConfigMap, Vec::new(), OLD, Readiness::Pending),
        (
            ApiAndConfigMap,
            vec![entry(DEV, &[])],
            OLD,
            Readiness::NeedsDecision,
        ),
        // An entry that is older than its principal grants no access.
        (
            ApiAndConfigMap,
            vec![entry(DEV, &["devs"])],
            YOUNG,
            Readiness::NeedsDecision,
        ),
        // In the mode API no mapping gives anything that could be lost.
        (Api, Vec::new(), OLD, Readiness::Safe),
    ] {
        let verification = judged(&reading, &observed(mode, entries, made));
        assert_eq!(verification.verdict, verdict, "{verification:#?}");
        let is_proven = verdict == Readiness::Safe;
        assert_eq!(verification.proven.is_empty(), !is_proven);
    }
}

#[test]
fn a_node_role_without_an_entry_of_a_node_type_is_an_objection() {
    let reading = reading(&format!(
        "{TEXT}- {{rolearn: '{NODES}', username: x, groups: [devs]}}\n"
    ));
    let mut other = entry(NODES, &["devs"]);
    other.entry.username = Some("x".to_owned());
    let entries = vec![entry(DEV, &["devs"]), other];
    let mut seen = observed(AuthenticationMode::ApiAndConfigMap, entries, OLD);
    assert_eq!(judged(&reading, &seen).verdict, Readiness::Safe);
    seen.node_roles = Some(vec![NodeRole {
        role_arn: NODES.parse().unwrap(),
        user: NodeRoleUser::NodeGroup {
            name: "blue".to_owned(),
            os: NodeOs::Linux,
        },
    }]);
    let verification = judged(&reading, &seen);
    assert_eq!(verification.verdict, Readiness::NeedsDecision);
    assert!(verification.objections[0].arn.as_deref() == Some(NODES));
}

#[test]
fn what_can_not_be_seen_is_an_objection_or_a_doubt() {
    let mut reading = reading(TEXT);
    let entries = vec![entry(DEV, &["devs"])];
    let mut seen = observed(AuthenticationMode::ApiAndConfigMap, entries, OLD);
    let key = Principal::from_arn(&DEV.parse().unwrap()).unwrap().key();
    let permission = "iam:GetRole".to_owned();
    seen.principals.insert(key, Lookup::Denied { permission });
    let verification = judged(&reading, &seen);
    assert_eq!(verification.verdict, Readiness::Safe);
    assert_eq!(verification.doubts[0].code, Code::NotLookedUp);
    reading.diagnostics.push(Diagnostic {
        finding: Finding::new(Code::NodeRolesUnknown, "not read", ""),
        place: None,
        mapping: None,
    });
    let verification = judged(&reading, &seen);
    assert_eq!(codes(&verification), [Some(Code::NodeRolesUnknown)]);
}

#[test]
fn another_username_is_unproven_without_bindings() {
    let reading = reading(TEXT);
    let mut live = entry(DEV, &["devs"]);
    live.entry.username = Some("other".to_owned());
    let mut seen = observed(AuthenticationMode::ApiAndConfigMap, vec![live], OLD);
    let verification = judged(&reading, &seen);
    assert_eq!(verification.verdict, Readiness::NeedsDecision);
    assert_eq!(codes(&verification), [Some(Code::NamesUnproven)]);
    let mapping = &verification.plan.mappings[0];
    assert_eq!(mapping.drift.as_ref().unwrap().verdict, None);
    assert_eq!(mapping.access.verdict, Some(Verdict::Same));
    assert_eq!(verification.doubts[0].code, Code::BindingsUnknown);
    seen.rbac = Some(Rbac::default());
    let verification = judged(&reading, &seen);
    assert_eq!(verification.verdict, Readiness::Safe);
    assert!(verification.doubts.is_empty());
}

#[test]
fn a_principal_gets_in_by_its_entry_first_and_by_its_mapping_else() {
    use AuthenticationMode::{Api, ApiAndConfigMap, ConfigMap};
    let reading = reading(TEXT);
    let ask = |asked: &str, seen: &Observed| who(asked, &reading, seen).unwrap();
    let mapping: MappingId = "mapRoles[0]".parse().unwrap();

    let by_mapping = ask(DEV, &observed(ApiAndConfigMap, Vec::new(), OLD));
    assert_eq!(by_mapping.way, Way::Mapping { mapping });
    assert_eq!(by_mapping.access.verdict, Some(Verdict::Lost));

    let poorer = observed(ApiAndConfigMap, vec![entry(DEV, &[])], OLD);
    let session = "arn:aws:sts::111122223333:assumed-role/dev/jo";
    for asked in [DEV, session, &format!("{DEV}/jo")] {
        let hidden = ask(asked, &poorer);
        assert!(matches!(hidden.way, Way::AccessEntry { stale: false, .. }));
        assert!(hidden.access.before.unwrap().groups.is_empty());
    }
    let stale = ask(DEV, &observed(Api, vec![entry(DEV, &["devs"])], YOUNG));
    assert!(matches!(stale.way, Way::AccessEntry { stale: true, .. }));
    assert!(stale.access.before.is_none());
    assert_eq!(stale.access.verdict, Some(Verdict::Same));
    // Where aws-auth is read, it still answers for whom the entry does not let in.
    let dead = vec![entry(DEV, &["devs"])];
    let by_mapping = ask(DEV, &observed(ApiAndConfigMap, dead, YOUNG));
    assert_eq!(by_mapping.way, Way::Mapping { mapping });
    assert_eq!(by_mapping.stale_entry, Some(DEV.parse().unwrap()));
    assert_eq!(by_mapping.access.before.unwrap().groups, ["devs"]);
    assert_eq!(by_mapping.access.verdict, Some(Verdict::Lost));
    let text = crate::report::who(
        &ask(
            DEV,
            &observed(ApiAndConfigMap, vec![entry(DEV, &[])], YOUNG),
        ),
        crate::report::Format::Table,
        crate::report::Shown::default(),
    );
    assert!(
        text.contains("mapRoles[0] of aws-auth, since its access entry"),
        "{text}"
    );
    let unmapped = entry(STRANGER, &["devs"]);
    let mut seen = observed(ApiAndConfigMap, vec![unmapped], YOUNG);
    let young = seen.principals.values().next().unwrap().clone();
    seen.principals
        .insert(Principal::as_matched(STRANGER).unwrap().key(), young);
    assert!(matches!(
        ask(STRANGER, &seen).way,
        Way::AccessEntry { stale: true, .. }
    ));

    // Without access entries in the mode, none counts; without mappings in it, none does.
    let early = ask(DEV, &observed(ConfigMap, vec![entry(DEV, &[])], OLD));
    assert_eq!(early.way, Way::Mapping { mapping });
    assert_eq!(ask(DEV, &observed(Api, Vec::new(), OLD)).way, Way::Nowhere);
    assert!(who("arn:aws:s3:::bucket", &reading, &poorer).is_err());
}

fn deciding(principal: &str, what: Do) -> Answer {
    Answer {
        principal: Some(principal.to_owned()),
        code: None,
        what,
        accept: None,
        reason: None,
        line: AnswerLine::default(),
    }
}

/// What a cutover of some mappings takes away, or why it is refused.
fn removed(
    data: &[(&str, &str)],
    choices: &Choices,
    mode: AuthenticationMode,
) -> Result<Vec<String>, String> {
    let data = data
        .iter()
        .map(|(key, text)| ((*key).to_owned(), (*text).to_owned()));
    let aws_auth = AwsAuth {
        data: data.collect(),
        ..AwsAuth::default()
    };
    let reading = aws_auth.read();
    let seen = observed(mode, Vec::new(), OLD);
    let verification = judged_by(choices, &reading, &seen);
    let removal = removal(&verification, &aws_auth, &reading, &seen, true, false);
    let removal = removal.map_err(|failure| failure.what)?;
    let removed = removal.map(|removal| removal.removed).unwrap_or_default();
    Ok(removed.iter().map(ToString::to_string).collect())
}

/// Nobody has access by a mapping there, so that nobody loses it with one.
#[test]
fn some_mappings_go_in_the_mode_api_although_their_principals_have_no_entries() {
    let text = format!("{TEXT}- {{rolearn: '{NODES}', username: x, groups: [devs]}}\n");
    let choices = Choices {
        only: vec![Glob::new(DEV)],
        ..Choices::default()
    };
    let removed = removed(&[("mapRoles", &text)], &choices, AuthenticationMode::Api);
    assert_eq!(removed, Ok(vec!["mapRoles[0]".to_owned()]));
}

/// A role mapping with a path matches nobody, so nobody loses it when another mapping of the role is removed.
#[test]
fn a_mapping_with_a_path_that_stays_keeps_nothing_from_being_dropped() {
    const WITH_PATH: &str =
        "- {rolearn: 'arn:aws:iam::111122223333:role/team/dev', username: x, groups: [devs]}\n";
    let both = format!("{TEXT}{WITH_PATH}");
    for (data, dropped, expected) in [
        (vec![("mapRoles", both.as_str())], DEV, "mapRoles[0]"),
        (
            vec![("mapRoles", WITH_PATH), ("mapAccounts", "['111122223333']")],
            "111122223333",
            "mapAccounts[0]",
        ),
    ] {
        let choices = Choices {
            exclude: vec![Glob::new("*:role/team/*")],
            answers: vec![deciding(dropped, Do::Drop)],
            ..Choices::default()
        };
        let removed = removed(&data, &choices, AuthenticationMode::ApiAndConfigMap);
        assert_eq!(removed, Ok(vec![expected.to_owned()]));
    }
}

/// All goes with the ConfigMap, unless something has to stay in it.
#[test]
fn what_goes_depends_on_what_stays() {
    let two = format!("{TEXT}- {{rolearn: '{NODES}', username: dev, groups: [devs]}}\n");
    let entries = || vec![entry(DEV, &["devs"]), entry(NODES, &["devs"])];
    let after = |data: &[(&str, &str)], binary: &[&str], choices: &Choices, keep: bool| {
        let is_partial = !choices.only.is_empty();
        let data = data
            .iter()
            .map(|(key, text)| ((*key).to_owned(), (*text).to_owned()));
        let aws_auth = AwsAuth {
            data: data.collect(),
            binary_keys: binary.iter().map(|key| (*key).to_owned()).collect(),
            ..AwsAuth::default()
        };
        let reading = aws_auth.read();
        let seen = observed(AuthenticationMode::ApiAndConfigMap, entries(), OLD);
        let verification = judged_by(choices, &reading, &seen);
        let removal = removal(&verification, &aws_auth, &reading, &seen, is_partial, keep);
        let removal = removal.unwrap().unwrap();
        let keys = removal.after.map(|after| after.into_keys().collect());
        (removal.removed.len(), keys)
    };
    let keys = |keys: &[&str]| Some(keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>());
    let all = Choices::default();
    let only = Choices {
        only: vec![Glob::new(DEV)],
        ..Choices::default()
    };
    let left = Choices {
        answers: vec![deciding(NODES, Do::Leave)],
        ..Choices::default()
    };
    let roles = [("mapRoles", two.as_str())];
    let one = [("mapRoles", TEXT)];
    let other = [("mapRoles", two.as_str()), ("other", "x")];
    assert_eq!(after(&roles, &[], &all, false), (2, None));
    assert_eq!(after(&roles, &[], &all, true), (2, keys(&[])));
    assert_eq!(after(&roles, &["blob"], &all, false), (2, keys(&[])));
    assert_eq!(after(&other, &[], &all, false), (2, keys(&["other"])));
    assert_eq!(after(&roles, &[], &only, false), (1, keys(&["mapRoles"])));
    assert_eq!(after(&roles, &[], &left, false), (1, keys(&["mapRoles"])));
    assert_eq!(after(&one, &[], &only, true), (1, keys(&[])));
    assert_eq!(after(&one, &[], &only, false), (1, None));
}

/// What is decided is no objection, and what only `apply` does is a lesser one.
#[test]
fn a_verdict_is_by_the_worst_that_there_is() {
    use AuthenticationMode::{Api, ApiAndConfigMap, ConfigMap};
    let nodes = format!(
        "- {{rolearn: '{NODES}', username: 'system:node:{{{{EC2PrivateDNSName}}}}', groups: ['system:bootstrappers', 'system:nodes']}}\n"
    );
    let other = format!("- {{rolearn: '{NODES}', username: dev, groups: [devs]}}\n");
    let two = reading(&format!("{TEXT}{other}"));
    let verdict = |reading: &Reading, seen: &Observed, choices: &Choices| {
        let verification = judged_by(choices, reading, seen);
        let (proven, left) = (verification.proven.len(), verification.left.len());
        (verification.verdict, proven, left)
    };
    let all = Choices::default();
    let by = |what| Choices {
        answers: vec![deciding(NODES, what)],
        ..Choices::default()
    };
    let differs = || vec![entry(NODES, &["ops"])];
    let seen = observed(ApiAndConfigMap, differs(), OLD);
    assert_eq!(verdict(&two, &seen, &all), (Readiness::NeedsDecision, 0, 0));
    for what in [Do::Leave, Do::Drop] {
        let (proven, left) = if what == Do::Leave { (0, 1) } else { (1, 0) };
        let expected = (Readiness::Pending, proven, left);
        assert_eq!(verdict(&two, &seen, &by(what)), expected, "{what:?}");
    }
    // The mode API reads no mapping, whatever its entry gives.
    let seen = observed(Api, differs(), OLD);
    assert_eq!(verdict(&two, &seen, &all).0, Readiness::Safe);
    assert_eq!(verdict(&two, &seen, &all).1, 2);
    // Entries that could not be read may be there.
    let mut unread = observed(ApiAndConfigMap, Vec::new(), OLD);
    unread.entries = None;
    assert_eq!(
        verdict(&reading(TEXT), &unread, &all).0,
        Readiness::NeedsDecision
    );
    // EKS creates it in the switch, which `apply` does, unless it is left to EKS later.
    let with_group = |mode| Observed {
        node_roles: Some(vec![NodeRole {
            role_arn: NODES.parse().unwrap(),
            user: NodeRoleUser::NodeGroup {
                name: "blue".to_owned(),
                os: NodeOs::Linux,
            },
        }]),
        ..observed(mode, Vec::new(), OLD)
    };
    let skip = Choices {
        managed_nodes: crate::choices::ManagedNodes::Skip,
        ..Choices::default()
    };
    for (mode, choices, expected) in [
        (ConfigMap, &all, Readiness::Pending),
        (ConfigMap, &skip, Readiness::NeedsDecision),
        (ApiAndConfigMap, &all, Readiness::Pending),
        (ApiAndConfigMap, &skip, Readiness::NeedsDecision),
        (ApiAndConfigMap, &by(Do::Leave), Readiness::Safe),
        (ApiAndConfigMap, &by(Do::Drop), Readiness::Safe),
    ] {
        let verdict = verdict(&reading(&nodes), &with_group(mode), choices).0;
        assert_eq!(verdict, expected, "{mode} {choices:?}");
    }
}

#[test]
fn the_verdict_in_words_counts_what_is_behind_it() {
    let two = reading(&format!(
        "{TEXT}- {{rolearn: '{NODES}', username: dev, groups: [devs]}}\n"
    ));
    let sentence = |entries: Vec<LiveEntry>, choices: &Choices| {
        let seen = observed(AuthenticationMode::ApiAndConfigMap, entries, OLD);
        judged_by(choices, &two, &seen).sentence
    };
    let all = Choices::default();
    let by = |what| Choices {
        answers: vec![deciding(NODES, what)],
        ..Choices::default()
    };
    let only = Choices {
        only: vec![Glob::new(DEV)],
        ..Choices::default()
    };
    let dev = || entry(DEV, &["devs"]);
    let safe = "safe to cut over: nobody's access changes when aws-auth is removed";
    assert_eq!(sentence(vec![dev(), entry(NODES, &["devs"])], &all), safe);
    assert_eq!(sentence(vec![dev()], &all), "not yet: 1 waits for `apply`");
    assert_eq!(sentence(vec![], &all), "not yet: 2 wait for `apply`");
    assert_eq!(
        sentence(vec![dev(), entry(NODES, &["ops"])], &all),
        "not yet: 1 needs a decision"
    );
    assert_eq!(
        sentence(vec![entry(NODES, &["ops"])], &all),
        "not yet: 1 waits for `apply`, 1 needs a decision"
    );
    assert_eq!(
        sentence(vec![dev()], &by(Do::Leave)),
        format!("{safe}; 1 stays in aws-auth, as decided")
    );
    assert_eq!(
        sentence(vec![dev()], &by(Do::Drop)),
        format!("{safe}; 1 loses its access, as decided")
    );
    assert_eq!(
        sentence(vec![dev()], &only),
        format!("{safe} (1 excluded by --only or --exclude were not checked)")
    );
}

/// A user has no instance, so that the mapping refuses it; the account would let it in.
#[test]
fn a_mapping_that_keeps_its_user_out_does_not_go_while_the_account_stays() {
    const BOB: &str = "arn:aws:iam::111122223333:user/bob";
    let users = format!("- {{userarn: '{BOB}', username: 'x:{{{{EC2PrivateDNSName}}}}'}}\n");
    let data = [
        ("mapUsers", users.as_str()),
        ("mapAccounts", "['111122223333', '444455556666']"),
    ];
    let mode = AuthenticationMode::ApiAndConfigMap;
    let only = |glob: &str| Choices {
        only: vec![Glob::new(glob)],
        ..Choices::default()
    };
    let refused = removed(&data, &only(BOB), mode).unwrap_err();
    assert!(
        refused.contains("mapAccounts[0] would let it in"),
        "{refused}"
    );
    // Nobody else's account, nor one in the mode API, lets it in.
    let other = [data[0], ("mapAccounts", "['444455556666']")];
    let gone = Ok(vec!["mapUsers[0]".to_owned()]);
    assert_eq!(removed(&other, &only(BOB), mode), gone);
    assert_eq!(removed(&data, &only(BOB), AuthenticationMode::Api), gone);
    // It stays with the account.
    let both = Choices {
        answers: vec![deciding(BOB, Do::Leave)],
        ..Choices::default()
    };
    assert_eq!(removed(&data, &both, mode), Ok(Vec::new()));
}

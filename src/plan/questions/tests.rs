use jiff::Timestamp;

use super::*;
use crate::access::read_rbac;
use crate::choices::Choices;
use crate::model::{AccessEntry, AuthenticationMode, Cluster, EntryType, LiveEntry, Principal};
use crate::observed::{Lookup, Observed};
use crate::plan::document::{Source, SourceKind};
use crate::plan::{Ours, build};
use crate::reader::Reading;
use crate::source::AwsAuth;

/// A cluster with role mappings, and bindings where they are given as `group=role` each.
struct World {
    reading: Reading,
    observed: Observed,
}

impl World {
    fn new(mappings: &[(&str, &str, &str)], bindings: Option<&[&str]>) -> Self {
        let map_roles: String = mappings
            .iter()
            .map(|(name, username, groups)| {
                format!(
                    "- {{rolearn: '{}', username: '{username}', groups: [{groups}]}}\n",
                    arn(name)
                )
            })
            .collect();
        let aws_auth = AwsAuth {
            data: [("mapRoles".to_owned(), map_roles)].into(),
            ..AwsAuth::default()
        };
        let found = |name: &str| {
            let arn = arn(name).parse().unwrap();
            let key = Principal::from_arn(&arn).unwrap().key();
            (
                key,
                Lookup::Found {
                    arn,
                    created_at: None,
                },
            )
        };
        let rbac = bindings.map(|bindings| {
            let objects: String = bindings.iter().map(|binding| object(binding)).collect();
            read_rbac(&objects).unwrap()
        });
        Self {
            reading: aws_auth.read(),
            observed: Observed {
                cluster: Cluster {
                    name: Some("shop".to_owned()),
                    arn: None,
                    created_at: None,
                    region: None,
                    account_id: Some("111122223333".to_owned()),
                    partition: "aws".to_owned(),
                    authentication_mode: Some(AuthenticationMode::ApiAndConfigMap),
                    platform_version: None,
                    kubernetes_version: None,
                    status: Some("ACTIVE".to_owned()),
                    auto_mode: false,
                    hybrid_nodes: false,
                    outpost: false,
                },
                entries: Some(Vec::new()),
                node_roles: Some(Vec::new()),
                principals: mappings.iter().map(|(name, ..)| found(name)).collect(),
                rbac,
                caller: None,
            },
        }
    }

    fn plan(&self, document: &DecisionsFile) -> Plan {
        let source = Source {
            kind: SourceKind::Cluster,
            sha256: String::new(),
            resource_version: None,
            options: Vec::new(),
        };
        let choices = Choices::default().with_decisions(document);
        build(
            &self.reading,
            source,
            &self.observed,
            &choices,
            &Ours::default(),
            Timestamp::UNIX_EPOCH,
        )
    }

    fn questions(&self) -> Vec<OpenQuestion> {
        questions(&self.plan(&DecisionsFile::default()))
    }
}

fn arn(name: &str) -> String {
    format!("arn:aws:iam::111122223333:role/{name}")
}

/// A ClusterRoleBinding, from `group=role`, or `user:NAME=role` for a user.
fn object(binding: &str) -> String {
    let (subject, role) = binding.split_once('=').unwrap();
    let (kind, name) = match subject.strip_prefix("user:") {
        Some(user) => ("User", user),
        None => ("Group", subject),
    };
    format!(
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{name: '{}'}}\n\
         roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: '{role}'}}\n\
         subjects: [{{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: '{name}'}}]\n",
        name.replace([':', '{', '}'], "-")
    )
}

fn kinds(choices: &[Choice]) -> Vec<&'static str> {
    choices.iter().map(|choice| choice.kind.word()).collect()
}

#[track_caller]
fn choice(choices: &[Choice], word: &str) -> Choice {
    let found = choices.iter().find(|choice| choice.kind.word() == word);
    found
        .unwrap_or_else(|| panic!("no {word} in {choices:?}"))
        .clone()
}

const VIEW: &str = "'system:view', devs";

#[test]
fn mappings_that_raise_the_same_question_are_asked_about_once() {
    let world = World::new(
        &[
            ("ann", "ann", VIEW),
            ("bob", "other-{{SessionName}}", VIEW),
            ("cid", "cid", "'system:edit'"),
            ("dan", "dan", VIEW),
            ("eve", "eve", "devs"),
        ],
        Some(&["system:view=view", "system:edit=edit"]),
    );
    let questions = world.questions();
    let about: Vec<Vec<String>> = questions
        .iter()
        .map(|question| question.ids().iter().map(ToString::to_string).collect())
        .collect();
    assert_eq!(
        about,
        [
            vec!["mapRoles[0]", "mapRoles[1]", "mapRoles[3]"],
            vec!["mapRoles[2]"]
        ]
    );
    assert_eq!(
        questions[0].title(),
        "3 mappings would lose the group `system:view`"
    );
    assert_eq!(
        questions[1].title(),
        "mapRoles[2] would lose the group `system:edit`"
    );
}

#[test]
fn one_answer_settles_all_that_are_alike_and_each_accepts_its_own_move() {
    let world = World::new(
        &[("ann", "ann", VIEW), ("bob", "{{SessionName}}", VIEW)],
        Some(&["system:view=view"]),
    );
    let replan = |document: &DecisionsFile| world.plan(document);
    let questions = world.questions();
    assert_eq!(questions.len(), 1, "{questions:?}");
    let choices = questions[0].choices(&DecisionsFile::default(), &replan);
    assert_eq!(kinds(&choices), ["leave", "rename", "migrate", "drop"]);
    for choice in &choices {
        let plan = world.plan(&choice.patch);
        assert!(open_ids(&plan).is_empty(), "{choice:?}");
        assert!(plan.misfits.is_empty(), "{choice:?}: {:?}", plan.misfits);
    }
    let migrate = choice(&choices, "migrate").patch.principals;
    assert_ne!(migrate[0].accept, migrate[1].accept);
}

#[test]
fn a_rename_is_offered_with_a_name_that_nobody_has() {
    let world = World::new(
        &[("ann", "ann", "'system:view'"), ("bob", "bob", "view")],
        Some(&["system:view=view", "view=edit"]),
    );
    let replan = |document: &DecisionsFile| world.plan(document);
    let question = &world.questions()[0];
    let choices = question.choices(&DecisionsFile::default(), &replan);
    let rename = choice(&choices, "rename");
    assert_eq!(
        rename.patch.rename_groups["system:view"],
        "view-from-aws-auth"
    );
    assert!(rename.patch.bind_renamed && rename.takes_name());
    let to = |name: &str| question.renamed_to(&rename, name, &DecisionsFile::default(), &replan);
    for refused in ["view", "system:x", ""] {
        assert!(to(refused).is_err(), "{refused}");
    }
    assert_eq!(
        to("viewers").unwrap().patch.rename_groups["system:view"],
        "viewers"
    );
}

#[test]
fn a_username_that_is_bound_and_cannot_be_kept_gets_a_new_one() {
    let world = World::new(
        &[("robot", "system:serviceaccount:ci:robot", "devs")],
        Some(&["user:system:serviceaccount:ci:robot=edit"]),
    );
    let replan = |document: &DecisionsFile| world.plan(document);
    let choices = world.questions()[0].choices(&DecisionsFile::default(), &replan);
    let rename = choice(&choices, "rename").patch;
    assert_eq!(
        rename.rename_users["system:serviceaccount:ci:robot"],
        "serviceaccount:ci:robot"
    );
}

#[test]
fn without_bindings_no_answer_claims_that_a_new_name_changes_nothing() {
    let world = World::new(&[("ann", "{{SessionName}}", "'system:view'")], None);
    let replan = |document: &DecisionsFile| world.plan(document);
    let choices = world.questions()[0].choices(&DecisionsFile::default(), &replan);
    assert_eq!(kinds(&choices), ["leave", "migrate", "drop"]);
}

#[test]
fn node_roles_are_offered_no_new_group_names() {
    let world = World::new(
        &[(
            "nodes",
            "system:node:{{EC2PrivateDNSName}}",
            "'system:nodes', karpenter",
        )],
        Some(&["karpenter=edit"]),
    );
    let replan = |document: &DecisionsFile| world.plan(document);
    let choices = world.questions()[0].choices(&DecisionsFile::default(), &replan);
    assert_eq!(kinds(&choices), ["leave", "migrate", "drop"]);
}

#[test]
fn a_rename_that_settles_other_questions_says_how_many_mappings() {
    // Both groups are lost by the second mapping, so that renaming one leaves it open, and renaming both settles all.
    let world = World::new(
        &[
            ("ann", "ann", "'system:a', 'system:b'"),
            ("bob", "bob", "'system:a'"),
            ("cid", "cid", "'system:b'"),
        ],
        Some(&["system:a=view", "system:b=edit"]),
    );
    let replan = |document: &DecisionsFile| world.plan(document);
    let questions = world.questions();
    assert_eq!(questions.len(), 3);
    let also = |place: usize| {
        let choices = questions[place].choices(&DecisionsFile::default(), &replan);
        choice(&choices, "rename").also
    };
    assert_eq!([also(0), also(1), also(2)], [2, 0, 0]);
}

#[test]
fn an_answer_that_is_taken_back_takes_those_with_it_that_hung_on_it() {
    let world = World::new(
        &[
            ("ann", "ann", "'system:a'"),
            ("bob", "bob", "'system:a', 'system:b'"),
            ("cid", "cid", "'system:c'"),
        ],
        Some(&["system:a=view", "system:b=edit", "system:c=edit"]),
    );
    let replan = |document: &DecisionsFile| world.plan(document);
    let mut answering = Answering::new(DecisionsFile::default(), &replan);
    for word in ["rename", "migrate", "leave"] {
        let question = answering.open().swap_remove(0);
        let choices = answering.choices(&question);
        answering.answer(question, Some(choice(&choices, word)));
    }
    assert!(answering.open().is_empty());
    let whole = answering.document();
    assert_eq!(whole.rename_groups["system:a"], "a");
    assert_eq!(whole.principals.len(), 2);

    // `bob` accepted to lose one group; without the new name for the other it would lose both.
    assert_eq!(answering.reopen(0), 1);
    let left = answering.document();
    assert!(left.rename_groups.is_empty());
    assert_eq!(left.principals.len(), 1, "{left:?}");
    assert_eq!(left.principals[0].principal, Some(arn("cid")));
    assert_eq!(answering.open().len(), 2);
}

#[test]
fn a_live_entry_that_differs_is_kept_by_default() {
    let mut world = World::new(
        &[("ann", "ann", "devs"), ("bob", "bob", "devs")],
        Some(&["devs=edit"]),
    );
    let live = |name: &str| LiveEntry {
        entry: AccessEntry {
            principal_arn: arn(name).parse().unwrap(),
            entry_type: EntryType::Standard,
            username: Some(name.to_owned()),
            kubernetes_groups: Vec::new(),
            tags: BTreeMap::new(),
            access_policies: Vec::new(),
        },
        access_entry_arn: None,
        created_at: None,
        modified_at: None,
    };
    world.observed.entries = Some(vec![live("ann"), live("bob")]);
    let replan = |document: &DecisionsFile| world.plan(document);
    let questions = world.questions();
    assert_eq!(questions.len(), 1, "{questions:?}");
    let choices = questions[0].choices(&DecisionsFile::default(), &replan);
    assert_eq!(
        kinds(&choices),
        ["keep-live", "leave", "update-live", "drop"]
    );
    for choice in &choices {
        let plan = world.plan(&choice.patch);
        assert!(
            open_ids(&plan).is_empty() && plan.misfits.is_empty(),
            "{choice:?}"
        );
    }
    let update = choice(&choices, "update-live");
    let gains = "it would gain the group `devs`";
    assert!(update.consequence.contains(gains), "{update:?}");
    let accept = update.patch.principals[0].accept.as_ref().unwrap();
    assert_eq!(accept.verdict, crate::model::Verdict::Gained);
}

#[test]
fn what_is_left_open_is_not_asked_again_but_stays_open() {
    let world = World::new(&[("ann", "ann", "'system:a'")], Some(&["system:a=view"]));
    let replan = |document: &DecisionsFile| world.plan(document);
    let mut answering = Answering::new(DecisionsFile::default(), &replan);
    let question = answering.open().swap_remove(0);
    answering.answer(question, None);
    assert!(answering.open().is_empty());
    assert_eq!(answering.unanswered().len(), 1);
    assert_eq!(answering.answered(), 0);
    assert_eq!(answering.reopen(0), 0);
    assert_eq!(answering.open().len(), 1);
}

#[test]
fn an_answer_replaces_the_one_that_left_the_question_open() {
    // `migrate` without a move accepts nothing.
    let world = World::new(&[("ann", "ann", "'system:a'")], Some(&["system:a=view"]));
    let replan = |document: &DecisionsFile| world.plan(document);
    let open = format!(
        "schema: {}\nprincipals:\n- {{principal: '{}', do: migrate}}\n",
        crate::decisions::SCHEMA,
        arn("ann")
    );
    let mut answering = Answering::new(crate::decisions::read(&open).unwrap(), &replan);
    let question = answering.open().swap_remove(0);
    let choices = answering.choices(&question);
    answering.answer(question, Some(choice(&choices, "leave")));
    assert_eq!(answering.document().principals.len(), 1);
    assert!(answering.unanswered().is_empty());
}

//! What admission refuses is found out by a dry run, before anything is changed, and named for what it is.

use aws_auth_migrate::sandbox::{Admission, KubernetesRights, KubernetesRule, Refuser, Rights};
use serde_json::{Value, json};

use crate::cutover::{applied, cutover, data};
use crate::rbac::{AUDIT, RENAME};
use crate::support::{CLUSTER, Ran, World, asked, in_api_mode, role, seed};

fn refusers() -> [(Refuser, &'static str); 3] {
    let name = "freeze.example.com".to_owned();
    [
        (
            Refuser::Policy {
                name: name.clone(),
                binding: "everywhere".to_owned(),
            },
            "the ValidatingAdmissionPolicy `freeze.example.com` refused it",
        ),
        (
            Refuser::Webhook { name: name.clone() },
            "the admission webhook `freeze.example.com` refused it",
        ),
        (
            Refuser::DeadWebhook { name },
            "the admission webhook `freeze.example.com`, which does not answer, refused it",
        ),
    ]
}

fn refuse(world: &World, operation: &str, by: Refuser) {
    let admission = Admission {
        operation: operation.to_owned(),
        by,
        message: "changes are frozen until Monday".to_owned(),
    };
    world.sandbox.edit(|world| {
        world.refuse_nothing();
        world.refuse(admission);
    });
}

fn rollback(world: &World, more: &[&str]) -> Ran {
    let args = ["--progress", "none", "--output", "json"];
    world.tool("rollback").args(&args).args(more).run()
}

#[track_caller]
fn expect_refused(ran: &Ran, who: &str) {
    ran.expect_error(&[
        who,
        "frozen until Monday",
        "no permission is missing",
        "nothing was changed",
    ]);
    assert!(!ran.stderr.contains("hint: grant"), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_over_that_admission_refuses_changes_nothing_and_names_who_refused() {
    let world = applied().await;
    let before = world.sandbox.state();
    for (more, operation) in [
        (&[][..], "delete configmaps"),
        (&["--only", "*dev"], "update configmaps"),
    ] {
        for (by, who) in refusers() {
            refuse(&world, operation, by);
            expect_refused(&cutover(&world, more).expect_code(1), who);
        }
        assert_eq!(asked(&world, operation), 0, "only tried");
        assert_eq!(asked(&world, &format!("dry-run {operation}")), 3);
    }
    assert_eq!(world.sandbox.state(), before);
    assert_eq!(world.history().runs.len(), 1, "only that of `apply`");
    world.sandbox.edit(|world| world.refuse_nothing());
    cutover(&world, &[]).expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_that_admission_refuses_changes_nothing_and_names_who_refused() {
    let world = applied().await;
    let before = data(&world);
    cutover(&world, &[]).expect_code(0);
    let entries = world.sandbox.state().entries;
    for (by, who) in refusers() {
        refuse(&world, "create configmaps", by);
        expect_refused(&rollback(&world, &["--yes"]).expect_code(1), who);
    }
    assert_eq!(asked(&world, "create configmaps"), 0, "only tried");
    assert_eq!(world.sandbox.state().entries, entries);
    assert_eq!(world.history().runs.len(), 2, "no rollback was begun");
    world.sandbox.edit(|world| world.refuse_nothing());
    rollback(&world, &["--yes"]).expect_code(0);
    assert_eq!(data(&world), before);
}

fn make_immutable(world: &World) {
    world.sandbox.edit(|world| {
        world.edit_aws_auth(CLUSTER, |object| object["immutable"] = json!(true));
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_immutable_config_map_can_be_deleted_and_nothing_else() {
    let world = applied().await;
    make_immutable(&world);
    let before = data(&world);
    for more in [&["--only", "*dev"][..], &["--keep-config-map"]] {
        let ran = cutover(&world, more).expect_code(1);
        ran.expect_error(&["immutable: true", "cut everything over at once"]);
        assert!(!ran.stderr.contains("grant"), "{}", ran.stderr);
        assert_eq!(data(&world), before);
    }
    cutover(&world, &[]).expect_code(0);
    rollback(&world, &["--yes"]).expect_code(0);
    assert_eq!(data(&world), before);
    let back = world.sandbox.state().aws_auth.unwrap();
    assert_eq!(back["immutable"], true, "as it was");

    let world = applied().await;
    cutover(&world, &["--keep-config-map"]).expect_code(0);
    make_immutable(&world);
    let state = world.sandbox.state();
    let ran = rollback(&world, &["--yes"]).expect_code(1);
    ran.expect_error(&["immutable: true", "kubectl delete configmap"]);
    assert_eq!(world.sandbox.state(), state);
}

/// A binding whose role is gone once led to "run the same command again", which ended the same for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_binding_to_a_role_that_is_gone_is_named_as_such() {
    let me = "- rolearn: arn:aws:iam::111122223333:role/me\n  username: me\n  groups: [ci]\n";
    let mut seed = in_api_mode(seed(
        &format!("{AUDIT}{me}"),
        &[&role("audit"), &role("me")],
    ));
    seed.caller.principal = role("me").parse().unwrap();
    let binding: Value = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
        "metadata": {"name": "monitors"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "gone"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:monitoring"}],
    });
    seed.objects = vec![binding];
    let rules = [
        ("get", "*"),
        ("list", "*"),
        ("create", "clusterrolebindings"),
    ];
    seed.rights = Rights {
        kubernetes: KubernetesRights::Rules(
            rules.map(|(verb, on)| KubernetesRule::new(verb, on)).into(),
        ),
        ..Rights::default()
    };
    let world = World::start(seed).await;
    let apply = world.apply().args(&RENAME).arg("--apply-rbac");
    let ran = apply.run().expect_code(1);
    ran.expect_error(&[
        "it needs the ClusterRole `gone` of the old group's binding, which does not exist",
        "create the ClusterRole `gone`",
        "no access entry was created",
    ]);
    assert!(
        !ran.stderr.contains("the same command again"),
        "{}",
        ran.stderr
    );
    assert_eq!(asked(&world, "CreateAccessEntry"), 0);
}

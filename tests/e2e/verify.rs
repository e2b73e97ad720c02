//! `verify`: what speaks against taking `aws-auth` away.

use std::collections::BTreeMap;

use aws_auth_migrate::model::{AccessEntry, EntryType, Principal};
use aws_auth_migrate::sandbox::{Policy, Rights};
use serde_json::json;

use crate::support::{CLUSTER, World, codes, data_seed, in_api_mode, mapping, role, seed};

const TWO: &str = "- rolearn: arn:aws:iam::111122223333:role/ops\n  username: ops\n  groups: [system:masters]\n\
                   - rolearn: arn:aws:iam::111122223333:role/dev\n  username: dev\n  groups: [devs]\n";

fn both() -> [String; 2] {
    [role("ops"), role("dev")]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_apply_has_not_done_yet_is_pending_and_nothing_is_after_it() {
    let [ops, dev] = both();
    let world = World::start(seed(TWO, &[&ops, &dev])).await;
    let verify = || world.tool("verify").args(&["--output", "json"]);
    let before = verify().run().expect_code(3).json();
    assert_eq!(before["schema"], "aws-auth-migrate/verify/v1");
    assert_eq!(before["verdict"], "pending");
    verify().arg("--detailed-exitcode").run().expect_code(2);

    world.apply().run().expect_code(0);
    let after = verify().run().expect_code(0).json();
    assert_eq!(after["verdict"], "safe");
    assert_eq!(after["objections"].as_array().unwrap().len(), 0);
    assert_eq!(
        after["proven"],
        serde_json::json!(["mapRoles[0]", "mapRoles[1]"])
    );
    for (format, start) in [
        ("table", "Safe to cut over"),
        ("markdown", "### Safe to cut over"),
        ("html", "<!DOCTYPE html>"),
        ("yaml", "schema: "),
        ("csv", ""),
    ] {
        let ran = world
            .tool("verify")
            .args(&["--output", format])
            .run()
            .expect_code(0);
        assert!(ran.stdout.starts_with(start), "{format}: {}", ran.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_hides_a_richer_mapping_and_a_whole_account_need_a_decision() {
    let [ops, dev] = both();
    let poor = AccessEntry {
        principal_arn: dev.parse().unwrap(),
        entry_type: EntryType::Standard,
        username: None,
        kubernetes_groups: Vec::new(),
        tags: std::collections::BTreeMap::new(),
        access_policies: Vec::new(),
    };
    let data = [("mapRoles", TWO), ("mapAccounts", "- \"444455556666\"\n")];
    let seed = in_api_mode(data_seed(&data, &[&ops, &dev])).with_entry(poor);
    let world = World::start(seed).await;
    world.apply().run().expect_code(3);
    let ran = world
        .tool("verify")
        .args(&["--output", "json", "--detailed-exitcode"])
        .run();
    let document = ran.expect_code(3).json();
    let objections = document["objections"].as_array().unwrap();
    let about: Vec<&str> = objections
        .iter()
        .map(|o| o["mapping"].as_str().unwrap())
        .collect();
    assert_eq!(about, ["mapRoles[1]", "mapAccounts[0]"], "{document:#}");
    assert_eq!(document["proven"], serde_json::json!(["mapRoles[0]"]));
    let in_form = |form: &str| {
        let tool = world.tool("verify").args(&["--output", form]);
        tool.run().expect_code(3).stdout
    };
    for form in ["markdown", "html", "csv"] {
        let text = in_form(form);
        assert!(text.contains("every principal of account"), "{text}");
        assert!(text.contains("fix"), "{text}");
    }
}

/// Where they were asked for, these commands once wrote plain text all the same.
#[tokio::test(flavor = "multi_thread")]
async fn every_command_writes_the_requested_format() {
    let [ops, dev] = both();
    let world = World::start(seed(TWO, &[&ops, &dev])).await;
    let more: [(&str, &[&str]); 5] = [
        ("status", &[]),
        ("apply", &["--yes", "--enable-access-entries"]),
        ("verify", &["--principal", &ops]),
        ("cutover", &["--yes"]),
        ("rollback", &["--dry-run"]),
    ];
    for (command, args) in more {
        for (form, start) in [
            ("markdown", "## "),
            ("html", "<!DOCTYPE html>"),
            ("csv", "mark,label,text\r\n"),
        ] {
            let tool = world.tool(command).args(args).args(&["--output", form]);
            let ran = tool.run().expect_code(0);
            assert!(ran.stdout.starts_with(start), "{command}: {}", ran.stdout);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_somebody_changed_since_is_found() {
    let [ops, dev] = both();
    let world = World::start(seed(TWO, &[&ops, &dev])).await;
    world.apply().run().expect_code(0);
    let taken = world.other("aws");
    let mut taken = taken;
    taken.args([
        "eks",
        "update-access-entry",
        "--cluster-name",
        "shop",
        "--principal-arn",
        &dev,
    ]);
    taken.args(["--kubernetes-groups", "nobody"]);
    if !crate::support::judge("aws", std::process::Command::new("aws").arg("--version")) {
        return;
    }
    assert!(taken.output().unwrap().status.success());
    let ran = world.tool("verify").run().expect_code(3);
    assert!(ran.stdout.contains("mapRoles[1]"), "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_principal_shows_its_access_before_and_after_apply() {
    let [ops, dev] = both();
    let world = World::start(in_api_mode(seed(TWO, &[&ops, &dev]))).await;
    let ask = |arn: &str| {
        world
            .tool("verify")
            .args(&["--output", "json", "--principal", arn])
            .run()
    };
    let session = "arn:aws:sts::111122223333:assumed-role/dev/jane";
    let before = ask(session).expect_code(0).json();
    assert_eq!(before["way"]["mapping"], "mapRoles[1]");
    assert_eq!(before["access"]["before"]["groups"][0], "devs");
    assert_eq!(before["access"]["verdict"], "lost");
    world.apply().run().expect_code(0);
    for arn in [session, &dev, &format!("{dev}/jane")] {
        let after = ask(arn).expect_code(0).json();
        assert_eq!(after["way"]["kind"], "accessEntry", "{arn}");
        assert_eq!(after["access"]["verdict"], "same");
    }
    assert_eq!(
        ask(&role("nobody")).expect_code(0).json()["way"]["kind"],
        "nowhere"
    );
    ask("arn:aws:s3:::bucket").expect_code(64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_principal_that_eks_refused_needs_a_decision_until_it_is_known() {
    let there = "arn:aws:iam::444455556666:role/there";
    let text = format!("{TWO}- rolearn: {there}\n  username: there\n  groups: [devs]\n");
    let [ops, dev] = both();
    let world = World::start(seed(&text, &[&ops, &dev])).await;
    world.apply().run().expect_code(3);
    let verify = || {
        world
            .tool("verify")
            .args(&["--output", "json", "--detailed-exitcode"])
            .run()
    };
    let refused = verify().expect_code(3).json();
    assert_eq!(refused["verdict"], "needsDecision");
    assert_eq!(refused["objections"][0]["code"], "AAM310");
    assert_eq!(refused["objections"][0]["settledByApply"], false);
    let next = world
        .tool("status")
        .args(&["--output", "json"])
        .run()
        .json();
    assert!(
        next["next"].as_str().unwrap().contains(" verify "),
        "{next:#}"
    );

    world.sandbox.edit(|world| {
        world.create_principal(Principal::from_arn(&there.parse().unwrap()).unwrap());
    });
    world.apply().run().expect_code(0);
    assert_eq!(verify().expect_code(0).json()["verdict"], "safe");
}

#[tokio::test(flavor = "multi_thread")]
async fn node_roles_that_can_not_be_read_stand_against_the_cut_over() {
    let [ops, dev] = both();
    let world = World::start(in_api_mode(seed(TWO, &[&ops, &dev]))).await;
    world.apply().run().expect_code(0);
    let most = ["eks:*Access*", "eks:*Cluster", "iam:*"];
    world.sandbox.edit(|world| {
        world.set_rights(Rights {
            iam: Some(Policy::of_actions(most)),
            ..Rights::default()
        });
    });
    let document = world
        .tool("verify")
        .args(&["--output", "json"])
        .run()
        .expect_code(3)
        .json();
    assert_eq!(document["objections"][0]["code"], "AAM505");
    let refused = crate::cutover::cutover(&world, &[]).expect_code(3);
    assert!(
        refused.stdout.contains("eks:ListNodegroups"),
        "{}",
        refused.stdout
    );
    assert!(world.sandbox.state().aws_auth.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_another_owner_is_named_before_it_is_changed() {
    let [ops, dev] = both();
    let owned = AccessEntry {
        principal_arn: dev.parse().unwrap(),
        entry_type: EntryType::Standard,
        username: Some("other".to_owned()),
        kubernetes_groups: Vec::new(),
        tags: [("aws:cloudformation:stack-name".to_owned(), "net".to_owned())].into(),
        access_policies: Vec::new(),
    };
    let world = World::start(in_api_mode(seed(TWO, &[&ops, &dev])).with_entry(owned)).await;
    let plan = world
        .tool("plan")
        .args(&["--output", "json", "--on-existing", "update"])
        .run()
        .expect_code(0)
        .json();
    let changed = mapping(&plan, "mapRoles[1]");
    assert_eq!(changed["outcome"], "update");
    assert!(codes(changed).contains(&"AAM408"), "{changed:#}");
    assert!(changed["findings"].to_string().contains("CloudFormation"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_under_another_name_that_no_binding_uses_does_not_block() {
    // The cluster's creator is mapped by a name of its own; EKS makes its entry by the usual one.
    let text = "- {rolearn: \"arn:aws:iam::111122223333:role/Admin\", username: the-boss, groups: [\"system:masters\"]}\n";
    let world = World::start(seed(text, &[&role("Admin")])).await;
    let applied = world.apply().run().expect_code(0).json();
    assert_eq!(applied["end"], "complete", "{applied:#}");
    let plan = world.plan().json();
    let boss = mapping(&plan, "mapRoles[0]");
    assert_eq!(
        (&boss["outcome"], &boss["drift"]["verdict"]),
        (&json!("conflict"), &json!("renamed")),
        "{boss:#}"
    );
    let findings = boss["findings"].as_array().unwrap();
    let differs = findings.iter().find(|finding| finding["code"] == "AAM401");
    assert_eq!(differs.unwrap()["severity"], "warning", "{boss:#}");
    world.tool("verify").run().expect_code(0);
    world
        .tool("cutover")
        .args(&["--yes", "--soak", "0s"])
        .run()
        .expect_code(0);
    assert_eq!(world.sandbox.state().aws_auth, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_by_another_name_than_a_binding_uses_needs_a_decision() {
    const DEV: &str =
        "- {rolearn: \"arn:aws:iam::111122223333:role/dev\", username: jo, groups: [devs]}\n";
    for (subject, code) in [("jo", 3), ("somebody", 0)] {
        let mut entry = AccessEntry {
            principal_arn: role("dev").parse().unwrap(),
            entry_type: EntryType::Standard,
            username: Some("other".to_owned()),
            kubernetes_groups: vec!["devs".to_owned()],
            tags: BTreeMap::new(),
            access_policies: Vec::new(),
        };
        let mut seed = in_api_mode(seed(DEV, &[&role("dev")])).with_entry(entry.clone());
        seed.objects = vec![json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "by-name"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": subject}],
        })];
        let world = World::start(seed).await;
        world.apply().run().expect_code(code);
        world.tool("verify").run().expect_code(code);
        // What the entry lacks counts in any case.
        entry.kubernetes_groups.clear();
        world.sandbox.edit(|world| world.put_entry(CLUSTER, &entry));
        world.tool("verify").run().expect_code(3);
    }
}

//! What once slipped through the comparison, each as a story over real HTTP.

use std::collections::BTreeMap;

use aws_auth_migrate::model::{AccessEntry, AuthenticationMode, EntryType, Principal};
use aws_auth_migrate::sandbox::{Fault, FaultKind, NodeGroupSeed, SandboxLimits, Seed};
use serde_json::{Value, json};

use crate::support::{CLUSTER, World, asked, codes, data_seed, in_api_mode, mapping, role, seed};

fn binding(name: &str, group: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}],
    })
}

fn bound(mut seed: Seed, groups: &[&str]) -> Seed {
    seed.objects = groups
        .iter()
        .enumerate()
        .map(|(index, group)| binding(&format!("b{index}"), group))
        .collect();
    seed
}

/// The outcome and verdict of a mapping.
#[track_caller]
fn fate(plan: &Value, id: &str) -> (String, Value) {
    let found = mapping(plan, id);
    (
        found["outcome"].as_str().unwrap().to_owned(),
        found["access"]["verdict"].clone(),
    )
}

#[track_caller]
fn expect(plan: &Value, id: &str, outcome: &str, verdict: &str) {
    assert_eq!(
        fate(plan, id),
        (outcome.to_owned(), json!(verdict)),
        "{:#}",
        mapping(plan, id)
    );
}

/// The username that a session of somebody gets.
fn username(world: &World, arn: &str, session: &str) -> Option<String> {
    let principal = Principal::from_arn(&arn.parse().unwrap()).unwrap();
    let given = world
        .sandbox
        .edit(|world| world.admits(CLUSTER, &principal, session));
    given.map(|given| given.username)
}

fn has_entry(world: &World, arn: &str) -> bool {
    let state = world.sandbox.state();
    let mut entries = state.entries.iter();
    entries.any(|live| live.entry.principal_arn.to_string() == arn)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_would_let_every_session_of_a_role_in_is_blocked() {
    let (ops, dev) = (role("ops"), role("dev"));
    let jo = "arn:aws:iam::111122223333:user/jo";
    let roles = format!(
        "- {{rolearn: '{ops}', username: 'ec2:{{{{EC2PrivateDNSName}}}}', groups: [system:masters]}}\n\
         - {{rolearn: '{dev}', username: dev, groups: ['i-{{{{EC2PrivateDNSName}}}}', devs]}}\n"
    );
    let users =
        format!("- {{userarn: '{jo}', username: '{{{{EC2PrivateDNSName}}}}', groups: [devs]}}\n");
    let data = [("mapRoles", roles.as_str()), ("mapUsers", users.as_str())];
    let world = World::start(in_api_mode(data_seed(&data, &[&ops, &dev, jo]))).await;
    let plan = world.plan().json();
    expect(&plan, "mapRoles[0]", "blocked", "gained");
    assert_eq!(
        mapping(&plan, "mapRoles[0]")["access"]["before"]["sessions"],
        "instances"
    );
    assert_eq!(fate(&plan, "mapRoles[1]").0, "blocked");
    assert_eq!(fate(&plan, "mapUsers[0]").0, "inert");
    world.apply().run().expect_code(3);
    for arn in [ops.as_str(), &dev, jo] {
        assert!(!has_entry(&world, arn), "{arn}");
        assert_eq!(username(&world, arn, "alice"), None);
    }
    assert!(username(&world, &ops, "i-0123456789abcdef0").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_mapping_keeps_what_a_node_type_can_not_give_until_somebody_decides() {
    let names = ["bare", "masters", "bound", "unbound", "plain"];
    let groups = [
        "system:bootstrappers",
        "system:bootstrappers, system:nodes, system:masters",
        "system:bootstrappers, system:nodes, karpenter",
        "system:bootstrappers, system:nodes, nobody",
        "system:bootstrappers, system:nodes",
    ];
    let text: String = names
        .iter()
        .zip(groups)
        .map(|(name, groups)| {
            format!(
                "- {{rolearn: '{}', username: 'system:node:{{{{EC2PrivateDNSName}}}}', groups: [{groups}]}}\n",
                role(name)
            )
        })
        .collect();
    let roles = names.map(role);
    let arns: Vec<&str> = roles.iter().map(String::as_str).collect();
    let seed = bound(in_api_mode(seed(&text, &arns)), &["karpenter"]);
    let world = World::start(seed).await;
    let plan = world.plan().json();
    for (id, outcome, verdict) in [
        ("mapRoles[0]", "blocked", "gained"),
        ("mapRoles[1]", "blocked", "lost"),
        ("mapRoles[2]", "blocked", "lost"),
        ("mapRoles[3]", "create", "renamed"),
        ("mapRoles[4]", "create", "same"),
    ] {
        expect(&plan, id, outcome, verdict);
    }
    world.apply().run().expect_code(3);
    let made: Vec<bool> = roles.iter().map(|arn| has_entry(&world, arn)).collect();
    assert_eq!(made, [false, false, false, true, true]);
}

const DEPLOYER: &str = "arn:aws:iam::111122223333:role/teams/payments/Deployer";

#[tokio::test(flavor = "multi_thread")]
async fn a_role_written_with_and_without_its_path_is_one_question() {
    let text = format!(
        "- {{rolearn: '{}', username: deployer, groups: [system:masters]}}\n\
         - {{rolearn: '{DEPLOYER}', username: deployer, groups: [viewers]}}\n",
        role("Deployer")
    );
    let world = World::start(in_api_mode(seed(&text, &[DEPLOYER]))).await;
    let plan = world.plan().json();
    let written = mapping(&plan, "mapRoles[1]");
    assert_eq!(written["outcome"], "inert", "{written:#}");
    assert!(codes(written).contains(&"AAM202"), "{written:#}");
    for finding in written["findings"].as_array().unwrap() {
        assert_eq!(finding["fix"], "", "{finding:#}");
    }
    let alone = ["--include-inert", "--only", DEPLOYER];
    let plan = world
        .tool("plan")
        .args(&alone)
        .args(&["--output", "json"])
        .run();
    let plan = plan.expect_code(0).json();
    expect(&plan, "mapRoles[1]", "blocked", "lost");
    assert_eq!(plan["actions"], json!([]));
    world.apply().args(&alone).run().expect_code(3);
    assert!(!has_entry(&world, DEPLOYER));
    let verify = world
        .tool("verify")
        .args(&["--output", "json", "--principal", DEPLOYER]);
    let who = verify.run().json();
    assert_eq!(who["way"]["mapping"], "mapRoles[0]", "{who:#}");
    assert_eq!(who["access"]["before"]["groups"], json!(["system:masters"]));
    assert_eq!(who["access"]["verdict"], "lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_what_is_live_is_refused() {
    let (ops, dev) = (role("ops"), role("dev"));
    let mapped = |admin: &str, other: &str| {
        format!(
            "- {{rolearn: '{admin}', username: a, groups: [system:masters]}}\n\
             - {{rolearn: '{other}', username: b, groups: [devs]}}\n"
        )
    };
    let live = mapped(&ops, &dev);
    let world = World::start(in_api_mode(seed(&live, &[&ops, &dev]))).await;
    let file = |name: &str, text: &str| world.write(name, &json!({"mapRoles": text}).to_string());
    let other = file("other.yaml", &mapped(&dev, &ops));
    let apply = |path: &std::path::Path| world.apply().arg("--from-file").arg(path);
    let ran = apply(&other).run().expect_code(1);
    ran.expect_error(&["mapRoles[0] names a different principal"]);
    let verify = world.tool("verify").arg("--from-file").arg(&other);
    verify.run().expect_code(1).expect_error(&["mapRoles"]);
    assert!(!has_entry(&world, &ops) && !has_entry(&world, &dev));
    let equal = file("equal.yaml", &live);
    apply(&equal).run().expect_code(0);
    assert!(has_entry(&world, &ops) && has_entry(&world, &dev));

    let world = World::start(in_api_mode(seed(&live, &[&ops, &dev]))).await;
    let denied = Fault::always("get configmaps", FaultKind::Unavailable);
    world.sandbox.add_fault(denied);
    let trusted = world.apply().arg("--from-file").arg(&equal);
    trusted.arg("--trust-file").run().expect_code(0);
    assert!(has_entry(&world, &ops) && has_entry(&world, &dev));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_unread_bindings_may_give_is_blocked_and_an_expired_list_is_read_again() {
    let audit = role("audit");
    let text = format!(
        "- {{rolearn: '{audit}', username: '{{{{SessionName}}}}', groups: [system:monitoring]}}\n"
    );
    let cluster = || {
        let groups = ["a", "b", "c", "d", "system:monitoring"];
        let seed = bound(in_api_mode(seed(&text, &[&audit])), &groups);
        World::start(seed.with_limits(SandboxLimits {
            page_size: 2,
            ..SandboxLimits::default()
        }))
    };
    let list = "list clusterrolebindings";
    let renamed = ["--rename-group", "system:monitoring=monitoring"];
    for kind in [FaultKind::AccessDenied, FaultKind::ListExpired] {
        let world = cluster().await;
        world.sandbox.add_fault(Fault::always(list, kind));
        for options in [&[][..], &renamed] {
            let plan = world.tool("plan").args(options).args(&["--output", "json"]);
            let plan = plan.run().expect_code(0).json();
            assert_eq!(fate(&plan, "mapRoles[0]").0, "blocked", "{kind:?}");
            assert_eq!(plan["actions"], json!([]));
            world.apply().args(options).run().expect_code(3);
        }
        assert!(!has_entry(&world, &audit));
    }
    let world = cluster().await;
    let expired = Fault::nth(list, 2, FaultKind::ListExpired);
    world.sandbox.add_fault(expired);
    let plan = world.plan().json();
    expect(&plan, "mapRoles[0]", "blocked", "lost");
    assert_eq!(
        mapping(&plan, "mapRoles[0]")["access"]["bindings"][0]["name"],
        "b4"
    );
    assert_eq!(
        asked(&world, list),
        2 + 3,
        "two in vain, then all three pages"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_force_is_what_an_update_is_compared_with() {
    let ops = role("ops");
    let text = format!("- {{rolearn: '{ops}', username: ops, groups: [system:masters]}}\n");
    let poor = AccessEntry {
        principal_arn: ops.parse().unwrap(),
        entry_type: EntryType::Standard,
        username: Some("ops".to_owned()),
        kubernetes_groups: Vec::new(),
        tags: BTreeMap::new(),
        access_policies: Vec::new(),
    };
    let world = World::start(in_api_mode(seed(&text, &[&ops])).with_entry(poor)).await;
    let plan = world.plan().json();
    assert_eq!(fate(&plan, "mapRoles[0]").0, "conflict");
    assert_eq!(plan["actions"], json!([]));
    let file = world.write(
        "decisions.yaml",
        &format!(
            "schema: aws-auth-migrate/decisions/v1\nprincipals:\n- {{principal: '{ops}', do: update-live}}\n"
        ),
    );
    let with = |verb: &str| world.tool(verb).arg("--decisions").arg(&file);
    let plan = with("plan").args(&["--output", "json"]).run().json();
    expect(&plan, "mapRoles[0]", "update", "gained");
    let change = &mapping(&plan, "mapRoles[0]")["access"];
    assert_eq!(change["before"]["groups"], json!([]), "{change:#}");
    world
        .apply()
        .arg("--decisions")
        .arg(&file)
        .run()
        .expect_code(0);
    let state = world.sandbox.state();
    let mut entries = state.entries.iter();
    let live = entries.find(|live| live.entry.principal_arn.to_string() == ops);
    assert_eq!(live.unwrap().entry.access_policies.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_promised_of_somebody_whose_access_is_unknown() {
    let jo = "arn:aws:iam::111122223333:user/jo";
    let text = "- {userarn: 'arn:aws:iam::111122223333:user/jo', username: a, groups: [devs]}\n\
                - {userarn: 'arn:aws:iam::111122223333:user/Jo', username: b, groups: [system:masters]}\n";
    let world = World::start(data_seed(&[("mapUsers", text)], &[jo])).await;
    let verify = |arn: &str| world.tool("verify").args(&["--principal", arn]);
    let at_random = verify(jo).args(&["--output", "json"]).run().json();
    assert_eq!(at_random["way"]["kind"], "undefined", "{at_random:#}");
    assert_eq!(at_random["access"]["verdict"], Value::Null);
    let table = verify(jo).run().stdout;
    assert!(table.contains("random"), "{table}");
    assert!(!table.to_lowercase().contains("same access"), "{table}");

    let creator = role("Admin");
    let hidden = verify(&creator).args(&["--output", "json"]).run().json();
    assert_eq!(hidden["mayBeCreator"], true, "{hidden:#}");
    assert_eq!(hidden["access"]["verdict"], Value::Null);
    let table = verify(&creator).run().stdout;
    assert!(table.contains("if it created the cluster"), "{table}");
    assert!(!table.contains("by no way"), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_name_that_a_user_does_not_have_renders_to_nothing() {
    let bob = "arn:aws:iam::111122223333:user/bob";
    let text =
        format!("- {{userarn: '{bob}', username: 'bob{{{{SessionName}}}}', groups: [devs]}}\n");
    let seed = bound(
        in_api_mode(data_seed(&[("mapUsers", &text)], &[bob])),
        &["devs"],
    );
    let world = World::start(seed).await;
    let plan = world.plan().json();
    expect(&plan, "mapUsers[0]", "create", "same");
    assert_eq!(mapping(&plan, "mapUsers[0]")["entry"]["username"], "bob");
    assert_eq!(username(&world, bob, "").as_deref(), Some("bob"));
    world.apply().run().expect_code(0);
    assert!(has_entry(&world, bob));
    assert_eq!(username(&world, bob, "").as_deref(), Some("bob"));
}

/// EKS creates the entries of managed node groups itself when the mode is switched, and its entry has no other groups.
#[tokio::test(flavor = "multi_thread")]
async fn a_mode_switch_that_would_take_a_bound_group_from_a_node_group_waits_for_a_decision() {
    let nodes = role("nodes");
    let text = format!(
        "- {{rolearn: '{nodes}', username: 'system:node:{{{{EC2PrivateDNSName}}}}', groups: [system:bootstrappers, system:nodes, karpenter]}}\n\
         - {{rolearn: '{}', username: dev, groups: [devs]}}\n",
        role("dev")
    );
    let group = NodeGroupSeed::linux("general", nodes.parse().unwrap());
    let seed = seed(&text, &[&nodes, &role("dev")]).with_node_group(group);
    let world = World::start(bound(seed, &["karpenter"])).await;
    let plan = world.plan().json();
    expect(&plan, "mapRoles[0]", "blocked", "lost");
    assert_eq!(
        plan["actions"],
        json!([]),
        "without the switch nothing can be created"
    );
    world.apply().run().expect_code(3);
    assert_eq!(world.sandbox.state().mode, AuthenticationMode::ConfigMap);

    let decided = |what: &str| {
        let file = format!(
            "schema: aws-auth-migrate/decisions/v1\nprincipals:\n- {{principal: '{nodes}', {what}}}\n"
        );
        let path = world.write("decisions.yaml", &file);
        world.apply().arg("--decisions").arg(path).run()
    };
    let ran = decided("do: leave");
    ran.expect_code(64)
        .expect_error(&["EKS creates its access entry"]);
    for command in ["verify", "cutover"] {
        let file = format!(
            "schema: aws-auth-migrate/decisions/v1\nprincipals:\n- {{principal: '{nodes}', do: migrate, accept: {{verdict: gained}}}}\n"
        );
        let path = world.write("wrong.yaml", &file);
        let ran = world.tool(command).arg("--decisions").arg(path).run();
        ran.expect_code(64)
            .expect_error(&["nothing was written", "accepts", "gained", "lost"]);
    }
    decided("do: migrate, accept: {verdict: lost, groups: [karpenter]}").expect_code(0);
    assert_eq!(
        world.sandbox.state().mode,
        AuthenticationMode::ApiAndConfigMap
    );
    world.tool("verify").run().expect_code(0);
}

//! Shapes of `aws-auth` met in the wild, each against a cluster over real HTTP.

use aws_auth_migrate::model::AuthenticationMode;
use aws_auth_migrate::sandbox::{NodeGroupSeed, Policy};
use serde_json::{Value, json};

use crate::support::{World, codes, data_seed, in_api_mode, mapping, role, seed};

const HERE: &str = "arn:aws:iam::111122223333";

/// A mapping, the principals that exist, and what is expected of it.
struct Shape {
    name: &'static str,
    section: &'static str,
    text: &'static str,
    principals: &'static [&'static str],
    /// Of every mapping: outcome, type (or nothing), and a code that is there.
    expected: &'static [(&'static str, &'static str, &'static str)],
}

const fn roles(
    name: &'static str,
    text: &'static str,
    principals: &'static [&'static str],
    expected: &'static [(&'static str, &'static str, &'static str)],
) -> Shape {
    Shape {
        name,
        section: "mapRoles",
        text,
        principals,
        expected,
    }
}

const NODES: &str = "system:bootstrappers, system:nodes";

const SHAPES: &[Shape] = &[
    roles(
        "self-managed Linux nodes",
        "- {rolearn: HERE:role/n, username: 'system:node:{{EC2PrivateDNSName}}', groups: [NODES]}",
        &["role/n"],
        &[("create", "EC2_LINUX", "AAM105")],
    ),
    roles(
        "Karpenter with a group beside",
        "- {rolearn: HERE:role/n, username: 'system:node:{{EC2PrivateDNSName}}', groups: [NODES, console]}",
        &["role/n"],
        &[("create", "EC2_LINUX", "AAM114")],
    ),
    roles(
        "Windows nodes",
        "- {rolearn: HERE:role/n, username: 'system:node:{{EC2PrivateDNSName}}', groups: [NODES, eks:kube-proxy-windows]}",
        &["role/n"],
        &[("create", "EC2_WINDOWS", "AAM105")],
    ),
    roles(
        "Fargate",
        "- {rolearn: HERE:role/f, username: 'system:node:{{SessionName}}', groups: [NODES, system:node-proxier]}",
        &["role/f"],
        &[("create", "FARGATE_LINUX", "AAM105")],
    ),
    roles(
        "hybrid nodes",
        "- {rolearn: HERE:role/h, username: 'system:node:{{SessionName}}', groups: [NODES]}",
        &["role/h"],
        &[("create", "HYBRID_LINUX", "AAM105")],
    ),
    roles(
        "Identity Center, path stripped",
        "- {rolearn: HERE:role/AWSReservedSSO_Admin_0a1b2c3d4e5f6071, username: 'sso:{{SessionName}}', groups: [system:masters]}",
        &["role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0a1b2c3d4e5f6071"],
        &[("create", "STANDARD", "AAM101")],
    ),
    roles(
        "Identity Center, with path",
        "- {rolearn: HERE:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_00ff00ff00ff00ff, username: d, groups: [system:masters]}",
        &["role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Dev_00ff00ff00ff00ff"],
        &[("inert", "", "AAM202")],
    ),
    roles(
        "bare session name",
        "- {rolearn: HERE:role/p, username: '{{SessionName}}', groups: [devs]}",
        &["role/p"],
        &[("create", "STANDARD", "AAM111")],
    ),
    Shape {
        name: "user with a path",
        section: "mapUsers",
        text: "- {userarn: HERE:user/ci/deployer, username: ci, groups: [d]}",
        principals: &["user/ci/deployer"],
        expected: &[("create", "STANDARD", "")],
    },
    roles(
        "role of another account",
        "- {rolearn: 'arn:aws:iam::345678901234:role/central', username: c, groups: [d]}",
        &[],
        &[("create", "STANDARD", "AAM108")],
    ),
    roles(
        "JSON text",
        r#"[{"rolearn":"HERE:role/M","username":"HERE:role/M","groups":["system:masters"]}]"#,
        &["role/M"],
        &[("create", "STANDARD", "AAM104")],
    ),
    roles(
        "quoted keys",
        "- \"groups\":\n  - \"view-all\"\n  \"rolearn\": \"HERE:role/r\"\n  \"username\": \"reader\"",
        &["role/r"],
        &[("create", "STANDARD", "")],
    ),
    roles(
        "EMR's service-linked role",
        "- {rolearn: HERE:role/AWSServiceRoleForAmazonEMRContainers, username: emr-containers}",
        &[
            "role/aws-service-role/emr-containers.amazonaws.com/AWSServiceRoleForAmazonEMRContainers",
        ],
        &[("blocked", "", "AAM321")],
    ),
    roles(
        "Batch's service-linked role",
        "- {rolearn: HERE:role/AWSServiceRoleForBatch, username: aws-batch, groups: ['']}",
        &["role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch"],
        &[("blocked", "", "AAM322")],
    ),
    roles(
        "duplicates",
        "- {rolearn: HERE:role/Ops, username: ops, groups: [system:masters]}\n- {rolearn: HERE:role/ops, username: ro, groups: [viewers]}",
        &["role/Ops"],
        &[("inert", "", "AAM205"), ("create", "STANDARD", "AAM101")],
    ),
    roles(
        "administrator with groups",
        "- {rolearn: HERE:role/p, username: p, groups: [system:masters, argocd]}",
        &["role/p"],
        &[("create", "STANDARD", "AAM104")],
    ),
    roles(
        "scalar and null groups",
        "- rolearn: HERE:role/a\n  username: a\n  groups: system:masters\n- rolearn: HERE:role/b\n  username: b\n  groups:",
        &["role/a", "role/b"],
        &[("create", "STANDARD", "AAM004"), ("create", "STANDARD", "")],
    ),
    Shape {
        name: "root user",
        section: "mapUsers",
        text: "- {userarn: HERE:root, username: root, groups: [system:masters]}",
        principals: &[],
        expected: &[("blocked", "", "AAM301")],
    },
    Shape {
        name: "a role in mapUsers",
        section: "mapUsers",
        text: "- {userarn: HERE:role/jenkins, username: j, groups: [ci]}",
        principals: &["role/jenkins"],
        expected: &[("create", "STANDARD", "")],
    },
    roles(
        "reserved group",
        "- {rolearn: HERE:role/audit, username: audit, groups: [system:authenticated, system:monitoring, auditors]}",
        &["role/audit"],
        &[("blocked", "STANDARD", "AAM303")],
    ),
    roles(
        "deleted role",
        "- {rolearn: HERE:role/gone, username: g, groups: [x]}",
        &[],
        &[("inert", "", "AAM209")],
    ),
    roles(
        "federated user",
        "- {rolearn: 'arn:aws:sts::111122223333:federated-user/bob', username: b}",
        &[],
        &[("blocked", "", "AAM302")],
    ),
    roles(
        "session",
        "- {rolearn: 'arn:aws:sts::111122223333:assumed-role/a/b', username: b}",
        &[],
        &[("inert", "", "AAM203")],
    ),
    roles(
        "sso block",
        "- {sso: {permissionSetName: Admin, accountID: '111122223333'}, username: b}",
        &[],
        &[("inert", "", "AAM206")],
    ),
    roles(
        "placeholder in a group",
        "- {rolearn: HERE:role/a, username: a, groups: ['{{SessionName}}']}",
        &["role/a"],
        &[("blocked", "STANDARD", "AAM304")],
    ),
    roles(
        "account id in a username",
        "- {rolearn: HERE:role/a, username: 'a-{{AccountID}}'}",
        &["role/a"],
        &[("create", "STANDARD", "AAM106")],
    ),
    roles(
        "no username",
        "- {rolearn: HERE:role/a, groups: [a]}",
        &["role/a"],
        &[("create", "STANDARD", "AAM107")],
    ),
    roles(
        "access key in a username",
        "- {rolearn: HERE:role/a, username: 'a:{{AccessKeyID}}'}",
        &["role/a"],
        &[("create", "STANDARD", "AAM112")],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_shape_becomes_what_the_rules_say() {
    for shape in SHAPES {
        let text = shape.text.replace("HERE", HERE).replace("NODES", NODES);
        let principals: Vec<String> = shape
            .principals
            .iter()
            .map(|name| format!("{HERE}:{name}"))
            .collect();
        let principals: Vec<&str> = principals.iter().map(String::as_str).collect();
        let world = World::start(in_api_mode(data_seed(
            &[(shape.section, &text)],
            &principals,
        )))
        .await;
        let plan = world.plan().json();
        for (index, (outcome, entry_type, code)) in shape.expected.iter().enumerate() {
            let found = mapping(&plan, &format!("{}[{index}]", shape.section));
            assert_eq!(found["outcome"], *outcome, "{}: {found:#}", shape.name);
            assert_eq!(
                found["entry"]["type"].as_str().unwrap_or_default(),
                *entry_type,
                "{}: {found:#}",
                shape.name
            );
            assert!(
                code.is_empty() || codes(found).contains(code),
                "{}: {found:#}",
                shape.name
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_managed_node_role_is_left_to_eks_and_keeps_its_access() {
    let text = format!(
        "- {{rolearn: {HERE}:role/n, username: 'system:node:{{{{EC2PrivateDNSName}}}}', groups: [{NODES}]}}"
    );
    let group = NodeGroupSeed::linux("blue", role("n").parse().unwrap());
    let world = World::start(seed(&text, &[]).with_node_group(group)).await;
    let plan = world.plan().json();
    let node = mapping(&plan, "mapRoles[0]");
    assert_eq!(node["outcome"], "skipped");
    assert_eq!(node["access"]["verdict"], "same", "{node:#}");
    let applied = world.apply().run().expect_code(0).json();
    assert_eq!(
        mapping(&applied["plan"], "mapRoles[0]")["access"]["verdict"],
        "same"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_the_cluster_can_not_read_is_drawn_and_needs_a_decision() {
    let text = "- rolearn: arn:aws:iam::111122223333:role/x\n  username: {{SessionName}}\n  groups: [devs]\n";
    let world = World::start(in_api_mode(seed(text, &[&role("x")]))).await;
    let ran = world
        .tool("plan")
        .args(&["--detailed-exitcode"])
        .run()
        .expect_code(3);
    assert!(
        ran.stdout.contains("username: {{SessionName}}") && ran.stdout.contains('^'),
        "{}",
        ran.stdout
    );
    world.apply().run().expect_code(3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_that_counts_goes_before_an_inert_one_of_its_principal() {
    let text = format!(
        "- {{rolearn: {HERE}:role/team/x, username: inert, groups: [system:masters]}}\n- {{rolearn: {HERE}:role/x, username: real, groups: [devs]}}\n"
    );
    let world = World::start(in_api_mode(seed(&text, &[&role("team/x")]))).await;
    let plan = world
        .tool("plan")
        .args(&["--include-inert", "--output", "json"])
        .run()
        .expect_code(0)
        .json();
    assert_eq!(
        mapping(&plan, "mapRoles[0]")["outcome"],
        "inert",
        "{plan:#}"
    );
    assert_eq!(mapping(&plan, "mapRoles[1]")["entry"]["username"], "real");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_entry_is_lost_and_recreated_on_request() {
    let text = format!("- {{rolearn: {HERE}:role/x, username: x, groups: [devs]}}\n");
    let mut seed = in_api_mode(seed(&text, &[&role("x")]));
    let mut entry = seed.entries[0].entry.clone();
    entry.principal_arn = role("x").parse().unwrap();
    entry.username = Some("x".to_owned());
    entry.kubernetes_groups = vec!["devs".to_owned()];
    entry.access_policies.clear();
    seed = seed.with_entry(entry);
    seed.entries[1].stale = true;
    // The role is re-created a little after the entry, and before the entry is re-created.
    let made_anew = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(1);
    seed.principals[0].created_at = made_anew;
    let world = World::start(seed).await;
    let plan = world.plan().json();
    let stale = mapping(&plan, "mapRoles[0]");
    assert_eq!(
        (&stale["outcome"], &stale["access"]["verdict"]),
        (&json!("conflict"), &json!("lost")),
        "{stale:#}"
    );
    assert!(codes(stale).contains(&"AAM403"), "{stale:#}");
    world
        .sandbox
        .edit(|world| world.advance(jiff::SignedDuration::from_mins(2)));
    world
        .apply()
        .args(&["--on-existing", "update"])
        .run()
        .expect_code(0);
    let plan = world.plan().json();
    assert_eq!(mapping(&plan, "mapRoles[0]")["outcome"], "unchanged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_of_the_clusters_partition() {
    for partition in ["aws-cn", "aws-us-gov"] {
        let arn = format!("arn:{partition}:iam::111122223333:role/ops");
        let text = format!(
            "- {{rolearn: '{arn}', username: ops, groups: [system:masters]}}\n- {{rolearn: '{HERE}:role/ops', username: no}}\n"
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("aws-auth.json");
        std::fs::write(&file, json!({"mapRoles": text}).to_string()).unwrap();
        let tool = crate::support::Tool::new(&[
            "plan",
            "--output",
            "json",
            "--partition",
            partition,
            "--from-file",
        ]);
        let plan: Value = tool.arg(&file).run().expect_code(0).json();
        let policy = plan["mappings"][0]["entry"]["accessPolicies"][0]["policyArn"]
            .as_str()
            .unwrap();
        assert!(
            policy.starts_with(&format!("arn:{partition}:eks::aws:")),
            "{policy}"
        );
        assert!(codes(mapping(&plan, "mapRoles[1]")).contains(&"AAM204"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_permission_is_named() {
    let text = format!("- {{rolearn: {HERE}:role/x, username: x, groups: [devs]}}\n");
    let mut seed = seed(&text, &[&role("x")]).with_mode(AuthenticationMode::ConfigMap);
    seed.rights.iam = Some(Policy::of_actions(["eks:*", "sts:*"]));
    let world = World::start(seed).await;
    let plan = world.plan().json();
    let found = mapping(&plan, "mapRoles[0]");
    assert!(
        found["findings"].to_string().contains("iam:GetRole"),
        "{found:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_principals_are_looked_up_in_one_sweep() {
    let names: Vec<String> = (0..30)
        .map(|index| role(&format!("team/r{index}")))
        .collect();
    let text: String = (0..30)
        .map(|index| format!("- {{rolearn: {HERE}:role/r{index}, username: u{index}}}\n"))
        .collect();
    let principals: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::start(in_api_mode(seed(&text, &principals))).await;
    let plan = world.plan().json();
    assert_eq!(
        mapping(&plan, "mapRoles[29]")["entry"]["principalArn"],
        role("team/r29")
    );
    let operations: Vec<String> = world
        .sandbox
        .requests()
        .into_iter()
        .map(|request| request.operation)
        .collect();
    assert!(
        operations.iter().any(|operation| operation == "ListRoles"),
        "{operations:?}"
    );
    assert!(
        operations.iter().all(|operation| operation != "GetRole"),
        "{operations:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_in_another_account_is_found_there_or_given_in_a_file() {
    let real = "arn:aws:iam::444455556666:role/team/ci";
    let text = "- {rolearn: 'arn:aws:iam::444455556666:role/ci', username: ci, groups: [ci]}\n";
    let reader = "arn:aws:iam::444455556666:role/reader";
    let world = World::start(in_api_mode(seed(text, &[real, reader]))).await;
    let plan = world.tool("plan").args(&[
        "--output",
        "json",
        "--lookup-role",
        &format!("444455556666={reader}"),
    ]);
    assert_eq!(
        mapping(&plan.run().expect_code(0).json(), "mapRoles[0]")["entry"]["principalArn"],
        real
    );
    let file = world.write(
        "principals.csv",
        &format!("arn:aws:iam::444455556666:role/ci,{real}\n"),
    );
    let plan = world
        .tool("plan")
        .args(&["--output", "json", "--principals"])
        .arg(file);
    assert_eq!(
        mapping(&plan.run().expect_code(0).json(), "mapRoles[0]")["entry"]["principalArn"],
        real
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_role_that_may_not_be_assumed_leaves_its_account_as_it_is_written() {
    let text = "- {rolearn: 'arn:aws:iam::444455556666:role/ci', username: ci, groups: [ci]}\n\
                - {rolearn: 'arn:aws:iam::111122223333:role/dev', username: dev, groups: [dev]}\n";
    let there = "arn:aws:iam::444455556666:role/ci";
    let world = World::start(in_api_mode(seed(text, &[there, &role("team/dev")]))).await;
    // STS says the same of a role that is missing and of one that may not be assumed.
    let reader = "arn:aws:iam::444455556666:role/reader";
    let looks = ["--lookup-role", &format!("444455556666={reader}")];
    let plan = world.tool("plan").args(&["--output", "json"]).args(&looks);
    let plan = plan.run().expect_code(0).json();
    let ci = mapping(&plan, "mapRoles[0]");
    assert_eq!(ci["entry"]["principalArn"], there);
    let finding = &ci["findings"][0];
    assert_eq!(finding["code"], "AAM108", "{ci:#}");
    for part in ["sts:AssumeRole", reader] {
        assert!(
            finding["message"].as_str().unwrap().contains(part),
            "{finding:#}"
        );
        assert!(
            finding["fix"].as_str().unwrap().contains(part),
            "{finding:#}"
        );
    }
    let dev = mapping(&plan, "mapRoles[1]");
    assert_eq!(dev["entry"]["principalArn"], role("team/dev"));
    world.apply().args(&looks).run().expect_code(0);
}

const WINDOWS: &str = "- rolearn: arn:aws:iam::111122223333:role/win\n  username: system:node:{{EC2PrivateDNSName}}\n  \
                       groups: [system:bootstrappers, system:nodes, eks:kube-proxy-windows]\n";

fn group(name: &str, ami_type: &str) -> NodeGroupSeed {
    NodeGroupSeed {
        ami_type: ami_type.to_owned(),
        ..NodeGroupSeed::linux(name, role("win").parse().unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_role_for_windows_and_linux_nodes_needs_a_decision() {
    let seed = in_api_mode(seed(WINDOWS, &[]))
        .with_node_group(group("win", "WINDOWS_CORE_2022_x86_64"))
        .with_node_group(group("lin", "AL2_x86_64"));
    let world = World::start(seed).await;
    let plan = world.plan().json();
    let nodes = mapping(&plan, "mapRoles[0]");
    assert_eq!(nodes["outcome"], "blocked", "{nodes:#}");
    assert!(codes(nodes).contains(&"AAM307"), "{nodes:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_windows_group_with_an_ami_of_its_own_gets_the_wrong_type_from_eks_and_that_is_reported()
{
    let seed = seed(WINDOWS, &[]).with_node_group(group("win", "CUSTOM"));
    let world = World::start(seed).await;
    world.apply().run().expect_code(3);
    let plan = world.plan().json();
    let nodes = mapping(&plan, "mapRoles[0]");
    assert_eq!(nodes["outcome"], "conflict", "{nodes:#}");
    assert!(codes(nodes).contains(&"AAM503"), "{nodes:#}");
    world
        .apply()
        .args(&["--on-existing", "update"])
        .run()
        .expect_code(0);
    let plan = world.plan().json();
    assert_eq!(mapping(&plan, "mapRoles[0]")["outcome"], "unchanged");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_stand_beside_mappings_and_stop_no_other() {
    let data = [
        (
            "mapRoles",
            "- {rolearn: 'arn:aws:iam::111122223333:role/dev', username: dev, groups: [developers]}\n",
        ),
        ("mapAccounts", "- \"210987654321\"\n- 045678901234\n"),
    ];
    let world = World::start(in_api_mode(data_seed(&data, &[&role("dev")]))).await;
    world.apply().run().expect_code(3);
    let plan = world.plan().json();
    assert_eq!(mapping(&plan, "mapRoles[0]")["outcome"], "unchanged");
    assert_eq!(plan["accounts"][1]["accountId"], "045678901234");
    assert_eq!(plan["accounts"][1]["findings"][0]["code"], "AAM306");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_role_on_a_cluster_in_auto_mode_is_an_entry_for_linux_nodes_unless_auto_mode_uses_it()
 {
    let text = "- rolearn: arn:aws:iam::111122223333:role/custom\n  username: system:node:{{EC2PrivateDNSName}}\n  \
                groups: [system:bootstrappers, system:nodes]\n";
    let mut seed = in_api_mode(seed(text, &[&role("custom")]));
    seed.cluster.auto_mode = true;
    let world = World::start(seed).await;
    let plan = world.plan().json();
    let nodes = mapping(&plan, "mapRoles[0]");
    assert_eq!(nodes["entry"]["type"], "EC2_LINUX", "{nodes:#}");
}

//! Where a plain copy of `aws-auth` gives or takes access, as `eksctl utils migrate-to-access-entry` is documented to
//! do, and this tool does not.

use serde_json::{Value, json};

use crate::support::{World, codes, in_api_mode, mapping, role, seed};

const HERE: &str = "arn:aws:iam::111122223333";

async fn planned(text: &str, principals: &[&str]) -> Value {
    World::start(in_api_mode(seed(&text.replace("HERE", HERE), principals)))
        .await
        .plan()
        .json()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_of_two_mappings_counts_and_not_the_first() {
    let text = "- {rolearn: HERE:role/Ops, username: ops, groups: [system:masters]}\n- {rolearn: HERE:role/ops, username: ro, groups: [viewers]}\n";
    let plan = planned(text, &[&role("Ops")]).await;
    assert_eq!(mapping(&plan, "mapRoles[0]")["outcome"], "inert");
    let last = mapping(&plan, "mapRoles[1]");
    assert_eq!(last["entry"]["accessPolicies"], json!([]), "{last:#}");
    assert_eq!(last["entry"]["kubernetesGroups"], json!(["viewers"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_matches_nobody_gains_nothing() {
    let text = "- {rolearn: HERE:role/team/x, username: x, groups: [system:masters]}\n";
    let plan = planned(text, &[&role("team/x")]).await;
    assert_eq!(mapping(&plan, "mapRoles[0]")["outcome"], "inert");
    assert_eq!(plan["actions"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_keeps_the_other_groups() {
    let text = "- {rolearn: HERE:role/p, username: p, groups: [system:masters, argocd-admins]}\n";
    let plan = planned(text, &[&role("p")]).await;
    let both = mapping(&plan, "mapRoles[0]");
    assert_eq!(both["entry"]["kubernetesGroups"], json!(["argocd-admins"]));
    assert_eq!(both["access"]["verdict"], "same");
    // The policy is not the group: whatever looks for its name no longer finds it.
    let finding = &both["findings"][0];
    assert_eq!(finding["code"], "AAM104");
    let message = finding["message"].as_str().unwrap();
    assert!(
        message.contains("look for the group `system:masters`"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_missing_role_does_not_stop_the_others() {
    let text = "- {rolearn: HERE:role/gone, username: g}\n- {rolearn: HERE:role/dev, username: d, groups: [dev]}\n";
    let plan = planned(text, &[&role("dev")]).await;
    assert_eq!(codes(mapping(&plan, "mapRoles[0]")), ["AAM209"]);
    assert_eq!(mapping(&plan, "mapRoles[1]")["outcome"], "create");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_the_same_name_does_not_get_the_access_of_a_role_in_another_account() {
    let text = "- {rolearn: 'arn:aws:iam::444455556666:role/ci', username: ci, groups: [ci]}\n";
    let plan = planned(text, &[&role("ci")]).await;
    let ci = mapping(&plan, "mapRoles[0]");
    assert_eq!(
        ci["entry"]["principalArn"],
        "arn:aws:iam::444455556666:role/ci"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_on_fargate_and_hybrid_nodes_get_their_types() {
    let text = "- {rolearn: HERE:role/f, username: 'system:node:{{SessionName}}', groups: [system:bootstrappers, system:nodes, system:node-proxier]}\n- {rolearn: HERE:role/h, username: 'system:node:{{SessionName}}', groups: [system:bootstrappers, system:nodes]}\n";
    let plan = planned(text, &[&role("f"), &role("h")]).await;
    assert_eq!(
        mapping(&plan, "mapRoles[0]")["entry"]["type"],
        "FARGATE_LINUX"
    );
    assert_eq!(
        mapping(&plan, "mapRoles[1]")["entry"]["type"],
        "HYBRID_LINUX"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_that_a_node_role_loses_are_named() {
    let text = "- {rolearn: HERE:role/n, username: 'system:node:{{EC2PrivateDNSName}}', groups: [system:bootstrappers, system:nodes, console]}\n";
    let plan = planned(text, &[&role("n")]).await;
    assert!(codes(mapping(&plan, "mapRoles[0]")).contains(&"AAM114"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_username_that_eks_refuses_is_not_sent() {
    let text = "- {rolearn: HERE:role/a, username: '{{SessionName}}', groups: [a]}\n- {rolearn: HERE:role/b, username: 'system:b', groups: [b]}\n";
    let plan = planned(text, &[&role("a"), &role("b")]).await;
    for (id, code) in [("mapRoles[0]", "AAM111"), ("mapRoles[1]", "AAM110")] {
        assert_eq!(mapping(&plan, id)["entry"]["username"], Value::Null);
        assert!(codes(mapping(&plan, id)).contains(&code));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn elements_without_an_arn_are_inert_and_no_crash() {
    let text = "- {username: nobody}\n- {rolearn: junk, username: j}\n- {rolearn: HERE:role/dev, username: d}\n";
    let plan = planned(text, &[&role("dev")]).await;
    assert_eq!(plan["summary"]["inert"], 2);
    assert_eq!(plan["summary"]["create"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_gives_less_is_a_conflict_and_not_already_there() {
    let text = "- {rolearn: HERE:role/dev, username: dev, groups: [developers]}\n";
    let world = World::start(in_api_mode(seed(
        &text.replace("HERE", HERE),
        &[&role("dev")],
    )))
    .await;
    world.apply().run().expect_code(0);
    let world = {
        let mut seed = in_api_mode(seed(&text.replace("HERE", HERE), &[&role("dev")]));
        let mut poorer = seed.entries[0].entry.clone();
        poorer.principal_arn = role("dev").parse().unwrap();
        poorer.username = Some("dev".to_owned());
        poorer.access_policies.clear();
        seed = seed.with_entry(poorer);
        World::start(seed).await
    };
    let plan = world.plan().json();
    assert_eq!(mapping(&plan, "mapRoles[0]")["outcome"], "conflict");
    assert_eq!(mapping(&plan, "mapRoles[0]")["drift"]["verdict"], "lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_in_map_users_is_looked_up_as_a_role() {
    let text = format!("- {{userarn: {HERE}:role/jenkins, username: jenkins, groups: [ci]}}\n");
    let world = World::start(crate::support::data_seed(
        &[("mapUsers", &text)],
        &[&role("jenkins")],
    ))
    .await;
    let plan = world.plan().json();
    assert_eq!(
        mapping(&plan, "mapUsers[0]")["entry"]["principalArn"],
        role("jenkins")
    );
}

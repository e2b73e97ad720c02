//! How many round trips follow one another, counted exactly: the sandbox answers a round only once no more is asked.
//!
//! A busy machine can make a round look like two, never two like one, so that the least of a few runs is the number.

use aws_auth_migrate::sandbox::{Answers, FargateProfileSeed, NodeGroupSeed, Seed, UpdateTime};

use crate::arc::blocking;
use crate::support::{Tool, World, in_api_mode, role, seed};

/// How often a command is tried that took more rounds than it should.
const TRIES: usize = 3;

/// A cluster with a mapping of every kind: an administrator, people, an IAM user and two node roles.
fn small() -> Seed {
    let node = "\n  username: system:node:{{EC2PrivateDNSName}}\n  groups: [system:bootstrappers, system:nodes]\n";
    let text = format!(
        "- rolearn: {}\n  username: ops\n  groups: [system:masters]\n\
         - rolearn: {}\n  username: dev\n  groups: [developers]\n\
         - rolearn: {}\n  username: ci\n  groups: [deployers]\n\
         - rolearn: {}{node}- rolearn: {}{node}",
        role("ops"),
        role("dev"),
        role("ci"),
        role("node"),
        role("other-node"),
    );
    let names = ["ops", "dev", "ci", "node", "other-node"].map(role);
    let mut seed = seed(&text, &names.each_ref().map(String::as_str));
    seed.node_groups.push(NodeGroupSeed {
        name: "blue".to_owned(),
        node_role: role("node").parse().unwrap(),
        ami_type: "AL2023_x86_64_STANDARD".to_owned(),
        entry_at_switch: true,
    });
    seed.fargate_profiles.push(FargateProfileSeed {
        name: "batch".to_owned(),
        pod_execution_role: role("fargate").parse().unwrap(),
        entry_at_switch: true,
    });
    seed.switch.takes = UpdateTime::Polls(1);
    seed
}

/// The rounds of a command, on a cluster of its own each time; `prepare` is done before they are counted.
async fn rounds(
    seed: impl Fn() -> Seed,
    prepare: impl Fn(&World) -> Vec<Tool>,
    command: impl Fn(&World) -> Tool,
    expected: usize,
) {
    let mut seen = Vec::new();
    for _ in 0..TRIES {
        let world = World::start(seed()).await;
        for tool in prepare(&world) {
            blocking(|| tool.run().expect_code(0)).await;
        }
        world
            .sandbox
            .edit(|world| world.set_answers(Answers::InRounds));
        let tool = command(&world);
        let ran = blocking(|| tool.run()).await;
        assert!(ran.code == 0 || ran.code == 3, "{}", ran.stderr);
        seen.push(world.sandbox.rounds());
        if seen.last().unwrap().len() <= expected {
            break;
        }
    }
    let least = seen.iter().min_by_key(|rounds| rounds.len()).unwrap();
    assert_eq!(least.len(), expected, "{least:#?}");
}

fn nothing(_: &World) -> Vec<Tool> {
    Vec::new()
}

fn applied(world: &World) -> Vec<Tool> {
    vec![world.apply()]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_takes_three_round_trips() {
    let plan = |world: &World| world.tool("plan");
    rounds(small, nothing, plan, 3).await;
    rounds(|| in_api_mode(small()), nothing, plan, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_and_status_take_three_round_trips() {
    rounds(small, applied, |world| world.tool("verify"), 3).await;
    rounds(small, applied, |world| world.tool("status"), 3).await;
}

/// Three to look, four to switch, two to look again, four for the caller's stage, people and nodes, one to prove it.
#[tokio::test(flavor = "multi_thread")]
async fn apply_with_the_mode_switch_takes_fourteen_round_trips() {
    rounds(small, nothing, World::apply, 14).await;
}

/// Three to look, one to try the deletion out, one for the nodes before it, one for the deletion, and the nodes after it.
#[tokio::test(flavor = "multi_thread")]
async fn a_cut_over_takes_eight_round_trips() {
    let cutover = |world: &World| world.tool("cutover").args(&["--yes", "--soak", "0s"]);
    rounds(small, applied, cutover, 8).await;
}

//! Decisions that are taken once for a whole fleet.

use super::{
    ACCOUNT, CLOSED, SECOND, THIRD, fleet, fleet_file, let_the_update_end, row, states, world,
};
use crate::support::{World, read};

const LEAVE: &str = "schema: aws-auth-migrate/decisions/v1
principals:
- {principal: 'arn:aws:iam::*:role/legacy', do: leave, reason: OPS-1}
";

/// The fleet without the account that is closed.
fn open_fleet(world: &World, decisions: &str) -> std::path::PathBuf {
    let text = read(&fleet_file(world));
    let text = text.split("- name: vault").next().unwrap();
    let text = text.replace(
        "defaults:\n",
        &format!("defaults:\n  decisions: {decisions}\n"),
    );
    assert!(!text.contains(CLOSED));
    world.write("open.yaml", &text)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_answer_answers_a_question_in_every_cluster() {
    let world = world().await;
    world.write("decisions.yaml", LEAVE);
    let file = open_fleet(&world, "decisions.yaml");
    let plan = world
        .bare(&[
            "fleet",
            "plan",
            "--output",
            "json",
            "--progress",
            "none",
            "--fleet",
        ])
        .arg(&file)
        .run()
        .expect_code(0)
        .json();
    // It matches nothing in most of them, which is no slip as long as it matches somewhere.
    assert_eq!(plan["summary"]["needsDecision"], 0, "{:?}", states(&plan));
    assert_eq!(plan.get("unmatched"), None);
    let questions = plan["questions"].as_array().unwrap();
    assert!(
        questions
            .iter()
            .all(|question| question.get("principal").is_none()),
        "{questions:#?}"
    );
    let_the_update_end(&world);
    let applied = world
        .bare(&[
            "fleet",
            "apply",
            "--yes",
            "--enable-access-entries",
            "--output",
            "json",
            "--progress",
            "none",
            "--fleet",
        ])
        .arg(&file)
        .run()
        .expect_code(0)
        .json();
    assert_eq!(
        row(&applied, &format!("{ACCOUNT}/eu-west-1/shop"))["state"],
        "done"
    );
    assert_eq!(
        row(&applied, &format!("{SECOND}/eu-central-1/shop"))["state"],
        "done"
    );
    assert_eq!(
        row(&applied, &format!("{THIRD}/eu-west-1/web"))["state"],
        "done"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_matches_in_no_cluster_is_refused_before_anything_is_written() {
    let world = world().await;
    world.write(
        "decisions.yaml",
        &LEAVE.replace("role/legacy", "role/legcay"),
    );
    let file = open_fleet(&world, "decisions.yaml");
    for verb in [
        &["plan"][..],
        &["apply", "--yes", "--enable-access-entries"],
    ] {
        world
            .bare(&["fleet"])
            .args(verb)
            .args(&["--progress", "none", "--fleet"])
            .arg(&file)
            .run()
            .expect_code(64)
            .expect_error(&[
                "role/legcay",
                "matches nothing",
                "it matches nothing in any cluster of the fleet",
            ]);
    }
    let requests = world.sandbox.requests();
    assert!(
        !requests
            .iter()
            .any(|request| crate::apply::is_mutation(&request.operation))
    );
    // The option goes before the file.
    let right = world.write("right.yaml", LEAVE);
    world
        .bare(&["fleet", "plan", "--progress", "none", "--fleet"])
        .arg(&file)
        .arg("--decisions")
        .arg(right)
        .run()
        .expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_skeleton_asks_each_question_once() {
    let world = world().await;
    let skeleton = world.path("skeleton.yaml");
    fleet(
        &world,
        "plan",
        &["--write-decisions", skeleton.to_str().unwrap()],
    )
    .expect_code(1);
    let text = read(&skeleton);
    assert_eq!(text.matches("role/legacy").count(), 1, "{text}");
    assert!(
        text.contains("- principal: \"arn:aws:iam::*:role/legacy\""),
        "{text}"
    );
    assert!(
        text.contains(&format!(
            "2 clusters: {ACCOUNT}/eu-west-1/shop, {SECOND}/eu-central-1/shop"
        )),
        "{text}"
    );
    // Answered as it offers, it is taken.
    let answered: Vec<&str> = text
        .lines()
        .filter_map(|line| {
            let line = line.strip_prefix("  # ");
            match line {
                Some(line) if line.starts_with("- principal") || line.contains("do: leave") => {
                    Some(line)
                }
                Some(_) => None,
                None => Some(""),
            }
        })
        .filter(|line| !line.is_empty())
        .collect();
    let answered = format!(
        "schema: aws-auth-migrate/decisions/v1\nprincipals:\n{}\n",
        answered.join("\n")
    );
    let file = world.write("answered.yaml", &answered);
    let plan = fleet(
        &world,
        "plan",
        &["--output", "json", "--decisions", file.to_str().unwrap()],
    )
    .json();
    assert_eq!(
        plan["summary"]["needsDecision"],
        0,
        "{answered}\n{:?}",
        states(&plan)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_that_can_not_be_read_are_the_reason_of_their_clusters() {
    let world = world().await;
    world.write(
        "decisions.yaml",
        "schema: aws-auth-migrate/decisions/v1\nprincipal: []\n",
    );
    let file = open_fleet(&world, "decisions.yaml");
    let plan = world
        .bare(&[
            "fleet",
            "plan",
            "--output",
            "json",
            "--progress",
            "none",
            "--fleet",
        ])
        .arg(&file)
        .run()
        .expect_code(1)
        .json();
    let reason = &row(&plan, &format!("{ACCOUNT}/eu-west-1/shop"))["reason"];
    assert!(
        reason.to_string().contains("unknown field `principal`"),
        "{reason:#}"
    );
}

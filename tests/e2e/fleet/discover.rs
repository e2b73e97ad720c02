//! Clusters that are found by listing them.

use super::{ACCOUNT, CLOSED, SECOND, THIRD, states, world};
use crate::support::{Ran, World, read};

fn discover(world: &World, more: &[&str]) -> Ran {
    world
        .bare(&[
            "fleet",
            "plan",
            "--discover",
            "--output",
            "json",
            "--progress",
            "none",
        ])
        .args(more)
        .run()
}

fn assume(account: &str) -> String {
    format!("{account}=arn:aws:iam::{account}:role/Migrate")
}

#[tokio::test(flavor = "multi_thread")]
async fn clusters_are_listed_page_by_page_in_the_regions_and_accounts_that_are_named() {
    let world = world().await;
    world.sandbox.edit(|world| world.set_page_size(1));
    let report = discover(
        &world,
        &[
            "--regions",
            "eu-west-1,eu-central-1,ap-south-1",
            "--assume",
            &assume(SECOND),
            "--assume",
            &assume(THIRD),
        ],
    )
    .expect_code(0)
    .json();
    let found = states(&report);
    let found: Vec<&str> = found
        .iter()
        .map(|row| row.split(' ').next().unwrap())
        .collect();
    assert_eq!(
        found,
        [
            format!("{SECOND}/eu-central-1/shop"),
            format!("{SECOND}/eu-west-1/updating"),
            format!("{THIRD}/ap-south-1/bare"),
            format!("{THIRD}/eu-west-1/web"),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_closed_is_a_row_and_the_others_are_listed() {
    let world = world().await;
    let fleet = world.path("found.yaml");
    let ran = discover(
        &world,
        &[
            "--regions",
            "all-enabled",
            "--assume",
            &assume(CLOSED),
            "--assume",
            &assume(SECOND),
            "--write-fleet",
            fleet.to_str().unwrap(),
        ],
    )
    .expect_code(1);
    assert_eq!(
        states(&ran.json()),
        [
            format!("{CLOSED}/all regions/ failed"),
            format!("{SECOND}/eu-central-1/shop needsDecision"),
            format!("{SECOND}/eu-west-1/updating pending"),
        ]
    );
    // What was found is a fleet file that gives the same plans again.
    let again = world
        .bare(&[
            "fleet",
            "plan",
            "--output",
            "json",
            "--progress",
            "none",
            "--fleet",
        ])
        .arg(&fleet)
        .run()
        .expect_code(0)
        .json();
    assert_eq!(again["rows"].as_array().unwrap().len(), 2);
    assert!(read(&fleet).contains("schema: aws-auth-migrate/fleet/v1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_is_all_its_active_accounts_by_one_role_name() {
    let world = world().await;
    world.sandbox.edit(|world| {
        let account = |id: &str, status: &str| (id.to_owned(), status.to_owned());
        world.set_organization(vec![
            account(ACCOUNT, "ACTIVE"),
            account(SECOND, "ACTIVE"),
            account(THIRD, "ACTIVE"),
            account(CLOSED, "SUSPENDED"),
        ]);
        world.set_page_size(2);
    });
    let report = discover(
        &world,
        &[
            "--regions",
            "all-enabled",
            "--organization",
            "--role-name",
            "Migrate",
        ],
    )
    .expect_code(0)
    .json();
    assert_eq!(
        report["rows"].as_array().unwrap().len(),
        6,
        "{:?}",
        states(&report)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn discovery_needs_an_organization_or_accounts() {
    let world = world().await;
    discover(&world, &["--organization", "--role-name", "Migrate"])
        .expect_code(1)
        .expect_error(&[
            "failed to list the accounts of the organization",
            "AWSOrganizationsNotInUseException",
            "or name the accounts with --assume",
        ]);
    for (more, part) in [
        (&["--organization"][..], "--role-name"),
        (
            &["--regions", "all-enabled,eu-west-1"],
            "takes either `all-enabled`",
        ),
        (&["--regions", "Europe"], "write the name of a region"),
        (&["--assume", "x"], "ACCOUNT=ROLE_ARN"),
        (
            &["--assume", "111122223333=arn:aws:iam::444455556666:role/M"],
            "account",
        ),
    ] {
        discover(&world, more).expect_code(64).expect_error(&[part]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_the_right_to_list_says_so() {
    let world = world().await;
    world
        .sandbox
        .edit(|world| world.deny(SECOND, "account:ListRegions"));
    let ran = discover(
        &world,
        &["--regions", "all-enabled", "--assume", &assume(SECOND)],
    )
    .expect_code(1);
    let reason = &ran.json()["rows"][0]["reason"];
    assert!(
        reason["causes"][0]
            .as_str()
            .unwrap()
            .contains("account:ListRegions: AWS answered AccessDenied"),
        "{reason:#}"
    );
    let hints = reason["hints"].as_array().unwrap();
    assert!(
        hints[0]
            .as_str()
            .unwrap()
            .ends_with("or name the regions with --regions"),
        "{reason:#}"
    );
}

//! `fleet plan`, `fleet verify`, `fleet status`.

use super::{ACCOUNT, CLOSED, SECOND, THIRD, fleet, row, states, world};
use crate::support::read;

#[tokio::test(flavor = "multi_thread")]
async fn every_cluster_has_a_row_whatever_becomes_of_the_others() {
    let world = world().await;
    let ran = fleet(&world, "plan", &["--output", "json"]).expect_code(1);
    let report = ran.json();
    assert_eq!(
        states(&report),
        [
            format!("{ACCOUNT}/eu-west-1/shop needsDecision"),
            format!("{ACCOUNT}/us-east-1/moved done"),
            format!("{CLOSED}/us-east-1/vault failed"),
            format!("{SECOND}/eu-central-1/shop needsDecision"),
            format!("{SECOND}/eu-west-1/updating pending"),
            format!("{THIRD}/ap-south-1/bare pending"),
            format!("{THIRD}/eu-west-1/web pending"),
        ]
    );
    let shop = row(&report, &format!("{SECOND}/eu-central-1/shop"));
    assert_eq!(shop["authenticationMode"], "CONFIG_MAP");
    assert_eq!(shop["platformVersion"], "eks.9");
    assert_eq!(shop["mappings"]["create"], 2);
    assert_eq!(shop["mappings"]["blocked"], 1);
    assert_eq!(
        shop["arn"],
        format!("arn:aws:eks:eu-central-1:{SECOND}:cluster/shop")
    );
    let moved = row(&report, &format!("{ACCOUNT}/us-east-1/moved"));
    assert_eq!(moved["authenticationMode"], "API");
    let bare = row(&report, &format!("{THIRD}/ap-south-1/bare"));
    assert_eq!(bare["hasAwsAuth"], false);
    let updating = row(&report, &format!("{SECOND}/eu-west-1/updating"));
    let blocks = updating["blocks"].as_array().unwrap();
    assert!(
        blocks[0]["message"].as_str().unwrap().contains("UPDATING"),
        "{updating:#}"
    );
    let reason = &row(&report, &format!("{CLOSED}/us-east-1/vault"))["reason"];
    let message = reason["message"].as_str().unwrap();
    assert_eq!(
        message,
        format!("failed to assume the role `arn:aws:iam::{CLOSED}:role/Migrate`")
    );
    assert!(
        reason["causes"][0]
            .as_str()
            .unwrap()
            .contains("AccessDenied"),
        "{reason:#}"
    );
    assert!(
        reason["hints"][0]
            .as_str()
            .unwrap()
            .contains("trust policy"),
        "{reason:#}"
    );
    assert_eq!(report["summary"]["needsDecision"], 2);
    assert_eq!(report["summary"]["mappings"]["blocked"], 2);
    assert_eq!(report["fleet"]["clusters"], 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_blocked_everywhere_is_asked_about_once() {
    let world = world().await;
    let report = fleet(&world, "plan", &["--output", "json"]).json();
    let asked = report["questions"].as_array().unwrap();
    let legacy: Vec<_> = asked
        .iter()
        .filter(|question| {
            question["principal"]
                .as_str()
                .is_some_and(|arn| arn.contains("legacy"))
        })
        .collect();
    assert_eq!(legacy.len(), 1, "{asked:#?}");
    assert_eq!(legacy[0]["principal"], "arn:aws:iam::*:role/legacy");
    assert_eq!(legacy[0]["before"]["groups"][0], "system:monitoring");
    assert_eq!(
        legacy[0]["clusters"],
        serde_json::json!([
            format!("{ACCOUNT}/eu-west-1/shop"),
            format!("{SECOND}/eu-central-1/shop")
        ])
    );
    // What leaves it out leaves it out everywhere.
    let args = ["--output", "json", "--exclude", "*:role/legacy"];
    let report = fleet(&world, "plan", &args).json();
    assert_eq!(report["summary"]["mappings"]["blocked"], 0, "{report:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_is_that_of_the_worst_row() {
    let world = world().await;
    let file = |clusters: &str| {
        world.write(
            "some.yaml",
            &format!(
                "schema: aws-auth-migrate/fleet/v1\ndefaults: {{role: Migrate, region: eu-west-1}}\nclusters:\n{clusters}"
            ),
        )
    };
    let web = format!("- {{name: web, account: '{THIRD}'}}\n");
    let shop = format!("- {{name: shop, region: eu-central-1, account: '{SECOND}'}}\n");
    let vault = format!("- {{name: vault, account: '{CLOSED}'}}\n");
    for (clusters, verb, flags, code) in [
        (web.clone(), "plan", &[][..], 0),
        (web.clone(), "plan", &["--detailed-exitcode"], 2),
        (format!("{web}{shop}"), "plan", &["--detailed-exitcode"], 3),
        (format!("{web}{shop}"), "plan", &[], 0),
        (format!("{web}{shop}{vault}"), "plan", &[], 1),
        (web.clone(), "verify", &[], 3),
        (web.clone(), "verify", &["--detailed-exitcode"], 2),
        (
            format!("{web}{shop}"),
            "verify",
            &["--detailed-exitcode"],
            3,
        ),
        (format!("{web}{shop}"), "status", &[], 0),
        (format!("{web}{vault}"), "status", &[], 1),
    ] {
        let path = file(&clusters);
        let tool = world.bare(&["fleet", verb, "--progress", "none", "--fleet"]);
        tool.arg(path).args(flags).run().expect_code(code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_and_status_say_what_comes_next_in_every_cluster() {
    let world = world().await;
    let report = fleet(&world, "verify", &["--output", "json"])
        .expect_code(1)
        .json();
    let moved = row(&report, &format!("{ACCOUNT}/us-east-1/moved"));
    assert_eq!(moved["verdict"], "safe");
    let web = row(&report, &format!("{THIRD}/eu-west-1/web"));
    assert_eq!(web["verdict"], "pending");
    let report = fleet(&world, "status", &["--output", "json"])
        .expect_code(1)
        .json();
    let web = row(&report, &format!("{THIRD}/eu-west-1/web"));
    let next = web["next"].as_str().unwrap();
    assert!(
        next.contains("apply --cluster web --region eu-west-1 --enable-access-entries"),
        "{next}"
    );
    let moved = row(&report, &format!("{ACCOUNT}/us-east-1/moved"));
    assert_eq!(moved["next"], "nothing: the migration is complete");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_has_every_format() {
    let world = world().await;
    let report = world.path("report.md");
    let markdown = [
        "--output",
        "markdown",
        "--out-report",
        report.to_str().unwrap(),
    ];
    let ran = fleet(&world, "plan", &markdown).expect_code(1);
    assert_eq!(ran.stdout, read(&report));
    assert!(
        ran.stdout
            .contains("| `!` | `444455556666` | `eu-central-1` | `shop` |"),
        "{}",
        ran.stdout
    );
    let table = fleet(&world, "plan", &[]).expect_code(1).stdout;
    assert!(
        table
            .starts_with("7 clusters: 1 without changes, 3 pending, 2 need a decision, 1 failed\n"),
        "{table}"
    );
    assert!(table.contains("! arn:aws:iam::*:role/legacy"), "{table}");
    let html = fleet(&world, "plan", &["--output", "html"])
        .expect_code(1)
        .stdout;
    assert!(
        html.contains("\">eu-central-1</td>") && html.contains("\">shop</td>"),
        "{html}"
    );
    let csv = fleet(&world, "plan", &["--output", "csv"])
        .expect_code(1)
        .stdout;
    assert_eq!(csv.lines().count(), 8, "{csv}");
    let yaml = fleet(&world, "plan", &["--output", "yaml"])
        .expect_code(1)
        .stdout;
    let read_back: serde_json::Value = serde_yaml::from_str(&yaml).unwrap();
    assert_eq!(
        read_back,
        fleet(&world, "plan", &["--output", "json"]).json()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_account_is_opened_once_whatever_it_holds() {
    let world = world().await;
    fleet(&world, "plan", &["--output", "json"]).expect_code(1);
    let requests = world.sandbox.requests();
    let count = |operation: &str| {
        let same = requests
            .iter()
            .filter(|request| request.operation == operation);
        same.count()
    };
    // Two roles that can be assumed, and one that can't.
    assert_eq!(count("AssumeRole"), 3);
    assert_eq!(count("DescribeCluster"), 6);
}

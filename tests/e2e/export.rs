//! `export`: what it writes, run for real where it can be run.

use crate::support::{Ran, Tool, World, role, seed};

const MIXED: &str = "\
- rolearn: arn:aws:iam::111122223333:role/nodes
  username: system:node:{{EC2PrivateDNSName}}
  groups: [system:bootstrappers, system:nodes]
- rolearn: arn:aws:iam::111122223333:role/dev
  username: dev:{{SessionName}}
  groups: [developers, \"it's $(touch pwned) `id` ${x}\"]
- rolearn: arn:aws:iam::111122223333:role/ops
  username: ops
  groups: [system:masters, argocd]
";

pub(crate) async fn mixed() -> World {
    World::start(seed(
        MIXED,
        &[&role("nodes"), &role("dev"), &role("team/ops")],
    ))
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_exists_is_imported() {
    let world = mixed().await;
    world.apply().run().expect_code(0);
    let text = world
        .tool("export")
        .arg("terraform")
        .run()
        .expect_code(0)
        .stdout;
    let ops = role("team/ops");
    let policy = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
    for line in [
        "  to = aws_eks_access_entry.ops\n".to_owned(),
        format!("  id = \"${{var.cluster_name}}:{ops}\"\n"),
        format!("  id = \"${{var.cluster_name}}#{ops}#{policy}\"\n"),
    ] {
        assert!(text.contains(&line), "{line} is not in {text}");
    }
    // Without it a rollback would not know the entry as this tool's own.
    assert!(text.contains("\"aws-auth-migrate/run\""), "{text}");
}

#[test]
fn an_offline_plan_and_a_saved_one_export_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("aws-auth.yaml");
    let indented: String = MIXED.lines().map(|line| format!("  {line}\n")).collect();
    std::fs::write(&manifest, format!("mapRoles: |\n{indented}")).unwrap();
    let saved = folder.path().join("plan.json");
    Tool::new(&["plan", "--out"])
        .arg(&saved)
        .arg("--from-file")
        .arg(&manifest)
        .run()
        .expect_code(0);
    for format in [
        "terraform",
        "cloudformation",
        "eksctl",
        "ack",
        "cdk",
        "pulumi",
        "aws-cli",
    ] {
        let straight = Tool::new(&["export", format, "--from-file"])
            .arg(&manifest)
            .run()
            .expect_code(0);
        let saved = Tool::new(&["export", format, "--plan"])
            .arg(&saved)
            .run()
            .expect_code(0);
        let body = |ran: &Ran| {
            ran.stdout
                .lines()
                .filter(|line| !line.contains("Made by"))
                .collect::<Vec<_>>()
                .join("\n")
        };
        assert_eq!(body(&straight), body(&saved));
        assert!(straight.stdout.ends_with('\n'));
        assert!(straight.stdout.contains("role/dev"), "{}", straight.stdout);
    }
}

#[test]
fn a_runbook_of_a_saved_plan_carries_the_choices_of_that_plan() {
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("plan.json");
    let chosen = ["--exclude", "*legacy*", "--from-file", "-"];
    Tool::new(&["plan", "--out"])
        .arg(&saved)
        .args(&chosen)
        .stdin("mapRoles: '[{rolearn: \"arn:aws:iam::111122223333:role/legacy\"}]'\n")
        .run()
        .expect_code(0);
    let of_it = |more: &[&str]| {
        let tool = Tool::new(&["export", "ssm-automation", "--plan"]);
        tool.arg(&saved).args(more).run()
    };
    let written = of_it(&[]).expect_code(0).stdout;
    assert!(written.contains("set -- \"$@\" '--exclude=*legacy*'"));
    assert!(written.ends_with('\n'));
    // Other choices would make another plan.
    of_it(&["--strict"]).expect_code(64);
    of_it(&["--cluster", "shop"]).expect_code(64);
}

#[test]
fn strange_formats_and_options_are_wrong_usage() {
    for args in [
        &["export", "crossplane", "--from-file", "-"] as &[&str],
        &["export"],
        &["export", "terraform"],
        &["export", "eksctl", "--module", "--from-file", "-"],
        &["export", "terraform", "--json", "--from-file", "-"],
        &["export", "ack", "--for", "plan", "--from-file", "-"],
        &[
            "export",
            "ssm-automation",
            "--image",
            "a",
            "--from-file",
            "-",
        ],
        &[
            "export",
            "eksctl",
            "--role-arn",
            "arn:aws:iam::111122223333:role/a",
            "--from-file",
            "-",
        ],
        &[
            "export",
            "github-actions",
            "--rename-group",
            "a\u{202e}=b",
            "--from-file",
            "-",
        ],
    ] {
        Tool::new(args)
            .stdin("mapRoles: '[{rolearn: \"arn:aws:iam::111122223333:role/legacy\"}]'\n")
            .run()
            .expect_code(64);
    }
    let missing = Tool::new(&["export", "ack", "--plan", "/nonexistent"])
        .run()
        .expect_code(1);
    missing.expect_error(&["failed to read the plan"]);
}

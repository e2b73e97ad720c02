//! `rehearse`: a whole migration on this machine, and a sandbox for others to look at.

use std::io::{BufRead, BufReader};
use std::process::Command;

use crate::support::{Tool, judge};

#[test]
fn the_sample_is_migrated_and_verified_without_anything_set_up() {
    let ran = Tool::new(&["rehearse"]).run().expect_code(0);
    for part in [
        "== Plan",
        "== Apply",
        "== Verify",
        "still depends on aws-auth",
        "same access through its entry",
    ] {
        assert!(
            ran.stdout.contains(part),
            "`{part}` is not in:\n{}",
            ran.stdout
        );
    }
    assert!(
        !ran.stdout.contains("LESS access") && !ran.stdout.contains("MORE access"),
        "{}",
        ran.stdout
    );
    assert!(
        ran.stderr
            .contains("mode: the cluster is in API_AND_CONFIG_MAP"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_file_of_ones_own_is_rehearsed() {
    let text = "mapRoles: |\n  - rolearn: arn:aws-us-gov:iam::111122223333:role/ops\n    username: ops\n    groups: [system:masters]\n";
    let ran = Tool::new(&["rehearse", "--from-file", "-"])
        .stdin(text)
        .run()
        .expect_code(0);
    assert!(ran.stdout.contains("us-gov-west-1"), "{}", ran.stdout);
}

#[test]
fn a_kept_sandbox_answers_others_and_ends_with_a_signal() {
    let mut child = Tool::new(&["rehearse", "--keep"]).spawn();
    let mut environment = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok)
    {
        if let Some((name, value)) = line
            .strip_prefix("export ")
            .and_then(|line| line.split_once('='))
        {
            environment.push((name.to_owned(), value.trim_matches('\'').to_owned()));
            if name == "KUBECONFIG" {
                break;
            }
        }
    }
    assert!(
        environment
            .iter()
            .any(|(name, _)| name == "AWS_ENDPOINT_URL"),
        "{environment:?}"
    );
    let ask = |program: &str, args: &[&str]| {
        let output = Command::new(program)
            .envs(environment.clone())
            .env("AWS_PAGER", "")
            .args(args)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{program} {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    if judge("aws", Command::new("aws").arg("--version")) {
        let listed = ask(
            "aws",
            &["eks", "list-access-entries", "--cluster-name", "rehearsal"],
        );
        assert!(
            listed.contains("role/") && listed.contains("/platform"),
            "{listed}"
        );
    }
    if judge(
        "kubectl",
        Command::new("kubectl").args(["version", "--client"]),
    ) {
        let config_map = ask(
            "kubectl",
            &[
                "get",
                "configmap",
                "aws-auth",
                "--namespace",
                "kube-system",
                "--output",
                "yaml",
            ],
        );
        assert!(config_map.contains("mapRoles"), "{config_map}");
    }
    let ended = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(ended.success());
    child.wait().unwrap();
}

#[test]
fn the_whole_arc_goes_there_and_all_the_way_back() {
    let ran = Tool::new(&["rehearse", "--rollback"]).run().expect_code(0);
    expect_stages(
        &ran.stdout,
        &[
            "== Plan",
            "== Apply",
            "== Verify",
            "== Cutover",
            "same access through its entry",
            "== Rollback",
            "Rolled back",
            "still depends on aws-auth",
        ],
    );
    assert!(
        !ran.stdout.contains("LESS access") && !ran.stdout.contains("MORE access"),
        "{}",
        ran.stdout
    );
}

/// Whether the stages come one after the other.
fn expect_stages(text: &str, stages: &[&str]) {
    let mut rest = text;
    for stage in stages {
        let Some((_, after)) = rest.split_once(stage) else {
            panic!("`{stage}` does not follow in:\n{text}");
        };
        rest = after;
    }
}

#[test]
fn the_mode_api_is_rehearsed_on_request_and_is_not_undone() {
    let text = "mapRoles: |\n  - rolearn: arn:aws:iam::111122223333:role/ops\n    username: ops\n    groups: [system:masters]\n";
    let ran = Tool::new(&[
        "rehearse",
        "--to-api-mode",
        "--rollback",
        "--from-file",
        "-",
    ])
    .stdin(text)
    .run()
    .expect_code(0);
    expect_stages(
        &ran.stdout,
        &[
            "== Cutover",
            "same access through its entry",
            "== API mode",
            "The cluster is in the mode API.",
            "same access through its entry",
            "== Rollback",
            "the mode API can't be undone",
            "same access through its entry",
        ],
    );
}

#[test]
fn what_still_depends_on_aws_auth_keeps_a_rehearsal_from_the_mode_api() {
    let ran = Tool::new(&["rehearse", "--to-api-mode"])
        .run()
        .expect_code(3);
    expect_stages(
        &ran.stdout,
        &[
            "== API mode",
            "is not switched to API",
            "still depends on aws-auth",
        ],
    );
}

//! `rehearse`: a whole migration on this machine, and a sandbox for others to look at.

use std::io::{BufRead, BufReader};
use std::process::Command;

use aws_auth_migrate::model::AuthenticationMode;
use aws_auth_migrate::sandbox::NodeGroupSeed;
use serde_json::json;

use crate::many::{Size, many};
use crate::support::{Tool, World, judge, role, seed};

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
fn arns_in_capital_letters_stand_for_principals_too() {
    let text = "mapRoles: |\n  - rolearn: ARN:AWS-CN:IAM::444455556666:role/ops\n    username: ops\n    groups: [system:masters]\n";
    let ran = Tool::new(&["rehearse", "--from-file", "-"])
        .stdin(text)
        .run()
        .expect_code(0);
    for part in ["cn-north-1", "444455556666", "1 created"] {
        assert!(ran.stdout.contains(part), "`{part}`: {}", ran.stdout);
    }
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
fn the_whole_migration_can_be_rolled_back() {
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

#[tokio::test(flavor = "multi_thread")]
async fn the_real_cluster_is_rehearsed_as_it_is_and_only_read() {
    let mut seed = many(Size {
        admins: 1,
        people: 1,
        differing: 1,
        stale: 1,
        wrong_type: 1,
    });
    let data = &mut seed.aws_auth.as_mut().unwrap().data;
    data.get_mut("mapRoles").unwrap().push_str(
        "- {rolearn: \"arn:aws:iam::444455556666:role/far\", username: far, groups: [developers]}\n\
         - {rolearn: \"arn:aws:iam::111122223333:role/deep\", username: deep, groups: [\"system:deep\"]}\n\
         - {rolearn: \"arn:aws:iam::111122223333:role/gone\", username: gone}\n",
    );
    let far = "arn:aws:iam::444455556666:role/far";
    let mut seed = seed
        .with_principals([role("a/path/deep").as_str(), far])
        .with_node_group(NodeGroupSeed::linux("blue", role("blue").parse().unwrap()));
    seed.objects = vec![json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "devs", "namespace": "shop"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "developers"}],
    })];
    let world = World::start(seed).await;
    let before = world.sandbox.state();
    let choices = ["--on-existing", "update"];
    let plan = world.tool("plan").args(&choices).run().expect_code(0);
    let asked = world.sandbox.requests().len();
    let ran = world.tool("rehearse").args(&choices).run().expect_code(0);

    let (_, rest) = ran.stdout.split_once("== Plan\n\n").unwrap();
    let (rehearsed, rest) = rest.split_once("\n== Apply").unwrap();
    let timeless = |plan: &str| -> Vec<String> {
        let lines = plan.trim_end().lines();
        let kept = lines.filter(|line| !line.starts_with("made "));
        kept.map(str::to_owned).collect()
    };
    assert_eq!(timeless(rehearsed), timeless(&plan.stdout));
    expect_stages(
        rest,
        &[
            "created",
            "== Verify",
            "same access through its entry",
            "== Cutover",
        ],
    );
    let requests = world.sandbox.requests().split_off(asked);
    assert!(!requests.is_empty());
    for request in requests {
        assert!(
            request.method == "GET" || request.path == "/",
            "{request:?}"
        );
    }
    assert_eq!(world.sandbox.state(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_reaches_the_cluster_by_a_way_that_is_not_shown_gets_into_the_rehearsal() {
    let text = "- {rolearn: \"arn:aws:iam::111122223333:role/ops\", username: ops, groups: [\"system:masters\"]}\n";
    for mode in [
        AuthenticationMode::ConfigMap,
        AuthenticationMode::ApiAndConfigMap,
    ] {
        let world = World::start(seed(text, &[&role("ops")]).with_mode(mode)).await;
        let kubeconfig = world.write("admin", &world.sandbox.kubeconfig());
        let ran = world.tool("rehearse").arg("--kubeconfig").arg(kubeconfig);
        expect_stages(
            &ran.run().expect_code(0).stdout,
            &["== Apply", "same access through its entry"],
        );
    }
}

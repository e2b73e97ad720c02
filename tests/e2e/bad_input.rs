//! Bad input: each a clear error with what, where, why and the way out, the right exit code, and nothing written.

use aws_auth_migrate::sandbox::{Fault, FaultKind};

use crate::apply::is_mutation;
use crate::support::{CLUSTER, Tool, World, data_seed, in_api_mode, mapping, role, seed};

const TEXT: &str =
    "- rolearn: arn:aws:iam::111122223333:role/dev\n  username: dev\n  groups: [developers]\n";

fn from_stdin(text: &str) -> Tool {
    Tool::new(&["plan", "--from-file", "-"]).stdin(text)
}

#[test]
fn files_that_hold_no_aws_auth() {
    let missing = Tool::new(&["plan", "--from-file", "/nonexistent/aws-auth.yaml"])
        .run()
        .expect_code(1);
    missing.expect_error(&["/nonexistent/aws-auth.yaml", "No such file"]);
    from_stdin("a: [").run().expect_code(1).expect_error(&[
        "standard input",
        "neither YAML nor JSON",
        "line 1 column 5",
        "kubectl get configmap",
    ]);
    from_stdin("")
        .run()
        .expect_code(1)
        .expect_error(&["it is empty"]);
    let other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: coredns}\ndata: {}\n";
    from_stdin(other)
        .run()
        .expect_code(1)
        .expect_error(&["no ConfigMap `aws-auth`", "a ConfigMap `coredns`"]);
    let not_text = "mapRoles:\n- rolearn: a\n";
    from_stdin(not_text)
        .run()
        .expect_code(1)
        .expect_error(&["`data.mapRoles` is a list", "write `mapRoles: |`"]);
    let ran = Tool::new(&["plan", "--from-file", "-"])
        .stdin(vec![0xff, 0xfe, 0x00])
        .run()
        .expect_code(1);
    ran.expect_error(&["UTF-8"]);
}

#[test]
fn options_that_contradict_themselves_or_eks() {
    for args in [
        &[
            "--lookup-role",
            "345678901234=arn:aws:iam::111122223333:role/reader",
        ][..],
        &["--rename-group", "system:masters=admins"],
        &["--rename-group", "system:old=system:new"],
        &["--rename-group", "system:old="],
        &["--rename-group", "a:b=c", "--rename-group", "a:b=d"],
        &["--tag", "aws:created=me"],
    ] {
        let tool = Tool::new(&["plan", "--from-file", "-"]).args(args);
        let ran = tool.stdin("data: {mapRoles: '[]'}").run();
        assert_eq!(ran.code, 64, "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn command_lines_that_can_not_be_meant() {
    for args in [
        &["plan"][..],
        &[],
        &["nonsense"],
        &["plan", "--on-existing", "maybe"],
        &["plan", "--from-file", "x", "--account-id", "123"],
        &["apply", "--cluster", "x", "--concurrency", "0"],
        &["plan", "--cluster", "x", "--lookup-role", "x"],
        &["explain", "AAM000"],
        &["apply", "--cluster", "x", "--max-rate", "0"],
        &["apply", "--cluster", "x", "--max-rate", "1e-30"],
        &["apply", "--cluster", "x", "--timeout", "2562047788015215h"],
        &["apply", "--cluster", "x", "--canary=9000h"],
        &["cutover", "--cluster", "x", "--soak", "9000h"],
        &["cutover", "--cluster", "x", "--min-soak", "9000h"],
        &["plan", "--cluster", "x", "--request-timeout", "9000h"],
    ] {
        let ran = Tool::new(args).run();
        assert_eq!(ran.code, 64, "{args:?}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.is_empty(), "{args:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_does_not_exist() {
    let world = World::start(seed(TEXT, &[])).await;
    let ran = world
        .bare(&["plan", "--cluster", "nowhere"])
        .run()
        .expect_code(1);
    ran.expect_error(&[
        "failed to read the cluster `nowhere`",
        "No cluster found for name: nowhere.",
        "request ",
        "hint: check --cluster",
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_credentials_and_no_region() {
    let world = World::start(seed(TEXT, &[])).await;
    let home = world.path("home");
    let ran = Tool::new(&["plan", "--cluster", CLUSTER, "--region", "eu-west-1"])
        .env("AWS_ENDPOINT_URL", world.sandbox.aws_url())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("HOME", &home)
        .run()
        .expect_code(1);
    ran.expect_error(&["no usable AWS credentials", "hint: log in"]);
    let ran = Tool::new(&["plan", "--cluster", CLUSTER])
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("HOME", &home)
        .run()
        .expect_code(1);
    ran.expect_error(&["find the AWS region", "--region"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_aws_does_not_know() {
    let world = World::start(seed(TEXT, &[])).await;
    let ran = world
        .tool("plan")
        .env("AWS_ACCESS_KEY_ID", "AKIAXXXXXXXXXXXXXXXX")
        .run()
        .expect_code(1);
    ran.expect_error(&["UnrecognizedClientException", "hint: log in again"]);
    world.sandbox.add_fault(Fault::always(
        "DescribeCluster",
        FaultKind::ExpiredCredentials,
    ));
    let ran = world.tool("plan").run().expect_code(1);
    ran.expect_error(&["ExpiredTokenException", "hint: log in again"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_permissions_are_named() {
    let world = World::start(in_api_mode(seed(TEXT, &[&role("dev")]))).await;
    world
        .sandbox
        .add_fault(Fault::always("GetRole", FaultKind::AccessDenied));
    let plan = world.plan().json();
    let dev = mapping(&plan, "mapRoles[0]");
    assert!(dev.to_string().contains("iam:GetRole"), "{dev:#}");
    world.sandbox.clear_faults();

    world
        .sandbox
        .add_fault(Fault::always("DescribeCluster", FaultKind::AccessDenied));
    let ran = world.tool("plan").run().expect_code(1);
    ran.expect_error(&["AccessDeniedException", "hint: grant `eks:DescribeCluster`"]);
    world.sandbox.clear_faults();

    world
        .sandbox
        .add_fault(Fault::always("get configmaps", FaultKind::AccessDenied));
    let ran = world.tool("plan").run().expect_code(1);
    ran.expect_error(&[
        "read the ConfigMap kube-system/aws-auth",
        "forbidden",
        "--from-file",
    ]);
    world.sandbox.clear_faults();

    world
        .sandbox
        .add_fault(Fault::always("ListAccessEntries", FaultKind::AccessDenied));
    assert!(
        world.plan().stdout.contains("AAM606"),
        "a plan goes on with what is unknown"
    );
    let ran = world.apply().run().expect_code(1);
    ran.expect_error(&["nothing was written", "grant `eks:ListAccessEntries`"]);
}

#[test]
fn an_endpoint_where_nothing_listens() {
    let ran = Tool::new(&["plan", "--cluster", CLUSTER, "--region", "eu-west-1"])
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .env("AWS_ACCESS_KEY_ID", "AKIAXXXXXXXXXXXXXXXX")
        .env("AWS_SECRET_ACCESS_KEY", "x")
        .run()
        .expect_code(1);
    ran.expect_error(&["no complete answer from AWS", "hint: check the network"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_aws_auth_and_none_at_all_are_clear_reports() {
    for data in [&[][..], &[("mapRoles", "")], &[("mapRoles", "[]\n")]] {
        let world = World::start(in_api_mode(data_seed(data, &[]))).await;
        let plan = world.plan().json();
        assert_eq!(plan["mappings"].as_array().unwrap().len(), 0);
        world.apply().run().expect_code(0);
    }
    let mut seed = in_api_mode(data_seed(&[], &[]));
    seed.aws_auth = None;
    let world = World::start(seed).await;
    assert!(world.plan().stdout.contains("AAM011"));
    let ran = world.tool("plan").run().expect_code(0);
    assert!(
        ran.stdout.contains("no ConfigMap kube-system/aws-auth"),
        "{}",
        ran.stdout
    );
    assert!(
        world
            .sandbox
            .requests()
            .iter()
            .all(|request| !is_mutation(&request.operation))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_no_yaml_is_reported_and_the_others_still_count() {
    let data = [
        ("mapRoles", "- rolearn: a\n\tusername: b\n"),
        (
            "mapUsers",
            "- userarn: arn:aws:iam::111122223333:user/a\n  username: a\n",
        ),
    ];
    let world = World::start(in_api_mode(data_seed(
        &data,
        &["arn:aws:iam::111122223333:user/a"],
    )))
    .await;
    let ran = world.plan();
    assert!(ran.stdout.contains("AAM001"), "{}", ran.stdout);
    assert_eq!(mapping(&ran.json(), "mapUsers[0]")["outcome"], "create");
    world
        .tool("plan")
        .args(&["--detailed-exitcode"])
        .run()
        .expect_code(3);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_text_reaches_neither_the_terminal_nor_a_panic() {
    let text = "- rolearn: arn:aws:iam::111122223333:role/dev\n  username: \"a\\e[31m\\u202eevil\\r\\n\"\n  groups: [\"g\\u0007\"]\n";
    let world = World::start(in_api_mode(seed(text, &[&role("dev")]))).await;
    for format in ["table", "json", "yaml", "markdown", "html", "csv"] {
        let ran = world
            .tool("plan")
            .args(&["--output", format])
            .run()
            .expect_code(0);
        let hidden = |c: char| {
            (c.is_control() && c != '\n' && !(format == "csv" && c == '\r')) || c == '\u{202e}'
        };
        assert!(!ran.stdout.contains(hidden), "{format}: {:?}", ran.stdout);
    }
}

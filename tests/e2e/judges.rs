//! Third parties as judges: `kubectl` and the `aws` command against the sandbox, and our tool against an AWS emulator
//! that nobody here wrote.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{ACCOUNT, CLUSTER, Tool, World, judge, role, seed};

const TEXT: &str = "\
- rolearn: arn:aws:iam::111122223333:role/ops
  username: ops
  groups: [system:masters, argocd]
- rolearn: arn:aws:iam::111122223333:role/dev
  username: dev:{{SessionName}}
  groups: [developers]
";

async fn migrated() -> World {
    let world = World::start(seed(TEXT, &[&role("team/ops"), &role("dev")])).await;
    world.apply().run().expect_code(0);
    world
}

/// What a command prints; it has to succeed.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// What the `aws` command answers, against a world's sandbox.
pub(crate) fn aws(world: &World, args: &[&str]) -> Value {
    let text = run(world.other("aws").args(args).args(["--output", "json"]));
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aws_command_reads_back_what_was_written() {
    if !judge("aws", Command::new("aws").arg("--version")) {
        return;
    }
    let world = migrated().await;
    let eks = |args: &[&str]| {
        aws(
            &world,
            &[&["eks"], args, &["--cluster-name", CLUSTER]].concat(),
        )
    };
    let listed = eks(&["list-access-entries"]);
    let listed: Vec<&str> = listed["accessEntries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|arn| arn.as_str().unwrap())
        .collect();
    assert!(
        listed.contains(&role("team/ops").as_str()) && listed.contains(&role("dev").as_str()),
        "{listed:?}"
    );
    let dev = eks(&["describe-access-entry", "--principal-arn", &role("dev")]);
    assert_eq!(dev["accessEntry"]["username"], "dev:{{SessionName}}");
    assert_eq!(
        dev["accessEntry"]["kubernetesGroups"],
        serde_json::json!(["developers"])
    );
    let ops = eks(&[
        "list-associated-access-policies",
        "--principal-arn",
        &role("team/ops"),
    ]);
    let policy = &ops["associatedAccessPolicies"][0];
    assert!(
        policy["policyArn"]
            .as_str()
            .unwrap()
            .ends_with("/AmazonEKSClusterAdminPolicy")
    );
    assert_eq!(policy["accessScope"]["type"], "cluster");
    let cluster = aws(&world, &["eks", "describe-cluster", "--name", CLUSTER]);
    assert_eq!(
        cluster["cluster"]["accessConfig"]["authenticationMode"],
        "API_AND_CONFIG_MAP"
    );
    assert_eq!(
        aws(&world, &["sts", "get-caller-identity"])["Account"],
        ACCOUNT
    );
    assert_eq!(
        aws(&world, &["iam", "get-role", "--role-name", "ops"])["Role"]["Path"],
        "/team/"
    );
    let missing = world
        .other("aws")
        .args(["iam", "get-role", "--role-name", "nobody"])
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&missing.stderr).contains("NoSuchEntity"));
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_gets_patches_and_deletes_the_config_map() {
    if !judge(
        "kubectl",
        Command::new("kubectl").args(["version", "--client"]),
    ) {
        return;
    }
    let world = migrated().await;
    let kubectl = |args: &[&str]| {
        run(world
            .other("kubectl")
            .args(["--namespace", "kube-system"])
            .args(args))
    };
    let read = kubectl(&[
        "get",
        "configmap",
        "aws-auth",
        "--output",
        "jsonpath={.data.mapRoles}",
    ]);
    assert_eq!(read, TEXT);
    // What kubectl writes is a file that the tool reads.
    let manifest = kubectl(&["get", "configmap", "aws-auth", "--output", "yaml"]);
    let plan = Tool::new(&["plan", "--output", "json", "--from-file", "-"])
        .stdin(manifest)
        .run()
        .expect_code(0)
        .json();
    assert_eq!(plan["mappings"].as_array().unwrap().len(), 2);
    kubectl(&[
        "patch",
        "configmap",
        "aws-auth",
        "--type",
        "merge",
        "--patch",
        r#"{"data":{"mapUsers":"[]\n"}}"#,
    ]);
    assert_eq!(
        kubectl(&[
            "get",
            "configmap",
            "aws-auth",
            "--output",
            "jsonpath={.data.mapUsers}"
        ]),
        "[]\n"
    );
    kubectl(&["delete", "configmap", "aws-auth"]);
    let ran = world.tool("plan").run().expect_code(0);
    assert!(ran.stdout.contains("AAM011"), "{}", ran.stdout);
}

/// An emulator that is ended with the test.
struct Emulator {
    child: Child,
    port: u16,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Emulator {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let child = Command::new("ministack")
            .env("GATEWAY_PORT", port.to_string())
            .env("MINISTACK_ACCOUNT_ID", ACCOUNT)
            .env("MINISTACK_REGION", "eu-west-1")
            .env("SERVICES", "eks,iam,sts")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let emulator = Self { child, port };
        let until = Instant::now() + Duration::from_mins(1);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "ministack does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
        emulator
    }

    fn environment(&self) -> [(&'static str, String); 6] {
        [
            (
                "AWS_ENDPOINT_URL",
                format!("http://127.0.0.1:{}", self.port),
            ),
            ("AWS_ACCESS_KEY_ID", ACCOUNT.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_REGION", "eu-west-1".to_owned()),
            ("AWS_DEFAULT_REGION", "eu-west-1".to_owned()),
            ("AWS_PAGER", String::new()),
        ]
    }

    fn aws(&self, args: &[&str]) -> Value {
        let text = run(Command::new("aws")
            .envs(self.environment())
            .args(args)
            .args(["--output", "json"]));
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }
}

#[test]
fn a_file_is_migrated_into_an_emulator_that_nobody_here_wrote() {
    let there = judge("aws", Command::new("aws").arg("--version"));
    if !judge("ministack", Command::new("ministack").arg("--help")) || !there {
        return;
    }
    let emulator = Emulator::start();
    let trust = r#"{"Version":"2012-10-17","Statement":[]}"#;
    for (name, path) in [("ops", "/team/"), ("dev", "/"), ("cluster", "/")] {
        let args = [
            "iam",
            "create-role",
            "--role-name",
            name,
            "--path",
            path,
            "--assume-role-policy-document",
            trust,
        ];
        emulator.aws(&args);
    }
    emulator.aws(&[
        "eks",
        "create-cluster",
        "--name",
        CLUSTER,
        "--role-arn",
        &role("cluster"),
        "--resources-vpc-config",
        "subnetIds=a,b",
        "--access-config",
        "authenticationMode=API_AND_CONFIG_MAP",
    ]);
    let until = Instant::now() + Duration::from_mins(1);
    while emulator.aws(&["eks", "describe-cluster", "--name", CLUSTER])["cluster"]["status"]
        != "ACTIVE"
    {
        assert!(Instant::now() < until, "the cluster does not become ACTIVE");
        std::thread::sleep(Duration::from_millis(200));
    }
    let folder = tempfile::tempdir().unwrap();
    let apply = || {
        let manifest: String = TEXT.lines().map(|line| format!("  {line}\n")).collect();
        let tool = Tool::new(&[
            "apply",
            "--yes",
            "--output",
            "json",
            "--cluster",
            CLUSTER,
            // The emulator has no Kubernetes API to compare the file with.
            "--trust-file",
            "--from-file",
            "-",
        ])
        .env("XDG_STATE_HOME", folder.path())
        .stdin(format!("mapRoles: |\n{manifest}"));
        emulator
            .environment()
            .into_iter()
            .fold(tool, |tool, (name, value)| tool.env(name, value))
            .run()
    };
    let applied = apply().expect_code(0).json();
    assert_eq!(
        applied["results"].as_array().unwrap().len(),
        3,
        "{applied:#}"
    );
    let ops = emulator.aws(&[
        "eks",
        "describe-access-entry",
        "--cluster-name",
        CLUSTER,
        "--principal-arn",
        &role("team/ops"),
    ]);
    assert_eq!(
        ops["accessEntry"]["kubernetesGroups"],
        serde_json::json!(["argocd"])
    );
    assert_eq!(ops["accessEntry"]["username"], "ops");
    let policies = emulator.aws(&[
        "eks",
        "list-associated-access-policies",
        "--cluster-name",
        CLUSTER,
        "--principal-arn",
        &role("team/ops"),
    ]);
    assert_eq!(
        policies["associatedAccessPolicies"]
            .as_array()
            .unwrap()
            .len(),
        1,
        "{policies:#}"
    );
    let again = apply().expect_code(0).json();
    assert_eq!(again["results"].as_array().unwrap().len(), 0, "{again:#}");
}

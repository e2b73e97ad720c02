//! `export fleet-runbook`: judged by others, and run as the engines would.

use std::process::Command;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, PersistentVolumeClaim, ServiceAccount};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{fleet, fleet_file, let_the_update_end, world};
use crate::support::{Ran, World, judge, read};

const JUDGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/judges");
const STATE: &str = "/var/lib/aws-auth-migrate";

fn export(world: &World, engine: &str) -> String {
    export_with(
        world,
        engine,
        "--rename-group",
        "system:monitoring=$(m) {x}'s",
    )
}

fn export_with(world: &World, engine: &str, option: &str, value: &str) -> String {
    let file = fleet_file(world);
    let tool = world.bare(&[
        "export",
        "fleet-runbook",
        engine,
        "--shards",
        "3",
        "--fleet",
    ]);
    tool.arg(file)
        .args(&[option, value])
        .run()
        .expect_code(0)
        .stdout
}

fn documents(text: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(text)
        .map(|document| Value::deserialize(document).unwrap())
        .collect()
}

/// The object as its own type has it, which knows every field.
#[track_caller]
fn known<T: DeserializeOwned + Serialize>(object: &Value) {
    let typed: T = serde_json::from_value(object.clone()).unwrap();
    assert_eq!(serde_json::to_value(typed).unwrap(), *object);
}

fn named<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let is_it = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
    objects.iter().find(is_it).unwrap()
}

/// The arguments of each shard, and those of the merge, of a command.
struct Commands {
    shards: Vec<Vec<String>>,
    merge: Vec<String>,
}

fn words(args: &Value) -> Vec<String> {
    let args = args.as_array().unwrap().iter();
    args.map(|arg| arg.as_str().unwrap().to_owned()).collect()
}

/// As the kubelet puts variables in; `$$` is a dollar.
fn of_kubernetes(objects: &[Value], verb: &str) -> Commands {
    let args = |name: &str| {
        let job = named(objects, "Job", name);
        words(&job["spec"]["template"]["spec"]["containers"][0]["args"])
    };
    let filled = |index: usize| {
        let put = |arg: &String| {
            let arg = arg.replace("$$", "\u{1}");
            let arg = arg.replace("$(JOB_COMPLETION_INDEX)", &index.to_string());
            arg.replace('\u{1}', "$")
        };
        args(verb).iter().map(put).collect()
    };
    Commands {
        shards: (0..3).map(filled).collect(),
        merge: args(&format!("{verb}-report")),
    }
}

/// As the workflow controller puts parameters in.
fn of_argo(objects: &[Value], verb: &str) -> Commands {
    let workflow = named(objects, "WorkflowTemplate", "aws-auth-migrate-fleet");
    let args = |name: &str| {
        let templates = workflow["spec"]["templates"].as_array().unwrap();
        let template = templates.iter().find(|one| one["name"] == name).unwrap();
        words(&template["container"]["args"])
    };
    let filled = |index: usize| {
        let put = |arg: &String| arg.replace("{{inputs.parameters.index}}", &index.to_string());
        args(verb).iter().map(put).collect()
    };
    Commands {
        shards: (0..3).map(filled).collect(),
        merge: args(&format!("{verb}-report")),
    }
}

/// As Step Functions evaluates `States.Array` and `States.Format`.
fn of_step_functions(machine: &Value, verb: &str) -> Commands {
    let command = |task: &Value| {
        let overrides = &task["Parameters"]["Overrides"]["ContainerOverrides"][0];
        overrides["Command.$"].as_str().unwrap().to_owned()
    };
    let map = &machine["States"][format!("Run {verb}")];
    let shard = command(&map["ItemProcessor"]["States"][format!("Shard of {verb}")]);
    let merge = command(&machine["States"][format!("Report of {verb}")]);
    Commands {
        shards: (0..3).map(|index| evaluated(&shard, index)).collect(),
        merge: evaluated(&merge, 0),
    }
}

fn evaluated(expression: &str, index: usize) -> Vec<String> {
    let mut rest = expression
        .strip_prefix("States.Array(")
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap();
    let mut words = Vec::new();
    while !rest.is_empty() {
        rest = rest.trim_start_matches(", ");
        let format = rest.strip_prefix("States.Format(");
        let (text, after) = literal(format.unwrap_or(rest));
        if format.is_some() {
            let (numbers, after) = after.split_once(')').unwrap();
            let count = numbers.matches("$.index").count();
            assert_eq!(text.matches("{}").count(), count, "{expression}");
            words.push(text.replace("{}", &index.to_string()));
            rest = after;
        } else {
            words.push(text);
            rest = after;
        }
    }
    words
}

/// A quoted text at the beginning, and what follows it.
fn literal(text: &str) -> (String, &str) {
    let mut chars = text.strip_prefix('\'').unwrap().char_indices();
    let mut read = String::new();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => read.push(chars.next().unwrap().1),
            '\'' => return (read, &text[at + 2..]),
            c => read.push(c),
        }
    }
    panic!("no end in {text}")
}

/// Runs a command of a runbook with its volume and its fleet file in the world's folder.
fn run(world: &World, args: &[String]) -> Ran {
    let state = world.path("volume");
    let file = fleet_file(world);
    let here = |arg: &String| {
        arg.replace(
            "--fleet=/etc/aws-auth-migrate/fleet.yaml",
            &format!("--fleet={}", file.display()),
        )
        .replace(
            &format!("--fleet={STATE}/fleet.yaml"),
            &format!("--fleet={}", file.display()),
        )
        .replace(STATE, state.to_str().unwrap())
    };
    let args: Vec<String> = args.iter().map(here).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    world
        .bare(&args)
        .env("XDG_STATE_HOME", state.join("state"))
        .run()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_engine_runs_the_same_commands() {
    let world = world().await;
    let kubernetes = documents(&export(&world, "kubernetes-job"));
    let argo = documents(&export(&world, "argo"));
    let machine: Value = serde_json::from_str(&export(&world, "step-functions")).unwrap();
    for verb in ["plan", "apply", "verify"] {
        let expected = of_kubernetes(&kubernetes, verb);
        let other = of_argo(&argo, verb);
        assert_eq!(other.shards, expected.shards);
        assert_eq!(other.merge, expected.merge);
        let other = of_step_functions(&machine, verb);
        let fleet = |args: &Vec<String>| {
            let put = |arg: &String| {
                arg.replace(
                    &format!("--fleet={STATE}/"),
                    "--fleet=/etc/aws-auth-migrate/",
                )
            };
            args.iter().map(put).collect()
        };
        let shards: Vec<Vec<String>> = other.shards.iter().map(fleet).collect();
        assert_eq!(shards, expected.shards);
        assert_eq!(other.merge, expected.merge);
    }
    let last = of_kubernetes(&kubernetes, "plan").shards.pop().unwrap();
    assert!(last.contains(&"--shard=2/3".to_owned()), "{last:?}");
    assert!(
        last.contains(&"--rename-group=system:monitoring=$(m) {x}'s".to_owned()),
        "{last:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runbook_carries_a_fleet_from_the_plan_to_the_proof() {
    let world = world().await;
    let_the_update_end(&world);
    let objects = documents(&export_with(
        &world,
        "kubernetes-job",
        "--exclude",
        "*:role/legacy",
    ));
    let plan = of_kubernetes(&objects, "plan");
    for shard in &plan.shards {
        run(&world, shard);
    }
    let merged = run(&world, &plan.merge).expect_code(1);
    assert!(
        merged
            .stdout
            .starts_with("7 clusters: 1 without changes, 5 pending, 1 failed\n"),
        "{}",
        merged.stdout
    );
    let apply = of_kubernetes(&objects, "apply");
    for shard in &apply.shards {
        let mut shard = shard.clone();
        // As the comment at the top says.
        shard.push("--enable-access-entries".to_owned());
        run(&world, &shard);
    }
    let merged = run(&world, &apply.merge).expect_code(1);
    assert!(
        merged
            .stdout
            .starts_with("7 clusters: 6 applied, 1 failed\n"),
        "{}",
        merged.stdout
    );
    let verify = of_kubernetes(&objects, "verify");
    for shard in &verify.shards {
        run(&world, shard);
    }
    let merged = run(&world, &verify.merge).expect_code(1);
    assert!(
        merged.stdout.contains("6 safe to cut over"),
        "{}",
        merged.stdout
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn kubernetes_knows_every_field_of_the_jobs() {
    let world = world().await;
    let text = export(&world, "kubernetes-job");
    let objects = documents(&text);
    known::<Namespace>(named(&objects, "Namespace", "aws-auth-migrate-fleet"));
    known::<ServiceAccount>(named(&objects, "ServiceAccount", "aws-auth-migrate-fleet"));
    let claim = named(&objects, "PersistentVolumeClaim", "aws-auth-migrate-fleet");
    known::<PersistentVolumeClaim>(claim);
    let config = named(&objects, "ConfigMap", "aws-auth-migrate-fleet");
    known::<ConfigMap>(config);
    assert_eq!(config["data"]["fleet.yaml"], read(&fleet_file(&world)));
    let jobs: Vec<_> = objects
        .iter()
        .filter(|object| object["kind"] == "Job")
        .collect();
    assert_eq!(jobs.len(), 6);
    for job in jobs {
        known::<Job>(job);
        let spec = &job["spec"];
        assert_eq!(spec["suspend"], job["metadata"]["name"] != "plan");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_validator_of_the_states_language_admits_the_machine() {
    let validator = format!("{JUDGES}/node_modules/.bin/asl-validator");
    if !judge(
        "asl-validator (npm)",
        Command::new(&validator).arg("--version"),
    ) {
        return;
    }
    let world = world().await;
    let file = world.write("machine.json", &export(&world, "step-functions"));
    let output = Command::new(validator)
        .arg("--json-path")
        .arg(file)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_of_argo_admits_the_template() {
    let path = format!("{JUDGES}/argo-workflows.schema.json");
    if !judge(
        "schema (argoproj/argo-workflows: api/jsonschema/schema.json)",
        Command::new("test").args(["-e", &path]),
    ) {
        return;
    }
    let mut schema: Value = serde_json::from_str(&read(std::path::Path::new(&path))).unwrap();
    // Argo's server refuses fields that it does not know; its schema leaves that out.
    let definitions = schema["definitions"].as_object_mut().unwrap();
    for definition in definitions.values_mut() {
        if definition.get("properties").is_some() {
            definition["additionalProperties"] = false.into();
        }
    }
    let root = "#/definitions/io.argoproj.workflow.v1alpha1.WorkflowTemplate";
    let schema = serde_json::json!({"$ref": root, "definitions": schema["definitions"]});
    let validator = jsonschema::draft7::new(&schema).unwrap();
    let world = world().await;
    let objects = documents(&export(&world, "argo"));
    let template = named(&objects, "WorkflowTemplate", "aws-auth-migrate-fleet");
    let errors: Vec<String> = validator
        .iter_errors(template)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    let mut wrong = template.clone();
    wrong["spec"]["templates"][0]["setps"] = 1.into();
    assert!(!validator.is_valid(&wrong), "the schema takes anything");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_runbook_can_not_carry_is_refused() {
    let world = world().await;
    let refused = |args: &[&str], parts: &[&str]| {
        world
            .bare(&["export"])
            .args(args)
            .run()
            .expect_code(64)
            .expect_error(parts);
    };
    let file = fleet_file(&world);
    let file = file.to_str().unwrap();
    refused(&["fleet-runbook"], &["needs an engine and a fleet"]);
    refused(&["fleet-runbook", "argo", "--shards", "2"], &["--fleet"]);
    refused(
        &["fleet-runbook", "argo", "--shards", "0", "--fleet", file],
        &["--shards"],
    );
    refused(
        &["terraform", "argo", "--shards", "2", "--fleet", file],
        &["does not apply to this format"],
    );
    refused(
        &[
            "fleet-runbook",
            "argo",
            "--cluster",
            "x",
            "--shards",
            "2",
            "--fleet",
            file,
        ],
        &["`--cluster` does not apply to this format"],
    );
    let braces = [
        "fleet-runbook",
        "argo",
        "--shards",
        "2",
        "--rename-group",
        "a={{b",
        "--fleet",
        file,
    ];
    refused(&braces, &["has two braces in a row"]);
    let with = |field: &str| {
        let text = format!(
            "schema: aws-auth-migrate/fleet/v1\nclusters:\n- {{name: a, region: eu-west-1, {field}}}\n"
        );
        world.write("with.yaml", &text).to_str().unwrap().to_owned()
    };
    let file = with("kubeconfig: k");
    refused(
        &["fleet-runbook", "argo", "--shards", "2", "--fleet", &file],
        &["needs the kubeconfig"],
    );
    let file = with("principals: /etc/principals.csv");
    refused(
        &["fleet-runbook", "argo", "--shards", "2", "--fleet", &file],
        &["is not in the folder of the fleet file"],
    );
    assert_eq!(fleet(&world, "plan", &["--shard", "3/3"]).code, 64);
}

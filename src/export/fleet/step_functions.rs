//! A state machine of AWS Step Functions: a Distributed Map over the shards.

use serde_json::{Value, json};

use super::FleetRunbook;
use crate::yaml;

/// The definition, in the Amazon States Language.
///
/// One execution runs one command over all shards, each as a task of Amazon ECS on Fargate, and then merges the reports.
/// The execution's input names the command (`plan`, `apply` or `verify`), the ECS cluster, the task definition and the
/// subnets; a person reads the report of `plan` before starting `apply`.
/// Source: Step Functions Developer Guide, "Using Map state in Distributed mode", "Run Amazon ECS or Fargate tasks with
/// Step Functions", and "Intrinsic functions", `States.ArrayRange`.
#[must_use]
pub fn step_functions(runbook: &FleetRunbook) -> String {
    let last = runbook.shards.saturating_sub(1);
    let mut states = serde_json::Map::new();
    let choices: Vec<Value> = super::VERBS
        .iter()
        .map(|verb| json!({"Variable": "$.command", "StringEquals": verb, "Next": format!("Shards of {verb}")}))
        .collect();
    states.insert(
        "Which command".to_owned(),
        json!({"Type": "Choice", "Choices": choices, "Default": "Unknown command"}),
    );
    states.insert(
        "Unknown command".to_owned(),
        json!({"Type": "Fail", "Error": "UnknownCommand", "Cause": "the input's `command` is plan, apply or verify"}),
    );
    for verb in super::VERBS {
        let (number, map, shard, merge) = (
            format!("Shards of {verb}"),
            format!("Run {verb}"),
            format!("Shard of {verb}"),
            format!("Report of {verb}"),
        );
        states.insert(
            number,
            json!({
                "Type": "Pass",
                "Parameters": {
                    "indexes.$": format!("States.ArrayRange(0, {last}, 1)"),
                    "ecs.$": "$.ecs",
                },
                "Next": map,
            }),
        );
        states.insert(
            map,
            json!({
                "Type": "Map",
                "ItemsPath": "$.indexes",
                "ItemSelector": {"index.$": "$$.Map.Item.Value", "ecs.$": "$.ecs"},
                "MaxConcurrency": 16,
                // What failed in some clusters is in their rows.
                "ToleratedFailurePercentage": 100,
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": shard,
                    "States": {(shard.as_str()): retried(task(&shard_command(runbook, verb)))},
                },
                "ResultPath": Value::Null,
                "Next": merge,
            }),
        );
        states.insert(merge, task(&array(&runbook.merge_args(verb))));
    }
    let document = json!({
        "Comment": format!(
            "aws-auth-migrate {}: {} clusters in {} shards. Input: {{\"command\": \"plan\", \"ecs\": {{\"cluster\": ARN, \
             \"taskDefinition\": ARN, \"subnets\": [ID]}}}}. The task definition has a container aws-auth-migrate with the tool{}",
            env!("CARGO_PKG_VERSION"),
            runbook.clusters,
            runbook.shards,
            needs(runbook),
        ),
        "StartAt": "Which command",
        "States": states,
    });
    yaml::json(&document)
}

/// What the task definition has besides.
fn needs(runbook: &FleetRunbook) -> String {
    let state = runbook.state();
    if runbook.state.is_none() {
        return format!(
            ", XDG_STATE_HOME={state}/state, and an Amazon EFS volume at {state} that holds fleet.yaml."
        );
    }
    let notes = runbook.state_notes().join(" ");
    format!(". Upload fleet.yaml and the files that it names to {state}/. {notes}")
}

/// The command of a shard as an intrinsic function: the number is known when it runs.
fn shard_command(runbook: &FleetRunbook, verb: &str) -> String {
    let fleet = format!("{}/fleet.yaml", runbook.state());
    let args = runbook.shard_args(verb, "{}", &fleet);
    let parts: Vec<String> = args
        .iter()
        .map(|arg| {
            let mut given = runbook.options.iter();
            let count = if given.any(|option| option.to_string() == *arg) {
                0
            } else {
                arg.matches("{}").count()
            };
            if count == 0 {
                return literal(arg);
            }
            let numbers = vec!["$.index"; count];
            format!("States.Format('{arg}', {})", numbers.join(", "))
        })
        .collect();
    format!("States.Array({})", parts.join(", "))
}

fn array(args: &[String]) -> String {
    let parts: Vec<String> = args.iter().map(|arg| literal(arg)).collect();
    format!("States.Array({})", parts.join(", "))
}

/// A text within an intrinsic function.
///
/// Source: Amazon States Language, "Intrinsic Functions": `'`, `{`, `}` and `\` are escaped by a backslash.
fn literal(text: &str) -> String {
    let mut written = String::from("'");
    for c in text.chars() {
        if matches!(c, '\'' | '{' | '}' | '\\') {
            written.push('\\');
        }
        written.push(c);
    }
    written.push('\'');
    written
}

/// A task of ECS that ends its states.
fn task(command: &str) -> Value {
    json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::ecs:runTask.sync",
        "Parameters": {
            "LaunchType": "FARGATE",
            "Cluster.$": "$.ecs.cluster",
            "TaskDefinition.$": "$.ecs.taskDefinition",
            "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets.$": "$.ecs.subnets", "AssignPublicIp": "DISABLED"}},
            "Overrides": {"ContainerOverrides": [{"Name": "aws-auth-migrate", "Command.$": command}]},
        },
        "End": true,
    })
}

/// The same again where it could not be placed or was stopped from outside: it resumes.
fn retried(mut task: Value) -> Value {
    task["Retry"] = json!([{
        "ErrorEquals": ["ECS.AmazonECSException", "States.Timeout"],
        "IntervalSeconds": 30, "MaxAttempts": 3, "BackoffRate": 2,
    }]);
    task
}

//! What each runbook looks like, and that no text gets out of its place.

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use super::*;
use crate::choices::{Choices, ManagedNodes, OnExisting, Usernames};
use crate::model::Glob;
use crate::report::tests::plans::{HOSTILE, awkward, large, small, with_texts};

type Export = fn(&Plan, &Runbook) -> String;

const RUNBOOKS: [(&str, Export); 3] = [
    ("ssm-automation.yaml", ssm_automation),
    ("kubernetes-job.yaml", kubernetes_job),
    ("github-actions.yaml", github_actions),
];

#[test]
fn runbooks_look_as_they_did() {
    let given = Runbook {
        image: Some("registry.example/aws-auth-migrate:0.1.0".to_owned()),
        role_arn: "arn:aws:iam::111122223333:role/migrator".parse().ok(),
        plan_role_arn: "arn:aws:iam::111122223333:role/planner".parse().ok(),
        options: vec![CommandOption::Exclude(Glob::new("*:role/legacy-*"))],
    };
    for (plan_name, plan, runbook) in [
        ("small", small(), Runbook::default()),
        ("large", large(), given.clone()),
        ("awkward", awkward(), given),
    ] {
        for (name, export) in RUNBOOKS {
            insta::with_settings!({
                snapshot_path => "../../../testdata/export",
                prepend_module_to_snapshot => false,
                omit_expression => true,
            }, { insta::assert_snapshot!(format!("{plan_name}.{name}"), export(&plan, &runbook)) });
        }
    }
}

#[test]
fn every_choice_is_given_again() {
    let mut plan = small();
    plan.choices = Choices {
        on_existing: OnExisting::Update,
        usernames: Usernames::Default,
        managed_nodes: ManagedNodes::Skip,
        rename_groups: [("system:a".to_owned(), "a".to_owned())].into(),
        include_inert: true,
        only: vec![Glob::new("*ops*")],
        exclude: vec![Glob::new("*x?")],
        tags: [("team".to_owned(), "a b".to_owned())].into(),
        strict: true,
        ..Choices::default()
    };
    plan.source.options = vec![
        "--profile=mine".to_owned().into(),
        "--lookup-role=444455556666=arn:aws:iam::444455556666:role/look"
            .to_owned()
            .into(),
    ];
    let words: Vec<String> = options(&plan)
        .unwrap()
        .into_iter()
        .map(Into::into)
        .collect();
    assert_eq!(
        words,
        [
            "--lookup-role=444455556666=arn:aws:iam::444455556666:role/look",
            "--on-existing=update",
            "--usernames=default",
            "--rename-group=system:a=a",
            "--managed-nodes=skip",
            "--only=*ops*",
            "--exclude=*x?",
            "--tag=team=a b",
            "--include-inert",
            "--strict",
        ]
    );
    assert!(options(&small()).unwrap().is_empty());
    let role: Arn = "arn:aws:iam::444455556666:role/look".parse().unwrap();
    assert_eq!(
        lookup_roles(&plan),
        [("444455556666".to_owned(), role)].into()
    );
}

#[test]
fn an_option_that_hides_something_is_refused() {
    let mut plan = small();
    plan.choices = Choices {
        rename_groups: [("a\u{202e}b".to_owned(), "c".to_owned())].into(),
        ..Choices::default()
    };
    assert_eq!(
        options(&plan),
        Err("--rename-group=a\u{202e}b=c".to_owned().into())
    );
}

/// Three braces in a row once left two of them side by side.
#[test]
fn braces_never_open_side_by_side() {
    let options = [CommandOption::Exclude(Glob::new("{{{x"))];
    assert_eq!(words(&options), " '--exclude={''{''{x'");
    let mut plan = small();
    plan.cluster.arn = Some("{{{{".to_owned());
    assert!(!comment(&plan, &[]).contains("{{"));
}

fn documents(text: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(text)
        .map(|document| Value::deserialize(document).unwrap())
        .collect()
}

/// Everything but the comments, where only texts that a cluster, role or image could have may differ.
fn without_defaults(export: Export, plan: &Plan, runbook: &Runbook) -> Vec<Value> {
    let mut read = documents(&export(plan, runbook));
    for document in &mut read {
        if document["kind"] == "ConfigMap" {
            document["data"].take();
        }
    }
    read
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_text_from_the_cluster_gets_into_a_runbook(text in prop_oneof![
        proptest::sample::select(HOSTILE).prop_map(str::to_owned),
        r#"[-'"`|<>&\\\n:#{}$%\[\], a]{1,12}"#,
    ]) {
        // A letter would make it a name that a cluster can have.
        let text = format!("{{{{{text}");
        let plan = with_texts(&[text]);
        let mut unnamed = small();
        unnamed.cluster.name = None;
        unnamed.cluster.region = None;
        for (name, export) in RUNBOOKS {
            let written = export(&plan, &Runbook::default());
            let hidden = written.chars().find(|&c| is_hidden(c) && c != '\n');
            prop_assert_eq!(hidden, None, "{}: {}", name, written);
            prop_assert_eq!(
                without_defaults(export, &plan, &Runbook::default()),
                without_defaults(export, &unnamed, &Runbook::default())
            );
        }
    }

    #[test]
    fn options_reach_the_tool_as_they_were_given(text in r#"[-'"`|<>&\\:#{}$%()\[\], a]{1,12}"#) {
        let option = CommandOption::Exclude(Glob::new(&text));
        let script = format!("printf '%s\\n'{}", words(std::slice::from_ref(&option)));
        prop_assert!(!script.contains("{{"));
        let output = std::process::Command::new("sh").arg("-c").arg(&script).output().unwrap();
        prop_assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{option}\n"));
    }
}

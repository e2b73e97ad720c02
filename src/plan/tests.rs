//! What is planned for a principal that has an access entry already, and in which order.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::document::{Blocker, Source, SourceKind};
use super::*;
use crate::choices::{Choices, OnExisting};
use crate::finding::Code;
use crate::model::{LiveEntry, Principal};
use crate::observed::{Lookup, Observed};
use crate::reader::read;
use crate::source::AwsAuth;

const OPS: &str = "arn:aws:iam::111122223333:role/ops";
const NODES: &str = "arn:aws:iam::111122223333:role/nodes";
const DEV: &str = "arn:aws:iam::111122223333:role/dev";
const ADMIN_POLICY: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
const VIEW_POLICY: &str = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";

/// A cluster in the mode `API_AND_CONFIG_MAP` whose IAM knows every role that is mapped.
struct Shop {
    map_roles: String,
    live: Option<Value>,
    caller: Option<Principal>,
    on_existing: OnExisting,
    ours: Ours,
}

impl Shop {
    fn new(map_roles: &str) -> Self {
        Self {
            map_roles: map_roles.to_owned(),
            live: None,
            caller: None,
            on_existing: OnExisting::default(),
            ours: Ours::default(),
        }
    }

    /// With one access entry.
    fn with(self, live: Value) -> Self {
        Self {
            live: Some(live),
            ..self
        }
    }

    fn plan(&self) -> Plan {
        let aws_auth = AwsAuth {
            data: [("mapRoles".to_owned(), self.map_roles.clone())].into(),
            ..AwsAuth::default()
        };
        let reading = read(&aws_auth.text());
        let found = |arn: &str| {
            let arn = arn.parse().unwrap();
            let key = Principal::from_arn(&arn).unwrap().key();
            let created_at = None;
            (key, Lookup::Found { arn, created_at })
        };
        let mapped = reading.mappings.iter();
        let live = self.live.clone().map(serde_json::from_value::<LiveEntry>);
        let cluster = json!({
            "accountId": "111122223333", "partition": "aws", "authenticationMode": "API_AND_CONFIG_MAP",
        });
        let observed = Observed {
            cluster: serde_json::from_value(cluster).unwrap(),
            entries: Some(live.into_iter().map(Result::unwrap).collect()),
            node_roles: Some(Vec::new()),
            principals: mapped.map(|mapping| found(&mapping.arn)).collect(),
            rbac: None,
            caller: self.caller.clone(),
        };
        let source = Source {
            kind: SourceKind::Cluster,
            sha256: String::new(),
            resource_version: None,
            options: Vec::new(),
        };
        let choices = Choices {
            on_existing: self.on_existing,
            ..Choices::default()
        };
        let now = Timestamp::UNIX_EPOCH;
        build(&reading, source, &observed, &choices, &self.ours, now)
    }
}

#[test]
fn administrator_in_one_namespace_is_associated_with_the_whole_cluster_first() {
    let policy = |arn: &str, scope: Value| json!({"policyArn": arn, "accessScope": scope});
    let mut shop = Shop::new(&format!(
        "- {{rolearn: '{OPS}', username: ops, groups: ['system:masters']}}"
    ))
    .with(json!({
        "principalArn": OPS, "type": "STANDARD", "username": "ops", "kubernetesGroups": [], "tags": {},
        "accessPolicies": [
            policy(ADMIN_POLICY, json!({"type": "namespace", "namespaces": ["dev"]})),
            policy(VIEW_POLICY, json!({"type": "cluster"})),
        ],
    }));
    shop.on_existing = OnExisting::Update;
    let plan = shop.plan();
    let calls: Vec<_> = plan.actions.iter().map(|action| &action.kind).collect();
    let associate = json!({
        "kind": "associateAccessPolicy", "principalArn": OPS, "policyArn": ADMIN_POLICY,
        "accessScope": {"type": "cluster", "namespaces": []},
    });
    let disassociate = json!({
        "kind": "disassociateAccessPolicy", "principalArn": OPS, "policyArn": VIEW_POLICY,
    });
    assert_eq!(json!(calls), json!([associate, disassociate]));
}

#[test]
fn policy_that_somebody_removed_from_an_entry_is_not_associated_again() {
    let mut shop = Shop::new(&format!(
        "- {{rolearn: '{OPS}', username: ops, groups: ['system:masters']}}"
    ))
    .with(json!({
        "principalArn": OPS, "type": "STANDARD", "username": "ops", "kubernetesGroups": [],
        "tags": {RUN_TAG: "run"}, "accessPolicies": [],
    }));
    // The journal knows of no association: the run was stopped before it.
    let stopped = shop.plan();
    assert_eq!(stopped.mappings[0].outcome, Outcome::Update);
    assert_eq!(stopped.actions.len(), 1);

    shop.ours.associated = BTreeSet::from([(OPS.to_owned(), ADMIN_POLICY.to_owned())]);
    let removed = shop.plan();
    assert_eq!(removed.mappings[0].outcome, Outcome::Conflict);
    assert_eq!(removed.mappings[0].blocker, Some(Blocker::LiveDiffers));
    assert!(removed.actions.is_empty());
}

#[test]
fn entry_of_another_node_type_is_a_conflict_even_where_it_gives_the_same() {
    let plan = Shop::new(&format!(
        "- {{rolearn: '{NODES}', username: 'system:node:{{{{EC2PrivateDNSName}}}}', \
         groups: ['system:bootstrappers', 'system:nodes']}}"
    ))
    .with(json!({
        "principalArn": NODES, "type": "HYPERPOD_LINUX", "username": "system:node:{{EC2PrivateDNSName}}",
        "kubernetesGroups": [], "tags": {}, "accessPolicies": [],
    }))
    .plan();
    let nodes = &plan.mappings[0];
    assert!(nodes.drift.as_ref().unwrap().keeps_access());
    let mut codes = nodes.findings.iter().map(|finding| finding.code);
    assert!(codes.any(|code| code == Code::ManagedEntryWrongType));
    assert_eq!(nodes.outcome, Outcome::Conflict);
    assert_eq!(nodes.blocker, Some(Blocker::LiveDiffers));
}

#[test]
fn callers_entry_is_created_before_everybody_elses() {
    let mapping = |arn: &str| {
        let name = arn.rsplit_once('/').unwrap().1;
        format!("- {{rolearn: '{arn}', username: {name}, groups: [{name}]}}\n")
    };
    let mut shop = Shop::new(&[DEV, OPS].map(mapping).concat());
    let order = |shop: &Shop| -> Vec<String> {
        let actions = shop.plan().actions.into_iter();
        let of = |action: Action| action.kind.principal_arn().map(ToString::to_string);
        actions.filter_map(of).collect()
    };
    assert_eq!(order(&shop), [DEV, OPS]);
    shop.caller = Principal::as_matched(OPS);
    assert_eq!(order(&shop), [OPS, DEV]);
}

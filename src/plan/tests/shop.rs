//! A small cluster to plan for in tests, made by hand.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::access::rbac_file::read_rbac;
use crate::choices::Choices;
use crate::decisions::Answer;
use crate::model::rbac::Rbac;
use crate::model::{LiveEntry, Principal};
use crate::observed::{Lookup, NodeOs, NodeRole, NodeRoleUser, Observed};
use crate::plan::document::{Source, SourceKind};
use crate::plan::{Ours, Plan, PlannedMapping, build};
use crate::source::AwsAuth;

pub(in crate::plan) const OPS: &str = "arn:aws:iam::111122223333:role/ops";
pub(in crate::plan) const NODES: &str = "arn:aws:iam::111122223333:role/nodes";
pub(in crate::plan) const DEV: &str = "arn:aws:iam::111122223333:role/dev";

/// When IAM made every principal.
const MADE: &str = "2026-01-02T00:00:00Z";
/// When an entry was made that is older than its principal.
const BEFORE: &str = "2026-01-01T00:00:00Z";

/// A cluster in the mode `API_AND_CONFIG_MAP` whose IAM knows every role that is mapped.
pub(in crate::plan) struct Shop {
    pub(in crate::plan) map_roles: String,
    pub(in crate::plan) mode: &'static str,
    pub(in crate::plan) live: Vec<LiveEntry>,
    /// What uses node roles; `None` where it could not be read.
    pub(in crate::plan) node_roles: Option<Vec<NodeRole>>,
    /// Real ARNs that are others than the written ones.
    pub(in crate::plan) real: Vec<(&'static str, &'static str)>,
    /// The bindings; `None` where they could not be read.
    pub(in crate::plan) rbac: Option<Rbac>,
    pub(in crate::plan) caller: Option<Principal>,
    pub(in crate::plan) choices: Choices,
    pub(in crate::plan) ours: Ours,
}

/// An answer about a principal, as the decisions file has it.
pub(in crate::plan) fn answer(principal: &str, what: &str, accept: Value) -> Answer {
    let mut answer = json!({"principal": principal, "do": what});
    if !accept.is_null() {
        answer["accept"] = accept;
    }
    serde_json::from_value(answer).unwrap()
}

impl Shop {
    pub(in crate::plan) fn new(map_roles: &str) -> Self {
        Self {
            map_roles: map_roles.to_owned(),
            mode: "API_AND_CONFIG_MAP",
            live: Vec::new(),
            node_roles: Some(Vec::new()),
            real: Vec::new(),
            rbac: None,
            caller: None,
            choices: Choices::default(),
            ours: Ours::default(),
        }
    }

    /// With one more access entry.
    pub(in crate::plan) fn with(mut self, live: Value) -> Self {
        self.live.push(serde_json::from_value(live).unwrap());
        self
    }

    /// With one that is older than its principal.
    pub(in crate::plan) fn with_stale(self, mut live: Value) -> Self {
        live["createdAt"] = json!(BEFORE);
        self.with(live)
    }

    /// With the bindings of these names, each with the role `view`: `User/NAME` or `Group/NAME`.
    pub(in crate::plan) fn bound(self, subjects: &[&str]) -> Self {
        let binding = |(number, subject): (usize, &&str)| {
            let (kind, name) = subject.split_once('/').unwrap();
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                "metadata": {"name": format!("binding-{number}")},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
                "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}],
            })
        };
        let items: Vec<Value> = subjects.iter().enumerate().map(binding).collect();
        let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
        let rbac = read_rbac(&list.to_string()).unwrap();
        Self {
            rbac: Some(rbac),
            ..self
        }
    }

    /// With a managed node group that uses a role.
    pub(in crate::plan) fn node_group(mut self, role: &str) -> Self {
        self.node_roles.get_or_insert_default().push(NodeRole {
            role_arn: role.parse().unwrap(),
            user: NodeRoleUser::NodeGroup {
                name: "blue".to_owned(),
                os: NodeOs::Linux,
            },
        });
        self
    }

    /// With an answer about `OPS`.
    pub(in crate::plan) fn decided(mut self, what: &str, accept: Value) -> Self {
        self.choices.answers.push(answer(OPS, what, accept));
        self
    }

    pub(in crate::plan) fn plan(&self) -> Plan {
        let aws_auth = AwsAuth {
            data: [("mapRoles".to_owned(), self.map_roles.clone())].into(),
            ..AwsAuth::default()
        };
        let reading = aws_auth.read();
        let found = |written: &str| {
            let mut real = self.real.iter();
            let real = real.find(|(known, _)| *known == written);
            let arn = real.map_or(written, |(_, real)| real).parse().unwrap();
            let key = Principal::from_arn(&arn).unwrap().key();
            let created_at = Some(MADE.parse().unwrap());
            (key, Lookup::Found { arn, created_at })
        };
        let mapped = reading.mappings.iter();
        let cluster = json!({
            "accountId": "111122223333", "partition": "aws", "authenticationMode": self.mode,
        });
        let observed = Observed {
            cluster: serde_json::from_value(cluster).unwrap(),
            entries: Some(self.live.clone()),
            node_roles: self.node_roles.clone(),
            principals: mapped.map(|mapping| found(&mapping.arn)).collect(),
            rbac: self.rbac.clone(),
            caller: self.caller.clone(),
        };
        let source = Source {
            kind: SourceKind::Cluster,
            sha256: String::new(),
            resource_version: None,
            options: Vec::new(),
        };
        let now = Timestamp::UNIX_EPOCH;
        build(&reading, source, &observed, &self.choices, &self.ours, now)
    }

    /// What becomes of the first mapping.
    pub(in crate::plan) fn first(&self) -> PlannedMapping {
        self.plan().mappings.swap_remove(0)
    }
}

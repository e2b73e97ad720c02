//! Shapes of `aws-auth`, the cluster around each, and what is to become of it.

use std::collections::BTreeMap;

use aws_auth_migrate::model::{AccessEntry, EntryType};
use aws_auth_migrate::sandbox::{
    AwsAuthSeed, ClusterSeed, FargateProfileSeed, NodeGroupSeed, Seed, SeedEntry,
};

use crate::cluster::binding;
use crate::people::{Identity, Login};
use crate::support::{CLUSTER, data_seed, in_api_mode, role};

/// An `aws-auth`, and what is to become of it.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) seed: fn() -> Seed,
    pub(crate) principals: &'static [&'static str],
    /// Options of `apply`.
    pub(crate) apply: &'static [&'static str],
    /// The exit codes of `apply` and `cutover`.
    pub(crate) codes: (i32, i32),
    /// What the options accept: the identity after from the one before.
    pub(crate) moved: fn(&Login, Identity) -> Identity,
    /// Whether the mode `API` can be reached.
    pub(crate) to_api: bool,
}

impl Shape {
    const fn new(
        name: &'static str,
        seed: fn() -> Seed,
        principals: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            seed,
            principals,
            apply: &[],
            codes: (0, 0),
            moved: |_, identity| identity,
            to_api: true,
        }
    }

    /// With questions left open, so that the cutover is refused.
    const fn open(mut self) -> Self {
        self.codes = (3, 3);
        self.to_api = false;
        self
    }

    const fn apply(mut self, options: &'static [&'static str]) -> Self {
        self.apply = options;
        self
    }

    const fn moved(mut self, moved: fn(&Login, Identity) -> Identity) -> Self {
        self.moved = moved;
        self
    }
}

pub(crate) fn shapes() -> Vec<Shape> {
    vec![
        Shape::new("people", people, PEOPLE),
        Shape::new("nodes", nodes, NODES),
        Shape::new("repeated and inert mappings", repeated, REPEATED),
        Shape::new("a value that is broken", broken, BROKEN).open(),
        Shape::new("odd usernames and groups", odd, ODD)
            .open()
            .moved(|login, mut identity| {
                // EKS sets a username of its own where it can't keep the mapped one, and nothing is bound to either.
                let (_, name) = login.principal.rsplit_once('/').unwrap();
                if !["scalar", "key"].contains(&name) {
                    let session = login.session.replace('@', "-");
                    let account = "arn:aws:sts::111122223333";
                    identity.username = format!("{account}:assumed-role/{name}/{session}");
                }
                identity
            }),
        Shape::new("a group with a reserved name", reserved, RESERVED)
            .apply(&[
                "--rename-group",
                "system:monitoring=monitoring",
                "--apply-rbac",
            ])
            .moved(|_, mut identity| {
                if identity.groups.remove("system:monitoring") {
                    identity.groups.insert("monitoring".to_owned());
                }
                identity
            }),
        Shape::new("entries that are there already", entries, ENTRIES).open(),
        Shape::new("a group of each session that is bound", teams, TEAMS)
            .open()
            .moved(|login, mut identity| {
                if login.principal.ends_with("role/named") {
                    let session = login.session.replace('@', "-");
                    let account = "arn:aws:sts::111122223333";
                    identity.username = format!("{account}:assumed-role/named/{session}");
                }
                identity
            }),
        Shape::new("a whole account", account, ACCOUNT).open(),
        Shape::new("GovCloud", gov, GOV),
        Shape::new("China", china, CHINA),
    ]
}

fn people() -> Seed {
    let roles = "\
- rolearn: arn:aws:iam::111122223333:role/ops
  username: ops:{{SessionName}}
  groups: [system:masters]
- rolearn: arn:aws:iam::111122223333:role/dev
  username: dev
  groups: [devs, readers]
- rolearn: arn:aws:iam::111122223333:role/AWSReservedSSO_Audit_0a1b2c3d4e5f6071
  username: audit:{{SessionNameRaw}}
  groups: [readers]
- rolearn: arn:aws:iam::444455556666:role/ci
  username: ci-{{AccountID}}
  groups: [deployers, system:authenticated]
";
    let users = "\
- userarn: arn:aws:iam::111122223333:user/eng/bob
  username: bob
  groups: [devs]
- userarn: arn:aws:iam::111122223333:user/sam
  username: sam
";
    let mut seed = data_seed(&[("mapRoles", roles), ("mapUsers", users)], PEOPLE);
    seed.objects = vec![
        binding(
            "RoleBinding",
            Some("default"),
            "devs",
            "edit",
            "Group",
            "devs",
        ),
        binding(
            "ClusterRoleBinding",
            None,
            "readers",
            "view",
            "Group",
            "readers",
        ),
        binding(
            "RoleBinding",
            Some("default"),
            "deploy",
            "admin",
            "Group",
            "deployers",
        ),
        binding(
            "RoleBinding",
            Some("kube-public"),
            "sam",
            "view",
            "User",
            "sam",
        ),
    ];
    seed
}

const PEOPLE: &[&str] = &[
    "arn:aws:iam::111122223333:role/ops",
    "arn:aws:iam::111122223333:role/team/dev",
    "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Audit_0a1b2c3d4e5f6071",
    "arn:aws:iam::444455556666:role/ci",
    "arn:aws:iam::111122223333:user/eng/bob",
    "arn:aws:iam::111122223333:user/sam",
    "arn:aws:iam::111122223333:role/stranger",
];

fn nodes() -> Seed {
    let roles = "\
- rolearn: arn:aws:iam::111122223333:role/managed
  username: system:node:{{EC2PrivateDNSName}}
  groups: [system:bootstrappers, system:nodes]
- rolearn: arn:aws:iam::111122223333:role/self-managed
  username: system:node:{{EC2PrivateDNSName}}
  groups: [system:bootstrappers, system:nodes]
- rolearn: arn:aws:iam::111122223333:role/windows
  username: system:node:{{EC2PrivateDNSName}}
  groups: [system:bootstrappers, system:nodes, eks:kube-proxy-windows]
- rolearn: arn:aws:iam::111122223333:role/pods
  username: system:node:{{SessionName}}
  groups: [system:bootstrappers, system:nodes, system:node-proxier]
- rolearn: arn:aws:iam::111122223333:role/ops
  username: ops
  groups: [system:masters]
";
    data_seed(&[("mapRoles", roles)], NODES)
        .with_node_group(NodeGroupSeed::linux(
            "blue",
            role("managed").parse().unwrap(),
        ))
        .with_fargate_profile(FargateProfileSeed {
            name: "pods".to_owned(),
            pod_execution_role: role("pods").parse().unwrap(),
            entry_at_switch: true,
        })
}

const NODES: &[&str] = &[
    "arn:aws:iam::111122223333:role/managed",
    "arn:aws:iam::111122223333:role/infra/self-managed",
    "arn:aws:iam::111122223333:role/windows",
    "arn:aws:iam::111122223333:role/pods",
    "arn:aws:iam::111122223333:role/ops",
];

fn repeated() -> Seed {
    let roles = "\
- rolearn: arn:aws:iam::111122223333:role/twice
  username: first
  groups: [system:masters]
- rolearn: arn:aws:iam::111122223333:role/TWICE
  username: second
  groups: [readers]
- rolearn: arn:aws:iam::111122223333:role/team/lead
  username: lead
  groups: [system:masters]
- rolearn: arn:aws:sts::111122223333:assumed-role/robot/jane
  username: robot
  groups: [system:masters]
- rolearn: arn:aws:iam::111122223333:user/mia
  username: mia
  groups: [readers]
";
    let users = "\
- userarn: arn:aws:iam::111122223333:user/mia
  username: mia-too
  groups: [system:masters]
- userarn: arn:aws:iam::111122223333:role/bot
  username: bot
  groups: [readers]
";
    let mut seed = data_seed(&[("mapRoles", roles), ("mapUsers", users)], REPEATED);
    seed.objects = vec![binding(
        "ClusterRoleBinding",
        None,
        "readers",
        "view",
        "Group",
        "readers",
    )];
    seed
}

const REPEATED: &[&str] = &[
    "arn:aws:iam::111122223333:role/twice",
    "arn:aws:iam::111122223333:role/team/lead",
    "arn:aws:iam::111122223333:role/robot",
    "arn:aws:iam::111122223333:user/mia",
    "arn:aws:iam::111122223333:role/bot",
];

fn broken() -> Seed {
    let roles = "\
- rolearn: arn:aws:iam::111122223333:role/ops
  username: {{SessionName}}
  groups: [system:masters]
";
    let users = "\
- userarn: arn:aws:iam::111122223333:user/ann
  username: ann
  groups: [system:masters]
";
    data_seed(&[("mapRoles", roles), ("mapUsers", users)], BROKEN)
}

const BROKEN: &[&str] = &[
    "arn:aws:iam::111122223333:role/ops",
    "arn:aws:iam::111122223333:user/ann",
];

fn odd() -> Seed {
    let roles = "\
- rolearn: arn:aws:iam::111122223333:role/number
  username: 12345
  groups: [readers]
- rolearn: arn:aws:iam::111122223333:role/scalar
  username: scalar
  groups: system:masters
- rolearn: arn:aws:iam::111122223333:role/bare
  username: '{{SessionName}}'
  groups: [readers, '']
- rolearn: arn:aws:iam::111122223333:role/key
  username: 'key:{{AccessKeyID}}'
  groups: ['team:{{SessionName}}']
- rolearn: arn:aws:iam::111122223333:role/spaced
  username: 'a b {{ SessionName }}'
  groups: [readers, readers]
";
    let mut seed = data_seed(&[("mapRoles", roles)], ODD);
    seed.objects = vec![binding(
        "ClusterRoleBinding",
        None,
        "readers",
        "view",
        "Group",
        "readers",
    )];
    seed
}

const ODD: &[&str] = &[
    "arn:aws:iam::111122223333:role/number",
    "arn:aws:iam::111122223333:role/scalar",
    "arn:aws:iam::111122223333:role/bare",
    "arn:aws:iam::111122223333:role/key",
    "arn:aws:iam::111122223333:role/spaced",
];

fn teams() -> Seed {
    let roles = "\
- rolearn: arn:aws:iam::111122223333:role/shared
  username: shared
  groups: ['team:{{SessionName}}']
- rolearn: arn:aws:iam::111122223333:role/named
  username: 'person:{{AccessKeyID}}'
  groups: ['of:{{AccountID}}']
";
    let mut seed = data_seed(&[("mapRoles", roles)], TEAMS);
    let group = "of:111122223333";
    seed.objects = vec![
        binding(
            "RoleBinding",
            Some("default"),
            "jane",
            "edit",
            "Group",
            "team:jane",
        ),
        binding(
            "RoleBinding",
            Some("default"),
            "account",
            "view",
            "Group",
            group,
        ),
    ];
    seed
}

const TEAMS: &[&str] = &[
    "arn:aws:iam::111122223333:role/shared",
    "arn:aws:iam::111122223333:role/named",
];

fn reserved() -> Seed {
    let roles = "\
- rolearn: arn:aws:iam::111122223333:role/grafana
  username: grafana
  groups: [system:monitoring, readers]
- rolearn: arn:aws:iam::111122223333:role/ops
  username: ops
  groups: [system:masters]
";
    let mut seed = data_seed(&[("mapRoles", roles)], RESERVED);
    seed.objects = vec![
        binding(
            "ClusterRoleBinding",
            None,
            "monitors",
            "view",
            "Group",
            "system:monitoring",
        ),
        binding(
            "RoleBinding",
            Some("default"),
            "monitors",
            "edit",
            "Group",
            "system:monitoring",
        ),
        binding(
            "RoleBinding",
            Some("kube-public"),
            "readers",
            "view",
            "Group",
            "readers",
        ),
    ];
    seed
}

const RESERVED: &[&str] = &[
    "arn:aws:iam::111122223333:role/grafana",
    "arn:aws:iam::111122223333:role/ops",
];

fn entries() -> Seed {
    let roles = "\
- rolearn: arn:aws:iam::111122223333:role/same
  username: same
  groups: [readers]
- rolearn: arn:aws:iam::111122223333:role/poorer
  username: poorer
  groups: [readers, devs]
- rolearn: arn:aws:iam::111122223333:role/reborn
  username: reborn
  groups: [readers]
- rolearn: arn:aws:iam::111122223333:role/fresh
  username: fresh:{{SessionName}}
  groups: [readers]
";
    let mut seed = in_api_mode(data_seed(&[("mapRoles", roles)], ENTRIES))
        .with_entry(entry("same", &["readers"]))
        .with_entry(entry("poorer", &["readers"]))
        .with_entry(entry("unmapped", &["devs"]));
    seed.entries.push(SeedEntry {
        entry: entry("reborn", &["readers"]),
        stale: true,
    });
    seed.objects = vec![
        binding(
            "ClusterRoleBinding",
            None,
            "readers",
            "view",
            "Group",
            "readers",
        ),
        binding(
            "RoleBinding",
            Some("default"),
            "devs",
            "edit",
            "Group",
            "devs",
        ),
    ];
    seed
}

fn entry(name: &str, groups: &[&str]) -> AccessEntry {
    AccessEntry {
        principal_arn: role(name).parse().unwrap(),
        entry_type: EntryType::Standard,
        username: Some(name.to_owned()),
        kubernetes_groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        tags: BTreeMap::new(),
        access_policies: Vec::new(),
    }
}

const ENTRIES: &[&str] = &[
    "arn:aws:iam::111122223333:role/same",
    "arn:aws:iam::111122223333:role/poorer",
    "arn:aws:iam::111122223333:role/reborn",
    "arn:aws:iam::111122223333:role/fresh",
    "arn:aws:iam::111122223333:role/unmapped",
];

fn account() -> Seed {
    let roles = "\
- rolearn: arn:aws:iam::777788889999:role/lead
  username: lead
  groups: [readers]
";
    let data = [("mapRoles", roles), ("mapAccounts", "- \"777788889999\"\n")];
    data_seed(&data, ACCOUNT)
}

const ACCOUNT: &[&str] = &[
    "arn:aws:iam::777788889999:role/lead",
    "arn:aws:iam::777788889999:role/team/member",
    "arn:aws:iam::777788889999:user/eng/eve",
    "arn:aws:iam::111122223333:role/stranger",
];

/// A small cluster in another partition.
fn elsewhere(partition: &str, region: &str, principals: &[&str]) -> Seed {
    let cluster = ClusterSeed {
        name: CLUSTER.to_owned(),
        account_id: "111122223333".to_owned(),
        partition: partition.to_owned(),
        region: region.to_owned(),
        ..ClusterSeed::default()
    };
    let roles = format!(
        "\
- rolearn: arn:{partition}:iam::111122223333:role/ops
  username: ops
  groups: [system:masters]
- rolearn: arn:{partition}:iam::111122223333:role/dev
  username: dev:{{{{SessionName}}}}
  groups: [readers]
"
    );
    let mut seed = Seed::new(cluster).with_principals(principals.iter().copied());
    seed.aws_auth = Some(AwsAuthSeed {
        data: BTreeMap::from([("mapRoles".to_owned(), roles)]),
        ..AwsAuthSeed::default()
    });
    seed.objects = vec![binding(
        "ClusterRoleBinding",
        None,
        "readers",
        "view",
        "Group",
        "readers",
    )];
    seed
}

fn gov() -> Seed {
    elsewhere("aws-us-gov", "us-gov-west-1", GOV)
}

const GOV: &[&str] = &[
    "arn:aws-us-gov:iam::111122223333:role/ops",
    "arn:aws-us-gov:iam::111122223333:role/team/dev",
];

fn china() -> Seed {
    elsewhere("aws-cn", "cn-north-1", CHINA)
}

const CHINA: &[&str] = &[
    "arn:aws-cn:iam::111122223333:role/ops",
    "arn:aws-cn:iam::111122223333:role/team/dev",
];

//! What a sandbox begins with, as plain data.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::model::access_policy::CLUSTER_ADMIN;
use crate::model::{AccessEntry, Arn, AuthenticationMode, EntryType, PolicyAssociation, Principal};

use super::invent;
use super::limits::{Rights, SandboxLimits, SwitchSeed};

/// What a sandbox begins with: a cluster, others beside it, the IAM around them, and how strictly and slowly it answers.
///
/// All fields are public; the `with_` functions are the short way.
#[derive(Debug, Clone)]
pub struct Seed {
    /// The cluster.
    pub cluster: ClusterSeed,
    /// The roles and users of all accounts.
    pub principals: Vec<IamPrincipal>,
    /// Whose credentials [`environment`](super::Sandbox::environment) holds.
    pub caller: SandboxCaller,
    /// Who made the cluster.
    pub creator: Arn,
    /// The ConfigMap `aws-auth`, where there is one.
    pub aws_auth: Option<AwsAuthSeed>,
    /// Access entries that are there already.
    pub entries: Vec<SeedEntry>,
    /// Managed node groups.
    pub node_groups: Vec<NodeGroupSeed>,
    /// Fargate profiles.
    pub fargate_profiles: Vec<FargateProfileSeed>,
    /// `ClusterRole`, `ClusterRoleBinding`, `Role`, `RoleBinding` and `Namespace` objects.
    pub objects: Vec<Value>,
    /// The cluster's nodes.
    pub nodes: Vec<NodeSeed>,
    /// How a change of the authentication mode goes.
    pub switch: SwitchSeed,
    /// How much and how fast.
    pub limits: SandboxLimits,
    /// What the caller may do.
    pub rights: Rights,
    /// Whether an access entry hides the principal's `aws-auth` mapping, as on EKS.
    pub entries_hide_aws_auth: bool,
    /// Clusters beside it, in any account and region; what their seeds say of callers, limits, rights and other
    /// clusters does not count.
    pub neighbours: Vec<Seed>,
    /// The regions that an account has enabled; where it is not named, all that hold a cluster.
    pub regions: BTreeMap<String, Vec<String>>,
    /// The accounts of the organization, with their status such as `ACTIVE` or `SUSPENDED`; the caller's account
    /// manages it. There is none where the list is empty.
    pub organization: Vec<(String, String)>,
    /// What nobody may do in an account, as a pattern of actions such as `eks:*`: a service control policy.
    pub denials: Vec<(String, String)>,
    /// The API server that `DescribeCluster` names, where it is not the sandbox's own.
    pub control_plane: Option<ControlPlane>,
}

/// A real API server in place of the sandbox's own.
///
/// The sandbox is EKS, IAM and STS around it then; STS answers over TLS as well, so that aws-iam-authenticator can ask it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlPlane {
    /// Such as `https://127.0.0.1:6443`.
    pub endpoint: String,
    /// The certificate authority of its certificate, in PEM.
    pub ca_pem: String,
}

/// The cluster as it begins.
#[derive(Debug, Clone)]
pub struct ClusterSeed {
    /// The name.
    pub name: String,
    /// The region.
    pub region: String,
    /// The 12-digit account id.
    pub account_id: String,
    /// `aws`, `aws-cn`, ...
    pub partition: String,
    /// Such as `1.29`.
    pub kubernetes_version: String,
    /// Such as `eks.9`.
    pub platform_version: String,
    /// How the cluster decides who may log in.
    pub mode: AuthenticationMode,
    /// `ACTIVE`, `UPDATING`, ...
    pub status: String,
    /// Whether EKS Auto Mode is on.
    pub auto_mode: bool,
    /// Whether there is a remote network, for hybrid nodes.
    pub remote_network: bool,
    /// Whether it is a local cluster on AWS Outposts.
    pub outpost: bool,
}

/// A role or user in IAM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IamPrincipal {
    /// Account, kind, path and name.
    pub principal: Principal,
    /// `AROA...` or `AIDA...`; another one after the principal was deleted and made again.
    pub unique_id: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Who holds the sandbox's credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxCaller {
    /// The role or user; it is added to the sandbox's IAM.
    pub principal: Arn,
    /// The name of a role's session; without meaning for a user.
    pub session: String,
}

/// The ConfigMap `aws-auth` as it begins.
#[derive(Debug, Clone, Default)]
pub struct AwsAuthSeed {
    /// Its data.
    pub data: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its `metadata.managedFields`, as JSON.
    pub managed_fields: Vec<Value>,
}

/// An access entry that is there from the beginning.
#[derive(Debug, Clone)]
pub struct SeedEntry {
    /// What it says; without a username EKS's own one is filled in.
    pub entry: AccessEntry,
    /// Whether the principal was deleted and made again since, so that the entry is dead.
    pub stale: bool,
}

/// A managed node group.
#[derive(Debug, Clone)]
pub struct NodeGroupSeed {
    /// Its name.
    pub name: String,
    /// Its node role; it is added to the sandbox's IAM.
    pub node_role: Arn,
    /// Such as `AL2_x86_64`, `WINDOWS_CORE_2022_x86_64` or `CUSTOM`.
    pub ami_type: String,
    /// Whether EKS makes its entry when access entries are enabled; it was reported not to do so always.
    pub entry_at_switch: bool,
}

/// A Fargate profile.
#[derive(Debug, Clone)]
pub struct FargateProfileSeed {
    /// Its name.
    pub name: String,
    /// Its pod execution role; it is added to the sandbox's IAM.
    pub pod_execution_role: Arn,
    /// Whether EKS makes its entry when access entries are enabled.
    pub entry_at_switch: bool,
}

/// A node of the cluster.
#[derive(Debug, Clone)]
pub struct NodeSeed {
    /// Its name.
    pub name: String,
    /// Whether its `Ready` condition is true.
    pub ready: bool,
    /// The role it runs with; when nothing admits the role any more, the node is no longer ready.
    pub role: Option<Arn>,
}

impl Default for ClusterSeed {
    fn default() -> Self {
        Self {
            name: "rehearsal".to_owned(),
            region: "eu-west-1".to_owned(),
            account_id: "111122223333".to_owned(),
            partition: "aws".to_owned(),
            kubernetes_version: "1.29".to_owned(),
            platform_version: "eks.9".to_owned(),
            mode: AuthenticationMode::ConfigMap,
            status: "ACTIVE".to_owned(),
            auto_mode: false,
            remote_network: false,
            outpost: false,
        }
    }
}

impl IamPrincipal {
    /// A role or user with an invented unique id and date, always the same for one ARN.
    #[must_use]
    pub fn new(principal: Principal) -> Self {
        Self {
            unique_id: invent::unique_id(&principal, 0),
            created_at: invent::CREATED,
            principal,
        }
    }
}

impl NodeGroupSeed {
    /// A Linux node group whose entry EKS makes at the switch.
    #[must_use]
    pub fn linux(name: &str, node_role: Arn) -> Self {
        Self {
            name: name.to_owned(),
            node_role,
            ami_type: "AL2_x86_64".to_owned(),
            entry_at_switch: true,
        }
    }
}

impl Default for Seed {
    fn default() -> Self {
        Self::new(ClusterSeed::default())
    }
}

impl Seed {
    /// A cluster without `aws-auth` and entries; a role `Admin` made it and calls.
    #[must_use]
    pub fn new(cluster: ClusterSeed) -> Self {
        let admin = Arn {
            partition: cluster.partition.clone().into(),
            service: "iam".into(),
            region: "".into(),
            account: cluster.account_id.clone().into(),
            resource: "role/Admin".into(),
        };
        Self {
            cluster,
            principals: Vec::new(),
            caller: SandboxCaller {
                principal: admin.clone(),
                session: "rehearsal".to_owned(),
            },
            creator: admin,
            aws_auth: None,
            entries: Vec::new(),
            node_groups: Vec::new(),
            fargate_profiles: Vec::new(),
            objects: Vec::new(),
            nodes: Vec::new(),
            switch: SwitchSeed::default(),
            limits: SandboxLimits::default(),
            rights: Rights::default(),
            entries_hide_aws_auth: true,
            neighbours: Vec::new(),
            regions: BTreeMap::new(),
            organization: Vec::new(),
            denials: Vec::new(),
            control_plane: None,
        }
    }

    /// A cluster with this `aws-auth`, and IAM principals invented for the ARNs that stand in it.
    ///
    /// Roles written without a path get one in some cases, as it is in real accounts: always for those of
    /// IAM Identity Center and for service-linked ones, and for a fixed share of the others. ARNs that
    /// don't name a role or a user are passed over.
    #[must_use]
    pub fn invent(
        cluster: ClusterSeed,
        aws_auth: BTreeMap<String, String>,
        arns: &[String],
    ) -> Self {
        let mut seed = Self::new(cluster).with_aws_auth(aws_auth);
        let principals = invent::principals(&seed.cluster.region, arns);
        seed.principals = principals.into_iter().map(IamPrincipal::new).collect();
        seed
    }

    /// Adds a cluster beside it.
    #[must_use]
    pub fn with_neighbour(mut self, seed: Self) -> Self {
        self.neighbours.push(seed);
        self
    }

    /// Sets the authentication mode.
    #[must_use]
    pub fn with_mode(mut self, mode: AuthenticationMode) -> Self {
        self.cluster.mode = mode;
        self
    }

    /// Sets a mode that uses access entries, with the entry that EKS then makes for the cluster's creator.
    #[must_use]
    pub fn switched_to(self, mode: AuthenticationMode) -> Self {
        let entry = creator_entry(&self.creator, &self.cluster.partition);
        self.with_mode(mode).with_entry(entry)
    }

    /// Sets the data of `aws-auth`.
    #[must_use]
    pub fn with_aws_auth(mut self, data: BTreeMap<String, String>) -> Self {
        self.aws_auth.get_or_insert_default().data = data;
        self
    }

    /// Adds roles and users by their real ARNs; ARNs of anything else are passed over.
    #[must_use]
    pub fn with_principals<'a>(mut self, arns: impl IntoIterator<Item = &'a str>) -> Self {
        let found = arns
            .into_iter()
            .filter_map(|text| Principal::from_arn(&text.parse().ok()?));
        self.principals.extend(found.map(IamPrincipal::new));
        self
    }

    /// Adds an access entry.
    #[must_use]
    pub fn with_entry(mut self, entry: AccessEntry) -> Self {
        self.entries.push(SeedEntry {
            entry,
            stale: false,
        });
        self
    }

    /// Adds a managed node group.
    #[must_use]
    pub fn with_node_group(mut self, group: NodeGroupSeed) -> Self {
        self.node_groups.push(group);
        self
    }

    /// Adds a Fargate profile.
    #[must_use]
    pub fn with_fargate_profile(mut self, profile: FargateProfileSeed) -> Self {
        self.fargate_profiles.push(profile);
        self
    }

    /// Sets the API server that `DescribeCluster` names.
    #[must_use]
    pub fn with_control_plane(mut self, control_plane: ControlPlane) -> Self {
        self.control_plane = Some(control_plane);
        self
    }

    /// Sets the limits.
    #[must_use]
    pub fn with_limits(mut self, limits: SandboxLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets what the caller may do.
    #[must_use]
    pub fn with_rights(mut self, rights: Rights) -> Self {
        self.rights = rights;
        self
    }
}

/// The entry that EKS makes for a cluster's creator when the cluster gets access entries.
///
/// Source: EKS User Guide, "Grant IAM users access to Kubernetes with EKS access entries".
pub(in crate::sandbox) fn creator_entry(creator: &Arn, partition: &str) -> AccessEntry {
    AccessEntry {
        principal_arn: creator.clone(),
        entry_type: EntryType::Standard,
        username: None,
        kubernetes_groups: Vec::new(),
        tags: BTreeMap::new(),
        access_policies: vec![PolicyAssociation::cluster_wide(partition, CLUSTER_ADMIN)],
    }
}

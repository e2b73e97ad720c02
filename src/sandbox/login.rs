//! Who an IAM principal is in Kubernetes: access entries first, then `aws-auth`, as the mode has it.
//!
//! Source: aws-iam-authenticator `pkg/server/server.go`, `pkg/mapper/configmap/mapper.go`; EKS User Guide, "Grant IAM
//! users and roles access to Kubernetes APIs".

use crate::model::{EntryType, PolicyAssociation, Principal, PrincipalKind, Section};
use crate::reader::{self, AwsAuthText};

use super::state::{CallingPrincipal, ClusterState, Entry, World};

/// An identity in Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KubeIdentity {
    /// The username.
    pub username: String,
    /// The groups, without `system:authenticated`.
    pub groups: Vec<String>,
    /// The access policies that hold for it.
    pub policies: Vec<PolicyAssociation>,
}

/// An access entry that reads have come to see, in the words of the authenticator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownEntry {
    /// Whose it is.
    pub principal: Principal,
    /// The unique id of the principal that it was made for.
    pub unique_id: String,
    /// Username and groups with their placeholders, and the policies.
    pub identity: KubeIdentity,
}

impl KubeIdentity {
    /// Whether it may do everything.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.groups.iter().any(|group| group == "system:masters")
            || self
                .policies
                .iter()
                .any(PolicyAssociation::is_cluster_admin)
    }
}

impl World {
    /// The access entries of a cluster, as EKS hands them to the authenticator.
    #[must_use]
    pub fn known_entries(&self, cluster: &str) -> Vec<KnownEntry> {
        let entries = self.clusters.get(cluster).map(|known| &known.entries);
        let seen = entries.into_iter().flat_map(|entries| entries.values());
        seen.filter(|entry| entry.hidden_reads == 0)
            .filter_map(|entry| {
                Some(KnownEntry {
                    principal: entry.principal.clone(),
                    unique_id: entry.unique_id.clone(),
                    identity: of_entry(entry, |template| Some(template.to_owned()))?,
                })
            })
            .collect()
    }

    /// Who a role or user would be in a cluster now, in a session of the given name; `None` where it can't log in.
    #[must_use]
    pub fn admits(
        &self,
        cluster: &str,
        principal: &Principal,
        session: &str,
    ) -> Option<KubeIdentity> {
        let known = self.principal(&principal.to_string())?;
        let identity = CallingPrincipal {
            principal: known.principal.clone(),
            unique_id: known.unique_id.clone(),
            session: (principal.kind == PrincipalKind::Role).then(|| session.to_owned()),
        };
        admit(
            self.clusters.get(cluster)?,
            &identity,
            "AKIAIOSFODNN7EXAMPLE",
        )
    }
}

/// Who an authenticated caller is in a cluster.
pub(super) fn admit(
    cluster: &ClusterState,
    identity: &CallingPrincipal,
    access_key: &str,
) -> Option<KubeIdentity> {
    let mode = cluster.mode;
    let render = |template: &str| render(template, identity, access_key);
    let by_entry = || {
        let entry = cluster
            .entries
            .values()
            .find(|entry| entry.unique_id == identity.unique_id && entry.hidden_reads == 0)?;
        of_entry(entry, render)
    };
    let by_config_map = || of_aws_auth(cluster, identity, render);
    if !mode.has_access_entries() && identity.principal.arn() == cluster.creator {
        return Some(KubeIdentity {
            username: "kubernetes-admin".to_owned(),
            groups: vec!["system:masters".to_owned()],
            policies: Vec::new(),
        });
    }
    match (mode.has_access_entries(), mode.reads_config_map()) {
        (true, true) if cluster.hides => by_entry().or_else(by_config_map),
        (true, true) => by_config_map().or_else(by_entry),
        (true, false) => by_entry(),
        (false, _) => by_config_map(),
    }
}

fn of_entry(entry: &Entry, render: impl Fn(&str) -> Option<String>) -> Option<KubeIdentity> {
    let mut groups = entry.groups.clone();
    if entry.entry_type.is_node() {
        groups.push("system:bootstrappers".to_owned());
    }
    if entry.entry_type == EntryType::FargateLinux {
        groups.push("system:node-proxier".to_owned());
    }
    Some(KubeIdentity {
        username: render(&entry.username)?,
        groups,
        policies: entry
            .policies
            .iter()
            .map(|held| held.policy.clone())
            .collect(),
    })
}

/// The answer of `aws-auth`: roles, then users, then accounts; the last of equal ARNs wins.
///
/// The text is read as the authenticator reads it; what is made of the mappings is this room's own.
fn of_aws_auth(
    cluster: &ClusterState,
    identity: &CallingPrincipal,
    render: impl Fn(&str) -> Option<String>,
) -> Option<KubeIdentity> {
    let data = cluster.objects.aws_auth()?.get("data")?;
    let value = |section: Section| Some(data.get(section.key())?.as_str()?.to_owned());
    let mappings = reader::read(&AwsAuthText {
        map_roles: value(Section::MapRoles),
        map_users: value(Section::MapUsers),
        map_accounts: value(Section::MapAccounts),
    })
    .mappings;
    let canonical = Principal {
        path: match identity.principal.kind {
            PrincipalKind::Role => "/".into(),
            PrincipalKind::User => identity.principal.path.clone(),
        },
        ..identity.principal.clone()
    }
    .to_string();
    let last = |section: Section| {
        mappings.iter().rev().find(|mapping| {
            mapping.id.section == section
                && mapping.dropped.is_none()
                && mapping.arn.eq_ignore_ascii_case(&canonical)
        })
    };
    if let Some(mapping) = last(Section::MapRoles).or_else(|| last(Section::MapUsers)) {
        let groups: Option<Vec<String>> =
            mapping.groups.iter().map(|group| render(group)).collect();
        return Some(KubeIdentity {
            username: render(&mapping.username)?,
            groups: groups?,
            policies: Vec::new(),
        });
    }
    let is_listed = mappings.iter().any(|mapping| {
        mapping.id.section == Section::MapAccounts && mapping.arn == identity.principal.account
    });
    is_listed.then_some(KubeIdentity {
        username: canonical,
        ..KubeIdentity::default()
    })
}

/// Fills in the placeholders; `None` where the private DNS name is wanted and the session is no instance.
fn render(template: &str, identity: &CallingPrincipal, access_key: &str) -> Option<String> {
    let session = identity.session.as_deref().unwrap_or_default();
    let mut text = template.to_owned();
    if text.contains("{{EC2PrivateDNSName}}") {
        let id = session.strip_prefix("i-")?;
        let word = id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !word || !matches!(id.len(), 8 | 17) {
            return None;
        }
        text = text.replace("{{EC2PrivateDNSName}}", &format!("ip-{id}.ec2.internal"));
    }
    Some(
        text.replace("{{AccountID}}", &identity.principal.account)
            .replace("{{SessionName}}", &session.replace('@', "-"))
            .replace("{{SessionNameRaw}}", session)
            .replace("{{AccessKeyID}}", access_key),
    )
}

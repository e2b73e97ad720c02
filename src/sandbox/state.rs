//! All that the sandbox knows.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::model::{
    AccessEntry, Arn, AuthenticationMode, EntryType, LiveEntry, PolicyAssociation, Principal,
};

use super::answers::Answers;
use super::clock::SandboxClock;
use super::faults::Faults;
use super::invent;
use super::kube::admission::Admission;
use super::kube::objects::KubeObjects;
use super::limits::{Rights, SandboxLimits, SwitchSeed};
use super::record::RequestRecord;
use super::s3::buckets::Buckets;
use super::seed::{ClusterSeed, FargateProfileSeed, IamPrincipal, NodeGroupSeed};

/// The AWS accounts, their clusters, and what goes wrong in them.
///
/// Tests reach it with [`Sandbox::edit`](super::Sandbox::edit) to do what somebody else might do meanwhile.
#[derive(Debug)]
pub struct World {
    /// By name; those beside the first one by ARN, since names are unique within an account and region only.
    pub(super) clusters: BTreeMap<String, ClusterState>,
    pub(super) regions: BTreeMap<String, Vec<String>>,
    pub(super) organization: Vec<(String, String)>,
    pub(super) denials: Vec<(String, String)>,
    pub(super) principals: Vec<IamPrincipal>,
    pub(super) credentials: BTreeMap<String, Credential>,
    pub(super) rights: Rights,
    pub(super) admissions: Vec<Admission>,
    pub(super) limits: SandboxLimits,
    pub(super) faults: Faults,
    pub(super) requests: Vec<RequestRecord>,
    pub(super) clock: SandboxClock,
    pub(super) buckets: BTreeMap<String, Bucket>,
    pub(super) s3: Buckets,
    /// What ids and keys are made from; nobody outside can guess it.
    pub(super) secret: String,
    pub(super) serial: u64,
}

/// A key, and whose it is.
#[derive(Debug, Clone)]
pub(super) struct Credential {
    pub(super) secret: String,
    pub(super) token: Option<String>,
    pub(super) expires: Option<Timestamp>,
    pub(super) identity: CallingPrincipal,
    /// Whether [`Rights`] hold for it, or it may do all.
    pub(super) limited: bool,
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CallingPrincipal {
    pub(super) principal: Principal,
    pub(super) unique_id: String,
    /// The name of the session, for a role.
    pub(super) session: Option<String>,
}

/// How many requests an account may still make.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    pub(super) left: f64,
    pub(super) since: Timestamp,
}

/// One cluster.
#[derive(Debug)]
pub(super) struct ClusterState {
    pub(super) seed: ClusterSeed,
    pub(super) mode: AuthenticationMode,
    pub(super) status: String,
    pub(super) creator: Arn,
    pub(super) endpoint: String,
    pub(super) ca_pem: String,
    pub(super) entries: BTreeMap<String, Entry>,
    pub(super) updates: Vec<ModeUpdate>,
    pub(super) node_groups: Vec<NodeGroupSeed>,
    pub(super) fargate_profiles: Vec<FargateProfileSeed>,
    /// What was answered to a request token: operation and token to parameters and answer.
    pub(super) replays: BTreeMap<(String, String), (Value, Value)>,
    pub(super) switch: SwitchSeed,
    pub(super) hides: bool,
    pub(super) objects: KubeObjects,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) admin_token: String,
}

/// An access entry.
#[derive(Debug, Clone)]
#[expect(clippy::struct_field_names, reason = "`type` is a keyword")]
pub(super) struct Entry {
    pub(super) principal: Principal,
    pub(super) unique_id: String,
    pub(super) entry_type: EntryType,
    pub(super) username: String,
    pub(super) groups: Vec<String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) policies: Vec<Association>,
    pub(super) arn: String,
    pub(super) created_at: Timestamp,
    pub(super) modified_at: Timestamp,
    /// How many reads do not see it yet.
    pub(super) hidden_reads: u32,
}

/// A policy of an entry.
#[derive(Debug, Clone)]
pub(super) struct Association {
    pub(super) policy: PolicyAssociation,
    pub(super) associated_at: Timestamp,
    pub(super) modified_at: Timestamp,
}

/// A change of the authentication mode.
#[derive(Debug, Clone)]
pub(super) struct ModeUpdate {
    pub(super) id: String,
    pub(super) target: AuthenticationMode,
    pub(super) status: &'static str,
    pub(super) errors: Vec<(String, String)>,
    pub(super) created_at: Timestamp,
    pub(super) polls: u32,
}

impl CallingPrincipal {
    /// The ARN that STS shows: a role's session, or the user.
    pub(super) fn arn(&self) -> String {
        match &self.session {
            Some(session) => format!(
                "arn:{}:sts::{}:assumed-role/{}/{session}",
                self.principal.partition, self.principal.account, self.principal.name
            ),
            None => self.principal.to_string(),
        }
    }

    /// The user id that STS shows.
    pub(super) fn user_id(&self) -> String {
        match &self.session {
            Some(session) => format!("{}:{session}", self.unique_id),
            None => self.unique_id.clone(),
        }
    }
}

impl ClusterState {
    /// The cluster's ARN.
    pub(super) fn arn(&self) -> String {
        let ClusterSeed {
            name,
            region,
            account_id,
            partition,
            ..
        } = &self.seed;
        format!("arn:{partition}:eks:{region}:{account_id}:cluster/{name}")
    }
}

impl Entry {
    /// The entry as the tool's own model has it.
    pub(super) fn live(&self) -> LiveEntry {
        LiveEntry {
            entry: AccessEntry {
                principal_arn: self.principal.arn(),
                entry_type: self.entry_type.clone(),
                username: Some(self.username.clone()),
                kubernetes_groups: self.groups.clone(),
                tags: self.tags.clone(),
                access_policies: self
                    .policies
                    .iter()
                    .map(|held| held.policy.clone())
                    .collect(),
            },
            access_entry_arn: Some(self.arn.clone()),
            created_at: Some(self.created_at),
            modified_at: Some(self.modified_at),
        }
    }
}

impl World {
    /// The time in the sandbox.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new UUID.
    pub(super) fn uuid(&mut self) -> String {
        self.serial += 1;
        invent::uuid(&format!("{} {}", self.secret, self.serial))
    }

    /// The role or user with exactly this ARN.
    pub(super) fn principal(&self, arn: &str) -> Option<&IamPrincipal> {
        self.principals
            .iter()
            .find(|known| known.principal.to_string() == arn)
    }

    /// What a cluster's state is kept under.
    pub(super) fn key_of(&self, account: &str, region: &str, name: &str) -> Option<&str> {
        let mut all = self.clusters.iter();
        let found = all.find(|(_, cluster)| {
            let seed = &cluster.seed;
            seed.name == name && seed.region == region && seed.account_id == account
        });
        found.map(|(key, _)| key.as_str())
    }

    /// Puts the clock forward, for tokens and credentials that expire.
    pub fn advance(&mut self, by: SignedDuration) {
        self.clock.advance(by);
    }

    /// Makes a role or user; one of the same account, kind and name is replaced, with a new unique id.
    pub fn create_principal(&mut self, principal: Principal) {
        let old = self.delete_principal(&principal);
        let mut made = IamPrincipal::new(principal);
        let mut generation = 0;
        while old
            .as_ref()
            .is_some_and(|old| old.unique_id == made.unique_id)
        {
            generation += 1;
            made.unique_id = invent::unique_id(&made.principal, generation);
        }
        self.principals.push(made);
    }

    /// Deletes a role or user from IAM; entries that name it stay.
    pub fn delete_principal(&mut self, principal: &Principal) -> Option<IamPrincipal> {
        let key = principal.key();
        let at = self
            .principals
            .iter()
            .position(|known| known.principal.key() == key)?;
        Some(self.principals.remove(at))
    }

    /// Deletes an access entry behind the tool's back; returns whether there was one.
    pub fn delete_entry(&mut self, cluster: &str, principal_arn: &str) -> bool {
        let cluster = self.clusters.get_mut(cluster);
        cluster.is_some_and(|cluster| cluster.entries.remove(principal_arn).is_some())
    }

    /// Makes or replaces an access entry behind the tool's back, without any check.
    pub fn put_entry(&mut self, cluster: &str, entry: &AccessEntry) {
        let now = self.now();
        let id = self.uuid();
        let Some(principal) = Principal::from_arn(&entry.principal_arn) else {
            return;
        };
        let known = self.principal(&principal.to_string());
        let unique_id = known.map_or_else(
            || invent::unique_id(&principal, u32::MAX),
            |known| known.unique_id.clone(),
        );
        let Some(cluster) = self.clusters.get_mut(cluster) else {
            return;
        };
        let arn = super::eks::entry_arn(&cluster.seed, &principal, &id);
        let made = Entry {
            unique_id,
            entry_type: entry.entry_type.clone(),
            username: entry
                .username
                .clone()
                .unwrap_or_else(|| super::eks::default_username(&principal, &entry.entry_type)),
            groups: super::eks::shown_groups(&entry.entry_type, entry.kubernetes_groups.clone()),
            tags: entry.tags.clone(),
            policies: entry
                .access_policies
                .iter()
                .map(|policy| Association {
                    policy: policy.clone(),
                    associated_at: now,
                    modified_at: now,
                })
                .collect(),
            arn,
            created_at: now,
            modified_at: now,
            hidden_reads: 0,
            principal,
        };
        cluster.entries.insert(made.principal.to_string(), made);
    }

    /// Sets the data of `aws-auth` behind the tool's back.
    pub fn put_aws_auth(&mut self, cluster: &str, data: &BTreeMap<String, String>) {
        if let Some(cluster) = self.clusters.get_mut(cluster) {
            cluster.objects.put_aws_auth(data);
        }
    }

    /// Deletes `aws-auth` behind the tool's back.
    pub fn delete_aws_auth(&mut self, cluster: &str) {
        if let Some(cluster) = self.clusters.get_mut(cluster) {
            cluster.objects.delete_aws_auth();
        }
    }

    /// Changes `aws-auth` as a whole behind the tool's back, metadata and all; one that is being deleted is gone once its
    /// last finalizer is.
    pub fn edit_aws_auth(&mut self, cluster: &str, change: impl FnOnce(&mut Value)) {
        let time = self.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        if let Some(cluster) = self.clusters.get_mut(cluster) {
            cluster.objects.edit_aws_auth(change, &time);
        }
    }

    /// Lets an admission policy or webhook refuse writes from now on.
    pub fn refuse(&mut self, admission: Admission) {
        self.admissions.push(admission);
    }

    /// Lets all writes pass admission again.
    pub fn refuse_nothing(&mut self) {
        self.admissions.clear();
    }

    /// Makes or replaces a Kubernetes object behind the tool's back; returns whether it has a known kind and a name.
    pub fn put_object(&mut self, cluster: &str, object: &serde_json::Value) -> bool {
        let cluster = self.clusters.get_mut(cluster);
        cluster.is_some_and(|cluster| cluster.objects.seed(object))
    }

    /// Sets the regions that an account has enabled.
    pub fn set_regions(&mut self, account: &str, regions: Vec<String>) {
        self.regions.insert(account.to_owned(), regions);
    }

    /// Sets the accounts of the organization, each with its status.
    pub fn set_organization(&mut self, accounts: Vec<(String, String)>) {
        self.organization = accounts;
    }

    /// Forbids everybody in an account an action, or all that fit a pattern.
    pub fn deny(&mut self, account: &str, action: &str) {
        self.denials.push((account.to_owned(), action.to_owned()));
    }

    /// When requests are answered from now on.
    pub fn set_answers(&mut self, answers: Answers) {
        self.limits.answers = answers;
    }

    /// Sets the longest page of a list, whatever is asked for.
    pub fn set_page_size(&mut self, size: usize) {
        self.limits.page_size = size;
    }

    /// Changes what the caller may do.
    pub fn set_rights(&mut self, rights: Rights) {
        self.rights = rights;
    }

    /// Sets a cluster's status, such as `ACTIVE` or `UPDATING`.
    pub fn set_status(&mut self, cluster: &str, status: &str) {
        if let Some(cluster) = self.clusters.get_mut(cluster) {
            status.clone_into(&mut cluster.status);
        }
    }

    /// Sets the authentication mode behind the tool's back, without what EKS does at a switch.
    pub fn set_mode(&mut self, cluster: &str, mode: AuthenticationMode) {
        if let Some(cluster) = self.clusters.get_mut(cluster) {
            cluster.mode = mode;
        }
    }
}

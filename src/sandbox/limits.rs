//! How strictly, how slowly and how sparingly a sandbox answers.

use super::answers::Answers;
use super::policy::Policy;

/// How a change of the authentication mode goes.
#[derive(Debug, Clone)]
pub struct SwitchSeed {
    /// When it ends.
    pub takes: UpdateTime,
    /// How it ends.
    pub ends: UpdateEnd,
    /// Whether EKS makes an entry for the cluster's creator when access entries are enabled.
    pub creator_entry: bool,
}

/// When an update ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateTime {
    /// With the given `DescribeUpdate`; 0 is at once.
    Polls(u32),
    /// After so many milliseconds.
    Millis(u32),
}

/// How an update ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateEnd {
    /// The mode is changed.
    Successful,
    /// The mode stays, with this error.
    Failed {
        /// Such as `InternalFailure`.
        code: String,
        /// What EKS says.
        message: String,
    },
    /// The mode stays.
    Cancelled,
}

/// How much and how fast.
#[derive(Debug, Clone)]
pub struct SandboxLimits {
    /// The longest page of an AWS or Kubernetes list, whatever is asked for.
    pub page_size: usize,
    /// How many access entries a cluster can have.
    pub entries: usize,
    /// How many reads do not yet see a new entry.
    pub propagation_reads: u32,
    /// How many AWS requests each account may make in a second, and at once; more are throttled.
    pub requests_per_second: Option<u32>,
    /// When requests are answered.
    pub answers: Answers,
}

/// What the caller may do.
#[derive(Debug, Clone, Default)]
pub struct Rights {
    /// The caller's IAM policy; `None` allows everything.
    pub iam: Option<Policy>,
    /// What an identity without administrator rights may do in Kubernetes.
    pub kubernetes: KubernetesRights,
}

/// How the Kubernetes API decides about identities that are not administrators.
#[derive(Debug, Clone, Default)]
pub enum KubernetesRights {
    /// All that log in may do all.
    #[default]
    Everything,
    /// Only this; it binds the kubeconfig's own token too.
    Rules(Vec<KubernetesRule>),
    /// What the cluster's own RBAC objects say.
    Rbac,
}

/// A right in Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesRule {
    /// Such as `get`, or `*`.
    pub verb: String,
    /// The plural, such as `configmaps`, or `*`.
    pub resource: String,
    /// The namespace it is for; `None` is all of them.
    pub namespace: Option<String>,
}

impl Default for SwitchSeed {
    fn default() -> Self {
        Self {
            takes: UpdateTime::Polls(2),
            ends: UpdateEnd::Successful,
            creator_entry: true,
        }
    }
}

impl Default for SandboxLimits {
    fn default() -> Self {
        Self {
            page_size: 100,
            entries: 3000,
            propagation_reads: 0,
            requests_per_second: None,
            answers: Answers::AtOnce,
        }
    }
}

impl KubernetesRule {
    /// A right in all namespaces.
    #[must_use]
    pub fn new(verb: &str, resource: &str) -> Self {
        Self {
            verb: verb.to_owned(),
            resource: resource.to_owned(),
            namespace: None,
        }
    }
}

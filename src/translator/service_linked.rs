//! Service-linked roles: only their service can create their access entries, and each service has its own way to.

use super::case::{Case, Ruling};
use crate::finding::Code;
use crate::model::access_policy::{BATCH_NAMESPACE, policy_arn};
use crate::model::{LiveEntry, Principal};
use crate::text::{shell_word, visible};

/// A role that an AWS service owns: its entry can only be created by that service.
///
/// Recognised by the real path where IAM has been asked, else by the name, since `aws-auth` has no paths. Where the
/// service has created its entry, that entry is what gives access already, and it is compared like any other.
/// Source: EKS User Guide, "Create access entries"; IAM User Guide, "Create a service-linked role".
pub(super) fn service_linked(case: &Case<'_>) -> Option<Ruling> {
    let written = case.principal()?;
    let real = case.real_principal();
    let is_owned =
        written.is_service_linked() || real.as_ref().is_some_and(Principal::is_service_linked);
    if !is_owned {
        return None;
    }
    let service = Service::of(&written.name);
    let arn = &case.mapping.arn;
    let Some(live) = case.observed.entry(&written.key()) else {
        return Some(Ruling::impossible(
            service.code(),
            format!(
                "`{arn}` is a service-linked role, and EKS refuses access entries for those; {}",
                service.way_out()
            ),
            service.fix(case),
        ));
    };
    if service == Service::Batch && !has_namespace_policy(live) {
        return Some(Ruling::impossible(
            Code::ServiceLinkedBatch,
            format!(
                "AWS Batch created the access entry of `{arn}`, but `{BATCH_NAMESPACE}` is not associated with it: jobs would stay RUNNABLE"
            ),
            associate_namespace_policy(case, live),
        ));
    }
    Some(Ruling::impossible(
        service.code(),
        format!(
            "the service created the access entry of `{arn}`, which already overrides the mapping"
        ),
        "if the service works with its entry, answer `keep-live` in the decisions file",
    ))
}

/// The services that are known to create access entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    Emr,
    Batch,
    Prometheus,
    Other,
}

impl Service {
    fn of(role: &str) -> Self {
        let role = role.to_lowercase();
        if role.starts_with("awsserviceroleforamazonemrcontainers") {
            Self::Emr
        } else if role.starts_with("awsserviceroleforbatch") {
            Self::Batch
        } else if role.starts_with("awsserviceroleforamazonprometheusscraper") {
            Self::Prometheus
        } else {
            Self::Other
        }
    }

    fn code(self) -> Code {
        match self {
            Self::Emr => Code::ServiceLinkedEmr,
            Self::Batch => Code::ServiceLinkedBatch,
            Self::Prometheus => Code::ServiceLinkedPrometheus,
            Self::Other => Code::ServiceLinkedOther,
        }
    }

    /// What the service does by itself.
    ///
    /// Sources: AWS re:Post, "Why did my EMR on EKS virtual cluster creation fail"; AWS Batch User Guide, "Amazon EKS
    /// access entries"; Amazon Managed Service for Prometheus User Guide, "Using an AWS managed collector".
    fn way_out(self) -> &'static str {
        match self {
            Self::Emr => {
                "EMR on EKS creates its own entry with the first virtual cluster created after the cluster supports access entries"
            }
            Self::Batch => {
                "AWS Batch creates its own entry when a compute environment on the cluster asks for it, and then needs a policy for its namespace"
            }
            Self::Prometheus => {
                "Amazon Managed Prometheus creates its own entry for scrapers created after the cluster supports access entries"
            }
            Self::Other => "the service has to create its own entry, if it supports access entries",
        }
    }

    /// What to do; one command, where there is one.
    ///
    /// Source: Amazon EMR on EKS API Reference, `ListVirtualClusters`, `eksAccessEntryIntegrated`.
    fn fix(self, case: &Case<'_>) -> String {
        match self {
            Self::Emr => format!(
                "after the switch, re-create the virtual clusters that do not use the access entry yet; list them with \
                 `aws emr-containers list-virtual-clusters --container-provider-type EKS --container-provider-id {} --no-eks-access-entry-integrated`",
                cluster(case)
            ),
            Self::Batch => {
                "set `accessEntry.desiredState` to `ENABLED` on every compute environment of this cluster (again, if it was set before the cluster supported access entries), and plan again: the plan shows the command that associates the policy"
                    .to_owned()
            }
            Self::Prometheus => "after the switch, re-create the scraper, and plan again".to_owned(),
            Self::Other => {
                "keep the mapping and the mode `API_AND_CONFIG_MAP` until the service has created its own entry".to_owned()
            }
        }
    }
}

/// Whether a Batch entry may create pods in the namespaces of its compute environments.
///
/// Source: AWS Batch User Guide, "Amazon EKS access entries": Batch associates `AWSBatchClusterPolicy` by itself.
fn has_namespace_policy(live: &LiveEntry) -> bool {
    let mut policies = live.entry.access_policies.iter();
    policies.any(|policy| policy.name() == BATCH_NAMESPACE)
}

fn associate_namespace_policy(case: &Case<'_>, live: &LiveEntry) -> String {
    format!(
        "for the namespace of every compute environment, run `aws eks associate-access-policy --cluster-name {} --principal-arn {} --policy-arn {} --access-scope type=namespace,namespaces=NAMESPACE`",
        cluster(case),
        shell_word(&visible(&live.entry.principal_arn.to_string())),
        policy_arn(&case.observed.cluster.partition, BATCH_NAMESPACE)
    )
}

fn cluster(case: &Case<'_>) -> String {
    let name = case.observed.cluster.name.as_deref();
    shell_word(&visible(name.unwrap_or("NAME")))
}

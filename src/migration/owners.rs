//! Who else writes `aws-auth` and the access entries, told by the traces they leave; pure.

use crate::finding::{Code, Finding};
use crate::kubernetes::Stored;
use crate::model::{LiveEntry, Principal};
use crate::observed::Observed;
use crate::plan::document::Outcome;
use crate::plan::{Plan, RUN_TAG};

/// Another writer, and the way out.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Writer {
    /// What it writes: `aws-auth` or an access entry's principal.
    pub of: String,
    /// Who it is, with the trace that tells.
    pub who: String,
    /// What it means, and what to do so that it does not write again.
    #[serde(flatten)]
    pub finding: Finding,
}

/// Tells of every entry that the plan changes who else looks after it.
pub fn tell_owners(plan: &mut Plan, observed: &Observed) {
    let live = observed.entries_by_principal();
    for mapping in &mut plan.mappings {
        if !matches!(mapping.outcome, Outcome::Update | Outcome::Conflict) {
            continue;
        }
        let owner = mapping
            .entry
            .as_ref()
            .and_then(|entry| Principal::from_arn(&entry.principal_arn))
            .and_then(|principal| live.get(&principal.key()).copied())
            .and_then(owner_of);
        mapping.findings.extend(owner.map(|owner| owner.finding));
    }
}

/// Tools by a piece of the name under which they write, and what makes each of them stop.
///
/// People at `kubectl` are no writers that come back; EKS itself writes for managed node groups.
///
/// Terraform's provider for Kubernetes sets no manager for a whole ConfigMap, so that the API server takes its user agent.
const TOOLS: [(&str, &str, &str); 10] = [
    (
        "terraform",
        "Terraform",
        "remove the aws-auth resource from its state and code first (`terraform state rm`)",
    ),
    (
        "hashicorp",
        "Terraform",
        "remove the aws-auth resource from its state and code first (`terraform state rm`)",
    ),
    (
        "opentofu",
        "OpenTofu",
        "remove the aws-auth resource from its state and code first (`tofu state rm`)",
    ),
    ("pulumi", "Pulumi", "remove aws-auth from the program first"),
    (
        "eksctl",
        "eksctl",
        "stop using `eksctl create iamidentitymapping`; remove `iamIdentityMappings` from the config file",
    ),
    (
        "helm",
        "Helm",
        "remove aws-auth from the chart first, or it comes back with the next release",
    ),
    (
        "argocd",
        "Argo CD",
        "remove aws-auth from the application first, or it comes back with the next sync",
    ),
    (
        "flux",
        "Flux",
        "remove aws-auth from the repository first, or it comes back with the next reconciliation",
    ),
    (
        "kustomize-controller",
        "Flux",
        "remove aws-auth from the repository first, or it comes back with the next reconciliation",
    ),
    (
        "cdk",
        "AWS CDK",
        "remove `awsAuth` from the stack first: its kubectl handler applies the whole ConfigMap again",
    ),
];

/// Other writers of the ConfigMap, by its managed fields, labels and annotations.
#[must_use]
pub fn writers_of(stored: &Stored) -> Vec<Writer> {
    let managers = stored.managers();
    let marks = stored.marks();
    let mut found: Vec<Writer> = Vec::new();
    for (piece, name, fix) in TOOLS {
        let has = |text: &&String| {
            let text = text.to_lowercase();
            // The last value that kubectl applied is a copy of the data, not a trace.
            !text.starts_with("kubectl.kubernetes.io/last-applied") && text.contains(piece)
        };
        let trace = managers
            .iter()
            .find(has)
            .map(|manager| format!("the field manager `{manager}`"))
            .or_else(|| {
                let mark = marks.iter().find(has)?;
                let key = mark.split('=').next().unwrap_or(mark);
                Some(format!("the label or annotation `{key}`"))
            });
        if let Some(trace) = trace
            && !found.iter().any(|writer| writer.who.starts_with(name))
        {
            let who = format!("{name}, by {trace}");
            found.push(Writer {
                of: "aws-auth".to_owned(),
                finding: Finding::new(Code::ForeignWriter, format!("{who} writes aws-auth"), fix),
                who,
            });
        }
    }
    found
}

/// The other owner of an access entry, by its tags.
///
/// Source: CloudFormation User Guide, "Resource tag"; eksctl, AWS Controllers for Kubernetes and Cluster API Provider
/// AWS, the tags they set.
#[must_use]
pub fn owner_of(live: &LiveEntry) -> Option<Writer> {
    let tags = &live.entry.tags;
    if tags.contains_key(RUN_TAG) {
        return None;
    }
    let with = |prefix: &str| tags.keys().find(|key| key.starts_with(prefix));
    let (tag, name, fix) = [
        (
            "alpha.eksctl.io/",
            "eksctl",
            "change it in eksctl's config file",
        ),
        (
            "eksctl.cluster.k8s.io/",
            "eksctl",
            "change it in eksctl's config file",
        ),
        (
            "services.k8s.aws/",
            "AWS Controllers for Kubernetes",
            "change the AccessEntry object in Kubernetes",
        ),
        (
            "sigs.k8s.io/cluster-api-provider-aws",
            "Cluster API Provider AWS",
            "change the AWSManagedControlPlane object",
        ),
        (
            "aws:cloudformation:",
            "a CloudFormation stack",
            "change it in the stack's template",
        ),
    ]
    .into_iter()
    .find_map(|(prefix, name, fix)| Some((with(prefix)?, name, fix)))?;
    let who = format!("{name}, by the tag `{tag}`");
    let message = format!("{who} manages the access entry");
    Some(Writer {
        of: live.entry.principal_arn.to_string(),
        who,
        finding: Finding::new(Code::ForeignOwner, message, fix),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn writers_are_known_by_their_traces_and_people_are_none() {
        let of = |metadata: serde_json::Value| {
            let stored = Stored::from_json(&json!({"metadata": metadata})).unwrap();
            writers_of(&stored)
                .into_iter()
                .map(|writer| writer.who)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            of(json!({"managedFields": [{"manager": "Terraform"}, {"manager": "kubectl-edit"}]})),
            ["Terraform, by the field manager `Terraform`"]
        );
        assert_eq!(
            of(json!({"annotations": {"meta.helm.sh/release-name": "x"}})),
            ["Helm, by the label or annotation `meta.helm.sh/release-name`"]
        );
        let applied = json!({"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "role/terraform"}});
        assert!(of(applied).is_empty());
    }
}

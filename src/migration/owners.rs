//! Who else writes `aws-auth` and the access entries, by the traces they leave; pure.

use crate::finding::{Code, Finding};
use crate::kubernetes::{MANAGER, Stored};
use crate::model::{LiveEntry, Principal};
use crate::observed::Observed;
use crate::plan::document::Outcome;
use crate::plan::{Plan, RUN_TAG};
use crate::source::EKS_MANAGER;
use crate::text::visible;

/// Another writer, and the way out.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Writer {
    /// What it writes: `aws-auth` or an access entry's principal.
    pub of: String,
    /// Who it is, with the trace that shows it.
    pub who: String,
    /// What it means, and what to do so that it does not write again.
    #[serde(flatten)]
    pub finding: Finding,
}

/// Finds out who else manages the entries that the plan changes.
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

/// A tool that writes `aws-auth`.
struct Tool {
    /// Pieces of the names under which it writes, in lower case.
    traces: &'static [&'static str],
    /// Its name.
    name: &'static str,
    /// How to take `aws-auth` away from it: first what keeps the ConfigMap, then what may be removed.
    fix: &'static str,
}

/// Tools that write `aws-auth`, and what makes each of them let go of it.
///
/// Most of them delete what disappears from their code, so what retains the ConfigMap always comes first.
/// Sources: Terraform Kubernetes provider, `kubernetes/provider.go`, whose requests have the user agent `HashiCorp/1.0
/// Terraform`, and Terraform, "Remove resources from state"; Pulumi, "Resource option: retainOnDelete"; AWS CDK API
/// Reference, `KubernetesManifest`; Helm, "Tell Helm not to uninstall a resource"; Argo CD, "Sync options"; Flux,
/// "Kustomization", `prune`; Rancher Fleet, "GitRepo", `keepResources`; Crossplane, "Managed resources",
/// `deletionPolicy`; Cluster API Provider AWS, `pkg/cloud/services/eks/roles.go` and `iamauth`.
const TOOLS: [Tool; 14] = [
    Tool {
        traces: &["opentofu"],
        name: "OpenTofu",
        fix: "first run `tofu state rm` on the aws-auth resource, then remove it from the code: a destroy deletes the ConfigMap or empties its data",
    },
    Tool {
        traces: &["terraform", "hashicorp"],
        name: "Terraform",
        fix: "first run `terraform state rm` on the aws-auth resource, or replace it with a `removed` block that has `destroy = false`, then remove it from the code: a destroy deletes the ConfigMap or empties its data",
    },
    Tool {
        traces: &["pulumi"],
        name: "Pulumi",
        fix: "first set the option `retainOnDelete: true` on the aws-auth resource and run `pulumi up`, then remove it from the program: otherwise Pulumi deletes the ConfigMap",
    },
    Tool {
        traces: &["eksctl"],
        name: "eksctl",
        fix: "stop using `eksctl create iamidentitymapping`, and remove `iamIdentityMappings` from the config file; eksctl deletes nothing by itself",
    },
    Tool {
        traces: &["kustomize-controller", "kustomize.toolkit.fluxcd.io"],
        name: "Flux",
        fix: "first annotate aws-auth in the repository with `kustomize.toolkit.fluxcd.io/prune: disabled` and let Flux reconcile, then remove it from the repository: otherwise Flux deletes the ConfigMap",
    },
    Tool {
        traces: &["fleetagent", "fleet.cattle.io", "objectset.rio.cattle.io"],
        name: "Rancher Fleet",
        fix: "first set `keepResources: true` on the GitRepo and let Fleet deploy it, then remove aws-auth from the repository: otherwise Fleet deletes the ConfigMap",
    },
    Tool {
        traces: &["helm"],
        name: "Helm",
        fix: "first annotate aws-auth in the chart with `helm.sh/resource-policy: keep` and upgrade the release, then remove it from the chart: otherwise Helm deletes the ConfigMap",
    },
    Tool {
        traces: &["argocd", "argoproj.io"],
        name: "Argo CD",
        fix: "first annotate aws-auth in the repository with `argocd.argoproj.io/sync-options: Prune=false,Delete=false` and sync, then remove it from the repository: otherwise Argo CD deletes the ConfigMap",
    },
    Tool {
        traces: &["flux"],
        name: "Flux",
        fix: "first annotate aws-auth in the repository with `kustomize.toolkit.fluxcd.io/prune: disabled` and let Flux reconcile, then remove it from the repository: otherwise Flux deletes the ConfigMap",
    },
    Tool {
        traces: &["cdk"],
        name: "AWS CDK",
        fix: "first retain the manifest: call `applyRemovalPolicy(RemovalPolicy.RETAIN)` on the `KubernetesManifest` in `cluster.awsAuth` and deploy, then remove `awsAuth` from the stack: otherwise CDK deletes the ConfigMap",
    },
    Tool {
        traces: &["crossplane"],
        name: "Crossplane",
        fix: "first set `deletionPolicy: Orphan` on the Object or managed resource that holds aws-auth, then delete it: otherwise Crossplane deletes the ConfigMap",
    },
    Tool {
        traces: &["ansible", "openapi-generator"],
        name: "Ansible or another Python client",
        fix: "remove the task that applies aws-auth from the playbook, and do not set it to `state: absent`: that deletes the ConfigMap",
    },
    Tool {
        traces: &["spinnaker"],
        name: "Spinnaker",
        fix: "remove aws-auth from the manifests of the deploy stage, and leave out a Delete stage for it: that deletes the ConfigMap",
    },
    Tool {
        traces: &["capa-", "cluster-api", "cluster.x-k8s.io"],
        name: "Cluster API Provider AWS",
        fix: "first empty `iamAuthenticatorConfig` of the AWSManagedControlPlane; its controller still creates aws-auth with the node roles when there is none, so plan to stay in `API_AND_CONFIG_MAP`, keep the ConfigMap with `cutover --keep-config-map`, or switch with `--to-api-mode`, after which the cluster ignores it",
    },
];

/// Who writes `aws-auth` and needs no finding: people at `kubectl`, EKS itself for managed nodes, and this tool.
///
/// `before-first-apply` is what server-side apply calls what was there before it.
/// Source: Kubernetes, "Server-Side Apply"; EKS names its own writer `vpcLambda`.
fn is_quiet(manager: &str) -> bool {
    let manager = manager.to_lowercase();
    manager.starts_with("kubectl")
        || [EKS_MANAGER, MANAGER, "before-first-apply"]
            .iter()
            .any(|quiet| manager.eq_ignore_ascii_case(quiet))
}

/// Other writers of the ConfigMap, by its managed fields, labels and annotations.
#[must_use]
pub fn writers_of(stored: &Stored) -> Vec<Writer> {
    let managers = stored.managers();
    let managers: Vec<&String> = managers.iter().filter(|name| !is_quiet(name)).collect();
    let marks = stored.marks();
    // The last value that kubectl applied is a copy of the data, not a trace.
    let marks: Vec<&String> = marks
        .iter()
        .filter(|mark| !mark.starts_with("kubectl.kubernetes.io/last-applied"))
        .collect();
    let mut found: Vec<Writer> = Vec::new();
    let mut tell = |name: &str, trace: String, fix: String| {
        if !found.iter().any(|writer| writer.who.starts_with(name)) {
            let who = format!("{name}, by {trace}");
            found.push(Writer {
                of: "aws-auth".to_owned(),
                finding: Finding::new(Code::ForeignWriter, format!("{who} writes aws-auth"), fix),
                who,
            });
        }
    };
    for tool in &TOOLS {
        let has = |text: &&&String| {
            let text = text.to_lowercase();
            tool.traces.iter().any(|piece| text.contains(piece))
        };
        let by_field = |manager: &&String| format!("the field manager `{manager}`");
        let by_mark = |mark: &&String| {
            let key = mark.split('=').next().unwrap_or(mark);
            format!("the label or annotation `{key}`")
        };
        let trace = managers.iter().find(has).map(by_field);
        if let Some(trace) = trace.or_else(|| marks.iter().find(has).map(by_mark)) {
            tell(tool.name, trace, tool.fix.to_owned());
        }
    }
    let is_known = |manager: &str| {
        let manager = manager.to_lowercase();
        let mut traces = TOOLS.iter().flat_map(|tool| tool.traces);
        traces.any(|piece| manager.contains(piece))
    };
    for manager in managers {
        if !is_known(manager) {
            tell(
                &format!("A tool that calls itself `{manager}`"),
                "its field manager".to_owned(),
                format!(
                    "find out who writes aws-auth as `{}` and when, with `{SHOW_MANAGERS}`; then remove aws-auth from that tool without deleting the ConfigMap",
                    visible(manager)
                ),
            );
        }
    }
    found
}

/// Shows who wrote which key of the ConfigMap, and when.
const SHOW_MANAGERS: &str =
    "kubectl --namespace kube-system get configmap aws-auth --show-managed-fields --output yaml";

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
        assert_eq!(
            of(json!({"managedFields": [{"manager": "HashiCorp"}]})),
            ["Terraform, by the field manager `HashiCorp`"],
            "the Terraform provider writes `kubernetes_config_map_v1` under this name"
        );
        assert_eq!(
            of(
                json!({"managedFields": [{"manager": "vpcLambda"}, {"manager": "aws-auth-migrate"}, {"manager": "kubectl"}, {"manager": "before-first-apply"}]})
            ),
            [""; 0],
            "EKS, people and this tool"
        );
        assert_eq!(
            of(json!({"managedFields": [{"manager": "onboarding-bot"}, {"manager": "helm"}]})),
            [
                "Helm, by the field manager `helm`",
                "A tool that calls itself `onboarding-bot`, by its field manager"
            ]
        );
        let applied = json!({"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "role/terraform"}});
        assert!(of(applied).is_empty());
    }
    /// As advised once, aws-auth was removed from the tool's code, and the tool deleted the ConfigMap with the access of
    /// everybody who had no entry yet.
    #[test]
    fn advice_keeps_the_config_map_before_it_is_removed_from_the_code() {
        for (manager, setting) in [
            ("HashiCorp", "state rm"),
            ("Terraform", "destroy = false"),
            ("pulumi-kubernetes-1a2b", "retainOnDelete: true"),
            ("helm", "helm.sh/resource-policy: keep"),
            ("argocd-controller", "Prune=false"),
            (
                "kustomize-controller",
                "kustomize.toolkit.fluxcd.io/prune: disabled",
            ),
            ("fleetagent", "keepResources: true"),
            ("crossplane-kubernetes-provider", "deletionPolicy: Orphan"),
            ("cdk", "RemovalPolicy.RETAIN"),
        ] {
            let stored = json!({"metadata": {"managedFields": [{"manager": manager}]}});
            let writers = writers_of(&Stored::from_json(&stored).unwrap());
            let [writer] = writers.as_slice() else {
                panic!("{manager}: {writers:?}");
            };
            let fix = &writer.finding.fix;
            let keeps = fix
                .find(setting)
                .unwrap_or_else(|| panic!("{manager}: {fix}"));
            let removes = fix
                .find("then ")
                .unwrap_or_else(|| panic!("{manager}: {fix}"));
            assert!(
                fix.starts_with("first ") && keeps < removes,
                "{manager}: {fix}"
            );
        }
    }
}

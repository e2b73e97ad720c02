//! What could go wrong before anything is written: rights, the cluster, other writers and owners.

use futures_util::{StreamExt, stream};
use serde::Serialize;
use serde_json::Value;

use crate::aws::{Aws, LookupRoles};
use crate::finding::Finding;
use crate::kubernetes::Kubernetes;
use crate::migration::owners::{Writer, owner_of, writers_of};
use crate::migration::{Survey, Verification};
use crate::plan::{Action, Obstacle};
use crate::rights::{self, AccessReview, For, Needs, Statement};

/// How many questions are asked at a time.
const AT_A_TIME: usize = 4;

/// What could go wrong before anything is written.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Preflight {
    /// The command that was checked.
    pub command: For,
    /// Every right that it needs.
    pub rights: Vec<Right>,
    /// What may not be read in AWS, or is not as it must be.
    pub findings: Vec<Finding>,
    /// Others that write `aws-auth`.
    pub writers: Vec<Writer>,
    /// Other owners of access entries.
    pub owners: Vec<Writer>,
    /// The IAM policy that grants what the command needs.
    pub policy: Value,
    /// The Kubernetes roles and bindings that do.
    pub rbac: Vec<Value>,
}

/// A right, and whether it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Right {
    /// Such as `eks:CreateAccessEntry`, or `get configmaps`.
    pub right: String,
    /// Who grants it.
    #[serde(skip)]
    pub api: RightApi,
    /// What it is needed on: an ARN, or an object or a namespace.
    pub on: String,
    /// Whether it is there.
    pub state: RightState,
    /// How that was found out, or why it was not.
    pub how: String,
}

/// Who grants a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RightApi {
    /// IAM.
    Iam,
    /// The roles of the cluster.
    Kubernetes,
}

/// Whether a right is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RightState {
    /// It is.
    Allowed,
    /// It is not.
    Missing,
    /// Nobody could tell.
    NotTried,
}

impl RightState {
    fn of(allowed: bool) -> Self {
        if allowed {
            Self::Allowed
        } else {
            Self::Missing
        }
    }
}

/// Asks what could go wrong; given what a rollback would do, and the bindings that the command makes or deletes.
pub async fn preflight(
    seen: &Survey,
    verification: &Verification,
    command: For,
    (undoing, bindings): (&[Action], &[Value]),
    lookup_roles: &LookupRoles,
) -> Preflight {
    let needs = Needs {
        command,
        plan: &verification.plan,
        undoing,
        lookup_roles,
    };
    let statements = rights::iam_statements(&needs);
    let policy = rights::policy_of(&statements);
    let mut found = match &seen.aws {
        Some(aws) => of_aws(aws, seen, statements).await,
        None => Vec::new(),
    };
    let mut writers = Vec::new();
    if let Some(kubernetes) = &seen.kubernetes {
        for question in rights::questions(command, bindings) {
            found.push(of_kubernetes(kubernetes, &question).await);
        }
        // A missing right to read it is among the rights.
        let stored = kubernetes.stored().await.unwrap_or_default();
        writers = stored.as_ref().map(writers_of).unwrap_or_default();
    }
    Preflight {
        command,
        rights: found,
        findings: verification
            .plan
            .obstacles()
            .filter(|(obstacle, _)| stops(*obstacle))
            .map(|(_, finding)| finding.clone())
            .collect(),
        writers,
        owners: seen
            .observed
            .entries
            .iter()
            .flatten()
            .filter_map(owner_of)
            .collect(),
        policy,
        rbac: rights::rbac_objects(command, bindings),
    }
}

/// Whether it stops a command that writes, or what it may do can't be told; `aws-auth` itself is the plan's business.
fn stops(obstacle: Obstacle) -> bool {
    !matches!(
        obstacle,
        Obstacle::SectionUnclear | Obstacle::AccountsCutShort
    )
}

/// Tries the reads of a policy and has the changes simulated.
async fn of_aws(aws: &Aws, seen: &Survey, statements: Vec<Statement>) -> Vec<Right> {
    let cluster = seen.observed.cluster.name.as_deref().unwrap_or_default();
    let caller = seen.observed.caller.as_ref().map(ToString::to_string);
    let mut asked = Vec::new();
    for statement in statements {
        for action in statement.actions {
            for resource in &statement.resources {
                asked.push((action, resource.clone(), statement.condition));
            }
        }
    }
    let principal = caller.as_deref();
    stream::iter(asked)
        .map(|(action, resource, context)| async move {
            let right = |state, how: String| Right {
                right: action.to_owned(),
                api: RightApi::Iam,
                on: resource.clone(),
                state,
                how,
            };
            let somebody = principal.unwrap_or_default();
            if let Some(allowed) = aws.may_read(action, cluster, somebody).await {
                return right(RightState::of(allowed), "tried".to_owned());
            }
            let Some(principal) = principal else {
                let why =
                    "the caller is neither a role nor a user, so IAM can't simulate its rights";
                return right(RightState::NotTried, why.to_owned());
            };
            match aws.would_allow(principal, action, &resource, context).await {
                Ok(allowed) => right(RightState::of(allowed), "simulated by IAM".to_owned()),
                Err(error) => right(RightState::NotTried, error.to_string()),
            }
        })
        .buffered(AT_A_TIME)
        .collect()
        .await
}

/// Asks the API server.
///
/// Source: Kubernetes API Reference, `SelfSubjectAccessReview`.
async fn of_kubernetes(kubernetes: &Kubernetes, question: &AccessReview) -> Right {
    let (state, how) = match kubernetes.may(question).await {
        Ok(allowed) => (
            RightState::of(allowed),
            "checked with the API server".to_owned(),
        ),
        Err(error) => (RightState::NotTried, error.to_string()),
    };
    let on = match (&question.namespace, &question.name) {
        (Some(namespace), Some(name)) => format!("{namespace}/{name}"),
        (Some(namespace), None) => format!("in {namespace}"),
        (None, Some(name)) => name.clone(),
        (None, None) => "in all namespaces".to_owned(),
    };
    Right {
        right: format!("{} {}", question.verb, question.resource),
        api: RightApi::Kubernetes,
        on,
        state,
        how,
    }
}

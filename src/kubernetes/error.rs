//! What can go wrong with the Kubernetes API, and what to do about it.

use std::fmt;

use tracing::debug;

use super::gate::Refused;
use super::refusal;
use crate::causes::with_causes;
use crate::invocation::Advice;
use crate::text::{shortened, visible};

/// How much of an error's text is shown; the server may have written it.
const LONGEST_REASON: usize = 1000;

/// What was asked of the Kubernetes API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// To read `aws-auth`.
    ReadAwsAuth,
    /// To create it.
    CreateAwsAuth,
    /// To write it.
    WriteAwsAuth,
    /// To delete it.
    DeleteAwsAuth,
    /// To list all objects of a kind, by its plural.
    List(&'static str),
    /// To read a binding that this tool created, or will delete.
    ReadBinding,
    /// To create a binding for a new name.
    CreateBinding,
    /// To delete such a binding.
    DeleteBinding,
    /// To say whether the caller has a right.
    ReviewAccess,
    /// To say who the caller is.
    ReviewIdentity,
}

/// As it fits after "failed to ".
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReadAwsAuth => f.write_str("read the ConfigMap kube-system/aws-auth"),
            Self::CreateAwsAuth => f.write_str("create the ConfigMap kube-system/aws-auth"),
            Self::WriteAwsAuth => f.write_str("write the ConfigMap kube-system/aws-auth"),
            Self::DeleteAwsAuth => f.write_str("delete the ConfigMap kube-system/aws-auth"),
            Self::List(kind) => write!(f, "list {kind}"),
            Self::ReadBinding => f.write_str("read a binding of a renamed group"),
            Self::CreateBinding => f.write_str("create a binding for a renamed group"),
            Self::DeleteBinding => f.write_str("delete a binding of a renamed group"),
            Self::ReviewAccess => f.write_str("ask what the caller may do"),
            Self::ReviewIdentity => f.write_str("ask who the caller is"),
        }
    }
}

/// What can go wrong with the Kubernetes API.
#[derive(Debug, thiserror::Error)]
pub enum KubernetesError {
    /// The kubeconfig can't be used.
    #[error("failed to use the kubeconfig: {reason}")]
    Kubeconfig {
        /// Why.
        reason: String,
    },
    /// The cluster's endpoint can't be used.
    #[error("failed to use the cluster's endpoint: {reason}")]
    Unusable {
        /// Why.
        reason: String,
    },
    /// The kubeconfig's exec plugin gave no credentials.
    #[error("failed to get credentials from the kubeconfig's exec plugin `{command}`: {reason}")]
    Plugin {
        /// The command, without its arguments.
        command: String,
        /// Why.
        reason: String,
    },
    /// A list does not end.
    #[error("failed to {what}: the answer {reason}")]
    Endless {
        /// What was attempted.
        what: Request,
        /// Which limit it has passed.
        reason: String,
    },
    /// The API server knows nobody by these credentials.
    #[error("failed to {what}: the Kubernetes API does not know the caller (401 Unauthorized)")]
    Unauthorized {
        /// What was attempted.
        what: Request,
    },
    /// The caller lacks a right.
    #[error("failed to {what}: {message}")]
    Forbidden {
        /// What was attempted.
        what: Request,
        /// The API server's own words.
        message: String,
    },
    /// Admission refused it: a policy, a webhook, a plugin of the API server. No right is missing.
    #[error("failed to {what}: {by} refused it: {message}")]
    Rejected {
        /// What was attempted.
        what: Request,
        /// Who refused it.
        by: String,
        /// The API server's own words.
        message: String,
    },
    /// The object says of itself that it never changes.
    #[error("failed to {what}: it has `immutable: true`, so its contents can't be changed")]
    Immutable {
        /// What was attempted.
        what: Request,
    },
    /// A binding names a role that is not there.
    #[error(
        "failed to create the {kind} `{name}`: it needs the {role} of the old group's binding, which does not exist"
    )]
    NoRole {
        /// The binding's kind.
        kind: String,
        /// Its name.
        name: String,
        /// The role's kind and name.
        role: String,
    },
    /// The API server refused otherwise.
    #[error("failed to {what}: the Kubernetes API answered {code} {reason}: {message}")]
    Refused {
        /// What was attempted.
        what: Request,
        /// The HTTP status.
        code: u16,
        /// The status's reason, such as `Conflict`.
        reason: String,
        /// The API server's own words.
        message: String,
    },
    /// An object of the name is there, and it is another one.
    #[error(
        "failed to create the {kind} `{name}`: one with this name already exists and gives something else"
    )]
    Differs {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
    },
    /// The API server was not reached.
    #[error("failed to {what}: {reason}")]
    Unreachable {
        /// What was attempted.
        what: Request,
        /// Why.
        reason: String,
    },
}

/// Reports the result of a write, and turns its error into this project's words.
pub(super) fn ended<T>(what: Request, result: kube::Result<T>) -> Result<T, KubernetesError> {
    let result = result.map_err(|error| KubernetesError::of(what, error));
    match &result {
        Ok(_) => debug!("{what}: done"),
        Err(error) => debug!("{}", visible(&error.to_string())),
    }
    result
}

impl KubernetesError {
    pub(super) fn of(what: Request, error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => {
                let refusal = refusal::of(what, status.code, &status.message);
                refusal.unwrap_or_else(|| match status.code {
                    401 => Self::Unauthorized { what },
                    403 => Self::Forbidden {
                        what,
                        message: shortened(&status.message, LONGEST_REASON).into_owned(),
                    },
                    code => Self::Refused {
                        what,
                        code,
                        reason: shortened(&status.reason, LONGEST_REASON).into_owned(),
                        message: shortened(&status.message, LONGEST_REASON).into_owned(),
                    },
                })
            }
            kube::Error::Service(error)
                if matches!(error.downcast_ref(), Some(Refused::TooLarge)) =>
            {
                Self::Endless {
                    what,
                    reason: Refused::TooLarge.to_string(),
                }
            }
            other => Self::Unreachable {
                what,
                reason: shortened(&with_causes(&other), LONGEST_REASON).into_owned(),
            },
        }
    }

    /// Whether somebody else has written the object meanwhile, or made one.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Refused { code: 409, .. })
    }

    /// Whether it is unknown if what was asked for was done.
    #[must_use]
    pub fn is_answer_lost(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { code, .. } => *code >= 500,
            _ => false,
        }
    }

    /// Whether there is no such object.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { code: 404, .. })
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unauthorized { .. } => {
                Advice::WaitOrOtherCredentials.into()
            }
            Self::Forbidden { what: Request::WriteAwsAuth | Request::DeleteAwsAuth | Request::CreateAwsAuth, .. } => {
                "grant `update`, `create` and `delete` on ConfigMaps in `kube-system` to the caller, and run the same command again"
                    .to_owned()
            }
            Self::Forbidden { what: Request::ReadBinding | Request::DeleteBinding, .. } => {
                "grant `get` and `delete` on it to the caller, and run the same command again".to_owned()
            }
            Self::Forbidden { what: Request::CreateBinding, .. } => {
                Advice::GrantBind.into()
            }
            Self::Forbidden { what: what @ Request::List(_), .. } => {
                format!("grant the right to {what} to the caller")
            }
            Self::Forbidden { .. } => {
                Advice::GrantReadOrFile.into()
            }
            Self::Unreachable { .. } => {
                Advice::NetworkOrFile.into()
            }
            Self::Differs { name, .. } => {
                format!("check `{name}`, and delete it or create the bindings yourself: existing objects are never edited")
            }
            Self::Rejected { .. } => {
                "no permission is missing: change the policy or webhook that refused it, or exempt this ConfigMap from it (kubectl get validatingadmissionpolicies,validatingwebhookconfigurations), then run the same command again"
                    .to_owned()
            }
            Self::NoRole { role, .. } => {
                format!("create the {role}, or delete the old group's binding to it, which grants nothing")
            }
            Self::Plugin { .. } => {
                Advice::MoreTimeForPlugin.into()
            }
            Self::Endless { .. } => {
                "check that the endpoint is the cluster's and that nothing else answers instead".to_owned()
            }
            Self::Kubeconfig { .. }
            | Self::Unusable { .. }
            | Self::Immutable { .. }
            | Self::Refused { .. } => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// While the authenticator was down, the tool once claimed that the caller had no mapping.
    #[test]
    fn a_401_names_the_authenticator_before_the_caller() {
        let error = KubernetesError::Unauthorized {
            what: Request::ReadAwsAuth,
        };
        let hint = error.hint().unwrap();
        let (authenticator, mapping) = (hint.find("authenticator"), hint.find("neither a mapping"));
        assert!(authenticator.unwrap() < mapping.unwrap(), "{hint}");
        assert!(hint.starts_with("retry in a minute"), "{hint}");
    }
}

//! Admission that refuses writes, in the words of the real one; a dry run is refused like the write itself.
//!
//! Source: Kubernetes, "Validating Admission Policy" and "Dynamic Admission Control"; apiserver
//! `pkg/admission/plugin/policy/validating/dispatcher.go` and `pkg/admission/plugin/webhook/errors/statuserror.go`.

use super::request::ObjectRequest;
use super::status::StatusError;

/// Something that refuses writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// Which writes, such as `delete configmaps`.
    pub operation: String,
    /// Who refuses them.
    pub by: Refuser,
    /// Why, in its own words.
    pub message: String,
}

/// Who refuses a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refuser {
    /// A `ValidatingAdmissionPolicy` and its binding.
    Policy {
        /// The policy's name.
        name: String,
        /// The binding's name.
        binding: String,
    },
    /// A validating webhook.
    Webhook {
        /// Its name.
        name: String,
    },
    /// A webhook that nobody answers for, whose failure policy is `Fail`.
    DeadWebhook {
        /// Its name.
        name: String,
    },
}

/// Refuses the write where something does.
pub(super) fn check(
    request: &ObjectRequest<'_>,
    verb: &str,
    name: &str,
) -> Result<(), StatusError> {
    let operation = format!("{verb} {}", request.resource.plural);
    let refusal = request
        .admissions
        .iter()
        .find(|admission| admission.operation == operation);
    match refusal {
        Some(admission) => Err(admission.status(&request.resource.qualified(), name)),
        None => Ok(()),
    }
}

impl Admission {
    fn status(&self, resource: &str, object: &str) -> StatusError {
        let why = &self.message;
        match &self.by {
            Refuser::Policy { name, binding } => StatusError::new(
                422,
                "Invalid",
                format!(
                    "{resource} \"{object}\" is forbidden: ValidatingAdmissionPolicy '{name}' with binding '{binding}' \
                     denied request: {why}"
                ),
            ),
            Refuser::Webhook { name } => StatusError::new(
                403,
                "Forbidden",
                format!("admission webhook \"{name}\" denied the request: {why}"),
            ),
            Refuser::DeadWebhook { name } => StatusError::new(
                500,
                "InternalError",
                format!(
                    "Internal error occurred: failed calling webhook \"{name}\": failed to call webhook: {why}"
                ),
            ),
        }
    }
}

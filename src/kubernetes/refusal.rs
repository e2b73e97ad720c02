//! Refusals that are no matter of rights, recognised by the words of the API server.
//!
//! Source: apiserver `pkg/admission/plugin/webhook/errors/statuserror.go`,
//! `pkg/admission/plugin/policy/validating/dispatcher.go` and `pkg/endpoints/handlers/responsewriters/errors.go`.

use super::{KubernetesError, Request};

/// The refusal of a write, where it is one by admission or by the object itself.
pub(super) fn of(what: Request, code: u16, message: &str) -> Option<KubernetesError> {
    if message.contains("field is immutable when `immutable` is set") {
        return Some(KubernetesError::Immutable { what });
    }
    by(code, message).map(|by| KubernetesError::Rejected {
        what,
        by,
        message: message.to_owned(),
    })
}

fn by(code: u16, message: &str) -> Option<String> {
    if let Some(name) = between(message, "failed calling webhook \"", "\"") {
        return Some(format!(
            "the admission webhook `{name}`, which does not answer,"
        ));
    }
    if let Some(name) = between(message, "admission webhook \"", "\"") {
        return Some(format!("the admission webhook `{name}`"));
    }
    if let Some(name) = between(message, "ValidatingAdmissionPolicy '", "'") {
        return Some(format!("the ValidatingAdmissionPolicy `{name}`"));
    }
    // Who lacks a right "cannot" do it; who would grant more than it holds is "attempting to grant" it.
    let is_right = message.contains(" cannot ") || message.contains("attempting to grant");
    (code == 403 && !is_right).then(|| "an admission plugin".to_owned())
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(begin)?;
    let (found, _) = rest.split_once(end)?;
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_refused_a_write_is_named() {
        for (code, message, expected) in [
            (
                422,
                "configmaps \"aws-auth\" is forbidden: ValidatingAdmissionPolicy 'freeze' with binding 'all' denied request: no",
                Some("the ValidatingAdmissionPolicy `freeze`"),
            ),
            (
                403,
                "admission webhook \"validate.kyverno.svc-fail\" denied the request: no",
                Some("the admission webhook `validate.kyverno.svc-fail`"),
            ),
            (
                500,
                "Internal error occurred: failed calling webhook \"w.example.com\": failed to call webhook: refused",
                Some("the admission webhook `w.example.com`, which does not answer,"),
            ),
            (
                403,
                "configmaps \"aws-auth\" is forbidden: the namespace is frozen",
                Some("an admission plugin"),
            ),
            (
                403,
                "configmaps \"aws-auth\" is forbidden: User \"ci\" cannot delete resource \"configmaps\" in API group \"\" in \
                 the namespace \"kube-system\"",
                None,
            ),
            (
                403,
                "clusterrolebindings.rbac.authorization.k8s.io \"b\" is forbidden: user \"ci\" (groups=[]) is attempting to \
                 grant RBAC permissions not currently held",
                None,
            ),
            (500, "Internal error occurred", None),
        ] {
            let by = match of(Request::WriteAwsAuth, code, message) {
                Some(KubernetesError::Rejected { by, .. }) => Some(by),
                None => None,
                other => panic!("{other:?}"),
            };
            assert_eq!(by.as_deref(), expected, "{message}");
        }
    }
}

//! Stage 3, username: which Kubernetes username an access entry can carry, and what becomes of the others.

use super::case::Case;
use crate::access::rbac::{Rbac, Subject};
use crate::access::template::{Placeholder, Template, has_placeholder, with_account};
use crate::choices::Usernames;
use crate::finding::{Code, Finding};
use crate::model::reserved;

/// The username of a mapping, as far as an access entry takes it.
#[derive(Debug, Default)]
pub(super) struct Username {
    /// The template for the entry; `None` leaves it to EKS.
    pub(super) kept: Option<String>,
    /// Whether it can't be kept although a binding depends on it.
    pub(super) blocks: bool,
    /// Why.
    pub(super) findings: Vec<Finding>,
}

/// Why a username can't be carried over.
struct Refusal {
    code: Code,
    why: String,
    fix: String,
}

/// Translates a username.
///
/// `is_admin` tells whether the entry gives every right anyway, so that no binding on the name matters.
pub(super) fn translate(case: &Case<'_>, account: &str, is_admin: bool) -> Username {
    let written = case.mapping.username.as_str();
    if written.is_empty() {
        return left_to_eks(Finding::new(
            Code::NoUsername,
            "the mapping has no username, and EKS sets the principal's ARN or session as one",
            "",
        ));
    }
    if case.choices.usernames == Usernames::Default {
        return left_to_eks(Finding::new(
            Code::UsernameDefault,
            format!(
                "the username `{written}` is left to EKS, as requested with `--usernames default`"
            ),
            "",
        ));
    }
    let name = with_account(written, account);
    let mut username = Username::default();
    if name != written {
        username.findings.push(Finding::new(
            Code::AccountIdSubstituted,
            format!("the username `{written}` is written out as `{name}`"),
            "",
        ));
    }
    match RULES.iter().find_map(|rule| rule(&name)) {
        None => username.kept = Some(name),
        Some(refusal) => username.refuse(refusal, &name, case, is_admin),
    }
    username
}

fn left_to_eks(finding: Finding) -> Username {
    Username {
        findings: vec![finding],
        ..Username::default()
    }
}

impl Username {
    fn refuse(&mut self, refusal: Refusal, name: &str, case: &Case<'_>, is_admin: bool) {
        self.findings.push(Finding::new(
            refusal.code,
            format!("{}; EKS sets its own username instead", refusal.why),
            refusal.fix,
        ));
        if is_admin {
            return;
        }
        let Some(user) = case
            .observed
            .rbac
            .as_ref()
            .and_then(|rbac| in_use(rbac, name))
        else {
            return;
        };
        self.blocks = true;
        self.findings.push(Finding::new(
            Code::UsernameInUse,
            format!(
                "{user} depends on the username `{name}`, which can't be kept; bind a group instead"
            ),
            "",
        ));
    }
}

/// The first binding that names a user that this username can be.
fn in_use(rbac: &Rbac, name: &str) -> Option<String> {
    let template = Template::new(name);
    rbac.bindings.iter().find_map(|binding| {
        let user = binding.subjects.iter().find_map(|subject| match subject {
            Subject::User(user) if template.can_render(user) => Some(user),
            _ => None,
        })?;
        Some(match &binding.namespace {
            Some(namespace) => format!(
                "the RoleBinding `{namespace}/{}` with the user `{user}`",
                binding.name
            ),
            None => format!(
                "the ClusterRoleBinding `{}` with the user `{user}`",
                binding.name
            ),
        })
    })
}

/// What EKS refuses in a username; the first rule that matches gives the reason.
const RULES: &[fn(&str) -> Option<Refusal>] = &[reserved_prefix, unknown_placeholder, needs_colon];

/// Five prefixes are reserved.
///
/// Source: EKS User Guide, "Create access entries", username.
fn reserved_prefix(name: &str) -> Option<Refusal> {
    let prefix = reserved::prefix_of(name)?;
    Some(Refusal {
        code: Code::UsernameReserved,
        why: format!("EKS refuses the username `{name}`, since it begins with `{prefix}`"),
        fix: String::new(),
    })
}

/// Only the session's name is documented as a placeholder of access entries.
///
/// Text in double braces that the authenticator does not know stays as it is today; what EKS makes of it is not
/// documented, so it is not tried.
/// Source: EKS User Guide, "Set a custom username for EKS access entries".
fn unknown_placeholder(name: &str) -> Option<Refusal> {
    let known = [Placeholder::SessionName, Placeholder::SessionNameRaw];
    let rest = known.iter().fold(name.to_owned(), |rest, known| {
        rest.replace(known.text(), "")
    });
    has_placeholder(&rest).then(|| Refusal {
        code: Code::UsernamePlaceholder,
        why: format!("the username `{name}` has a placeholder that access entries don't know"),
        fix: String::new(),
    })
}

/// A session's name needs a colon somewhere before it, so that nobody can pick a session name to be somebody else.
///
/// Source: EKS User Guide, "Set a custom username for EKS access entries".
fn needs_colon(name: &str) -> Option<Refusal> {
    let first = [Placeholder::SessionName, Placeholder::SessionNameRaw]
        .iter()
        .filter_map(|session| name.find(session.text()))
        .min()?;
    let (before, session) = name.split_at(first);
    if before.contains(':') {
        return None;
    }
    let before = match before.trim_end_matches('-') {
        "" => "session",
        text => text,
    };
    Some(Refusal {
        code: Code::UsernameNeedsColon,
        why: format!("the username `{name}` has no colon before the session's name"),
        fix: format!(
            "username: \"{}:{}\"",
            yaml_escaped(before),
            yaml_escaped(session)
        ),
    })
}

/// The text within double quotes of YAML.
fn yaml_escaped(text: &str) -> String {
    text.replace('\\', r"\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_refused_as_eks_refuses_them() {
        for (name, code) in [
            ("ops", None),
            ("sts:foo", None),
            ("system", None),
            ("arn:aws:iam::111122223333:role/ops", None),
            ("ops:{{SessionName}}", None),
            (":john{{SessionName}}", None),
            ("jo:hn{{SessionNameRaw}}", None),
            ("system:serviceaccount:x:y", Some(Code::UsernameReserved)),
            ("iam:x", Some(Code::UsernameReserved)),
            ("{{SessionName}}", Some(Code::UsernameNeedsColon)),
            ("john{{SessionNameRaw}}", Some(Code::UsernameNeedsColon)),
            ("{{SessionName}}:x", Some(Code::UsernameNeedsColon)),
            (
                "{{SessionName}}:{{SessionNameRaw}}",
                Some(Code::UsernameNeedsColon),
            ),
            ("x:{{AccessKeyID}}", Some(Code::UsernamePlaceholder)),
            ("x:{{EC2PrivateDNSName}}", Some(Code::UsernamePlaceholder)),
            ("x:{{Session}}", Some(Code::UsernamePlaceholder)),
        ] {
            let refusal = RULES.iter().find_map(|rule| rule(name));
            assert_eq!(refusal.map(|refusal| refusal.code), code, "{name}");
        }
    }

    #[test]
    fn a_username_without_colon_gets_a_line_to_paste() {
        for (name, fix) in [
            ("{{SessionName}}", "username: \"session:{{SessionName}}\""),
            ("dev-{{SessionName}}", "username: \"dev:{{SessionName}}\""),
            (
                "a\"b{{SessionName}}",
                "username: \"a\\\"b:{{SessionName}}\"",
            ),
        ] {
            assert_eq!(needs_colon(name).unwrap().fix, fix);
        }
    }
}

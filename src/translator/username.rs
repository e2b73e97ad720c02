//! Stage 3, username: which Kubernetes username an access entry can carry, and what becomes of the others.

use super::case::Case;
use crate::access::Logins;
use crate::access::template::{Placeholder, has_placeholder};
use crate::choices::Usernames;
use crate::finding::{Code, Finding};
use crate::invocation::Flag;
use crate::model::{Principal, reserved};

/// The username of a mapping, as far as an access entry takes it.
#[derive(Debug, Default)]
pub(super) struct Username {
    /// The template for the entry; `None` leaves it to EKS.
    pub(super) kept: Option<String>,
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
/// One that EKS refuses is left to EKS, and whether a binding depends on it is not decided here.
pub(super) fn translate(case: &Case<'_>, principal: &Principal) -> Username {
    let written = case.mapping.username.as_str();
    if written.is_empty() {
        return left_to_eks(Finding::new(
            Code::NoUsername,
            "the mapping has no username, so EKS sets the principal's ARN or session",
            "",
        ));
    }
    if case.choices.usernames == Usernames::Default {
        return left_to_eks(Finding::new(
            Code::UsernameDefault,
            format!(
                "the username `{written}` is left to EKS, because of `{} default`",
                Flag::Usernames
            ),
            "",
        ));
    }
    let logins = Logins::of(principal);
    let mut username = Username::default();
    let name = if let Some(new) = case.choices.rename_users.get(written) {
        username.findings.push(Finding::new(
            Code::UsernameRenamed,
            format!("the username `{written}` is renamed to `{new}`, as decided"),
            "",
        ));
        logins.fill(new)
    } else {
        let name = logins.fill(written);
        if name != written {
            username.findings.push(Finding::new(
                Code::AccountIdSubstituted,
                format!("the username `{written}` is filled in as `{name}`"),
                "",
            ));
        }
        name
    };
    if name.is_empty() {
        username.findings.push(Finding::new(
            Code::NoUsername,
            format!(
                "the username `{written}` is empty for an IAM user, so EKS sets the user's ARN"
            ),
            "",
        ));
        return username;
    }
    match RULES.iter().find_map(|rule| rule(&name, written)) {
        None => username.kept = Some(name),
        Some(refusal) => username.findings.push(Finding::new(
            refusal.code,
            format!("{}; EKS sets its own username instead", refusal.why),
            refusal.fix,
        )),
    }
    username
}

fn left_to_eks(finding: Finding) -> Username {
    Username {
        findings: vec![finding],
        ..Username::default()
    }
}

/// Why EKS refuses a username, which a mapping writes in another form where a placeholder was filled in.
type Rule = fn(name: &str, written: &str) -> Option<Refusal>;

/// What EKS refuses in a username; the first rule that matches gives the reason.
const RULES: &[Rule] = &[reserved_prefix, unknown_placeholder, needs_colon];

/// Five prefixes are reserved.
///
/// Source: EKS User Guide, "Create access entries", username.
fn reserved_prefix(name: &str, _written: &str) -> Option<Refusal> {
    let prefix = reserved::prefix_of(name)?;
    Some(Refusal {
        code: Code::UsernameReserved,
        why: format!("EKS refuses the username `{name}`: the prefix `{prefix}` is reserved"),
        fix: String::new(),
    })
}

/// Only the session's name is documented as a placeholder of access entries.
///
/// Text in double braces that the authenticator does not know stays as it is today; what EKS makes of it is not
/// documented, so it is not tried.
/// Source: EKS User Guide, "Set a custom username for EKS access entries".
fn unknown_placeholder(name: &str, _written: &str) -> Option<Refusal> {
    if !has_placeholder(name) {
        return None;
    }
    let known = [Placeholder::SessionName, Placeholder::SessionNameRaw];
    let rest = known.iter().fold(name.to_owned(), |rest, known| {
        rest.replace(known.text(), "")
    });
    has_placeholder(&rest).then(|| Refusal {
        code: Code::UsernamePlaceholder,
        why: format!("the username `{name}` has a placeholder that access entries don't support"),
        fix: String::new(),
    })
}

/// A session's name needs a colon somewhere before it, so that nobody can pick a session name to be somebody else.
///
/// Source: EKS User Guide, "Set a custom username for EKS access entries".
fn needs_colon(name: &str, written: &str) -> Option<Refusal> {
    let first = [Placeholder::SessionName, Placeholder::SessionNameRaw]
        .iter()
        .filter(|session| session.is_in(name))
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
        why: format!("the username `{name}` has no colon before the session name"),
        fix: format!(
            "in the decisions file: renameUsers: {{\"{}\": \"{}:{}\"}}",
            yaml_escaped(written),
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
            let refusal = RULES.iter().find_map(|rule| rule(name, name));
            assert_eq!(refusal.map(|refusal| refusal.code), code, "{name}");
        }
    }

    #[test]
    fn a_username_without_colon_gets_a_line_for_the_decisions_file() {
        for (name, fix) in [
            (
                "{{SessionName}}",
                r#""{{SessionName}}": "session:{{SessionName}}""#,
            ),
            (
                "dev-{{SessionName}}",
                r#""dev-{{SessionName}}": "dev:{{SessionName}}""#,
            ),
            (
                "a\"b{{SessionName}}",
                r#""a\"b{{SessionName}}": "a\"b:{{SessionName}}""#,
            ),
        ] {
            let expected = format!("in the decisions file: renameUsers: {{{fix}}}");
            assert_eq!(needs_colon(name, name).unwrap().fix, expected);
        }
    }
}

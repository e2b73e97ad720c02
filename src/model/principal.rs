//! IAM principals: the roles and users that access is given to.

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, StrExt, format_smolstr};

use super::arn::Arn;

/// The kinds of principal that an access entry can name.
///
/// Source: EKS User Guide, "Create access entries".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrincipalKind {
    /// An IAM role, `role/...`.
    Role,
    /// An IAM user, `user/...`.
    User,
}

/// An IAM role or user with its path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal {
    /// The partition, such as `aws`.
    pub partition: SmolStr,
    /// The 12-digit account id.
    pub account: SmolStr,
    /// Role or user.
    pub kind: PrincipalKind,
    /// The IAM path, beginning and ending with a slash; `/` where there is none.
    pub path: SmolStr,
    /// The name, unique in its account and kind whatever the path.
    pub name: SmolStr,
}

/// What makes two spellings of a principal the same one.
///
/// Names are unique per account and kind, whatever their path and case, and `aws-auth` writes roles without
/// their path, so a principal is found again by partition, account, kind and lower-case name.
/// Source: IAM User Guide, "IAM identifiers"; aws-iam-authenticator `pkg/arn/arn.go`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalKey {
    /// The partition, lower case.
    pub partition: SmolStr,
    /// The 12-digit account id.
    pub account: SmolStr,
    /// Role or user.
    pub kind: PrincipalKind,
    /// The name, lower case.
    pub name: SmolStr,
}

/// The text in lower case; most texts are, and are shared instead of copied.
fn lower(text: &SmolStr) -> SmolStr {
    let is_lower = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase();
    if text.bytes().all(is_lower) {
        text.clone()
    } else {
        text.to_lowercase_smolstr()
    }
}

impl Principal {
    /// Reads a role's or user's ARN; `None` for every other ARN.
    #[must_use]
    pub fn from_arn(arn: &Arn) -> Option<Self> {
        match ArnSubject::of(arn) {
            ArnSubject::Principal(principal) => Some(principal),
            _ => None,
        }
    }

    /// The role or user that a mapping's text names, as the cluster matches it; `None` for every other text.
    ///
    /// Every question about a mapping's principal is asked of this, so that all agree on who is meant.
    #[must_use]
    pub fn as_matched(text: &str) -> Option<Self> {
        Self::from_arn(&Arn::as_matched(text)?)
    }

    /// The ARN with its path.
    #[must_use]
    pub fn arn(&self) -> Arn {
        let kind = match self.kind {
            PrincipalKind::Role => "role",
            PrincipalKind::User => "user",
        };
        Arn {
            partition: self.partition.clone(),
            service: SmolStr::new_static("iam"),
            region: SmolStr::default(),
            account: self.account.clone(),
            resource: format_smolstr!("{kind}{}{}", self.path, self.name),
        }
    }

    /// What this principal is compared by.
    #[must_use]
    pub fn key(&self) -> PrincipalKey {
        PrincipalKey {
            partition: lower(&self.partition),
            account: self.account.clone(),
            kind: self.kind,
            name: lower(&self.name),
        }
    }

    /// Whether the ARN carries an IAM path.
    #[must_use]
    pub fn has_path(&self) -> bool {
        self.path != "/"
    }

    /// Whether the role is owned by an AWS service, by its path or, as `aws-auth` writes it, by its name.
    ///
    /// EKS refuses such roles as principals of access entries that customers make.
    /// Source: EKS User Guide, "Create access entries"; IAM User Guide, "Create a service-linked role".
    #[must_use]
    pub fn is_service_linked(&self) -> bool {
        self.kind == PrincipalKind::Role
            && (self.path.to_lowercase().starts_with("/aws-service-role/")
                || self.name.to_lowercase().starts_with("awsservicerolefor"))
    }

    /// Whether IAM Identity Center made the role.
    ///
    /// Source: IAM Identity Center User Guide, "Referencing permission sets".
    #[must_use]
    pub fn is_identity_center_role(&self) -> bool {
        self.kind == PrincipalKind::Role && self.name.starts_with("AWSReservedSSO_")
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.arn().fmt(f)
    }
}

/// What the ARN of a mapping points at.
///
/// Source: aws-iam-authenticator `pkg/arn/arn.go`, the ARNs that it makes canonical.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArnSubject {
    /// An IAM role or user.
    Principal(Principal),
    /// The root user of an account.
    Root {
        /// The 12-digit account id.
        account: String,
    },
    /// A session of `sts:GetFederationToken`.
    FederatedUser,
    /// A role session, `sts::...:assumed-role/ROLE/SESSION`.
    AssumedRole,
    /// An IAM group, instance profile, policy or anything else that never calls the API.
    Other,
}

impl ArnSubject {
    /// What an ARN points at.
    #[must_use]
    pub fn of(arn: &Arn) -> Self {
        if !arn.region.is_empty() {
            return Self::Other;
        }
        let resource = arn.resource.as_str();
        let (head, rest) = resource.split_once('/').unwrap_or((resource, ""));
        let is = |service: &str, kind: &str| {
            arn.service.eq_ignore_ascii_case(service) && head.eq_ignore_ascii_case(kind)
        };
        if is("iam", "role") {
            Self::principal(arn, PrincipalKind::Role, rest)
        } else if is("iam", "user") {
            Self::principal(arn, PrincipalKind::User, rest)
        } else if is("iam", "root") && rest.is_empty() {
            Self::Root {
                account: arn.account.to_string(),
            }
        } else if is("sts", "assumed-role") {
            Self::AssumedRole
        } else if is("sts", "federated-user") {
            Self::FederatedUser
        } else {
            Self::Other
        }
    }

    fn principal(arn: &Arn, kind: PrincipalKind, rest: &str) -> Self {
        let (path, name) = rest.rsplit_once('/').unwrap_or(("", rest));
        if name.is_empty() {
            return Self::Other;
        }
        let path = if path.is_empty() {
            SmolStr::new_static("/")
        } else {
            format_smolstr!("/{path}/")
        };
        Self::Principal(Principal {
            partition: arn.partition.clone(),
            account: arn.account.clone(),
            kind,
            path,
            name: name.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(text: &str) -> Principal {
        Principal::from_arn(&text.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_path_is_separated_from_the_name() {
        let role = principal(
            "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_a_1",
        );
        assert_eq!(role.path, "/aws-reserved/sso.amazonaws.com/eu-west-1/");
        assert_eq!(role.name, "AWSReservedSSO_a_1");
        assert!(role.has_path());
        assert!(role.is_identity_center_role());
    }

    #[test]
    fn spellings_of_one_principal_have_one_key() {
        let stripped = principal("arn:aws:iam::111122223333:role/OPS");
        let real = principal("arn:aws:iam::111122223333:role/team/ops");
        assert_eq!(stripped.key(), real.key());
        assert_ne!(
            real.key(),
            principal("arn:aws:iam::111122223333:user/ops").key()
        );
        assert_ne!(
            real.key(),
            principal("arn:aws:iam::444455556666:role/ops").key()
        );
    }

    #[test]
    fn a_mapping_names_its_principal_without_regard_to_case() {
        let written = "arn:aws:iam::111122223333:role/Ops";
        for text in [
            written,
            "ARN:AWS:IAM::111122223333:ROLE/Ops",
            "Arn:Aws:Iam::111122223333:Role/Ops",
        ] {
            assert_eq!(
                Principal::as_matched(text),
                Some(principal(written)),
                "{text}"
            );
        }
        for text in ["", "ops", "ÄRN:AWS:IAM::111122223333:role/ops"] {
            assert_eq!(Principal::as_matched(text), None, "{text}");
        }
    }

    #[test]
    fn subjects_that_are_not_principals_are_distinguished() {
        let of = |text: &str| ArnSubject::of(&text.parse().unwrap());
        assert_eq!(
            of("arn:aws:iam::111122223333:root"),
            ArnSubject::Root {
                account: "111122223333".to_owned()
            }
        );
        assert_eq!(
            of("arn:aws:sts::111122223333:assumed-role/a/b"),
            ArnSubject::AssumedRole
        );
        assert_eq!(
            of("arn:aws:sts::111122223333:federated-user/bob"),
            ArnSubject::FederatedUser
        );
        assert_eq!(
            of("arn:aws:iam::111122223333:group/devs"),
            ArnSubject::Other
        );
        assert_eq!(
            of("arn:aws:iam::111122223333:instance-profile/n"),
            ArnSubject::Other
        );
        assert_eq!(of("arn:aws:iam::111122223333:role/"), ArnSubject::Other);
    }

    #[test]
    fn service_linked_roles_are_known_with_and_without_their_path() {
        assert!(
            principal("arn:aws:iam::111122223333:role/AWSServiceRoleForBatch").is_service_linked()
        );
        assert!(
            principal("arn:aws:iam::111122223333:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch")
                .is_service_linked()
        );
        assert!(!principal("arn:aws:iam::111122223333:role/batch").is_service_linked());
    }
}

//! What each finding code means, why it is so, and what to do.

mod blocked;
mod carrying;
mod cluster;
mod inert;
mod live;
mod nodes;
mod rbac;
mod reading;

use super::{Code, Severity};

/// All that there is to say about a finding code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// The code.
    pub code: Code,
    /// What it says, in a few words.
    pub title: &'static str,
    /// How much a finding with this code weighs; a single one may weigh less or more.
    pub severity: Severity,
    /// What it means for whoever has access.
    pub meaning: &'static str,
    /// Where that comes from: the page of AWS or Kubernetes, or the file of aws-iam-authenticator.
    pub why: &'static str,
    /// What to do.
    pub fix: &'static str,
    /// An example, where one helps.
    pub example: Option<Example>,
}

/// A piece of `aws-auth`, and what it becomes or should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// As it is in `aws-auth`, or in a binding.
    pub before: &'static str,
    /// The access entry, or the text as it should be.
    pub after: &'static str,
}

/// What the catalogue says beside the code's own title and severity.
struct Text {
    meaning: &'static str,
    why: &'static str,
    fix: &'static str,
    example: Option<Example>,
}

/// Explains a code; every code has an explanation.
#[must_use]
pub fn explain(code: Code) -> Explanation {
    let Text {
        meaning,
        why,
        fix,
        example,
    } = *text(code);
    Explanation {
        code,
        title: code.title(),
        severity: code.severity(),
        meaning,
        why,
        fix,
        example,
    }
}

/// The catalogue: without a wildcard, so that no code can be without its text.
fn text(code: Code) -> &'static Text {
    match code {
        Code::SectionUnreadable => &reading::SECTION_UNREADABLE,
        Code::SectionNotAList => &reading::SECTION_NOT_A_LIST,
        Code::UsernameEmptied => &reading::USERNAME_EMPTIED,
        Code::GroupsEmptied => &reading::GROUPS_EMPTIED,
        Code::GroupEmptied => &reading::GROUP_EMPTIED,
        Code::DuplicateKey => &reading::DUPLICATE_KEY,
        Code::UnknownKey => &reading::UNKNOWN_KEY,
        Code::UnknownSection => &reading::UNKNOWN_SECTION,
        Code::LaterDocuments => &reading::LATER_DOCUMENTS,
        Code::JoinedGroups => &reading::JOINED_GROUPS,
        Code::NoAwsAuth => &reading::NO_AWS_AUTH,
        Code::BinaryData => &reading::BINARY_DATA,
        Code::ElementIgnored => &reading::ELEMENT_IGNORED,
        Code::SectionUndecided => &reading::SECTION_UNDECIDED,
        Code::AccountsCutShort => &reading::ACCOUNTS_CUT_SHORT,
        Code::RealArn => &carrying::REAL_ARN,
        Code::AuthenticatedGroupDropped => &carrying::AUTHENTICATED_GROUP_DROPPED,
        Code::MastersToPolicy => &carrying::MASTERS_TO_POLICY,
        Code::NodeEntry => &carrying::NODE_ENTRY,
        Code::AccountIdSubstituted => &carrying::ACCOUNT_ID_SUBSTITUTED,
        Code::NoUsername => &carrying::NO_USERNAME,
        Code::NotLookedUp => &carrying::NOT_LOOKED_UP,
        Code::GroupRenamed => &carrying::GROUP_RENAMED,
        Code::UsernameReserved => &carrying::USERNAME_RESERVED,
        Code::UsernameNeedsColon => &carrying::USERNAME_NEEDS_COLON,
        Code::UsernamePlaceholder => &carrying::USERNAME_PLACEHOLDER,
        Code::UsernameDefault => &carrying::USERNAME_DEFAULT,
        Code::NodeGroupsLost => &carrying::NODE_GROUPS_LOST,
        Code::EmptyGroupDropped => &carrying::EMPTY_GROUP_DROPPED,
        Code::RepeatedGroup => &carrying::REPEATED_GROUP,
        Code::AutoModeNode => &carrying::AUTO_MODE_NODE,
        Code::NodeUsernameKept => &carrying::NODE_USERNAME_KEPT,
        Code::GroupToPolicy => &carrying::GROUP_TO_POLICY,
        Code::UsernameRenamed => &carrying::USERNAME_RENAMED,
        Code::NotAnArn => &inert::NOT_AN_ARN,
        Code::RoleArnHasPath => &inert::ROLE_ARN_HAS_PATH,
        Code::SessionArn => &inert::SESSION_ARN,
        Code::WrongPartition => &inert::WRONG_PARTITION,
        Code::Shadowed => &inert::SHADOWED,
        Code::SsoBlock => &inert::SSO_BLOCK,
        Code::NotAPrincipal => &inert::NOT_A_PRINCIPAL,
        Code::SurroundingSpace => &inert::SURROUNDING_SPACE,
        Code::PrincipalMissing => &inert::PRINCIPAL_MISSING,
        Code::Dropped => &inert::DROPPED,
        Code::InertIncluded => &inert::INERT_INCLUDED,
        Code::UserPathDiffers => &inert::USER_PATH_DIFFERS,
        Code::NeverRenders => &inert::NEVER_RENDERS,
        Code::ModeApi => &inert::MODE_API,
        Code::RootUser => &blocked::ROOT_USER,
        Code::FederatedUser => &blocked::FEDERATED_USER,
        Code::ReservedGroup => &blocked::RESERVED_GROUP,
        Code::GroupPlaceholder => &blocked::GROUP_PLACEHOLDER,
        Code::UndefinedDuplicate => &blocked::UNDEFINED_DUPLICATE,
        Code::MapAccounts => &blocked::MAP_ACCOUNTS,
        Code::WindowsAndLinux => &blocked::WINDOWS_AND_LINUX,
        Code::UsernameInUse => &blocked::USERNAME_IN_USE,
        Code::PathUnknown => &blocked::PATH_UNKNOWN,
        Code::PrincipalRefused => &blocked::PRINCIPAL_REFUSED,
        Code::NodeInOtherAccount => &blocked::NODE_IN_OTHER_ACCOUNT,
        Code::NodeOnUser => &blocked::NODE_ON_USER,
        Code::StrictWarning => &blocked::STRICT_WARNING,
        Code::PolicyNotEqual => &blocked::POLICY_NOT_EQUAL,
        Code::AccessMoves => &blocked::ACCESS_MOVES,
        Code::SessionsGained => &blocked::SESSIONS_GAINED,
        Code::NamesUnproven => &blocked::NAMES_UNPROVEN,
        Code::InForceUnknown => &blocked::IN_FORCE_UNKNOWN,
        Code::NewNameTaken => &blocked::NEW_NAME_TAKEN,
        Code::ServiceLinkedEmr => &blocked::SERVICE_LINKED_EMR,
        Code::ServiceLinkedBatch => &blocked::SERVICE_LINKED_BATCH,
        Code::ServiceLinkedPrometheus => &blocked::SERVICE_LINKED_PROMETHEUS,
        Code::ServiceLinkedOther => &blocked::SERVICE_LINKED_OTHER,
        Code::EntryDiffers => &live::ENTRY_DIFFERS,
        Code::EntryWrongType => &live::ENTRY_WRONG_TYPE,
        Code::EntryStale => &live::ENTRY_STALE,
        Code::EntryUpdated => &live::ENTRY_UPDATED,
        Code::EntryGivesMore => &live::ENTRY_GIVES_MORE,
        Code::QuotaExceeded => &live::QUOTA_EXCEEDED,
        Code::ForeignOwner => &live::FOREIGN_OWNER,
        Code::EntryUnfinished => &live::ENTRY_UNFINISHED,
        Code::LeftToEks => &nodes::LEFT_TO_EKS,
        Code::ManagedEntryMissing => &nodes::MANAGED_ENTRY_MISSING,
        Code::ManagedEntryWrongType => &nodes::MANAGED_ENTRY_WRONG_TYPE,
        Code::NodeOsUnknown => &nodes::NODE_OS_UNKNOWN,
        Code::NodeRolesUnknown => &nodes::NODE_ROLES_UNKNOWN,
        Code::ModeSwitchNeeded => &cluster::MODE_SWITCH_NEEDED,
        Code::PlatformTooOld => &cluster::PLATFORM_TOO_OLD,
        Code::OutpostCluster => &cluster::OUTPOST_CLUSTER,
        Code::ClusterNotActive => &cluster::CLUSTER_NOT_ACTIVE,
        Code::CallerLosesAdmin => &cluster::CALLER_LOSES_ADMIN,
        Code::EntriesUnknown => &cluster::ENTRIES_UNKNOWN,
        Code::ForeignWriter => &cluster::FOREIGN_WRITER,
        Code::BindingsUnknown => &rbac::BINDINGS_UNKNOWN,
        Code::RenamedGroupUnbound => &blocked::RENAMED_GROUP_UNBOUND,
        Code::BindingLost => &rbac::BINDING_LOST,
        Code::BindingGained => &rbac::BINDING_GAINED,
        Code::BindingUnaffected => &rbac::BINDING_UNAFFECTED,
        Code::Excluded => &cluster::EXCLUDED,
        Code::Decided => &cluster::DECIDED,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_explained_in_whole_sentences_of_its_own() {
        let mut meanings = BTreeSet::new();
        for &code in Code::ALL {
            let explanation = explain(code);
            for text in [explanation.meaning, explanation.why, explanation.fix] {
                assert!(text.ends_with('.'), "{code}: {text}");
                assert!(!text.contains('\n'), "{code}: {text}");
            }
            assert!(
                meanings.insert(explanation.meaning),
                "{code} says what another code says"
            );
        }
    }

    #[test]
    fn every_example_is_yaml_that_differs_before_and_after() {
        for &code in Code::ALL {
            let Some(Example { before, after }) = explain(code).example else {
                continue;
            };
            assert_ne!(before, after, "{code}");
            assert!(
                serde_yaml::from_str::<serde_yaml::Value>(after).is_ok(),
                "{code}: {after}"
            );
        }
    }
}

//! The catalogue of finding codes.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Severity;

macro_rules! codes {
    ($($(#[$attr:meta])* $name:ident = $number:literal, $severity:ident, $title:literal;)+) => {
        /// A stable finding code: `AAM` and three digits.
        ///
        /// The first digit is the subject: 0 reading `aws-auth`, 1 how a mapping is carried over, 2 why it grants
        /// nothing today, 3 why it can't be carried over, 4 live access entries, 5 nodes, 6 the cluster, 7 RBAC, 8 choices.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[schemars(with = "String", extend("pattern" = "^AAM[0-9]{3}$"))]
        #[serde(into = "String", try_from = "String")]
        pub enum Code { $(#[doc = $title] $name,)+ }

        impl Code {
            /// Every code, in order.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The three digits.
            #[must_use]
            pub fn number(self) -> u16 {
                match self { $(Self::$name => $number,)+ }
            }

            /// How much a finding with this code weighs.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }

            /// What it says, in a few words.
            #[must_use]
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }
        }
    };
}

codes! {
    SectionUnreadable = 1, Error, "a value is not valid YAML, so the cluster ignores all of it";
    SectionNotAList = 2, Warning, "a value is not a list, so the cluster finds no mapping in it";
    UsernameEmptied = 3, Warning, "the username is not text, so the cluster reads it as empty";
    GroupsEmptied = 4, Warning, "the groups are not a list, so the cluster reads none";
    GroupEmptied = 5, Warning, "a group is not text, so the cluster reads it as empty";
    DuplicateKey = 6, Warning, "a key appears twice in one mapping";
    UnknownKey = 7, Info, "a mapping has a key that the cluster ignores";
    UnknownSection = 8, Warning, "`data` has a key that the cluster ignores";
    LaterDocuments = 9, Warning, "only the first YAML document of a value is read";
    JoinedGroups = 10, Warning, "two groups were joined into one by their indentation";
    NoAwsAuth = 11, Warning, "the cluster has no `aws-auth` ConfigMap";
    BinaryData = 12, Warning, "the cluster ignores `binaryData`";
    ElementIgnored = 13, Warning, "an element of the list is not a mapping";
    SectionUndecided = 14, Error, "it is unclear how the cluster reads a value";
    AccountsCutShort = 15, Warning, "the cluster stops reading in the middle of `mapAccounts`";

    RealArn = 101, Info, "the access entry names the principal's real ARN";
    AuthenticatedGroupDropped = 103, Info, "the group `system:authenticated` is dropped: every user has it";
    MastersToPolicy = 104, Info, "`system:masters` becomes `AmazonEKSClusterAdminPolicy`";
    NodeEntry = 105, Info, "a node role gets an entry with a node type";
    AccountIdSubstituted = 106, Info, "`{{AccountID}}` is replaced by the account id";
    NoUsername = 107, Info, "the mapping has no username, so EKS sets one";
    NotLookedUp = 108, Warning, "the principal could not be looked up, so its ARN is used as written";
    GroupRenamed = 109, Info, "a group is renamed, as requested";
    UsernameReserved = 110, Warning, "the username begins with a reserved prefix";
    UsernameNeedsColon = 111, Warning, "a session name in a username needs a colon before it";
    UsernamePlaceholder = 112, Warning, "the username has a placeholder that access entries don't support";
    UsernameDefault = 113, Info, "the username is left to EKS, as requested";
    NodeGroupsLost = 114, Warning, "an entry for nodes can't have the role's other groups";
    EmptyGroupDropped = 115, Info, "an empty group is dropped";
    RepeatedGroup = 116, Info, "a group appears twice";
    AutoModeNode = 117, Info, "a role for Auto Mode nodes needs the type `EC2` and a policy";
    NodeUsernameKept = 118, Warning, "a node role has an unusual username";

    GroupToPolicy = 119, Info, "a group is replaced by an access policy with the same rights";
    UsernameRenamed = 120, Info, "a username is renamed, as decided";

    NotAnArn = 201, Warning, "the text is not an ARN and matches nobody";
    RoleArnHasPath = 202, Warning, "a role ARN with a path matches nobody";
    SessionArn = 203, Warning, "a role session's ARN matches nobody";
    WrongPartition = 204, Warning, "an ARN from another partition matches nobody";
    Shadowed = 205, Warning, "the mapping is overridden by another one for the same principal";
    SsoBlock = 206, Warning, "EKS ignores `sso:` blocks";
    NotAPrincipal = 207, Warning, "the ARN is neither a role nor a user and matches nobody";
    SurroundingSpace = 208, Warning, "white space in the ARN keeps it from matching";
    PrincipalMissing = 209, Warning, "the principal does not exist";
    Dropped = 210, Warning, "the cluster discards the mapping";
    InertIncluded = 211, Warning, "a mapping that grants nothing today is created, as requested";
    UserPathDiffers = 212, Warning, "the user has a different path in IAM";
    NeverRenders = 213, Warning, "a placeholder fails at every login, so nobody gets in";
    ModeApi = 214, Warning, "the cluster no longer reads `aws-auth`";

    RootUser = 301, Error, "the root user can't have an access entry";
    FederatedUser = 302, Error, "a federated user can't have an access entry";
    ReservedGroup = 303, Error, "a group name begins with a reserved prefix";
    GroupPlaceholder = 304, Error, "a group has a placeholder that access entries don't support";
    UndefinedDuplicate = 305, Error, "two user mappings differ only in case, and the cluster may use either";
    MapAccounts = 306, Error, "access entries can't cover a whole account";
    WindowsAndLinux = 307, Error, "one role serves Windows and Linux nodes";
    UsernameInUse = 308, Error, "a binding uses a username that can't be kept";
    PathUnknown = 309, Error, "the principal's path is unknown";
    PrincipalRefused = 310, Error, "EKS rejects the principal";
    NodeInOtherAccount = 311, Error, "a node role must be in the cluster's account";
    NodeOnUser = 312, Error, "a node mapping names a user";
    StrictWarning = 313, Error, "a warning blocks, as requested";
    RenamedGroupUnbound = 314, Error, "a renamed group lacks the bindings of the old name";
    PolicyNotEqual = 315, Error, "a group's bindings don't equal the access policy";
    AccessMoves = 316, Error, "the access entry would change who may do what";
    SessionsGained = 317, Error, "an access entry would let in sessions that are refused today";
    NamesUnproven = 318, Error, "names change, and the bindings could not be read";
    InForceUnknown = 319, Error, "the principal's current access is unknown";
    NewNameTaken = 320, Error, "the bindings for a new name would give somebody else more access";
    ServiceLinkedEmr = 321, Error, "EMR on EKS: a service-linked role can't have an access entry";
    ServiceLinkedBatch = 322, Error, "AWS Batch: a service-linked role can't have an access entry";
    ServiceLinkedPrometheus = 323, Error, "Amazon Managed Prometheus: a service-linked role can't have an access entry";
    ServiceLinkedOther = 324, Error, "a service-linked role can't have an access entry";

    EntryDiffers = 401, Error, "a live access entry differs from the mapping and is kept";
    EntryWrongType = 402, Error, "a live access entry has the wrong type for the mapping";
    EntryStale = 403, Error, "a live access entry is older than its principal and grants no access";
    EntryUpdated = 405, Warning, "a live access entry is updated, as requested";
    EntryGivesMore = 406, Warning, "a live access entry grants more than the mapping";
    QuotaExceeded = 407, Error, "the cluster would exceed its limit of access entries";
    ForeignOwner = 408, Warning, "something else manages the access entry";
    EntryUnfinished = 409, Info, "an access entry from an interrupted run is completed";

    LeftToEks = 501, Info, "EKS creates the access entry for this node role";
    ManagedEntryMissing = 502, Info, "EKS has not created the access entry for this node role";
    ManagedEntryWrongType = 503, Error, "EKS created an access entry with the wrong type";
    NodeOsUnknown = 504, Warning, "the operating system of the nodes is unknown";
    NodeRolesUnknown = 505, Warning, "node groups or Fargate profiles could not be read";

    ModeSwitchNeeded = 601, Info, "the cluster does not use access entries yet";
    PlatformTooOld = 602, Error, "the platform version is too old for access entries";
    OutpostCluster = 603, Error, "local clusters on Outposts don't support access entries";
    ClusterNotActive = 604, Error, "the cluster is not ACTIVE";
    CallerLosesAdmin = 605, Warning, "the caller would lose its cluster-admin access";
    EntriesUnknown = 606, Warning, "the live access entries could not be read";
    ForeignWriter = 607, Warning, "something else writes `aws-auth`";

    BindingsUnknown = 701, Info, "bindings could not be read, so the effect of a changed name is unknown";
    BindingLost = 702, Warning, "a binding stops matching";
    BindingGained = 703, Warning, "a binding starts matching";
    BindingUnaffected = 704, Info, "no binding uses the name that changes";

    Excluded = 801, Info, "excluded by `--only` or `--exclude`";
    Decided = 802, Info, "decided in the decisions file or by an option";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AAM{:03}", self.number())
    }
}

/// A text that is no finding code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no finding code `{text}`")]
pub struct UnknownCode {
    text: String,
}

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let upper = text.to_uppercase();
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.to_string() == upper)
            .ok_or_else(|| UnknownCode {
                text: text.to_owned(),
            })
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.to_string()
    }
}

impl TryFrom<String> for Code {
    type Error = UnknownCode;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_read_back() {
        assert!(
            Code::ALL
                .windows(2)
                .all(|pair| pair[0].number() < pair[1].number())
        );
        for code in Code::ALL {
            assert_eq!(code.to_string().parse::<Code>().as_ref(), Ok(code));
        }
        assert!("AAM000".parse::<Code>().is_err());
    }
}

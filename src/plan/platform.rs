//! The platform versions that know access entries.

use crate::finding::{Code, Finding};
use crate::model::Cluster;

/// The least platform version for each Kubernetes version; every version from 1.31 on has access entries.
///
/// Source: EKS User Guide, "Setting up access entries".
const LEAST: [(u32, u32); 8] = [
    (23, 17),
    (24, 15),
    (25, 12),
    (26, 11),
    (27, 10),
    (28, 6),
    (29, 1),
    (30, 2),
];

/// A finding where the cluster's platform version is too old; nothing where it is not, or where it is unknown.
#[must_use]
pub fn too_old(cluster: &Cluster) -> Option<Finding> {
    let version = cluster.kubernetes_version.as_deref()?;
    let minor: u32 = version.strip_prefix("1.")?.parse().ok()?;
    let platform = cluster.platform_version.as_deref()?;
    let number: u32 = platform.strip_prefix("eks.")?.parse().ok()?;
    let (oldest, _) = LEAST[0];
    let least = if minor < oldest {
        None
    } else {
        let (_, least) = LEAST.into_iter().find(|(known, _)| *known == minor)?;
        if number >= least {
            return None;
        }
        Some(least)
    };
    let fix = match least {
        Some(least) => format!(
            "update the cluster to platform version eks.{least} or later; EKS does so over time, and an upgrade of the Kubernetes version brings the latest one"
        ),
        None => format!("upgrade Kubernetes to 1.{oldest} or later"),
    };
    Some(Finding::new(
        Code::PlatformTooOld,
        format!(
            "Kubernetes {version} with platform version {platform} does not support access entries"
        ),
        fix,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minimum_platform_version_depends_on_kubernetes() {
        for (kubernetes, platform, expected) in [
            ("1.29", "eks.1", false),
            ("1.28", "eks.5", true),
            ("1.28", "eks.6", false),
            ("1.30", "eks.1", true),
            ("1.33", "eks.1", false),
            ("1.22", "eks.20", true),
            ("next", "eks.1", false),
        ] {
            let cluster = Cluster {
                name: None,
                arn: None,
                created_at: None,
                region: None,
                account_id: None,
                partition: "aws".to_owned(),
                authentication_mode: None,
                platform_version: Some(platform.to_owned()),
                kubernetes_version: Some(kubernetes.to_owned()),
                status: None,
                auto_mode: false,
                hybrid_nodes: false,
                outpost: false,
            };
            assert_eq!(
                too_old(&cluster).is_some(),
                expected,
                "{kubernetes} {platform}"
            );
        }
    }
}

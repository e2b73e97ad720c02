//! Which operation a method and a path mean.
//!
//! Source: the EKS API model `2017-11-01`.

use hyper::Method;

/// The operations that the sandbox knows; their names are EKS's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Operation {
    CreateAccessEntry,
    DescribeAccessEntry,
    UpdateAccessEntry,
    DeleteAccessEntry,
    ListAccessEntries,
    AssociateAccessPolicy,
    DisassociateAccessPolicy,
    ListAssociatedAccessPolicies,
    ListAccessPolicies,
    ListClusters,
    DescribeCluster,
    UpdateClusterConfig,
    DescribeUpdate,
    ListUpdates,
    ListNodegroups,
    DescribeNodegroup,
    ListFargateProfiles,
    DescribeFargateProfile,
    TagResource,
    UntagResource,
    ListTagsForResource,
}

/// The operation, where there is one.
pub(in crate::sandbox) fn of(method: &Method, segments: &[String]) -> Option<Operation> {
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let operation = match (method.as_str(), &segments[..]) {
        ("POST", ["clusters", _, "access-entries"]) => Operation::CreateAccessEntry,
        ("GET", ["clusters", _, "access-entries"]) => Operation::ListAccessEntries,
        ("GET", ["clusters", _, "access-entries", _]) => Operation::DescribeAccessEntry,
        ("POST", ["clusters", _, "access-entries", _]) => Operation::UpdateAccessEntry,
        ("DELETE", ["clusters", _, "access-entries", _]) => Operation::DeleteAccessEntry,
        ("POST", ["clusters", _, "access-entries", _, "access-policies"]) => {
            Operation::AssociateAccessPolicy
        }
        ("GET", ["clusters", _, "access-entries", _, "access-policies"]) => {
            Operation::ListAssociatedAccessPolicies
        }
        ("DELETE", ["clusters", _, "access-entries", _, "access-policies", _]) => {
            Operation::DisassociateAccessPolicy
        }
        ("GET", ["access-policies"]) => Operation::ListAccessPolicies,
        ("GET", ["clusters"]) => Operation::ListClusters,
        ("GET", ["clusters", _]) => Operation::DescribeCluster,
        ("POST", ["clusters", _, "update-config"]) => Operation::UpdateClusterConfig,
        ("GET", ["clusters", _, "updates"]) => Operation::ListUpdates,
        ("GET", ["clusters", _, "updates", _]) => Operation::DescribeUpdate,
        ("GET", ["clusters", _, "node-groups"]) => Operation::ListNodegroups,
        ("GET", ["clusters", _, "node-groups", _]) => Operation::DescribeNodegroup,
        ("GET", ["clusters", _, "fargate-profiles"]) => Operation::ListFargateProfiles,
        ("GET", ["clusters", _, "fargate-profiles", _]) => Operation::DescribeFargateProfile,
        ("POST", ["tags", _]) => Operation::TagResource,
        ("DELETE", ["tags", _]) => Operation::UntagResource,
        ("GET", ["tags", _]) => Operation::ListTagsForResource,
        _ => return None,
    };
    Some(operation)
}

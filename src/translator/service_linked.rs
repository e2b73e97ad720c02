//! Service-linked roles: EKS refuses access entries for them, and each service has its own way out.

use super::case::{Case, Ruling};
use crate::finding::Code;
use crate::model::Principal;

/// A role that an AWS service owns: its entry can only be made by that service.
///
/// Told by the real path where IAM has been asked, else by the name, since `aws-auth` has no paths.
/// Source: EKS User Guide, "Create access entries"; IAM User Guide, "Create a service-linked role".
pub(super) fn service_linked(case: &Case<'_>) -> Option<Ruling> {
    let written = case.principal()?;
    let real = case.real_principal();
    let is_owned =
        written.is_service_linked() || real.as_ref().is_some_and(Principal::is_service_linked);
    is_owned.then(|| {
        let (code, way_out) = way_out(&written.name);
        Ruling::impossible(
            code,
            format!(
                "`{}` is a service-linked role, for which EKS refuses access entries; {way_out}",
                case.mapping.arn
            ),
            "",
        )
    })
}

/// The way out that the service itself has.
///
/// Sources: AWS re:Post, "Why did my EMR on EKS virtual cluster creation fail"; AWS Batch API Reference,
/// `EksAccessEntry`; Amazon Managed Service for Prometheus User Guide, "Using an AWS managed collector".
fn way_out(name: &str) -> (Code, &'static str) {
    let name = name.to_lowercase();
    if name.starts_with("awsserviceroleforamazonemrcontainers") {
        (
            Code::ServiceLinkedEmr,
            "EMR on EKS makes its own entry for virtual clusters that are created once the cluster has access entries, so re-create them",
        )
    } else if name.starts_with("awsserviceroleforbatch") {
        (
            Code::ServiceLinkedBatch,
            "AWS Batch makes its own entry when every compute environment on the cluster has `accessEntry.desiredState` set to `ENABLED`",
        )
    } else if name.starts_with("awsserviceroleforamazonprometheusscraper") {
        (
            Code::ServiceLinkedPrometheus,
            "Amazon Managed Prometheus makes its own entry for scrapers that are created once the cluster has access entries, so re-create the scraper",
        )
    } else {
        (
            Code::ServiceLinkedOther,
            "keep the mapping and the mode `API_AND_CONFIG_MAP` until the service makes its own entry",
        )
    }
}

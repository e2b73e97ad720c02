//! A ConfigMap from a file, held against the live one.

use crate::error::Failure;
use crate::invocation::Advice;
use crate::kubernetes::Kubernetes;
use crate::model::{Mapping, Section};
use crate::reader::Reading;
use crate::source::AwsAuth;

/// A ConfigMap from a file says nothing about the access in force unless it is the live one.
pub(super) async fn is_live(
    file: &AwsAuth,
    kubernetes: &Kubernetes,
    name: &str,
) -> Result<(), Failure> {
    let live = kubernetes.aws_auth().await.map_err(|error| {
        Failure::new(format!(
            "failed to compare the file with the live aws-auth of `{name}`"
        ))
        .because(error)
        .hint(Advice::LiveOrTrustFile)
    })?;
    match difference(file, &live.unwrap_or_default()) {
        None => Ok(()),
        Some(difference) => Err(Failure::new(format!(
            "the file differs from the live aws-auth of `{name}`: {difference}"
        ))
        .hint(Advice::LiveOrFileAlone)),
    }
}

/// The first thing that the cluster would read otherwise.
fn difference(file: &AwsAuth, live: &AwsAuth) -> Option<String> {
    let (file, live) = (file.read(), live.read());
    for section in Section::ALL {
        let of = |reading: &Reading| -> Vec<Mapping> {
            let mappings = reading.mappings.iter();
            let mappings = mappings.filter(|mapping| mapping.id.section == section);
            mappings.cloned().collect()
        };
        let (file, live) = (of(&file), of(&live));
        if file.len() != live.len() {
            return Some(format!(
                "{section} has {} in the file and {} in the cluster",
                file.len(),
                live.len()
            ));
        }
        for (ours, theirs) in file.iter().zip(&live) {
            for (what, differs) in [
                (
                    "names a different principal",
                    ours.arn != theirs.arn || ours.sso != theirs.sso,
                ),
                ("has a different username", ours.username != theirs.username),
                ("has different groups", ours.groups != theirs.groups),
                (
                    "is discarded in only one of them",
                    ours.dropped != theirs.dropped,
                ),
            ] {
                if differs {
                    return Some(format!(
                        "{} {what} (`{}` in the file, `{}` in the cluster)",
                        ours.id, ours.arn, theirs.arn
                    ));
                }
            }
        }
    }
    let broken = file.broken != live.broken || file.undecided != live.undecided;
    broken.then(|| "only one of them can be read".to_owned())
}

//! Principals in short, without losing what tells them apart.

use std::collections::{HashMap, HashSet};

use crate::model::{Arn, Cluster};
use crate::plan::Plan;
use crate::text::{literal, quoted};

/// The short forms of all principals of a plan.
#[derive(Debug, Default)]
pub(super) struct ShortNames {
    of: HashMap<String, String>,
}

impl ShortNames {
    /// Shortens what `aws-auth` and the entries name.
    ///
    /// A form longer than `limit` characters loses its middle, unless another would then look the same.
    pub(super) fn new(plan: &Plan, limit: usize) -> Self {
        let mapped = plan.mappings.iter().map(|mapping| mapping.arn.clone());
        let real = plan.mappings.iter().filter_map(|mapping| {
            let entry = mapping.entry.as_ref()?;
            Some(entry.principal_arn.to_string())
        });
        let acted_on = plan
            .actions
            .iter()
            .filter_map(|action| Some(action.kind.principal_arn()?.to_string()));
        let arns: HashSet<String> = mapped.chain(real).chain(acted_on).collect();

        let mut forms: HashMap<String, usize> = HashMap::new();
        for arn in &arns {
            *forms
                .entry(elided(&bare(arn, &plan.cluster), limit))
                .or_default() += 1;
        }
        let of = arns
            .into_iter()
            .map(|arn| {
                let whole = bare(&arn, &plan.cluster);
                let short = elided(&whole, limit);
                let unique = forms.get(&short) == Some(&1);
                (arn, if unique { short } else { whole })
            })
            .collect();
        Self { of }
    }

    /// The short form; an ARN that the plan does not name is shown as it is.
    pub(super) fn get(&self, arn: &str) -> String {
        self.of
            .get(arn)
            .cloned()
            .unwrap_or_else(|| literal(arn).into_owned())
    }
}

/// Without what the cluster says already: partition and account.
///
/// A text that is no IAM ARN stands in quotes, so that `role/ops` as such is not taken for the role `ops`.
fn bare(text: &str, cluster: &Cluster) -> String {
    let Ok(arn) = text.parse::<Arn>() else {
        return quoted(text);
    };
    let plain = arn.partition == cluster.partition
        && arn.service == "iam"
        && arn.region.is_empty()
        && literal(text) == text;
    if !plain {
        return literal(text).into_owned();
    }
    if Some(&arn.account) == cluster.account_id.as_ref() {
        arn.resource
    } else {
        format!("{}:{}", arn.account, arn.resource)
    }
}

/// Keeps both ends of a text that is longer than `limit` characters.
fn elided(text: &str, limit: usize) -> String {
    let length = text.chars().count();
    if length <= limit {
        return text.to_owned();
    }
    let kept = limit.saturating_sub(3);
    let head: String = text.chars().take(kept / 2).collect();
    let tail: String = text.chars().skip(length - kept.div_ceil(2)).collect();
    format!("{head}...{tail}")
}

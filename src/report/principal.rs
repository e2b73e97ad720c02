//! Principals in short, without losing what distinguishes them.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::model::{Arn, Cluster, MappingId};
use crate::plan::Plan;
use crate::plan::document::PlannedMapping;
use crate::text::{literal, quoted};

/// The short forms of all principals of a plan.
#[derive(Debug, Default)]
pub(super) struct ShortNames<'a> {
    of: HashMap<Cow<'a, str>, Cow<'a, str>>,
}

impl<'a> ShortNames<'a> {
    /// Shortens what `aws-auth` and the entries name.
    ///
    /// A form longer than `limit` characters loses its middle, unless another would then look the same.
    pub(super) fn new(plan: &'a Plan, limit: usize) -> Self {
        let mut whole: HashMap<Cow<'a, str>, Cow<'a, str>> =
            HashMap::with_capacity(plan.mappings.len());
        for mapping in &plan.mappings {
            let arn = mapping.arn.as_str();
            whole.insert(arn.into(), bare(arn, &plan.cluster));
            if let Some(entry) = &mapping.entry
                && !entry.principal_arn.is(arn)
            {
                let real = entry.principal_arn.to_string();
                let name = bare(&real, &plan.cluster).into_owned();
                whole.insert(real.into(), name.into());
            }
        }
        for action in &plan.actions {
            let Some(arn) = action.kind.principal_arn() else {
                continue;
            };
            let of = action.mapping.and_then(|id| mapping(plan, id));
            let entry = of.and_then(|mapping| mapping.entry.as_ref());
            if entry.is_some_and(|entry| entry.principal_arn == *arn) {
                continue;
            }
            let arn = arn.to_string();
            if !whole.contains_key(arn.as_str()) {
                let name = bare(&arn, &plan.cluster).into_owned();
                whole.insert(arn.into(), name.into());
            }
        }

        // A form that is not shortened may look like one that is.
        let is_long = |name: &str| name.len() > limit && name.chars().count() > limit;
        if whole.values().any(|name| is_long(name)) {
            let mut forms: HashMap<String, usize> = HashMap::new();
            for name in whole.values() {
                *forms.entry(elided(name, limit)).or_default() += 1;
            }
            for name in whole.values_mut().filter(|name| is_long(name)) {
                let short = elided(name, limit);
                if forms.get(&short) == Some(&1) {
                    *name = short.into();
                }
            }
        }
        Self { of: whole }
    }

    /// The short form; an ARN that the plan does not name is shown as it is.
    pub(super) fn get<'b>(&'b self, arn: &'b str) -> Cow<'b, str> {
        match self.of.get(arn) {
            Some(name) => Cow::Borrowed(name),
            None => literal(arn),
        }
    }
}

/// The mapping with this id, as long as the mappings are in their order; a plan from a file may have them in any.
fn mapping(plan: &Plan, id: MappingId) -> Option<&PlannedMapping> {
    let place = plan
        .mappings
        .binary_search_by_key(&id, |mapping| mapping.id);
    place.ok().map(|place| &plan.mappings[place])
}

/// Without what the cluster says already: partition and account.
///
/// A text that is no IAM ARN is in quotes, so that `role/ops` as such is not taken for the role `ops`.
fn bare<'a>(text: &'a str, cluster: &Cluster) -> Cow<'a, str> {
    let Some([partition, service, region, account, resource]) = Arn::parts(text) else {
        return quoted(text).into();
    };
    let shown = literal(text);
    let plain =
        partition == cluster.partition && service == "iam" && region.is_empty() && shown == text;
    if !plain {
        return shown;
    }
    if Some(account) == cluster.account_id.as_deref() {
        resource.into()
    } else {
        format!("{account}:{resource}").into()
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

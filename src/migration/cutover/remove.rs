//! What is taken out of `aws-auth`, and what is left of it; pure.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::before::{Authenticator, AuthenticatorAnswer};
use crate::access::identity_of_mapping;
use crate::error::Failure;
use crate::migration::verify::canonical;
use crate::migration::{Readiness, Verification};
use crate::model::{AuthenticationMode, MappingId, Principal, Section};
use crate::observed::{Lookup, Observed};
use crate::plan::document::Outcome;
use crate::reader::Reading;
use crate::source::AwsAuth;
use crate::source::cut::cut;

/// What a cutover does to the ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// The mappings that go.
    pub removed: Vec<MappingId>,
    /// The data that is left; `None` where the ConfigMap is deleted.
    pub after: Option<BTreeMap<String, String>>,
}

/// Decides what goes; `None` where there is nothing to take away.
///
/// Without filters everything goes, once the verification is safe, and with it the ConfigMap unless it holds something
/// else. With filters, or where somebody decided that a mapping stays, only what is proven goes.
pub fn removal(
    verification: &Verification,
    aws_auth: &AwsAuth,
    reading: &Reading,
    observed: &Observed,
    is_partial: bool,
    keep_config_map: bool,
) -> Result<Option<Removal>, Failure> {
    let everything =
        !is_partial && verification.verdict == Readiness::Safe && verification.left.is_empty();
    let proven: BTreeSet<MappingId> = verification.proven.iter().copied().collect();
    let mut after = aws_auth.data.clone();
    for section in Section::ALL {
        let Some(text) = aws_auth.data.get(section.key()) else {
            continue;
        };
        let is_whole = everything
            && !reading.broken.contains(&section)
            && !reading.undecided.contains(&section);
        let rest = if is_whole {
            None
        } else {
            cut(section, text, &proven).map_err(|error| {
                Failure::refused(format!("{error}"))
                    .hint("in aws-auth, write the section as a plain list without anchors, or cut everything over at once")
            })?
        };
        match rest {
            Some(rest) => after.insert(section.key().to_owned(), rest),
            None => after.remove(section.key()),
        };
    }
    let is_empty = after.is_empty() && aws_auth.binary_keys.is_empty();
    if is_empty && !keep_config_map {
        let removed = proven.into_iter().collect();
        return Ok(Some(Removal {
            removed,
            after: None,
        }));
    }
    if after == aws_auth.data {
        return Ok(None);
    }
    let mappings = verification.plan.mappings.iter();
    let inert: BTreeSet<MappingId> = mappings
        .filter(|mapping| mapping.outcome == Outcome::Inert)
        .map(|mapping| mapping.id)
        .collect();
    let mappings = verification.plan.mappings.iter();
    let dropped: BTreeSet<MappingId> = mappings
        .filter(|mapping| mapping.is_dropped())
        .map(|mapping| mapping.id)
        .collect();
    leaves_answers(aws_auth, reading, &after, observed, (&inert, &dropped))?;
    Ok(Some(Removal {
        removed: proven.into_iter().collect(),
        after: Some(after),
    }))
}

/// Refuses a removal that would let another mapping count for somebody without an entry, such as one that was hidden.
/// An entry that is older than its principal is none, and in the mode API no mapping counts for anybody.
///
/// A mapping that grants nothing has nothing to lose: nobody logs in with its ARN, or another mapping of the same
/// principal counts, which is looked at by itself. One that keeps its principal out, since its username can't be filled
/// in, is looked at: without it another one may let the principal in.
fn leaves_answers(
    aws_auth: &AwsAuth,
    reading: &Reading,
    after: &BTreeMap<String, String>,
    observed: &Observed,
    (inert, dropped): (&BTreeSet<MappingId>, &BTreeSet<MappingId>),
) -> Result<(), Failure> {
    let mode = observed.cluster.authentication_mode;
    if !mode.is_none_or(AuthenticationMode::reads_config_map) {
        return Ok(());
    }
    let left = AwsAuth {
        data: after.clone(),
        ..aws_auth.clone()
    };
    let left = left.read();
    let (now, then) = (Authenticator::new(reading), Authenticator::new(&left));
    let gives = |answer: AuthenticatorAnswer| match answer {
        AuthenticatorAnswer::Mapped {
            username, groups, ..
        } => Some(Some((username, groups))),
        AuthenticatorAnswer::Refused => Some(None),
        AuthenticatorAnswer::Undefined { .. } => None,
    };
    let mut live = observed.entries_by_principal();
    live.retain(|_, live| !observed.is_stale(live));
    for mapping in &reading.mappings {
        // A whole account is nobody's ARN; whoever has it by its account is judged by the verification.
        if mapping.id.section == Section::MapAccounts {
            continue;
        }
        let principal = Principal::as_matched(&mapping.arn);
        let arn = principal
            .as_ref()
            .map_or_else(|| mapping.arn.clone(), canonical);
        let today = now.answer(&arn);
        let by = match &today {
            AuthenticatorAnswer::Mapped { by, .. } => *by,
            _ => mapping.id,
        };
        let is_there = principal
            .as_ref()
            .is_some_and(|principal| *observed.lookup(&principal.key()) != Lookup::Missing);
        let keeps_out = is_there && by == mapping.id && identity_of_mapping(mapping).is_none();
        if inert.contains(&mapping.id) && !keeps_out {
            continue;
        }
        if principal
            .as_ref()
            .is_some_and(|principal| live.contains_key(&principal.key()))
        {
            continue;
        }
        let after = then.answer(&arn);
        // A role with a path never matches, so that what goes may be the access by another mapping, or by the account:
        // dropped as decided, or proven to let nobody in.
        let is_judged =
            by.section == Section::MapAccounts || inert.contains(&by) || dropped.contains(&by);
        if is_judged && after == AuthenticatorAnswer::Refused {
            continue;
        }
        if let (true, AuthenticatorAnswer::Mapped { by: other, .. }) = (keeps_out, &after)
            && *other != mapping.id
        {
            return Err(Failure::refused(format!(
                "{} keeps `{}` out today, and without it {other} would let it in",
                mapping.id, mapping.arn
            ))
            .hint("leave that mapping in aws-auth: exclude it, or answer `leave` in the decisions file"));
        }
        if gives(today) != gives(after) {
            return Err(Failure::refused(format!(
                "without the other mappings, {} would give `{}` different access than today",
                mapping.id, mapping.arn
            ))
            .hint("include that mapping in the same cutover, or remove it from aws-auth by hand first"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_stale_entry_does_not_override_its_mapping() {
        const DEV: &str = "arn:aws:iam::111122223333:role/dev";
        let text =
            |groups: &str| format!("- {{rolearn: '{DEV}', username: dev, groups: [{groups}]}}\n");
        let data = |map_roles: String| BTreeMap::from([("mapRoles".to_owned(), map_roles)]);
        let now = AwsAuth {
            data: data(text("hidden") + &text("devs")),
            ..AwsAuth::default()
        };
        let then = data(text("hidden"));
        let entry = json!({
            "principalArn": DEV, "type": "STANDARD", "username": "dev", "kubernetesGroups": ["devs"], "tags": {},
            "accessPolicies": [], "accessEntryArn": null, "createdAt": "2024-01-01T00:00:00Z", "modifiedAt": null,
        });
        let cluster = json!({"partition": "aws", "authenticationMode": "API_AND_CONFIG_MAP"});
        for (made, is_refused) in [
            ("2023-01-01T00:00:00Z", false),
            ("2025-01-01T00:00:00Z", true),
        ] {
            let lookup = Lookup::Found {
                arn: DEV.parse().unwrap(),
                created_at: Some(made.parse().unwrap()),
            };
            let observed = Observed {
                cluster: serde_json::from_value(cluster.clone()).unwrap(),
                entries: Some(vec![serde_json::from_value(entry.clone()).unwrap()]),
                node_roles: None,
                principals: [(Principal::as_matched(DEV).unwrap().key(), lookup)].into(),
                rbac: None,
                caller: None,
            };
            let reading = now.read();
            let left = leaves_answers(
                &now,
                &reading,
                &then,
                &observed,
                (&BTreeSet::new(), &BTreeSet::new()),
            );
            assert_eq!(left.is_err(), is_refused, "{made}");
        }
    }
}

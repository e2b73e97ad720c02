//! What access one principal has, and through what.

use std::fmt::Write;

use super::format::Format;
use super::page::{Page, Shown, rendered};
use crate::migration::Who;
use crate::migration::principal::Way;
use crate::plan::document::{Identity, Verdict};

/// What one principal gets, in a format.
#[must_use]
pub fn who(who: &Who, format: Format, shown: Shown) -> String {
    rendered(who, || page(who), format, shown)
}

fn page(who: &Who) -> Page {
    let verdict = match who.access.verdict {
        Some(Verdict::Same) => "the same access",
        Some(Verdict::Renamed) => "the same access by another username",
        Some(Verdict::Lost) => "less access",
        Some(Verdict::Gained) => "more access",
        Some(Verdict::Changed) => "different access",
        None => "unknown",
    };
    let mut page = Page::new("The access of a principal");
    page.fact("Principal", &who.canonical_arn);
    page.fact("Gets in by", way(who));
    page.fact("Now", identity(who.access.before.as_deref()));
    page.fact("After the cutover", identity(who.access.after.as_deref()));
    page.fact("Change", verdict);
    page
}

fn way(who: &Who) -> String {
    let mut way = match &who.way {
        Way::AccessEntry {
            principal_arn,
            stale: false,
        } => format!("its access entry {principal_arn}"),
        Way::AccessEntry {
            principal_arn,
            stale: true,
        } => format!(
            "its access entry {principal_arn}, which is older than the principal and grants no access"
        ),
        Way::Mapping { mapping } => format!("{mapping} of aws-auth"),
        Way::Undefined { among } => {
            let among: Vec<String> = among.iter().map(ToString::to_string).collect();
            match among.as_slice() {
                [] => "a mapping, but its real path is unknown".to_owned(),
                among => format!("one of {}, at random", among.join(", ")),
            }
        }
        Way::Nowhere if who.may_be_creator => {
            "nothing in aws-auth; if it created the cluster, it is a hidden administrator"
                .to_owned()
        }
        Way::Nowhere => "nothing: it has no access".to_owned(),
    };
    if let Some(entry) = &who.stale_entry
        && !matches!(who.way, Way::AccessEntry { .. })
    {
        way += &format!(", since its access entry {entry} is older than the principal");
    }
    way
}

pub(super) fn identity(identity: Option<&Identity>) -> String {
    let Some(identity) = identity else {
        return "nothing".to_owned();
    };
    let mut text = format!("user {}", identity.username);
    for (label, values) in [
        ("groups", &identity.groups),
        ("policies", &identity.policies),
    ] {
        if !values.is_empty() {
            let _ = write!(text, "; {label} {}", values.join(", "));
        }
    }
    text
}

//! Stage 1: is there an access entry to make at all?

mod blocked;
mod inert;

use super::case::{Case, Ruling};
use super::{Proposal, lookup, service_linked};
use crate::finding::{Code, Finding};
use crate::invocation::Flag;

/// One reason to make no access entry; `None` where it does not hold.
pub(super) type Rule = fn(&Case<'_>) -> Option<Ruling>;

/// The reasons in their order; the first one that holds decides.
///
/// What never matches comes before what matches but can't be carried over: a mapping that is both grants nothing.
pub(super) const RULES: &[Rule] = &[
    filtered_out,
    inert::empty_account,
    blocked::whole_account,
    inert::thrown_away,
    inert::sso_block,
    inert::surrounding_space,
    inert::not_an_arn,
    inert::role_session,
    inert::not_a_principal,
    inert::wrong_partition,
    inert::shadowed,
    inert::role_with_path,
    inert::principal_missing,
    lookup::other_principal,
    inert::user_with_other_path,
    inert::never_renders,
    blocked::root_user,
    blocked::federated_user,
    blocked::undefined_duplicate,
    service_linked::service_linked,
    lookup::path_unknown,
];

/// `--only` and `--exclude` leave it out.
fn filtered_out(case: &Case<'_>) -> Option<Ruling> {
    let arn = &case.mapping.arn;
    (!case.choices.admits(arn)).then(|| {
        Ruling::because(
            Proposal::FilteredOut,
            Finding::new(
                Code::Excluded,
                format!(
                    "`{arn}` is excluded by `{}` or `{}`",
                    Flag::Only,
                    Flag::Exclude
                ),
                "",
            ),
        )
    })
}

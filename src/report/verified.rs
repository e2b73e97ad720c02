//! The verdict on the cut-over: an opening line, the objections, and the report of the plan beneath.

use std::fmt::Write;

use super::TableOptions;
use super::html::inline;
use super::markdown::prose;
use super::next::{Next, next};
use crate::migration::principal::Way;
use crate::migration::{Doubt, Objection, Readiness, Verification, Who};
use crate::model::AuthenticationMode;
use crate::plan::document::{Identity, Verdict};
use crate::text::visible;

/// The forms in which a document is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Table,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// GitHub Flavored Markdown.
    Markdown,
    /// A page.
    Html,
    /// One row a mapping.
    Csv,
}

/// The verification in one of the forms.
#[must_use]
pub fn verified(verification: &Verification, form: Form, options: TableOptions) -> String {
    let plan = &verification.plan;
    let next = after(verification);
    match form {
        Form::Json => super::json::document(verification),
        Form::Yaml => super::yaml::document(verification),
        Form::Csv => super::csv::judged(verification),
        Form::Table => {
            let report = super::table::table_then(plan, &next, options);
            let verdict = super::folded(&verdict_text(verification), options.width);
            format!("{verdict}\n{report}")
        }
        Form::Markdown => {
            let mut page = format!("**{}**\n\n", sentence(verification));
            for objection in &verification.objections {
                let line = prose(&line(objection));
                let _ = writeln!(page, "- {line}{}", with_fix(&prose(&objection.fix)));
            }
            for doubt in &verification.doubts {
                let line = prose(&doubtful(doubt));
                let _ = writeln!(page, "- not seen: {line}{}", with_fix(&prose(&doubt.fix)));
            }
            format!(
                "{page}\n{}",
                super::markdown::markdown_then(plan, &next, options.details)
            )
        }
        Form::Html => {
            let mut lines = format!("<p><b>{}</b></p>\n<ul>\n", inline(&sentence(verification)));
            for objection in &verification.objections {
                let fix = with_fix(&visible(&objection.fix));
                let _ = writeln!(lines, "<li>{}</li>", inline(&(line(objection) + &fix)));
            }
            for doubt in &verification.doubts {
                let fix = with_fix(&visible(&doubt.fix));
                let line = doubtful(doubt) + &fix;
                let _ = writeln!(lines, "<li>not seen: {}</li>", inline(&line));
            }
            lines.push_str("</ul>\n");
            super::html::html_then(plan, next).replacen("<body>\n", &format!("<body>\n{lines}"), 1)
        }
    }
}

/// The step after the proof: where it holds, what it was for.
fn after(verification: &Verification) -> Next {
    let plan = &verification.plan;
    let gone = plan.mappings.is_empty() && plan.accounts.is_empty();
    let mode = plan.cluster.authentication_mode;
    if verification.verdict != Readiness::Safe || mode == Some(AuthenticationMode::Api) {
        return next(plan);
    }
    let (purpose, flags): (_, &[&str]) = if gone {
        (
            "end aws-auth for good, which can't be undone",
            &["--to-api-mode"],
        )
    } else {
        ("back aws-auth up and take it away", &[])
    };
    Next {
        purpose,
        command: plan.command("cutover", flags),
    }
}

/// The verdict and what stands against it, in plain words.
#[must_use]
pub fn verdict_text(verification: &Verification) -> String {
    let mut text = format!("{}\n", sentence(verification));
    for objection in &verification.objections {
        let _ = writeln!(text, "! {}", line(objection));
        if !objection.fix.is_empty() {
            let _ = writeln!(text, "  fix: {}", visible(&objection.fix));
        }
    }
    text + &doubts_text(verification)
}

/// What the verdict rests on without having seen it, one a line; nothing where there is nothing.
#[must_use]
pub(super) fn doubts_text(verification: &Verification) -> String {
    let lines = verification.doubts.iter().map(doubtful);
    lines.map(|line| format!("? {line}\n")).collect()
}

/// The fix as the end of a line.
fn with_fix(fix: &str) -> String {
    match fix {
        "" => String::new(),
        fix => format!(" (fix: {fix})"),
    }
}

fn doubtful(doubt: &Doubt) -> String {
    let of = doubt
        .mapping
        .map_or(String::new(), |mapping| format!("{mapping}: "));
    let line = format!("{of}{} ({})", doubt.message, doubt.code);
    visible(&line).into_owned()
}

fn sentence(verification: &Verification) -> String {
    let mut sentence = visible(&verification.sentence).into_owned();
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    sentence.push('.');
    sentence
}

fn line(objection: &Objection) -> String {
    let mut parts = Vec::new();
    parts.extend(objection.mapping.map(|id| id.to_string()));
    parts.extend(objection.arn.clone());
    let mut line = parts.join(" ");
    if !line.is_empty() {
        line.push_str(": ");
    }
    line.push_str(&objection.message);
    if let Some(code) = objection.code {
        let _ = write!(line, " ({code})");
    }
    visible(&line).into_owned()
}

/// What one principal gets, in words or as a document.
#[must_use]
pub fn who(who: &Who, form: Form) -> String {
    match form {
        Form::Json => super::json::document(who),
        Form::Yaml => super::yaml::document(who),
        _ => who_text(who),
    }
}

fn who_text(who: &Who) -> String {
    let mut way = match &who.way {
        Way::AccessEntry {
            principal_arn,
            stale: false,
        } => format!("its access entry {principal_arn}"),
        Way::AccessEntry {
            principal_arn,
            stale: true,
        } => format!(
            "its access entry {principal_arn}, which is older than the principal and lets nobody in"
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
        Way::Nowhere => "no way".to_owned(),
    };
    if let Some(entry) = &who.stale_entry
        && !matches!(who.way, Way::AccessEntry { .. })
    {
        way += &format!(", since its access entry {entry} is older than the principal");
    }
    let verdict = match who.access.verdict {
        Some(Verdict::Same) => "the same access",
        Some(Verdict::Renamed) => "the same access by another username",
        Some(Verdict::Lost) => "less access",
        Some(Verdict::Gained) => "more access",
        Some(Verdict::Changed) => "other access",
        None => "unknown",
    };
    let mut text = String::new();
    for (label, value) in [
        ("Principal", who.canonical_arn.clone()),
        ("Gets in by", way),
        ("Now", identity(who.access.before.as_ref())),
        ("After the cut-over", identity(who.access.after.as_ref())),
        ("That is", verdict.to_owned()),
    ] {
        let _ = writeln!(text, "{label:<20}{}", visible(&value));
    }
    text
}

fn identity(identity: Option<&Identity>) -> String {
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

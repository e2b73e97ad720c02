//! The report for a terminal.
//!
//! The question first: what a person has to decide, then what changes, then what stays, folded to counts. `details` shows
//! every mapping in rows. Made for 80 columns.

mod changes;
mod notes;
mod rows;

use super::about::{calls, facts};
use super::next::{Next, next};
use super::open::{counted, open};
use super::page::Shown;
use super::principal::ShortNames;
use super::summary::{present, sentence, verdict};
use super::terminal::{Canvas, FAINT, Paint, STRONG};
use crate::plan::Plan;
use crate::plan::questions::questions;
use crate::text::visible;

/// Where texts begin beside their labels.
const LABEL: usize = 10;

/// How the table is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableOptions {
    /// The terminal's width in columns; less than 60 is taken as 60.
    pub width: usize,
    /// Whether to colour the marks and words.
    pub color: bool,
    /// Whether to show access before and after, and findings that are mere information.
    pub details: bool,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self {
            width: 80,
            color: false,
            details: false,
        }
    }
}

/// Renders the plan for a terminal: the verdict, what is open, what changes, what stays, and the next command.
#[must_use]
pub fn table(plan: &Plan, options: TableOptions) -> String {
    table_with(plan, "", options)
}

/// The same with what was `drawn` of the text of `aws-auth`.
#[must_use]
pub fn table_with(plan: &Plan, drawn: &str, options: TableOptions) -> String {
    let mut page = Canvas::new(options.width.max(60), Paint { on: options.color });
    page.paragraph(0, STRONG, &verdict(plan));
    page.paragraph(0, FAINT, &place(plan));
    body(&mut page, plan, options);
    if !drawn.is_empty() {
        page.title("In aws-auth");
        page.text.push_str(drawn);
    }
    about(&mut page, plan);
    closing(&mut page, plan, &next(plan));
    page.text
}

/// The plan below a verdict of another kind, with another next step.
pub(super) fn table_then(plan: &Plan, next: &Next, options: TableOptions) -> String {
    let mut page = Canvas::new(options.width.max(60), Paint { on: options.color });
    body(&mut page, plan, options);
    about(&mut page, plan);
    closing(&mut page, plan, next);
    page.text
}

fn body(page: &mut Canvas, plan: &Plan, options: TableOptions) {
    let names = ShortNames::new(plan, 120);
    if let Some(open) = open(plan, &names, options.details) {
        if !page.text.is_empty() {
            page.blank();
        }
        let shown = Shown {
            width: Some(page.width),
            color: options.color,
        };
        page.text.push_str(&open.terminal(shown));
    }
    rows::cluster_findings(page, plan, options.details);
    if options.details {
        rows::mappings(page, plan, &names, true);
        rows::accounts(page, plan, true);
    } else {
        changes::changes(page, plan, &names);
        changes::stays(page, plan, &names);
        notes::notes(page, plan);
    }
}

/// Which cluster it is about, in one line; all there is to say about it is at the end.
fn place(plan: &Plan) -> String {
    let cluster = &plan.cluster;
    let known = |value: &Option<String>| {
        let value = value.as_deref().unwrap_or("not known");
        visible(value).into_owned()
    };
    let mode = cluster
        .authentication_mode
        .map_or("mode not known, planned offline", |mode| mode.as_str());
    format!(
        "cluster {}, region {}, account {} ({}), {mode}",
        known(&cluster.name),
        known(&cluster.region),
        known(&cluster.account_id),
        visible(&cluster.partition)
    )
}

/// What the line below the verdict leaves out.
fn about(page: &mut Canvas, plan: &Plan) {
    page.title("About this plan");
    page.labelled(0, ("access", FAINT), LABEL, &sentence(plan));
    page.labelled(0, ("mappings", FAINT), LABEL, &present(plan));
    let facts = facts(plan).into_iter();
    for (label, value) in facts.filter(|(label, _)| !PLACE.contains(label)) {
        page.labelled(0, (label, FAINT), LABEL, &value);
    }
    page.labelled(0, ("actions", FAINT), LABEL, &calls(plan));
}

/// The facts of [`place`].
const PLACE: [&str; 3] = ["account", "region", "mode"];

/// What is open, and the next commands.
fn closing(page: &mut Canvas, plan: &Plan, next: &Next) {
    page.blank();
    let questions = questions(plan);
    if !questions.is_empty() {
        page.labelled(0, ("open", FAINT), LABEL, &counted(&questions));
    }
    for (index, step) in next.steps.iter().enumerate() {
        let label = if index == 0 { "next" } else { "then" };
        page.labelled(0, (label, FAINT), LABEL, &format!("{}:", step.purpose));
        // One line whatever the width, so that it can be copied.
        let command = page.paint.with(STRONG, &step.command.to_string());
        page.line(&format!("{}{command}", " ".repeat(LABEL)));
    }
}

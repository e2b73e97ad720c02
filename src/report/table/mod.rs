//! The report for a terminal.
//!
//! Made for 80 columns, where what becomes of a mapping stands on a second line; wider terminals get a column for it.

mod rows;

use super::about::{calls, facts};
use super::next::{Next, next};
use super::principal::ShortNames;
use super::summary::{counts, sentence};
use super::terminal::{Canvas, FAINT, Paint, STRONG};
use crate::plan::Plan;

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

/// Renders the plan for a terminal.
#[must_use]
pub fn table(plan: &Plan, options: TableOptions) -> String {
    table_then(plan, &next(plan), options)
}

/// The same with another next step.
pub(super) fn table_then(plan: &Plan, next: &Next, options: TableOptions) -> String {
    let mut page = Canvas::new(options.width.max(60), Paint { on: options.color });
    header(&mut page, plan);
    page.blank();
    page.paragraph(0, STRONG, &sentence(plan));
    page.paragraph(0, FAINT, &counts(plan));
    let names = ShortNames::new(plan, 120);
    rows::mappings(&mut page, plan, &names, options.details);
    rows::accounts(&mut page, plan, options.details);
    rows::cluster_findings(&mut page, plan, options.details);
    closing(&mut page, plan, next);
    page.text
}

fn header(page: &mut Canvas, plan: &Plan) {
    for (label, value) in facts(plan) {
        page.labelled(0, (label, FAINT), 9, &value);
    }
}

fn closing(page: &mut Canvas, plan: &Plan, next: &Next) {
    page.blank();
    page.labelled(0, ("actions", FAINT), 9, &calls(plan));
    page.labelled(0, ("next", FAINT), 9, &format!("{}:", next.purpose));
    // One line whatever the width, so that it can be copied.
    let command = page.paint.with(STRONG, &next.command);
    page.line(&format!("{}{command}", " ".repeat(9)));
}

//! The report as one HTML file that needs nothing else: no font, no image, no network.

mod decisions;
mod groups;
mod notes;
mod text;
mod view;

pub(super) use text::{inline, quoted};

use std::io::{self, Write};

use askama::Template;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use super::next::{Next, next};
use crate::plan::Plan;

/// The only style sheet.
pub(super) const STYLE: &str = include_str!("report.css");
/// The only script: search, links into folded groups, buttons to copy. Without it the page shows all the same.
pub(super) const SCRIPT: &str = include_str!("report.js");

/// The report as a page for a browser or a printer, light or dark as the reader's system is.
///
/// The page is filtered by outcome with style rules alone. Its content security policy names the only style sheet and the
/// only script by their digests and forbids everything else.
/// Source: W3C, "Content Security Policy Level 3", `style-src` and `script-src`.
///
/// # Panics
///
/// Never: writing to memory does not fail.
#[must_use]
pub fn html(plan: &Plan) -> String {
    html_then(plan, next(plan), String::new())
}

/// Writes what [`html`] gives, without holding the whole text.
pub fn write_html(plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    view::PageView::new(plan, next(plan), String::new()).write_into(out)?;
    out.write_all(b"\n")
}

/// The same with another next step, and with parts of a page before everything else.
pub(super) fn html_then(plan: &Plan, next: Next, lead: String) -> String {
    rendered(&view::PageView::new(plan, next, lead))
}

/// The digest by which the content security policy knows a style sheet or a script.
pub(super) fn digest(text: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(text))
}

pub(super) fn rendered(page: &impl Template) -> String {
    let mut text = page.render().expect("writing to memory does not fail");
    text.push('\n');
    text
}

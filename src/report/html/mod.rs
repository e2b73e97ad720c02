//! The report as one HTML file that needs nothing else: no script, no font, no image, no network.

mod view;

pub(super) use view::{inline, quoted};

use std::io::{self, Write};

use askama::Template;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use super::next::{Next, next};
use crate::plan::Plan;

/// The only style sheet.
pub(super) const STYLE: &str = include_str!("report.css");

/// The report as a page for a browser or a printer, light or dark as the reader's system is.
///
/// The page is filtered by outcome with style rules alone, so that its content security policy can forbid every script
/// and name the only style sheet by its digest.
/// Source: W3C, "Content Security Policy Level 3", `style-src`.
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
    view::Page::new(plan, next(plan), String::new(), (STYLE, digest())).write_into(out)?;
    out.write_all(b"\n")
}

/// The same with another next step, and with parts of a page before everything else.
pub(super) fn html_then(plan: &Plan, next: Next, lead: String) -> String {
    rendered(&view::Page::new(plan, next, lead, (STYLE, digest())))
}

pub(super) fn digest() -> String {
    BASE64_STANDARD.encode(Sha256::digest(STYLE))
}

pub(super) fn rendered(page: &impl Template) -> String {
    let mut text = page.render().expect("writing to memory does not fail");
    text.push('\n');
    text
}

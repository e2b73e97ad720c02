//! The report as one HTML file that needs nothing else: no script, no font, no image, no network.

mod view;

pub(super) use view::inline;

use std::io::{self, Write};

use askama::Template;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

use super::next::{Next, next};
use super::told::Part;
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
    html_then(plan, next(plan))
}

/// Writes what [`html`] gives, without holding the whole text.
pub fn write_html(plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    view::Page::new(plan, next(plan), STYLE, digest()).write_into(out)?;
    out.write_all(b"\n")
}

/// The same with another next step.
pub(super) fn html_then(plan: &Plan, next: Next) -> String {
    rendered(&view::Page::new(plan, next, STYLE, digest()))
}

/// What a command tells, on a page of the same kind.
pub(super) fn told(title: &str, parts: &[Part]) -> String {
    rendered(&Told {
        style: STYLE,
        style_digest: digest(),
        title,
        parts,
    })
}

#[derive(Template)]
#[template(path = "told.html")]
struct Told<'a> {
    style: &'static str,
    style_digest: String,
    title: &'a str,
    parts: &'a [Part],
}

pub(super) fn digest() -> String {
    BASE64_STANDARD.encode(Sha256::digest(STYLE))
}

pub(super) fn rendered(page: &impl Template) -> String {
    let mut text = page.render().expect("writing to memory does not fail");
    text.push('\n');
    text
}

//! A page in a browser.

use askama::Template;

use super::{Line, Page, Part, Text};
use crate::report::html::{inline, rendered};
use crate::text::{visible, visible_lines};

pub(super) fn html(page: &Page) -> String {
    rendered(&HtmlPage {
        title: &visible(&page.title).replace('`', ""),
        heading: &page.title,
        verdict: &page.verdict,
        parts: &page.parts,
    })
}

/// The parts alone, as they stand in the body of another page.
pub(in crate::report) fn rows(page: &Page) -> String {
    let parts = Parts {
        verdict: &page.verdict,
        parts: &page.parts,
    };
    parts.render().expect("writing to memory does not fail")
}

#[derive(Template)]
#[template(path = "page.html")]
struct HtmlPage<'a> {
    title: &'a str,
    heading: &'a str,
    verdict: &'a str,
    parts: &'a [Part],
}

#[derive(Template)]
#[template(path = "parts.html")]
struct Parts<'a> {
    verdict: &'a str,
    parts: &'a [Part],
}

/// How many lines or rows are shown before the rest is folded.
const SHOWN: usize = 12;

/// Lines in pieces, each with what is folded of it: of many with the same mark the first are shown, and all without one.
fn pieces(lines: &[Line]) -> Vec<(&[Line], &[Line])> {
    let alike = lines.chunk_by(|one, next| one.mark == next.mark);
    alike
        .map(|lines| {
            let is_folded = lines[0].mark.is_some() && lines.len() > SHOWN + 1;
            lines.split_at(if is_folded { SHOWN } else { lines.len() })
        })
        .collect()
}

/// A text or a command line, quoted.
fn text(text: &Text) -> String {
    match text {
        Text::Words(words) => inline(words),
        Text::Command(line) => code(line),
    }
}

fn code(line: &str) -> String {
    format!(
        "<code>{}</code>",
        crate::report::html::quoted(&visible(line))
    )
}

/// Lines as they are, for a block, which the template quotes.
fn lines(text: &str) -> String {
    visible_lines(text.trim_end()).into_owned()
}

//! A fleet in a browser.

use askama::Template;

use super::Page;
use crate::report::html::{STYLE, digest, inline, rendered};

pub(super) fn html(page: &Page) -> String {
    rendered(&Fleet {
        style: STYLE,
        style_digest: digest(),
        title: &page.title,
        page,
    })
}

#[derive(Template)]
#[template(path = "fleet.html")]
struct Fleet<'a> {
    style: &'static str,
    style_digest: String,
    title: &'a str,
    page: &'a Page,
}

//! A fleet in a browser.

use askama::Template;

use super::Page;
use crate::report::html::{inline, rendered};

pub(super) fn html(page: &Page) -> String {
    rendered(&Fleet {
        title: &page.title,
        page,
    })
}

#[derive(Template)]
#[template(path = "fleet.html")]
struct Fleet<'a> {
    title: &'a str,
    page: &'a Page,
}

//! A fleet in a browser.

use askama::Template;

use super::FleetPage;
use crate::report::html::{inline, rendered};

pub(super) fn html(page: &FleetPage) -> String {
    rendered(&FleetHtml {
        title: &page.title,
        page,
    })
}

#[derive(Template)]
#[template(path = "fleet.html")]
struct FleetHtml<'a> {
    title: &'a str,
    page: &'a FleetPage,
}

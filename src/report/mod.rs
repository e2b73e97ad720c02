//! Renders a [`Plan`](crate::plan::Plan) as text: for a terminal, a script, a pull request, a browser, a spreadsheet.
//!
//! Every format is a pure function that ends its text with a line feed; none prints. Text from the cluster is hostile:
//! [`crate::text`] makes hidden characters visible, and each format quotes for its own language on top of that.

mod about;
mod applied;
mod csv;
mod cut_over;
mod decisions;
mod explanation;
mod failed;
mod fleet;
mod fold;
mod html;
mod json;
mod markdown;
mod next;
mod principal;
mod question;
mod results;
mod rolled_back;
mod standing;
mod summary;
mod table;
mod told;
mod verified;
mod words;
mod yaml;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use applied::Document as Applied;
pub use applied::{applied_json, applied_text, applied_yaml};
pub use csv::{csv, write_csv};
pub(crate) use cut_over::Document as CutOver;
pub use cut_over::cut_over;
pub use decisions::{decisions, decisions_json};
pub use explanation::{codes, explanation};
pub(crate) use failed::Document as Failed;
pub use failed::failed;
pub use fleet::{FleetTable, fleet, fleet_sentence};
pub use fold::folded;
pub use html::{html, write_html};
pub use json::{json, write_json};
pub use markdown::markdown;
pub use next::{Next, next};
pub use question::{Progress, answers, question};
pub(crate) use rolled_back::Document as RolledBack;
pub use rolled_back::rolled_back;
pub use standing::standing;
pub use summary::{Tally, counts, sentence, summary};
pub(crate) use table::layout::wrap_indented;
pub use table::{TableOptions, table};
pub use told::told;
pub use verified::{Form, verdict_text, verified, who};
pub(crate) use words::writer;
pub use yaml::{manifest, write_yaml, yaml};

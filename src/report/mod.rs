//! Renders a [`Plan`](crate::plan::Plan) as text: for a terminal, a script, a pull request, a browser, a spreadsheet.
//!
//! Every format is a pure function that ends its text with a line feed; none prints. Text from the cluster is hostile:
//! `text` makes hidden characters visible, and each format quotes for its own language on top of that.

mod about;
mod applied;
mod csv;
mod cut_over;
mod decisions;
mod explanation;
mod failed;
mod fleet;
mod format;
mod html;
mod json;
mod markdown;
mod next;
mod open;
mod page;
mod principal;
mod question;
mod record;
mod rehearsed;
mod results;
mod rolled_back;
mod status;
mod summary;
mod table;
mod terminal;
mod verified;
mod who;
mod words;
mod yaml;

#[cfg(test)]
pub(crate) mod tests;

pub(crate) use applied::AppliedDocument;
pub use applied::applied;
pub use csv::{csv, write_csv};
pub(crate) use cut_over::CutOverDocument;
pub use cut_over::cut_over;
pub use decisions::{decisions, decisions_json};
pub use explanation::{codes, explanation};
pub(crate) use failed::FailureDocument;
pub use failed::failed;
pub use fleet::{FleetTable, fleet, fleet_decisions, fleet_open, fleet_sentence};
pub use format::Format;
pub use html::{html, write_html};
pub use json::{json, write_json};
pub use markdown::markdown;
pub use next::{Next, Step, next};
pub use page::Shown;
pub use question::{QuestionProgress, answers, question};
pub(crate) use record::RecordDocument;
pub use record::{Broken, CommandResult, check, record};
pub use rehearsed::rehearsed;
pub(crate) use rolled_back::RolledBackDocument;
pub use rolled_back::{rolled_back, rolling_back};
pub use status::status;
pub use summary::{Tally, counts, sentence, summary, verdict};
pub use table::{TableOptions, table, table_with};
pub(crate) use terminal::layout::wrap_indented;
pub use terminal::paragraph;
pub use verified::verified;
pub use who::who;
pub(crate) use words::writer;
pub use yaml::{manifest, write_yaml, yaml};

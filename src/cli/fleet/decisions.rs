//! `fleet plan --write-decisions`: every open question of the fleet in a file, to be answered in an editor.

use std::path::Path;

use crate::cli::decide::{is_json, replaceable};
use crate::cli::output::{Console, file_failure};
use crate::error::Failure;
use crate::fleet::Report;
use crate::text::visible;
use crate::{files, report};

/// Refuses a file that has no room for open questions, or that holds answers already.
pub(super) fn check(path: &Path) -> Result<(), Failure> {
    if is_json(path, None) {
        return Err(Failure::usage(
            "nothing was written: open questions are comments, and JSON has none",
        )
        .hint("name a file that ends with .yaml"));
    }
    let is_there =
        files::is_there(path).map_err(|error| file_failure("the decisions", path, error))?;
    if is_there {
        replaceable(path, "name another file, and copy the answers into it")?;
    }
    Ok(())
}

/// Writes it.
pub(super) fn write(fleet: &Report, path: &Path, console: &Console) -> Result<(), Failure> {
    files::replace(path, report::fleet_decisions(fleet).as_bytes())
        .map_err(|error| file_failure("the decisions", path, error))?;
    let place = path.display();
    console.say(&visible(&match report::fleet_open(fleet) {
        0 => format!("nothing is open; `{place}` holds no question"),
        1 => format!("1 open question is in `{place}`; answer it there and plan with --decisions"),
        count => format!(
            "{count} open questions are in `{place}`; answer them there and plan with --decisions"
        ),
    }));
    Ok(())
}

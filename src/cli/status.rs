//! `status`: where the cluster stands, and the next step.

use std::process::ExitCode;

use super::args::StatusArgs;
use super::exit;
use super::output::{Console, file_failure};
use super::settings::{self, CLOCK};
use crate::choices::Choices;
use crate::error::Failure;
use crate::migration::{self, status};
use crate::report;

pub(super) async fn run(args: StatusArgs, console: &Console) -> Result<ExitCode, Failure> {
    let target = settings::target(&args.target)?;
    let seen = migration::survey(&target, (CLOCK.system)()).await?;
    let history =
        migration::apply::history(&seen, args.journal.as_deref(), settings::state_folder)?;
    let journal = match (&args.journal, settings::state_folder()) {
        (Some(path), _) => Some(path.clone()),
        (None, Ok(folder)) => migration::apply::usual_journal(&seen, &folder),
        (None, Err(_)) => None,
    };
    let journal = journal
        .filter(|_| !history.runs.is_empty())
        .map(|path| path.display().to_string());
    let plan = migration::apply::plan(&seen, &Choices::default(), &history, (CLOCK.now)());
    let verification = migration::verify(plan, &seen.reading, &seen.observed);
    let mut status = status::status(&seen, &verification, &history, journal);
    if args.preflight {
        status.preflight = Some(status::preflight(&seen, &verification).await?);
    }
    let text = report::standing(&status, args.output.output.into());
    console.data(&text)?;
    if let Some(path) = &args.output.out_report {
        crate::files::replace(path, text.as_bytes())
            .map_err(|error| file_failure("the report", path, error))?;
    }
    Ok(exit::DONE.into())
}

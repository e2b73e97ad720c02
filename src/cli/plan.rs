//! `plan`: shows what would be done and why.

use std::process::ExitCode;

use super::args::PlanArgs;
use super::output::{Console, file_failure};
use super::settings::{self, CLOCK};
use super::{exit, output};
use crate::error::Failure;
use crate::migration;
use crate::plan::file;

pub(super) async fn run(args: PlanArgs, console: &Console) -> Result<ExitCode, Failure> {
    let target = settings::target(&args.target)?;
    let choices = settings::choices(&args.choices);
    let seen = migration::survey(&target, (CLOCK.system)()).await?;
    let history =
        migration::apply::history(&seen, args.journal.as_deref(), settings::state_folder)?;
    let plan = migration::apply::plan(&seen, &choices, &history, (CLOCK.now)());
    if let Some(path) = &args.out {
        crate::files::replace(path, file::write(&plan).as_bytes())
            .map_err(|error| file_failure("the plan", path, error))?;
        console.say(&format!(
            "the plan is saved; apply it with: {}",
            output::apply_saved(path)
        ));
    }
    console.report(&plan, &args.output)?;
    let code = if args.detailed_exitcode {
        exit::detailed(&plan)
    } else {
        exit::DONE
    };
    Ok(code.into())
}

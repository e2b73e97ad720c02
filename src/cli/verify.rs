//! `verify`: proves that `aws-auth` may go, or names who would lose or gain what.

use std::process::ExitCode;

use super::args::VerifyArgs;
use super::exit;
use super::output::{Console, keep_report};
use super::settings::{self, CLOCK};
use crate::error::Failure;
use crate::migration::{self, Readiness};
use crate::report;

pub(super) async fn run(args: VerifyArgs, console: &Console) -> Result<ExitCode, Failure> {
    let mut target = settings::target(&args.target, args.history.journal.as_deref())?;
    console.watch(&mut target);
    let seen = settings::survey(&target, args.limit.timeout).await?;
    if let Some(asked) = &args.principal {
        let who = migration::who(asked, &seen.reading, &seen.observed).map_err(|error| {
            Failure::usage(error.to_string())
                .hint("write it as arn:aws:iam::111122223333:role/ops or arn:aws:sts::111122223333:assumed-role/ops/jane")
        })?;
        console.result(&args.output, |format, shown| {
            report::who(&who, format, shown)
        })?;
        return Ok(exit::DONE.into());
    }
    let history = settings::history(&seen, &args.history)?;
    let given = settings::choices(&args.choices, &args.target)?;
    let choices = given.or_as_before(history.last_choices().as_ref());
    let plan = migration::apply::plan_to_judge(&seen, &choices, &history, (CLOCK.now)());
    // What an earlier run decided may no longer fit, which is no slip of whoever runs this one.
    let fit = if given.answers.is_empty() {
        plan.patterns_fit()
    } else {
        plan.decisions_fit()
    };
    fit.map_err(|misfits| migration::apply::misfit(&misfits))?;
    let verification = migration::verify(plan, &seen.reading, &seen.observed);
    let options = report::TableOptions {
        width: console.width(),
        color: console.colored(),
        details: args.output.details,
    };
    let format = args.output.output;
    console.data(&report::verified(&verification, format, options))?;
    let plain = report::TableOptions {
        color: false,
        ..options
    };
    keep_report(
        &report::verified(&verification, format, plain),
        &args.output,
    )?;
    let code = match verification.verdict {
        Readiness::Safe => exit::DONE,
        Readiness::Pending if args.detailed_exitcode => exit::PENDING,
        Readiness::Pending | Readiness::NeedsDecision => exit::BLOCKED,
    };
    Ok(code.into())
}

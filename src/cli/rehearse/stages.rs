//! The stages of a rehearsal after `apply`: the cutover, the mode API, the rollback; access is compared after each.

use std::time::Duration;

use super::super::args::RehearseArgs;
use super::super::exit;
use super::super::output::Console;
use super::super::settings::CLOCK;
use super::{display, heading};
use crate::choices::Choices;
use crate::error::Failure;
use crate::migration::cutover::CutoverOptions;
use crate::migration::survey::Target;
use crate::migration::{self, ApplyOptions, Consent, CutOver, RollbackOptions, Survey};
use crate::model::Glob;
use crate::report::{self, Format};
use crate::stop::Stop;
use crate::writer::Silent;

/// What every stage needs.
pub(super) struct Stages<'a> {
    pub(super) args: &'a RehearseArgs,
    pub(super) target: &'a Target,
    pub(super) options: &'a ApplyOptions,
    /// What was there after `apply`, when everybody still was mapped.
    pub(super) first: &'a Survey,
    pub(super) stop: &'a Stop,
    pub(super) console: &'a Console,
}

impl Stages<'_> {
    /// Takes away what is proven and, where that was asked for, switches to API and rolls everything back.
    ///
    /// A mode API that was asked for and refused needs a decision, and the code says so.
    pub(super) async fn run(&self) -> Result<exit::Exit, Failure> {
        heading(self.console, "Cutover")?;
        let mut proven = self.options.choices.clone();
        if proven.only.is_empty() {
            proven.only = vec![Glob::new("*")];
        }
        Box::pin(self.cut_over(proven, false)).await?;
        self.compare().await?;
        let mut code = exit::DONE;
        if self.args.to_api_mode {
            heading(self.console, "API mode")?;
            let done = Box::pin(self.cut_over(self.options.choices.clone(), true)).await?;
            if let Some(failure) = done.failure {
                return Err(failure);
            }
            if done.refused {
                self.console.data(
                    "The cluster is not switched to API: these principals would lose access.\n",
                )?;
                code = exit::BLOCKED;
            }
            self.compare().await?;
        }
        if self.args.rollback {
            self.roll_back().await?;
            self.compare().await?;
        }
        Ok(code)
    }

    async fn cut_over(&self, choices: Choices, to_api_mode: bool) -> Result<CutOver, Failure> {
        let options = CutoverOptions {
            choices,
            backup: None,
            keep_config_map: false,
            to_api_mode,
            soak: Some(Duration::ZERO),
            timeout: None,
            settle: Duration::ZERO,
            min_soak: Duration::ZERO,
            allow_self_lockout: false,
            journal: self.options.journal.clone(),
        };
        let display = display(self.args, self.console);
        let done = Box::pin(migration::cutover(
            self.target,
            &options,
            &display,
            self.stop,
            CLOCK,
            |_| Ok(Consent::Given),
        ))
        .await;
        display.finish();
        let done = done?;
        self.console
            .page(|shown| report::cut_over(&done, Format::Table, shown))?;
        Ok(done)
    }

    async fn roll_back(&self) -> Result<(), Failure> {
        heading(self.console, "Rollback")?;
        let options = RollbackOptions {
            act: true,
            run: None,
            force: false,
            settle: Duration::ZERO,
            journal: self.options.journal.clone(),
            concurrency: 8,
        };
        let back = Box::pin(migration::rollback(
            self.target,
            &options,
            &Silent,
            self.stop,
            CLOCK,
            |_| Ok(Consent::Given),
        ))
        .await?;
        self.console
            .page(|shown| report::rolled_back(&back, Format::Table, shown))
    }

    /// The access comparison as it is now, of everybody who was mapped at first.
    async fn compare(&self) -> Result<(), Failure> {
        let mut seen = migration::survey(self.target, CLOCK.system).await?;
        // What is taken out of aws-auth is still what was promised.
        seen.reading = self.first.reading.clone();
        seen.observed
            .principals
            .clone_from(&self.first.observed.principals);
        let options = self.options;
        let place = &options.journal;
        let history = migration::journal_path::history(&seen, place.named.as_deref(), || {
            Ok(place.folder.clone())
        })?;
        let plan =
            migration::apply::plan_to_judge(&seen, &options.choices, &history, (CLOCK.now)());
        self.console.data("\n")?;
        self.console.page(|shown| report::rehearsed(&plan, shown))
    }
}

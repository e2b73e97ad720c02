//! The commands of a sequence, by the tool's library.

use std::future::Future;
use std::time::Duration;

use aws_auth_migrate::error::{Failure, FailureKind};
use aws_auth_migrate::journal::RunEnd;
use aws_auth_migrate::migration::{
    self, ApplyOptions, Consent, CutoverOptions, JournalPlace, Question, RollbackOptions, Survey,
};
use aws_auth_migrate::plan::Plan;
use aws_auth_migrate::writer::Silent;
use serde_json::json;

use crate::clock::CLOCK;
use crate::generate::Random;
use crate::odd;
use crate::steps::Command;
use crate::world::{Ended, World};

impl World {
    pub(crate) fn command(
        &mut self,
        command: Command,
        random: &mut Random,
    ) -> impl Future<Output = Ended> + use<'_> {
        let mut random = Random(random.next());
        async move {
            let ended = match command {
                Command::Look => self.judge().await,
                Command::Decide => self.decide(&mut random).await,
                Command::Apply => Box::pin(self.apply(&mut random)).await,
                Command::Cutover {
                    keep_config_map,
                    to_api_mode,
                } => Box::pin(self.cut_over(&mut random, keep_config_map, to_api_mode)).await,
                Command::Rollback { force } => Box::pin(self.roll_back(&mut random, force)).await,
            };
            match ended {
                Ok(ended) => ended,
                Err(failure) => {
                    let mut watch = self.watch();
                    watch.log.push(format!("= {failure:?}"));
                    match failure.kind {
                        FailureKind::Usage => Ended::Misfit,
                        _ if self.may_refuse(&failure) => Ended::Refused,
                        _ => Ended::Failed,
                    }
                }
            }
        }
    }

    /// Whether a cut-over in parts may be refused like this: what goes keeps somebody out whom something that stays would
    /// let in, or it is random today which of several mappings of one ARN applies.
    fn may_refuse(&self, failure: &Failure) -> bool {
        if failure.what.contains("would let it in") {
            return true;
        }
        let arn = failure.what.split('`').nth(1).unwrap_or_default();
        let mapped = self.sandbox.state().aws_auth;
        let mapped = mapped.map(|object| object["data"].to_string().to_lowercase());
        let rivals = mapped.map_or(0, |text| text.matches(&arn.to_lowercase()).count());
        failure.what.contains("different access than today") && rivals > 1
    }

    async fn survey(&self) -> Result<Survey, Failure> {
        migration::survey(&self.target().await, CLOCK.system).await
    }

    async fn plan(&self) -> Result<(Survey, Plan), Failure> {
        let seen = self.survey().await?;
        let folder = self.folder.path().to_owned();
        let history = migration::journal_path::history(&seen, None, || Ok(folder))?;
        let plan = migration::apply::plan_to_judge(&seen, &self.choices, &history, (CLOCK.now)());
        Ok((seen, plan))
    }

    async fn judge(&self) -> Result<Ended, Failure> {
        let (seen, plan) = self.plan().await?;
        let _ = migration::verify(plan, &seen.reading, &seen.observed);
        Ok(Ended::Complete)
    }

    async fn decide(&mut self, random: &mut Random) -> Result<Ended, Failure> {
        let (_, plan) = self.plan().await?;
        self.choices.answers = odd::answers(random, &json!(plan));
        Ok(Ended::Complete)
    }

    fn journal_place(&self) -> JournalPlace {
        JournalPlace {
            named: None,
            folder: self.folder.path().to_owned(),
            holder: format!("process {}", self.count),
        }
    }

    fn consent(random: &mut Random) -> Consent {
        if random.chance(50) {
            Consent::Given
        } else {
            Consent::Answered
        }
    }

    async fn apply(&self, random: &mut Random) -> Result<Ended, Failure> {
        let options = ApplyOptions {
            choices: self.choices.clone(),
            saved: None,
            enable_access_entries: true,
            journal: self.journal_place(),
            concurrency: 1 + random.below(8),
            max_rate: None,
            fail_fast: random.chance(10),
            timeout: random
                .chance(10)
                .then(|| Duration::from_secs(random.next() % 60)),
            canary: None,
            allow_self_lockout: true,
            shared_decisions: false,
        };
        let consent = Self::consent(random);
        let yes = |question: Question<'_>| {
            if let Question::Plan { plan, .. } = question {
                self.watch().plan = Some(json!(plan));
            }
            Ok(consent)
        };
        let target = self.target().await;
        let stop = self.stop.clone();
        let applied = Box::pin(migration::apply(
            &target, &options, &Silent, &stop, CLOCK, yes,
        ))
        .await?;
        Ok(match applied.end {
            RunEnd::Complete => Ended::Complete,
            _ => Ended::Incomplete,
        })
    }

    async fn cut_over(
        &self,
        random: &mut Random,
        keep_config_map: bool,
        to_api_mode: bool,
    ) -> Result<Ended, Failure> {
        let options = CutoverOptions {
            choices: self.choices.clone(),
            backup: None,
            keep_config_map,
            to_api_mode,
            soak: Some(Duration::ZERO),
            settle: Duration::from_secs(2),
            min_soak: Duration::ZERO,
            timeout: None,
            allow_self_lockout: true,
            journal: self.journal_place(),
        };
        let consent = Self::consent(random);
        let target = self.target().await;
        let stop = self.stop.clone();
        let yes = |_: &migration::cutover::Preview<'_>| Ok(consent);
        let done = Box::pin(migration::cutover(
            &target, &options, &Silent, &stop, CLOCK, yes,
        ))
        .await?;
        Ok(match done.end {
            _ if done.refused => Ended::Refused,
            RunEnd::Complete => Ended::Complete,
            _ => Ended::Incomplete,
        })
    }

    async fn roll_back(&self, random: &mut Random, force: bool) -> Result<Ended, Failure> {
        let options = RollbackOptions {
            act: true,
            run: None,
            force,
            settle: Duration::from_secs(2),
            journal: self.journal_place(),
            concurrency: 1 + random.below(8),
        };
        let target = self.target().await;
        let stop = self.stop.clone();
        let done = Box::pin(migration::rollback(
            &target,
            &options,
            &Silent,
            &stop,
            CLOCK,
            |_| Ok(Consent::Given),
        ))
        .await?;
        Ok(match done.end {
            None | Some(RunEnd::Complete) => Ended::Complete,
            Some(_) => Ended::Incomplete,
        })
    }
}

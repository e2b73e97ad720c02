//! A program that migrates a cluster by itself: it shows the plan and, with `--apply`, carries it out.
//!
//! ```sh
//! cargo run --example embed -- CLUSTER             # only looks
//! cargo run --example embed -- CLUSTER --apply     # creates the access entries
//! ```
//!
//! Credentials, region and endpoints are found as every program with the AWS SDK finds them. Journals are kept in the
//! folder `journals`, so that a run that was stopped is resumed by the next one.

#![expect(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program prints and reads the clock; the library does neither"
)]

use std::path::PathBuf;

use aws_auth_migrate::error::Failure;
use aws_auth_migrate::migration::{
    self, ApplyOptions, Clock, Consent, Event, JournalPlace, Progress, Question, Target,
};
use aws_auth_migrate::plan::questions::questions;
use aws_auth_migrate::stop::Stop;

const CLOCK: Clock = Clock {
    now: jiff::Timestamp::now,
    system: std::time::SystemTime::now,
};

/// Prints each action that ends.
struct Lines;

impl Progress for Lines {
    fn tell(&self, event: &Event) {
        if let (Some(action), Some(status)) = (&event.action, event.status) {
            println!("{}/{}: {} {status:?}", event.done, event.total, action.id);
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let target = Target {
        cluster: arguments.next(),
        ..Target::default()
    };
    let applies = arguments.next().as_deref() == Some("--apply");
    let options = ApplyOptions {
        journal: JournalPlace {
            folder: PathBuf::from("journals"),
            ..JournalPlace::default()
        },
        ..ApplyOptions::default()
    };

    // Look and plan; nothing is written.
    let seen = migration::survey(&target, CLOCK.system).await?;
    let history = options.journal.history(&seen)?;
    let plan = migration::apply::plan(&seen, &options.choices, &history, (CLOCK.now)());
    for mapping in &plan.mappings {
        println!("{} {}: {:?}", mapping.id, mapping.arn, mapping.outcome);
    }
    for question in questions(&plan) {
        println!("open: {}", question.what);
    }
    println!("{} actions", plan.actions.len());
    if !applies {
        return Ok(());
    }

    // Apply; the cluster is read again first, and what is confirmed is exactly what was planned.
    let confirm = |question: Question<'_>| match question {
        Question::Plan { plan: now, .. } if now.actions == plan.actions => Ok(Consent::Given),
        _ => Err(Failure::refused("the cluster changed since it was planned")),
    };
    let stop = Stop::default();
    let applied = migration::apply(&target, &options, &Lines, &stop, CLOCK, confirm).await?;
    println!("{} entries verified", applied.summary.verified);
    Ok(())
}

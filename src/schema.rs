//! The JSON Schemas of this tool's documents, made from the types themselves.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};

use crate::journal::Record;
use crate::migration::Verification;
use crate::migration::status::Status;
use crate::plan::Plan;
use crate::report;
use crate::writer::Event;

/// A document that has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Document {
    /// What `plan` prints and saves
    Plan,
    /// One line of the journal
    Journal,
    /// One line of `--progress json`
    Events,
    /// What `apply --output json` prints
    Apply,
    /// What `verify --output json` prints
    Verify,
    /// What `status --output json` prints
    Status,
    /// What `cutover --output json` prints
    Cutover,
    /// What `rollback --output json` prints
    Rollback,
}

impl Document {
    /// The schema, in draft 2020-12.
    #[must_use]
    pub fn schema(self) -> Schema {
        let (mut schema, name, title) = match self {
            Self::Plan => (of::<Plan>(), "plan", "A plan of aws-auth-migrate"),
            Self::Journal => (
                of::<Record>(),
                "journal",
                "A line of the journal of aws-auth-migrate",
            ),
            Self::Events => (
                of::<Event>(),
                "events",
                "A progress event of aws-auth-migrate",
            ),
            Self::Apply => (
                of::<report::Applied<'_>>(),
                "apply",
                "What `apply` of aws-auth-migrate did",
            ),
            Self::Verify => (
                of::<Verification>(),
                "verify",
                "What stands against taking aws-auth away",
            ),
            Self::Status => (of::<Status>(), "status", "Where a cluster stands"),
            Self::Cutover => (
                of::<report::CutOver<'_>>(),
                "cutover",
                "What `cutover` of aws-auth-migrate did",
            ),
            Self::Rollback => (
                of::<report::RolledBack<'_>>(),
                "rollback",
                "What `rollback` of aws-auth-migrate did",
            ),
        };
        schema.insert(
            "$id".to_owned(),
            format!("urn:aws-auth-migrate:{name}:v1").into(),
        );
        schema.insert("title".to_owned(), title.into());
        schema
    }
}

fn of<T: JsonSchema>() -> Schema {
    // Documents are described as they are written: what is always there is required.
    SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<T>()
}

//! The JSON Schemas of this tool's documents, made from the types themselves.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use crate::fleet::{self, FleetFile};
use crate::journal::JournalLine;
use crate::migration::status::Status;
use crate::migration::{Verification, Who};
use crate::plan::Plan;
use crate::report;
use crate::writer::Event;

/// A document that has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaDocument {
    /// What `plan` prints and saves.
    Plan,
    /// One line of the journal.
    Journal,
    /// One line of `--progress json`.
    Events,
    /// The file that `--decisions` names.
    Decisions,
    /// What `apply --output json` prints.
    Apply,
    /// What `verify --output json` prints.
    Verify,
    /// What `verify --principal ARN --output json` prints.
    Principal,
    /// What `status --output json` prints.
    Status,
    /// What `cutover --output json` prints.
    Cutover,
    /// What `rollback --output json` prints.
    Rollback,
    /// The fleet file.
    Fleet,
    /// What `fleet plan --output json` prints, and the other fleet commands.
    FleetReport,
    /// What `report --output json` prints, and what `apply`, `cutover` and `rollback` write with `--out-report`.
    Report,
    /// What a command with `--output json` prints on stderr when it fails.
    Error,
}

impl SchemaDocument {
    /// All of them, in the order of the help.
    pub const ALL: &[Self] = &[
        Self::Plan,
        Self::Journal,
        Self::Events,
        Self::Decisions,
        Self::Apply,
        Self::Verify,
        Self::Principal,
        Self::Status,
        Self::Cutover,
        Self::Rollback,
        Self::Fleet,
        Self::FleetReport,
        Self::Report,
        Self::Error,
    ];

    /// The name of its schema.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Journal => "journal",
            Self::Events => "events",
            Self::Decisions => "decisions",
            Self::Apply => "apply",
            Self::Verify => "verify",
            Self::Principal => "principal",
            Self::Status => "status",
            Self::Cutover => "cutover",
            Self::Rollback => "rollback",
            Self::Fleet => "fleet",
            Self::FleetReport => "fleet-report",
            Self::Report => "report",
            Self::Error => "error",
        }
    }

    /// What it is, in a few words.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Plan => "What `plan` prints and saves",
            Self::Journal => "One line of the journal",
            Self::Events => "One line of `--progress json`",
            Self::Decisions => "The file that `--decisions` names",
            Self::Apply => "What `apply --output json` prints",
            Self::Verify => "What `verify --output json` prints",
            Self::Principal => "What `verify --principal ARN --output json` prints",
            Self::Status => "What `status --output json` prints",
            Self::Cutover => "What `cutover --output json` prints",
            Self::Rollback => "What `rollback --output json` prints",
            Self::Fleet => "The fleet file",
            Self::FleetReport => {
                "What `fleet plan --output json` prints, and the other fleet commands"
            }
            Self::Report => {
                "What `report --output json` prints, and `apply`, `cutover` and `rollback` write with --out-report"
            }
            Self::Error => "What a command with `--output json` prints on stderr when it fails",
        }
    }

    /// The schema, in draft 2020-12.
    #[must_use]
    pub fn schema(self) -> Schema {
        let (mut schema, name, title) = match self {
            Self::Plan => (of::<Plan>(), "plan", "A plan of aws-auth-migrate"),
            Self::Journal => (
                of::<JournalLine>(),
                "journal",
                "A line of the journal of aws-auth-migrate",
            ),
            Self::Events => (
                of::<Event>(),
                "events",
                "A progress event of aws-auth-migrate",
            ),
            Self::Decisions => (
                of::<crate::decisions::DecisionsFile>(),
                "decisions",
                "The decisions about a migration",
            ),
            Self::Apply => (
                of::<report::AppliedDocument<'_>>(),
                "apply",
                "What `apply` of aws-auth-migrate did",
            ),
            Self::Verify => (
                of::<Verification>(),
                "verify",
                "What stops the removal of aws-auth",
            ),
            Self::Principal => (
                of::<Who>(),
                "principal",
                "What access one principal has, and through what",
            ),
            Self::Status => (of::<Status>(), "status", "The state of a cluster"),
            Self::Cutover => (
                of::<report::CutOverDocument<'_>>(),
                "cutover",
                "What `cutover` of aws-auth-migrate did",
            ),
            Self::Rollback => (
                of::<report::RolledBackDocument<'_>>(),
                "rollback",
                "What `rollback` of aws-auth-migrate did",
            ),
            Self::Fleet => (
                input::<FleetFile>(),
                "fleet",
                "A fleet file of aws-auth-migrate",
            ),
            Self::FleetReport => (
                of::<fleet::Report>(),
                "fleet-report",
                "What `fleet` of aws-auth-migrate reports",
            ),
            Self::Report => (
                of::<report::RecordDocument<'_>>(),
                "report",
                "The record of a migration by aws-auth-migrate",
            ),
            Self::Error => (
                of::<report::FailureDocument>(),
                "error",
                "Why a command of aws-auth-migrate failed",
            ),
        };
        schema.insert(
            "$id".to_owned(),
            format!("urn:aws-auth-migrate:{name}:v1").into(),
        );
        schema.insert("title".to_owned(), title.into());
        let mut value = schema.to_value();
        name_documents(&mut value, name);
        plain_descriptions(&mut value);
        value.try_into().expect("a schema stays one")
    }
}

/// Lets a document have no other name than its own, and those that it holds have theirs.
fn name_documents(schema: &mut Value, name: &str) {
    match schema {
        Value::Object(members) => {
            for (key, member) in members {
                match (key.as_str(), &mut *member) {
                    ("properties", Value::Object(properties)) => {
                        if let Some(Value::Object(field)) = properties.get_mut("schema") {
                            let name = format!("aws-auth-migrate/{name}/v1");
                            field.insert("const".to_owned(), name.into());
                            let meaning = "The name and version of the document.";
                            field.insert("description".to_owned(), meaning.into());
                        }
                        name_documents(member, name);
                    }
                    ("Plan", _) => name_documents(member, "plan"),
                    ("Verification", _) => name_documents(member, "verify"),
                    _ => name_documents(member, name),
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                name_documents(item, name);
            }
        }
        _ => {}
    }
}

/// Takes the links out that only the source has.
fn plain_descriptions(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for (key, member) in members {
                match (key.as_str(), &mut *member) {
                    ("description", Value::String(text)) => {
                        *text = text.replace("[`", "`").replace("`]", "`");
                    }
                    _ => plain_descriptions(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(plain_descriptions),
        _ => {}
    }
}

fn of<T: JsonSchema>() -> Schema {
    // Documents are described as they are written: what is always there is required.
    SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<T>()
}

/// A document that people write: what may be left out is not required.
fn input<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<T>()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The schema of a plan, where it says something about this place.
    fn at(document: SchemaDocument, pointer: &str) -> Value {
        let schema = document.schema().to_value();
        schema.pointer(pointer).cloned().unwrap_or_default()
    }

    #[test]
    fn a_schema_takes_no_other_document_code_or_id_than_there_is() {
        assert_eq!(
            at(SchemaDocument::Plan, "/properties/schema/const"),
            "aws-auth-migrate/plan/v1"
        );
        assert_eq!(
            at(
                SchemaDocument::Verify,
                "/$defs/Plan/properties/schema/const"
            ),
            "aws-auth-migrate/plan/v1"
        );
        assert_eq!(
            at(
                SchemaDocument::Cutover,
                "/$defs/Verification/properties/schema/const"
            ),
            "aws-auth-migrate/verify/v1"
        );
        let plan = SchemaDocument::Plan.schema().to_value().to_string();
        for pattern in [
            "^AAM[0-9]{3}$",
            "^[0-9]{12}$",
            r"^(mapRoles|mapUsers|mapAccounts)",
        ] {
            assert!(
                plan.contains(&format!("\"pattern\":\"{pattern}")),
                "{pattern}"
            );
        }
    }

    #[test]
    fn no_description_holds_a_link_of_the_source() {
        for document in SchemaDocument::ALL {
            let schema = document.schema().to_value().to_string();
            assert!(!schema.contains("[`"), "{schema}");
        }
    }
}

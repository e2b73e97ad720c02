//! A plan saved as a file, and read back.

use super::document::{Plan, SCHEMA};

/// Why a file is not a plan that can be applied.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// It is no JSON, or not a plan.
    #[error("it is not a plan: {0}")]
    Syntax(#[from] serde_json::Error),
    /// It is a plan of another version.
    #[error("it has the format `{schema}`; this version reads `{SCHEMA}`")]
    Schema {
        /// The format it names.
        schema: String,
    },
    /// It is not about a live cluster.
    #[error("it was made offline, without reading the cluster")]
    Offline,
}

/// The text of a plan's file.
#[must_use]
pub fn write(plan: &Plan) -> String {
    let mut text = serde_json::to_string_pretty(plan).expect("a plan is plain data");
    text.push('\n');
    text
}

/// Reads a saved plan of a live cluster.
pub fn read(text: &str) -> Result<Plan, PlanFileError> {
    let plan = read_any(text)?;
    if plan.cluster.arn.is_none() {
        return Err(PlanFileError::Offline);
    }
    Ok(plan)
}

/// Reads a saved plan, also one that was made offline.
pub fn read_any(text: &str) -> Result<Plan, PlanFileError> {
    let schema = serde_json::from_str::<serde_json::Value>(text)?
        .get("schema")
        .and_then(serde_json::Value::as_str)
        .unwrap_or("none")
        .to_owned();
    if schema != SCHEMA {
        return Err(PlanFileError::Schema { schema });
    }
    Ok(serde_json::from_str(text)?)
}

//! A request for objects, with all that answering it needs.

use hyper::Method;
use serde_json::Value;

use crate::sandbox::percent;
use crate::sandbox::wire::Call;

use super::admission::Admission;
use super::objects::{Key, Resource};
use super::path::ResourcePath;
use super::status::StatusError;

/// A request for objects of a kind.
pub(super) struct ObjectRequest<'a> {
    pub(super) call: &'a Call,
    pub(super) pairs: Vec<(String, String)>,
    pub(super) target: &'a ResourcePath,
    pub(super) resource: &'static Resource,
    pub(super) now: String,
    pub(super) cap: usize,
    /// Who may refuse what is written.
    pub(super) admissions: &'a [Admission],
}

impl ObjectRequest<'_> {
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        percent::value(&self.pairs, name)
    }

    pub(super) fn key(&self) -> Key {
        (self.target.namespace.clone(), self.target.name.clone())
    }

    pub(super) fn missing(&self) -> StatusError {
        StatusError::not_found(&self.resource.qualified(), &self.target.name)
    }

    pub(super) fn is_dry_run(&self) -> bool {
        is_dry_run(self.call)
    }

    pub(super) fn body(&self) -> Result<Value, StatusError> {
        // YAML holds JSON; kubectl sends either.
        let text = std::str::from_utf8(&self.call.body)
            .map_err(|_| StatusError::bad_request("the body is not UTF-8"))?;
        let yaml = self
            .call
            .header("content-type")
            .is_some_and(|kind| kind.contains("yaml"));
        let value: Result<Value, String> = if yaml {
            serde_yaml::from_str(text).map_err(|error| error.to_string())
        } else {
            serde_json::from_str(text).map_err(|error| error.to_string())
        };
        value.map_err(|error| {
            StatusError::bad_request(format!("error decoding the request's body: {error}"))
        })
    }

    /// The name of the writer, for `metadata.managedFields`.
    pub(super) fn manager(&self) -> String {
        let agent = self.call.header("user-agent").unwrap_or("unknown");
        let agent = agent.split('/').next().unwrap_or(agent);
        self.query("fieldManager").unwrap_or(agent).to_owned()
    }
}

/// Whether a request only asks what would come of it: by its query or, for a deletion, by its body.
pub(super) fn is_dry_run(call: &Call) -> bool {
    percent::value(&call.pairs(), "dryRun") == Some("All")
        || (call.method == Method::DELETE
            && serde_json::from_slice::<Value>(&call.body)
                .is_ok_and(|options| options.pointer("/dryRun/0") == Some(&"All".into())))
}

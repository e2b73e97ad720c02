//! What was asked of the sandbox.

use std::fmt;
use std::sync::Arc;

/// A request that the sandbox got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// Its place in the order of arrival, from 0.
    pub index: usize,
    /// An AWS operation such as `CreateAccessEntry`, or a Kubernetes one such as `patch configmaps`.
    pub operation: String,
    /// The HTTP method.
    pub method: String,
    /// Path and query as sent.
    pub path: String,
    /// The AWS caller's ARN or the Kubernetes username, where the request was authenticated.
    pub principal: Option<String>,
    /// The HTTP status of the answer; `None` while there is none, and where none is given at all.
    pub status: Option<u16>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// The request's body.
    pub body: String,
    /// The id that the answer bears.
    pub request_id: String,
}

/// When a hook is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The request is there and nothing is done yet.
    Before,
    /// All is done, and the answer not yet sent.
    After,
}

/// What a hook looks like; it runs without any lock held, so that it may change the sandbox.
pub(super) type Hook = Arc<dyn Fn(Phase, &RequestRecord) + Send + Sync>;

/// The hooks of a sandbox.
#[derive(Default, Clone)]
pub(super) struct Hooks(pub(super) Vec<Hook>);

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hooks", self.0.len())
    }
}

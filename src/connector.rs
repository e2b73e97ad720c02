//! An answer to requests without a network: what tests and simulations put under the clients of AWS and Kubernetes.

use std::fmt;
use std::io;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::{Request, Response};

/// What a request comes to: an answer, or an error of the connection.
pub type Answered = io::Result<Response<Vec<u8>>>;

type Handler = dyn Fn(Request<Vec<u8>>) -> BoxFuture<'static, Answered> + Send + Sync;

/// Answers every request in this process; a clone is the same one.
///
/// The URI of a request says which service or cluster is meant. No option and no variable of the environment leads here:
/// whoever builds the settings in code hands it over.
#[derive(Clone)]
pub struct Connector(Arc<Handler>);

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl Connector {
    /// A connector that answers with a function.
    pub fn new(
        answer: impl Fn(Request<Vec<u8>>) -> BoxFuture<'static, Answered> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(answer))
    }

    /// Answers a request.
    pub fn call(&self, request: Request<Vec<u8>>) -> BoxFuture<'static, Answered> {
        (self.0)(request)
    }
}

//! The gate that every request to the Kubernetes API goes through: an answer has a limited size and a limited time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::BodyExt;
use kube::client::{Body, DynBody};
use tokio::time::Instant;
use tower::{BoxError, Layer, Service};
use tracing::{debug, trace};

use crate::causes::with_causes;
use crate::text::{shortened, visible};

/// The largest answer that is taken in: a page of 500 nodes with all their images is a good tenth of it.
pub(super) const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// Puts the gate around a client.
#[derive(Debug, Clone)]
pub(super) struct AnswerLimits {
    /// How long a request may take from its beginning to the last byte of its answer.
    pub(super) timeout: Duration,
    /// How many bytes were received.
    pub(super) received: Arc<AtomicU64>,
}

impl<S> Layer<S> for AnswerLimits {
    type Service = Passage<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Passage {
            inner,
            gate: self.clone(),
        }
    }
}

#[derive(Debug)]
pub(super) struct Passage<S> {
    inner: S,
    gate: AnswerLimits,
}

/// Why an answer was not taken in.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    /// It was not complete in time.
    #[error("no complete answer within {} s", .0.as_secs_f64())]
    TooSlow(Duration),
    /// It does not end.
    #[error("is larger than {} MiB", LARGEST_ANSWER / 1024 / 1024)]
    TooLarge,
}

impl<S> Service<Request<Body>> for Passage<S>
where
    S: Service<Request<Body>, Response = Response<Box<DynBody>>, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // Neither the host, whose URL may hold a password, nor any header.
        let asked = visible(&format!("{} {}", request.method(), request.uri().path())).into_owned();
        let answer = self.inner.call(request);
        let AnswerLimits { timeout, received } = self.gate.clone();
        Box::pin(async move {
            let began = Instant::now();
            let answer = match tokio::time::timeout(timeout, complete(answer)).await {
                Ok(answer) => answer,
                Err(_) => Err(Refused::TooSlow(timeout).into()),
            };
            let took = began.elapsed();
            match answer {
                Ok((answer, length)) => {
                    received.fetch_add(length, Ordering::Relaxed);
                    trace!(status = answer.status().as_u16(), length, ?took, "{asked}");
                    Ok(answer)
                }
                Err(error) => {
                    let reason = with_causes(&*error);
                    debug!(error = %visible(&shortened(&reason, 500)), ?took, "{asked}");
                    Err(error)
                }
            }
        })
    }
}

/// Takes in the whole answer; returns its length, too.
async fn complete(
    answer: impl Future<Output = Result<Response<Box<DynBody>>, BoxError>>,
) -> Result<(Response<Body>, u64), BoxError> {
    let (head, mut body) = match answer.await {
        Ok(answer) => answer.into_parts(),
        Err(error) => return Err(error),
    };
    let mut taken = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Some(part) = frame?.data_ref() {
            taken.extend_from_slice(part);
        }
        if taken.len() > LARGEST_ANSWER {
            return Err(Refused::TooLarge.into());
        }
    }
    let body = taken;
    let length = body.len() as u64;
    Ok((Response::from_parts(head, Body::from(body)), length))
}

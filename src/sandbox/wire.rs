//! A request as it came and a reply as it goes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Response};
use serde_json::Value;

use super::percent;

/// A request with its whole body.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    /// The path as sent, still encoded.
    pub(super) path: String,
    /// The query as sent, still encoded.
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Call {
    /// A request with its whole body.
    pub(super) fn new(head: Parts, body: Bytes) -> Self {
        Self {
            method: head.method,
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: head.headers,
            body,
        }
    }

    /// A header's value as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The fields of a request in the query protocol: a form in the body, or the query of a `GET`.
    pub(super) fn fields(&self) -> Vec<(String, String)> {
        if self.method == Method::GET {
            self.pairs()
        } else {
            percent::form(&self.body)
        }
    }

    /// The decoded query.
    pub(super) fn pairs(&self) -> Vec<(String, String)> {
        percent::pairs(&self.query)
    }
}

/// A reply.
#[derive(Debug, Clone, Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// A JSON document.
    pub(super) fn json(status: u16, document: &Value) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json".to_owned())],
            body: document.to_string().into_bytes(),
        }
    }

    /// The reply with one more header.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The reply as hyper sends it, or only the first half of its body.
    pub(super) fn into_response(self, whole: bool) -> Response<ReplyBody> {
        let mut builder = Response::builder().status(self.status);
        for (name, value) in &self.headers {
            builder = builder.header(*name, value);
        }
        let bytes = Bytes::from(self.body);
        let half = bytes.len() / 2;
        let body = ReplyBody {
            bytes: Some(if whole { bytes } else { bytes.slice(..half) }),
            whole,
        };
        builder.body(body).unwrap_or_default()
    }
}

/// A body that is there at once, or breaks off.
#[derive(Debug, Default)]
pub(super) struct ReplyBody {
    bytes: Option<Bytes>,
    whole: bool,
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(match self.bytes.take() {
            Some(bytes) => Some(Ok(Frame::data(bytes))),
            None if self.whole => None,
            None => Some(Err(io::ErrorKind::ConnectionReset.into())),
        })
    }

    fn size_hint(&self) -> SizeHint {
        match &self.bytes {
            Some(bytes) if self.whole => SizeHint::with_exact(bytes.len() as u64),
            _ => SizeHint::default(),
        }
    }
}

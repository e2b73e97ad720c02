//! The SDK's HTTP client over a [`Connector`].

use std::time::SystemTime;

use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

use crate::connector::Connector;

/// A client whose requests are answered in this process.
#[derive(Debug, Clone)]
pub(super) struct InMemory(pub(super) Connector);

impl HttpClient for InMemory {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InMemory {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = plain(&request).map_err(|error| ConnectorError::user(error.into()))?;
            let answer = connector.call(request).await;
            let (head, body) = answer
                .map_err(|error| ConnectorError::io(error.into()))?
                .into_parts();
            let status = StatusCode::try_from(head.status.as_u16())
                .map_err(|error| ConnectorError::other(error.into(), None))?;
            let mut answer = HttpResponse::new(status, SdkBody::from(body));
            for (name, value) in &head.headers {
                // As of a header that is no text, which a real client passes over, too.
                if let Ok(value) = value.to_str() {
                    answer
                        .headers_mut()
                        .append(name.as_str().to_owned(), value.to_owned());
                }
            }
            Ok(answer)
        })
    }
}

fn plain(request: &HttpRequest) -> Result<http::Request<Vec<u8>>, http::Error> {
    let mut builder = http::Request::builder()
        .method(request.method())
        .uri(request.uri());
    for (name, value) in request.headers() {
        builder = builder.header(name, value);
    }
    builder.body(request.body().bytes().unwrap_or_default().to_vec())
}

/// The clock by which requests are signed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now(pub(super) fn() -> SystemTime);

impl TimeSource for Now {
    fn now(&self) -> SystemTime {
        (self.0)()
    }
}

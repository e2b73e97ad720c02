//! The Kubernetes client's service over a [`Connector`].

use http::{HeaderName, HeaderValue, Request, Response, Uri};
use http_body_util::BodyExt;
use kube::client::{Body, DynBody};
use tower::util::BoxService;
use tower::{BoxError, service_fn};

use crate::connector::Connector;

/// A service that is answered in this process, as the one that the client builds itself.
///
/// It knows the cluster's URL and the headers that every request bears; the client's requests have a path alone.
pub(super) fn service(
    connector: Connector,
    cluster: Uri,
    headers: Vec<(HeaderName, HeaderValue)>,
) -> BoxService<Request<Body>, Response<Box<DynBody>>, BoxError> {
    BoxService::new(service_fn(move |request: Request<Body>| {
        let (connector, cluster, headers) = (connector.clone(), cluster.clone(), headers.clone());
        async move {
            let (mut head, body) = request.into_parts();
            let mut uri = cluster.into_parts();
            uri.path_and_query = head.uri.into_parts().path_and_query;
            head.uri = Uri::from_parts(uri)?;
            head.headers.extend(headers);
            let body = body.collect().await?.to_bytes().to_vec();
            let (head, body) = connector
                .call(Request::from_parts(head, body))
                .await?
                .into_parts();
            let body = Body::from(body).map_err(BoxError::from);
            Ok(Response::from_parts(head, Box::new(body) as Box<DynBody>))
        }
    }))
}

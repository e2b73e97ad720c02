//! The two endpoints: HTTP for AWS, HTTPS for Kubernetes, both on loopback; and the same without ports.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::answers::Rounds;
use super::aws::SandboxService;
use super::faults::FaultKind;
use super::record::{Hooks, Phase, RequestRecord};
use super::state::World;
use super::wire::{Call, Reply, ReplyBody};
use super::{kube, services};
use crate::connector::Connector;

/// The longest body that is read: more than a ConfigMap can hold.
const LONGEST_BODY: usize = 4 * 1024 * 1024;

/// What all connections share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) world: Mutex<World>,
    pub(super) hooks: Mutex<Hooks>,
    pub(super) rounds: Arc<Rounds>,
}

impl Shared {
    pub(super) fn new(world: World) -> Self {
        Self {
            world: Mutex::new(world),
            hooks: Mutex::new(Hooks::default()),
            rounds: Arc::default(),
        }
    }

    /// The world; a panic of a test's own hook does not make it useless.
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call_hooks(&self, phase: Phase, index: usize) {
        let hooks = self
            .hooks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let record = self.world().requests[index].clone();
        for hook in &hooks.0 {
            hook(phase, &record);
        }
    }
}

/// Which API an endpoint speaks.
#[derive(Debug, Clone)]
pub(super) enum Api {
    Aws,
    /// The Kubernetes API of the cluster of this name.
    Kubernetes(String),
}

/// Accepts connections until the task is dropped, and with it all connections.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    api: Api,
    shared: Arc<Shared>,
) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let (tls, api, shared) = (tls.clone(), api.clone(), Arc::clone(&shared));
        connections.spawn(async move {
            match tls {
                None => converse(stream, api, shared).await,
                Some(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        converse(stream, api, shared).await;
                    }
                }
            }
        });
    }
}

/// Answers the requests of one connection.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    api: Api,
    shared: Arc<Shared>,
) {
    let service = service_fn(move |request| handle(request, api.clone(), Arc::clone(&shared)));
    // A broken connection is the client's business; it sees it itself.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Answers the requests of clients in this process: those to the hosts named are of Kubernetes, all others of AWS.
pub(super) fn connector(shared: Arc<Shared>, kubernetes: BTreeMap<String, Api>) -> Connector {
    Connector::new(move |request| {
        let host = request.uri().host().unwrap_or_default();
        let api = kubernetes.get(host).cloned().unwrap_or(Api::Aws);
        let shared = Arc::clone(&shared);
        Box::pin(async move {
            let (mut head, body) = request.into_parts();
            // What a client writes into the header itself where there is a connection.
            if let Some(host) = head.uri.authority()
                && let Ok(host) = host.as_str().parse()
            {
                head.headers.entry("host").or_insert(host);
            }
            let (reply, is_whole) = answer_to(Call::new(head, body.into()), api, shared).await?;
            let answer = reply.into_response(is_whole);
            let (head, body) = answer.into_parts();
            Ok(Response::from_parts(
                head,
                body.collect().await?.to_bytes().to_vec(),
            ))
        })
    })
}

/// Answers one request; an error breaks the connection without an answer.
async fn handle(
    request: Request<Incoming>,
    api: Api,
    shared: Arc<Shared>,
) -> Result<Response<ReplyBody>, io::Error> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LONGEST_BODY).collect().await else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let (reply, is_whole) = answer_to(Call::new(head, body.to_bytes()), api, shared).await?;
    Ok(reply.into_response(is_whole))
}

/// Answers one request, and returns whether the whole answer arrives; an error breaks the connection without one.
async fn answer_to(call: Call, api: Api, shared: Arc<Shared>) -> io::Result<(Reply, bool)> {
    let operation = match &api {
        Api::Aws => services::operation(SandboxService::of(&call), &call),
        Api::Kubernetes(_) => kube::operation(&call),
    };
    let (index, request_id) = note(&shared, &call, &operation);
    shared.call_hooks(Phase::Before, index);
    let answers = shared.world().limits.answers;
    answers.wait(&shared.rounds, &operation).await;
    let fault = shared.world().faults.take(&operation);
    match fault {
        Some(FaultKind::ResetBeforeCommit) => return Err(io::ErrorKind::ConnectionReset.into()),
        Some(FaultKind::Hang) => std::future::pending::<()>().await,
        _ => {}
    }
    let (reply, principal) = answer(&shared, &api, &call, &request_id, fault);
    {
        let mut world = shared.world();
        let record = &mut world.requests[index];
        record.principal = principal;
        record.status = (fault != Some(FaultKind::ResetAfterCommit)).then_some(reply.status);
    }
    shared.call_hooks(Phase::After, index);
    if fault == Some(FaultKind::ResetAfterCommit) {
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    let reply = match api {
        Api::Aws => {
            let now = shared.world().now();
            let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            reply
                .with("x-amzn-RequestId", request_id)
                .with("date", date)
        }
        Api::Kubernetes(_) => reply.with("audit-id", request_id),
    };
    Ok((reply, fault != Some(FaultKind::TruncatedBody)))
}

/// Writes a request down before anything is done.
fn note(shared: &Shared, call: &Call, operation: &str) -> (usize, String) {
    let mut world = shared.world();
    let request_id = world.uuid();
    let index = world.requests.len();
    let query = if call.query.is_empty() { "" } else { "?" };
    world.requests.push(RequestRecord {
        index,
        operation: operation.to_owned(),
        method: call.method.to_string(),
        path: format!("{}{query}{}", call.path, call.query),
        principal: None,
        status: None,
        user_agent: call.header("user-agent").map(str::to_owned),
        body: String::from_utf8_lossy(&call.body).into_owned(),
        request_id: request_id.clone(),
    });
    (index, request_id)
}

fn answer(
    shared: &Shared,
    api: &Api,
    call: &Call,
    request_id: &str,
    fault: Option<FaultKind>,
) -> (Reply, Option<String>) {
    let mut world = shared.world();
    // A refusal for want of rights names the caller, so that the services make it themselves.
    let denied = fault == Some(FaultKind::AccessDenied);
    let faulty = fault.filter(|_| !denied).and_then(|kind| match api {
        Api::Aws => services::fault(call, kind, request_id),
        Api::Kubernetes(_) => kube::fault(kind),
    });
    match (faulty, api) {
        (Some(reply), _) => (reply, None),
        (None, Api::Aws) => services::answer(&mut world, call, request_id, denied),
        (None, Api::Kubernetes(cluster)) => kube::answer(&mut world, cluster, call, denied),
    }
}

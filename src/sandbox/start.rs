//! A running sandbox.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::connector::Connector;
use crate::model::{Arn, AuthenticationMode, LiveEntry};

use super::build::{self, Ground};
use super::clock::SandboxClock;
use super::faults::Fault;
use super::record::{Phase, RequestRecord};
use super::seed::Seed;
use super::server::{self, Api, Shared};
use super::state::World;
use super::sts;
use super::tls::Tls;

/// A running sandbox; clones are the same one, and it ends with the last of them.
#[derive(Debug, Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    cluster: String,
    region: String,
    aws_url: String,
    sts: Option<(SocketAddr, String)>,
    key: String,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// What a cluster holds at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// How it decides who may log in.
    pub mode: AuthenticationMode,
    /// `ACTIVE` or `UPDATING`.
    pub status: String,
    /// The access entries, by principal ARN.
    pub entries: Vec<LiveEntry>,
    /// The ConfigMap `aws-auth`, as the Kubernetes API shows it.
    pub aws_auth: Option<Value>,
    /// The bindings: those of the whole cluster, then those of namespaces.
    pub bindings: Vec<Value>,
}

impl Sandbox {
    /// Starts a sandbox on free ports of 127.0.0.1: one for AWS, one for each cluster, one more beside a real API server;
    /// needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// When no port can be bound, or no certificate made.
    pub async fn start(seed: Seed) -> io::Result<Self> {
        let aws = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let aws_url = format!("http://{}", aws.local_addr()?);
        let mut listeners = Vec::new();
        let mut endpoints = Vec::new();
        for _ in 0..=seed.neighbours.len() {
            let kubernetes = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            endpoints.push(format!("https://{}", kubernetes.local_addr()?));
            listeners.push(kubernetes);
        }
        let (cluster, region) = (seed.cluster.name.clone(), seed.cluster.region.clone());
        let tls = Tls::new(&region)?;
        let sts = match &seed.control_plane {
            Some(_) => Some(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?),
            None => None,
        };
        let sts_address = match &sts {
            Some(sts) => Some((sts.local_addr()?, tls.ca_pem.clone())),
            None => None,
        };
        let ground = Ground {
            ca_pem: tls.ca_pem,
            secret: tls.secret,
            clock: SandboxClock::default(),
        };
        let (world, key, keys) = build::world(seed, endpoints, &ground);
        let shared = Arc::new(Shared::new(world));
        let mut tasks = vec![tokio::spawn(server::serve(
            aws,
            None,
            Api::Aws,
            Arc::clone(&shared),
        ))];
        for (kubernetes, key) in listeners.into_iter().zip(keys) {
            tasks.push(tokio::spawn(server::serve(
                kubernetes,
                Some(tls.acceptor.clone()),
                Api::Kubernetes(key),
                Arc::clone(&shared),
            )));
        }
        tasks.extend(sts.map(|sts| {
            let shared = Arc::clone(&shared);
            tokio::spawn(server::serve(sts, Some(tls.acceptor), Api::Aws, shared))
        }));
        let inner = Inner {
            shared,
            cluster,
            region,
            aws_url,
            sts: sts_address,
            key,
            tasks,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// A sandbox without ports, and the connector that leads to it; the same seed and secret make the same ids and keys.
    ///
    /// Neighbours have an endpoint each, as with [`start`](Self::start); there is no real API server beside it.
    #[must_use]
    pub fn in_memory(seed: Seed, secret: &str, clock: fn() -> Timestamp) -> (Self, Connector) {
        let (cluster, region) = (seed.cluster.name.clone(), seed.cluster.region.clone());
        let hosts: Vec<String> = (0..=seed.neighbours.len())
            .map(|index| format!("cluster-{index}.invalid"))
            .collect();
        let endpoints = hosts.iter().map(|host| format!("https://{host}")).collect();
        let ground = Ground {
            ca_pem: String::new(),
            secret: secret.to_owned(),
            clock: SandboxClock::of(clock),
        };
        let (world, key, keys) = build::world(seed, endpoints, &ground);
        let shared = Arc::new(Shared::new(world));
        let kubernetes = keys.into_iter().map(Api::Kubernetes);
        let apis = hosts.into_iter().zip(kubernetes).collect();
        let connector = server::connector(Arc::clone(&shared), apis);
        let inner = Inner {
            shared,
            cluster,
            region,
            aws_url: "http://aws.invalid".to_owned(),
            sts: None,
            key,
            tasks: Vec::new(),
        };
        let sandbox = Self {
            inner: Arc::new(inner),
        };
        (sandbox, connector)
    }

    /// The environment variables with which AWS clients reach the sandbox as its caller.
    ///
    /// A caller that is a role has a session token beside its key.
    #[must_use]
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let world = self.inner.shared.world();
        let credential = &world.credentials[&self.inner.key];
        let mut all = vec![
            ("AWS_ENDPOINT_URL", self.inner.aws_url.clone()),
            ("AWS_ACCESS_KEY_ID", self.inner.key.clone()),
            ("AWS_SECRET_ACCESS_KEY", credential.secret.clone()),
            ("AWS_REGION", self.inner.region.clone()),
            ("AWS_DEFAULT_REGION", self.inner.region.clone()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ];
        all.extend(
            credential
                .token
                .clone()
                .map(|token| ("AWS_SESSION_TOKEN", token)),
        );
        all
    }

    /// A kubeconfig whose user holds the cluster's own static token.
    ///
    /// # Panics
    ///
    /// Never: a JSON document can always be written as YAML.
    #[must_use]
    pub fn kubeconfig(&self) -> String {
        let world = self.inner.shared.world();
        let cluster = &world.clusters[&self.inner.cluster];
        let name = cluster.arn();
        let document = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [{ "name": name, "cluster": {
                "server": cluster.endpoint,
                "certificate-authority-data": STANDARD.encode(&cluster.ca_pem),
            } }],
            "contexts": [{ "name": name, "context": { "cluster": name, "user": name } }],
            "users": [{ "name": name, "user": { "token": cluster.admin_token } }],
        });
        serde_yaml::to_string(&document).expect("a JSON document can be written as YAML")
    }

    /// The URL of the AWS endpoint.
    #[must_use]
    pub fn aws_url(&self) -> &str {
        &self.inner.aws_url
    }

    /// Where STS answers over TLS, and the certificate authority of its certificate in PEM.
    ///
    /// `None` without a real API server.
    #[must_use]
    pub fn sts_over_tls(&self) -> Option<(SocketAddr, &str)> {
        let (address, ca_pem) = self.inner.sts.as_ref()?;
        Some((*address, ca_pem))
    }

    /// What the cluster holds now.
    #[must_use]
    pub fn state(&self) -> Snapshot {
        self.state_of(&self.inner.cluster)
    }

    /// What a cluster holds now, a neighbour by its ARN.
    ///
    /// # Panics
    ///
    /// When there is no such cluster.
    #[must_use]
    pub fn state_of(&self, cluster: &str) -> Snapshot {
        let mut world = self.inner.shared.world();
        super::eks::switch::settle(&mut world);
        let cluster = &world.clusters[cluster];
        Snapshot {
            mode: cluster.mode,
            status: cluster.status.clone(),
            entries: cluster
                .entries
                .values()
                .map(super::state::Entry::live)
                .collect(),
            aws_auth: cluster.objects.aws_auth().cloned(),
            bindings: cluster.objects.bindings().cloned().collect(),
        }
    }

    /// The requests so far, in the order of their arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.inner.shared.world().requests.clone()
    }

    /// The operations of each round so far, where requests are answered in rounds.
    #[must_use]
    pub fn rounds(&self) -> Vec<Vec<String>> {
        self.inner.shared.rounds.answered()
    }

    /// Calls a function before each request is handled and again after, before the answer is sent.
    ///
    /// It runs on the connection's task with no lock held, so that it may use the sandbox; it should not block for long.
    pub fn on_request(&self, hook: impl Fn(Phase, &RequestRecord) + Send + Sync + 'static) {
        let hooks = &self.inner.shared.hooks;
        let mut hooks = hooks.lock().unwrap_or_else(PoisonError::into_inner);
        hooks.0.push(Arc::new(hook));
    }

    /// Makes something go wrong.
    pub fn add_fault(&self, fault: Fault) {
        self.inner.shared.world().faults.add(fault);
    }

    /// Forgets the faults that are still to come.
    pub fn clear_faults(&self) {
        self.inner.shared.world().faults.clear();
    }

    /// Changes the world as somebody else might do meanwhile; its lock is held until the function returns.
    pub fn edit<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        change(&mut self.inner.shared.world())
    }

    /// Makes credentials of another principal: access key, secret and, for a session of a role, the token.
    ///
    /// They may do everything in IAM's eyes. `None` where IAM has no such role or user.
    #[must_use]
    pub fn credentials_of(
        &self,
        principal: &Arn,
        session: &str,
    ) -> Option<(String, String, Option<String>)> {
        let mut world = self.inner.shared.world();
        let known = world.principal(&principal.to_string())?.clone();
        let identity = build::identity(&known, session);
        let key = sts::issue(&mut world, identity, None, false);
        let credential = &world.credentials[&key];
        Some((key, credential.secret.clone(), credential.token.clone()))
    }
}

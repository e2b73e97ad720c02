//! One etcd and one API server on loopback, shared by all tests, which take turns.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};

use crate::api::Api;
use crate::programs::{Programs, programs};

/// How long a program may take to come up on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

static PLANE: Mutex<Option<Plane>> = Mutex::const_new(None);

/// A control plane that is up.
#[derive(Debug)]
pub(crate) struct Plane {
    pub(crate) folder: PathBuf,
    pub(crate) programs: &'static Programs,
    pub(crate) endpoint: String,
    pub(crate) ca_pem: String,
    pub(crate) authenticator_port: u16,
    /// The administrator with a client certificate.
    pub(crate) admin: Api,
    api_server_port: u16,
    etcd_port: u16,
    api_server: Process,
    _etcd: Process,
    _janitor: Child,
    /// The objects of a new cluster, by path.
    own: Vec<String>,
}

/// A test's turn with the control plane, which holds nothing of the tests before.
pub(crate) type Turn = MutexGuard<'static, Option<Plane>>;

/// Waits for a turn; `None` where there is no control plane on this machine.
pub(crate) async fn turn() -> Option<Turn> {
    let programs = tokio::task::spawn_blocking(programs).await.unwrap()?;
    let mut turn = PLANE.lock().await;
    match turn.as_mut() {
        None => *turn = Some(Plane::start(programs).await),
        Some(plane) => {
            // A client lives no longer than the runtime of the test that made it.
            let papers = std::fs::read_to_string(plane.folder.join("admin.kubeconfig")).unwrap();
            plane.admin = Api::of_kubeconfig(&papers).await;
            plane.reset().await;
        }
    }
    Some(turn)
}

/// A port that nobody listens at.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// A program that ends with this one, however that ends.
#[derive(Debug)]
pub(crate) struct Process {
    shell: Child,
    pid: String,
    log: PathBuf,
}

impl Process {
    pub(crate) fn start(program: &Path, args: &[String], log: &Path) -> Self {
        // The pipe breaks when this process is gone, and the shell ends the program then.
        let script = "\"$@\" >>\"$LOG\" 2>&1 & echo $!; cat >/dev/null; kill -9 $! 2>/dev/null";
        let mut shell = Command::new("sh")
            .args(["-c", script, "sh"])
            .arg(program)
            .args(args)
            .env("LOG", log)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pid = String::new();
        BufReader::new(shell.stdout.take().unwrap())
            .read_line(&mut pid)
            .unwrap();
        Self {
            shell,
            pid: pid.trim().to_owned(),
            log: log.to_owned(),
        }
    }

    /// Ends the program without a warning.
    pub(crate) fn kill(&mut self) {
        let _ = Command::new("kill").args(["-9", &self.pid]).status();
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }

    /// Whether the program is still there.
    fn lives(&self) -> bool {
        let state = Command::new("ps")
            .args(["-o", "stat=", "-p", &self.pid])
            .output()
            .unwrap();
        let state = String::from_utf8_lossy(&state.stdout).into_owned();
        !state.trim().is_empty() && !state.starts_with('Z')
    }

    /// What the program said last.
    pub(crate) fn last_words(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until a program is up.
pub(crate) async fn up(process: &Process, is_up: impl AsyncFn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_up().await {
        let waits = process.lives() && Instant::now() < end;
        assert!(waits, "not up:\n{}", process.last_words());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

impl Plane {
    async fn start(programs: &'static Programs) -> Self {
        let folder = tempfile::tempdir().unwrap().keep();
        let janitor = janitor(&folder);
        let (api_server_port, etcd_port, authenticator_port) =
            (free_port(), free_port(), free_port());
        let endpoint = format!("https://127.0.0.1:{api_server_port}");
        let papers = Papers::issue(&folder);
        let admin = papers.admin(&endpoint).await;
        std::fs::write(
            folder.join("admin.kubeconfig"),
            papers.kubeconfig(&endpoint),
        )
        .unwrap();

        let etcd = etcd(programs, &folder, etcd_port);
        webhook(programs, &folder, authenticator_port).await;
        let args = api_server_args(&folder, api_server_port, etcd_port);
        let api_server =
            Process::start(&programs.api_server, &args, &folder.join("api-server.log"));
        let mut plane = Self {
            folder,
            programs,
            endpoint,
            ca_pem: papers.ca_pem,
            authenticator_port,
            admin,
            api_server_port,
            etcd_port,
            api_server,
            _etcd: etcd,
            _janitor: janitor,
            own: Vec::new(),
        };
        plane.await_api_server().await;
        plane.own = plane.objects().await;
        plane
    }

    /// Waits until the API server is ready to the last of its checks.
    pub(crate) async fn await_api_server(&self) {
        up(&self.api_server, async || self.admin.is_ready().await).await;
    }

    /// The process of the API server.
    pub(crate) fn api_server_pid(&self) -> String {
        self.api_server.pid.clone()
    }

    /// A client of etcd's own API.
    pub(crate) async fn etcd(&self) -> Api {
        let endpoint = format!("http://127.0.0.1:{}", self.etcd_port);
        let text = kubeconfig(&endpoint, &self.ca_pem, &json!({})).to_string();
        Api::of_kubeconfig(&text).await
    }

    /// Ends the API server without a warning; etcd keeps what was written.
    pub(crate) fn kill_api_server(&mut self) {
        self.api_server.kill();
    }

    /// Starts the API server again, at the same port.
    pub(crate) async fn start_api_server(&mut self) {
        let args = api_server_args(&self.folder, self.api_server_port, self.etcd_port);
        let log = self.folder.join("api-server.log");
        self.api_server = Process::start(&self.programs.api_server, &args, &log);
        self.await_api_server().await;
    }

    /// Deletes all that a test made.
    async fn reset(&mut self) {
        if !self.admin.is_ready().await {
            // A test failed while the API server was down.
            self.kill_api_server();
            self.start_api_server().await;
        }
        for path in self.objects().await {
            if !self.own.contains(&path) {
                let free = json!({ "metadata": { "finalizers": null } });
                let _ = self.admin.merge(&path, &free).await;
                self.admin.delete(&path).await;
            }
        }
    }

    /// The paths of all objects of the kinds that tests make.
    async fn objects(&self) -> Vec<String> {
        const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
        const ADMISSION: &str = "/apis/admissionregistration.k8s.io/v1";
        let lists = [
            // What guards others goes first.
            format!("{ADMISSION}/validatingadmissionpolicybindings"),
            format!("{ADMISSION}/validatingadmissionpolicies"),
            "/api/v1/configmaps".to_owned(),
            "/api/v1/nodes".to_owned(),
            format!("{RBAC}/rolebindings"),
            format!("{RBAC}/roles"),
            format!("{RBAC}/clusterrolebindings"),
            format!("{RBAC}/clusterroles"),
        ];
        let mut paths = Vec::new();
        for list in lists {
            let (base, plural) = list.rsplit_once('/').unwrap();
            for item in self.admin.list(&list).await {
                let name = item["metadata"]["name"].as_str().unwrap();
                paths.push(match item["metadata"]["namespace"].as_str() {
                    Some(namespace) => format!("{base}/namespaces/{namespace}/{plural}/{name}"),
                    None => format!("{list}/{name}"),
                });
            }
        }
        paths
    }
}

/// A shell that removes a folder when this process is gone, however that ends.
fn janitor(folder: &Path) -> Child {
    Command::new("sh")
        .args(["-c", "cat >/dev/null; sleep 1; rm -rf \"$1\"", "sh"])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn etcd(programs: &Programs, folder: &Path, port: u16) -> Process {
    let (client, peer) = (
        format!("http://127.0.0.1:{port}"),
        format!("http://127.0.0.1:{}", free_port()),
    );
    let args = [
        format!("--data-dir={}", folder.join("etcd").display()),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
    ];
    Process::start(&programs.etcd, &args, &folder.join("etcd.log"))
}

fn api_server_args(folder: &Path, port: u16, etcd_port: u16) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    vec![
        format!("--etcd-servers=http://127.0.0.1:{etcd_port}"),
        format!("--secure-port={port}"),
        "--bind-address=127.0.0.1".to_owned(),
        "--endpoint-reconciler-type=none".to_owned(),
        "--service-cluster-ip-range=10.96.0.0/24".to_owned(),
        format!("--tls-cert-file={}", file("server.pem")),
        format!("--tls-private-key-file={}", file("server.key")),
        format!("--client-ca-file={}", file("ca.pem")),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!("--service-account-key-file={}", file("server.pub")),
        format!("--service-account-signing-key-file={}", file("server.key")),
        "--authorization-mode=Node,RBAC".to_owned(),
        format!(
            "--authentication-token-webhook-config-file={}",
            file("webhook.kubeconfig")
        ),
        // An answer of a moment ago would hide what has changed since.
        "--authentication-token-webhook-cache-ttl=0s".to_owned(),
        "--profiling=false".to_owned(),
    ]
}

/// Has the authenticator write the webhook's kubeconfig, which the API server wants when it starts.
async fn webhook(programs: &Programs, folder: &Path, port: u16) {
    let set = json!({
        "cluster": "none",
        "partition": "aws",
        "port": port,
        "healthPort": free_port(),
        "stateDir": folder,
        "webhookKubeconfig": folder.join("webhook.kubeconfig"),
        "backendModes": ["MountedFile"],
        "stsAddress": "127.0.0.1:9",
        "stsCA": folder.join("ca.pem"),
    });
    let path = folder.join("webhook.json");
    std::fs::write(&path, set.to_string()).unwrap();
    let log = folder.join("authenticator.log");
    let args = [path.display().to_string()];
    let process = Process::start(&programs.authenticator, &args, &log);
    let written = folder.join("webhook.kubeconfig");
    up(&process, async || {
        std::fs::read_to_string(&written).is_ok_and(|text| text.contains("current-context"))
    })
    .await;
}

/// Certificates and keys.
struct Papers {
    ca_pem: String,
    admin_pem: String,
    admin_key: String,
}

impl Papers {
    fn issue(folder: &Path) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params
            .distinguished_name
            .push(DnType::CommonName, "kubernetes");
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let issue = |common: &str, organization: &str, usage: ExtendedKeyUsagePurpose| {
            let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
            let mut params = CertificateParams::new(names).unwrap();
            params.distinguished_name.push(DnType::CommonName, common);
            params
                .distinguished_name
                .push(DnType::OrganizationName, organization);
            params.extended_key_usages = vec![usage];
            let key = KeyPair::generate().unwrap();
            let certificate = params.signed_by(&key, &ca).unwrap();
            (certificate.pem(), key.serialize_pem(), key.public_key_pem())
        };
        let server = issue(
            "kube-apiserver",
            "kubernetes",
            ExtendedKeyUsagePurpose::ServerAuth,
        );
        let admin = issue(
            "control-plane",
            "system:masters",
            ExtendedKeyUsagePurpose::ClientAuth,
        );
        for (name, text) in [
            ("ca.pem", ca.pem()),
            ("server.pem", server.0),
            ("server.key", server.1),
            ("server.pub", server.2),
        ] {
            std::fs::write(folder.join(name), text).unwrap();
        }
        Self {
            ca_pem: ca.pem(),
            admin_pem: admin.0,
            admin_key: admin.1,
        }
    }

    fn kubeconfig(&self, endpoint: &str) -> String {
        let user = json!({
            "client-certificate-data": STANDARD.encode(&self.admin_pem),
            "client-key-data": STANDARD.encode(&self.admin_key),
        });
        kubeconfig(endpoint, &self.ca_pem, &user).to_string()
    }

    async fn admin(&self, endpoint: &str) -> Api {
        Api::of_kubeconfig(&self.kubeconfig(endpoint)).await
    }
}

/// A kubeconfig of one user.
pub(crate) fn kubeconfig(endpoint: &str, ca_pem: &str, user: &Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "clusters": [{ "name": "it", "cluster": {
            "server": endpoint,
            "certificate-authority-data": STANDARD.encode(ca_pem),
        } }],
        "contexts": [{ "name": "it", "context": { "cluster": "it", "user": "it" } }],
        "users": [{ "name": "it", "user": user }],
    })
}

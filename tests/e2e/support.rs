//! Runs the binary with an environment of its own against a sandbox of its own.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::time::{Duration, Instant};

use aws_auth_migrate::journal::{History, Journal};

use aws_auth_migrate::model::{AuthenticationMode, ClusterId};
use aws_auth_migrate::sandbox::{ClusterSeed, Sandbox, Seed, UpdateTime};
use serde_json::Value;

use crate::schemas;
use crate::tell::tell;

/// The account of every test's cluster.
pub(crate) const ACCOUNT: &str = "111122223333";
/// The name of every test's cluster.
pub(crate) const CLUSTER: &str = "shop";

/// How long a command may take before it counts as hanging, and how long a test waits for what has to happen.
const PATIENCE: Duration = Duration::from_secs(90);

/// How a run of the binary ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let document = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}\n{}", self.stdout, self.stderr));
        schemas::check_document(&document);
        document
    }

    #[track_caller]
    pub(crate) fn expect_error(&self, parts: &[&str]) {
        for part in parts {
            assert!(
                self.stderr.contains(part),
                "`{part}` is not in:\n{}",
                self.stderr
            );
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
    }
}

/// A command line of the binary, with nothing of this process's environment but what is set.
#[must_use]
pub(crate) struct Tool {
    command: Command,
    stdin: Option<Vec<u8>>,
    /// What the command is given and must not repeat, by name.
    secrets: Vec<(String, String)>,
}

/// The variables that hold secrets.
const SECRET: [&str; 2] = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
/// Shorter ones are found by chance.
const SHORTEST_SECRET: usize = 12;

impl Tool {
    pub(crate) fn new(args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aws-auth-migrate"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .args(args);
        command.stdin(Stdio::null());
        Self {
            command,
            stdin: None,
            secrets: Vec::new(),
        }
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        let value = value.as_ref();
        if SECRET.contains(&name) {
            self = self.secret(name, &value.to_string_lossy());
        }
        self.command.env(name, value);
        self
    }

    /// Something that the command must not repeat, whatever comes of it.
    fn secret(mut self, name: &str, value: &str) -> Self {
        if value.len() >= SHORTEST_SECRET {
            self.secrets.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    pub(crate) fn arg(mut self, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(value);
        self
    }

    pub(crate) fn args(mut self, values: &[&str]) -> Self {
        self.command.args(values);
        self
    }

    pub(crate) fn stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(text.into());
        self
    }

    pub(crate) fn run(mut self) -> Ran {
        let stdin = self.stdin.take();
        let secrets = std::mem::take(&mut self.secrets);
        if stdin.is_some() {
            self.command.stdin(Stdio::piped());
        }
        let mut child = self.spawn();
        // A command that hangs fails its test instead of all of them.
        let pid = child.id().to_string();
        let (done, ended) = std::sync::mpsc::channel::<()>();
        let watchdog = std::thread::spawn(move || {
            if ended.recv_timeout(PATIENCE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                let _ = Command::new("kill").args(["-9", &pid]).status();
            }
        });
        if let (Some(text), Some(mut pipe)) = (stdin, child.stdin.take()) {
            // A command that fails early does not read to the end.
            let _ = std::io::Write::write_all(&mut pipe, &text);
        }
        let ran = Ran::of(&child.wait_with_output().unwrap());
        let _ = done.send(());
        watchdog.join().unwrap();
        schemas::check_events(&ran.stderr);
        for (name, secret) in secrets {
            assert!(
                !ran.stdout.contains(&secret) && !ran.stderr.contains(&secret),
                "{name} is repeated:\n{}\n{}",
                ran.stdout,
                ran.stderr
            );
        }
        ran
    }

    pub(crate) fn spawn(mut self) -> Child {
        self.command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }
}

/// A sandbox with a folder for what the tool writes.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn start(seed: Seed) -> Self {
        let sandbox = Sandbox::start(seed).await.unwrap();
        Self {
            sandbox,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The tool in this world: `verb --cluster shop`, with the sandbox's environment.
    ///
    /// The sandbox reads aws-auth at once, so that a rollback need not give it time.
    pub(crate) fn tool(&self, verb: &str) -> Tool {
        let tool = self.bare(&[verb, "--cluster", CLUSTER]);
        if verb == "rollback" {
            tool.args(&["--settle", "0s"])
        } else {
            tool
        }
    }

    /// The tool with the sandbox's environment and these arguments alone.
    pub(crate) fn bare(&self, args: &[&str]) -> Tool {
        let tool = Tool::new(args).env("XDG_STATE_HOME", self.folder.path());
        let tool = tool.secret("the kubeconfig's token", &self.kubernetes_token());
        self.sandbox
            .environment()
            .into_iter()
            .fold(tool, |tool, (name, value)| tool.env(name, value))
    }

    /// `apply --yes --enable-access-entries`.
    pub(crate) fn apply(&self) -> Tool {
        self.tool("apply").args(&[
            "--yes",
            "--enable-access-entries",
            "--progress",
            "none",
            "--output",
            "json",
        ])
    }

    pub(crate) fn plan(&self) -> Ran {
        self.tool("plan")
            .args(&["--output", "json"])
            .run()
            .expect_code(0)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The token of the sandbox's kubeconfig.
    fn kubernetes_token(&self) -> String {
        let kubeconfig: Value = serde_yaml::from_str(&self.sandbox.kubeconfig()).unwrap();
        let token = &kubeconfig["users"][0]["user"]["token"];
        token.as_str().unwrap().to_owned()
    }

    /// What the usual journal holds about this world's cluster.
    pub(crate) fn history(&self) -> History {
        let cluster = ClusterId {
            account_id: ACCOUNT.to_owned(),
            region: "eu-west-1".to_owned(),
            name: CLUSTER.to_owned(),
            created_at: None,
        };
        Journal::history(&self.journal(), &cluster).unwrap()
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.path(&format!(
            "aws-auth-migrate/{ACCOUNT}/eu-west-1/{CLUSTER}.jsonl"
        ))
    }

    /// A third party's command with the sandbox's environment and kubeconfig.
    pub(crate) fn other(&self, program: &str) -> Command {
        let kubeconfig = self.write("kubeconfig", &self.sandbox.kubeconfig());
        let mut command = Command::new(program);
        command.env("KUBECONFIG", kubeconfig).env("AWS_PAGER", "");
        command.envs(self.sandbox.environment());
        command
    }
}

/// Waits until something is so that has to come.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Waits until an operation was asked for so many times.
pub(crate) async fn until_asked(world: &World, operation: &str, times: usize) {
    let what = format!("{operation} was asked for {times} times");
    until(&what, || asked(world, operation) >= times).await;
}

/// How often an operation was asked for.
pub(crate) fn asked(world: &World, operation: &str) -> usize {
    let requests = world.sandbox.requests();
    let same = requests.iter().filter(|known| known.operation == operation);
    same.count()
}

/// Sends a signal such as `-INT`.
pub(crate) fn send(child: &Child, signal: &str) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args([signal, &pid]).status();
    assert!(sent.unwrap().success());
}

/// What a command says on stderr, line by line, while it runs.
pub(crate) struct Said {
    lines: BufReader<ChildStderr>,
    text: String,
}

impl Said {
    pub(crate) fn by(child: &mut Child) -> Self {
        Self {
            lines: BufReader::new(child.stderr.take().unwrap()),
            text: String::new(),
        }
    }

    /// Reads on until a line has these words; fails where the command ends without them.
    #[track_caller]
    pub(crate) fn until(&mut self, words: &str) {
        loop {
            let before = self.text.len();
            let read = self.lines.read_line(&mut self.text).unwrap();
            assert!(read > 0, "`{words}` was never said:\n{}", self.text);
            if self.text[before..].contains(words) {
                return;
            }
        }
    }

    /// All that was said to the end.
    pub(crate) fn all(mut self) -> String {
        self.lines.read_to_string(&mut self.text).unwrap();
        self.text
    }
}

/// Whatever happened in a world, its journal fits the schema.
impl Drop for World {
    fn drop(&mut self) {
        if let Ok(journal) = std::fs::read_to_string(self.journal())
            && !std::thread::panicking()
        {
            schemas::check_journal(&journal);
            let environment = self.sandbox.environment().into_iter();
            let secrets = environment.filter(|(name, _)| SECRET.contains(name));
            for (name, secret) in secrets {
                assert!(!journal.contains(&secret), "the journal holds {name}");
            }
        }
    }
}

/// The lines of a journal as an earlier version, which wrote no digests, would have written them.
pub(crate) fn without_digests<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let bare = |line: &str| {
        let mut record: Value = serde_json::from_str(line).unwrap();
        record.as_object_mut().unwrap().remove("prev");
        format!("{record}\n")
    };
    lines.map(bare).collect()
}

pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// A cluster with this text as `mapRoles`, and the principals that are named by their real ARNs.
pub(crate) fn seed(map_roles: &str, principals: &[&str]) -> Seed {
    data_seed(&[("mapRoles", map_roles)], principals)
}

pub(crate) fn data_seed(data: &[(&str, &str)], principals: &[&str]) -> Seed {
    let data: BTreeMap<String, String> = data
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    let cluster = ClusterSeed {
        name: CLUSTER.to_owned(),
        account_id: ACCOUNT.to_owned(),
        ..ClusterSeed::default()
    };
    let mut seed = Seed::new(cluster)
        .with_aws_auth(data)
        .with_principals(principals.iter().copied());
    seed.switch.takes = UpdateTime::Millis(300);
    seed
}

/// The same cluster after the mode switch: its creator, who runs the tool, has an entry then.
pub(crate) fn in_api_mode(seed: Seed) -> Seed {
    seed.switched_to(AuthenticationMode::ApiAndConfigMap)
}

/// The ARN of a role in the cluster's account.
pub(crate) fn role(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

/// The mapping of a plan document with this id.
#[track_caller]
pub(crate) fn mapping<'a>(plan: &'a Value, id: &str) -> &'a Value {
    let mappings = plan["mappings"]
        .as_array()
        .unwrap_or_else(|| panic!("{plan}"));
    mappings
        .iter()
        .find(|mapping| mapping["id"] == id)
        .unwrap_or_else(|| panic!("no {id} in {plan:#}"))
}

/// The finding codes of a mapping.
pub(crate) fn codes(mapping: &Value) -> Vec<&str> {
    mapping["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect()
}

/// Whether a judge is on this machine; says so if not, and insists under CI.
pub(crate) fn judge(name: &str, probe: &mut Command) -> bool {
    let there = probe
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !there {
        tell(&format!("judge missing: {name}"));
        assert!(
            std::env::var_os("CI").is_none(),
            "judge missing: {name}; CI has all judges"
        );
    }
    there
}

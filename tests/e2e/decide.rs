//! Open questions, answered at a terminal and in a file.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use aws_auth_migrate::decisions;
use aws_auth_migrate::model::{AccessEntry, EntryType};
use aws_auth_migrate::sandbox::Seed;
use serde_json::{Value, json};

use crate::support::{ACCOUNT, CLUSTER, World, data_seed, in_api_mode, judge, mapping, read, role};
use crate::tell::tell;

/// A ClusterRoleBinding of a group to a ClusterRole.
fn bound(group: &str, to: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": format!("{}-{to}", group.replace(':', "-"))},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": to},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}],
    })
}

fn everything() -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "everything"},
        "rules": [
            {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
            {"nonResourceURLs": ["*"], "verbs": ["*"]},
        ],
    })
}

fn mapped(name: &str, username: &str, groups: &str) -> String {
    format!(
        "- rolearn: {}\n  username: '{username}'\n  groups: [{groups}]\n",
        role(name)
    )
}

/// Three principals of one reserved group, one node role with a group beside it, and a whole account.
fn small() -> Seed {
    let mut roles = String::new();
    for name in ["ann", "bob", "cid"] {
        roles.push_str(&mapped(name, name, "'system:view', devs"));
    }
    roles.push_str(&mapped(
        "nodes",
        "system:node:{{EC2PrivateDNSName}}",
        "'system:bootstrappers', 'system:nodes', karpenter",
    ));
    let data = [("mapRoles", roles.as_str()), ("mapAccounts", "- '444455556666'\n")];
    let names = ["ann", "bob", "cid", "nodes"].map(role);
    let mut seed = in_api_mode(data_seed(&data, &names.each_ref().map(String::as_str)));
    seed.objects = vec![bound("system:view", "view"), bound("karpenter", "edit")];
    seed
}

/// 60 mappings with 17 questions: alike ones are asked once.
fn large() -> Seed {
    let mut roles = String::new();
    let mut names = Vec::new();
    let mut put = |name: String, username: &str, groups: &str| {
        roles.push_str(&mapped(&name, username, groups));
        names.push(role(&name));
    };
    for n in 0..26 {
        put(format!("plain-{n}"), &format!("plain-{n}"), "devs");
    }
    for n in 0..11 {
        put(format!("viewer-{n}"), &format!("viewer-{n}"), "'system:view', devs");
    }
    for n in 0..4 {
        put(format!("ops-{n}"), &format!("ops-{n}"), "'system:ops'");
    }
    for n in 0..3 {
        let groups = "'system:bootstrappers', 'system:nodes', karpenter";
        put(format!("nodes-{n}"), "system:node:{{EC2PrivateDNSName}}", groups);
    }
    for n in 0..2 {
        put(format!("ssm-{n}"), "ec2:{{EC2PrivateDNSName}}", "devs");
    }
    for n in 0..11 {
        put(format!("team-{n}"), &format!("team-{n}"), &format!("'system:team-{n}'"));
    }
    for n in 0..2 {
        put(format!("live-{n}"), &format!("live-{n}"), "devs");
    }
    let data = [("mapRoles", roles.as_str()), ("mapAccounts", "- '444455556666'\n")];
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut seed = in_api_mode(data_seed(&data, &names));
    for n in 0..2 {
        seed = seed.with_entry(AccessEntry {
            principal_arn: role(&format!("live-{n}")).parse().unwrap(),
            entry_type: EntryType::Standard,
            username: Some(format!("live-{n}")),
            kubernetes_groups: Vec::new(),
            tags: [].into(),
            access_policies: Vec::new(),
        });
    }
    seed.objects = vec![
        bound("system:view", "view"),
        bound("system:ops", "everything"),
        everything(),
        bound("karpenter", "edit"),
        bound("devs", "edit"),
    ];
    let teams = (0..11).map(|n| bound(&format!("system:team-{n}"), "edit"));
    seed.objects.extend(teams);
    seed
}

/// The tool at a terminal of 80 columns.
struct Terminal {
    child: Child,
    screen: ChildStdout,
    keyboard: ChildStdin,
    shown: String,
    seen: usize,
}

impl Terminal {
    /// `None` where there is no `script` that makes terminals.
    fn open(world: &World, args: &str) -> Option<Self> {
        if !judge(
            "script (util-linux)",
            Command::new("script").arg("--version"),
        ) {
            return None;
        }
        let tool = env!("CARGO_BIN_EXE_aws-auth-migrate");
        let line = format!("stty cols 80 rows 24; '{tool}' decide --cluster {CLUSTER} {args}");
        let mut child = Command::new("script")
            .args(["--quiet", "--return", "--flush", "--command", &line, "/dev/null"])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("SHELL", "/bin/sh")
            .env("XDG_STATE_HOME", world.folder.path())
            .envs(world.sandbox.environment())
            .current_dir(world.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Some(Self {
            screen: child.stdout.take().unwrap(),
            keyboard: child.stdin.take().unwrap(),
            child,
            shown: String::new(),
            seen: 0,
        })
    }

    fn more(&mut self) -> usize {
        let mut part = [0; 4096];
        let count = self.screen.read(&mut part).unwrap();
        let part = String::from_utf8_lossy(&part[..count]);
        self.shown.push_str(&part.replace('\r', ""));
        count
    }

    /// What is shown until the next prompt.
    #[track_caller]
    fn prompt(&mut self) -> String {
        while !self.shown[self.seen..].ends_with("\n> ") {
            assert_ne!(self.more(), 0, "no prompt:\n{}", self.shown);
        }
        let text = self.shown[self.seen..].to_owned();
        self.seen = self.shown.len();
        text
    }

    /// Types a line and waits for the next prompt.
    #[track_caller]
    fn answer(&mut self, line: &str) -> String {
        self.put(line);
        self.prompt()
    }

    fn put(&mut self, line: &str) {
        writeln!(self.keyboard, "{line}").unwrap();
    }

    /// Types a line after which the tool ends.
    fn last(mut self, line: &str) -> (i32, String) {
        self.put(line);
        while self.more() > 0 {}
        let code = self.child.wait().unwrap().code().unwrap();
        (code, self.shown[self.seen..].to_owned())
    }
}

fn document(path: &Path) -> decisions::Document {
    let text = read(path);
    decisions::read(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// How many mappings wait for a decision, and how many actions there are.
fn open(world: &World, decisions: Option<&Path>) -> (usize, usize) {
    let mut tool = world.tool("plan").args(&["--output", "json"]);
    if let Some(path) = decisions {
        tool = tool.arg("--decisions").arg(path);
    }
    let plan = tool.run().expect_code(0).json();
    let mappings = plan["mappings"].as_array().unwrap().iter();
    let accounts = plan["accounts"].as_array().unwrap().iter();
    let blocked = mappings.filter(|mapping| !mapping["blocker"].is_null());
    let accounts = accounts.filter(|account| account["outcome"] == "blocked");
    (
        blocked.count() + accounts.count(),
        plan["actions"].as_array().unwrap().len(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_fits_a_terminal_of_80_columns() {
    let world = World::start(small()).await;
    let Some(mut terminal) = Terminal::open(&world, "--out d.yaml") else {
        return;
    };
    let first = terminal.prompt();
    assert!(first.lines().all(|line| line.chars().count() <= 80), "{first}");
    assert!(first.lines().count() <= 24, "{first}");
    insta::assert_snapshot!(first, @"");
    let (code, _) = terminal.last("q");
    assert_eq!(code, 0);
}

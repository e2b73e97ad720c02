//! The tool at a terminal, where somebody is asked and answers.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::support::{CLUSTER, World, judge};

/// The tool at a terminal of 80 columns.
pub(crate) struct Terminal {
    child: Child,
    screen: ChildStdout,
    keyboard: ChildStdin,
    shown: String,
    seen: usize,
}

impl Terminal {
    /// Runs a command on the cluster; `None` where there is no `script` that makes terminals.
    pub(crate) fn open(world: &World, command: &str, args: &str) -> Option<Self> {
        if !judge(
            "script (util-linux)",
            Command::new("script").arg("--version"),
        ) {
            return None;
        }
        let tool = env!("CARGO_BIN_EXE_aws-auth-migrate");
        // Ctrl-C is for the tool alone: a shell that waited for it would be interrupted as well.
        let line =
            format!("stty cols 80 rows 24; exec '{tool}' {command} --cluster {CLUSTER} {args}");
        let mut child = Command::new("script")
            .args([
                "--quiet",
                "--return",
                "--flush",
                "--command",
                &line,
                "/dev/null",
            ])
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

    /// Waits until something is shown.
    #[track_caller]
    pub(crate) fn until(&mut self, text: &str) {
        while !self.shown.contains(text) {
            assert_ne!(self.more(), 0, "no `{text}`:\n{}", self.shown);
        }
    }

    /// What is shown until the next prompt.
    #[track_caller]
    pub(crate) fn prompt(&mut self) -> String {
        while !self.shown[self.seen..].ends_with("\n> ") {
            assert_ne!(self.more(), 0, "no prompt:\n{}", self.shown);
        }
        let text = self.shown[self.seen..].to_owned();
        self.seen = self.shown.len();
        text
    }

    /// Types a line and waits for the next prompt.
    #[track_caller]
    pub(crate) fn answer(&mut self, line: &str) -> String {
        self.put(line);
        self.prompt()
    }

    fn put(&mut self, line: &str) {
        writeln!(self.keyboard, "{line}").unwrap();
    }

    /// Types a line after which the tool ends.
    pub(crate) fn last(mut self, line: &str) -> (i32, String) {
        self.put(line);
        self.end()
    }

    /// Ctrl-C, as the terminal's own driver reads it.
    pub(crate) fn interrupt(mut self) -> (i32, String) {
        self.keyboard.write_all(b"\x03").unwrap();
        self.end()
    }

    fn end(mut self) -> (i32, String) {
        while self.more() > 0 {}
        let code = self.child.wait().unwrap().code().unwrap();
        (code, self.shown[self.seen..].to_owned())
    }
}

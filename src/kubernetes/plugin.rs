//! The exec plugin of a kubeconfig: run for a limited time, and nothing of what it says or is given is ever shown.
//!
//! Source: Kubernetes, "client-go credential plugins".

use std::io::IsTerminal;
use std::process::Stdio;
use std::time::Duration;

use jiff::Timestamp;
use kube::config::{ExecConfig, ExecInteractiveMode};
use serde::Deserialize;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::process::{ChildStdout, Command};

use super::KubernetesError;
use crate::go_yaml;

/// The largest output of a plugin; a token or a certificate is a few KiB.
const LARGEST_OUTPUT: u64 = 1024 * 1024;

/// What a plugin answers.
#[derive(Deserialize)]
struct Output {
    status: Option<ExecCredentialStatus>,
}

/// The credentials in it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExecCredentialStatus {
    expiration_timestamp: Option<String>,
    pub(super) token: Option<String>,
    pub(super) client_certificate_data: Option<String>,
    pub(super) client_key_data: Option<String>,
}

impl ExecCredentialStatus {
    /// When the credentials expire.
    pub(super) fn expires(&self) -> Result<Option<Timestamp>, &'static str> {
        let time = self.expiration_timestamp.as_deref().map(str::parse);
        time.transpose()
            .map_err(|_| "its `expirationTimestamp` is not an RFC 3339 time")
    }
}

/// Runs the plugin.
///
/// At a terminal it may ask, and show what it likes. Elsewhere nobody could answer, and what it says is left out: it
/// may hold a token.
pub(super) async fn run(
    exec: &ExecConfig,
    timeout: Duration,
) -> Result<ExecCredentialStatus, KubernetesError> {
    let failed = |reason: String| KubernetesError::Plugin {
        command: exec.command.clone().unwrap_or_default(),
        reason,
    };
    let Some(program) = &exec.command else {
        return Err(failed("the kubeconfig names no command".to_owned()));
    };
    let can_ask =
        exec.interactive_mode != Some(ExecInteractiveMode::Never) && std::io::stdin().is_terminal();
    let mut command = Command::new(program);
    command
        .args(exec.args.iter().flatten())
        .envs(environment(exec))
        .env("KUBERNETES_EXEC_INFO", information(exec, can_ask))
        .stdin(if can_ask {
            Stdio::inherit()
        } else {
            Stdio::null()
        })
        .stderr(if can_ask {
            Stdio::inherit()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command
        .spawn()
        .map_err(|error| failed(format!("it can't be started: {error}")))?;
    let stdout = child.stdout.take().expect("stdout is piped");
    let ended = tokio::time::timeout(timeout, async {
        let output = output(stdout).await?;
        if output.len() as u64 > LARGEST_OUTPUT {
            return Ok((None, output));
        }
        Ok::<_, std::io::Error>((Some(child.wait().await?), output))
    });
    let (status, output) = ended
        .await
        .map_err(|_| failed(format!("it did not end within {} s", timeout.as_secs_f64())))?
        .map_err(|error| failed(format!("its output can't be read: {error}")))?;
    match status {
        None => return Err(failed("its output is larger than 1 MiB".to_owned())),
        Some(status) if !status.success() => {
            return Err(failed(format!("it failed ({status})")));
        }
        Some(_) => {}
    }
    parse(&output).map_err(failed)
}

async fn output(stdout: ChildStdout) -> std::io::Result<Vec<u8>> {
    let mut output = Vec::new();
    let mut stdout = stdout.take(LARGEST_OUTPUT + 1);
    stdout.read_to_end(&mut output).await?;
    Ok(output)
}

/// The variables that the kubeconfig adds.
fn environment(exec: &ExecConfig) -> impl Iterator<Item = (&str, &str)> {
    let variables = exec.env.iter().flatten();
    variables.filter_map(|variable| {
        let field = |name| variable.get(name).map(String::as_str);
        Some((field("name")?, field("value")?))
    })
}

/// What the plugin gets to know about its call.
fn information(exec: &ExecConfig, can_ask: bool) -> String {
    let mut spec = json!({"interactive": can_ask});
    if exec.provide_cluster_info
        && let Some(cluster) = &exec.cluster
    {
        spec["cluster"] = serde_json::to_value(cluster).unwrap_or_default();
    }
    json!({"apiVersion": exec.api_version, "kind": "ExecCredential", "spec": spec}).to_string()
}

/// Reads the answer, JSON or YAML; the parser's own words would repeat the text, so that only the place is reported.
fn parse(output: &[u8]) -> Result<ExecCredentialStatus, String> {
    let text = String::from_utf8_lossy(output);
    let parsed = go_yaml::from_str::<Output>(&text);
    let output = parsed.map_err(|error| {
        let place = error.location().map_or_else(String::new, |at| {
            format!(" (line {}, column {})", at.line(), at.column())
        });
        format!("its output is not an ExecCredential{place}")
    })?;
    let status = output.status.ok_or("its output has no `status`")?;
    status.expires()?;
    Ok(status)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn an_answer_that_is_no_credential_is_named_by_its_place_alone() {
        for (output, place) in [
            ("{\"status\": {\"token\": [\"MARK\"]}}", "line 1, column "),
            ("status:\n  token: MARK\n token: MARK\n", "line 3, column "),
            ("{\"status\": {\"token\": \"MARK", "line 1, column "),
            ("MARK", ""),
            ("kind: MARK", "no `status`"),
            (
                "status: {token: a, expirationTimestamp: MARK}",
                "`expirationTimestamp` is not an RFC 3339 time",
            ),
        ] {
            let Err(error) = parse(output.as_bytes()) else {
                panic!("{output} was taken");
            };
            assert!(error.contains(place) && !error.contains("MARK"), "{error}");
        }
    }

    #[test]
    fn an_answer_in_json_or_yaml_is_read() {
        for output in [
            r#"{"apiVersion": "client.authentication.k8s.io/v1", "status": {"token": "t", "expirationTimestamp": "2026-01-02T03:04:05Z"}}"#,
            "kind: ExecCredential\nstatus:\n  token: t\n  expirationTimestamp: '2026-01-02T03:04:05Z'\n",
        ] {
            let Ok(status) = parse(output.as_bytes()) else {
                panic!("{output} was refused");
            };
            assert_eq!(status.token.as_deref(), Some("t"));
            let expires = status.expires().unwrap().unwrap();
            assert_eq!(expires.to_string(), "2026-01-02T03:04:05Z");
        }
    }
}

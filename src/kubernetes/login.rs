//! How the user of a kubeconfig logs in.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::config::{AuthInfo, ExecConfig};
use secrecy::SecretString;
use tokio::io::AsyncReadExt;
use tokio::sync::Mutex;

use super::plugin::{self, ExecCredentialStatus};
use super::token::{Bearer, MakeToken, TokenError, Tokens};
use super::{KubernetesError, kubeconfig::unusable};

/// How long a token is used that was read from a file.
///
/// Source: client-go `transport/token_source.go`, `NewCachedFileTokenSource`.
const FILE_USED_FOR: Duration = Duration::from_mins(1);
/// How long before its end a plugin's token is renewed.
const BEFORE_ITS_END: Duration = Duration::from_mins(1);
/// The largest file that is taken for a token.
const LARGEST_TOKEN: u64 = 1024 * 1024;

/// What puts a token on the requests; `None` where the user logs in by certificate, by password, or not at all.
///
/// What is used here is taken out of the user, so that the client does not use it, too.
pub(super) async fn tokens(
    user: &mut AuthInfo,
    clock: fn() -> SystemTime,
    timeout: Duration,
) -> Result<Option<Tokens<KubernetesError>>, KubernetesError> {
    let Some(login) = Login::taken_from(user)? else {
        return Ok(None);
    };
    let make: MakeToken<KubernetesError> = match login {
        Login::Token(token) => Box::new(move |_| {
            let token = token.clone();
            Box::pin(async move { Ok(Bearer { token, until: None }) })
        }),
        Login::File(path) => {
            let path = Arc::new(path);
            Box::new(move |now| {
                let path = Arc::clone(&path);
                Box::pin(async move { from_file(&path, now).await })
            })
        }
        Login::Plugin(exec) => {
            let first = plugin::run(&exec, timeout).await?;
            if let (Some(certificate), Some(key)) =
                (&first.client_certificate_data, &first.client_key_data)
            {
                user.client_certificate_data = Some(STANDARD.encode(certificate));
                user.client_key_data = Some(STANDARD.encode(key).into());
            }
            if first.token.is_none() {
                return Ok(None);
            }
            let (exec, first) = (Arc::new(*exec), Arc::new(Mutex::new(Some(first))));
            Box::new(move |_| {
                let (exec, first) = (Arc::clone(&exec), Arc::clone(&first));
                Box::pin(async move {
                    let status = match first.lock().await.take() {
                        Some(first) => first,
                        None => plugin::run(&exec, timeout).await?,
                    };
                    from_plugin(status, &exec)
                })
            })
        }
    };
    match Tokens::new(make, clock).await {
        Ok(tokens) => Ok(Some(tokens)),
        Err(TokenError::NotMade(error)) => Err(error),
        Err(error @ TokenError::NoHeader) => {
            Err(unusable(format!("its user can't log in: {error}")))
        }
    }
}

/// The ways in which a user gets a token.
enum Login {
    Token(SecretString),
    File(PathBuf),
    Plugin(Box<ExecConfig>),
}

impl Login {
    /// Source: client-go `transport/round_trippers.go`: a password goes before a token, and that before a plugin.
    fn taken_from(user: &mut AuthInfo) -> Result<Option<Self>, KubernetesError> {
        if let Some(provider) = user.auth_provider.take() {
            let token = (provider.name == "oidc").then(|| provider.config.get("id-token"));
            return match token.flatten() {
                Some(token) => Ok(Some(Self::Token(token.clone().into()))),
                None => Err(unusable(format!(
                    "its user logs in with the auth provider `{}`, which is not supported; use an exec plugin",
                    provider.name
                ))),
            };
        }
        let (token, file, exec) = (user.token.take(), user.token_file.take(), user.exec.take());
        if user.username.is_some() && user.password.is_some() {
            return Ok(None);
        }
        Ok(token
            .map(Self::Token)
            .or_else(|| file.map(PathBuf::from).map(Self::File))
            .or_else(|| exec.map(Box::new).map(Self::Plugin)))
    }
}

async fn from_file(path: &Path, now: SystemTime) -> Result<Bearer, KubernetesError> {
    let cant = |why: String| {
        unusable(format!(
            "the token can't be read from `{}`: {why}",
            path.display()
        ))
    };
    let mut text = String::new();
    let file = tokio::fs::File::open(path)
        .await
        .map_err(|error| cant(error.to_string()))?;
    file.take(LARGEST_TOKEN)
        .read_to_string(&mut text)
        .await
        .map_err(|error| cant(error.kind().to_string()))?;
    Ok(Bearer {
        token: text.trim().to_owned().into(),
        until: Some(now + FILE_USED_FOR),
    })
}

fn from_plugin(status: ExecCredentialStatus, exec: &ExecConfig) -> Result<Bearer, KubernetesError> {
    let failed = |reason: &str| KubernetesError::Plugin {
        command: exec.command.clone().unwrap_or_default(),
        reason: reason.to_owned(),
    };
    let until = status.expires().map_err(failed)?;
    let token = status
        .token
        .ok_or_else(|| failed("its output has no token"))?;
    Ok(Bearer {
        token: token.into(),
        until: until.map(|time| SystemTime::from(time) - BEFORE_ITS_END),
    })
}

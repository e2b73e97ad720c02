//! The kubeconfig, and which EKS cluster a context of it means.

use std::path::Path;

use kube::config::{
    Config, ExecConfig, KubeConfigOptions, Kubeconfig as KubeKubeconfig, KubeconfigError,
    LoadDataError,
};

use super::{KubernetesError, is_loopback, pem_certificates};
use crate::invocation::Flag;
use crate::model::Arn;
use crate::proxy;
use crate::text::bare_url;

/// A kubeconfig with the context that is meant.
#[derive(Debug, Clone)]
pub struct Kubeconfig {
    config: KubeKubeconfig,
    context: Option<String>,
}

/// The cluster that a context names, as far as it does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Named {
    /// The cluster's name.
    pub cluster: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// The profile that the exec plugin uses.
    pub profile: Option<String>,
}

impl Kubeconfig {
    /// Reads a kubeconfig, by default the one that `kubectl` would read.
    pub fn read(path: Option<&Path>, context: Option<&str>) -> Result<Self, KubernetesError> {
        let config = match path {
            Some(path) => KubeKubeconfig::read_from(path),
            None => KubeKubeconfig::read(),
        };
        let config = config.map_err(|error| {
            unusable(match path {
                Some(path) => format!("`{}`: {}", path.display(), words(&error)),
                None => words(&error),
            })
        })?;
        let kubeconfig = Self {
            config,
            context: context.map(ToOwned::to_owned),
        };
        if kubeconfig.context().is_none() {
            let reason = match context {
                Some(context) => format!("there is no context `{context}` in it"),
                None => format!(
                    "it has no current context; choose one with {}",
                    Flag::Context
                ),
            };
            return Err(KubernetesError::Kubeconfig { reason });
        }
        Ok(kubeconfig)
    }

    fn context(&self) -> Option<&kube::config::Context> {
        let name = self
            .context
            .as_ref()
            .or(self.config.current_context.as_ref())?;
        self.config
            .contexts
            .iter()
            .find(|context| context.name == *name)?
            .context
            .as_ref()
    }

    pub(super) async fn config(&self) -> Result<Config, KubernetesError> {
        let options = KubeConfigOptions {
            context: self.context.clone(),
            ..KubeConfigOptions::default()
        };
        proxy::check().map_err(unusable)?;
        let mut config = Config::from_custom_kubeconfig(self.bare(), &options)
            .await
            .map_err(|error| unusable(words(&error)))?;
        if config.root_cert.as_ref().is_some_and(Vec::is_empty) {
            return Err(unusable(
                "its certificate authority has no PEM certificate".to_owned(),
            ));
        }
        if config.accept_invalid_certs && !is_loopback(&config.cluster_url) {
            return Err(unusable(
                "`insecure-skip-tls-verify` would send the credentials to anybody who answers; set the cluster's certificate authority instead"
                    .to_owned(),
            ));
        }
        // A proxy in the kubeconfig is meant; one of the environment holds unless NO_PROXY excepts the endpoint.
        if self
            .cluster()
            .and_then(|cluster| cluster.proxy_url.as_ref())
            .is_none()
        {
            config.proxy_url = proxy::of(&config.cluster_url);
        }
        Ok(config)
    }

    /// The kubeconfig with URLs of servers that hold no password: it is never sent, and requests are logged by their URL.
    fn bare(&self) -> KubeKubeconfig {
        let mut config = self.config.clone();
        for cluster in &mut config.clusters {
            if let Some(server) = cluster
                .cluster
                .as_mut()
                .and_then(|cluster| cluster.server.as_mut())
            {
                *server = bare_url(server);
            }
        }
        config
    }

    fn cluster(&self) -> Option<&kube::config::Cluster> {
        let name = &self.context()?.cluster;
        self.config
            .clusters
            .iter()
            .find(|cluster| cluster.name == *name)?
            .cluster
            .as_ref()
    }

    /// Which EKS cluster the context means: by an ARN, by the exec plugin's arguments, or by eksctl's naming.
    #[must_use]
    pub fn named(&self) -> Named {
        let Some(context) = self.context() else {
            return Named::default();
        };
        let user = context.user.as_ref().and_then(|name| {
            self.config
                .auth_infos
                .iter()
                .find(|user| user.name == *name)
        });
        let exec = user
            .and_then(|user| user.auth_info.as_ref())
            .and_then(|info| info.exec.as_ref());
        let by_exec = exec.map(named_by_exec).unwrap_or_default();
        let by_name = named_by_arn(&context.cluster)
            .or_else(|| named_by_eksctl(&context.cluster))
            .unwrap_or_default();
        Named {
            cluster: by_exec.cluster.or(by_name.cluster),
            region: by_exec.region.or(by_name.region),
            profile: by_exec.profile,
        }
    }

    /// Whether the context leads to this endpoint with this certificate authority; otherwise what differs.
    ///
    /// Through a tunnel to a private endpoint host and port are others. There the authority proves it: who answers is the
    /// cluster when its certificate is of the cluster's authority and for the cluster's own host (`tls-server-name`).
    ///
    /// # Errors
    /// What differs.
    pub async fn leads_to(
        &self,
        endpoint: &str,
        authority: Option<&[u8]>,
    ) -> Result<(), Elsewhere> {
        let config = self
            .config()
            .await
            .map_err(|error| Elsewhere::Unknown(error.to_string()))?;
        let endpoint = bare_url(endpoint);
        let own: http::Uri = endpoint
            .parse()
            .map_err(|_| Elsewhere::Unknown(format!("`{endpoint}` is not a URL")))?;
        let port = |uri: &http::Uri| {
            uri.port_u16()
                .unwrap_or(if uri.scheme_str() == Some("http") {
                    80
                } else {
                    443
                })
        };
        let host = |uri: &http::Uri| uri.host().unwrap_or_default().to_lowercase();
        let theirs = &config.cluster_url;
        let is_same_scheme = own.scheme() == theirs.scheme();
        let is_same_place =
            is_same_scheme && host(&own) == host(theirs) && port(&own) == port(theirs);
        let has_authority = match (&config.root_cert, authority) {
            (Some(theirs), Some(own)) => {
                let own = pem_certificates(own).map_err(Elsewhere::Unknown)?;
                Some(theirs.iter().any(|certificate| own.contains(certificate)))
            }
            _ => None,
        };
        let named = config.tls_server_name.as_deref().map(str::to_lowercase);
        let is_named = named.as_ref() == Some(&host(&own));
        let is_checked = !config.accept_invalid_certs;
        match (is_same_place, has_authority) {
            (true, None | Some(true)) => Ok(()),
            (false, Some(true)) if is_same_scheme && is_named && is_checked => Ok(()),
            (true, Some(false)) => Err(Elsewhere::Authority),
            (false, Some(false)) if is_named => Err(Elsewhere::Authority),
            (false, authority) => Err(Elsewhere::Endpoint {
                theirs: theirs.to_string(),
                own: endpoint.clone(),
                tunnel_to: (authority == Some(true) && is_checked).then(|| host(&own)),
            }),
        }
    }
}

/// How a context leads to another place than the cluster.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Elsewhere {
    /// To another host or port.
    #[error("the context points to `{theirs}`, but the cluster's endpoint is `{own}`")]
    Endpoint {
        /// Where it points to.
        theirs: String,
        /// Where the cluster is.
        own: String,
        /// The cluster's host, where the authority is the cluster's and only the server's name is missing.
        tunnel_to: Option<String>,
    },
    /// To a server of another authority.
    #[error("the context trusts a different certificate authority than the cluster's")]
    Authority,
    /// Nobody can tell.
    #[error("{0}")]
    Unknown(String),
}

/// The error of a kubeconfig that can't be used.
pub(super) fn unusable(reason: String) -> KubernetesError {
    KubernetesError::Kubeconfig { reason }
}

/// What is wrong with a kubeconfig in own words: the library's would repeat the text, tokens and keys among it.
pub(super) fn words(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::Parse(error) => match error.location() {
            Some(at) => format!(
                "line {}, column {}: this is not a valid kubeconfig",
                at.line(),
                at.column()
            ),
            None => "it is not a valid kubeconfig".to_owned(),
        },
        KubeconfigError::ReadConfig(error, path) => format!("`{}`: {error}", path.display()),
        KubeconfigError::CurrentContextNotSet => "it has no current context".to_owned(),
        KubeconfigError::KindMismatch | KubeconfigError::ApiVersionMismatch => {
            "the files that KUBECONFIG names are of different kinds".to_owned()
        }
        KubeconfigError::FindPath => "there is no home folder to find it in".to_owned(),
        KubeconfigError::LoadContext(name) => format!("there is no context `{name}` in it"),
        KubeconfigError::LoadClusterOfContext(name) => {
            format!("there is no cluster `{name}` in it")
        }
        KubeconfigError::MissingClusterUrl => "its cluster has no `server`".to_owned(),
        KubeconfigError::ParseClusterUrl(_) => {
            "the `server` of its cluster is not a URL".to_owned()
        }
        KubeconfigError::ParseProxyUrl(_) => {
            "its `proxy-url`, or else HTTPS_PROXY, is not a URL".to_owned()
        }
        KubeconfigError::LoadCertificateAuthority(error) => {
            unread("the certificate authority", error)
        }
        KubeconfigError::LoadClientCertificate(error) => unread("the client certificate", error),
        KubeconfigError::LoadClientKey(error) => unread("the client key", error),
        KubeconfigError::ParseCertificates(_) => "its certificate authority is not PEM".to_owned(),
        KubeconfigError::ParseNoProxy(_) => "NO_PROXY can't be parsed".to_owned(),
    }
}

fn unread(what: &str, error: &LoadDataError) -> String {
    match error {
        LoadDataError::DecodeBase64(_) => format!("{what} is not base64"),
        LoadDataError::ReadFile(error, path) => {
            format!("{what} can't be read from `{}`: {error}", path.display())
        }
        LoadDataError::NoBase64DataOrFile => format!("{what} is missing"),
    }
}

fn named_by_arn(text: &str) -> Option<Named> {
    let arn: Arn = text.parse().ok()?;
    let cluster = arn.resource.strip_prefix("cluster/")?;
    (arn.service == "eks").then(|| Named {
        cluster: Some(cluster.to_owned()),
        region: Some(arn.region.to_string()),
        profile: None,
    })
}

/// eksctl writes `NAME.REGION.eksctl.io`.
fn named_by_eksctl(text: &str) -> Option<Named> {
    let (cluster, region) = text.strip_suffix(".eksctl.io")?.rsplit_once('.')?;
    Some(Named {
        cluster: Some(cluster.to_owned()),
        region: Some(region.to_owned()),
        profile: None,
    })
}

/// Reads the arguments of `aws eks get-token`, `aws-iam-authenticator token` and `eksctl utils`.
fn named_by_exec(exec: &ExecConfig) -> Named {
    let args = exec.args.clone().unwrap_or_default();
    let value = |names: &[&str]| {
        args.iter().enumerate().find_map(|(index, arg)| {
            names.iter().find_map(|name| {
                if arg == name {
                    args.get(index + 1).cloned()
                } else {
                    arg.strip_prefix(&format!("{name}=")).map(ToOwned::to_owned)
                }
            })
        })
    };
    let env = |name: &str| {
        exec.env
            .iter()
            .flatten()
            .find(|variable| variable.get("name").is_some_and(|known| known == name))
            .and_then(|variable| variable.get("value").cloned())
    };
    let cluster = value(&["--cluster-name", "--cluster-id", "-i"]);
    Named {
        // A cluster id that is an ARN names the region, too.
        region: value(&["--region"])
            .or_else(|| {
                cluster
                    .as_deref()
                    .and_then(named_by_arn)
                    .and_then(|named| named.region)
            })
            .or_else(|| env("AWS_REGION"))
            .or_else(|| env("AWS_DEFAULT_REGION")),
        cluster: cluster.map(|text| {
            named_by_arn(&text)
                .and_then(|named| named.cluster)
                .unwrap_or(text)
        }),
        profile: value(&["--profile"]).or_else(|| env("AWS_PROFILE")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kubeconfig(cluster: &str, exec: &str) -> Kubeconfig {
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts:\n- name: c\n  context: {{cluster: '{cluster}', user: u}}\n\
             clusters:\n- name: '{cluster}'\n  cluster: {{server: 'https://example.com'}}\nusers:\n- name: u\n  user: {{exec: {exec}}}\n"
        );
        Kubeconfig {
            config: KubeKubeconfig::from_yaml(&text).unwrap(),
            context: None,
        }
    }

    #[test]
    fn the_cluster_is_named_by_the_context() {
        let aws = r"{apiVersion: v1, command: aws, args: [--region, eu-west-1, eks, get-token, --cluster-name, prod, --profile, p]}";
        let eksctl = r"{apiVersion: v1, command: aws-iam-authenticator, args: [token, -i, blue], env: [{name: AWS_PROFILE, value: q}]}";
        let none = r"{apiVersion: v1, command: other}";
        for (cluster, exec, expected) in [
            ("x", aws, ("prod", "eu-west-1", Some("p"))),
            (
                "blue.us-east-1.eksctl.io",
                eksctl,
                ("blue", "us-east-1", Some("q")),
            ),
            (
                "arn:aws:eks:us-west-2:111122223333:cluster/green",
                none,
                ("green", "us-west-2", None),
            ),
        ] {
            let named = kubeconfig(cluster, exec).named();
            assert_eq!(
                (
                    named.cluster.as_deref(),
                    named.region.as_deref(),
                    named.profile.as_deref()
                ),
                (Some(expected.0), Some(expected.1), expected.2)
            );
        }
    }
}

//! Those who log in, with tokens made as the `aws` command makes them, and what is promised to them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use aws_auth_migrate::model::{Arn, Principal, PrincipalKind};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::api::Api;
use crate::cluster::{Cluster, POLICY_GROUP};
use crate::plane::kubeconfig;

/// A principal in one session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Login {
    pub(crate) principal: String,
    pub(crate) session: String,
}

/// Who somebody is to the API server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity {
    pub(crate) username: String,
    /// Without `system:authenticated`.
    pub(crate) groups: BTreeSet<String>,
    /// Access policies, with their namespaces.
    pub(crate) policies: BTreeSet<String>,
}

/// What became of all logins.
pub(crate) type Seen = BTreeMap<Login, Option<Identity>>;

impl Identity {
    /// What the tool says of an access, for one session; `None` where that session is not let in.
    ///
    /// The access key stays a placeholder, since it is another one in each review.
    pub(crate) fn promised(access: &Value, login: &Login) -> Option<Self> {
        if access.is_null() {
            return None;
        }
        let texts = |value: &Value| -> Vec<String> {
            let list = value.as_array().into_iter().flatten();
            list.map(|text| text.as_str().unwrap().to_owned()).collect()
        };
        let principal = principal(&login.principal);
        let session = match principal.kind {
            PrincipalKind::Role => login.session.as_str(),
            PrincipalKind::User => "",
        };
        let fill = |text: &str| {
            let mut text = text.to_owned();
            if text.contains("{{EC2PrivateDNSName}}") {
                let id = session.strip_prefix("i-")?;
                let fits =
                    |len| id.len() == len && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
                if !fits(8) && !fits(17) {
                    return None;
                }
                let name = format!("ip-{id}.ec2.internal");
                text = text.replace("{{EC2PrivateDNSName}}", &name);
            }
            let text = text.replace("{{AccountID}}", &principal.account);
            let text = text.replace("{{SessionName}}", &session.replace('@', "-"));
            Some(text.replace("{{SessionNameRaw}}", session))
        };
        let groups = texts(&access["groups"]);
        let groups: Option<BTreeSet<String>> = groups.iter().map(|group| fill(group)).collect();
        let identity = Self {
            username: fill(access["username"].as_str().unwrap())?,
            groups: groups?,
            policies: texts(&access["policies"]).into_iter().collect(),
        };
        Some(identity.plain())
    }

    /// What the API server says of somebody.
    fn reviewed(info: &Value, access_key: &str) -> Self {
        let text = |value: &Value| {
            let text = value.as_str().unwrap_or_default();
            text.replace(access_key, "{{AccessKeyID}}")
        };
        let groups = info["groups"].as_array().into_iter().flatten();
        let (policies, groups): (Vec<_>, Vec<_>) = groups
            .map(text)
            // No binding can name the empty group, which the authenticator passes on all the same.
            .filter(|group| group != "system:authenticated" && !group.is_empty())
            .partition(|group| group.starts_with(POLICY_GROUP));
        Self {
            username: text(&info["username"]),
            groups: groups.into_iter().collect(),
            policies: policies
                .into_iter()
                .map(|policy| policy[POLICY_GROUP.len()..].to_owned())
                .collect(),
        }
    }

    /// A node by its `system:nodes` alone.
    ///
    /// EKS shows no other group for a node's access entry; what else it hands to the authenticator is documented nowhere.
    pub(crate) fn plain(mut self) -> Self {
        if self.groups.contains("system:nodes") {
            self.groups.remove("system:bootstrappers");
        }
        self
    }

    /// The same person with administrator rights written in one way, whichever gives them.
    pub(crate) fn at_heart(mut self) -> Self {
        const ADMIN: &str = "AmazonEKSClusterAdminPolicy";
        if self.policies.remove(ADMIN) {
            self.groups.insert("system:masters".to_owned());
        }
        self
    }

    /// The groups as the authorizer sees them.
    pub(crate) fn all_groups(&self) -> Vec<String> {
        let policies = self
            .policies
            .iter()
            .map(|policy| format!("{POLICY_GROUP}{policy}"));
        let own = self.groups.iter().cloned();
        own.chain(policies)
            .chain(["system:authenticated".to_owned()])
            .collect()
    }
}

fn principal(arn: &str) -> Principal {
    Principal::from_arn(&arn.parse::<Arn>().unwrap()).unwrap()
}

impl Cluster {
    /// Every principal in every session.
    pub(crate) fn logins(principals: &[&str], sessions: &[&str]) -> Vec<Login> {
        let mut logins = Vec::new();
        for arn in principals {
            let sessions = match principal(arn).kind {
                PrincipalKind::Role => sessions,
                PrincipalKind::User => &sessions[..1],
            };
            logins.extend(sessions.iter().map(|session| Login {
                principal: (*arn).to_owned(),
                session: (*session).to_owned(),
            }));
        }
        logins
    }

    /// An API client with a login's token, and the access key behind it.
    pub(crate) async fn client(&self, login: &Login) -> (Api, String) {
        let arn: Arn = login.principal.parse().unwrap();
        let (key, secret, session_token) = self
            .sandbox
            .credentials_of(&arn, &login.session)
            .unwrap_or_else(|| panic!("IAM has no {arn}"));
        let credentials = Credentials::new(&key, secret, session_token, None, "test");
        let token = self.token(credentials);
        let plane = self.plane();
        let user = json!({ "token": token });
        let text = kubeconfig(&plane.endpoint, &plane.ca_pem, &user).to_string();
        (Api::of_kubeconfig(&text).await, key)
    }

    fn token(&self, credentials: Credentials) -> String {
        let host = match self.partition.as_str() {
            "aws-cn" => format!("sts.{}.amazonaws.com.cn", self.region),
            _ => format!("sts.{}.amazonaws.com", self.region),
        };
        let identity = credentials.into();
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_mins(1));
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("sts")
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .unwrap();
        let url = format!("https://{host}/?Action=GetCallerIdentity&Version=2011-06-15");
        let headers = [("x-k8s-aws-id", self.name())];
        let request =
            SignableRequest::new("GET", &url, headers.into_iter(), SignableBody::Bytes(b""));
        let (signed, _) = sign(request.unwrap(), &params.into()).unwrap().into_parts();
        let mut built = http::Request::builder().uri(&url).body(()).unwrap();
        signed.apply_to_request_http1x(&mut built);
        let encoded = URL_SAFE_NO_PAD.encode(built.uri().to_string());
        format!("k8s-aws-v1.{encoded}")
    }

    /// Who a login is to the API server now.
    pub(crate) async fn review(&self, login: &Login) -> Option<Identity> {
        let (api, key) = self.client(login).await;
        let info = api.who_am_i().await?;
        Some(Identity::reviewed(&info, &key).plain())
    }
}

//! Who gets what, stated plainly for a judge; shares no code with the comparison that it judges.
//!
//! What EKS and the authenticator do is written down once more here, as short as it can be said, and for one login at a
//! time instead of for all logins of a principal.

use std::collections::{BTreeMap, BTreeSet};

use aws_auth_migrate::model::AccessEntry;

/// The key that signs every token.
pub(crate) const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";

/// The sessions that are tried with every role: instances, people, and names picked to render to something special.
pub(crate) const SESSIONS: &[&str] = &[
    "i-0123456789abcdef0",
    "i-01234567",
    "alice",
    "a@b",
    "a-b",
    "bob",
    "masters",
    "nodes",
    "system",
    "i-012345678",
];

/// A role or user as it is in IAM.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Person {
    pub(crate) account: String,
    pub(crate) is_role: bool,
    pub(crate) path: String,
    pub(crate) name: String,
}

impl Person {
    fn written(&self, path: &str) -> String {
        let kind = if self.is_role { "role" } else { "user" };
        format!("arn:aws:iam::{}:{kind}{path}{}", self.account, self.name)
    }

    /// The ARN in IAM.
    pub(crate) fn arn(&self) -> String {
        self.written(&self.path)
    }

    /// The ARN by which the authenticator asks: a role session shows no path.
    pub(crate) fn canonical(&self) -> String {
        self.written(if self.is_role { "/" } else { &self.path })
    }

    /// The ARN with another path.
    pub(crate) fn with_path(&self, path: &str) -> String {
        self.written(path)
    }

    /// All logins that are tried.
    pub(crate) fn logins(&self) -> Vec<Login<'_>> {
        let sessions: &[&str] = if self.is_role { SESSIONS } else { &[""] };
        sessions
            .iter()
            .map(|session| Login {
                person: self,
                session,
            })
            .collect()
    }
}

/// One login; a user has no session, and so one without a name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Login<'a> {
    pub(crate) person: &'a Person,
    pub(crate) session: &'static str,
}

/// Who somebody is in Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Given {
    pub(crate) username: String,
    pub(crate) groups: BTreeSet<String>,
    pub(crate) policies: BTreeSet<String>,
}

/// The private DNS name of the instance that a session is named like.
pub(crate) fn instance_name(session: &str) -> Option<String> {
    let id = session.strip_prefix("i-")?;
    let is_word = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    (is_word && (id.len() == 8 || id.len() == 17)).then(|| format!("ip-{id}.ec2.internal"))
}

/// Fills a template in for one login; `None` where that fails.
///
/// Source: aws-iam-authenticator `pkg/server/server.go`, `renderTemplate`.
pub(crate) fn render(template: &str, login: Login<'_>) -> Option<String> {
    let mut text = template.to_owned();
    if text.contains("{{EC2PrivateDNSName}}") {
        text = text.replace("{{EC2PrivateDNSName}}", &instance_name(login.session)?);
    }
    Some(
        text.replace("{{AccountID}}", &login.person.account)
            .replace("{{SessionName}}", &login.session.replace('@', "-"))
            .replace("{{SessionNameRaw}}", login.session)
            .replace("{{AccessKeyID}}", ACCESS_KEY),
    )
}

/// Fills in a username and groups; `None` where nobody is let in.
pub(crate) fn rendered<'a>(
    username: &str,
    groups: impl IntoIterator<Item = &'a str>,
    login: Login<'_>,
) -> Option<Given> {
    let groups: Option<BTreeSet<String>> = groups
        .into_iter()
        .map(|group| render(group, login))
        .collect();
    Some(Given {
        username: render(username, login)?,
        groups: groups?,
        policies: BTreeSet::new(),
    })
}

/// What EKS gives for an access entry.
///
/// Source: EKS User Guide, "Create access entries".
pub(crate) fn by_entry(entry: &AccessEntry, login: Login<'_>) -> Option<Given> {
    let person = login.person;
    let default = if person.is_role {
        format!(
            "arn:aws:sts::{}:assumed-role/{}/{{{{SessionName}}}}",
            person.account, person.name
        )
    } else {
        person.arn()
    };
    let given: Vec<&str> = entry.kubernetes_groups.iter().map(String::as_str).collect();
    let named = entry.username.as_deref().unwrap_or(&default);
    let (username, groups) = match entry.entry_type.as_str() {
        "STANDARD" => (named, given),
        "EC2_WINDOWS" => (
            "system:node:{{EC2PrivateDNSName}}",
            vec!["system:nodes", "eks:kube-proxy-windows"],
        ),
        "FARGATE_LINUX" => (
            "system:node:{{SessionName}}",
            vec!["system:nodes", "system:node-proxier"],
        ),
        "HYBRID_LINUX" => ("system:node:{{SessionName}}", vec!["system:nodes"]),
        _ => ("system:node:{{EC2PrivateDNSName}}", vec!["system:nodes"]),
    };
    let policies = entry.access_policies.iter().map(|held| {
        let name = held.policy_arn.resource.rsplit('/').next().unwrap_or("");
        format!("{name} on {}", held.access_scope)
    });
    let mut given = rendered(username, groups, login)?;
    given.policies = policies.collect();
    Some(given)
}

/// A role that a subject is bound to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bound {
    pub(crate) namespace: Option<String>,
    pub(crate) role_kind: String,
    pub(crate) role: String,
    /// `User`, `Group` or `ServiceAccount`; a service account's name is that of its user.
    pub(crate) kind: String,
    pub(crate) subject: String,
}

/// The ClusterRoles whose rules are those of an access policy.
///
/// Source: EKS User Guide, "Review access policy permissions".
pub(crate) const EQUAL: &[(&str, &str)] = &[
    ("cluster-admin", "AmazonEKSClusterAdminPolicy"),
    ("reads-all", "AmazonEKSAdminViewPolicy"),
    ("reads-secrets", "AmazonEKSSecretReaderPolicy"),
];

/// Everything that somebody may do, as words.
pub(crate) fn rights(given: Option<&Given>, bindings: &[Bound]) -> BTreeSet<String> {
    let Some(given) = given else {
        return BTreeSet::new();
    };
    let mut rights = BTreeSet::from(["let in".to_owned()]);
    if given.groups.contains("system:masters") {
        rights.insert("AmazonEKSClusterAdminPolicy on cluster".to_owned());
    }
    // The Node authorizer gives a node what belongs to its name.
    if given.groups.contains("system:nodes") && given.username.starts_with("system:node:") {
        rights.insert(format!("node {}", given.username));
    }
    rights.extend(given.policies.iter().cloned());
    // Nodes of Auto Mode have by a policy what other nodes have without.
    if given.groups.contains("system:nodes") {
        rights.remove("AmazonEKSAutoNodePolicy on cluster");
    }
    for bound in bindings {
        let has = match bound.kind.as_str() {
            "Group" => {
                given.groups.contains(&bound.subject) || bound.subject == "system:authenticated"
            }
            _ => given.username == bound.subject,
        };
        if !has {
            continue;
        }
        let equal = EQUAL.iter().find(|(role, _)| *role == bound.role);
        rights.insert(match (&bound.namespace, equal) {
            (None, Some((_, policy))) if bound.role_kind == "ClusterRole" => {
                format!("{policy} on cluster")
            }
            (namespace, _) => format!(
                "{} {} in {}",
                bound.role_kind,
                bound.role,
                namespace.as_deref().unwrap_or("*")
            ),
        });
    }
    if rights.contains("AmazonEKSClusterAdminPolicy on cluster") {
        // Nothing can be added to everything.
        rights.retain(|right| right == "let in" || right.starts_with("AmazonEKSClusterAdmin"));
    }
    rights
}

/// The names that somebody goes by, without those that mean nothing or the same on both sides.
fn names(given: &Given, other: &Given) -> (String, BTreeSet<String>) {
    let is_nothing = |group: &String| {
        matches!(
            group.as_str(),
            "" | "system:authenticated" | "system:masters"
        ) || group == "system:bootstrappers" && other.groups.contains("system:nodes")
    };
    let mut groups = given.groups.clone();
    groups.retain(|group| !is_nothing(group));
    (given.username.clone(), groups)
}

/// What became of one principal, over all its logins.
#[derive(Debug, Clone, Default)]
pub(crate) struct Moved {
    pub(crate) lost: BTreeSet<String>,
    pub(crate) gained: BTreeSet<String>,
    /// Groups that went or came and that give something.
    pub(crate) groups: BTreeSet<String>,
    pub(crate) is_renamed: bool,
    /// Whether the username differs at a login.
    pub(crate) is_other_user: bool,
    /// Whether other sessions get in.
    pub(crate) is_other_session: bool,
}

impl Moved {
    /// Takes one login in: every answer there may be before with every one after.
    pub(crate) fn add(&mut self, before: &Side<'_>, after: &Side<'_>) {
        if before.answers.len() > 1 && before.answers == after.answers {
            // At random before, and the same at random after.
            return;
        }
        for old in &before.answers {
            for new in &after.answers {
                self.add_pair(old.as_ref(), before.bindings, new.as_ref(), after.bindings);
            }
        }
    }

    fn add_pair(
        &mut self,
        old: Option<&Given>,
        bindings_before: &[Bound],
        new: Option<&Given>,
        bindings_after: &[Bound],
    ) {
        let (had, has) = (rights(old, bindings_before), rights(new, bindings_after));
        let admin = "AmazonEKSClusterAdminPolicy on cluster";
        // Who can do everything loses and gains nothing single.
        let counts = |right: &&String, other: &BTreeSet<String>| {
            right.as_str() == "let in" || !other.contains(admin)
        };
        let lost = had.difference(&has).filter(|right| counts(right, &has));
        let gained = has.difference(&had).filter(|right| counts(right, &had));
        let (lost, gained): (BTreeSet<_>, BTreeSet<_>) =
            (lost.cloned().collect(), gained.cloned().collect());
        self.is_other_session |= old.is_some() != new.is_some();
        if let (Some(old), Some(new)) = (old, new) {
            self.is_renamed |= names(old, new) != names(new, old);
            self.is_other_user |= old.username != new.username;
            let is_administrator = |given: &Given| {
                given.groups.contains("system:masters") || given.policies.contains(admin)
            };
            if !lost.is_empty() || !gained.is_empty() {
                let gives = |group: &&String| {
                    if *group == "system:authenticated" {
                        return false;
                    }
                    *group == "system:nodes"
                        || [bindings_before, bindings_after].iter().any(|bindings| {
                            bindings
                                .iter()
                                .any(|bound| bound.kind == "Group" && bound.subject == **group)
                        })
                };
                let moved = old.groups.symmetric_difference(&new.groups);
                self.groups.extend(moved.filter(gives).cloned());
                if is_administrator(old) != is_administrator(new) {
                    self.groups.insert("system:masters".to_owned());
                }
            }
        }
        self.lost.extend(lost);
        self.gained.extend(gained);
    }

    /// Whether anybody may do more or less.
    pub(crate) fn is_nothing(&self) -> bool {
        self.lost.is_empty() && self.gained.is_empty()
    }

    /// Whether this is what a verdict of the tool says, or less than it.
    pub(crate) fn fits(&self, verdict: &str) -> bool {
        match verdict {
            "same" => self.is_nothing() && !self.is_renamed,
            "renamed" => self.is_nothing(),
            "lost" => self.gained.is_empty(),
            "gained" => self.lost.is_empty(),
            "changed" => true,
            _ => false,
        }
    }
}

/// What one login may get at one time, and what names are bound to then.
#[derive(Debug)]
pub(crate) struct Side<'a> {
    /// More than one where the authenticator answers at random.
    pub(crate) answers: BTreeSet<Option<Given>>,
    pub(crate) bindings: &'a [Bound],
}

/// Reads bindings out of Kubernetes objects.
///
/// Source: Kubernetes, "Using RBAC Authorization", referring to subjects.
pub(crate) fn bound(objects: &[serde_json::Value]) -> Vec<Bound> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let mut all = Vec::new();
    for object in objects {
        let kind = object["kind"].as_str().unwrap_or_default();
        if kind != "ClusterRoleBinding" && kind != "RoleBinding" {
            continue;
        }
        let namespace = (kind == "RoleBinding").then(|| text(&object["metadata"]["namespace"]));
        for subject in object["subjects"].as_array().into_iter().flatten() {
            let name = text(&subject["name"]);
            let subject_kind = text(&subject["kind"]);
            let subject = if subject_kind == "ServiceAccount" {
                format!(
                    "system:serviceaccount:{}:{name}",
                    text(&subject["namespace"])
                )
            } else {
                name
            };
            all.push(Bound {
                namespace: namespace.clone(),
                role_kind: text(&object["roleRef"]["kind"]),
                role: text(&object["roleRef"]["name"]),
                kind: subject_kind,
                subject,
            });
        }
    }
    all
}

/// A mapping as plain values.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) is_role_section: bool,
    pub(crate) arn: String,
    pub(crate) username: String,
    pub(crate) groups: Vec<String>,
}

/// What `aws-auth` gives at a login: every answer there may be.
///
/// Source: aws-iam-authenticator `pkg/mapper/configmap/configmap.go` and `pkg/server/server.go`, `doMapping`.
pub(crate) fn by_aws_auth(
    mappings: &[Written],
    accounts: &[String],
    login: Login<'_>,
) -> BTreeSet<Option<Given>> {
    let canonical = login.person.canonical();
    let lower = canonical.to_lowercase();
    let mut roles: BTreeMap<String, &Written> = BTreeMap::new();
    let mut users: BTreeMap<&str, &Written> = BTreeMap::new();
    for mapping in mappings.iter().filter(|mapping| !mapping.arn.is_empty()) {
        if mapping.is_role_section {
            roles.insert(mapping.arn.to_lowercase(), mapping);
        } else {
            users.insert(&mapping.arn, mapping);
        }
    }
    let mut found: Vec<&Written> = roles.get(&lower).copied().into_iter().collect();
    if found.is_empty() {
        let same = users
            .values()
            .filter(|user| user.arn.to_lowercase() == lower);
        found.extend(same.copied());
    }
    if found.is_empty() {
        let listed = accounts.contains(&login.person.account);
        let given = Given {
            username: canonical,
            groups: BTreeSet::new(),
            policies: BTreeSet::new(),
        };
        return BTreeSet::from([listed.then_some(given)]);
    }
    let answer = |mapping: &&Written| {
        let groups = mapping.groups.iter().map(String::as_str);
        rendered(&mapping.username, groups, login)
    };
    found.iter().map(answer).collect()
}

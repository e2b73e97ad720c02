//! Odd clusters, made at random: what people write into `aws-auth` and should not, with entries, bindings and choices.

pub(crate) mod tally;

use std::collections::BTreeMap;

use aws_auth_migrate::choices::{Choices, OnExisting, Usernames};

use aws_auth_migrate::decisions::{Accept, Answer, AnswerLine, Do};
use aws_auth_migrate::model::Glob;
use aws_auth_migrate::model::{
    AccessEntry, AccessScope, AuthenticationMode, EntryType, PolicyAssociation, Verdict,
    access_policy::{ScopeKind, policy_arn},
};
use aws_auth_migrate::reader::AwsAuthText;
use serde_json::{Value, json};

use crate::generate::Random;
use crate::plain::{Person, Written};

pub(crate) const OWN: &str = "111122223333";
const OTHER: &str = "444455556666";

/// A cluster, and what is chosen for it.
#[derive(Debug, Clone)]
pub(crate) struct Odd {
    pub(crate) mode: AuthenticationMode,
    pub(crate) people: Vec<Person>,
    pub(crate) mappings: Vec<Written>,
    pub(crate) accounts: Vec<String>,
    pub(crate) entries: Vec<OddEntry>,
    pub(crate) objects: Vec<Value>,
    pub(crate) are_bindings_read: bool,
    pub(crate) choices: Choices,
}

/// A live entry; a stale one is older than its principal.
#[derive(Debug, Clone)]
pub(crate) struct OddEntry {
    pub(crate) entry: AccessEntry,
    pub(crate) is_stale: bool,
}

const NAMES: &[&str] = &[
    "ops", "dev", "Deployer", "nodes", "ci", "viewer", "batch-1", "platform",
];

const USERNAMES: &[&str] = &[
    "ops",
    "dev",
    "bob",
    "alice",
    "ops",
    "dev:{{SessionName}}",
    "dev:{{SessionName}}",
    "{{SessionName}}",
    "x-{{SessionName}}",
    "{{SessionNameRaw}}",
    "raw:{{SessionNameRaw}}",
    "ec2:{{EC2PrivateDNSName}}",
    "{{EC2PrivateDNSName}}",
    "{{AccountID}}:x",
    "{{AccountID}}:{{SessionName}}",
    "{{SessionName}}:{{AccountID}}",
    "key:{{AccessKeyID}}",
    "{{AccessKeyID}}",
    "system:x",
    "system:kube-scheduler",
    "system:serviceaccount:kube-system:ops",
    "system:serviceaccount:dev:{{SessionName}}",
    "eks:ops",
    "aws:ops",
    "",
    "bob{{SessionName}}",
    "bob{{SessionNameRaw}}",
    "{{Session}}",
    "{{ SessionName }}",
    "{{{SessionName}}}",
    "system:{{SessionName}}",
    "{{SessionName}}{{SessionName}}",
    "a:{{SessionName}}:{{SessionNameRaw}}",
    "arn:aws:iam::111122223333:role/ops",
    "arn:aws:sts::111122223333:assumed-role/ops/{{SessionName}}",
    "system:node:ip-10-0-0-1.ec2.internal",
    "system:node:{{AccountID}}",
    "system:node:x-{{SessionName}}",
];

const NODE_USERNAMES: &[&str] = &[
    "system:node:{{EC2PrivateDNSName}}",
    "system:node:{{EC2PrivateDNSName}}",
    "system:node:{{SessionName}}",
    "system:node:{{SessionName}}",
    "system:node:{{SessionNameRaw}}",
];

const GROUPS: &[&str] = &[
    "system:masters",
    "system:masters",
    "devs",
    "devs",
    "view",
    "ops",
    "system:bootstrappers",
    "system:nodes",
    "system:node-proxier",
    "eks:kube-proxy-windows",
    "system:authenticated",
    "system:monitoring",
    "system:custom",
    "system:view",
    "eks:x",
    "iam:ops",
    "team-{{AccountID}}",
    "s-{{SessionName}}",
    "{{SessionName}}",
    "i-{{EC2PrivateDNSName}}",
    "{{EC2PrivateDNSName}}",
    "{{AccessKeyID}}",
    "r-{{SessionNameRaw}}",
    "system:{{SessionName}}",
    "{{SessionName}}:masters",
    "{{AccountID}}",
    "",
    "ops ",
    "System:Masters",
];

/// What bindings name: some of it is what somebody above is called at a login.
const BOUND_GROUPS: &[&str] = &[
    "devs",
    "devs",
    "view",
    "ops",
    "system:nodes",
    "system:bootstrappers",
    "system:node-proxier",
    "eks:kube-proxy-windows",
    "system:monitoring",
    "system:custom",
    "system:view",
    "eks:x",
    "team-111122223333",
    "s-alice",
    "alice",
    "system:authenticated",
    "monitoring",
    "renamed",
    "bound",
    "i-ip-01234567.ec2.internal",
    "r-a@b",
    "AKIAIOSFODNN7EXAMPLE",
];

const BOUND_USERS: &[&str] = &[
    "ops",
    "dev",
    "bob",
    "alice",
    "a-b",
    "a@b",
    "dev:alice",
    "dev:a-b",
    "raw:a@b",
    "x-alice",
    "111122223333:x",
    "session:alice",
    "eks:ops",
    "system:x",
    "system:kube-scheduler",
    "system:serviceaccount:dev:alice",
    "ec2:ip-01234567.ec2.internal",
    "key:AKIAIOSFODNN7EXAMPLE",
    "arn:aws:iam::111122223333:role/ops",
    "arn:aws:sts::111122223333:assumed-role/ops/alice",
    "arn:aws:sts::111122223333:assumed-role/dev/alice",
    "arn:aws:iam::111122223333:user/jo",
    "system:node:ip-01234567.ec2.internal",
    "renamed",
];

const ROLES: &[&str] = &[
    "view",
    "edit",
    "admin",
    "cluster-admin",
    "reads-all",
    "reads-secrets",
    "custom",
];

const PATHS: &[&str] = &["/", "/", "/", "/team/", "/teams/payments/", "/eng/"];

fn person(random: &mut Random, account: &str, is_role: bool, name: &str) -> Person {
    Person {
        account: account.to_owned(),
        is_role,
        path: random.pick(PATHS).to_owned(),
        name: name.to_owned(),
    }
}

fn people(random: &mut Random) -> Vec<Person> {
    let mut people: Vec<Person> = NAMES
        .iter()
        .map(|name| person(random, OWN, true, name))
        .collect();
    for name in ["jo", "Bob", "kim"] {
        people.push(person(random, OWN, false, name));
    }
    people.push(person(random, OTHER, true, "far"));
    people.push(person(random, OTHER, false, "zoe"));
    people.push(Person {
        path: "/aws-reserved/sso.amazonaws.com/eu-west-1/".to_owned(),
        ..person(random, OWN, true, "AWSReservedSSO_Admin_0a1b2c3d4e5f6071")
    });
    people
}

/// How somebody is written: mostly right, else with another path, in other letters, or as nobody.
fn written(random: &mut Random, person: &Person) -> String {
    let arn = match random.below(20) {
        0 | 1 => person.with_path(random.pick(PATHS)),
        2 | 3 => person.arn(),
        4 if !person.is_role => person.with_path("/"),
        _ => person.canonical(),
    };
    match random.below(30) {
        0 | 1 => arn.replace(&person.name, &person.name.to_uppercase()),
        2 => arn.to_uppercase(),
        3 => arn.replacen("arn:aws:", "arn:aws-cn:", 1),
        4 => format!("{arn} "),
        5 => format!(
            "arn:aws:sts::{}:assumed-role/{}/alice",
            person.account, person.name
        ),
        6 => arn.replace(&person.name, "nobody"),
        _ => arn,
    }
}

fn mapping(random: &mut Random, people: &[Person]) -> Written {
    let person = &people[random.below(people.len())];
    let is_usual_section = random.chance(88);
    let (username, groups) = if random.chance(30) {
        let mut groups = Vec::new();
        for (group, chance) in [
            ("system:bootstrappers", 85),
            ("system:nodes", 85),
            ("system:node-proxier", 20),
            ("eks:kube-proxy-windows", 20),
        ] {
            if random.chance(chance) {
                groups.push(group);
            }
        }
        if random.chance(30) {
            groups.push(random.pick(GROUPS));
        }
        (random.pick(NODE_USERNAMES), groups)
    } else {
        let groups = (0..random.below(4)).map(|_| random.pick(GROUPS)).collect();
        (random.pick(USERNAMES), groups)
    };
    Written {
        is_role_section: person.is_role == is_usual_section,
        arn: written(random, person),
        username: username.to_owned(),
        groups: groups.into_iter().map(str::to_owned).collect(),
    }
}

fn object(random: &mut Random, index: usize) -> Value {
    let subject = match random.below(10) {
        0..=5 => json!({"kind": "Group", "name": random.pick(BOUND_GROUPS)}),
        6..=8 => json!({"kind": "User", "name": random.pick(BOUND_USERS)}),
        _ => json!({"kind": "ServiceAccount", "name": "ops", "namespace": "kube-system"}),
    };
    let mut subject = subject;
    if subject["kind"] != "ServiceAccount" {
        subject["apiGroup"] = json!("rbac.authorization.k8s.io");
    }
    let (kind, metadata) = if random.chance(75) {
        (
            "ClusterRoleBinding",
            json!({"name": format!("binding-{index}")}),
        )
    } else {
        (
            "RoleBinding",
            json!({"name": format!("binding-{index}"), "namespace": "default"}),
        )
    };
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": metadata,
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": random.pick(ROLES),
        },
        "subjects": [subject],
    })
}

/// The ClusterRoles whose rules are those of an access policy, and one whose rules are not.
pub(crate) fn roles() -> Vec<Value> {
    let role = |name: &str, rules: Value| {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": name},
            "rules": rules,
        })
    };
    let read = json!(["get", "list", "watch"]);
    vec![
        role(
            "cluster-admin",
            json!([
                {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
                {"nonResourceURLs": ["*"], "verbs": ["*"]},
            ]),
        ),
        role(
            "reads-all",
            json!([{"apiGroups": ["*"], "resources": ["*"], "verbs": read}]),
        ),
        role(
            "reads-secrets",
            json!([{"apiGroups": [""], "resources": ["secrets"], "verbs": read}]),
        ),
        role(
            "custom",
            json!([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]),
        ),
    ]
}

/// What EKS takes as a username of an entry.
const LIVE_USERNAMES: &[Option<&str>] = &[
    None,
    None,
    Some("ops"),
    Some("dev"),
    Some("dev:{{SessionName}}"),
    Some("raw:{{SessionNameRaw}}"),
    Some("bob"),
];

const LIVE_GROUPS: &[&str] = &["devs", "view", "ops", "renamed", "team-111122223333"];

fn entry(random: &mut Random, person: &Person) -> OddEntry {
    let is_node = person.is_role && person.account == OWN && random.chance(25);
    let mut entry = AccessEntry {
        principal_arn: person.arn().parse().unwrap(),
        entry_type: EntryType::Standard,
        username: None,
        kubernetes_groups: Vec::new(),
        tags: BTreeMap::new(),
        access_policies: Vec::new(),
    };
    if is_node {
        let types = ["EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX"];
        entry.entry_type = EntryType::from(random.pick(&types).to_owned());
    } else {
        entry.username = random.pick(LIVE_USERNAMES).map(str::to_owned);
        for _ in 0..random.below(3) {
            let group = random.pick(LIVE_GROUPS).to_owned();
            if !entry.kubernetes_groups.contains(&group) {
                entry.kubernetes_groups.push(group);
            }
        }
        if random.chance(40) {
            let name = random.pick(&[
                "AmazonEKSClusterAdminPolicy",
                "AmazonEKSClusterAdminPolicy",
                "AmazonEKSViewPolicy",
                "AmazonEKSAdminViewPolicy",
            ]);
            let access_scope = if random.chance(80) {
                AccessScope::cluster()
            } else {
                AccessScope {
                    kind: ScopeKind::Namespace,
                    namespaces: vec!["dev".to_owned()],
                }
            };
            entry.access_policies.push(PolicyAssociation {
                policy_arn: policy_arn("aws", name),
                access_scope,
            });
        }
    }
    OddEntry {
        entry,
        is_stale: random.chance(15),
    }
}

fn choices(random: &mut Random, mappings: &[Written]) -> Choices {
    let mut choices = Choices::default();
    if random.chance(45) || mappings.is_empty() {
        return choices;
    }
    if random.chance(15) {
        choices.usernames = Usernames::Default;
    }
    let some = mappings[random.below(mappings.len())].clone();
    if random.chance(35)
        && let Some(group) = some.groups.first().filter(|group| !group.is_empty())
    {
        let new = random.pick(&["monitoring", "renamed", "devs", "bound", "fresh"]);
        choices.rename_groups.insert(group.clone(), new.to_owned());
    }
    if random.chance(25) && !some.username.is_empty() {
        let new = random.pick(&[
            "session:{{SessionName}}",
            "renamed",
            "new:{{SessionNameRaw}}",
            "bob",
        ]);
        choices
            .rename_users
            .insert(some.username.clone(), new.to_owned());
    }
    choices.bind_renamed =
        !(choices.rename_groups.is_empty() && choices.rename_users.is_empty()) && random.chance(60);
    if random.chance(15)
        && let Some(group) = some.groups.last().filter(|group| !group.is_empty())
    {
        let policy = random.pick(&[
            "AmazonEKSClusterAdminPolicy",
            "AmazonEKSAdminViewPolicy",
            "AmazonEKSSecretReaderPolicy",
            "AmazonEKSViewPolicy",
        ]);
        choices.policies.insert(group.clone(), policy.to_owned());
    }
    choices.include_inert = random.chance(25);
    if random.chance(35) {
        choices.on_existing = OnExisting::Update;
    }
    if random.chance(15) {
        choices.only.push(Glob::new(&some.arn));
    } else if random.chance(10) {
        choices.exclude.push(Glob::new(&some.arn));
    }
    choices
}

impl Odd {
    pub(crate) fn new(random: &mut Random) -> Self {
        let people = people(random);
        let mode = match random.below(20) {
            0..=8 => AuthenticationMode::ConfigMap,
            9..=18 => AuthenticationMode::ApiAndConfigMap,
            _ => AuthenticationMode::Api,
        };
        let mut mappings: Vec<Written> = (0..=random.below(9))
            .map(|_| mapping(random, &people))
            .collect();
        // One principal, several mappings.
        if random.chance(40) {
            let again = mappings[random.below(mappings.len())].clone();
            let mut other = mapping(random, &people);
            other.arn = if random.chance(50) {
                again.arn
            } else {
                let name = again.arn.rsplit('/').next().unwrap_or_default();
                let same = people.iter().find(|person| person.name == name);
                same.map_or(again.arn.clone(), |person| written(random, person))
            };
            mappings.insert(random.below(mappings.len() + 1), other);
        }
        let accounts = match random.below(12) {
            0 => vec![OWN.to_owned()],
            1 => vec![OTHER.to_owned()],
            _ => Vec::new(),
        };
        let entries = if mode == AuthenticationMode::ConfigMap {
            Vec::new()
        } else {
            let live = people.iter().filter(|_| random.chance(25));
            let live: Vec<Person> = live.cloned().collect();
            live.iter().map(|person| entry(random, person)).collect()
        };
        let mut objects: Vec<Value> = (0..random.below(9))
            .map(|index| object(random, index))
            .collect();
        let are_bindings_read = random.chance(80);
        if !are_bindings_read {
            // Beside the nodes' group this one gives nothing more on EKS, and a plan without bindings relies on that.
            objects.retain(|object| object["subjects"][0]["name"] != "system:bootstrappers");
        }
        objects.extend(roles());
        let choices = choices(random, &mappings);
        Self {
            mode,
            people,
            mappings,
            accounts,
            entries,
            objects,
            are_bindings_read,
            choices,
        }
    }

    /// The three values of the ConfigMap.
    pub(crate) fn text(&self) -> AwsAuthText {
        let list = |is_role_section: bool, key: &str| {
            let of = self.mappings.iter();
            let items: Vec<Value> = of
                .filter(|mapping| mapping.is_role_section == is_role_section)
                .map(|mapping| {
                    json!({
                        key: mapping.arn,
                        "username": mapping.username,
                        "groups": mapping.groups,
                    })
                })
                .collect();
            (!items.is_empty()).then(|| json!(items).to_string())
        };
        AwsAuthText {
            map_roles: list(true, "rolearn"),
            map_users: list(false, "userarn"),
            map_accounts: (!self.accounts.is_empty()).then(|| json!(self.accounts).to_string()),
        }
    }
}

/// Answers questions of a plan at random: with the line that the plan offers, with one's own, or wrongly.
pub(crate) fn answers(random: &mut Random, plan: &Value) -> Vec<Answer> {
    let mut answers: Vec<Answer> = Vec::new();
    for mapping in plan["mappings"].as_array().into_iter().flatten() {
        if mapping["blocker"].is_null() || random.chance(35) {
            continue;
        }
        let arn = mapping["arn"].as_str().unwrap_or_default().to_owned();
        if arn.contains(['*', '?']) || arn.trim() != arn {
            continue;
        }
        let offered = offered(mapping);
        let answer = |what: Do, accept: Option<Accept>| Answer {
            principal: Some(arn.clone()),
            code: None,
            what,
            accept,
            reason: None,
            line: AnswerLine::default(),
        };
        let answer = match (random.below(12), offered) {
            (0..=5, Some(offered)) => offered,
            (6, Some(offered)) => Answer {
                accept: offered.accept.map(|accept| Accept {
                    groups: None,
                    username: None,
                    sessions: None,
                    ..accept
                }),
                ..offered
            },
            (7, Some(offered)) => Answer {
                accept: offered.accept.map(|accept| Accept {
                    verdict: random.pick(&[Verdict::Lost, Verdict::Gained, Verdict::Changed]),
                    ..accept
                }),
                ..offered
            },
            (8, _) => answer(Do::Leave, None),
            (9, _) => answer(Do::Drop, None),
            (10, _) => answer(Do::KeepLive, None),
            (_, _) => answer(Do::UpdateLive, None),
        };
        if answers
            .iter()
            .all(|other| other.principal != answer.principal)
        {
            answers.push(answer);
        }
    }
    answers
}

/// The line for the decisions file that a plan offers for a mapping.
pub(crate) fn offered(mapping: &Value) -> Option<Answer> {
    let findings = mapping["findings"].as_array()?;
    findings.iter().find_map(|finding| {
        let (_, line) = finding["fix"].as_str()?.split_once("decisions file: `{")?;
        serde_json::from_str(&format!("{{{}", line.trim_end_matches('`'))).ok()
    })
}

//! Who gets what in a cluster at one moment, by the plain statement of the rules.

use std::collections::{BTreeMap, BTreeSet};

use aws_auth_migrate::model::{AccessEntry, AuthenticationMode, LiveEntry};
use aws_auth_migrate::sandbox::Sandbox;
use serde_json::Value;

use crate::plain::{
    Bound, Given, Login, Moved, Person, Side, Written, bound, by_aws_auth, by_entry,
};
use crate::world::CLUSTER;

/// The sessions that are tried with every role; those of [`plain`](crate::plain) are more than a simulation needs.
const SESSIONS: [&str; 4] = ["", "i-0123456789abcdef0", "alice", "a@b"];

/// What a login may get: more than one answer where the authenticator gives one at random.
type Answers = BTreeSet<Option<Given>>;

/// Who gets what.
#[derive(Debug, Clone, Default)]
pub(crate) struct Picture {
    pub(crate) of: BTreeMap<Person, Vec<Answers>>,
    pub(crate) bindings: Vec<Bound>,
}

/// What lets an entry count for nobody: it was made for an earlier principal of the name, or the principal is gone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Iam {
    /// The entries, by their own ARN.
    pub(crate) stale: BTreeSet<String>,
}

fn logins(person: &Person) -> Vec<Login<'_>> {
    let all = person.logins().into_iter();
    all.filter(|login| SESSIONS.contains(&login.session))
        .collect()
}

/// What the ConfigMap says, as plain values.
pub(crate) fn written(aws_auth: Option<&Value>) -> (Vec<Written>, Vec<String>) {
    let list = |key: &str| -> Vec<Value> {
        let text = aws_auth.and_then(|object| object["data"][key].as_str());
        let read = text.and_then(|text| serde_yaml::from_str(text).ok());
        read.unwrap_or_default()
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mapping = |key: &'static str| {
        move |mapping: &Value| Written {
            is_role_section: key == "rolearn",
            arn: text(&mapping[key]),
            username: text(&mapping["username"]),
            groups: mapping["groups"]
                .as_array()
                .into_iter()
                .flatten()
                .map(text)
                .collect(),
        }
    };
    let roles = list("mapRoles");
    let users = list("mapUsers");
    let mappings = roles.iter().map(mapping("rolearn"));
    let mappings = mappings.chain(users.iter().map(mapping("userarn")));
    (
        mappings.collect(),
        list("mapAccounts").iter().map(text).collect(),
    )
}

impl Picture {
    /// Looks at a cluster.
    pub(crate) fn of(sandbox: &Sandbox, people: &[Person], iam: &Iam) -> Self {
        let state = sandbox.state();
        let seen = sandbox.edit(|world| world.known_entries(CLUSTER));
        let seen: BTreeSet<String> = seen
            .iter()
            .map(|known| known.principal.to_string())
            .collect();
        let counts = |live: &&LiveEntry| {
            let is_stale = live
                .access_entry_arn
                .as_ref()
                .is_some_and(|arn| iam.stale.contains(arn));
            !is_stale && seen.contains(&live.entry.principal_arn.to_string())
        };
        let entries: BTreeMap<String, &AccessEntry> = state
            .entries
            .iter()
            .filter(counts)
            .map(|live| (live.entry.principal_arn.to_string(), &live.entry))
            .collect();
        let (mappings, accounts) = written(state.aws_auth.as_ref());
        let answers = |person: &Person| {
            let entry = entries.get(&person.arn());
            let of = |login: Login<'_>| match entry {
                Some(entry) => Answers::from([by_entry(entry, login)]),
                None if state.mode == AuthenticationMode::Api => Answers::from([None]),
                None => by_aws_auth(&mappings, &accounts, login),
            };
            logins(person).into_iter().map(of).collect()
        };
        Self {
            of: people
                .iter()
                .map(|person| (person.clone(), answers(person)))
                .collect(),
            bindings: bound(&state.bindings),
        }
    }

    /// What has become of somebody since.
    pub(crate) fn moved(&self, since: &Self, person: &Person) -> Moved {
        let mut moved = Moved::default();
        let side = |picture: &Self, at: usize| picture.of[person][at].clone();
        for at in 0..self.of[person].len() {
            let before = Side {
                answers: side(since, at),
                bindings: &since.bindings,
            };
            let after = Side {
                answers: side(self, at),
                bindings: &self.bindings,
            };
            moved.add(&before, &after);
        }
        moved
    }
}

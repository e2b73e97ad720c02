//! The authenticator's answer: which mapping counts for whom.
//!
//! Source: aws-iam-authenticator `pkg/mapper/configmap/configmap.go`, `saveMap`, `RoleMapping` and `UserMapping`;
//! `pkg/config/mapper.go`, `Key` and `Matches`; `pkg/server/server.go`, `doMapping`.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::model::{Mapping, MappingId, Section};
use crate::reader::Reading;

/// How a mapping relates to the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is the one that counts for its ARN.
    Effective,
    /// Another mapping of the same ARN counts instead.
    Shadowed {
        /// The one that counts.
        by: MappingId,
    },
    /// The authenticator takes this one or another at random.
    Undefined {
        /// All of them, this one included; shared, since each of thousands may have all the others as rivals.
        among: Arc<[MappingId]>,
    },
    /// The authenticator threw it away while reading.
    Dropped,
}

/// What the authenticator answers for one identity, before placeholders are filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthenticatorAnswer {
    /// This username template and these groups, from this mapping.
    Mapped {
        /// The mapping that counts.
        by: MappingId,
        /// Its username template; for an account, the ARN itself.
        username: String,
        /// Its groups' templates.
        groups: Vec<String>,
    },
    /// Any of these mappings, at random, and they differ.
    Undefined {
        /// The mappings.
        among: Arc<[MappingId]>,
    },
    /// Nothing: the identity is refused.
    Refused,
}

/// Text in lower case as Go's `strings.ToLower` makes it: character by character, each to exactly one.
#[must_use]
pub fn to_lower(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().map(lower).collect()
}

fn lower(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(single), None) => single,
        // The one letter whose lower case is two: Go takes the first.
        (Some(first), Some(_)) => first,
        (None, _) => c,
    }
}

/// The same for a text of ASCII alone, which is seldom changed by it.
fn ascii_lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        text.to_ascii_lowercase().into()
    } else {
        text.into()
    }
}

/// What two texts have in common where Go's `strings.EqualFold` takes them for equal.
fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return ascii_lower(text);
    }
    text.chars()
        .map(|c| {
            // Dotted capital I and dotless small i stand alone when case is folded.
            if matches!(c, '\u{130}' | '\u{131}') {
                return c;
            }
            let mut upper = c.to_uppercase();
            match (upper.next(), upper.next()) {
                (Some(single), None) => lower(single),
                _ => lower(c),
            }
        })
        .collect()
}

/// What a role mapping is kept under; a later one of the same key takes its place.
fn role_key(mapping: &Mapping) -> Cow<'_, str> {
    match &mapping.sso {
        Some(sso) if mapping.arn.is_empty() => {
            // The partition is left out where one is given: a fault of the authenticator's own.
            let partition = if sso.partition.is_empty() { "aws" } else { "" };
            let (account, name) = (&sso.account_id, &sso.permission_set_name);
            to_lower(&format!(
                "arn:{partition}:iam::{account}:role/AWSReservedSSO_{name}_*"
            ))
            .into()
        }
        _ if mapping.arn.is_ascii() => ascii_lower(&mapping.arn),
        _ => to_lower(&mapping.arn).into(),
    }
}

/// Mappings that match the same identities: one, unless their keys differ and yet fold to the same.
#[derive(Debug)]
struct Rivals<'a> {
    last: &'a Mapping,
    /// All of them, where they are several.
    ids: Option<Arc<[MappingId]>>,
    /// Whether all give the same.
    agree: bool,
}

impl<'a> Rivals<'a> {
    /// Sorts mappings that are kept, in the order of the text, by what their ARNs fold to.
    fn sorted(kept: impl Iterator<Item = &'a Mapping>) -> HashMap<Cow<'a, str>, Self> {
        let mut sorted: HashMap<Cow<'a, str>, Self> = HashMap::with_capacity(kept.size_hint().0);
        let mut several: HashMap<Cow<'a, str>, Vec<MappingId>> = HashMap::new();
        // `sso:` blocks match nobody: the feature gate `SSORoleMatch` is off.
        for mapping in kept.filter(|mapping| !mapping.arn.is_empty()) {
            match sorted.entry(fold(&mapping.arn)) {
                Entry::Vacant(free) => {
                    free.insert(Self {
                        last: mapping,
                        ids: None,
                        agree: true,
                    });
                }
                Entry::Occupied(mut found) => {
                    let ids = several.entry(found.key().clone());
                    let rivals = found.get_mut();
                    ids.or_insert_with(|| vec![rivals.last.id]).push(mapping.id);
                    rivals.agree &= mapping.username == rivals.last.username
                        && mapping.groups == rivals.last.groups;
                    rivals.last = mapping;
                }
            }
        }
        for (folded, ids) in several {
            if let Some(rivals) = sorted.get_mut(&folded) {
                rivals.ids = Some(ids.into());
            }
        }
        sorted
    }
}

/// The mappings that the authenticator keeps, by what their ARNs fold to.
#[derive(Debug)]
struct Store<'a> {
    roles: HashMap<Cow<'a, str>, Rivals<'a>>,
    users: HashMap<Cow<'a, str>, Rivals<'a>>,
    accounts: HashMap<&'a str, &'a Mapping>,
    /// Mappings that were kept until one of the same key came.
    replaced: BTreeMap<MappingId, MappingId>,
}

impl<'a> Store<'a> {
    fn new(reading: &'a Reading) -> Self {
        let mut store = Self {
            roles: HashMap::new(),
            users: HashMap::new(),
            accounts: HashMap::new(),
            replaced: BTreeMap::new(),
        };
        let kept = |section| {
            let kept = reading.mappings.iter();
            kept.filter(move |mapping| mapping.id.section == section && mapping.dropped.is_none())
        };
        let mut roles = HashMap::with_capacity(kept(Section::MapRoles).count());
        let mut users = HashMap::with_capacity(kept(Section::MapUsers).count());
        for mapping in kept(Section::MapRoles) {
            roles.insert(role_key(mapping), mapping);
        }
        for mapping in kept(Section::MapUsers) {
            users.insert(mapping.arn.as_str(), mapping);
        }
        // Every identity has an account, so an empty id is nobody's.
        for mapping in kept(Section::MapAccounts).filter(|mapping| !mapping.arn.is_empty()) {
            store.accounts.insert(&mapping.arn, mapping);
        }
        let mut kept_roles = Vec::with_capacity(roles.len());
        let mut kept_users = Vec::with_capacity(users.len());
        for mapping in &reading.mappings {
            let winner = match mapping.id.section {
                Section::MapRoles => roles.get(&role_key(mapping)),
                Section::MapUsers => users.get(mapping.arn.as_str()),
                Section::MapAccounts => store.accounts.get(mapping.arn.as_str()),
            };
            match winner {
                Some(winner) if winner.id != mapping.id => {
                    store.replaced.insert(mapping.id, winner.id);
                }
                Some(_) if mapping.id.section == Section::MapRoles => kept_roles.push(mapping),
                Some(_) if mapping.id.section == Section::MapUsers => kept_users.push(mapping),
                _ => {}
            }
        }
        store.roles = Rivals::sorted(kept_roles.into_iter());
        store.users = Rivals::sorted(kept_users.into_iter());
        store
    }
}

/// Finds how each mapping relates to the others.
///
/// Role mappings go by their ARN in lower case, user mappings by its exact text, and the last of each counts.
/// Where ARNs still match the same identity, the authenticator takes either. A role mapping hides user mappings of
/// the same ARN, and an account hides nothing and is hidden by nothing but its own repetition.
#[must_use]
pub fn standings(reading: &Reading) -> BTreeMap<MappingId, Standing> {
    let authenticator = Authenticator::new(reading);
    let mappings = reading.mappings.iter();
    mappings
        .map(|mapping| (mapping.id, authenticator.standing(mapping)))
        .collect()
}

/// Answers for identities as the authenticator does.
#[derive(Debug)]
pub struct Authenticator<'a>(Store<'a>);

impl<'a> Authenticator<'a> {
    /// Takes in all mappings that were read.
    #[must_use]
    pub fn new(reading: &'a Reading) -> Self {
        Self(Store::new(reading))
    }

    /// How a mapping that was taken in relates to the others, see [`standings`].
    #[must_use]
    pub fn standing(&self, mapping: &Mapping) -> Standing {
        if mapping.dropped.is_some() {
            return Standing::Dropped;
        }
        if let Some(by) = self.0.replaced.get(&mapping.id) {
            return Standing::Shadowed { by: *by };
        }
        let folded = fold(&mapping.arn);
        let roles = self.0.roles.get(&*folded);
        let rivals = match mapping.id.section {
            Section::MapAccounts => None,
            Section::MapRoles => roles,
            Section::MapUsers => match roles {
                Some(roles) => return Standing::Shadowed { by: roles.last.id },
                None => self.0.users.get(&*folded),
            },
        };
        match rivals.and_then(|rivals| rivals.ids.as_ref()) {
            Some(among) => Standing::Undefined {
                among: Arc::clone(among),
            },
            None => Standing::Effective,
        }
    }

    /// The answer for a canonical ARN: a role's without its path, a user's with it.
    #[must_use]
    pub fn answer(&self, canonical_arn: &str) -> AuthenticatorAnswer {
        let lowered = to_lower(canonical_arn);
        let folded = fold(&lowered);
        let found = self
            .0
            .roles
            .get(&*folded)
            .or_else(|| self.0.users.get(&*folded));
        if let Some(Rivals { last, ids, agree }) = found {
            if let (Some(among), false) = (ids, agree) {
                let among = Arc::clone(among);
                return AuthenticatorAnswer::Undefined { among };
            }
            return AuthenticatorAnswer::Mapped {
                by: last.id,
                username: last.username.clone(),
                groups: last.groups.clone(),
            };
        }
        let mut parts = canonical_arn.splitn(6, ':');
        let account = parts.nth(4).filter(|_| parts.next().is_some());
        match account.and_then(|account| self.0.accounts.get(account)) {
            Some(mapping) => AuthenticatorAnswer::Mapped {
                by: mapping.id,
                username: canonical_arn.to_owned(),
                groups: Vec::new(),
            },
            None => AuthenticatorAnswer::Refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::{AwsAuthText, read};

    fn answer(reading: &Reading, canonical_arn: &str) -> AuthenticatorAnswer {
        Authenticator::new(reading).answer(canonical_arn)
    }

    fn reading(roles: &[&str], users: &[&str], accounts: &[&str]) -> Reading {
        let list = |key: &str, arns: &[&str]| {
            let entry = |(index, arn)| format!("- {key}: \"{arn}\"\n  username: {key}{index}\n");
            let entries: Vec<String> = arns.iter().enumerate().map(entry).collect();
            Some(entries.concat())
        };
        read(&AwsAuthText {
            map_roles: list("rolearn", roles),
            map_users: list("userarn", users),
            map_accounts: Some(format!("[{}]", accounts.join(", "))),
        })
    }

    fn id(text: &str) -> MappingId {
        text.parse().unwrap()
    }

    fn standing(reading: &Reading, mapping: &str) -> Standing {
        standings(reading).remove(&id(mapping)).unwrap()
    }

    fn username(reading: &Reading, arn: &str) -> Option<String> {
        match answer(reading, arn) {
            AuthenticatorAnswer::Mapped { username, .. } => Some(username),
            AuthenticatorAnswer::Undefined { .. } | AuthenticatorAnswer::Refused => None,
        }
    }

    #[test]
    fn the_last_role_mapping_of_an_arn_wins_whatever_its_case() {
        let reading = reading(&["arn:a:role/OPS", "arn:a:role/ops"], &[], &[]);
        assert_eq!(
            standing(&reading, "mapRoles[0]"),
            Standing::Shadowed {
                by: id("mapRoles[1]")
            }
        );
        assert_eq!(standing(&reading, "mapRoles[1]"), Standing::Effective);
        assert_eq!(
            username(&reading, "arn:a:role/Ops").as_deref(),
            Some("rolearn1")
        );
    }

    #[test]
    fn user_mappings_that_differ_in_case_are_undefined() {
        let reading = reading(
            &[],
            &["arn:a:user/bob", "arn:a:user/bob", "arn:a:user/Bob"],
            &[],
        );
        assert_eq!(
            standing(&reading, "mapUsers[0]"),
            Standing::Shadowed {
                by: id("mapUsers[1]")
            }
        );
        assert_eq!(
            standing(&reading, "mapUsers[1]"),
            Standing::Undefined {
                among: [id("mapUsers[1]"), id("mapUsers[2]")].into()
            }
        );
        assert_eq!(
            standing(&reading, "mapUsers[2]"),
            Standing::Undefined {
                among: [id("mapUsers[1]"), id("mapUsers[2]")].into()
            }
        );
        let among = [id("mapUsers[1]"), id("mapUsers[2]")].into();
        assert_eq!(
            answer(&reading, "arn:a:user/bob"),
            AuthenticatorAnswer::Undefined { among }
        );
    }

    #[test]
    fn a_role_mapping_hides_user_mappings_and_accounts() {
        let arn = "arn:aws:iam::111122223333:role/a";
        let reading = reading(
            &[arn],
            &["arn:aws:iam::111122223333:role/A"],
            &["111122223333"],
        );
        assert_eq!(
            standing(&reading, "mapUsers[0]"),
            Standing::Shadowed {
                by: id("mapRoles[0]")
            }
        );
        assert_eq!(standing(&reading, "mapAccounts[0]"), Standing::Effective);
        assert_eq!(username(&reading, arn).as_deref(), Some("rolearn0"));
        let stranger = "arn:aws:iam::111122223333:user/B";
        assert_eq!(username(&reading, stranger).as_deref(), Some(stranger));
        assert_eq!(
            answer(&reading, "arn:aws:iam::444455556666:user/B"),
            AuthenticatorAnswer::Refused
        );
    }

    #[test]
    fn case_is_folded_as_go_folds_it() {
        // The long s is no lower case of S, so both are kept; but folded they are equal, so both match.
        let reading = reading(&["arn:a:role/op\u{17f}", "arn:a:role/ops"], &[], &[]);
        assert_eq!(
            standing(&reading, "mapRoles[0]"),
            Standing::Undefined {
                among: [id("mapRoles[0]"), id("mapRoles[1]")].into()
            }
        );
        assert_eq!(to_lower("\u{130}\u{212A}\u{3A3}"), "ik\u{3c3}");
        assert_ne!(fold("\u{130}"), fold("i"));
        assert_ne!(fold("\u{131}"), fold("I"));
        assert_eq!(fold("\u{1E9E}"), fold("\u{DF}"));
        assert_eq!(fold("\u{3C2}"), fold("\u{3A3}"));
    }

    #[test]
    fn a_mapping_without_a_principal_is_dropped() {
        let reading = reading(&["", "arn:a:role/b"], &[], &[]);
        assert_eq!(standing(&reading, "mapRoles[0]"), Standing::Dropped);
        assert_eq!(standing(&reading, "mapRoles[1]"), Standing::Effective);
    }
}

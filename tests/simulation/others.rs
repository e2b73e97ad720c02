//! What other people do to the cluster while the tool is at work.

use std::collections::BTreeMap;

use aws_auth_migrate::model::{AccessEntry, EntryType, Principal};
use aws_auth_migrate::sandbox::Sandbox;
use serde_json::{Value, json};

use crate::generate::Random;
use crate::picture::written;
use crate::plain::{Person, Written};
use crate::steps::Edit;
use crate::watch::{Switch, Watch, is_about};
use crate::world::CLUSTER;

fn data(mappings: &[Written], accounts: &[String]) -> BTreeMap<String, String> {
    let list = |is_role_section: bool, key: &str| {
        let of = mappings
            .iter()
            .filter(|mapping| mapping.is_role_section == is_role_section);
        let items: Vec<Value> = of
            .map(|mapping| {
                json!({key: mapping.arn, "username": mapping.username, "groups": mapping.groups})
            })
            .collect();
        json!(items).to_string()
    };
    let mut data = BTreeMap::from([
        ("mapRoles".to_owned(), list(true, "rolearn")),
        ("mapUsers".to_owned(), list(false, "userarn")),
    ]);
    if !accounts.is_empty() {
        data.insert("mapAccounts".to_owned(), json!(accounts).to_string());
    }
    data
}

fn standard(person: &Person, groups: &[&str], tag: &str) -> AccessEntry {
    AccessEntry {
        principal_arn: person.arn().parse().unwrap(),
        entry_type: EntryType::Standard,
        username: None,
        kubernetes_groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        tags: BTreeMap::from([("by".to_owned(), tag.to_owned())]),
        access_policies: Vec::new(),
    }
}

/// Does it, and tells the watch whom it is about.
pub(crate) fn edit(
    edit: Edit,
    sandbox: &Sandbox,
    watch: &mut Watch,
    random: &mut Random,
    is_running: bool,
) {
    let before = watch.now(sandbox);
    let state = sandbox.state();
    let (mut mappings, accounts) = written(state.aws_auth.as_ref());
    let people = watch.people().to_vec();
    let person = people[random.below(people.len())].clone();
    let is_mapped = |person: &Person| {
        mappings
            .iter()
            .any(|mapping| is_about(&mapping.arn, person))
    };
    let entry_of = |person: &Person| {
        let mut entries = state.entries.iter();
        entries.find(|live| live.entry.principal_arn.to_string() == person.arn())
    };
    let mut unknown = people
        .iter()
        .filter(|person| !is_mapped(person) && entry_of(person).is_none());
    let has_entries = state.mode.has_access_entries();
    watch.log.push(format!("- somebody else: {edit:?}"));
    let affected: Vec<Person> = match edit {
        Edit::AddMapping => {
            let Some(person) = unknown.next().cloned() else {
                return;
            };
            mappings.push(Written {
                is_role_section: person.is_role,
                arn: person.canonical(),
                username: "new".to_owned(),
                groups: vec!["devs".to_owned()],
            });
            sandbox.edit(|world| world.put_aws_auth(CLUSTER, &data(&mappings, &accounts)));
            vec![person]
        }
        Edit::Label => {
            if state.aws_auth.is_some() {
                let label = random.next().to_string();
                sandbox.edit(|world| {
                    world.edit_aws_auth(CLUSTER, |object| {
                        object["metadata"]["labels"] = json!({ "seen": label });
                    });
                });
            }
            Vec::new()
        }
        Edit::AddEntry => {
            let Some(person) = unknown.next().cloned().filter(|_| has_entries) else {
                return;
            };
            let entry = standard(&person, &["view"], "others");
            sandbox.edit(|world| world.put_entry(CLUSTER, &entry));
            vec![person]
        }
        Edit::ChangeMapping | Edit::RemoveMapping => {
            let Some(at) = (!mappings.is_empty()).then(|| random.below(mappings.len())) else {
                return;
            };
            let arn = mappings[at].arn.clone();
            if edit == Edit::ChangeMapping {
                mappings[at].groups = vec!["ops".to_owned()];
            } else {
                mappings.remove(at);
            }
            sandbox.edit(|world| world.put_aws_auth(CLUSTER, &data(&mappings, &accounts)));
            let about = people.iter().filter(|person| is_about(&arn, person));
            about.cloned().collect()
        }
        Edit::ChangeEntry => {
            if !has_entries {
                return;
            }
            let entry = standard(&person, &["ops"], "others");
            sandbox.edit(|world| world.put_entry(CLUSTER, &entry));
            vec![person]
        }
        Edit::DeleteEntry => {
            sandbox.edit(|world| world.delete_entry(CLUSTER, &person.arn()));
            vec![person]
        }
        Edit::AddBinding => {
            let binding = json!({
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRoleBinding",
                "metadata": { "name": "somebody-elses" },
                "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "custom" },
                "subjects": [{
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "Group",
                    "name": random.pick(&["devs", "view", "system:monitoring", "monitoring"]),
                }],
            });
            sandbox.edit(|world| world.put_object(CLUSTER, &binding));
            people
        }
        Edit::Recreate => {
            let entries = state.entries.iter();
            let of = entries.filter(|live| live.entry.principal_arn.to_string() == person.arn());
            watch
                .iam
                .stale
                .extend(of.filter_map(|live| live.access_entry_arn.clone()));
            watch.recreated.insert(person.clone());
            if let Some(principal) = Principal::from_arn(&person.arn().parse().unwrap()) {
                sandbox.edit(|world| world.create_principal(principal));
            }
            vec![person]
        }
    };
    // It may be in the plan of the program, and was not in the one that was made before it began.
    let is_seen = edit == Edit::AddMapping && watch.is_foreseen && !watch.has_written;
    // What is written during the mode switch is read, and nobody has agreed to what would become of it.
    let is_read = watch.switch == Switch::ToEntries
        && matches!(edit, Edit::ChangeMapping | Edit::RemoveMapping);
    let is_racing = is_running && (is_seen || !(is_apart(edit) || is_read));
    watch.edited(&before, sandbox, &affected, is_racing);
}

/// Whether an edit has nothing to do with anything that the tool does: it has to leave it alone, whenever it is made.
pub(crate) fn is_apart(edit: Edit) -> bool {
    matches!(edit, Edit::AddMapping | Edit::Label | Edit::AddEntry)
}

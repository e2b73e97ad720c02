//! Who has which access at every instant of `apply`, `cutover` and `rollback`: looked at after every change.
//!
//! One window is known and can't be closed: EKS makes an entry by one call and gives it a policy by another, and from
//! the first on the entry hides the mapping. So an administrator's new entry is without its policy until the very next
//! change, one request later; it is never the other way round, and nobody has more than promised.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use aws_auth_migrate::model::{
    AccessEntry, AuthenticationMode, EntryType, PolicyAssociation, Principal,
    access_policy::CLUSTER_ADMIN,
};
use aws_auth_migrate::sandbox::{KubeIdentity, Phase, Sandbox, Seed, SeedEntry};

use crate::apply::is_mutation;
use crate::arc::{cutover, holds, rollback};
use crate::many::{Size, many, update};
use crate::support::{CLUSTER, World, role};
use crate::tell::tell;

/// What somebody may do, as one set: the username, the groups and the policies; cluster-admin by one or the other.
pub(crate) type Access = BTreeSet<String>;
pub(crate) type Everybody = BTreeMap<String, Access>;

/// The cluster after a change.
struct Sample {
    /// Which call was made, and for whom where it is about one principal.
    change: (String, Option<String>),
    everybody: Everybody,
}

fn access(identity: Option<KubeIdentity>) -> Access {
    let Some(identity) = identity else {
        return Access::new();
    };
    let admin = || "admin".to_owned();
    let group = |group: &String| match group.as_str() {
        "system:masters" => admin(),
        group => format!("group {group}"),
    };
    let policy = |held: &PolicyAssociation| match held.name() {
        CLUSTER_ADMIN => admin(),
        name => format!("policy {name} ({})", held.access_scope),
    };
    std::iter::once(format!("user {}", identity.username))
        .chain(identity.groups.iter().map(group))
        .chain(identity.policies.iter().map(policy))
        .collect()
}

/// What the cluster gives to everybody now.
pub(crate) fn everybody(sandbox: &Sandbox, principals: &[Principal]) -> Everybody {
    sandbox.edit(|world| {
        let of = |principal: &Principal| {
            let given = world.admits(CLUSTER, principal, "i-0123456789abcdef0");
            (principal.to_string(), access(given))
        };
        principals.iter().map(of).collect()
    })
}

/// Looks after every request that may have changed something.
fn sample(world: &World, principals: &[Principal]) -> Arc<Mutex<Vec<Sample>>> {
    let samples = Arc::new(Mutex::new(Vec::new()));
    let (taken, sandbox) = (Arc::clone(&samples), world.sandbox.clone());
    let principals = principals.to_vec();
    world.sandbox.on_request(move |phase, request| {
        let writes = ["create", "update", "patch", "delete"];
        // EKS makes the switch, and its own entries, while it is asked how far it is.
        let is_change = is_mutation(&request.operation)
            || request.operation == "DescribeUpdate"
            || writes
                .iter()
                .any(|verb| request.operation == format!("{verb} configmaps"));
        if phase == Phase::After && is_change {
            let body: serde_json::Value = serde_json::from_str(&request.body).unwrap_or_default();
            // A create names the principal in its body, every other call in its path.
            let of = body["principalArn"].as_str().map(ToOwned::to_owned);
            let of = of.or_else(|| {
                let path = request.path.replace("%3A", ":").replace("%2F", "/");
                let named = principals.iter().map(ToString::to_string);
                named
                    .max_by_key(|arn| usize::from(path.contains(arn.as_str())) * arn.len())
                    .filter(|arn| path.contains(arn.as_str()))
            });
            taken.lock().unwrap().push(Sample {
                change: (request.operation.clone(), of),
                everybody: everybody(&sandbox, &principals),
            });
        }
    });
    samples
}

/// Where the samples break the promise: less than before and after have in common, or more than either has.
///
/// Returns how often the known window was open, too.
fn broken(before: &Everybody, promised: &Everybody, samples: &[Sample]) -> (Vec<String>, usize) {
    let mut broken = Vec::new();
    let mut windows = 0;
    for (index, sample) in samples.iter().enumerate() {
        for (arn, has) in &sample.everybody {
            let (old, new) = (&before[arn], &promised[arn]);
            let least: Access = old.intersection(new).cloned().collect();
            let most: Access = old.union(new).cloned().collect();
            let lacks: Access = least.difference(has).cloned().collect();
            let beyond: Access = has.difference(&most).cloned().collect();
            let follows = samples.get(index + 1).map(|next| &next.change);
            let is_window = sample.change == ("CreateAccessEntry".to_owned(), Some(arn.clone()))
                && follows == Some(&("AssociateAccessPolicy".to_owned(), Some(arn.clone())))
                && lacks == Access::from(["admin".to_owned()]);
            windows += usize::from(is_window);
            if !beyond.is_empty() || !(lacks.is_empty() || is_window) {
                broken.push(format!(
                    "after {:?}: {arn} lacks {lacks:?} and has {beyond:?} beside",
                    sample.change
                ));
            }
        }
    }
    (broken, windows)
}

/// Entries of every kind that are there before: one that differs, one that is dead, one of a wrong type, and an
/// administrator's with a lesser policy.
fn preexisting() -> Seed {
    let mut seed = many(Size {
        admins: 3,
        people: 2,
        differing: 2,
        stale: 1,
        wrong_type: 1,
    });
    seed.entries.push(SeedEntry {
        entry: AccessEntry {
            principal_arn: role("admin0").parse().unwrap(),
            entry_type: EntryType::Standard,
            username: Some("admin0".to_owned()),
            kubernetes_groups: Vec::new(),
            tags: BTreeMap::new(),
            access_policies: vec![PolicyAssociation::cluster_wide(
                "aws",
                "AmazonEKSViewPolicy",
            )],
        },
        stale: false,
    });
    seed
}

pub(crate) fn principals(seed: &Seed) -> Vec<Principal> {
    let roles = seed.principals.iter();
    roles.map(|known| known.principal.clone()).collect()
}

/// What the mappings alone give, and so what everybody is promised; the cluster's creator needs none.
async fn promised(mut seed: Seed, before: &Everybody) -> Everybody {
    let creator = seed.creator.to_string();
    let known = principals(&seed);
    seed.entries
        .retain(|entry| entry.entry.principal_arn.to_string() == creator);
    let world = World::start(seed).await;
    let mut promised = everybody(&world.sandbox, &known);
    if let Some(has) = before.get(&creator) {
        promised.insert(creator, has.clone());
    }
    promised
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_more_or_less_than_promised_at_any_instant() {
    let world = World::start(preexisting()).await;
    let known = principals(&preexisting());
    let before = everybody(&world.sandbox, &known);
    let promised = promised(preexisting(), &before).await;
    let held = holds(&world);
    let samples = sample(&world, &known);
    let check = |step: &str| -> (usize, usize) {
        let taken = std::mem::take(&mut *samples.lock().unwrap());
        assert!(!taken.is_empty(), "{step} changed nothing");
        let (broken, windows) = broken(&before, &promised, &taken);
        assert_eq!(broken, Vec::<String>::new(), "{step}");
        (taken.len(), windows)
    };
    let apply = || update(&world).args(&["--concurrency", "1"]);

    apply().run().expect_code(0);
    assert_eq!(everybody(&world.sandbox, &known), promised);
    let (mut count, windows) = check("apply");
    assert_eq!(windows, 2, "one for each new administrator");
    cutover(&world).run().expect_code(0);
    assert_eq!(everybody(&world.sandbox, &known), promised);
    count += check("cutover").0;
    rollback(&world).run().expect_code(0);
    assert_eq!(everybody(&world.sandbox, &known), before);
    let (more, windows) = check("rollback");
    count += more;
    assert_eq!(windows, 0);
    // All is back but the entry that let nobody in.
    let mut expected = held;
    expected.1.remove(&role("stale0"));
    assert_eq!(holds(&world), expected);

    apply().run().expect_code(0);
    count += check("the second apply").0;
    cutover(&world).run().expect_code(0);
    count += check("the second cutover").0;
    assert_eq!(everybody(&world.sandbox, &known), promised);
    tell(&format!(
        "samples of everybody's access: {count} of {} principals, broken promises: 0",
        known.len()
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mode_switches_there_and_on_change_nobodys_access() {
    let seed = || {
        many(Size {
            admins: 2,
            people: 2,
            differing: 0,
            stale: 0,
            wrong_type: 0,
        })
    };
    let world = World::start(seed()).await;
    assert_eq!(world.sandbox.state().mode, AuthenticationMode::ConfigMap);
    let known = principals(&seed());
    let before = everybody(&world.sandbox, &known);
    let samples = sample(&world, &known);
    let take = || std::mem::take(&mut *samples.lock().unwrap());

    let apply = update(&world).args(&["--concurrency", "1"]);
    apply.run().expect_code(0);
    let applied = take();
    let (lost, windows) = broken(&before, &before, &applied);
    assert_eq!((lost, windows), (Vec::new(), 2));
    let to_api = cutover(&world).args(&["--to-api-mode", "--min-soak", "0s"]);
    to_api.run().expect_code(0);
    assert_eq!(world.sandbox.state().mode, AuthenticationMode::Api);
    let switched = take();
    assert_eq!(broken(&before, &before, &switched), (Vec::new(), 0));
    assert_eq!(everybody(&world.sandbox, &known), before);
    tell(&format!(
        "samples of everybody's access through both mode switches: {} of {} principals, broken promises: 0",
        applied.len() + switched.len(),
        known.len()
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_principals_at_a_time_change_nothing_about_it() {
    let world = World::start(preexisting()).await;
    let known = principals(&preexisting());
    let before = everybody(&world.sandbox, &known);
    let promised = promised(preexisting(), &before).await;
    let samples = sample(&world, &known);
    update(&world).run().expect_code(0);
    let taken = samples.lock().unwrap();
    // Calls for others may lie between the two of a window, so that only its own are looked at.
    for known in &known {
        let arn = known.to_string();
        let own: Vec<Sample> = taken
            .iter()
            .filter(|sample| sample.change.1.as_ref() == Some(&arn))
            .map(|sample| Sample {
                change: sample.change.clone(),
                everybody: BTreeMap::from([(arn.clone(), sample.everybody[&arn].clone())]),
            })
            .collect();
        let (broken, _) = broken(&before, &promised, &own);
        assert_eq!(broken, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_watch_sees_a_policy_that_is_taken_too_early() {
    let arn = role("admin0");
    let everybody = |access: &[&str]| -> Everybody {
        let access = access.iter().map(|word| (*word).to_owned()).collect();
        BTreeMap::from([(arn.clone(), access)])
    };
    let both = everybody(&["user a", "admin"]);
    let after = |operation: &str, access: &[&str]| Sample {
        change: (operation.to_owned(), Some(arn.clone())),
        everybody: everybody(access),
    };
    let less = [after("DisassociateAccessPolicy", &["user a"])];
    assert_eq!(broken(&both, &both, &less).0.len(), 1);
    let more = [after("UpdateAccessEntry", &["user a", "admin", "group b"])];
    assert_eq!(broken(&both, &both, &more).0.len(), 1);
    let window = [
        after("CreateAccessEntry", &["user a"]),
        after("AssociateAccessPolicy", &["user a", "admin"]),
    ];
    assert_eq!(broken(&both, &both, &window), (Vec::new(), 1));
    assert_eq!(broken(&both, &both, &window[..1]).0.len(), 1);
}

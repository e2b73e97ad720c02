//! Many clusters in several accounts and regions, through one sandbox.

mod apply;
mod bad_input;
mod decisions;
mod discover;
mod look;
mod runbooks;
mod scale;
mod shards;
#[cfg(feature = "s3")]
mod shared;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_auth_migrate::model::AuthenticationMode;
use aws_auth_migrate::sandbox::{ClusterSeed, Phase, Seed, UpdateTime};
use serde_json::{Value, json};

use crate::support::{ACCOUNT, Ran, World};

/// The account beside the caller's own.
pub(super) const SECOND: &str = "444455556666";
/// Another one.
pub(super) const THIRD: &str = "777788889999";
/// An account whose role nobody may assume.
pub(super) const CLOSED: &str = "123456789012";

/// An administrator, developers, and a group that EKS refuses.
const TEXT: &str = "\
- rolearn: arn:aws:iam::ACCOUNT:role/ops
  username: ops
  groups: [system:masters]
- rolearn: arn:aws:iam::ACCOUNT:role/dev
  username: dev
  groups: [developers]
- rolearn: arn:aws:iam::ACCOUNT:role/legacy
  username: legacy
  groups: [system:monitoring]
";

/// The same without what needs a decision.
pub(super) fn plain() -> String {
    let end = TEXT
        .find("- rolearn: arn:aws:iam::ACCOUNT:role/legacy")
        .unwrap();
    TEXT[..end].to_owned()
}

/// A cluster that the role `Migrate` of its account made.
pub(super) fn cluster(account: &str, region: &str, name: &str, text: &str) -> Seed {
    let seed = ClusterSeed {
        name: name.to_owned(),
        region: region.to_owned(),
        account_id: account.to_owned(),
        ..ClusterSeed::default()
    };
    let role = |name: &str| format!("arn:aws:iam::{account}:role/{name}");
    let roles = ["ops", "dev", "legacy", "Migrate"].map(role);
    let mut seed = Seed::new(seed).with_principals(roles.iter().map(String::as_str));
    seed.creator = role("Migrate").parse().unwrap();
    if account == ACCOUNT {
        seed.creator = role("Admin").parse().unwrap();
    }
    if !text.is_empty() {
        let text = text.replace("ACCOUNT", account);
        seed = seed.with_aws_auth(BTreeMap::from([("mapRoles".to_owned(), text)]));
    }
    // Whoever is in the group can do something, so that its name matters.
    seed.objects.push(json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "monitoring"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:monitoring"}],
    }));
    seed.switch.takes = UpdateTime::Millis(100);
    seed
}

/// Three accounts and four regions: a cluster being updated, one in the mode API, one without aws-auth, and a fourth
/// account that is closed.
pub(super) async fn world() -> World {
    let mut updating = cluster(SECOND, "eu-west-1", "updating", &plain());
    "UPDATING".clone_into(&mut updating.cluster.status);
    let seed = cluster(ACCOUNT, "eu-west-1", "shop", TEXT)
        .with_neighbour(
            cluster(ACCOUNT, "us-east-1", "moved", "").switched_to(AuthenticationMode::Api),
        )
        .with_neighbour(cluster(SECOND, "eu-central-1", "shop", TEXT))
        .with_neighbour(updating)
        .with_neighbour(cluster(THIRD, "ap-south-1", "bare", ""))
        .with_neighbour(cluster(THIRD, "eu-west-1", "web", &plain()));
    World::start(seed).await
}

/// Lets the update of that world's cluster end once the tool has looked at it several times.
pub(super) fn let_the_update_end(world: &World) {
    let looks = AtomicUsize::new(0);
    let sandbox = world.sandbox.clone();
    world.sandbox.on_request(move |phase, request| {
        let is_look = phase == Phase::Before && request.path == "/clusters/updating";
        if is_look && looks.fetch_add(1, Ordering::SeqCst) == 4 {
            let cluster = format!("arn:aws:eks:eu-west-1:{SECOND}:cluster/updating");
            sandbox.edit(|world| world.set_status(&cluster, "ACTIVE"));
        }
    });
}

/// The fleet file of that world.
pub(super) fn fleet_file(world: &World) -> PathBuf {
    world.write(
        "fleet.yaml",
        &format!(
            "schema: aws-auth-migrate/fleet/v1
defaults:
  region: eu-west-1
clusters:
- name: shop
  account: '{ACCOUNT}'
- name: moved
  region: us-east-1
  account: '{ACCOUNT}'
- name: shop
  region: eu-central-1
  role: arn:aws:iam::{SECOND}:role/Migrate
- name: updating
  role: arn:aws:iam::{SECOND}:role/Migrate
- name: bare
  region: ap-south-1
  account: '{THIRD}'
  role: Migrate
- name: web
  account: '{THIRD}'
  role: Migrate
- name: vault
  region: us-east-1
  account: '{CLOSED}'
  role: Migrate
"
        ),
    )
}

/// `fleet VERB --fleet FILE` and more.
pub(super) fn fleet(world: &World, verb: &str, more: &[&str]) -> Ran {
    let file = fleet_file(world);
    world
        .bare(&["fleet", verb, "--progress", "none", "--fleet"])
        .arg(file)
        .args(more)
        .run()
}

/// The row of a cluster.
#[track_caller]
pub(super) fn row<'a>(report: &'a Value, cluster: &str) -> &'a Value {
    let rows = report["rows"].as_array().unwrap();
    let name = |row: &Value| {
        let part = |name: &str| row["cluster"][name].as_str().unwrap().to_owned();
        format!("{}/{}/{}", part("account"), part("region"), part("name"))
    };
    rows.iter()
        .find(|row| name(row) == cluster)
        .unwrap_or_else(|| panic!("no row {cluster} in {report:#}"))
}

/// The states of all rows, by cluster.
pub(super) fn states(report: &Value) -> Vec<String> {
    let rows = report["rows"].as_array().unwrap().iter();
    rows.map(|row| {
        format!(
            "{}/{}/{} {}",
            row["cluster"]["account"].as_str().unwrap(),
            row["cluster"]["region"].as_str().unwrap(),
            row["cluster"]["name"].as_str().unwrap(),
            row["state"].as_str().unwrap()
        )
    })
    .collect()
}

//! What a fleet file says of its clusters, and what is refused in it.

use super::*;

const HEAD: &str = "schema: aws-auth-migrate/fleet/v1\n";

fn taken(text: &str) -> Fleet {
    read(&format!("{HEAD}{text}"), Path::new("fleets")).unwrap()
}

fn refused(text: &str) -> String {
    read(&format!("{HEAD}{text}"), Path::new(""))
        .unwrap_err()
        .to_string()
}

#[test]
fn a_cluster_takes_what_it_does_not_say_from_the_defaults() {
    let fleet = taken(
        "defaults:\n  region: eu-west-1\n  role: team/migrate\n  decisions: all.yaml\nclusters:\n- name: b\n  account: \
         '111122223333'\n- name: a\n  account: '111122223333'\n  region: cn-north-1\n  decisions: /a.yaml\n  canary: true\n",
    );
    let [a, b] = &fleet.members[..] else {
        panic!("{fleet:?}")
    };
    assert_eq!(a.identity().to_string(), "111122223333/cn-north-1/a");
    let role = |member: &Member| member.reach.role.as_ref().unwrap().to_string();
    assert_eq!(role(a), "arn:aws-cn:iam::111122223333:role/team/migrate");
    assert_eq!(role(b), "arn:aws:iam::111122223333:role/team/migrate");
    assert_eq!(a.decisions.as_deref(), Some(Path::new("/a.yaml")));
    assert_eq!(b.decisions.as_deref(), Some(Path::new("fleets/all.yaml")));
    assert!(a.canary && !b.canary);
}

#[test]
fn what_has_no_meaning_is_refused_with_its_line() {
    for (text, problem) in [
        (
            "clusters:\n- name: a\n  regoin: x\n",
            "unknown field `regoin`",
        ),
        ("clusters:\n- name: a\n  regoin: x\n", "line 4"),
        ("clusters: []\n", "it lists no cluster"),
        (
            "clusters:\n- name: a\n",
            "clusters[0] on line 3: the cluster `a` has no region",
        ),
        (
            "clusters:\n- {name: a, region: eu-west-1}\n- name: a/b\n  region: eu-west-1\n",
            "on line 4: `a/b` can't be",
        ),
        (
            "clusters:\n- {name: a, region: Europe}\n",
            "`Europe` is not the name of a region",
        ),
        (
            "clusters:\n- {name: a, region: eu-west-1, account: '12'}\n",
            "`12` is not an account id",
        ),
        (
            "clusters:\n- {name: a, region: eu-west-1, role: migrate}\n",
            "set `account`, or write the role's ARN",
        ),
        (
            "clusters:\n- {name: a, region: eu-west-1, account: '111122223333', role: 'arn:aws:iam::444455556666:role/m'}\n",
            "in another one",
        ),
        (
            "clusters:\n- {name: a, region: eu-west-1, role: 'arn:aws:iam::444455556666:user/m'}\n",
            "is not the ARN of an IAM role",
        ),
    ] {
        let message = refused(text);
        assert!(message.contains(problem), "{message}");
    }
    let other = read(
        "schema: aws-auth-migrate/plan/v1\nclusters: []\n",
        Path::new(""),
    );
    assert_eq!(
        other.unwrap_err().to_string(),
        "its `schema` is `aws-auth-migrate/plan/v1`, not `aws-auth-migrate/fleet/v1`"
    );
}

#[test]
fn a_cluster_that_is_there_twice_is_refused_with_both_lines() {
    let message = refused(
        "defaults: {region: eu-west-1, account: '111122223333'}\nclusters:\n  # the first\n  - name: a\n  - name: b\n\n  \
         - name: a\n    region: eu-west-1\n",
    );
    assert_eq!(
        message,
        "clusters[2] on line 8: the cluster 111122223333/eu-west-1/a is already listed at clusters[0] on line 5"
    );
    // The same name elsewhere is another cluster.
    let two = "defaults: {region: eu-west-1}\nclusters:\n- {name: a, account: '111122223333'}\n- {name: a, account: \
               '444455556666'}\n";
    assert_eq!(taken(two).members.len(), 2);
}

#[test]
fn a_fleet_is_the_same_fleet_in_whatever_order_it_is_written() {
    let one = taken("defaults: {region: eu-west-1}\nclusters: [{name: a}, {name: b}]\n");
    let other = taken("clusters: [{name: b, region: eu-west-1}, {name: a, region: eu-west-1}]\n");
    assert_eq!(one, other);
    let more = taken("clusters: [{name: a, region: eu-west-1}]\n");
    assert_ne!(one.digest, more.digest);
}

#[test]
fn a_fleet_that_is_written_down_reads_back_the_same() {
    let fleet = taken(
        "defaults: {region: eu-west-1, role: m, externalId: x, lookupRoles: {'444455556666': \
         'arn:aws:iam::444455556666:role/look'}}\nclusters:\n- {name: a, account: '111122223333', canary: true, \
         kubeconfig: /k, context: c}\n",
    );
    let text = serde_json::to_string(&fleet.to_file()).unwrap();
    assert_eq!(read(&text, Path::new("elsewhere")).unwrap(), fleet);
}

//! The Kubernetes API, as far as config maps, namespaces, nodes and RBAC objects go.
//!
//! Source: Kubernetes, "Kubernetes API Concepts".

pub(super) mod admission;
mod apply;
mod check;
mod discovery;
mod escalation;
pub(super) mod finalizers;
pub(super) mod nodes;
pub(super) mod objects;
mod patch;
mod patching;
mod path;
mod request;
mod review;
mod rights;
mod status;
mod store;
mod token;
mod write;

use hyper::Method;

use super::faults::FaultKind;
use super::limits::KubernetesRights;
use super::login::{self, KubeIdentity};
use super::percent;
use super::state::World;
use super::wire::{Call, Reply};
use path::ResourcePath;
use rights::ApiAttributes;
use status::StatusError;

/// The operation's name, such as `patch configmaps`; of a dry run `dry-run patch configmaps`.
pub(super) fn operation(call: &Call) -> String {
    let segments = percent::segments(&call.path);
    let dry_run = if request::is_dry_run(call) {
        "dry-run "
    } else {
        ""
    };
    match ResourcePath::of(&segments) {
        Some(target) => format!("{dry_run}{} {}", verb(call, &target), target.plural),
        None => format!("{} {}", call.method.as_str().to_lowercase(), call.path),
    }
}

/// What a fault looks like here.
pub(super) fn fault(kind: FaultKind) -> Option<Reply> {
    let (code, reason, message) = match kind {
        FaultKind::Throttle | FaultKind::ThrottleRetryAfter(_) => (
            429,
            "TooManyRequests",
            "the server has received too many requests and has asked us to try again later"
                .to_owned(),
        ),
        FaultKind::InternalError => (500, "InternalError", "Internal error occurred".to_owned()),
        FaultKind::Unavailable => (
            503,
            "ServiceUnavailable",
            "the server is currently unable to handle the request".to_owned(),
        ),
        FaultKind::ListExpired => (
            410,
            "Expired",
            "The provided continue parameter is too old to display a consistent list result."
                .to_owned(),
        ),
        FaultKind::ExpiredCredentials => (401, "Unauthorized", "Unauthorized".to_owned()),
        _ => return None,
    };
    let reply = StatusError::new(code, reason, message).reply();
    Some(match kind {
        FaultKind::ThrottleRetryAfter(seconds) => reply.with("retry-after", seconds.to_string()),
        _ => reply,
    })
}

/// Answers a request to one cluster; the second value is the username.
pub(super) fn answer(
    world: &mut World,
    cluster: &str,
    call: &Call,
    denied: bool,
) -> (Reply, Option<String>) {
    super::eks::switch::settle(world);
    nodes::settle(world, cluster);
    let segments = percent::segments(&call.path);
    let public = matches!(
        segments.iter().map(String::as_str).collect::<Vec<_>>()[..],
        ["version" | "healthz" | "livez" | "readyz"]
    );
    let Some(who) = authenticate(world, cluster, call) else {
        if public && call.header("authorization").is_none() {
            let reply = public_answer(world, cluster, &segments);
            return (reply, Some("system:anonymous".to_owned()));
        }
        return (StatusError::unauthorized().reply(), None);
    };
    let username = who.username.clone();
    let result = if public {
        Ok(public_answer(world, cluster, &segments))
    } else {
        serve(world, cluster, call, &segments, who, denied)
    };
    let reply = result.unwrap_or_else(|status| status.reply());
    (reply, Some(username))
}

fn public_answer(world: &World, cluster: &str, segments: &[String]) -> Reply {
    let version = &world.clusters[cluster].seed.kubernetes_version;
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    match discovery::document(&path, version) {
        Some(document) => Reply::json(200, &document),
        None => Reply {
            status: 200,
            headers: vec![("content-type", "text/plain".to_owned())],
            body: b"ok".to_vec(),
        },
    }
}

fn serve(
    world: &mut World,
    name: &str,
    call: &Call,
    segments: &[String],
    who: KubeIdentity,
    denied: bool,
) -> Result<Reply, StatusError> {
    let (now, cap, rights) = (
        world.now(),
        world.limits.page_size,
        world.rights.kubernetes.clone(),
    );
    let admissions = world.admissions.clone();
    let who = impersonate(call, who)?;
    let cluster = world
        .clusters
        .get_mut(name)
        .ok_or_else(StatusError::no_such_path)?;
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    if call.method == Method::GET
        && let Some(document) = discovery::document(&path, &cluster.seed.kubernetes_version)
    {
        return Ok(Reply::json(200, &document));
    }
    let target = ResourcePath::of(segments).ok_or_else(StatusError::no_such_path)?;
    let verb = verb(call, &target);
    let Some(resource) = target.resource else {
        return review::answer(&rights, &cluster.objects, &who, call, &target);
    };
    let attempt = ApiAttributes {
        verb,
        group: resource.group,
        resource: resource.plural,
        namespace: &target.namespace,
        name: &target.name,
    };
    if denied || !rights::allowed(&rights, &cluster.objects, &who, &attempt) {
        return Err(forbidden(&who, &attempt));
    }
    let request = request::ObjectRequest {
        call,
        pairs: call.pairs(),
        target: &target,
        resource,
        now: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        cap,
        admissions: &admissions,
    };
    if verb == "create" {
        escalation::check(&rights, &cluster.objects, &who, &request)?;
    }
    match verb {
        "get" => store::get(&cluster.objects, &request),
        "list" => store::list(&cluster.objects, &request),
        "create" => store::create(&mut cluster.objects, &request),
        "update" => store::update(&mut cluster.objects, &request),
        "patch" => patching::patch(&mut cluster.objects, &request),
        "delete" => store::delete(&mut cluster.objects, &request),
        _ => Err(StatusError::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )),
    }
}

/// The API's word for what is done.
fn verb(call: &Call, target: &ResourcePath) -> &'static str {
    let one = !target.name.is_empty();
    let watch = percent::value(&call.pairs(), "watch")
        .is_some_and(|value| value != "false" && value != "0");
    match (call.method.as_str(), one) {
        ("GET", true) => "get",
        ("GET", false) if watch => "watch",
        ("GET", false) => "list",
        ("POST", false) => "create",
        ("PUT", true) => "update",
        ("PATCH", true) => "patch",
        ("DELETE", true) => "delete",
        ("DELETE", false) => "deletecollection",
        _ => "other",
    }
}

fn authenticate(world: &World, name: &str, call: &Call) -> Option<KubeIdentity> {
    let cluster = world.clusters.get(name)?;
    let token = call
        .header("authorization")?
        .strip_prefix("Bearer ")?
        .trim();
    if token == cluster.admin_token {
        // With rules of its own to obey it must not be a member of the group that may do all.
        let free = matches!(world.rights.kubernetes, KubernetesRights::Everything);
        return Some(KubeIdentity {
            username: "kubernetes-admin".to_owned(),
            groups: free
                .then(|| "system:masters".to_owned())
                .into_iter()
                .collect(),
            policies: Vec::new(),
        });
    }
    let seed = &cluster.seed;
    let (identity, key) = token::identity(world, &seed.name, &seed.partition, token)?;
    login::admit(cluster, &identity, &key)
}

/// Takes on another identity, which only members of `system:masters` may.
///
/// Access policies don't hold while impersonating.
/// Source: EKS User Guide, "Associate access policies with access entries".
fn impersonate(call: &Call, who: KubeIdentity) -> Result<KubeIdentity, StatusError> {
    let Some(user) = call.header("impersonate-user") else {
        return Ok(who);
    };
    if !who.groups.iter().any(|group| group == "system:masters") {
        return Err(StatusError::new(
            403,
            "Forbidden",
            format!(
                "users \"{user}\" is forbidden: User \"{}\" cannot impersonate resource \"users\" in API group \"\" at the \
                 cluster scope",
                who.username
            ),
        ));
    }
    let groups = call.headers.get_all("impersonate-group").iter();
    let groups = groups.filter_map(|group| group.to_str().ok());
    Ok(KubeIdentity {
        username: user.to_owned(),
        groups: groups.map(str::to_owned).collect(),
        policies: Vec::new(),
    })
}

fn forbidden(who: &KubeIdentity, attempt: &ApiAttributes<'_>) -> StatusError {
    let ApiAttributes {
        verb,
        group,
        resource,
        namespace,
        name,
    } = attempt;
    let qualified = if group.is_empty() {
        (*resource).to_owned()
    } else {
        format!("{resource}.{group}")
    };
    let named = if name.is_empty() {
        String::new()
    } else {
        format!(" \"{name}\"")
    };
    let place = if namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace \"{namespace}\"")
    };
    StatusError::new(
        403,
        "Forbidden",
        format!(
            "{qualified}{named} is forbidden: User \"{}\" cannot {verb} resource \"{resource}\" in API group \"{group}\" {place}",
            who.username
        ),
    )
}

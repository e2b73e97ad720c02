//! IAM, as far as roles and users are looked up.
//!
//! Each account has its own; the credentials tell which one is asked.
//! Source: IAM API Reference, `GetRole`, `GetUser`, `ListRoles`, `ListUsers`.

use crate::model::PrincipalKind;

use super::aws::{self, ErrorReply, SandboxService};
use super::percent;
use super::policy::{Decision, IamRequest};
use super::seed::IamPrincipal;
use super::state::{Credential, World};
use super::wire::{Call, Reply};
use super::xml::{self, leaf};

const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// An error in IAM's dress.
pub(super) fn error(error: &ErrorReply, request_id: &str) -> Reply {
    xml::error(NAMESPACE, error, request_id)
}

/// Answers a request.
pub(super) fn answer(
    world: &World,
    call: &Call,
    credential: &Credential,
    request_id: &str,
    denied: bool,
) -> Result<Reply, ErrorReply> {
    let form = percent::form(&call.body);
    let action = percent::value(&form, "Action").unwrap_or_default();
    let (kind, list) = match action {
        "SimulatePrincipalPolicy" => {
            let result = simulate(world, credential, &form, denied)?;
            return Ok(xml::reply(NAMESPACE, action, &result, request_id));
        }
        "GetRole" => (PrincipalKind::Role, false),
        "GetUser" => (PrincipalKind::User, false),
        "ListRoles" => (PrincipalKind::Role, true),
        "ListUsers" => (PrincipalKind::User, true),
        _ => {
            return Err(ErrorReply::new(
                400,
                "InvalidAction",
                format!("Could not find operation {action} for version 2010-05-08"),
            ));
        }
    };
    let result = if list {
        authorize(world, credential, action, kind, "", denied)?;
        list_page(world, credential, kind, &form)?
    } else {
        let name = asked_name(&form, kind, credential)?;
        authorize(world, credential, action, kind, &name, denied)?;
        one(world, credential, kind, &name)?
    };
    Ok(xml::reply(NAMESPACE, action, &result, request_id))
}

fn authorize(
    world: &World,
    credential: &Credential,
    action: &str,
    kind: PrincipalKind,
    name: &str,
    denied: bool,
) -> Result<(), ErrorReply> {
    let caller = &credential.identity.principal;
    // What exists is known by its whole ARN, path included.
    let known = of_account(world, credential, kind).find(|known| known.principal.name == name);
    let resource = known.map_or_else(
        || {
            let kind = label(kind).to_lowercase();
            format!(
                "arn:{}:iam::{}:{kind}/{name}",
                caller.partition, caller.account
            )
        },
        |known| known.principal.to_string(),
    );
    aws::authorize(
        world,
        credential,
        SandboxService::Iam,
        &format!("iam:{action}"),
        &resource,
        denied,
    )
}

/// What the caller's policy would answer; other identities have none here.
///
/// Source: IAM API Reference, `SimulatePrincipalPolicy`.
fn simulate(
    world: &World,
    credential: &Credential,
    form: &[(String, String)],
    denied: bool,
) -> Result<String, ErrorReply> {
    let list = |prefix: &str| -> Vec<&str> {
        (1..)
            .map_while(|index| percent::value(form, &format!("{prefix}.member.{index}")))
            .collect()
    };
    let source = percent::value(form, "PolicySourceArn").unwrap_or_default();
    let action = "iam:SimulatePrincipalPolicy";
    aws::authorize(
        world,
        credential,
        SandboxService::Iam,
        action,
        source,
        denied,
    )?;
    if source != credential.identity.principal.to_string() {
        let message = format!("The entity {source} cannot be found.");
        return Err(ErrorReply::new(404, "NoSuchEntity", message));
    }
    let actions = list("ActionNames");
    if actions.is_empty() {
        return Err(ErrorReply::new(
            400,
            "ValidationError",
            "1 validation error detected: Value null at 'actionNames' failed to satisfy constraint: Member must not be null",
        ));
    }
    let mut resources = list("ResourceArns");
    if resources.is_empty() {
        resources.push("*");
    }
    let context: Vec<(&str, &str)> = (1..)
        .map_while(|index| {
            let entry = format!("ContextEntries.member.{index}");
            let key = percent::value(form, &format!("{entry}.ContextKeyName"))?;
            let value = percent::value(form, &format!("{entry}.ContextKeyValues.member.1"))?;
            Some((key, value))
        })
        .collect();
    let mut members = String::new();
    for action in &actions {
        for resource in &resources {
            let attempt = IamRequest {
                action,
                resource,
                context: &context,
            };
            let decision = match aws::decide(world, credential, &attempt) {
                Decision::Allowed => "allowed",
                Decision::ImplicitDeny => "implicitDeny",
                Decision::ExplicitDeny => "explicitDeny",
            };
            let result = [
                leaf("EvalActionName", action),
                leaf("EvalResourceName", resource),
                leaf("EvalDecision", decision),
            ];
            members += &format!("<member>{}</member>", result.concat());
        }
    }
    let truncated = leaf("IsTruncated", "false");
    Ok(format!(
        "<EvaluationResults>{members}</EvaluationResults>{truncated}"
    ))
}

/// The name asked for; `GetUser` without one means the caller.
fn asked_name(
    form: &[(String, String)],
    kind: PrincipalKind,
    credential: &Credential,
) -> Result<String, ErrorReply> {
    let field = format!("{}Name", label(kind));
    let caller = &credential.identity.principal;
    match percent::value(form, &field) {
        Some(name) if !name.is_empty() && name.bytes().all(allowed_in_name) => Ok(name.to_owned()),
        None if kind == PrincipalKind::User && caller.kind == PrincipalKind::User => {
            Ok(caller.name.to_string())
        }
        None if kind == PrincipalKind::User => Err(ErrorReply::new(
            400,
            "ValidationError",
            "Must specify userName when calling with non-User credentials",
        )),
        _ => {
            let field = format!("{}Name", label(kind).to_lowercase());
            Err(ErrorReply::new(
                400,
                "ValidationError",
                format!(
                    "The specified value for {field} is invalid. It must contain only alphanumeric characters and/or the \
                     following: +=,.@_-"
                ),
            ))
        }
    }
}

fn allowed_in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte)
}

fn of_account<'a>(
    world: &'a World,
    credential: &'a Credential,
    kind: PrincipalKind,
) -> impl Iterator<Item = &'a IamPrincipal> {
    let account = &credential.identity.principal.account;
    world
        .principals
        .iter()
        .filter(move |known| known.principal.kind == kind && known.principal.account == *account)
}

fn one(
    world: &World,
    credential: &Credential,
    kind: PrincipalKind,
    name: &str,
) -> Result<String, ErrorReply> {
    let found = of_account(world, credential, kind).find(|known| known.principal.name == name);
    let label = label(kind);
    let found = found.ok_or_else(|| {
        let label = label.to_lowercase();
        let message = format!("The {label} with name {name} cannot be found.");
        ErrorReply::new(404, "NoSuchEntity", message)
    })?;
    Ok(format!("<{label}>{}</{label}>", fields(found)))
}

fn list_page(
    world: &World,
    credential: &Credential,
    kind: PrincipalKind,
    form: &[(String, String)],
) -> Result<String, ErrorReply> {
    let invalid = |message: &str| ErrorReply::new(400, "ValidationError", message);
    let size = match percent::value(form, "MaxItems").map(str::parse::<usize>) {
        None => 100,
        Some(Ok(size @ 1..=1000)) => size,
        Some(_) => return Err(invalid("MaxItems must be between 1 and 1000")),
    };
    let size = size.min(world.limits.page_size);
    let prefix = percent::value(form, "PathPrefix").unwrap_or("/");
    let after = percent::value(form, "Marker");
    let mut found: Vec<&IamPrincipal> = of_account(world, credential, kind)
        .filter(|known| known.principal.path.starts_with(prefix))
        .collect();
    found.sort_by(|a, b| a.principal.name.cmp(&b.principal.name));
    let start = match after {
        None => 0,
        Some(marker) => {
            let at = found.iter().position(|known| known.unique_id == marker);
            at.ok_or_else(|| invalid("Invalid Marker."))? + 1
        }
    };
    let page = &found[start..(start + size).min(found.len())];
    let more = start + size < found.len();
    let members: Vec<String> = page
        .iter()
        .map(|known| format!("<member>{}</member>", fields(known)))
        .collect();
    let members = members.concat();
    let label = label(kind);
    let marker = match page.last() {
        Some(last) if more => leaf("Marker", &last.unique_id),
        _ => String::new(),
    };
    let truncated = leaf("IsTruncated", &more.to_string());
    Ok(format!("<{label}s>{members}</{label}s>{truncated}{marker}"))
}

fn fields(known: &IamPrincipal) -> String {
    let label = label(known.principal.kind);
    let mut text = [
        leaf("Path", &known.principal.path),
        leaf(&format!("{label}Name"), &known.principal.name),
        leaf(&format!("{label}Id"), &known.unique_id),
        leaf("Arn", &known.principal.to_string()),
        leaf("CreateDate", &known.created_at.to_string()),
    ]
    .concat();
    if known.principal.kind == PrincipalKind::Role {
        text += &leaf(
            "AssumeRolePolicyDocument",
            &percent::encode(r#"{"Version":"2012-10-17","Statement":[]}"#),
        );
        text += &leaf("MaxSessionDuration", "3600");
    }
    text
}

fn label(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::Role => "Role",
        PrincipalKind::User => "User",
    }
}

//! AWS Organizations and Account Management, as far as accounts and regions are listed.
//!
//! Source: AWS Organizations API Reference, `ListAccounts`; AWS Account Management API Reference, `ListRegions`.

use serde_json::{Value, json};

use super::aws::{self, ErrorReply, SandboxService};
use super::state::{Credential, World};
use super::wire::{Call, Reply};

/// The operation that a request asks for.
pub(super) fn operation(call: &Call) -> &str {
    match call.header("x-amz-target") {
        Some(target) => target.rsplit('.').next().unwrap_or(target),
        None if call.path == "/listRegions" => "ListRegions",
        None => "?",
    }
}

/// An error in the dress of AWS Organizations.
pub(super) fn error(error: &ErrorReply) -> Reply {
    let document = json!({ "__type": error.code, "Message": error.message });
    Reply::json(error.status, &document)
}

/// Lists the accounts of the organization, to whom manages it.
pub(super) fn accounts(
    world: &World,
    call: &Call,
    credential: &Credential,
    denied: bool,
) -> Result<Reply, ErrorReply> {
    known(call, "ListAccounts")?;
    let action = "organizations:ListAccounts";
    aws::authorize(
        world,
        credential,
        SandboxService::Organizations,
        action,
        "*",
        denied,
    )?;
    if world.organization.is_empty() {
        return Err(ErrorReply::new(
            400,
            "AWSOrganizationsNotInUseException",
            "Your account is not a member of an organization.",
        ));
    }
    let manager = &credential.identity.principal.account;
    let shown: Vec<Value> = world
        .organization
        .iter()
        .map(|(id, status)| {
            json!({
                "Id": id,
                "Arn": format!("arn:aws:organizations::{manager}:account/o-sandbox/{id}"),
                "Name": format!("account {id}"),
                "Email": format!("{id}@example.com"),
                "Status": status,
                "JoinedMethod": "CREATED",
            })
        })
        .collect();
    page(world, call, "Accounts", &shown, 20)
}

/// Lists the regions that the caller's account has enabled.
pub(super) fn regions(
    world: &World,
    call: &Call,
    credential: &Credential,
    denied: bool,
) -> Result<Reply, ErrorReply> {
    known(call, "ListRegions")?;
    let action = "account:ListRegions";
    aws::authorize(
        world,
        credential,
        SandboxService::Account,
        action,
        "*",
        denied,
    )?;
    let account = credential.identity.principal.account.as_str();
    let mut names = world.regions.get(account).cloned().unwrap_or_else(|| {
        let all = world.clusters.values();
        all.map(|cluster| cluster.seed.region.clone()).collect()
    });
    names.sort();
    names.dedup();
    let shown: Vec<Value> = names
        .iter()
        .map(|name| json!({ "RegionName": name, "RegionOptStatus": "ENABLED_BY_DEFAULT" }))
        .collect();
    page(world, call, "Regions", &shown, 50)
}

fn known(call: &Call, name: &str) -> Result<(), ErrorReply> {
    if operation(call) == name {
        Ok(())
    } else {
        Err(ErrorReply::new(
            400,
            "UnknownOperationException",
            "There is no such operation",
        ))
    }
}

/// One page of a list; the token is the place where the next one begins.
fn page(
    world: &World,
    call: &Call,
    field: &str,
    all: &[Value],
    most: usize,
) -> Result<Reply, ErrorReply> {
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let bad = || ErrorReply::new(400, "InvalidInputException", "The token is not valid.");
    let start = match body.get("NextToken").and_then(Value::as_str) {
        None => 0,
        Some(token) => token.parse::<usize>().map_err(|_| bad())?,
    };
    let asked = body.get("MaxResults").and_then(Value::as_u64);
    let asked = asked.and_then(|count| usize::try_from(count).ok());
    let size = asked
        .unwrap_or(most)
        .min(most)
        .min(world.limits.page_size)
        .max(1);
    let shown = all.get(start..).ok_or_else(bad)?;
    let mut answer = json!({ field: shown[..size.min(shown.len())] });
    if shown.len() > size {
        answer["NextToken"] = (start + size).to_string().into();
    }
    Ok(Reply::json(200, &answer))
}

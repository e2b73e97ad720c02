//! STS: who calls, and sessions of roles.
//!
//! Source: AWS STS API Reference, `GetCallerIdentity`, `AssumeRole`.

use jiff::SignedDuration;
use serde_json::json;

use crate::model::PrincipalKind;

use super::aws::{self, ErrorReply, SandboxService};
use super::state::{CallingPrincipal, Credential, World};
use super::wire::{Call, Reply};
use super::xml::{self, leaf};
use super::{invent, percent};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// An error in the dress of STS.
pub(super) fn error(error: &ErrorReply, request_id: &str) -> Reply {
    xml::error(NAMESPACE, error, request_id)
}

/// Answers a request.
pub(super) fn answer(
    world: &mut World,
    call: &Call,
    credential: &Credential,
    request_id: &str,
    denied: bool,
) -> Result<Reply, ErrorReply> {
    let form = call.fields();
    let action = percent::value(&form, "Action").unwrap_or_default();
    let wants_json = call
        .header("accept")
        .is_some_and(|accept| accept.contains("application/json"));
    let result = match action {
        "GetCallerIdentity" if wants_json => {
            return Ok(caller_identity_in_json(&credential.identity, request_id));
        }
        "GetCallerIdentity" => caller_identity(&credential.identity),
        "AssumeRole" => assume_role(world, &form, credential, denied)?,
        _ => {
            return Err(ErrorReply::new(
                400,
                "InvalidAction",
                format!("Could not find operation {action} for version 2011-06-15"),
            ));
        }
    };
    Ok(xml::reply(NAMESPACE, action, &result, request_id))
}

fn caller_identity(identity: &CallingPrincipal) -> String {
    [
        leaf("Arn", &identity.arn()),
        leaf("UserId", &identity.user_id()),
        leaf("Account", &identity.principal.account),
    ]
    .concat()
}

/// What aws-iam-authenticator asks for.
fn caller_identity_in_json(identity: &CallingPrincipal, request_id: &str) -> Reply {
    let result = json!({
        "Account": identity.principal.account,
        "Arn": identity.arn(),
        "UserId": identity.user_id(),
    });
    Reply::json(
        200,
        &json!({ "GetCallerIdentityResponse": {
            "GetCallerIdentityResult": result,
            "ResponseMetadata": { "RequestId": request_id },
        } }),
    )
}

/// Gives out credentials of a role that exists; its trust policy is taken to allow the caller.
fn assume_role(
    world: &mut World,
    form: &[(String, String)],
    credential: &Credential,
    denied: bool,
) -> Result<String, ErrorReply> {
    let invalid = |message: String| ErrorReply::new(400, "ValidationError", message);
    let field = |name: &str| percent::value(form, name).unwrap_or_default();
    let (role, session) = (field("RoleArn"), field("RoleSessionName"));
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
    if !(2..=64).contains(&session.len()) || !session.bytes().all(good) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{session}' at 'roleSessionName' failed to satisfy constraint: Member \
             must satisfy regular expression pattern: [\\w+=,.@-]*"
        )));
    }
    let seconds = match percent::value(form, "DurationSeconds").map(str::parse::<i64>) {
        None => 3600,
        Some(Ok(seconds @ 900..=43200)) => seconds,
        Some(_) => {
            return Err(invalid(
                "The requested DurationSeconds is outside of what the role allows.".to_owned(),
            ));
        }
    };
    aws::authorize(
        world,
        credential,
        SandboxService::Sts,
        "sts:AssumeRole",
        role,
        denied,
    )?;
    let known = world
        .principal(role)
        .filter(|known| known.principal.kind == PrincipalKind::Role)
        .cloned();
    // STS does not tell a role that is missing from one that may not be assumed.
    let Some(known) = known else {
        return aws::authorize(
            world,
            credential,
            SandboxService::Sts,
            "sts:AssumeRole",
            role,
            true,
        )
        .map(|()| String::new());
    };
    let identity = CallingPrincipal {
        principal: known.principal,
        unique_id: known.unique_id,
        session: Some(session.to_owned()),
    };
    let expires = world
        .now()
        .checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(jiff::Timestamp::MAX);
    let key = issue(world, identity.clone(), Some(expires), false);
    let made = &world.credentials[&key];
    let credentials = [
        leaf("AccessKeyId", &key),
        leaf("SecretAccessKey", &made.secret),
        leaf("SessionToken", made.token.as_deref().unwrap_or_default()),
        leaf("Expiration", &expires.to_string()),
    ];
    let user = [
        leaf("AssumedRoleId", &identity.user_id()),
        leaf("Arn", &identity.arn()),
    ];
    Ok(format!(
        "<Credentials>{}</Credentials><AssumedRoleUser>{}</AssumedRoleUser>",
        credentials.concat(),
        user.concat()
    ))
}

/// Makes a key for an identity and returns its id; a session has a token beside it.
pub(super) fn issue(
    world: &mut World,
    identity: CallingPrincipal,
    expires: Option<jiff::Timestamp>,
    limited: bool,
) -> String {
    let of_session = identity.session.is_some();
    let id = world.uuid().replace('-', "").to_uppercase();
    let key = format!("{}{}", if of_session { "ASIA" } else { "AKIA" }, &id[..16]);
    let secret = invent::hex(&invent::digest(&world.uuid()))[..40].to_owned();
    let token = of_session.then(|| invent::hex(&invent::digest(&world.uuid())));
    let credential = Credential {
        secret,
        token,
        expires,
        identity,
        limited,
    };
    world.credentials.insert(key.clone(), credential);
    key
}

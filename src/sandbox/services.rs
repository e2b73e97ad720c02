//! Which service answers a request to AWS, and how it writes an error.

use super::aws::{self, ErrorReply, SandboxService};
use super::faults::FaultKind;
use super::state::World;
use super::wire::{Call, Reply};
use super::{eks, iam, organization, percent, s3, sts};

/// The operation's name, or what was asked for where there is no such operation.
pub(super) fn operation(service: SandboxService, call: &Call) -> String {
    match service {
        SandboxService::Eks => {
            let segments = percent::segments(&call.path);
            eks::route::of(&call.method, &segments).map_or_else(
                || format!("{} {}", call.method, call.path),
                |operation| format!("{operation:?}"),
            )
        }
        SandboxService::Iam | SandboxService::Sts => percent::value(&call.fields(), "Action")
            .unwrap_or("?")
            .to_owned(),
        SandboxService::Organizations | SandboxService::Account => {
            organization::operation(call).to_owned()
        }
        SandboxService::S3 => s3::operation(call).to_owned(),
    }
}

/// An error as this service writes it.
fn refuse(service: SandboxService, error: &ErrorReply, request_id: &str) -> Reply {
    match service {
        SandboxService::Eks | SandboxService::Account => eks::errors::reply(error),
        SandboxService::Organizations => organization::error(error),
        SandboxService::Iam => iam::error(error, request_id),
        SandboxService::Sts => sts::error(error, request_id),
        SandboxService::S3 => s3::error(error, request_id),
    }
}

/// What a fault looks like here.
pub(super) fn fault(call: &Call, kind: FaultKind, request_id: &str) -> Option<Reply> {
    let service = SandboxService::of(call);
    let error = match kind {
        FaultKind::Throttle | FaultKind::ThrottleRetryAfter(_) => aws::throttled(service),
        FaultKind::InternalError => ErrorReply::new(
            500,
            service.pick("ServerException", "ServiceFailure"),
            "Internal server error",
        ),
        FaultKind::Unavailable => ErrorReply::new(
            503,
            service.pick("ServiceUnavailableException", "ServiceUnavailable"),
            "Service is unavailable. Please try again later.",
        ),
        FaultKind::ExpiredCredentials => aws::expired(service),
        FaultKind::WriteConflict => ErrorReply::new(
            409,
            "ConditionalRequestConflict",
            "The conditional request cannot succeed due to a conflicting operation against this resource.",
        ),
        FaultKind::UpdateInProgress => ErrorReply::new(
            400,
            "InvalidRequestException",
            "Cannot AccessConfigUpdate because cluster shop currently has update 0f1e2d3c in progress",
        ),
        _ => return None,
    };
    let reply = refuse(service, &error, request_id);
    Some(match kind {
        FaultKind::ThrottleRetryAfter(seconds) => reply.with("retry-after", seconds.to_string()),
        _ => reply,
    })
}

/// Answers a request; the second value is the caller's ARN.
pub(super) fn answer(
    world: &mut World,
    call: &Call,
    request_id: &str,
    denied: bool,
) -> (Reply, Option<String>) {
    let service = SandboxService::of(call);
    let credential = match aws::authenticate(world, call, service) {
        Ok(credential) => credential,
        Err(error) => return (refuse(service, &error, request_id), None),
    };
    let caller = credential.identity.arn();
    let account = credential.identity.principal.account.clone();
    let result = if aws::take_from_bucket(world, &account) {
        match service {
            SandboxService::Eks => eks::answer(world, call, &credential, denied),
            SandboxService::Iam => iam::answer(world, call, &credential, request_id, denied),
            SandboxService::Sts => sts::answer(world, call, &credential, request_id, denied),
            SandboxService::Organizations => {
                organization::accounts(world, call, &credential, denied)
            }
            SandboxService::Account => organization::regions(world, call, &credential, denied),
            SandboxService::S3 => s3::answer(world, call, &credential, request_id, denied),
        }
    } else {
        Err(aws::throttled(service))
    };
    let reply = result.unwrap_or_else(|error| refuse(service, &error, request_id));
    (reply, Some(caller))
}

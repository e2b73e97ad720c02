//! The AWS endpoint: who calls, which service is meant, and errors in that service's dress.

use jiff::Timestamp;

use super::faults::FaultKind;
use super::policy::{Decision, IamRequest};
use super::sigv4::{Refusal, Signature};
use super::state::{Bucket, Credential, World};
use super::wire::{Call, Reply};
use super::{eks, iam, organization, percent, s3, sts};

/// An AWS service's error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ErrorReply {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl ErrorReply {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }
}

/// The services at the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SandboxService {
    Eks,
    Iam,
    Sts,
    /// AWS Organizations.
    Organizations,
    /// AWS Account Management.
    Account,
    S3,
}

impl SandboxService {
    /// The service that a request was signed for; one without a signature is recognised by its shape.
    pub(super) fn of(call: &Call) -> Self {
        let scope = Signature::of(call).map(|signature| signature.service);
        match scope.as_deref() {
            Some("iam") => Self::Iam,
            Some("sts") => Self::Sts,
            Some("organizations") => Self::Organizations,
            Some("account") => Self::Account,
            Some("s3") => Self::S3,
            None if call.path == "/" => Self::Sts,
            _ => Self::Eks,
        }
    }

    /// The operation's name, or what was asked for where there is no such operation.
    pub(super) fn operation(self, call: &Call) -> String {
        match self {
            Self::Eks => {
                let segments = percent::segments(&call.path);
                eks::route::of(&call.method, &segments).map_or_else(
                    || format!("{} {}", call.method, call.path),
                    |operation| format!("{operation:?}"),
                )
            }
            Self::Iam | Self::Sts => percent::value(&call.fields(), "Action")
                .unwrap_or("?")
                .to_owned(),
            Self::Organizations | Self::Account => organization::operation(call).to_owned(),
            Self::S3 => s3::operation(call).to_owned(),
        }
    }

    /// An error as this service writes it.
    pub(super) fn refuse(self, error: &ErrorReply, request_id: &str) -> Reply {
        match self {
            Self::Eks | Self::Account => eks::errors::reply(error),
            Self::Organizations => organization::error(error),
            Self::Iam => iam::error(error, request_id),
            Self::Sts => sts::error(error, request_id),
            Self::S3 => s3::error(error, request_id),
        }
    }

    /// A service has its own code for the same refusal.
    fn pick(self, rest: &'static str, query: &'static str) -> &'static str {
        match self {
            Self::Eks | Self::Organizations | Self::Account => rest,
            Self::Iam | Self::Sts | Self::S3 => query,
        }
    }
}

/// What a fault looks like here.
pub(super) fn fault(call: &Call, kind: FaultKind, request_id: &str) -> Option<Reply> {
    let service = SandboxService::of(call);
    let error = match kind {
        FaultKind::Throttle | FaultKind::ThrottleRetryAfter(_) => throttled(service),
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
        FaultKind::ExpiredCredentials => expired(service),
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
    let reply = service.refuse(&error, request_id);
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
    let credential = match authenticate(world, call, service) {
        Ok(credential) => credential,
        Err(error) => return (service.refuse(&error, request_id), None),
    };
    let caller = credential.identity.arn();
    let account = credential.identity.principal.account.clone();
    let result = if take_from_bucket(world, &account) {
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
        Err(throttled(service))
    };
    let reply = result.unwrap_or_else(|error| service.refuse(&error, request_id));
    (reply, Some(caller))
}

/// Refuses what the caller has no IAM permission for.
///
/// Source: AWS IAM User Guide, "Troubleshoot access denied error messages".
pub(super) fn authorize(
    world: &World,
    credential: &Credential,
    service: SandboxService,
    action: &str,
    resource: &str,
    denied: bool,
) -> Result<(), ErrorReply> {
    let attempt = IamRequest {
        action,
        resource,
        // A role is passed to the nodes alone, and those are instances.
        context: &[("iam:PassedToService", "ec2.amazonaws.com")],
    };
    if decide(world, credential, &attempt) == Decision::Allowed && !denied {
        return Ok(());
    }
    Err(ErrorReply::new(
        403,
        service.pick("AccessDeniedException", "AccessDenied"),
        format!(
            "User: {} is not authorized to perform: {action} on resource: {resource}",
            credential.identity.arn()
        ),
    ))
}

/// What the policy of an identity answers; one whose rights are not limited may do all.
pub(super) fn decide(world: &World, credential: &Credential, attempt: &IamRequest<'_>) -> Decision {
    let account = &credential.identity.principal.account;
    let is_denied = |(of, action): &(String, String)| of == account && glob(action, attempt.action);
    if world.denials.iter().any(is_denied) {
        return Decision::ExplicitDeny;
    }
    match &world.rights.iam {
        Some(policy) if credential.limited => policy.decide(attempt),
        _ => Decision::Allowed,
    }
}

fn authenticate(
    world: &World,
    call: &Call,
    service: SandboxService,
) -> Result<Credential, ErrorReply> {
    let presigned = Signature::of_query(call).filter(|_| service == SandboxService::Sts);
    let header = Signature::of(call);
    let by_query = header.is_none();
    let Some(signature) = header.or(presigned) else {
        return Err(ErrorReply::new(
            403,
            service.pick(
                "MissingAuthenticationTokenException",
                "MissingAuthenticationToken",
            ),
            "Missing Authentication Token",
        ));
    };
    let unknown = || {
        ErrorReply::new(
            403,
            service.pick("UnrecognizedClientException", "InvalidClientTokenId"),
            "The security token included in the request is invalid.",
        )
    };
    let credential = world
        .credentials
        .get(&signature.access_key)
        .ok_or_else(unknown)?;
    let fields = call.pairs();
    let token = if by_query {
        percent::value(&fields, "X-Amz-Security-Token")
    } else {
        call.header("x-amz-security-token")
    };
    if credential.token.as_deref() != token {
        return Err(unknown());
    }
    if credential.expires.is_some_and(|end| end <= world.now()) {
        return Err(expired(service));
    }
    let checked = if by_query {
        signature.check_presigned(call, &credential.secret, world.now())
    } else {
        signature.check(call, &credential.secret, world.now())
    };
    checked.map_err(|refusal| refused(service, refusal))?;
    let account = credential.identity.principal.account.as_str();
    let enabled = world.regions.get(account);
    // A token means nothing to a region that the account has not enabled.
    // Source: AWS Account Management Reference Guide, "Enable or disable AWS Regions in your account".
    if matches!(service, SandboxService::Eks | SandboxService::Sts)
        && enabled.is_some_and(|regions| !regions.contains(&signature.region))
    {
        return Err(unknown());
    }
    let known_region = world
        .clusters
        .values()
        .any(|cluster| cluster.seed.region == signature.region);
    if service == SandboxService::Eks && !known_region && enabled.is_none() {
        return Err(ErrorReply::new(
            403,
            "InvalidSignatureException",
            "Credential should be scoped to a valid region.",
        ));
    }
    Ok(credential.clone())
}

fn refused(service: SandboxService, refusal: Refusal) -> ErrorReply {
    let message = match refusal {
        Refusal::Mismatch => {
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details."
        }
        Refusal::Date => {
            "Signature expired: the date of the request is too far from the service's clock"
        }
        Refusal::Unsigned => {
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        }
    };
    let code = service.pick("InvalidSignatureException", "SignatureDoesNotMatch");
    ErrorReply::new(403, code, message)
}

fn expired(service: SandboxService) -> ErrorReply {
    ErrorReply::new(
        403,
        service.pick("ExpiredTokenException", "ExpiredToken"),
        "The security token included in the request is expired",
    )
}

fn throttled(service: SandboxService) -> ErrorReply {
    let status = match service {
        SandboxService::Eks | SandboxService::Account => 429,
        SandboxService::Iam | SandboxService::Sts | SandboxService::Organizations => 400,
        SandboxService::S3 => 503,
    };
    ErrorReply::new(
        status,
        service.pick("ThrottlingException", "Throttling"),
        "Rate exceeded",
    )
}

/// Takes one request from the account's share; it fills at the rate that the limits give.
fn take_from_bucket(world: &mut World, account: &str) -> bool {
    let Some(rate) = world.limits.requests_per_second.map(f64::from) else {
        return true;
    };
    let now: Timestamp = world.now();
    let bucket = world.buckets.entry(account.to_owned()).or_insert(Bucket {
        left: rate,
        since: now,
    });
    let passed = now.duration_since(bucket.since).as_secs_f64();
    bucket.left = (bucket.left + passed * rate).min(rate);
    bucket.since = now;
    if bucket.left < 1.0 {
        return false;
    }
    bucket.left -= 1.0;
    true
}

/// Whether a text fits a pattern in which `*` matches anything.
pub(super) fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn a_star_matches_anything() {
        for (pattern, text, fits) in [
            ("eks:DescribeCluster", "eks:DescribeCluster", true),
            ("eks:DescribeCluster", "eks:DescribeClusters", false),
            ("eks:Describe*", "eks:DescribeCluster", true),
            ("eks:*Entry", "eks:CreateAccessEntry", true),
            ("eks:*Entry", "eks:ListAccessEntries", false),
            ("*", "iam:GetRole", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
        }
    }
}

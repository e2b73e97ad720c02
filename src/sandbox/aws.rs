//! Requests to AWS: who calls, with which rights, and the errors that all services share.

use jiff::Timestamp;

use super::percent;
use super::policy::{Decision, IamRequest};
use super::sigv4::{Refusal, Signature};
use super::state::{Bucket, Credential, World};
use super::wire::Call;

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

    /// A service has its own code for the same refusal.
    pub(super) fn pick(self, rest: &'static str, query: &'static str) -> &'static str {
        match self {
            Self::Eks | Self::Organizations | Self::Account => rest,
            Self::Iam | Self::Sts | Self::S3 => query,
        }
    }
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

pub(super) fn authenticate(
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

pub(super) fn expired(service: SandboxService) -> ErrorReply {
    ErrorReply::new(
        403,
        service.pick("ExpiredTokenException", "ExpiredToken"),
        "The security token included in the request is expired",
    )
}

pub(super) fn throttled(service: SandboxService) -> ErrorReply {
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
pub(super) fn take_from_bucket(world: &mut World, account: &str) -> bool {
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

//! Which failed calls are tried again, and when.

use std::time::Duration;

use crate::aws::error::{LONGEST_RETRY_AFTER, is_throttling};
use crate::aws::{AwsError, AwsErrorKind};
use crate::plan::ActionKind;

/// How often a call is tried before it counts as failed.
pub(super) const ATTEMPTS: u32 = 10;
/// How long EKS may need to know a new entry or principal; other clients wait this long, too.
///
/// Source: Terraform AWS provider `internal/service/eks/consts.go`, `propagationTimeout`.
pub(super) const PROPAGATION: Duration = Duration::from_mins(2);

/// How long a call may be throttled before it counts as failed.
pub(super) const THROTTLED: Duration = Duration::from_mins(10);

const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// What to do about a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AfterFailure {
    /// Try again after this long; the service may have done it anyway.
    Again(Duration),
    /// Slow all calls down, then try again after this long.
    Slower(Duration),
    /// EKS doesn't know a new thing yet: try again until [`PROPAGATION`] is over.
    Propagating(Duration),
    /// There is such an entry already: read it and compare.
    Compare,
    /// What was to be taken away is gone already.
    Gone,
    /// It failed for good.
    Fail,
    /// It failed and so would everything else: the credentials are used up.
    Stop,
    /// The cluster has as many entries as EKS allows.
    Full,
}

/// What is known about a call when it fails.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Circumstances {
    /// How often it was tried, this time included, without the times it was throttled.
    pub attempts: u32,
    /// How often it was throttled before.
    pub throttled: u32,
    /// Whether this run made the entry that the call is about.
    pub entry_is_new: bool,
    /// Whether the principal itself was made a moment ago.
    pub principal_is_new: bool,
}

/// Decides.
///
/// Validation errors are never tried again.
/// Source: AWS SDKs and Tools Reference Guide, "Retry behavior"; EKS API Reference, "Common errors".
pub(super) fn decide(
    kind: &ActionKind,
    error: &AwsError,
    circumstances: Circumstances,
) -> AfterFailure {
    let wait = backoff(circumstances.attempts);
    let slower = |retry_after: &Option<Duration>| {
        let wait = retry_after.unwrap_or_else(|| backoff(circumstances.throttled + 1));
        AfterFailure::Slower(wait.min(LONGEST_RETRY_AFTER))
    };
    let patient = |next: AfterFailure| {
        if circumstances.attempts >= ATTEMPTS {
            AfterFailure::Fail
        } else {
            next
        }
    };
    match &error.kind {
        AwsErrorKind::Connection(_) | AwsErrorKind::TimedOut => patient(AfterFailure::Again(wait)),
        AwsErrorKind::Credentials(_) => AfterFailure::Stop,
        AwsErrorKind::Setting(_) | AwsErrorKind::Strange(_) => AfterFailure::Fail,
        AwsErrorKind::Service {
            code,
            message,
            status,
            retry_after,
            ..
        } => {
            let takes_away = matches!(
                kind,
                ActionKind::DeleteAccessEntry { .. } | ActionKind::DisassociateAccessPolicy { .. }
            );
            match code.as_str() {
                _ if error.is_expired() => AfterFailure::Stop,
                code if is_throttling(code) => slower(retry_after),
                "ResourceInUseException"
                    if matches!(kind, ActionKind::CreateAccessEntry { .. }) =>
                {
                    AfterFailure::Compare
                }
                "ResourceLimitExceededException" => AfterFailure::Full,
                "ResourceNotFoundException"
                    if takes_away && !message.starts_with("No cluster found") =>
                {
                    AfterFailure::Gone
                }
                "ResourceNotFoundException"
                    if circumstances.entry_is_new
                        && message.starts_with("The specified principalArn could not be found") =>
                {
                    AfterFailure::Propagating(wait)
                }
                "InvalidParameterException"
                    if circumstances.principal_is_new && message.contains("invalid principal") =>
                {
                    AfterFailure::Propagating(wait)
                }
                "ResourceInUseException"
                | "RequestTimeout"
                | "RequestTimeoutException"
                | "ResourcePropagationDelayException" => patient(AfterFailure::Again(wait)),
                _ if *status == 429 => slower(retry_after),
                _ if matches!(status, 500 | 502 | 503 | 504) => patient(AfterFailure::Again(
                    retry_after.unwrap_or(wait).min(LONGEST_RETRY_AFTER),
                )),
                _ => AfterFailure::Fail,
            }
        }
    }
}

/// Doubles with every attempt, up to a limit.
fn backoff(attempts: u32) -> Duration {
    FIRST_WAIT
        .saturating_mul(1 << attempts.saturating_sub(1).min(10))
        .min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create() -> ActionKind {
        ActionKind::CreateAccessEntry {
            principal_arn: "arn:aws:iam::111122223333:role/ops".parse().unwrap(),
            entry_type: crate::model::EntryType::Standard,
            username: None,
            kubernetes_groups: Vec::new(),
            tags: std::collections::BTreeMap::new(),
        }
    }

    fn delete() -> ActionKind {
        ActionKind::DeleteAccessEntry {
            principal_arn: "arn:aws:iam::111122223333:role/ops".parse().unwrap(),
        }
    }

    fn service(code: &str, message: &str, status: u16) -> AwsError {
        AwsError {
            operation: "eks:CreateAccessEntry".to_owned(),
            kind: AwsErrorKind::Service {
                code: code.to_owned(),
                message: message.to_owned(),
                request_id: None,
                status,
                retry_after: None,
                clues: crate::aws::Clues::default(),
            },
        }
    }

    #[test]
    fn validation_errors_are_never_tried_again() {
        for message in [
            "The username must not begin with system:",
            "The specified principalArn is invalid: invalid principal.",
        ] {
            let error = service("InvalidParameterException", message, 400);
            assert_eq!(
                decide(
                    &create(),
                    &error,
                    Circumstances {
                        attempts: 1,
                        ..Circumstances::default()
                    }
                ),
                AfterFailure::Fail
            );
        }
    }

    #[test]
    fn an_unknown_principal_is_waited_for_only_when_it_is_new() {
        let error = service(
            "InvalidParameterException",
            "The specified principalArn is invalid: invalid principal.",
            400,
        );
        let circumstances = Circumstances {
            attempts: 1,
            principal_is_new: true,
            ..Circumstances::default()
        };
        assert!(matches!(
            decide(&create(), &error, circumstances),
            AfterFailure::Propagating(_)
        ));
    }

    #[test]
    fn what_is_gone_already_counts_as_taken_away() {
        let error = service(
            "ResourceNotFoundException",
            "The specified principalArn could not be found.",
            404,
        );
        let circumstances = Circumstances {
            attempts: 1,
            ..Circumstances::default()
        };
        assert_eq!(decide(&delete(), &error, circumstances), AfterFailure::Gone);
        let no_cluster = service(
            "ResourceNotFoundException",
            "No cluster found for name: x.",
            404,
        );
        assert_eq!(
            decide(&delete(), &no_cluster, circumstances),
            AfterFailure::Fail
        );
    }

    #[test]
    fn servers_in_trouble_are_asked_again_a_limited_number_of_times() {
        let error = service("ServerException", "oops", 500);
        let at = |attempts| {
            decide(
                &create(),
                &error,
                Circumstances {
                    attempts,
                    ..Circumstances::default()
                },
            )
        };
        assert_eq!(at(1), AfterFailure::Again(FIRST_WAIT));
        assert_eq!(at(2), AfterFailure::Again(FIRST_WAIT * 2));
        assert_eq!(at(ATTEMPTS), AfterFailure::Fail);
    }

    #[test]
    fn expired_credentials_stop_the_run() {
        let error = service(
            "ExpiredTokenException",
            "The security token included in the request is expired",
            403,
        );
        assert_eq!(
            decide(&create(), &error, Circumstances::default()),
            AfterFailure::Stop
        );
    }
}

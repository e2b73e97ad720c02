//! Things that go wrong on purpose.

/// Something that goes wrong, for some requests of one operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// An AWS operation such as `CreateAccessEntry`, a Kubernetes one such as `patch configmaps`, or `*`.
    pub operation: String,
    /// With which request of the operation it begins, counted from 1 since the fault was added.
    pub nth: u32,
    /// For how many requests it lasts.
    pub times: u32,
    /// What goes wrong.
    pub kind: FaultKind,
}

impl Fault {
    /// A fault of the next request of an operation.
    #[must_use]
    pub fn next(operation: &str, kind: FaultKind) -> Self {
        Self::nth(operation, 1, kind)
    }

    /// A fault of the nth request of an operation, counted from 1.
    #[must_use]
    pub fn nth(operation: &str, nth: u32, kind: FaultKind) -> Self {
        Self {
            operation: operation.to_owned(),
            nth,
            times: 1,
            kind,
        }
    }

    /// A fault of all requests of an operation.
    #[must_use]
    pub fn always(operation: &str, kind: FaultKind) -> Self {
        Self {
            times: u32::MAX,
            ..Self::next(operation, kind)
        }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The request is throttled.
    Throttle,
    /// The request is throttled, with a `Retry-After` of so many seconds.
    ThrottleRetryAfter(u32),
    /// 500.
    InternalError,
    /// 503.
    Unavailable,
    /// The connection breaks and nothing was done.
    ResetBeforeCommit,
    /// The request is done, but the connection breaks instead of a reply.
    ResetAfterCommit,
    /// No reply ever comes, and nothing was done.
    Hang,
    /// The request is done, but its reply breaks off in the middle.
    TruncatedBody,
    /// The credentials or the token have expired.
    ExpiredCredentials,
    /// The caller lacks the right for the operation.
    AccessDenied,
    /// 409 of S3: another conditional write to the same object is under way, and nothing was done.
    WriteConflict,
    /// 410: the Kubernetes list whose next page is asked for has expired.
    ListExpired,
    /// The cluster is busy with an update that nobody can look at, and the refusal has the class that clients other than
    /// EKS's own have reported.
    UpdateInProgress,
}

/// The faults that are still to come.
#[derive(Debug, Default)]
pub(super) struct Faults {
    queue: Vec<(Fault, u32)>,
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        self.queue.push((fault, 0));
    }

    pub(super) fn clear(&mut self) {
        self.queue.clear();
    }

    /// Counts a request and returns what goes wrong with it; the first fault that applies is the one.
    pub(super) fn take(&mut self, operation: &str) -> Option<FaultKind> {
        let mut hit = None;
        for (fault, seen) in &mut self.queue {
            if fault.operation != "*" && fault.operation != operation {
                continue;
            }
            *seen = seen.saturating_add(1);
            let end = fault.nth.saturating_add(fault.times);
            if hit.is_none() && *seen >= fault.nth && *seen < end {
                hit = Some(fault.kind);
            }
        }
        hit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_hits_its_own_request_only() {
        let mut faults = Faults::default();
        faults.add(Fault::nth("DescribeCluster", 2, FaultKind::Hang));
        assert_eq!(faults.take("DescribeCluster"), None);
        assert_eq!(faults.take("ListUpdates"), None);
        assert_eq!(faults.take("DescribeCluster"), Some(FaultKind::Hang));
        assert_eq!(faults.take("DescribeCluster"), None);
    }
}

//! Reads that are tried again.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tracing::debug;

use super::KubernetesError;
use crate::text::visible;

/// How long to wait before the second try; twice as long before each one after.
const BREATH: Duration = Duration::from_millis(250);
/// How long a read is tried, and twice at least: a longer loss of connection is an error.
const PATIENCE: Duration = Duration::from_secs(3);

/// Reads, and reads again where the answer got lost or the server was at fault, since a read changes nothing.
///
/// The client itself repeats what was answered with 429, 503 or 504.
pub(super) async fn retried<T, F>(read: impl Fn() -> F) -> Result<T, KubernetesError>
where
    F: Future<Output = Result<T, KubernetesError>>,
{
    let began = Instant::now();
    let mut wait = BREATH;
    loop {
        let is_first = wait == BREATH;
        match read().await {
            Err(error)
                if error.is_answer_lost() && (is_first || began.elapsed() + wait < PATIENCE) =>
            {
                debug!(error = %visible(&error.to_string()), ?wait, "again");
                sleep(wait).await;
                wait *= 2;
            }
            ended => return ended,
        }
    }
}

//! Waits for several things at once, and still fails as if they had come one after the other.

use std::future::Future;
use std::pin::pin;

/// Waits for both; of two errors the first one's counts, whichever comes first.
///
/// The first one's error ends the wait at once. The second one's is held back until the first has succeeded, so that the
/// same trouble always ends in the same error: where the cluster can't be described, nobody reads about a role.
pub(crate) async fn both<A, B, E>(
    first: impl Future<Output = Result<A, E>>,
    second: impl Future<Output = Result<B, E>>,
) -> Result<(A, B), E> {
    let (mut first, mut second) = (pin!(first), pin!(second));
    let mut early = None;
    let first = loop {
        tokio::select! {
            biased;
            ended = &mut first => break ended?,
            ended = &mut second, if early.is_none() => early = Some(ended),
        }
    };
    let second = match early {
        Some(ended) => ended?,
        None => second.await?,
    };
    Ok((first, second))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::both;

    async fn after(
        seconds: u64,
        ends: Result<&'static str, &'static str>,
    ) -> Result<&'static str, &'static str> {
        sleep(Duration::from_secs(seconds)).await;
        ends
    }

    #[tokio::test(start_paused = true)]
    async fn both_take_as_long_as_the_slower_one() {
        let began = Instant::now();
        let read = both(after(2, Ok("cluster")), after(3, Ok("caller"))).await;
        assert_eq!(read, Ok(("cluster", "caller")));
        assert_eq!(began.elapsed().as_secs(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn the_error_of_the_first_counts_however_late_it_is() {
        let read = both(after(9, Err("cluster")), after(1, Err("caller"))).await;
        assert_eq!(read, Err("cluster"));
    }

    #[tokio::test(start_paused = true)]
    async fn the_error_of_the_first_waits_for_nobody() {
        let began = Instant::now();
        let read = both(after(1, Err("cluster")), after(60, Ok("caller"))).await;
        assert_eq!(read, Err("cluster"));
        assert_eq!(began.elapsed().as_secs(), 1);
    }
}

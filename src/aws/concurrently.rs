//! Looks at each thing of a list by a call of its own, several at a time.

use std::future::Future;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::AwsError;

/// How many describing calls are made at a time.
const READS_AT_A_TIME: usize = 8;

/// Describes each listed thing; answers in the order of the list, without those for which there was nothing to tell.
///
/// The first call that fails ends it with that call's error.
pub(super) async fn describe_each<T, D, F>(
    listed: Vec<String>,
    describe: D,
) -> Result<Vec<T>, AwsError>
where
    D: Fn(String) -> F,
    F: Future<Output = Result<Option<T>, AwsError>>,
{
    stream::iter(listed)
        .map(describe)
        .buffered(READS_AT_A_TIME)
        .try_filter_map(|described| async move { Ok(described) })
        .try_collect()
        .await
}

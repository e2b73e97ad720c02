//! Reads a list page by page, and not for ever.

use std::error::Error;

use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::AwsError;

/// How many pages a list may have: ten times as many as a cluster or an account can fill.
///
/// Source: EKS User Guide, "Service quotas"; IAM User Guide, "IAM and AWS STS quotas".
const MOST_PAGES: usize = 1000;
/// How many bytes of text are kept of a list.
const LARGEST: usize = 64 * 1024 * 1024;

/// All items of a list, with what is kept of each page.
///
/// # Errors
/// That of the first page that can't be read; [`AwsError`] too where the list does not end.
pub(super) async fn all<P, E, T>(
    operation: &str,
    mut pages: PaginationStream<Result<P, SdkError<E, HttpResponse>>>,
    kept: impl Fn(P) -> Vec<T>,
) -> Result<Vec<T>, AwsError>
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    T: Length,
{
    let mut all = Vec::new();
    let mut bytes = 0;
    let mut count = 0;
    while let Some(page) = pages.next().await {
        let items = kept(page.map_err(|error| AwsError::of(operation, &error))?);
        count += 1;
        bytes += items.iter().map(Length::bytes).sum::<usize>();
        all.extend(items);
        if count >= MOST_PAGES {
            return Err(AwsError::strange(
                operation,
                format!("the answer has {MOST_PAGES} pages and does not end"),
            ));
        }
        if bytes > LARGEST {
            let most = LARGEST / 1024 / 1024;
            return Err(AwsError::strange(
                operation,
                format!("the answer is larger than {most} MiB"),
            ));
        }
    }
    Ok(all)
}

/// How much text is kept of an item.
pub(super) trait Length {
    /// In bytes.
    fn bytes(&self) -> usize;
}

impl Length for String {
    fn bytes(&self) -> usize {
        self.len()
    }
}

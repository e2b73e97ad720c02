//! The bearer token of every request, made anew before the cluster stops to accept it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use http::Request;
use http::header::{AUTHORIZATION, HeaderValue};
use kube::client::Body;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tower::BoxError;
use tower::filter::AsyncPredicate;

use crate::aws::AwsError;

/// How long a token is used: the cluster accepts it for 15 minutes, and clocks differ.
///
/// Source: aws-iam-authenticator `pkg/token/token.go`, `presignedURLExpiration`.
const USED_FOR: Duration = Duration::from_mins(10);

/// Makes a token that counts from the given time on.
pub type MakeToken =
    Box<dyn Fn(SystemTime) -> BoxFuture<'static, Result<SecretString, AwsError>> + Send + Sync>;

/// Puts a token that still counts on every request.
#[derive(Clone)]
pub struct Tokens {
    make: Arc<MakeToken>,
    clock: fn() -> SystemTime,
    last: Arc<Mutex<Token>>,
}

struct Token {
    header: HeaderValue,
    made_at: SystemTime,
}

impl Tokens {
    /// Makes the first token.
    ///
    /// # Errors
    /// Where none can be made.
    pub async fn new(make: MakeToken, clock: fn() -> SystemTime) -> Result<Self, AwsError> {
        let first = token(&make, clock()).await?;
        Ok(Self {
            make: Arc::new(make),
            clock,
            last: Arc::new(Mutex::new(first)),
        })
    }

    /// A token that still counts; one request makes it anew while the others wait.
    async fn header(&self) -> Result<HeaderValue, AwsError> {
        let now = (self.clock)();
        let mut last = self.last.lock().await;
        // A clock that was set back tells no age.
        let is_fresh = now
            .duration_since(last.made_at)
            .is_ok_and(|age| age < USED_FOR);
        if !is_fresh {
            *last = token(&self.make, now).await?;
        }
        Ok(last.header.clone())
    }
}

async fn token(make: &MakeToken, now: SystemTime) -> Result<Token, AwsError> {
    let token = make(now).await?;
    let header = format!("Bearer {}", token.expose_secret());
    let mut header = HeaderValue::try_from(header).expect("a token is ASCII");
    header.set_sensitive(true);
    Ok(Token {
        header,
        made_at: now,
    })
}

impl AsyncPredicate<Request<Body>> for Tokens {
    type Future = BoxFuture<'static, Result<Request<Body>, BoxError>>;
    type Request = Request<Body>;

    fn check(&mut self, mut request: Request<Body>) -> Self::Future {
        let tokens = self.clone();
        Box::pin(async move {
            let header = tokens.header().await?;
            request.headers_mut().insert(AUTHORIZATION, header);
            Ok(request)
        })
    }
}

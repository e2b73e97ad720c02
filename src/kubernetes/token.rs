//! The bearer token of every request, renewed before the cluster stops accepting it.

use std::error::Error;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::future::BoxFuture;
use http::Request;
use http::header::{AUTHORIZATION, HeaderValue};
use kube::client::Body;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tower::BoxError;
use tower::filter::AsyncPredicate;

/// A token, and until when it is used.
#[derive(Debug, Clone)]
pub struct Bearer {
    /// The token.
    pub token: SecretString,
    /// When it is renewed; `None` where it is used to the end.
    pub until: Option<SystemTime>,
}

impl Bearer {
    /// The header that carries it; `None` where no header can, such as with a line break in it.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let header = format!("Bearer {}", self.token.expose_secret());
        let mut header = HeaderValue::try_from(header).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

/// Makes a token that counts from the given time on.
pub type MakeToken<E> =
    Box<dyn Fn(SystemTime) -> BoxFuture<'static, Result<Bearer, E>> + Send + Sync>;

/// Puts a token that still counts on every request.
pub struct Tokens<E> {
    make: Arc<MakeToken<E>>,
    clock: fn() -> SystemTime,
    last: Arc<Mutex<BearerToken>>,
}

impl<E> Clone for Tokens<E> {
    fn clone(&self) -> Self {
        Self {
            make: Arc::clone(&self.make),
            clock: self.clock,
            last: Arc::clone(&self.last),
        }
    }
}

struct BearerToken {
    header: HeaderValue,
    made_at: SystemTime,
    until: Option<SystemTime>,
}

/// What keeps a token from being used.
#[derive(Debug, thiserror::Error)]
pub enum TokenError<E> {
    /// There is none.
    #[error(transparent)]
    NotMade(E),
    /// It can't be sent.
    #[error("the token contains a line break or another character that is not allowed in a header")]
    NoHeader,
}

impl<E: Error + Send + Sync + 'static> Tokens<E> {
    /// Makes the first token.
    ///
    /// # Errors
    /// Where none can be made.
    pub async fn new(make: MakeToken<E>, clock: fn() -> SystemTime) -> Result<Self, TokenError<E>> {
        let first = token(&make, clock()).await?;
        Ok(Self {
            make: Arc::new(make),
            clock,
            last: Arc::new(Mutex::new(first)),
        })
    }

    /// A token that still counts; one request renews it while the others wait.
    async fn header(&self) -> Result<HeaderValue, TokenError<E>> {
        let now = (self.clock)();
        let mut last = self.last.lock().await;
        // A clock that was set back gives no age.
        let is_fresh = last
            .until
            .is_none_or(|until| now >= last.made_at && now < until);
        if !is_fresh {
            *last = token(&self.make, now).await?;
        }
        Ok(last.header.clone())
    }
}

async fn token<E>(make: &MakeToken<E>, now: SystemTime) -> Result<BearerToken, TokenError<E>> {
    let made = make(now).await.map_err(TokenError::NotMade)?;
    Ok(BearerToken {
        header: made.header().ok_or(TokenError::NoHeader)?,
        made_at: now,
        until: made.until,
    })
}

impl<E: Error + Send + Sync + 'static> AsyncPredicate<Request<Body>> for Tokens<E> {
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

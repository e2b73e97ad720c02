//! The proxies that the environment names.
#![expect(
    clippy::disallowed_methods,
    reason = "proxies are named by the environment and read here"
)]

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

/// The variables that name a proxy; a library that can't read one of them goes past the proxy without a word.
const VARIABLES: [&str; 6] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// Checks that every proxy that the environment names can be used.
///
/// # Errors
/// Which variable can't, and why; never its value, which may hold a password.
pub(crate) fn check() -> Result<(), String> {
    for name in VARIABLES {
        let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) else {
            continue;
        };
        usable(value.to_str().unwrap_or_default()).map_err(|why| format!("{name} {why}"))?;
    }
    Ok(())
}

fn usable(value: &str) -> Result<(), &'static str> {
    let uri: Uri = value
        .parse()
        .map_err(|_| "is not the URL of a proxy, such as `http://proxy:3128`")?;
    match uri.scheme_str() {
        None | Some("http" | "https") => {}
        Some(_) => return Err("names a proxy that is neither http nor https"),
    }
    match uri.host() {
        Some(host) if !host.is_empty() => Ok(()),
        _ => Err("names no host"),
    }
}

/// The proxy that the environment names for a URL; `None` where there is none, or `NO_PROXY` excepts the host.
///
/// What is not encrypted goes to this machine alone, and so past every proxy.
pub(crate) fn of(url: &Uri) -> Option<Uri> {
    if url.scheme_str() != Some("https") {
        return None;
    }
    Matcher::from_env()
        .intercept(url)
        .map(|proxy| proxy.uri().clone())
}

#[cfg(test)]
mod tests {
    use super::usable;

    #[test]
    fn a_proxy_is_a_url_by_http_or_https_with_or_without_its_scheme() {
        for good in [
            "http://proxy:3128",
            "https://user:pass@proxy.example.com",
            "proxy:3128",
            "proxy.example.com",
            "http://[::1]:3128/",
        ] {
            assert_eq!(usable(good), Ok(()), "{good}");
        }
        for bad in [
            "http://",
            "http://a b",
            "socks5://proxy:1080",
            "/proxy",
            "http//proxy",
        ] {
            assert!(usable(bad).is_err(), "{bad}");
        }
    }
}

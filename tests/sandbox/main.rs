//! The sandbox, judged by the real clients: the AWS SDKs, `kube`, the `aws` command and `kubectl`.
#![cfg(feature = "sandbox")]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests panic, print, and are an edge themselves"
)]

mod entries;
mod faults;
mod identity;
mod judges;
mod kubernetes;
mod modes;
mod support;
#[path = "../tell/mod.rs"]
mod tell;
mod tokens;

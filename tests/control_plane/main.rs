//! The built binary against a control plane that nobody here wrote: etcd, kube-apiserver and aws-iam-authenticator.
//!
//! EKS, IAM and STS around it are the sandbox's; whom the cluster lets in, as whom, and what that person may do is
//! answered by the real programs alone.
#![cfg(feature = "sandbox")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests read and write files and start programs"
)]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod api;
mod arc;
mod cluster;
mod differential;
mod faults;
mod people;
mod plane;
mod programs;
mod rights;
#[path = "../e2e/schemas.rs"]
mod schemas;
mod shapes;
#[expect(
    dead_code,
    reason = "the words of the other tests, not all of them used here"
)]
#[path = "../e2e/support.rs"]
mod support;
#[path = "../tell/mod.rs"]
mod tell;

//! An embedded EKS, IAM, STS, S3 and Kubernetes API on loopback, as strict as the real ones.
//!
//! A rehearsal and the tests run against it with the real clients: the AWS SDKs, `kube`, the `aws` command and
//! `kubectl`. All requests to AWS must be signed for real; all requests to Kubernetes bear a token, the kubeconfig's own
//! or one of STS.
//!
//! ```no_run
//! # async fn run() -> std::io::Result<()> {
//! use aws_auth_migrate::sandbox::{Sandbox, Seed};
//!
//! let sandbox = Sandbox::start(Seed::default()).await?;
//! for (name, value) in sandbox.environment() {
//!     println!("export {name}={value}");
//! }
//! # Ok(())
//! # }
//! ```

mod answers;
mod aws;
mod build;
mod clock;
mod eks;
mod faults;
mod iam;
mod invent;
mod kube;
mod limits;
mod login;
mod organization;
mod percent;
mod policy;
mod record;
mod s3;
mod seed;
mod server;
mod services;
mod sigv4;
mod start;
mod state;
mod sts;
mod tls;
mod wire;
mod xml;

pub use answers::Answers;
pub use faults::{Fault, FaultKind};
pub use kube::admission::{Admission, Refuser};
pub use limits::{
    KubernetesRights, KubernetesRule, Rights, SandboxLimits, SwitchSeed, UpdateEnd, UpdateTime,
};
pub use login::{KnownEntry, KubeIdentity};
pub use policy::Policy;
pub use record::{Phase, RequestRecord};
pub use seed::{
    AwsAuthSeed, ClusterSeed, ControlPlane, FargateProfileSeed, IamPrincipal, NodeGroupSeed,
    NodeSeed, SandboxCaller, Seed, SeedEntry,
};
pub use start::{Sandbox, Snapshot};
pub use state::World;

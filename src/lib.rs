//! Moves an Amazon EKS cluster from the `aws-auth` ConfigMap to EKS access entries, so that nobody loses access,
//! nobody gains access, and a run can be stopped and resumed at any point.
//!
//! # The straight way
//!
//! ```text
//! ConfigMap text --reader--> Mapping --translator--> Translation --plan--> Plan (a file)
//!                                           Observed (aws, kubernetes) --^    |
//! report <-- outcome of each Action <-- journal <-- writer (aws) <------------+
//! ```
//!
//! The middle is made of pure functions; only the ends wait for others.

pub mod access;
pub mod choices;
pub mod finding;
pub mod model;
pub mod observed;
pub mod plan;
pub mod reader;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod text;
pub mod translator;

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
pub mod aws;
mod causes;
pub mod choices;
pub mod cli;
pub mod connector;
pub mod decisions;
pub mod digest;
pub mod error;
pub mod export;
pub mod files;
pub mod finding;
pub mod fleet;
mod go_yaml;
pub mod invocation;
pub mod journal;
pub mod kubernetes;
pub mod migration;
pub mod model;
pub mod observed;
pub mod plan;
mod proxy;
pub mod reader;
pub mod report;
pub mod rights;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod schema;
pub mod source;
pub mod stop;
pub mod text;
mod together;
pub mod translator;
pub mod writer;
mod yaml;

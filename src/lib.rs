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
//!
//! # As a library
//!
//! A program that embeds the migration reads a cluster with [`migration::survey()`], makes a plan of what it finds with
//! [`plan::build()`], and carries it out with [`migration::apply()`], which reports its progress while it runs;
//! `examples/embed.rs` does so. All else is private, so that the compiler finds what nobody calls. The feature `rooms`
//! opens every room for the tests and benches of this package; nothing is promised about what it shows.

#![cfg_attr(
    not(feature = "rooms"),
    allow(
        unreachable_pub,
        unused_imports,
        reason = "the tests of this package reach what a private room shows"
    )
)]

/// Modules that are public for the tests and benches of this package, and private for everybody else.
macro_rules! rooms {
    ($($(#[$attribute:meta])* $name:ident;)*) => {
        $(
            $(#[$attribute])*
            #[cfg(feature = "rooms")]
            pub mod $name;
            $(#[$attribute])*
            #[cfg(not(feature = "rooms"))]
            mod $name;
        )*
    };
}

mod causes;
pub mod choices;
pub mod cli;
pub mod decisions;
pub mod error;
pub mod finding;
mod go_yaml;
pub mod migration;
pub mod model;
pub mod plan;
mod proxy;
pub mod reader;
pub mod report;
pub mod stop;
mod together;
mod yaml;

rooms! {
    access;
    aws;
    connector;
    digest;
    export;
    files;
    fleet;
    invocation;
    journal;
    kubernetes;
    observed;
    rights;
    schema;
    source;
    text;
    translator;
    writer;
    #[cfg(feature = "sandbox")]
    #[cfg_attr(
        not(feature = "rooms"),
        allow(dead_code, reason = "faults, clocks and edits are for the tests")
    )]
    sandbox;
}

//! The words of the field as types: what `aws-auth`, IAM and EKS are made of.
//!
//! Nothing here reads a file, calls a service or decides what to do; every other room leans on this one.

pub mod access;
pub mod access_entry;
pub mod access_policy;
pub mod arn;
pub mod cluster;
pub mod mapping;
pub mod principal;
pub mod reserved;

pub use access::{AccessChange, BindingChange, BindingEffect, Identity, Sessions, Verdict};
pub use access_entry::{AccessEntry, EntryType, LiveEntry};
pub use access_policy::{AccessScope, PolicyAssociation};
pub use arn::{Arn, ArnError};
pub use cluster::{AuthenticationMode, Cluster};
pub use mapping::{Mapping, MappingId, Place, Section, SsoRole};
pub use principal::{Principal, PrincipalKey, PrincipalKind, Subject};

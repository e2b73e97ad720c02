//! The words of the field as types: what `aws-auth`, IAM and EKS are made of.
//!
//! Nothing here reads a file, calls a service or decides what to do; every other room leans on this one.

pub mod access;
pub mod access_entry;
pub mod access_policy;
pub mod action_status;
pub mod arn;
pub mod choice;
pub mod cluster;
pub mod glob;
pub mod mapping;
pub mod principal;
pub mod rbac;
pub mod reserved;

pub use access::{AccessChange, BindingChange, BindingEffect, Identity, Sessions, Verdict};
pub use access_entry::{AccessEntry, EntryType, LiveEntry};
pub use access_policy::{AccessScope, PolicyAssociation};
pub use action_status::{ActionError, ActionStatus};
pub use arn::{Arn, ArnError};
pub use choice::{ManagedNodes, OnExisting, Usernames};
pub use cluster::{AuthenticationMode, Cluster, ClusterId};
pub use glob::Glob;
pub use mapping::{Mapping, MappingId, Place, Section, SsoRole};
pub use principal::{ArnSubject, Principal, PrincipalKey, PrincipalKind};
pub use rbac::BindingId;

//! Who gets which Kubernetes identity: from `aws-auth` today, from access entries tomorrow, and what lies between.

pub mod after;
pub mod before;
pub mod bindings;
pub mod compare;
pub mod equal_policy;
pub mod identity;
pub mod in_force;
pub mod rbac_emit;
pub mod rbac_file;
pub mod template;
#[cfg(test)]
mod tests;

pub use after::identity_of_entry;
pub use compare::{Bindings, compare};
pub use identity::{Logins, identity_of_mapping};
pub use in_force::{ClusterAccess, InForce, Through, canonical};
pub use rbac_emit::{Renames, emit_rbac, planned_bindings};
pub use rbac_file::{RbacFileError, read_rbac};

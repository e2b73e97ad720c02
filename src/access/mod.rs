//! Who gets which Kubernetes identity: from `aws-auth` today, from access entries tomorrow, and what lies between.

pub mod before;
pub mod rbac;

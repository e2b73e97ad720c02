//! Many clusters in many accounts and regions: which they are, one row about each, and what repeats across them.
//!
//! Each cluster is read, planned, applied and verified by the functions of [`migration`](crate::migration), with
//! credentials and clients that it shares with the clusters beside it. A cluster that fails is a row with its reason.

pub mod connections;
pub mod discover;
pub mod file;
pub mod member;
pub mod merge;
pub mod questions;
pub mod reason;
pub mod report;
pub mod rollout;
pub mod row;
pub mod shard;
pub mod survey;
pub mod wave;

pub use connections::Connections;
pub use discover::{Accounts, Discovered, Discovery, Regions, discover};
pub use file::{Fleet, FleetError, FleetFile};
pub use member::{Member, MemberId, Reach};
pub use merge::{MergeError, merge};
pub use questions::FleetQuestion;
pub use reason::Reason;
pub use report::{About, FleetCommand, FleetId, Report};
pub use rollout::Rollout;
pub use row::{Block, Row, State};
pub use shard::ShardMark;
pub use survey::{FleetLook, FleetProgress, Prepared, rows};
pub use wave::{Wave, waves};

//! A part of a fleet for one machine of many: the same part on every machine, whatever the order of the clusters.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::file::Fleet;
use super::member::MemberId;

/// The most shards of a fleet.
pub const MOST: u32 = 10_000;

/// Which part of a fleet a file or a report holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ShardMark {
    /// Which one, from 0.
    pub index: u32,
    /// How many there are.
    pub of: u32,
    /// The digest of the whole fleet.
    pub fleet: String,
    /// How many clusters the whole fleet has.
    pub clusters: usize,
}

/// Which of so many shards a cluster is in.
///
/// It depends on the cluster's identity alone, so that a cluster stays where it is when others come or go.
#[must_use]
pub fn shard_of(identity: &MemberId, of: u32) -> u32 {
    let digest = Sha256::digest(identity.to_string());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    let index = u64::from_be_bytes(first) % u64::from(of.max(1));
    u32::try_from(index).expect("it is less than the number of shards")
}

impl Fleet {
    /// One of so many shards of the fleet.
    #[must_use]
    pub fn shard(&self, index: u32, of: u32) -> Self {
        let mut members = self.members.clone();
        members.retain(|member| shard_of(&member.identity(), of) == index);
        let mark = ShardMark {
            index,
            of,
            fleet: self.digest.clone(),
            clusters: self.members.len(),
        };
        Self::of(members, Some(mark))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(index: usize) -> MemberId {
        MemberId {
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
            name: format!("c{index}"),
        }
    }

    #[test]
    fn each_cluster_is_in_one_shard_and_none_is_crowded() {
        let mut sizes = [0_usize; 64];
        for index in 0..10_000 {
            sizes[shard_of(&identity(index), 64) as usize] += 1;
        }
        let (least, most) = (sizes.iter().min(), sizes.iter().max());
        assert_eq!(sizes.iter().sum::<usize>(), 10_000);
        assert!(*least.unwrap() > 110 && *most.unwrap() < 205, "{sizes:?}");
    }

    #[test]
    fn a_cluster_stays_in_its_shard_for_ever() {
        // Machines that run different versions of the tool must not disagree about this.
        let shards: Vec<u32> = (0..8).map(|index| shard_of(&identity(index), 4)).collect();
        assert_eq!(shards, [0, 3, 3, 3, 2, 3, 3, 2]);
    }
}

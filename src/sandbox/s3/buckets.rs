//! What the buckets hold.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::sandbox::invent;

/// All buckets, by name.
pub(in crate::sandbox) type Buckets = BTreeMap<String, BucketState>;

/// A bucket.
#[derive(Debug, Clone, Default)]
pub(in crate::sandbox) struct BucketState {
    pub(in crate::sandbox) region: String,
    pub(in crate::sandbox) objects: BTreeMap<String, StoredObject>,
}

/// An object.
#[derive(Debug, Clone)]
pub(in crate::sandbox) struct StoredObject {
    pub(in crate::sandbox) content: Vec<u8>,
    pub(in crate::sandbox) tag: String,
    pub(in crate::sandbox) modified: Timestamp,
}

impl StoredObject {
    /// The same content has the same tag, as on S3.
    pub(in crate::sandbox) fn new(content: &[u8], modified: Timestamp) -> Self {
        use sha2::Digest as _;
        let digest = sha2::Sha256::digest(content);
        Self {
            content: content.to_vec(),
            tag: format!("\"{}\"", invent::hex(&digest[..16])),
            modified,
        }
    }
}

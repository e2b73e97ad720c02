//! What tests do to S3 behind everybody's back.

use super::buckets::{BucketState, StoredObject};
use crate::sandbox::state::World;

impl World {
    /// Creates an empty bucket in a region.
    pub fn create_bucket(&mut self, name: &str, region: &str) {
        let bucket = BucketState {
            region: region.to_owned(),
            ..BucketState::default()
        };
        self.s3.insert(name.to_owned(), bucket);
    }

    /// The content of an object in S3.
    #[must_use]
    pub fn stored(&self, bucket: &str, key: &str) -> Option<&[u8]> {
        let object = self.s3.get(bucket)?.objects.get(key)?;
        Some(&object.content)
    }

    /// The keys of all objects in a bucket.
    #[must_use]
    pub fn stored_keys(&self, bucket: &str) -> Vec<String> {
        let bucket = self.s3.get(bucket);
        bucket.map_or_else(Vec::new, |bucket| bucket.objects.keys().cloned().collect())
    }

    /// Writes an object to S3, whatever is there.
    pub fn store(&mut self, bucket: &str, key: &str, content: &[u8]) {
        let object = StoredObject::new(content, self.now());
        if let Some(bucket) = self.s3.get_mut(bucket) {
            bucket.objects.insert(key.to_owned(), object);
        }
    }
}

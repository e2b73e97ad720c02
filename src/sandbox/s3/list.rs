//! `ListObjectsV2`.

use std::collections::BTreeSet;

use super::buckets::BucketState;
use super::document;
use crate::sandbox::percent;
use crate::sandbox::wire::{Call, Reply};
use crate::sandbox::xml::leaf;

/// The most keys in a page.
const MOST: usize = 1000;

/// One page of the objects of a bucket; the token is the last key of the page before.
pub(super) fn page(bucket: &BucketState, name: &str, call: &Call, limit: usize) -> Reply {
    let pairs = call.pairs();
    let field = |name: &str| percent::value(&pairs, name).unwrap_or_default().to_owned();
    let (prefix, delimiter) = (field("prefix"), field("delimiter"));
    let after = match field("continuation-token") {
        token if token.is_empty() => field("start-after"),
        token => token,
    };
    let asked = field("max-keys").parse::<usize>();
    let most = asked.unwrap_or(MOST).min(MOST).min(limit).max(1);
    // The AWS CLI asks for keys that XML can always hold.
    let is_encoded = field("encoding-type") == "url";
    let shown = |key: &str| {
        if is_encoded {
            percent::encode(key).replace("%2F", "/")
        } else {
            key.to_owned()
        }
    };
    let mut contents = String::new();
    let mut groups = BTreeSet::new();
    let (mut count, mut last, mut is_truncated) = (0, String::new(), false);
    for (key, object) in &bucket.objects {
        let Some(rest) = key.strip_prefix(prefix.as_str()) else {
            continue;
        };
        let at = rest.find(&delimiter).filter(|_| !delimiter.is_empty());
        let group = at.map(|at| format!("{prefix}{}", &rest[..at + delimiter.len()]));
        if key.as_str() <= after.as_str()
            || group.as_ref().is_some_and(|group| groups.contains(group))
        {
            continue;
        }
        if count == most {
            is_truncated = true;
            break;
        }
        count += 1;
        last.clone_from(key);
        if let Some(group) = group {
            groups.insert(group);
            continue;
        }
        let fields = [
            leaf("Key", &shown(key)),
            leaf("LastModified", &format!("{:.3}", object.modified)),
            leaf("ETag", &object.tag),
            leaf("Size", &object.content.len().to_string()),
            leaf("StorageClass", "STANDARD"),
        ];
        contents.push_str(&format!("<Contents>{}</Contents>", fields.concat()));
    }
    let groups: String = groups
        .iter()
        .map(|group| {
            format!(
                "<CommonPrefixes>{}</CommonPrefixes>",
                leaf("Prefix", &shown(group))
            )
        })
        .collect();
    let mut head = [
        leaf("Name", name),
        leaf("Prefix", &shown(&prefix)),
        leaf("KeyCount", &count.to_string()),
        leaf("MaxKeys", &most.to_string()),
        leaf("IsTruncated", &is_truncated.to_string()),
    ]
    .concat();
    if is_truncated {
        head.push_str(&leaf("NextContinuationToken", &last));
    }
    if is_encoded {
        head.push_str(&leaf("EncodingType", "url"));
    }
    document(
        200,
        &format!(
            "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{head}{contents}{groups}</ListBucketResult>"
        ),
    )
}

//! Tags of access entries and clusters.
//!
//! Source: EKS API Reference, `TagResource`, `UntagResource`, `ListTagsForResource`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::sandbox::aws::ErrorReply;
use crate::sandbox::state::World;

use super::{Request, validate};

pub(super) fn tag(world: &mut World, request: &Request<'_>) -> Result<Value, ErrorReply> {
    let bad = |message: String| ErrorReply::new(400, "BadRequestException", message);
    let added = validate::tags(request.body.get("tags")).map_err(|error| bad(error.message))?;
    let tags = tags_of(world, request.segment(1))?;
    let mut all = tags.clone();
    all.extend(added);
    if all.len() > 50 {
        return Err(bad("A resource can have at most 50 tags".to_owned()));
    }
    *tags = all;
    Ok(json!({}))
}

pub(super) fn untag(world: &mut World, request: &Request<'_>) -> Result<Value, ErrorReply> {
    let tags = tags_of(world, request.segment(1))?;
    for (_, key) in request.pairs.iter().filter(|(name, _)| name == "tagKeys") {
        tags.remove(key);
    }
    Ok(json!({}))
}

pub(super) fn list(world: &mut World, request: &Request<'_>) -> Result<Value, ErrorReply> {
    let tags = tags_of(world, request.segment(1))?;
    Ok(json!({ "tags": tags }))
}

fn tags_of<'w>(
    world: &'w mut World,
    arn: &str,
) -> Result<&'w mut BTreeMap<String, String>, ErrorReply> {
    for cluster in world.clusters.values_mut() {
        if cluster.arn() == arn {
            return Ok(&mut cluster.tags);
        }
        let entry = cluster.entries.values_mut().find(|entry| entry.arn == arn);
        if let Some(entry) = entry {
            return Ok(&mut entry.tags);
        }
    }
    Err(ErrorReply::new(
        404,
        "NotFoundException",
        format!("The resource {arn} could not be found"),
    ))
}

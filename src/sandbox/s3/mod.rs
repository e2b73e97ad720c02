//! Amazon S3, as far as whole objects are read, written under conditions, listed and deleted.
//!
//! Addresses are path-style. Source: Amazon S3 API Reference, `GetObject`, `PutObject`, `HeadObject`, `ListObjectsV2`,
//! `DeleteObject`; Amazon S3 User Guide, "Add preconditions to S3 operations with conditional requests".

pub(super) mod buckets;
mod edit;
mod list;

use hyper::Method;

use buckets::StoredObject;

use super::aws::{self, ErrorReply, SandboxService};
use super::percent;
use super::policy::{Decision, IamRequest};
use super::sigv4::Signature;
use super::state::{Credential, World};
use super::wire::{Call, Reply};
use super::xml::leaf;

/// What a request asks for: bucket and key, both decoded.
struct Target {
    bucket: String,
    key: String,
}

impl Target {
    fn of(call: &Call) -> Self {
        let path = call.path.trim_start_matches('/');
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        Self {
            bucket: percent::decode(bucket),
            key: percent::decode(key),
        }
    }

    fn arn(&self) -> String {
        format!("arn:aws:s3:::{}/{}", self.bucket, self.key)
    }
}

/// The operation that a request asks for.
pub(super) fn operation(call: &Call) -> &'static str {
    let has_key = !Target::of(call).key.is_empty();
    match (&call.method, has_key) {
        (&Method::GET, true) => "GetObject",
        (&Method::GET, false) => "ListObjectsV2",
        (&Method::PUT, true) => "PutObject",
        (&Method::HEAD, true) => "HeadObject",
        (&Method::HEAD, false) => "HeadBucket",
        (&Method::DELETE, true) => "DeleteObject",
        _ => "?",
    }
}

/// An error as S3 writes it, which has its own names for some that all services know.
///
/// Source: Amazon S3 API Reference, "Error responses".
pub(super) fn error(error: &ErrorReply, request_id: &str) -> Reply {
    let (status, code) = match error.code {
        "Throttling" => (503, "SlowDown"),
        "ServiceFailure" => (500, "InternalError"),
        "InvalidClientTokenId" => (403, "InvalidAccessKeyId"),
        code => (error.status, code),
    };
    let fields = [
        leaf("Code", code),
        leaf("Message", &error.message),
        leaf("RequestId", request_id),
    ];
    let reply = document(status, &format!("<Error>{}</Error>", fields.concat()));
    reply.with("x-amz-request-id", request_id)
}

fn document(status: u16, body: &str) -> Reply {
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    Reply {
        status,
        headers: vec![("content-type", "application/xml".to_owned())],
        body: format!("{head}{body}").into_bytes(),
    }
}

/// Answers a request.
pub(super) fn answer(
    world: &mut World,
    call: &Call,
    credential: &Credential,
    request_id: &str,
    denied: bool,
) -> Result<Reply, ErrorReply> {
    let target = Target::of(call);
    let (action, resource) = match operation(call) {
        "GetObject" | "HeadObject" => ("s3:GetObject", target.arn()),
        "PutObject" => ("s3:PutObject", target.arn()),
        "DeleteObject" => ("s3:DeleteObject", target.arn()),
        "ListObjectsV2" | "HeadBucket" => {
            ("s3:ListBucket", format!("arn:aws:s3:::{}", target.bucket))
        }
        _ => {
            return Err(ErrorReply::new(
                405,
                "MethodNotAllowed",
                "The specified method is not allowed against this resource.",
            ));
        }
    };
    let Some(bucket) = world.s3.get(&target.bucket) else {
        return Err(ErrorReply::new(
            404,
            "NoSuchBucket",
            "The specified bucket does not exist",
        ));
    };
    let signed = Signature::of(call).map(|signature| signature.region);
    if signed.is_some_and(|region| region != bucket.region) {
        let region = bucket.region.clone();
        let moved = ErrorReply::new(
            301,
            "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all \
             future requests to this endpoint.",
        );
        return Ok(error(&moved, request_id).with("x-amz-bucket-region", region));
    }
    aws::authorize(
        world,
        credential,
        SandboxService::S3,
        action,
        &resource,
        denied,
    )?;
    match operation(call) {
        "ListObjectsV2" => Ok(list::page(
            bucket,
            &target.bucket,
            call,
            world.limits.page_size,
        )),
        "HeadBucket" => Ok(Reply {
            status: 200,
            ..Reply::default()
        }),
        "PutObject" => put(world, call, &target),
        "DeleteObject" => {
            let bucket = world.s3.get_mut(&target.bucket);
            bucket.and_then(|bucket| bucket.objects.remove(&target.key));
            Ok(Reply {
                status: 204,
                ..Reply::default()
            })
        }
        _ => get(world, credential, &target),
    }
}

fn get(world: &World, credential: &Credential, target: &Target) -> Result<Reply, ErrorReply> {
    let Some(object) = world.s3[&target.bucket].objects.get(&target.key) else {
        let resource = format!("arn:aws:s3:::{}", target.bucket);
        let attempt = IamRequest {
            action: "s3:ListBucket",
            resource: &resource,
            context: &[],
        };
        // Whoever may not list must not learn what is not there either.
        return Err(match aws::decide(world, credential, &attempt) {
            Decision::Allowed => {
                ErrorReply::new(404, "NoSuchKey", "The specified key does not exist.")
            }
            _ => ErrorReply::new(403, "AccessDenied", "Access Denied"),
        });
    };
    let date = object.modified.strftime("%a, %d %b %Y %H:%M:%S GMT");
    let reply = Reply {
        status: 200,
        headers: Vec::new(),
        body: object.content.clone(),
    };
    Ok(reply
        .with("content-type", "binary/octet-stream")
        .with("accept-ranges", "bytes")
        .with("etag", object.tag.clone())
        .with("last-modified", date.to_string()))
}

fn put(world: &mut World, call: &Call, target: &Target) -> Result<Reply, ErrorReply> {
    let failed = ErrorReply::new(
        412,
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
    );
    let now = world.now();
    let Some(bucket) = world.s3.get_mut(&target.bucket) else {
        return Err(failed);
    };
    let known = bucket.objects.get(&target.key);
    if call.header("if-none-match").is_some() && known.is_some() {
        return Err(failed);
    }
    if let Some(tag) = call.header("if-match") {
        match known {
            None => {
                return Err(ErrorReply::new(
                    404,
                    "NoSuchKey",
                    "The specified key does not exist.",
                ));
            }
            Some(known) if known.tag.trim_matches('"') != tag.trim_matches('"') => {
                return Err(failed);
            }
            Some(_) => {}
        }
    }
    let object = StoredObject::new(&call.body, now);
    let tag = object.tag.clone();
    bucket.objects.insert(target.key.clone(), object);
    let reply = Reply {
        status: 200,
        ..Reply::default()
    };
    Ok(reply.with("etag", tag))
}

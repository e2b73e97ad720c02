//! Which operation a request is for, as IAM names it.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

use super::pace::Service;

/// The operation of a request, such as `eks:DescribeAccessEntry`.
///
/// EKS distinguishes its operations by method and path, IAM and STS by the first field of the body.
/// Source: EKS API Reference, the request syntax of each operation; IAM API Reference, "Making query requests".
pub(super) fn of(service: Service, request: &HttpRequest) -> String {
    let name = match service {
        Service::Eks => eks(request.method(), path(request.uri())).to_owned(),
        Service::Iam | Service::Sts => action(request.body().bytes().unwrap_or_default()),
    };
    format!("{}:{name}", service.prefix())
}

fn path(uri: &str) -> &str {
    let uri = uri.split('?').next().unwrap_or_default();
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    rest.find('/').map_or("", |at| &rest[at + 1..])
}

fn eks<'a>(method: &str, path: &'a str) -> &'a str {
    let parts: Vec<&str> = path.split('/').collect();
    match (method, parts.as_slice()) {
        ("GET", ["clusters", _]) => "DescribeCluster",
        ("GET", ["clusters", _, "access-entries"]) => "ListAccessEntries",
        ("POST", ["clusters", _, "access-entries"]) => "CreateAccessEntry",
        ("GET", ["clusters", _, "access-entries", _]) => "DescribeAccessEntry",
        ("POST", ["clusters", _, "access-entries", _]) => "UpdateAccessEntry",
        ("DELETE", ["clusters", _, "access-entries", _]) => "DeleteAccessEntry",
        ("GET", ["clusters", _, "access-entries", _, "access-policies"]) => {
            "ListAssociatedAccessPolicies"
        }
        ("POST", ["clusters", _, "access-entries", _, "access-policies"]) => {
            "AssociateAccessPolicy"
        }
        ("DELETE", ["clusters", _, "access-entries", _, "access-policies", _]) => {
            "DisassociateAccessPolicy"
        }
        ("GET", ["clusters", _, "node-groups"]) => "ListNodegroups",
        ("GET", ["clusters", _, "node-groups", _]) => "DescribeNodegroup",
        ("GET", ["clusters", _, "fargate-profiles"]) => "ListFargateProfiles",
        ("GET", ["clusters", _, "fargate-profiles", _]) => "DescribeFargateProfile",
        ("POST", ["clusters", _, "update-config"]) => "UpdateClusterConfig",
        ("GET", ["clusters", _, "updates"]) => "ListUpdates",
        ("GET", ["clusters", _, "updates", _]) => "DescribeUpdate",
        _ => path,
    }
}

fn action(body: &[u8]) -> String {
    let name = body.strip_prefix(b"Action=").unwrap_or_default();
    let name = name.split(|byte| *byte == b'&').next().unwrap_or_default();
    String::from_utf8_lossy(name).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_known_by_method_and_path_or_by_its_body() {
        let arn = "arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fops";
        let entry =
            format!("https://eks.eu-west-1.amazonaws.com/clusters/shop/access-entries/{arn}");
        for (method, uri, expected) in [
            ("GET", entry.clone(), "DescribeAccessEntry"),
            ("DELETE", entry.clone(), "DeleteAccessEntry"),
            (
                "POST",
                format!("{entry}/access-policies"),
                "AssociateAccessPolicy",
            ),
            (
                "GET",
                "http://127.0.0.1:1/clusters/shop/node-groups?maxResults=100".to_owned(),
                "ListNodegroups",
            ),
            (
                "GET",
                "http://127.0.0.1:1/clusters/shop".to_owned(),
                "DescribeCluster",
            ),
        ] {
            assert_eq!(eks(method, path(&uri)), expected);
        }
        assert_eq!(action(b"Action=GetRole&Version=2010-05-08"), "GetRole");
    }
}

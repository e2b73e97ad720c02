//! Bearer tokens as aws-iam-authenticator checks them.
//!
//! Source: aws-iam-authenticator `pkg/token/token.go`, `Verify`, and `pkg/endpoints/partitions.go`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;

use crate::sandbox::percent;
use crate::sandbox::sigv4::{self, Signature};
use crate::sandbox::state::{CallingPrincipal, World};

/// The parameters that a token's URL may have, each once.
const PARAMETERS: [&str; 9] = [
    "action",
    "version",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
];

/// Whose token this is; `None` for every token that the authenticator refuses.
pub(super) fn identity(
    world: &World,
    cluster: &str,
    partition: &str,
    token: &str,
) -> Option<(CallingPrincipal, String)> {
    if token.len() > 4096 {
        return None;
    }
    let url = URL_SAFE_NO_PAD
        .decode(token.strip_prefix("k8s-aws-v1.")?)
        .ok()?;
    let url = String::from_utf8(url).ok()?;
    let rest = url.strip_prefix("https://")?;
    let (host, rest) = rest.split_once('/')?;
    let query = rest.strip_prefix('?')?;
    if query.contains('#') || !is_sts_host(partition, host) {
        return None;
    }
    let pairs = percent::pairs(query);
    let mut names: Vec<String> = pairs.iter().map(|(key, _)| key.to_lowercase()).collect();
    names.sort();
    let count = names.len();
    names.dedup();
    let all_known = names.iter().all(|name| PARAMETERS.contains(&name.as_str()));
    if names.len() != count || !all_known {
        return None;
    }
    let value = |name: &str| {
        let found = pairs.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    };
    if value("action") != Some("GetCallerIdentity")
        || value("x-amz-algorithm") != Some("AWS4-HMAC-SHA256")
    {
        return None;
    }
    let expires: u32 = value("x-amz-expires")?.parse().ok()?;
    let date = value("x-amz-date")?;
    let signed_at = sigv4::parse_date(date)?;
    let age = world.now().duration_since(signed_at);
    // A token lives for 15 minutes whatever its URL says.
    let lives = (-SignedDuration::from_mins(5)..SignedDuration::from_mins(15)).contains(&age);
    if expires > 900 || !lives {
        return None;
    }
    let signature = Signature::from_parts(
        value("x-amz-credential")?,
        value("x-amz-signedheaders")?,
        value("x-amz-signature")?,
    )?;
    let headers: Vec<(String, String)> = signature
        .signed_headers
        .iter()
        .map(|name| match name.as_str() {
            "host" => Some((name.clone(), host.to_owned())),
            "x-k8s-aws-id" => Some((name.clone(), cluster.to_owned())),
            _ => None,
        })
        .collect::<Option<_>>()?;
    if headers.len() != 2 || signature.service != "sts" {
        return None;
    }
    let credential = world.credentials.get(&signature.access_key)?;
    let live = credential.expires.is_none_or(|end| end > world.now());
    if !live || credential.token.as_deref() != value("x-amz-security-token") {
        return None;
    }
    let canonical = sigv4::canonical("GET", "/", &pairs, &headers, &sigv4::hash(b""));
    signature
        .matches(&canonical, date, signed_at, &credential.secret)
        .then(|| (credential.identity.clone(), signature.access_key))
}

/// Whether a host is one of STS in the partition; the global one is for partition `aws` only.
fn is_sts_host(partition: &str, host: &str) -> bool {
    if host == "sts.amazonaws.com" {
        return partition == "aws";
    }
    let (suffix, dual_stack) = match partition {
        "aws" | "aws-us-gov" => (".amazonaws.com", ".api.aws"),
        "aws-cn" => (".amazonaws.com.cn", ".api.amazonwebservices.com.cn"),
        "aws-iso" => (".c2s.ic.gov", ".api.aws.ic.gov"),
        "aws-iso-b" => (".sc2s.sgov.gov", ".api.aws.scloud"),
        "aws-iso-e" => (".cloud.adc-e.uk", ".api.cloud-aws.adc-e.uk"),
        "aws-iso-f" => (".csp.hci.ic.gov", ".api.aws.hci.ic.gov"),
        "aws-eusc" => (".amazonaws.eu", ".api.amazonwebservices.eu"),
        _ => return false,
    };
    let Some(rest) = host.strip_prefix("sts.") else {
        return false;
    };
    let region = rest
        .strip_suffix(suffix)
        .or_else(|| rest.strip_suffix(dual_stack));
    region.is_some_and(|region| is_region(partition, region))
}

fn is_region(partition: &str, region: &str) -> bool {
    let parts: Vec<&str> = region.split('-').collect();
    let number = parts
        .last()
        .is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    let words = parts
        .iter()
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let special = ["cn-", "us-gov-", "us-iso", "eu-isoe-", "eusc-"];
    let ours: &[&str] = match partition {
        "aws-cn" => &special[..1],
        "aws-us-gov" => &special[1..2],
        "aws-iso" | "aws-iso-b" | "aws-iso-f" => &special[2..3],
        "aws-iso-e" => &special[3..4],
        "aws-eusc" => &special[4..],
        _ => &[],
    };
    let prefix = |prefixes: &[&str]| prefixes.iter().any(|prefix| region.starts_with(prefix));
    parts.len() >= 3
        && number
        && words
        && if ours.is_empty() {
            !prefix(&special)
        } else {
            prefix(ours)
        }
}

#[cfg(test)]
mod tests {
    use super::is_sts_host;

    #[test]
    fn only_sts_hosts_of_the_partition_are_taken() {
        for (partition, host, good) in [
            ("aws", "sts.eu-west-1.amazonaws.com", true),
            ("aws", "sts.amazonaws.com", true),
            ("aws", "sts.eu-west-1.api.aws", true),
            ("aws", "sts.cn-north-1.amazonaws.com.cn", false),
            ("aws", "sts.us-gov-west-1.amazonaws.com", false),
            ("aws", "127.0.0.1:4566", false),
            ("aws", "sts.eu-west-1.amazonaws.com.evil.example", false),
            ("aws", "sts.x.evil.amazonaws.com", false),
            ("aws-cn", "sts.cn-north-1.amazonaws.com.cn", true),
            ("aws-cn", "sts.amazonaws.com", false),
            ("aws-us-gov", "sts.us-gov-west-1.amazonaws.com", true),
        ] {
            assert_eq!(is_sts_host(partition, host), good, "{partition} {host}");
        }
    }
}

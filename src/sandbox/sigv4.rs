//! Signature Version 4, as a service checks it.
//!
//! Source: AWS IAM User Guide, "Create a signed AWS API request".

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};

use super::wire::Call;
use super::{invent, percent};

/// How far a request's date may be from the service's clock, in seconds.
const SKEW: i64 = 300;
/// How long a presigned request to STS is good, in seconds.
const PRESIGNED: i64 = 900;

/// Who signed a request, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) access_key: String,
    pub(super) day: String,
    pub(super) region: String,
    pub(super) service: String,
    pub(super) signed_headers: Vec<String>,
    pub(super) digits: String,
}

/// Why a signature is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not the one that the key's owner would have made.
    Mismatch,
    /// The date is missing or too far from now.
    Date,
    /// A header that must be signed is not.
    Unsigned,
}

impl Signature {
    /// Reads the `Authorization` header.
    pub(super) fn of(call: &Call) -> Option<Self> {
        let text = call.header("authorization")?;
        let fields = text.strip_prefix("AWS4-HMAC-SHA256")?;
        let field = |name: &str| {
            fields
                .split(',')
                .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
        };
        Self::from_parts(
            field("Credential")?,
            field("SignedHeaders")?,
            field("Signature")?,
        )
    }

    /// Reads the signature of a presigned URL.
    pub(super) fn of_query(call: &Call) -> Option<Self> {
        let pairs = call.pairs();
        let field = |name: &str| {
            let found = pairs.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_str())
        };
        if field("x-amz-algorithm")? != "AWS4-HMAC-SHA256" {
            return None;
        }
        Self::from_parts(
            field("x-amz-credential")?,
            field("x-amz-signedheaders")?,
            field("x-amz-signature")?,
        )
    }

    /// Reads the three values that a signature is made of.
    pub(super) fn from_parts(credential: &str, headers: &str, signature: &str) -> Option<Self> {
        let parts: Vec<&str> = credential.split('/').collect();
        let [access_key, day, region, service, "aws4_request"] = parts[..] else {
            return None;
        };
        Some(Self {
            access_key: access_key.to_owned(),
            day: day.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            signed_headers: headers.split(';').map(str::to_owned).collect(),
            digits: signature.to_owned(),
        })
    }

    /// Checks a request signed in its headers.
    pub(super) fn check(&self, call: &Call, secret: &str, now: Timestamp) -> Result<(), Refusal> {
        let date = call.header("x-amz-date").ok_or(Refusal::Date)?;
        let at = parse_date(date).ok_or(Refusal::Date)?;
        if now.duration_since(at).as_secs().abs() > SKEW {
            return Err(Refusal::Date);
        }
        if !self.signed_headers.iter().any(|name| name == "host") {
            return Err(Refusal::Unsigned);
        }
        let actual = hash(&call.body);
        let claimed = call.header("x-amz-content-sha256").unwrap_or(&actual);
        if claimed != actual && claimed != "UNSIGNED-PAYLOAD" {
            return Err(Refusal::Mismatch);
        }
        let headers: Vec<(String, String)> = self
            .signed_headers
            .iter()
            .map(|name| (name.clone(), header_value(call, name)))
            .collect();
        let pairs = call.pairs();
        // Every service but S3 encodes the path once more; a path without special characters is the same.
        let twice: Vec<String> = call.path.split('/').map(percent::encode).collect();
        for path in [twice.join("/"), call.path.clone()] {
            let canonical = canonical(call.method.as_str(), &path, &pairs, &headers, claimed);
            if self.matches(&canonical, date, at, secret) {
                return Ok(());
            }
        }
        Err(Refusal::Mismatch)
    }

    /// Checks a presigned URL, which is good for the 15 minutes that STS grants, whatever it says itself.
    pub(super) fn check_presigned(
        &self,
        call: &Call,
        secret: &str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let pairs = call.pairs();
        let date = pairs
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case("x-amz-date"));
        let (_, date) = date.ok_or(Refusal::Date)?;
        let at = parse_date(date).ok_or(Refusal::Date)?;
        if !(-SKEW..=PRESIGNED).contains(&now.duration_since(at).as_secs()) {
            return Err(Refusal::Date);
        }
        if !self.signed_headers.iter().any(|name| name == "host") {
            return Err(Refusal::Unsigned);
        }
        let headers: Vec<(String, String)> = self
            .signed_headers
            .iter()
            .map(|name| (name.clone(), header_value(call, name)))
            .collect();
        let payload = hash(&call.body);
        let canonical = canonical(call.method.as_str(), &call.path, &pairs, &headers, &payload);
        if self.matches(&canonical, date, at, secret) {
            Ok(())
        } else {
            Err(Refusal::Mismatch)
        }
    }

    /// Whether this is the signature of a canonical request.
    pub(super) fn matches(&self, canonical: &str, date: &str, at: Timestamp, secret: &str) -> bool {
        if !date.starts_with(&self.day) {
            return false;
        }
        let Self {
            day,
            region,
            service,
            ..
        } = self;
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{date}\n{day}/{region}/{service}/aws4_request\n{}",
            hash(canonical.as_bytes())
        );
        let key = aws_sigv4::sign::v4::generate_signing_key(secret, at.into(), region, service);
        aws_sigv4::sign::v4::calculate_signature(key, to_sign.as_bytes()) == self.digits
    }
}

/// The canonical request.
pub(super) fn canonical(
    method: &str,
    path: &str,
    pairs: &[(String, String)],
    headers: &[(String, String)],
    payload_hash: &str,
) -> String {
    let mut encoded: Vec<(String, String)> = pairs
        .iter()
        .filter(|(key, _)| !key.eq_ignore_ascii_case("X-Amz-Signature"))
        .map(|(key, value)| (percent::encode(key), percent::encode(value)))
        .collect();
    encoded.sort();
    let query: Vec<String> = encoded
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| {
            format!(
                "{name}:{value}
"
            )
        })
        .collect();
    let lines = lines.concat();
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    format!(
        "{method}\n{path}\n{}\n{lines}\n{}\n{payload_hash}",
        query.join("&"),
        names.join(";")
    )
}

/// The date of a request, `20250102T030405Z`.
pub(super) fn parse_date(text: &str) -> Option<Timestamp> {
    let civil = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// A body's SHA-256 in hexadecimal digits.
pub(super) fn hash(bytes: &[u8]) -> String {
    invent::hex(&Sha256::digest(bytes))
}

/// A header's values with blanks squeezed, joined by commas.
fn header_value(call: &Call, name: &str) -> String {
    let values = call.headers.get_all(name).iter();
    let values: Vec<String> = values
        .map(|value| {
            let text = String::from_utf8_lossy(value.as_bytes());
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        })
        .collect();
    values.join(",")
}

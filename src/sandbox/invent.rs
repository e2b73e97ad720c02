//! Names and ids that look like AWS's own, always the same for the same input.

use std::fmt::Write as _;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::model::{Principal, PrincipalKind};

/// When invented principals were made: 2023-01-01.
pub(super) const CREATED: Timestamp = Timestamp::constant(1_672_531_200, 0);

/// The principals that the ARNs of an `aws-auth` stand for, each once.
pub(super) fn principals(region: &str, arns: &[String]) -> Vec<Principal> {
    let mut found: Vec<Principal> = Vec::new();
    for text in arns {
        let Some(mut principal) = Principal::as_matched(text) else {
            continue;
        };
        if !principal.has_path() && principal.kind == PrincipalKind::Role {
            principal.path = path_of_role(region, &principal).into();
        }
        if found.iter().all(|known| known.key() != principal.key()) {
            found.push(principal);
        }
    }
    found
}

/// The path that a role written without one really has.
///
/// Source: IAM Identity Center User Guide, "Referencing permission sets": no region where it is hosted in us-east-1.
fn path_of_role(region: &str, role: &Principal) -> String {
    if role.is_identity_center_role() {
        return match region {
            "us-east-1" => "/aws-reserved/sso.amazonaws.com/".to_owned(),
            region => format!("/aws-reserved/sso.amazonaws.com/{region}/"),
        };
    }
    if let Some(service) = role.name.strip_prefix("AWSServiceRoleFor") {
        return format!(
            "/aws-service-role/{}.amazonaws.com/",
            service.to_lowercase()
        );
    }
    if digest(&role.name)[0].is_multiple_of(4) {
        "/team/".to_owned()
    } else {
        "/".to_owned()
    }
}

/// The id that IAM gives to a role or user, another one for each generation.
pub(super) fn unique_id(principal: &Principal, generation: u32) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let prefix = match principal.kind {
        PrincipalKind::Role => "AROA",
        PrincipalKind::User => "AIDA",
    };
    let bytes = digest(&format!("{principal} {generation}"));
    let rest = bytes.iter().take(17);
    let rest = rest.map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    prefix.chars().chain(rest).collect()
}

/// A UUID made from a text.
pub(super) fn uuid(text: &str) -> String {
    let mut bytes = digest(text);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = hex(&bytes[..16]);
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The SHA-256 of a text.
pub(super) fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

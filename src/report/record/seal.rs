//! The digest over a whole document, which the document itself carries.
//!
//! The rule is the same for every format: the digest is the SHA-256 of all bytes but its own 64 hexadecimal digits, which
//! follow the last `sha256:` of the text. It shows that a document was changed, not who wrote it.

use crate::digest::sha256;
use crate::invocation::Flag;

/// What the digits follow.
const PREFIX: &str = "sha256:";
/// How many digits there are.
const DIGITS: usize = 64;

/// What holds the place of the digest until it is known.
pub(super) const UNSEALED: &str =
    "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// Why a document does not have the digest that it carries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// There is no digest in it.
    #[error(
        "it carries no digest, as every record of `report` and `{}` does",
        Flag::OutReport
    )]
    NoDigest,
    /// It was changed.
    #[error(
        "it was changed after it was written: it carries the digest sha256:{carried}, and its content has sha256:{found}"
    )]
    Changed {
        /// The digest that it carries.
        carried: String,
        /// The digest of what it holds.
        found: String,
    },
}

/// Puts the digest in its place; colours don't count.
pub(super) fn sealed(text: String) -> String {
    let plain = if text.contains('\u{1b}') {
        anstream::adapter::strip_str(&text).to_string()
    } else {
        text.clone()
    };
    let Some((before, _, after)) = parted(plain.as_bytes()) else {
        return text;
    };
    let digest = sha256(&[before, after].concat());
    match text.rfind(UNSEALED) {
        Some(at) => {
            let (before, after) = (&text[..at], &text[at + UNSEALED.len()..]);
            format!("{before}{PREFIX}{digest}{after}")
        }
        None => text,
    }
}

/// Checks that a document was not changed since it was written; returns its digest.
///
/// # Errors
/// It was changed, or carries no digest.
pub fn check(text: &[u8]) -> Result<String, Broken> {
    let (before, carried, after) = parted(text).ok_or(Broken::NoDigest)?;
    let found = sha256(&[before, after].concat());
    let carried = String::from_utf8_lossy(carried).into_owned();
    if found == carried {
        Ok(found)
    } else {
        Err(Broken::Changed { carried, found })
    }
}

/// What is before the digits, the digits, and what is after them.
fn parted(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let mut places = text.windows(PREFIX.len() + DIGITS);
    let at = places.rposition(|window| {
        window.starts_with(PREFIX.as_bytes()) && window[PREFIX.len()..].iter().all(is_digit)
    })?;
    let (before, rest) = text.split_at(at + PREFIX.len());
    let (digits, after) = rest.split_at(DIGITS);
    Some((before, digits, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changed_byte_is_noticed() {
        let text = sealed(format!("a\nsha256:{}\n{UNSEALED}\nend\n", "1".repeat(64)));
        assert!(check(text.as_bytes()).is_ok(), "{text}");
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] ^= 1;
            assert!(check(&changed).is_err(), "byte {at}");
            let mut shorter = text.clone().into_bytes();
            shorter.remove(at);
            assert!(check(&shorter).is_err(), "without byte {at}");
        }
        assert!(check(format!("{text} ").as_bytes()).is_err());
    }

    #[test]
    fn colours_do_not_count() {
        let plain = sealed(format!("word\n{UNSEALED}\n"));
        let colored = sealed(format!(
            "\u{1b}[1mword\u{1b}[0m\n\u{1b}[1m{UNSEALED}\u{1b}[0m\n"
        ));
        assert_ne!(plain, colored);
        assert_eq!(anstream::adapter::strip_str(&colored).to_string(), plain);
    }

    #[test]
    fn other_text_has_no_digest() {
        assert_eq!(check(b"sha256:abc"), Err(Broken::NoDigest));
        assert_eq!(check(b""), Err(Broken::NoDigest));
    }
}

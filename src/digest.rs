//! SHA-256 in hexadecimal, for fingerprints and tokens.

use std::fmt::Write;
use std::io::{self, BufWriter};

use serde::Serialize;
use sha2::{Digest, Sha256};

/// The SHA-256 of some bytes, as 64 hexadecimal digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// The SHA-256 of a value as JSON, which is not held as text for it.
#[must_use]
pub fn sha256_of_json(value: &impl Serialize) -> String {
    let mut digest = Hashing(Sha256::new());
    serde_json::to_writer(BufWriter::new(&mut digest), value).expect("it is plain data");
    hexadecimal(&digest.0.finalize())
}

/// Hashes whatever is written.
struct Hashing(Sha256);

impl io::Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_the_digest_of_its_json() {
        let value = serde_json::json!({"text": "x".repeat(100_000), "more": [1, null]});
        assert_eq!(sha256_of_json(&value), sha256(value.to_string().as_bytes()));
    }
}

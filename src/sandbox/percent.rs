//! Percent-encoding as AWS signs it, and queries as they stand in a URI.

use super::invent;

/// Encodes everything but unreserved characters.
///
/// Source: AWS IAM User Guide, "Create a signed AWS API request", `UriEncode`.
pub(super) fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&invent::hex(&[byte]).to_uppercase());
        }
        out
    })
}

/// Decodes `%XX`; what is no such sequence stays, and what is not UTF-8 is replaced.
pub(super) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3);
        let hex = hex.filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], byte) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The decoded segments of a path; an encoded slash does not part.
pub(super) fn segments(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(decode)
        .collect()
}

/// The decoded pairs of a query.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
        .collect()
}

/// The decoded fields of a form, in which a plus stands for a blank.
pub(super) fn form(body: &[u8]) -> Vec<(String, String)> {
    pairs(&String::from_utf8_lossy(body).replace('+', "%20"))
}

/// The first value of a key.
pub(super) fn value<'a>(pairs: &'a [(String, String)], key: &str) -> Option<&'a str> {
    let found = pairs.iter().find(|(name, _)| name == key);
    found.map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_survives_as_one_segment() {
        let arn = "arn:aws:iam::111122223333:role/team/dev+x@y";
        let path = format!("/clusters/c1/access-entries/{}", encode(arn));
        assert!(path.ends_with("role%2Fteam%2Fdev%2Bx%40y"));
        assert_eq!(segments(&path)[3], arn);
    }

    #[test]
    fn broken_sequences_stay_as_they_are() {
        assert_eq!(decode("%"), "%");
        assert_eq!(decode("%zz%+1%4"), "%zz%+1%4");
        assert_eq!(decode("%é1"), "%é1");
    }
}

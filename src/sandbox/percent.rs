//! Percent-encoding as AWS signs it, and queries and forms.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but unreserved characters.
///
/// Source: AWS IAM User Guide, "Create a signed AWS API request", `UriEncode`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Encodes everything but unreserved characters.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Decodes `%XX`; what is no such sequence stays, and what is not UTF-8 is replaced.
pub(super) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
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
    form(query.as_bytes())
}

/// The decoded fields of a form, in which a plus is a blank.
pub(super) fn form(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).into_owned().collect()
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

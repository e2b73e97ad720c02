//! The types of scalars: YAML 1.1's, as go-yaml v2 resolves them.
//!
//! Source: go-yaml v2.4, `resolve.go`, and `decode.go`, `scalar`.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// A scalar with its type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// An integer that only an unsigned one can hold.
    Uint(u64),
    Float(f64),
    Text(Cow<'a, str>),
}

/// Types a scalar by its tag and value, or says why go-yaml gives the whole text up.
pub(crate) fn resolve<'a>(tag: &str, implicit: bool, value: &'a str) -> Result<Scalar<'a>, String> {
    let text = || Scalar::Text(Cow::Borrowed(value));
    if tag.is_empty() && !implicit {
        return Ok(text());
    }
    let Some(kind) = tag
        .strip_prefix("tag:yaml.org,2002:")
        .or(tag.is_empty().then_some(""))
    else {
        return Ok(text());
    };
    let refuse = || Err(format!("cannot decode this value as a !!{kind}"));
    match kind {
        "" => Ok(plain(value)),
        "binary" => binary(value),
        "bool" => match plain(value) {
            known @ Scalar::Bool(_) => Ok(known),
            _ => refuse(),
        },
        "int" => match plain(value) {
            known @ (Scalar::Int(_) | Scalar::Uint(_)) => Ok(known),
            _ => refuse(),
        },
        "float" => match plain(value) {
            known @ Scalar::Float(_) => Ok(known),
            #[expect(clippy::cast_precision_loss, reason = "as go-yaml does")]
            Scalar::Int(int) => Ok(Scalar::Float(int as f64)),
            _ => refuse(),
        },
        "null" => match plain(value) {
            Scalar::Null => Ok(Scalar::Null),
            _ => refuse(),
        },
        // A timestamp is checked and then taken as the text that it is.
        "timestamp" if is_timestamp(value) => Ok(text()),
        "timestamp" => refuse(),
        // `!!str`, and tags that are not known.
        _ => Ok(text()),
    }
}

/// Types a plain scalar by its value alone.
fn plain(value: &str) -> Scalar<'_> {
    let text = || Scalar::Text(Cow::Borrowed(value));
    match value {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Scalar::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Scalar::Bool(false);
        }
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        ".nan" | ".NaN" | ".NAN" => return Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Scalar::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        _ => {}
    }
    match value.as_bytes()[0] {
        b'.' => float(value).unwrap_or_else(text),
        b'0'..=b'9' | b'+' | b'-' => number(value).unwrap_or_else(text),
        _ => text(),
    }
}

fn number(text: &str) -> Option<Scalar<'static>> {
    let digits = if text.contains('_') {
        Cow::Owned(text.replace('_', ""))
    } else {
        Cow::Borrowed(text)
    };
    let digits = &*digits;
    let (negative, unsigned) = match digits.as_bytes().first() {
        Some(b'-') => (true, &digits[1..]),
        Some(b'+') => (false, &digits[1..]),
        _ => (false, digits),
    };
    integer(digits, negative, unsigned)
        .or_else(|| float(digits))
        .or_else(|| signed_binary(digits))
}

/// Go's `strconv.ParseInt` and `ParseUint` with base 0.
fn integer(digits: &str, negative: bool, unsigned: &str) -> Option<Scalar<'static>> {
    let lower = unsigned.to_ascii_lowercase();
    let (radix, body) = if let Some(body) = lower.strip_prefix("0x") {
        (16, body)
    } else if let Some(body) = lower.strip_prefix("0b") {
        (2, body)
    } else if let Some(body) = lower.strip_prefix("0o") {
        (8, body)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, &lower[1..])
    } else {
        (10, lower.as_str())
    };
    if body.is_empty() || !body.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let magnitude = u64::from_str_radix(body, radix).ok()?;
    let int = if negative {
        0_i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    };
    match int {
        Some(int) => Some(Scalar::Int(int)),
        // Only a number without a sign is tried as an unsigned one.
        None => (digits.len() == unsigned.len()).then_some(Scalar::Uint(magnitude)),
    }
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`, unless it is too large.
fn float(text: &str) -> Option<Scalar<'static>> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !digits.is_empty() && all_digits(digits)
    });
    let shaped = all_digits(whole)
        && all_digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && (!whole.is_empty() || mantissa.starts_with('.'))
        && exponent_fits;
    let float: f64 = shaped.then(|| text.parse().ok()).flatten()?;
    float.is_finite().then_some(Scalar::Float(float))
}

/// What is left of numbers like `0b-1`, which go-yaml tries last.
fn signed_binary(digits: &str) -> Option<Scalar<'static>> {
    let body = digits.strip_prefix("0b")?;
    let bits = body.strip_prefix(['-', '+'])?;
    if bits.is_empty() || !bits.bytes().all(|bit| matches!(bit, b'0' | b'1')) {
        return None;
    }
    i64::from_str_radix(body, 2).ok().map(Scalar::Int)
}

/// Standard base64 with its padding; line breaks count for nothing.
fn binary(value: &str) -> Result<Scalar<'static>, String> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
        .with_decode_allow_trailing_bits(true);
    let bytes = GeneralPurpose::new(&STANDARD, config)
        .decode(value.replace(['\r', '\n'], ""))
        .map_err(|_| "!!binary value contains invalid base64 data".to_owned())?;
    Ok(Scalar::Text(as_json_text(&bytes).into()))
}

/// Bytes as text, with a replacement character for every single one that is not UTF-8, as Go's JSON writes it.
fn as_json_text(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '\u{FFFD}'));
    }
    text
}

/// Go's `time.Parse` with go-yaml's four layouts.
fn is_timestamp(text: &str) -> bool {
    fn number(text: &mut &str, digits: std::ops::RangeInclusive<usize>) -> Option<u32> {
        let count = text
            .bytes()
            .take(*digits.end())
            .take_while(u8::is_ascii_digit)
            .count();
        if !digits.contains(&count) {
            return None;
        }
        let (head, tail) = text.split_at(count);
        *text = tail;
        head.parse().ok()
    }
    fn separator(text: &mut &str, separators: &[char]) -> Option<char> {
        let found = text.chars().next().filter(|c| separators.contains(c))?;
        *text = &text[found.len_utf8()..];
        Some(found)
    }
    fn parse(mut text: &str) -> Option<()> {
        let text = &mut text;
        let year = number(text, 4..=4)?;
        separator(text, &['-'])?;
        let month = number(text, 1..=2)?;
        separator(text, &['-'])?;
        let day = number(text, 1..=2)?;
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 => 28 + u32::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        if !(1..=days).contains(&day) {
            return None;
        }
        if text.is_empty() {
            return Some(());
        }
        let zoned = separator(text, &['T', 't', ' '])? != ' ';
        let within = |number: u32, limit: u32| (number < limit).then_some(());
        within(number(text, 1..=2)?, 24)?;
        separator(text, &[':'])?;
        within(number(text, 1..=2)?, 60)?;
        separator(text, &[':'])?;
        within(number(text, 1..=2)?, 60)?;
        if separator(text, &['.', ',']).is_some() {
            number(text, 1..=9)?;
            while number(text, 1..=9).is_some() {}
        }
        if zoned && separator(text, &['Z']).is_none() {
            separator(text, &['+', '-'])?;
            within(number(text, 2..=2)?, 25)?;
            separator(text, &[':'])?;
            within(number(text, 2..=2)?, 60)?;
        }
        text.is_empty().then_some(())
    }
    parse(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str) -> Scalar<'_> {
        resolve("", true, value).unwrap()
    }

    #[test]
    fn scalars_have_the_types_of_yaml_1_1() {
        for (text, expected) in [
            ("yes", Scalar::Bool(true)),
            ("N", Scalar::Bool(false)),
            ("oN", Scalar::Text("oN".into())),
            ("~", Scalar::Null),
            ("12345", Scalar::Int(12345)),
            ("1_000", Scalar::Int(1000)),
            ("0x1F", Scalar::Int(31)),
            ("017", Scalar::Int(15)),
            ("08", Scalar::Float(8.0)),
            ("0o17", Scalar::Int(15)),
            ("-0b11", Scalar::Int(-3)),
            ("0b-11", Scalar::Int(-3)),
            ("0b+1", Scalar::Int(1)),
            ("18446744073709551615", Scalar::Uint(u64::MAX)),
            ("-9223372036854775808", Scalar::Int(i64::MIN)),
            ("1e3", Scalar::Float(1000.0)),
            (".5", Scalar::Float(0.5)),
            ("1.", Scalar::Float(1.0)),
            ("1e999", Scalar::Text("1e999".into())),
            ("-", Scalar::Text("-".into())),
            (".", Scalar::Text(".".into())),
            ("1e", Scalar::Text("1e".into())),
            ("2020-01-01", Scalar::Text("2020-01-01".into())),
            ("_1", Scalar::Text("_1".into())),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }

    #[test]
    fn a_tag_that_the_value_does_not_fit_is_refused() {
        fn of<'a>(tag: &str, value: &'a str) -> Result<Scalar<'a>, String> {
            resolve(&format!("tag:yaml.org,2002:{tag}"), false, value)
        }
        assert_eq!(of("str", "5"), Ok(Scalar::Text("5".into())));
        assert_eq!(of("float", "5"), Ok(Scalar::Float(5.0)));
        assert_eq!(of("binary", "YQ=="), Ok(Scalar::Text("a".into())));
        assert_eq!(of("map", "x"), Ok(Scalar::Text("x".into())));
        assert!(of("int", "x").is_err());
        assert!(of("null", "x").is_err());
        assert!(of("binary", "YQ").is_err());
        assert!(of("timestamp", "2021-02-29").is_err());
        for date in [
            "2020-2-9",
            "2020-02-29T1:2:3.4Z",
            "2020-02-29 1:2:3",
            "2020-01-01t10:00:00+24:00",
        ] {
            assert!(of("timestamp", date).is_ok(), "{date}");
        }
    }
}

//! Pages of a list.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::sandbox::aws::ErrorReply;
use crate::sandbox::percent;

use super::{Request, errors};

/// One page of names in their order, as the value of `field`; a token belongs to its own list only.
pub(super) fn of(
    request: &Request<'_>,
    cap: usize,
    field: &str,
    keys: &[String],
    show: impl Fn(&str) -> Value,
) -> Result<Value, ErrorReply> {
    debug_assert!(keys.is_sorted(), "a token names the last key of its page");
    let size = match percent::value(&request.pairs, "maxResults").map(str::parse::<usize>) {
        None => 100,
        Some(Ok(size @ 1..=100)) => size,
        // Invented: the model gives the range, not the words.
        Some(_) => {
            return Err(errors::invalid_parameter(
                "maxResults must be between 1 and 100",
            ));
        }
    };
    let size = size.min(cap.max(1));
    let filter = percent::value(&request.pairs, "associatedPolicyArn").unwrap_or_default();
    let scope = format!(
        "{:?} {} {filter}",
        request.operation,
        request.segments.join(" ")
    );
    let start = match percent::value(&request.pairs, "nextToken") {
        None => 0,
        Some(token) => {
            let last = last_of(token, &scope)
                .ok_or_else(|| errors::invalid_parameter("The nextToken parameter is not valid"))?;
            keys.partition_point(|key| *key <= last)
        }
    };
    let page = &keys[start..(start + size).min(keys.len())];
    let next = match page.last() {
        Some(last) if start + size < keys.len() => {
            Value::from(URL_SAFE_NO_PAD.encode(format!("{scope}\n{last}")))
        }
        _ => Value::Null,
    };
    let shown: Vec<Value> = page.iter().map(|key| show(key)).collect();
    Ok(json!({ field: shown, "nextToken": next }))
}

fn last_of(token: &str, scope: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let last = text.strip_prefix(scope)?.strip_prefix('\n')?;
    Some(last.to_owned())
}

//! An error of a library with all that led to it, as one line.

use std::error::Error;

/// The error's message and those of its causes, outermost first, joined by `: `.
///
/// Many libraries repeat the cause in the message above it; what is there already is left out.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut parts = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if parts.last().is_none_or(|last| !last.contains(&text)) {
            parts.push(text);
        }
        next = cause.source();
    }
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Layer {
        #[error("{text}")]
        Outer {
            text: &'static str,
            source: Box<Self>,
        },
        #[error("{0}")]
        Root(&'static str),
    }

    fn over(text: &'static str, source: Layer) -> Layer {
        Layer::Outer {
            text,
            source: Box::new(source),
        }
    }

    #[test]
    fn causes_follow_and_none_is_repeated() {
        let root = || Layer::Root("connection refused");
        for (error, text) in [
            (root(), "connection refused"),
            (
                over("io error", over("connect", root())),
                "io error: connect: connection refused",
            ),
            (
                over("connect: connection refused (os error 111)", root()),
                "connect: connection refused (os error 111)",
            ),
        ] {
            assert_eq!(with_causes(&error), text);
        }
    }
}

//! Values of options as words, and read back from them.

use std::path::PathBuf;
use std::time::Duration;

use crate::model::{Arn, Glob, ManagedNodes, OnExisting, Usernames};

/// A value that an option takes.
pub(super) trait OptionValue: Sized {
    /// The word for it.
    fn word(&self) -> String;
    /// The value of a word.
    fn of_word(word: &str) -> Option<Self>;
}

impl OptionValue for String {
    fn word(&self) -> String {
        self.clone()
    }

    fn of_word(word: &str) -> Option<Self> {
        (!word.is_empty()).then(|| word.to_owned())
    }
}

impl OptionValue for PathBuf {
    fn word(&self) -> String {
        self.display().to_string()
    }

    fn of_word(word: &str) -> Option<Self> {
        Some(word.into())
    }
}

impl OptionValue for Duration {
    fn word(&self) -> String {
        format!("{}s", self.as_secs_f64())
    }

    fn of_word(word: &str) -> Option<Self> {
        let seconds = word.strip_suffix('s')?.parse().ok()?;
        Self::try_from_secs_f64(seconds).ok()
    }
}

impl OptionValue for f64 {
    fn word(&self) -> String {
        self.to_string()
    }

    fn of_word(word: &str) -> Option<Self> {
        word.parse().ok()
    }
}

impl OptionValue for Arn {
    fn word(&self) -> String {
        self.to_string()
    }

    fn of_word(word: &str) -> Option<Self> {
        word.parse().ok()
    }
}

impl OptionValue for Glob {
    fn word(&self) -> String {
        self.as_str().to_owned()
    }

    fn of_word(word: &str) -> Option<Self> {
        Some(Self::new(word))
    }
}

/// Two values with `=` between them.
impl<V: OptionValue> OptionValue for (String, V) {
    fn word(&self) -> String {
        format!("{}={}", self.0, self.1.word())
    }

    fn of_word(word: &str) -> Option<Self> {
        let (first, second) = word.split_once('=')?;
        Some((first.to_owned(), V::of_word(second)?))
    }
}

/// The values that an option chooses from.
macro_rules! choice {
    ($type:ty: $($choice:ident = $word:literal),*) => {
        impl $type {
            /// The word for it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$choice => $word,)*
                }
            }
        }

        impl OptionValue for $type {
            fn word(&self) -> String {
                self.as_str().to_owned()
            }

            fn of_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$choice),)*
                    _ => None,
                }
            }
        }
    };
}

choice!(OnExisting: Keep = "keep", Update = "update", Fail = "fail");
choice!(Usernames: Preserve = "preserve", Default = "default");
choice!(ManagedNodes: Create = "create", Skip = "skip");

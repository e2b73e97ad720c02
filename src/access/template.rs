//! Templates: usernames and groups with placeholders that are filled in at login.

/// Longer texts than this are compared as they are; no real name comes near, and hostile ones stay cheap.
const LONGEST: usize = 4096;

/// What the authenticator fills in, spelled exactly so.
///
/// Source: aws-iam-authenticator `pkg/server/server.go`, `renderTemplate`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Placeholder {
    /// The private DNS name of the EC2 instance that logs in.
    Ec2PrivateDnsName,
    /// The account of the principal.
    AccountId,
    /// The session's name with `-` for every `@`; empty for IAM users.
    SessionName,
    /// The session's name as it is.
    SessionNameRaw,
    /// The access key that signed the token.
    AccessKeyId,
}

impl Placeholder {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Ec2PrivateDnsName,
        Self::AccountId,
        Self::SessionName,
        Self::SessionNameRaw,
        Self::AccessKeyId,
    ];

    /// As it is written, braces included.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Ec2PrivateDnsName => "{{EC2PrivateDNSName}}",
            Self::AccountId => "{{AccountID}}",
            Self::SessionName => "{{SessionName}}",
            Self::SessionNameRaw => "{{SessionNameRaw}}",
            Self::AccessKeyId => "{{AccessKeyID}}",
        }
    }

    /// Whether it is in a text; only the braces are looked at, of which most texts have none.
    #[must_use]
    pub fn is_in(self, text: &str) -> bool {
        let mut braces = text.bytes().enumerate().filter(|(_, byte)| *byte == b'{');
        braces.any(|(at, _)| text[at..].starts_with(self.text()))
    }

    /// How many characters it renders to, at least and at most.
    ///
    /// Source: IAM API limits: a session's name has 2 to 64 characters, and IAM users have none.
    fn lengths(self) -> (usize, usize) {
        match self {
            Self::Ec2PrivateDnsName => (1, 255),
            Self::AccountId => (12, 12),
            Self::SessionName | Self::SessionNameRaw => (0, 64),
            Self::AccessKeyId => (16, 128),
        }
    }

    /// Whether it can render to a text with this character.
    ///
    /// Source: STS API Reference, `AssumeRole`, pattern of `RoleSessionName`.
    fn admits(self, byte: u8) -> bool {
        match self {
            Self::Ec2PrivateDnsName => byte.is_ascii_alphanumeric() || b".-".contains(&byte),
            Self::AccountId => byte.is_ascii_digit(),
            Self::SessionName => byte.is_ascii_alphanumeric() || b"_+=,.-".contains(&byte),
            Self::SessionNameRaw => byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte),
            Self::AccessKeyId => byte.is_ascii_alphanumeric(),
        }
    }
}

/// The text with `{{AccountID}}` filled in, which is always the account in the principal's own ARN.
///
/// Source: aws-iam-authenticator `pkg/token/token.go`, where the account comes from the same ARN that is matched.
#[must_use]
pub fn with_account(text: &str, account: &str) -> String {
    if Placeholder::AccountId.is_in(text) {
        text.replace(Placeholder::AccountId.text(), account)
    } else {
        text.to_owned()
    }
}

/// Whether the text has something in double braces, known or not.
#[must_use]
pub fn has_placeholder(text: &str) -> bool {
    text.contains("{{")
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece<'a> {
    Literal(&'a str),
    Filled(Placeholder),
}

/// A username or group, split at its placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template<'a> {
    text: &'a str,
    pieces: Vec<Piece<'a>>,
}

impl<'a> Template<'a> {
    /// Splits a text; what is no known placeholder stays literal, as it does in the authenticator.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        let mut pieces = Vec::new();
        let (mut literal, mut at) = (0, 0);
        while let Some(found) = text[at..].find("{{") {
            let brace = at + found;
            let here = &text[brace..];
            if let Some(placeholder) = Placeholder::ALL
                .into_iter()
                .find(|placeholder| here.starts_with(placeholder.text()))
            {
                pieces.push(Piece::Literal(&text[literal..brace]));
                pieces.push(Piece::Filled(placeholder));
                at = brace + placeholder.text().len();
                literal = at;
            } else {
                at = brace + 1;
            }
        }
        pieces.push(Piece::Literal(&text[literal..]));
        Self { text, pieces }
    }

    /// Whether it always renders to the same text.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.pieces.len() == 1
    }

    /// Whether it can render to this text.
    ///
    /// Walks the pieces with the set of places that the ones before can end at, so the work is bounded by the
    /// product of both lengths and never branches.
    #[must_use]
    pub fn can_render(&self, text: &str) -> bool {
        if self.is_literal() {
            return self.text == text;
        }
        if self.text.len() > LONGEST || text.len() > LONGEST {
            return false;
        }
        let bytes = text.as_bytes();
        let mut ends = vec![false; bytes.len() + 1];
        ends[0] = true;
        for piece in &self.pieces {
            ends = match piece {
                Piece::Literal(literal) => after_literal(&ends, bytes, literal.as_bytes()),
                Piece::Filled(placeholder) => after_placeholder(&ends, bytes, *placeholder),
            };
        }
        ends[bytes.len()]
    }
}

impl Template<'_> {
    /// The one session placeholder with the text before and after it; `None` where there is another number of
    /// placeholders or another one.
    fn session(&self) -> Option<(&str, Placeholder, &str)> {
        match self.pieces.as_slice() {
            [
                Piece::Literal(before),
                Piece::Filled(
                    placeholder @ (Placeholder::SessionName | Placeholder::SessionNameRaw),
                ),
                Piece::Literal(after),
            ] => Some((before, *placeholder, after)),
            _ => None,
        }
    }
}

/// Whether exactly the sessions that one template renders to `old` are rendered to `new` by the other.
#[must_use]
pub fn same_session(one: &Template<'_>, old: &str, other: &Template<'_>, new: &str) -> bool {
    if one.is_literal() && other.is_literal() {
        return one.text == old && other.text == new;
    }
    new_name(one, old, other).is_some_and(|name| name == new)
}

/// The name that the session which one template renders to `old` gets from the other.
#[must_use]
pub fn new_name(one: &Template<'_>, old: &str, other: &Template<'_>) -> Option<String> {
    if one.is_literal() && other.is_literal() {
        return (one.text == old).then(|| other.text.to_owned());
    }
    let ((prefix, from, suffix), (before, to, after)) = (one.session()?, other.session()?);
    let session = old.strip_prefix(prefix)?.strip_suffix(suffix)?;
    (from == to && one.can_render(old)).then(|| format!("{before}{session}{after}"))
}

/// Where a literal can end that begins at one of these places.
fn after_literal(starts: &[bool], bytes: &[u8], literal: &[u8]) -> Vec<bool> {
    let mut ends = vec![false; starts.len()];
    for start in (0..starts.len()).filter(|&start| starts[start]) {
        if bytes[start..].starts_with(literal) {
            ends[start + literal.len()] = true;
        }
    }
    ends
}

/// Where a placeholder can end that begins at one of these places.
///
/// A window slides over the text: `starts_within` counts the starts from which the run of fitting characters reaches
/// `end` with a length that the placeholder has.
fn after_placeholder(starts: &[bool], bytes: &[u8], placeholder: Placeholder) -> Vec<bool> {
    let (least, most) = placeholder.lengths();
    let mut ends = vec![false; starts.len()];
    let (mut run, mut starts_within) = (0, 0_usize);
    for end in 0..starts.len() {
        let breaks = end > 0 && !placeholder.admits(bytes[end - 1]);
        if breaks {
            (run, starts_within) = (0, 0);
        } else if end > 0 {
            run += 1;
        }
        if run >= least && starts[end - least] {
            starts_within += 1;
        }
        if run > most && starts[end - most - 1] {
            starts_within -= 1;
        }
        ends[end] = starts_within > 0;
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_renders_to_what_its_placeholders_allow() {
        for (template, text, expected) in [
            ("ops", "ops", true),
            ("ops", "Ops", false),
            ("dev:{{SessionName}}", "dev:alice", true),
            ("dev:{{SessionName}}", "dev:", true),
            ("dev:{{SessionName}}", "dev:alice@example.com", false),
            ("dev:{{SessionNameRaw}}", "dev:alice@example.com", true),
            ("dev:{{SessionName}}", "dev:a:b", false),
            ("{{SessionName}}-x-{{SessionName}}", "a-x-x-b", true),
            ("{{SessionName}}-x-{{SessionName}}", "a-y-b", false),
            ("a{{AccountID}}", "a111122223333", true),
            ("a{{AccountID}}", "a11112222333", false),
            ("{{ SessionName }}", "{{ SessionName }}", true),
            ("{{ SessionName }}", "alice", false),
            ("{{{SessionName}}", "{bob", true),
            (
                "system:node:{{EC2PrivateDNSName}}",
                "system:node:ip-10-0-0-1.ec2.internal",
                true,
            ),
        ] {
            assert_eq!(
                Template::new(template).can_render(text),
                expected,
                "{template} as {text}"
            );
        }
    }

    #[test]
    fn two_literal_names_are_of_one_session_only_if_both_are_the_names() {
        let same = |one: &str, old: &str, other: &str, new: &str| {
            same_session(&Template::new(one), old, &Template::new(other), new)
        };
        assert!(same("ops", "ops", "renamed", "renamed"));
        assert!(!same("ops", "dev", "renamed", "renamed"));
        assert!(!same("ops", "ops", "renamed", "ops"));
        // A literal name is that of every session.
        assert!(!same("ops", "ops", "{{SessionName}}", "ops"));
        assert!(!same("{{SessionName}}", "ops", "ops", "ops"));
        assert!(same(
            "a-{{SessionName}}",
            "a-jo",
            "{{SessionName}}-b",
            "jo-b"
        ));
        assert!(!same(
            "a-{{SessionName}}",
            "a-jo",
            "{{SessionName}}-b",
            "al-b"
        ));
    }

    #[test]
    fn a_hostile_template_is_answered_at_once() {
        let template = "a{{SessionName}}".repeat(LONGEST / 16);
        let text = "a".repeat(LONGEST);
        assert!(Template::new(&template).can_render(&text));
        assert!(!Template::new(&template).can_render(&format!("{}:", &text[1..])));
    }

    #[test]
    fn a_placeholder_renders_to_no_more_and_no_less_than_its_lengths() {
        for (template, length, expected) in [
            ("x{{SessionName}}y", 64, true),
            ("x{{SessionName}}y", 65, false),
            ("x{{AccessKeyID}}y", 15, false),
            ("x{{AccessKeyID}}y", 16, true),
            ("x{{AccessKeyID}}y", 128, true),
            ("x{{AccessKeyID}}y", 129, false),
        ] {
            let text = format!("x{}y", "a".repeat(length));
            assert_eq!(
                Template::new(template).can_render(&text),
                expected,
                "{template} with {length}"
            );
        }
    }

    #[test]
    fn only_the_account_is_filled_in_beforehand() {
        assert_eq!(
            with_account("{{AccountID}}:{{SessionName}}", "111122223333"),
            "111122223333:{{SessionName}}"
        );
    }
}

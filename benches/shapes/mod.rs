//! Texts of `aws-auth` as large as a ConfigMap can be, ordinary and hostile ones.

use std::fmt::Write;

use aws_auth_migrate::model::Section;

/// The most that Kubernetes stores of a ConfigMap.
///
/// Source: Kubernetes, "ConfigMaps", motivation: 1 MiB.
pub(crate) const LARGEST: usize = 1 << 20;

const ARN: &str = "arn:aws:iam::111122223333:";

/// A text with what is odd about it.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) section: Section,
    pub(crate) text: String,
}

/// As many ordinary role mappings as fit.
pub(crate) fn ordinary(size: usize) -> String {
    filled(size, "", "", |index| {
        format!(
            "- rolearn: {ARN}role/team-{index:05}\n  username: team-{index:05}:{{{{SessionName}}}}\n  groups:\n    - team-{index:05}\n    - readers\n"
        )
    })
}

/// So many ordinary role mappings.
#[allow(dead_code, reason = "not every user of the shapes needs it")]
pub(crate) fn ordinary_mappings(count: usize) -> String {
    let text = ordinary(200 * count);
    let end = text
        .match_indices("- rolearn")
        .nth(count)
        .map_or(text.len(), |(at, _)| at);
    text[..end].to_owned()
}

/// Everything that once took minutes or gigabytes, and its relatives.
#[expect(
    clippy::too_many_lines,
    reason = "a list of shapes, one after the other"
)]
pub(crate) fn hostile(size: usize) -> Vec<Shape> {
    let role = format!("- rolearn: {ARN}role/a\n");
    let groups = format!("{role}  groups: [");
    let group_lines = format!("{role}  groups:\n");
    let username = format!("{role}  username: \"");
    let half = size / 2;
    let mut shapes = Vec::new();
    let mut add = |name, section, text: String| {
        assert!(text.len() <= size, "{name} is too long");
        shapes.push(Shape {
            name,
            section,
            text,
        });
    };
    let roles = Section::MapRoles;
    let repeated =
        |head: &str, piece: &str, tail: &str| filled(size, head, tail, |_| piece.to_owned());

    // Every user is a rival of every other.
    add(
        "users that differ only in case",
        Section::MapUsers,
        filled(size, "", "", |index| {
            let letters = "abcdefghijklmnopq".chars().enumerate();
            let name: String = letters
                .map(|(bit, c)| {
                    if index >> bit & 1 == 1 {
                        c.to_ascii_uppercase()
                    } else {
                        c
                    }
                })
                .collect();
            format!("- userarn: {ARN}user/{name}\n")
        }),
    );
    // Elements that are no mapping.
    add("`- a`", roles, repeated("", "- a\n", ""));
    add("empty block elements", roles, repeated("", "-\n", ""));
    add("nulls", roles, repeated("[", "~,", "]"));
    add("empty lists", roles, repeated("[", "[],", "]"));
    add("empty mappings", roles, repeated("[", "{},", "]"));
    add(
        "accounts that are none",
        Section::MapAccounts,
        repeated("[", "1,", "]"),
    );
    add(
        "null accounts",
        Section::MapAccounts,
        repeated("[", "~,", "]"),
    );
    add(
        "accounts",
        Section::MapAccounts,
        filled(size, "", "", |index| format!("- \"{index:012}\"\n")),
    );
    // One mapping with all that fits.
    add("one group, repeated", roles, repeated(&groups, "a,", "]\n"));
    add("null groups", roles, repeated(&groups, "~,", "]\n"));
    add(
        "different groups",
        roles,
        filled(size, &group_lines, "", |index| {
            format!("  - g{index:05x}\n")
        }),
    );
    add(
        "reserved groups",
        roles,
        filled(size, &group_lines, "", |index| {
            format!("  - system:{index:x}\n")
        }),
    );
    add(
        "groups with a placeholder",
        roles,
        filled(size, &group_lines, "", |index| {
            format!("  - \"{{{{SessionName}}}}{index:x}\"\n")
        }),
    );
    add(
        "groups that run into each other",
        roles,
        repeated(&group_lines, "  - g\n    - h\n", ""),
    );
    add(
        "unknown keys",
        roles,
        filled(size, "- {", "}", |index| format!("k{index:x}: 1,")),
    );
    add("one key, repeated", roles, repeated("- {", "a: 1,", "}"));
    add("a long username", roles, repeated(&username, "u", "\"\n"));
    add(
        "a username of braces",
        roles,
        repeated(&username, "{{", "\"\n"),
    );
    add(
        "a username of backticks",
        roles,
        repeated(&username, "` ", "\"\n"),
    );
    add(
        "a username of options",
        roles,
        repeated(&username, "--a ", "\"\n"),
    );
    add(
        "a username that is hidden",
        roles,
        repeated(&username, "\u{200b}", "\"\n"),
    );
    add(
        "a long path",
        roles,
        repeated(&format!("- rolearn: {ARN}role/"), "/", "x\n"),
    );
    // As many mappings as fit.
    add("one role, repeated", roles, repeated("", &role, ""));
    add(
        "texts that are no ARN",
        roles,
        filled(size, "", "", |index| format!("- rolearn: {index:x}\n")),
    );
    add(
        "short roles",
        roles,
        filled(size, "", "", |index| {
            format!("- rolearn: {ARN}role/{index:x}\n")
        }),
    );
    add(
        "administrators",
        roles,
        filled(size, "", "", |index| {
            format!("- rolearn: {ARN}role/{index:x}\n  groups: [system:masters]\n")
        }),
    );
    add(
        "numbers for usernames",
        roles,
        filled(size, "[", "]", |index| {
            format!("{{rolearn: r{index:x}, username: 5}},")
        }),
    );
    add("broken `sso` blocks", roles, repeated("", "- sso: 1\n", ""));
    // What repeats itself.
    add(
        "aliases",
        roles,
        repeated("- &a {rolearn: x}\n", "- *a\n", ""),
    );
    add(
        "merges",
        roles,
        repeated("- &a {rolearn: x}\n", "- {<<: *a}\n", ""),
    );
    add(
        "anchors",
        roles,
        filled(size, "", "", |index| format!("- &a{index:x}\n")),
    );
    // What can't be read.
    add(
        "nesting in brackets",
        roles,
        "[".repeat(half) + &"]".repeat(half),
    );
    add("nesting in dashes", roles, "- ".repeat(half));
    add("nesting in question marks", roles, "? ".repeat(half));
    add("question marks in braces", roles, repeated("{", "?,", "}"));
    add(
        "placeholders without quotes",
        roles,
        repeated("", "- rolearn: {{a}}\n", ""),
    );
    add(
        "tabs",
        roles,
        repeated("", "- rolearn: a\n\tusername: b\n", ""),
    );
    shapes
}

/// Manifests that hold no `aws-auth` or too much of it.
#[allow(dead_code, reason = "not every user of the shapes needs it")]
pub(crate) fn manifests(size: usize) -> Vec<(&'static str, String)> {
    let half = size / 2;
    vec![
        (
            "manifest: nesting in brackets",
            "[".repeat(half) + &"]".repeat(half),
        ),
        ("manifest: nesting in braces", "{a: ".repeat(size / 4)),
        ("manifest: nesting in dashes", "- ".repeat(half)),
        ("manifest: nesting in question marks", "? ".repeat(half)),
        (
            "manifest: nesting in JSON",
            "{\"a\":".repeat(size / 6) + "1" + &"}".repeat(size / 6),
        ),
        ("manifest: empty documents", "---\n".repeat(size / 4)),
        ("manifest: documents", "--- a\n".repeat(size / 6)),
        (
            "manifest: a list of nothing",
            format!("kind: List\nitems: [{}]", "{},".repeat(size / 3 - 10)),
        ),
        (
            "manifest: unknown keys",
            filled(size, "mapRoles: \"\"\n", "", |index| {
                format!("k{index:x}: \"\"\n")
            }),
        ),
    ]
}

/// A text of so many bytes at most: a head, as many pieces as fit, and a tail.
fn filled(size: usize, head: &str, tail: &str, piece: impl Fn(usize) -> String) -> String {
    let mut text = String::with_capacity(size);
    text.push_str(head);
    for index in 0.. {
        let piece = piece(index);
        if text.len() + piece.len() + tail.len() > size {
            break;
        }
        text.push_str(&piece);
    }
    let _ = write!(text, "{tail}");
    text
}

/// A manifest with one section.
pub(crate) fn manifest(section: Section, text: &str) -> String {
    serde_json::json!({
        "kind": "ConfigMap",
        "metadata": {"name": "aws-auth", "namespace": "kube-system"},
        "data": {section.key(): text},
    })
    .to_string()
}

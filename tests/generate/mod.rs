//! Makes `aws-auth` texts that look like what people write, and then like what they break.

#![expect(
    clippy::format_push_string,
    reason = "the speed of tests is not in their formatting"
)]

use aws_auth_migrate::reader::AwsAuthText;

/// A small seeded generator (`SplitMix64`), so that every run is the same.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

const ARNS: &[&str] = &[
    "arn:aws:iam::111122223333:role/ops",
    "arn:aws:iam::111122223333:role/OPS",
    "arn:aws:iam::111122223333:role/op\u{17F}",
    "arn:aws:iam::111122223333:role/team/ops",
    "arn:aws:iam::111122223333:role/dev \u{212A}",
    "arn:aws:iam::444455556666:role/İstanbul",
    "arn:aws:iam::111122223333:user/Bob",
    "arn:aws:iam::111122223333:user/bob",
    "arn:aws:iam::111122223333:user/ci/bob",
    "arn:aws:iam::012345678901:root",
    "arn:aws-cn:iam::111122223333:role/ops",
    "arn:aws:sts::111122223333:assumed-role/ops/me",
    "arn:aws:sts::111122223333:federated-user/bob",
    "arn:aws:iam::111122223333:role/AWSReservedSSO_Admin_*",
    "ops",
];

const KEYS: &[&str] = &[
    "rolearn",
    "userarn",
    "username",
    "groups",
    "rolearn",
    "userarn",
    "username",
    "groups",
    "RoleARN",
    "roleArn",
    "userARN",
    "Username",
    "USERNAME",
    "u\u{17F}ername",
    "Groups",
    "GROUPS",
    "group\u{17F}",
    "userid",
    "sso",
    "SSO",
    "note",
    "rolearn ",
    "\"rolearn\"",
    "'groups'",
    "1",
    "true",
    "~",
    "null",
    "1.5",
    "18446744073709551615",
    "[a]",
    "{a: b}",
    "<<",
    "? rolearn",
    "!!str username",
    "!!binary cm9sZWFybg==",
    "&k groups",
    "*a",
    "\u{A0}groups",
    "",
    "y",
    "2020-01-01",
    ".nan",
    "\"1\"",
    "permissionSetName",
    "accountID",
    "partition",
];

const SCALARS: &[&str] = &[
    "ops",
    "dev:{{SessionName}}",
    "{{SessionName}}",
    "\"{{SessionName}}\"",
    "system:node:{{EC2PrivateDNSName}}",
    "system:masters",
    "system:nodes",
    "system:bootstrappers",
    "yes",
    "no",
    "on",
    "off",
    "y",
    "n",
    "Y",
    "true",
    "TRUE",
    "~",
    "null",
    "NULL",
    "\"\"",
    "''",
    "",
    "12345",
    "1_000",
    "0x1F",
    "0o17",
    "017",
    "08",
    "0b101",
    "0b-1",
    "-0b1",
    "+12",
    "1e3",
    "1e999",
    ".5",
    "5.",
    ".inf",
    "-.INF",
    ".nan",
    "1:30",
    "2020-01-01",
    "2020-13-45",
    "2020-1-1 1:2:3",
    "18446744073709551615",
    "99999999999999999999",
    "!!str 5",
    "!!int \"5\"",
    "!!int x",
    "!!float 5",
    "!!bool yes",
    "!!null ''",
    "!!null x",
    "!!timestamp 2020-01-01",
    "!!timestamp x",
    "!!binary YQ==",
    "!!binary YQ",
    "!!binary /w==",
    "!local x",
    "! x",
    "!",
    "!<tag:yaml.org,2002:str> 7",
    "!<x",
    "!e!x y",
    "!!",
    "!!set {a}",
    "&a x",
    "&b [x, y]",
    "*a",
    "*b",
    "&c {groups: [z]}",
    "*c",
    "*missing",
    "&a",
    "'it''s'",
    "\"a\\tb\\u00e9\\x41\\n\"",
    "\"\\q\"",
    "\"a\\\n  b\"",
    "\"\\ud800\"",
    "\"\\U0010ffff\"",
    "|\n    text\n    more\n",
    "|-\n    text\n",
    ">+\n    text\n\n     more\n\n",
    "|2\n     x\n",
    "|0\n  x\n",
    ">\n\ttext\n",
    "a b",
    "a  b",
    "a\n      b",
    "a\n\n      b",
    "a # no",
    "a#no",
    "a: b",
    "a:b",
    "-a",
    "- a",
    "?a",
    "? a",
    ":a",
    ": a",
    "@a",
    "`a`",
    "%a",
    "#",
    "a\tb",
    "\ta",
    "a\t",
    "a\u{A0}",
    "\u{FEFF}a",
    "\u{85}a",
    "a\u{2028}b",
    "é",
    "日本",
    "😀",
    "a\u{7F}b",
    "a\u{1}b",
    "[",
    "]",
    "{",
    "}",
    ",",
    "[a",
    "{a: b",
    "a]",
    "[a,b]",
    "[a, b: c]",
    "[? a : b]",
    "[a?b]",
    "[http://x]",
    "{a: b, c}",
    "{a, b: }",
    "{? a}",
    "[ , ]",
    "[a,]",
    "[]",
    "{}",
    "---",
    "...",
    "--- x",
    "111122223333",
    "012345678901",
    "\"012345678901\"",
];

fn scalar(random: &mut Random) -> String {
    match random.below(10) {
        0..=3 => random.pick(ARNS).to_owned(),
        4 => format!("\"{}\"", random.pick(ARNS)),
        5 => random
            .pick(&[
                "ops",
                "dev",
                "a:{{SessionName}}",
                "viewers",
                "system:masters",
            ])
            .to_owned(),
        _ => random.pick(SCALARS).to_owned(),
    }
}

fn groups(random: &mut Random, indent: &str) -> String {
    match random.below(8) {
        0 => scalar(random),
        1 => format!("[{}, {}]", scalar(random), scalar(random)),
        2 => format!("[{}]", scalar(random)),
        3 => "\n".to_owned(),
        _ => {
            let step = random.pick(&["", "", "  ", "    ", " "]);
            let mut lines = String::new();
            for _ in 0..=random.below(3) {
                let odd = if random.chance(4) { " " } else { "" };
                lines += &format!("\n{indent}{step}{odd}- {}", scalar(random));
            }
            lines
        }
    }
}

fn entry(random: &mut Random, list: &str) -> String {
    let indent = random.pick(&["  ", "  ", "  ", "    ", "\t"]);
    let mut text = random
        .pick(&[
            "- ", "- ", "- ", "-   ", "-\n  ", "- &a ", "- &b\n  ", "-\t", "- !!map ",
        ])
        .to_owned();
    let mut pairs = Vec::new();
    let clean = random.chance(60);
    let mut keys = vec![list, "username", "groups"];
    if !clean {
        for _ in 0..=random.below(3) {
            keys.push(random.pick(KEYS));
        }
        let from = random.below(keys.len());
        let to = random.below(keys.len());
        keys.swap(from, to);
        keys.truncate(1 + random.below(keys.len()));
    }
    for key in keys {
        let value = match key {
            "groups" | "Groups" | "GROUPS" => groups(random, indent),
            "<<" => random
                .pick(&[
                    "*a",
                    "*b",
                    "[*a, *b]",
                    "{groups: [m], username: m}",
                    "[{groups: [m]}, *a]",
                    "x",
                    "*c",
                    "[x]",
                ])
                .to_owned(),
            "sso" | "SSO" => random
                .pick(&[
                    "{permissionSetName: Admin, accountID: \"111122223333\"}",
                    "{permissionsetname: Admin, accountid: '111122223333', partition: aws-cn}",
                    "{permissionSetName: Admin, accountID: 111122223333}",
                    "x",
                    "[]",
                    "~",
                    "{}",
                ])
                .to_owned(),
            "rolearn" | "userarn" if random.chance(75) => random.pick(ARNS).to_owned(),
            "username" if random.chance(50) => {
                random.pick(&["ops", "dev", "a:{{SessionName}}"]).to_owned()
            }
            _ => scalar(random),
        };
        let colon = random.pick(&[": ", ": ", ": ", ": ", ":\t", ":", " : ", ":   "]);
        let colon = if clean { ": " } else { colon };
        let comment = if random.chance(5) { " # note" } else { "" };
        pairs.push(format!("{key}{colon}{value}{comment}"));
    }
    let end = random.pick(&["\n", "\n", "\n", "\n", "\r\n"]);
    if random.chance(8) {
        text += &format!("{{{}}}{end}", pairs.join(", "));
        return text;
    }
    let mut first = true;
    for pair in pairs {
        if !first {
            text += indent;
        }
        first = false;
        text += &pair;
        text += end;
    }
    text
}

fn mappings(random: &mut Random, list: &str) -> String {
    let mut text = random
        .pick(&[
            "",
            "",
            "",
            "",
            "",
            "",
            "# comment\n",
            "---\n",
            "\n\n",
            "\u{FEFF}",
            "\u{FEFF}\u{FEFF}",
            "%YAML 1.1\n---\n",
            "%YAML 1.2\n---\n",
            "%TAG !e! tag:yaml.org,2002:\n---\n",
            "--- # x\n",
            "  ",
            "!!seq\n",
            "&all\n",
            "%FOO\n---\n",
        ])
        .to_owned();
    if random.chance(10) {
        // Push what follows over the borders of the portions that the text is taken in by.
        let filler = random.pick(&["x", "é", "日", "\u{FEFF}"]);
        text += &format!("# {}\n", filler.repeat(random.below(1700)));
    }
    for _ in 0..=random.below(4) {
        text += &match random.below(30) {
            0 => format!("- {}\n", scalar(random)),
            1 => "---\n".to_owned(),
            2 => "...\n".to_owned(),
            3 => "# - comment\n".to_owned(),
            _ => entry(random, list),
        };
    }
    text
}

fn accounts(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..=random.below(4) {
        let account = match random.below(6) {
            0..=2 => random
                .pick(&[
                    "111122223333",
                    "012345678901",
                    "\"444455556666\"",
                    "0444455556666",
                ])
                .to_owned(),
            _ => scalar(random),
        };
        text += &format!("- {account}\n");
    }
    text
}

const SNIPPETS: &[&str] = &[
    "\t",
    " ",
    "\n",
    "\n\n",
    "\r",
    ":",
    ": ",
    "- ",
    "? ",
    "#",
    " #",
    "&a ",
    "*a",
    "!",
    "!!str ",
    "|",
    ">",
    "'",
    "\"",
    "[",
    "]",
    "{",
    "}",
    ",",
    "%",
    "@",
    "`",
    "---\n",
    "...\n",
    "\n---\n",
    "<<: *a\n",
    "\u{FEFF}",
    "\u{85}",
    "\u{2028}",
    "\u{A0}",
    "é",
    "\u{1}",
    "\\",
    "~",
    "null",
    "{{",
    "}}",
    "  ",
    "x",
    "0",
    "- - ",
    "[[",
    "]]",
    "? a\n: b\n",
    "a: b",
    "\u{10FFFF}",
    "\u{FFFE}",
];

/// Breaks a text in one place.
pub(crate) fn mutate(random: &mut Random, text: &str) -> String {
    let boundary = |at: usize| text.floor_char_boundary(at);
    let at = boundary(random.below(text.len() + 1));
    match random.below(7) {
        0..=2 => format!("{}{}{}", &text[..at], random.pick(SNIPPETS), &text[at..]),
        3 => {
            let end = boundary((at + 1 + random.below(6)).min(text.len())).max(at);
            format!("{}{}", &text[..at], &text[end..])
        }
        4 => text[..at].to_owned(),
        _ => {
            let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
            if lines.is_empty() {
                return random.pick(SNIPPETS).to_owned();
            }
            let line = random.below(lines.len());
            match random.below(5) {
                0 => lines[line].insert(0, ' '),
                1 => lines[line] = lines[line].replacen(' ', "", 2),
                2 => {
                    let copy = lines[line].clone();
                    lines.insert(random.below(lines.len() + 1), copy);
                }
                3 => {
                    lines.remove(line);
                }
                _ => {
                    let other = random.below(lines.len());
                    lines.swap(line, other);
                }
            }
            lines.concat()
        }
    }
}

/// Strings pieces of YAML together without any sense.
fn soup(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..random.below(24) {
        text += match random.below(4) {
            0 => random.pick(SCALARS),
            1 => random.pick(KEYS),
            _ => random.pick(SNIPPETS),
        };
    }
    text
}

/// A whole `aws-auth`, out of nothing or by breaking one of the given texts.
pub(crate) fn aws_auth(random: &mut Random, known: &[AwsAuthText]) -> AwsAuthText {
    let mut text = if !known.is_empty() && random.chance(25) {
        known[random.below(known.len())].clone()
    } else {
        AwsAuthText {
            map_roles: random.chance(95).then(|| mappings(random, "rolearn")),
            map_users: random.chance(60).then(|| mappings(random, "userarn")),
            map_accounts: random.chance(40).then(|| accounts(random)),
        }
    };
    for section in [
        &mut text.map_roles,
        &mut text.map_users,
        &mut text.map_accounts,
    ] {
        if random.chance(4) {
            *section = Some(soup(random));
        }
        if let Some(value) = section
            && random.chance(45)
        {
            for _ in 0..=random.below(3) {
                *value = mutate(random, value);
            }
        }
    }
    text
}

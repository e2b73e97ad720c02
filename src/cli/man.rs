//! `man`: the manual pages, made from the same definition as the command line, with what a definition does not hold.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};

use super::args::{Cli, ManArgs};
use super::exit;
use super::output::Console;
use crate::error::Failure;

/// What is kept on disk.
const FILES: [(&str, &str); 2] = [
    (
        "$XDG_STATE_HOME/aws-auth-migrate/ACCOUNT/REGION/CLUSTER.jsonl",
        "The journal of a cluster's runs, by which a stopped run goes on and rollback goes back. Without XDG_STATE_HOME it \
         is below ~/.local/state.",
    ),
    (
        "$XDG_STATE_HOME/aws-auth-migrate/ACCOUNT/REGION/",
        "Where cutover puts the backup of the ConfigMap, unless --backup names another place.",
    ),
];

/// What is taken from the environment.
const ENVIRONMENT: [(&str, &str); 5] = [
    (
        "AWS_PROFILE, AWS_REGION, AWS_CONFIG_FILE, ...",
        "All settings and credential sources of the AWS SDK hold.",
    ),
    (
        "AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_EKS, _IAM, _STS",
        "Other endpoints, such as those of a sandbox.",
    ),
    (
        "KUBECONFIG",
        "The kubeconfig that --context is looked up in.",
    ),
    (
        "NO_COLOR, COLUMNS",
        "No colour, and the width of a table that goes to no terminal.",
    ),
    (
        "XDG_STATE_HOME, HOME",
        "Where journals and backups are kept.",
    ),
];

/// The way from the first look to the way back.
const EXAMPLES: [(&str, &str); 6] = [
    (
        "aws-auth-migrate plan --cluster prod --region eu-west-1 --out prod.json",
        "Look, and keep what was seen.",
    ),
    (
        "aws-auth-migrate apply --plan prod.json --enable-access-entries",
        "Make exactly that real.",
    ),
    (
        "aws-auth-migrate verify --cluster prod --region eu-west-1",
        "See whether aws-auth may go.",
    ),
    (
        "aws-auth-migrate cutover --cluster prod --region eu-west-1",
        "Take it away.",
    ),
    (
        "aws-auth-migrate rollback --cluster prod --region eu-west-1",
        "See what going back would do; --yes does it.",
    ),
    (
        "kubectl get cm -n kube-system aws-auth -o yaml | aws-auth-migrate plan --from-file -",
        "Plan without AWS.",
    ),
];

pub(super) fn run(args: &ManArgs, console: &Console) -> Result<ExitCode, Failure> {
    console.data(&page(args.command.as_deref())?)?;
    Ok(ExitCode::SUCCESS)
}

/// The page of a command, or of the tool where none is named.
fn page(command: Option<&str>) -> Result<String, Failure> {
    let mut tool = Cli::command().disable_help_subcommand(true);
    tool.build();
    let of = match command {
        None => tool,
        Some(name) => tool
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| Failure::usage(format!("there is no command `{name}`")))?,
    };
    let mut page = Vec::new();
    Man::new(of)
        .render(&mut page)
        .map_err(|error| Failure::new("failed to write the manual page").because(error))?;
    let mut text = String::from_utf8_lossy(&page).into_owned();
    if command.is_none() {
        let more = more().to_roff();
        // The version stays last.
        let at = text.find("\n.SH VERSION").map_or(text.len(), |at| at + 1);
        text.insert_str(at, &more);
    }
    Ok(text)
}

/// The sections that tell of all commands.
fn more() -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for (code, meaning) in exit::MEANINGS {
        entry(&mut roff, code, meaning);
    }
    for (title, entries) in [
        ("FILES", &FILES as &[_]),
        ("ENVIRONMENT", &ENVIRONMENT),
        ("EXAMPLES", &EXAMPLES),
    ] {
        roff.control("SH", [title]);
        for (name, meaning) in entries {
            entry(&mut roff, name, meaning);
        }
    }
    roff
}

fn entry(roff: &mut Roff, name: &str, meaning: &str) {
    roff.control("TP", []);
    let texts: [Vec<Inline>; 2] = [vec![bold(name)], vec![roman(meaning)]];
    for text in texts {
        roff.text(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_that_the_main_one_names_is_there() {
        let main = page(None).unwrap();
        let named: Vec<String> = main
            .lines()
            .filter_map(|line| {
                line.strip_prefix(r"aws\-auth\-migrate\-")?
                    .strip_suffix("(1)")
            })
            .map(|name| name.replace(r"\-", "-"))
            .collect();
        assert!(named.len() >= 10, "{named:?}");
        for name in named {
            let title = format!(".TH aws-auth-migrate-{name} 1");
            let page = page(Some(&name)).unwrap();
            assert!(page.contains(&title), "{page}");
        }
        assert!(page(Some("unheard-of")).is_err());
    }

    #[test]
    fn the_main_page_tells_codes_files_environment_and_examples() {
        let main = page(None).unwrap();
        let at = |title: &str| main.find(&format!(".SH {title}\n")).unwrap();
        let titles = [
            "\"EXIT STATUS\"",
            "FILES",
            "ENVIRONMENT",
            "EXAMPLES",
            "VERSION",
        ];
        assert!(titles.map(at).is_sorted(), "{main}");
    }
}

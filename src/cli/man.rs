//! `man`: the manual pages, made from the same definition as the command line, with what a definition does not hold.

use std::process::ExitCode;

use clap::CommandFactory;
use clap::builder::Resettable;
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
        "The journal of a cluster's runs, which resumes a stopped run and tells rollback what to undo. Without \
         XDG_STATE_HOME it is in ~/.local/state.",
    ),
    (
        "$XDG_STATE_HOME/aws-auth-migrate/ACCOUNT/REGION/",
        "The folder in which cutover writes the backup of the ConfigMap, unless --backup is given.",
    ),
];

/// What is taken from the environment.
const ENVIRONMENT: [(&str, &str); 5] = [
    (
        "AWS_PROFILE, AWS_REGION, AWS_CONFIG_FILE, ...",
        "All settings and credential sources of the AWS SDK apply.",
    ),
    (
        "AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_EKS, _IAM, _STS",
        "Other endpoints, such as those of a sandbox.",
    ),
    ("KUBECONFIG", "The kubeconfig that --context is taken from."),
    (
        "NO_COLOR, COLUMNS",
        "Turns colours off; sets the width of a table that is not written to a terminal.",
    ),
    (
        "XDG_STATE_HOME, HOME",
        "The folder for journals and backups.",
    ),
];

/// The way from the first plan to the rollback.
const EXAMPLES: [(&str, &str); 6] = [
    (
        "aws-auth-migrate plan --cluster prod --region eu-west-1 --out prod.json",
        "Show the plan and save it.",
    ),
    (
        "aws-auth-migrate apply --plan prod.json --enable-access-entries",
        "Apply exactly the saved plan.",
    ),
    (
        "aws-auth-migrate verify --cluster prod --region eu-west-1",
        "Check whether aws-auth can be removed.",
    ),
    (
        "aws-auth-migrate cutover --cluster prod --region eu-west-1",
        "Back aws-auth up and remove it.",
    ),
    (
        "aws-auth-migrate rollback --cluster prod --region eu-west-1",
        "Show what would be undone, ask, and undo it.",
    ),
    (
        "kubectl get cm -n kube-system aws-auth -o yaml | aws-auth-migrate plan --from-file -",
        "Plan offline.",
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
    let examples = of.get_after_help().map(ToString::to_string);
    let of = of.after_help(Resettable::Reset);
    let mut page = Vec::new();
    Man::new(of)
        .render(&mut page)
        .map_err(|error| Failure::new("failed to write the manual page").because(error))?;
    let mut text = String::from_utf8_lossy(&page).into_owned();
    let more = match examples {
        Some(examples) if command.is_some() => examples_of(&examples).to_roff(),
        _ => more().to_roff(),
    };
    // The version stays last.
    let at = text.find("\n.SH VERSION").map_or(text.len(), |at| at + 1);
    text.insert_str(at, &more);
    Ok(text)
}

/// The examples of a command's help, each with what it does.
fn examples_of(help: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXAMPLES"]);
    let mut meaning = "";
    for line in help.lines().map(str::trim) {
        match line.strip_prefix("# ") {
            Some(text) => meaning = text,
            None if line.starts_with("aws-auth-migrate") => entry(&mut roff, line, meaning),
            None => {}
        }
    }
    roff
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
    fn the_main_page_lists_codes_files_environment_and_examples() {
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

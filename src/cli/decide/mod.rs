//! `decide`: answers every open question at a terminal; and the skeleton of a decisions file.

mod answers_file;
mod ask;
mod keyboard;
mod skeleton;

use std::path::PathBuf;
use std::process::ExitCode;

use super::args::{DecideArgs, TargetArgs};
use super::output::Console;
use super::settings::{self, CLOCK};
use crate::decisions::DecisionsFile;
use crate::error::Failure;
use crate::invocation::Verb;
use crate::migration;
use crate::plan::questions::Answering;
use crate::text::{shell_word, visible};

use answers_file::AnswersFile;
pub(super) use answers_file::is_json;
use ask::Ended;
use keyboard::Keyboard;
pub(super) use skeleton::{replaceable, write_skeleton};

pub(super) async fn run(args: DecideArgs, console: &Console) -> Result<ExitCode, Failure> {
    let (path, named) = named(args.target)?;
    let out = args.out.or(path.clone()).unwrap_or_default();
    if !Console::can_ask() {
        let file = shell_word(&visible(&out.display().to_string()));
        return Err(
            Failure::usage("nothing was asked: there is no terminal to ask on").hint(format!(
                "`plan --write-decisions {file}` writes a file with every open question, to be answered in an editor"
            )),
        );
    }
    let mut keyboard = Keyboard::new()?;
    let (mut kept, decided) = AnswersFile::open(out, path.as_deref(), &named)?;
    let mut target = settings::target(&named, args.history.journal.as_deref())?;
    console.watch(&mut target);
    target.read_roles = true;
    target.options.push(kept.option());
    let chosen = settings::chosen(&args.choices)?;
    let seen = tokio::select! {
        seen = migration::survey(&target, CLOCK.system) => seen?,
        signal = keyboard.signal() => return Ok(interrupted(signal, "nothing was asked yet", console)),
    };
    let history = settings::history(&seen, &args.history)?;
    let now = (CLOCK.now)();
    let replan = |document: &DecisionsFile| {
        let choices = chosen.clone().with_decisions(document);
        migration::apply::plan(&seen, &choices, &history, now)
    };
    let before = replan(&decided);
    before
        .decisions_fit()
        .map_err(|misfits| migration::apply::misfit(&misfits))?;
    let mut answering = Answering::new(decided, &replan);
    let ended = ask::all(&mut answering, &mut kept, &mut keyboard, console).await?;
    if !answering.steps().is_empty() {
        kept.write_with_open(&answering)?;
    }
    if let Ended::Signal(signal) = ended {
        return Ok(interrupted(signal, &kept.standing(&answering), console));
    }
    console.data(&format!(
        "{}\nnext: {}\n",
        kept.standing(&answering),
        before.command(Verb::Plan, [])
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn interrupted(signal: i32, standing: &str, console: &Console) -> ExitCode {
    console.screen(&format!("\ninterrupted: {standing}\n"));
    super::exit::signal(signal)
}

/// The decisions file, and the rest of what names the cluster: the file is read here, since it need not be there yet.
fn named(mut target: TargetArgs) -> Result<(Option<PathBuf>, TargetArgs), Failure> {
    let path = target.decisions.take();
    let is_stdin =
        |path: &Option<PathBuf>| path.as_ref().is_some_and(|path| path.as_os_str() == "-");
    if is_stdin(&path) || is_stdin(&target.from_file) || is_stdin(&target.rbac_file) {
        return Err(Failure::usage(
            "nothing was asked: answers are read from standard input, so no file can be",
        )
        .hint("name a file"));
    }
    Ok((path, target))
}

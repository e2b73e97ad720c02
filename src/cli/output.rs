//! Where output goes: data to stdout, everything else to stderr.

use std::error::Error;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use anstream::AutoStream;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use super::args::{ColorChoice, GlobalArgs, OutputArgs};
use super::reading::ReadingDisplay;
use super::{exit, settings};
use crate::error::{Failure, Hint};
use crate::migration::Consent;
use crate::migration::Target;
use crate::plan::document::Plan;
use crate::report::{self, Format, Shown};
use crate::text::{shell_word, visible};

/// stdout and stderr with the choices about them.
#[derive(Debug)]
pub(super) struct Console {
    color: anstream::ColorChoice,
    quiet: bool,
    /// Whether errors are JSON, like the data.
    json: bool,
}

/// The width of a report where there is no terminal.
const DEFAULT_WIDTH: u16 = 80;

impl Console {
    pub(super) fn new(args: &GlobalArgs, json: bool) -> Self {
        let color = match args.color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        };
        let level = match args.verbose {
            0 => LevelFilter::OFF,
            1 => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        };
        let log = tracing_subscriber::fmt::layer()
            .with_writer(io::stderr)
            // Nobody reads what can't be written; the default is to panic over it.
            .log_internal_errors(false)
            .with_ansi(io::stderr().is_terminal() && color != anstream::ColorChoice::Never)
            // The libraries' own words are left out: they hold URLs with passwords, and what plugins say.
            .with_filter(Targets::new().with_target("aws_auth_migrate", level));
        let _ = tracing_subscriber::registry().with(log).try_init();
        Self {
            color,
            quiet: args.quiet,
            json,
        }
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Writes data; a reader that has gone away is no failure.
    pub(super) fn data(&self, text: &str) -> Result<(), Failure> {
        let mut out = AutoStream::new(io::stdout().lock(), self.color);
        written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    }

    /// Says something to the person at the terminal.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            let mut err = AutoStream::new(io::stderr().lock(), self.color);
            let _ = writeln!(err, "{text}");
        }
    }

    /// The same for running text, which is broken between its words.
    pub(super) fn wrapped(&self, text: &str) {
        if io::stderr().is_terminal() {
            self.say(&report::wrap_indented(text, self.width()).join("\n"));
        } else {
            self.say(text);
        }
    }

    /// Writes something that has to be seen to be answered, without a line feed of its own.
    pub(super) fn screen(&self, text: &str) {
        let mut err = AutoStream::new(io::stderr().lock(), self.color);
        let _ = write!(err, "{text}");
        let _ = err.flush();
    }

    /// Begins a screen, where the terminal knows how to.
    pub(super) fn clear(&self) {
        self.screen("\u{1b}[2J\u{1b}[H");
    }

    /// Shows what is read of a target where somebody watches, and says that calls wait.
    pub(super) fn watch(&self, target: &mut Target) {
        let reading = if io::stderr().is_terminal() && !self.quiet {
            ReadingDisplay::Spinner
        } else {
            ReadingDisplay::Hidden
        };
        reading.watch(target, self.watcher(), || false);
    }

    /// Says that calls wait, and why.
    fn watcher(&self) -> impl Fn(&str) + Send + 'static {
        let quiet = self.quiet;
        move |notice| {
            if !quiet {
                to_stderr(&visible(notice));
            }
        }
    }

    /// Shows how to resume what was stopped: the command line of this process, to be pasted into a shell.
    pub(super) fn resume(&self) {
        let words: Vec<String> = std::env::args_os()
            .map(|word| shell_word(&visible(&word.to_string_lossy())))
            .collect();
        self.say(&format!("to resume: {}", words.join(" ")));
    }

    /// Says what failed, and how to resume: once, by the command line itself.
    pub(super) fn stopped(&self, mut failure: Failure) {
        let hints = failure.hints.into_iter();
        failure.hints = hints.filter_map(Hint::without_resume).collect();
        self.error(&failure);
        self.resume();
    }

    /// Says what failed, why, and what to do.
    pub(super) fn error(&self, failure: &Failure) {
        if self.json {
            return to_stderr(&report::failed(failure, exit::number(failure)));
        }
        let mut err = AutoStream::new(io::stderr().lock(), self.color);
        let red = anstyle::Style::new()
            .bold()
            .fg_color(Some(anstyle::AnsiColor::Red.into()));
        let _ = writeln!(err, "{red}error:{red:#} {}", visible(&failure.to_string()));
        let mut next = failure.source();
        while let Some(cause) = next {
            let _ = writeln!(err, "  caused by: {}", visible(&cause.to_string()));
            next = cause.source();
        }
        for hint in &failure.hints {
            let _ = writeln!(err, "hint: {}", visible(&hint.to_string()));
        }
    }

    /// Whether there is somebody to ask.
    pub(super) fn can_ask() -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks a question that only "yes" answers; `look` is the command that shows beforehand what it is about.
    pub(super) fn consent(&self, question: &str, look: &str) -> Result<Consent, Failure> {
        if !Self::can_ask() {
            return Err(Failure::usage("there is no terminal to ask on")
                .and_nothing_written()
                .hint(format!("check with `{look}`, then add --yes")));
        }
        let asked = format!("{question} Type \"yes\" to continue:");
        let lines = report::wrap_indented(&asked, self.width().saturating_sub(4));
        self.screen(&format!("{} ", lines.join("\n")));
        let mut answer = String::new();
        let read = io::stdin().read_line(&mut answer);
        if read.is_ok() && answer.trim() == "yes" {
            Ok(Consent::Answered)
        } else {
            Err(Failure::refused("the answer was not \"yes\""))
        }
    }

    /// The width for what goes to a terminal.
    #[expect(
        clippy::unused_self,
        reason = "it belongs to the console, which may know it one day"
    )]
    pub(super) fn width(&self) -> usize {
        usize::from(terminal_width())
    }

    /// How a page is drawn on stdout: lines are broken only where it is a terminal.
    fn drawn(&self) -> Shown {
        Shown {
            width: io::stdout().is_terminal().then(|| self.width()),
            color: self.colored(),
        }
    }

    /// Writes what `render` makes of a result to stdout.
    pub(super) fn page(&self, render: impl FnOnce(Shown) -> String) -> Result<(), Failure> {
        self.data(&render(self.drawn()))
    }

    /// Writes what `render` makes of a result in the format that was asked for, to stdout.
    pub(super) fn printed(
        &self,
        args: &OutputArgs,
        render: impl Fn(Format, Shown) -> String,
    ) -> Result<(), Failure> {
        self.data(&render(args.output, self.drawn()))
    }

    /// Writes what `render` makes of a result in the format that was asked for, to stdout and to the report's file.
    pub(super) fn result(
        &self,
        args: &OutputArgs,
        render: impl Fn(Format, Shown) -> String,
    ) -> Result<(), Failure> {
        self.printed(args, &render)?;
        keep_report(&render(args.output, Shown::default()), args)
    }

    /// Whether what goes to stdout may be coloured.
    pub(super) fn colored(&self) -> bool {
        AutoStream::new(io::stdout().lock(), self.color).current_choice()
            != anstream::ColorChoice::Never
    }

    /// A plan in the form that was asked for, on stdout and in the report's file.
    ///
    /// What is `drawn` of the text of `aws-auth` is below the table, for people alone.
    pub(super) fn report(
        &self,
        plan: &Plan,
        args: &OutputArgs,
        drawn: &str,
    ) -> Result<(), Failure> {
        let width = self.width();
        let write_to = |out: &mut dyn Write, color| {
            let options = report::TableOptions {
                width,
                color,
                details: args.details,
            };
            write(out, plan, args.output, drawn, options)?;
            out.flush()
        };
        // Streamed: a report may be many times as large as what it is about.
        let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
        written(write_to(&mut out, self.colored()))?;
        match &args.out_report {
            Some(path) => {
                let mut kept = Vec::new();
                write_to(&mut kept, false)
                    .and_then(|()| crate::files::replace(path, &kept))
                    .map_err(|error| file_failure("the report", path, error))
            }
            None => Ok(()),
        }
    }

    /// The table on stderr, before a question.
    pub(super) fn show(&self, plan: &Plan) {
        if !self.quiet {
            let color = AutoStream::new(io::stderr().lock(), self.color).current_choice()
                != anstream::ColorChoice::Never;
            let options = report::TableOptions {
                width: self.width(),
                color,
                details: false,
            };
            self.say(report::table(plan, options).trim_end());
        }
    }
}

/// Which cluster is about to be written to and by whom, in words.
pub(super) fn place(plan: &Plan) -> String {
    let cluster = &plan.cluster;
    let known = |text: &'_ Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
    let place = placed([
        &known(&cluster.name),
        &known(&cluster.region),
        &known(&cluster.account_id),
    ]);
    match &plan.caller {
        Some(caller) => format!("{place}, as {}", visible(caller)),
        None => place,
    }
}

/// The same by name, region and account.
pub(super) fn placed([name, region, account]: [&str; 3]) -> String {
    visible(&format!(
        "the cluster {name} in {region}, account {account}"
    ))
    .into_owned()
}

/// Writes a line to stderr. That nobody reads it any more is no reason to stop what is under way.
pub(super) fn to_stderr(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Writes the report to its file, where one was named.
pub(super) fn keep_report(text: &str, args: &OutputArgs) -> Result<(), Failure> {
    match &args.out_report {
        Some(path) => crate::files::replace(path, text.as_bytes())
            .map_err(|error| file_failure("the report", path, error)),
        None => Ok(()),
    }
}

pub(super) fn file_failure(what: &str, path: &Path, error: io::Error) -> Failure {
    Failure::new(format!("failed to write {what} to `{}`", path.display())).because(error)
}

/// A reader that has gone away is no failure.
fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new("failed to write to standard output").because(error))
        }
        _ => Ok(()),
    }
}

/// The terminal's width; where the output goes elsewhere, what COLUMNS says goes before that of stderr.
fn terminal_width() -> u16 {
    let of = |term: &console::Term| term.size_checked().map(|(_, columns)| columns);
    of(&console::Term::stdout())
        .or_else(settings::columns)
        .or_else(|| of(&console::Term::stderr()))
        .unwrap_or(DEFAULT_WIDTH)
}

fn write(
    mut out: &mut dyn Write,
    plan: &Plan,
    format: Format,
    drawn: &str,
    options: report::TableOptions,
) -> io::Result<()> {
    match format {
        Format::Table => out.write_all(report::table_with(plan, drawn, options).as_bytes()),
        Format::Json => report::write_json(plan, &mut out),
        Format::Yaml => report::write_yaml(plan, &mut out),
        Format::Markdown => out.write_all(report::markdown(plan, options.details).as_bytes()),
        Format::Html => report::write_html(plan, &mut out),
        Format::Csv => report::write_csv(plan, &mut out),
    }
}

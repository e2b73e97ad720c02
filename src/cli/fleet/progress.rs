//! Progress of a fleet on stderr: one bar over all clusters with those under way, lines elsewhere, JSON for machines.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle as BarStyle};
use serde_json::json;

use crate::cli::args::ProgressStyle;
use crate::cli::output::{Console, to_stderr};
use crate::fleet::{FleetProgress, MemberId, Row, State};
use crate::text::{visible, visible_json};

/// Shows how far a fleet is.
pub(super) struct FleetDisplay {
    style: ProgressStyle,
    total: usize,
    state: Mutex<Under>,
}

#[derive(Default)]
struct Under {
    done: usize,
    active: BTreeSet<MemberId>,
    bar: Option<ProgressBar>,
}

/// How many clusters under way are named.
const NAMED: usize = 4;

impl FleetDisplay {
    pub(super) fn new(style: ProgressStyle, total: usize, console: &Console) -> Self {
        let style = match style {
            ProgressStyle::Auto if console.is_quiet() => ProgressStyle::None,
            ProgressStyle::Auto if io::stderr().is_terminal() => ProgressStyle::Bars,
            ProgressStyle::Auto => ProgressStyle::Plain,
            style => style,
        };
        let mut under = Under::default();
        if style == ProgressStyle::Bars {
            let bar = ProgressBar::new(total as u64);
            bar.enable_steady_tick(Duration::from_millis(120));
            bar.set_style(
                BarStyle::with_template(
                    "{spinner} [{bar:24}] {pos}/{len} clusters  {elapsed}  {eta} left\n  {wide_msg}",
                )
                .expect("the template is well formed")
                .progress_chars("=> "),
            );
            under.bar = Some(bar);
        }
        Self {
            style,
            total,
            state: Mutex::new(under),
        }
    }

    /// Takes the bar off the terminal.
    pub(super) fn finish(&self) {
        if let Some(bar) = self.under().bar.take() {
            bar.finish_and_clear();
        }
    }

    fn under(&self) -> std::sync::MutexGuard<'_, Under> {
        self.state.lock().expect("no task panics while it draws")
    }

    /// Says something beside the bar, where people read along.
    fn say(&self, text: &str) {
        match self.style {
            ProgressStyle::Bars => {
                if let Some(bar) = &self.under().bar {
                    bar.println(text);
                }
            }
            ProgressStyle::Plain => to_stderr(text),
            _ => {}
        }
    }

    fn event(&self, event: &serde_json::Value) {
        if self.style == ProgressStyle::Json {
            to_stderr(&visible_json(&event.to_string()));
        }
    }
}

impl Under {
    fn draw(&self) {
        let Some(bar) = &self.bar else {
            return;
        };
        let named: Vec<String> = self
            .active
            .iter()
            .take(NAMED)
            .map(ToString::to_string)
            .collect();
        let more = self.active.len().saturating_sub(NAMED);
        let more = match more {
            0 => String::new(),
            count => format!(" and {count} more"),
        };
        bar.set_position(self.done as u64);
        bar.set_message(visible(&format!("{}{more}", named.join(", "))).into_owned());
    }
}

impl FleetProgress for FleetDisplay {
    fn begun(&self, cluster: &MemberId) {
        let mut under = self.under();
        under.active.insert(cluster.clone());
        under.draw();
    }

    fn ended(&self, row: &Row) {
        let done = {
            let mut under = self.under();
            under.active.remove(&row.cluster);
            under.done += 1;
            under.draw();
            under.done
        };
        let total = self.total;
        self.event(&json!({
            "fleetEvent": "cluster",
            "done": done,
            "total": total,
            "cluster": row.cluster,
            "state": row.state,
        }));
        let reason = row.reason.as_ref();
        let reason = reason.map_or_else(String::new, |reason| format!(": {}", reason.line()));
        let line = format!("{}: {}{reason}", row.cluster, word(row.state));
        let line = visible(&line);
        match self.style {
            ProgressStyle::Bars if matches!(row.state, State::Failed | State::Incomplete) => {
                self.say(&line);
            }
            ProgressStyle::Plain => {
                let width = total.to_string().len();
                self.say(&format!("[{done:>width$}/{total}] {line}"));
            }
            _ => {}
        }
    }

    fn wave(&self, number: usize, of: usize, clusters: usize, is_canary: bool) {
        self.event(&json!({
            "fleetEvent": "wave",
            "wave": number,
            "of": of,
            "clusters": clusters,
            "canary": is_canary,
        }));
        let kind = if is_canary { ", the canaries" } else { "" };
        let plural = if clusters == 1 { "cluster" } else { "clusters" };
        self.say(&format!("wave {number} of {of}{kind}: {clusters} {plural}"));
    }

    fn soak(&self, time: Duration) {
        self.event(&json!({ "fleetEvent": "soak", "seconds": time.as_secs() }));
        self.say(&format!("waiting {}s before the next wave", time.as_secs()));
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Done => "done",
        State::Pending => "pending",
        State::NeedsDecision => "needs a decision",
        State::Incomplete => "INCOMPLETE",
        State::NotReached => "not begun",
        State::Failed => "FAILED",
    }
}

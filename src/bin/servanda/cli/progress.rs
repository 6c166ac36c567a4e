//! The progress of an apply on standard error: a bar on a terminal, and a line for each wait.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use servanda::calendar::Instant;
use servanda::outcome::ChangeResult;
use servanda::plan::Change;
use servanda::render::encode;

use crate::process::context::Context;
use crate::process::messages::log;
use crate::reconcile::apply::Progress;

/// A progress bar that names the agreement being applied. It disappears when dropped.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// A bar for this number of changes.
    pub(crate) fn new(changes: usize, context: &Context) -> Self {
        let target = if context.terminal.shows_progress {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(changes as u64), target);
        let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {wide_msg}");
        Self(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn begin(&mut self, change: &Change) {
        self.0.set_message(encode::terminal(&change.title).into_owned());
    }

    fn wait(&mut self, change: &Change, until: Instant) {
        let id = encode::terminal(change.id.as_str());
        self.0.suspend(|| {
            log(&format!("waiting until {until}: the helpdesk does not show the new object of {id} yet\n"));
        });
    }

    fn end(&mut self, _: &Change, _: &ChangeResult) {
        self.0.inc(1);
    }
}

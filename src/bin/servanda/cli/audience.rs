//! Who follows a reconciliation: a person at a terminal, or the log of an unattended job.

use std::io::BufRead as _;
use std::time::Duration;

use servanda::envelope::GuardedPlan;
use servanda::helpdesks::HelpdeskPlans;
use servanda::plan::Plan;
use servanda::render;

use crate::cli::options::{Format, NotifyOptions};
use crate::cli::progress::Bar;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure, print_data};
use crate::process::messages::{inform, log, print_message};
use crate::process::shutdown::{self, Stop};
use crate::reconcile::apply::Progress;
use crate::reconcile::audience::Audience;

/// A person who sees the plan and confirms it.
pub(crate) struct Attended<'a> {
    /// Whether the plan counts as confirmed (`--yes`).
    pub(crate) is_confirmed: bool,
    /// The format of the result. In JSON the plan is not shown before, since the result contains it.
    pub(crate) format: Format,
    /// The way long to wait for the lock.
    pub(crate) patience: Duration,
    pub(crate) context: &'a Context,
}

impl Attended<'_> {
    /// Asks on a terminal; elsewhere `--yes` is needed.
    fn ask(&self, changes: usize, helpdesk: &str) -> Result<(), Failure> {
        if self.is_confirmed {
            return Ok(());
        }
        if !self.context.is_attended() {
            return Err(Failure::new(
                Exit::Failure,
                "not-confirmed",
                "cannot ask for a confirmation: no terminal",
            )
            .help("pass `--yes` to apply without a confirmation"));
        }
        print_message(&format!("Apply {changes} changes to {helpdesk}? Only `yes` continues: "));
        let mut answer = String::new();
        match std::io::stdin().lock().read_line(&mut answer) {
            Ok(_) if answer.trim() == "yes" => Ok(()),
            _ => Err(Failure::new(
                Exit::Failure,
                "not-confirmed",
                "the plan was not confirmed, and not applied",
            )),
        }
    }
}

impl Audience for Attended<'_> {
    fn show(&self, envelope: &GuardedPlan) -> Result<(), Failure> {
        match self.format {
            Format::Text => print_data(&render::plan::overview(envelope, self.context.paint())),
            Format::Json => Ok(()),
        }
    }

    fn show_all(&self, plans: &HelpdeskPlans) -> Result<(), Failure> {
        match self.format {
            Format::Text => {
                let paint = self.context.paint();
                print_data(&render::helpdesks::text(plans, paint, render::plan::overview))
            }
            Format::Json => Ok(()),
        }
    }

    fn confirm(&self, plan: &Plan) -> Result<(), Failure> {
        self.ask(plan.changes.len(), &plan.header.helpdesk)
    }

    fn confirm_all(&self, plans: &HelpdeskPlans) -> Result<(), Failure> {
        let changed = plans.helpdesks.iter().filter(|(_, guarded)| !guarded.plan.is_empty());
        let names: Vec<&str> = changed.map(|(name, _)| name.as_str()).collect();
        self.ask(plans.changes(), &names.join(" and "))
    }

    fn inform(&self, text: &str) {
        print_line(text);
    }

    fn lock_timeout(&self) -> Duration {
        self.patience
    }

    fn progress(&self, changes: usize) -> impl Progress {
        Bar::new(changes, self.context)
    }

    fn listen(&self) -> Stop {
        shutdown::listen()
    }
}

/// An unattended job: nothing is asked, and the plan goes to the log.
pub(crate) struct Unattended<'a> {
    /// The way long to wait for the lock.
    pub(crate) patience: Duration,
    pub(crate) stop: Stop,
    pub(crate) context: &'a Context,
    /// Whether the run initialises the ledger, and therefore sends nothing.
    pub(crate) is_first: bool,
}

impl<'a> Unattended<'a> {
    /// A job with these options, which listens for a request to stop from here on.
    pub(crate) fn of(options: &NotifyOptions, context: &'a Context) -> Self {
        let (patience, is_first) = (options.lock.wait_lock, options.init_ledger);
        Self { patience, stop: shutdown::listen(), context, is_first }
    }
}

impl Audience for Unattended<'_> {
    fn show(&self, envelope: &GuardedPlan) -> Result<(), Failure> {
        let silent = self.is_first.then(|| envelope.clone().announcing(Vec::new(), false));
        let envelope = silent.as_ref().unwrap_or(envelope);
        inform(&render::plan::overview(envelope, self.context.paint_errors()));
        Ok(())
    }

    fn show_all(&self, plans: &HelpdeskPlans) -> Result<(), Failure> {
        let mut plans = plans.clone();
        if self.is_first {
            for guarded in plans.helpdesks.values_mut() {
                guarded.announced.clear();
            }
        }
        inform(&render::helpdesks::text(&plans, self.context.paint_errors(), render::plan::overview));
        Ok(())
    }

    fn confirm(&self, _: &Plan) -> Result<(), Failure> {
        Ok(())
    }

    fn confirm_all(&self, _: &HelpdeskPlans) -> Result<(), Failure> {
        Ok(())
    }

    fn inform(&self, text: &str) {
        print_line(text);
    }

    fn lock_timeout(&self) -> Duration {
        self.patience
    }

    fn progress(&self, changes: usize) -> impl Progress {
        Bar::new(changes, self.context)
    }

    fn listen(&self) -> Stop {
        self.stop.clone()
    }
}

fn print_line(text: &str) {
    log(&format!("{}\n", render::encode::terminal(text)));
}

//! One file a command, each reading as the flow: load, check, status, desired, live, plan, guard, render.

pub(crate) mod activate;
pub(crate) mod apply;
pub(crate) mod catalog;
pub(crate) mod comment;
pub(crate) mod completions;
pub(crate) mod entitled;
pub(crate) mod discover;
pub(crate) mod doctor;
pub(crate) mod deactivate;
pub(crate) mod explain;
pub(crate) mod extend;
pub(crate) mod forecast;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod ledger;
pub(crate) mod man;
pub(crate) mod new;
pub(crate) mod notify;
pub(crate) mod plan;
pub(crate) mod renew;
pub(crate) mod report;
pub(crate) mod resume;
pub(crate) mod run;
pub(crate) mod sandbox;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod show;
pub(crate) mod snapshot;
pub(crate) mod status;
pub(crate) mod suspend;
pub(crate) mod terminate;
pub(crate) mod validate;

use std::process::ExitCode;

use crate::cli::{Command, Typed};
use crate::process::context::Context;
use crate::process::failure::Failure;

/// Runs the command that was typed.
pub(crate) fn run(typed: Typed, context: &Context) -> Result<ExitCode, Failure> {
    let Typed { command, global } = typed;
    crate::process::logging::begin(global.verbose, context);
    let exit = match command {
        Command::Init(arguments) => init::run(&arguments, context),
        Command::Validate(arguments) => validate::run(&arguments, &global, context),
        Command::Explain(arguments) => explain::run(&arguments, &global, context),
        Command::Schema(arguments) => schema::run(&arguments, &global, context),
        Command::Status(arguments) => status::run(&arguments, &global, context),
        Command::Plan(arguments) => plan::run(&arguments, &global, context),
        Command::Snapshot(arguments) => snapshot::run(&arguments, &global, context),
        Command::Show(arguments) => show::run(&arguments, context),
        Command::Apply(arguments) => apply::run(&arguments, &global, context),
        Command::Run(arguments) => run::run(&arguments, &global, context),
        Command::Notify(arguments) => notify::run(&arguments, &global, context),
        Command::Forecast(arguments) => forecast::run(&arguments, &global, context),
        Command::Entitled(arguments) => entitled::run(&arguments, &global, context),
        Command::Serve(arguments) => serve::run(&arguments, &global, context),
        Command::Discover(arguments) => discover::run(&arguments, &global, context),
        Command::Catalog(arguments) => catalog::run(&arguments, &global, context),
        Command::Doctor(arguments) => doctor::run(&arguments, &global, context),
        Command::Import(arguments) => import::run(&arguments, &global, context),
        Command::New(arguments) => new::run(&arguments, &global, context),
        Command::Renew(arguments) => renew::run(&arguments, &global, context),
        Command::Extend(arguments) => extend::run(&arguments, &global, context),
        Command::Terminate(arguments) => terminate::run(&arguments, &global, context),
        Command::Suspend(arguments) => suspend::run(&arguments, &global, context),
        Command::Resume(arguments) => resume::run(&arguments, &global, context),
        Command::Activate(arguments) => activate::run(&arguments, &global, context),
        Command::Deactivate(arguments) => deactivate::run(&arguments, &global, context),
        Command::Report(arguments) => report::run(&arguments, &global, context),
        Command::Ledger(arguments) => ledger::run(&arguments, &global, context),
        Command::Sandbox(arguments) => sandbox::run(&arguments, &global, context),
        Command::Comment(arguments) => comment::run(&arguments),
        Command::Completions(arguments) => completions::run(&arguments),
        Command::Man(arguments) => man::run(&arguments),
    };
    exit.map(ExitCode::from)
}

//! The shell of Servanda: reads what was typed, gathers what the core needs, and carries out what it says.

mod http;
mod process;
mod workspace;
mod ledger;
mod sandbox;
mod helpdesk;
mod forge;
mod serve;
mod reconcile;
mod notify;
mod cli;

use std::process::ExitCode;

/// Ten thousand files are parsed on all cores at once, which the system's allocator serves one by one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // A shell that asks what can follow is answered, and nothing else is done.
    clap_complete::CompleteEnv::with_factory(cli::completion::command)
        .var(cli::command::completions::ASKED_BY)
        .complete();
    let run = || -> Result<ExitCode, process::failure::Failure> {
        let context = process::context::Context::of_this_process()?;
        match cli::parse() {
            Ok(typed) => cli::command::run(typed, &context),
            Err(usage) => Ok(process::failure::report_usage(&usage)),
        }
    };
    run().unwrap_or_else(|failure| process::failure::report(&failure))
}

//! The shell of Servanda: parses the command line, gathers what the core needs, and does what the core decides.
//!
//! The rooms stand in the order in which data flows; each uses only those above it.

mod http;
mod process;
mod workspace;
mod ledger;
mod sandbox;
mod helpdesk;
mod forge;
mod serve;
mod reconcile;
mod conformance;
mod notify;
mod cli;

#[cfg(test)]
#[path = "../../../tests/cases.rs"]
mod cases;

use std::process::ExitCode;

/// The system's allocator serves threads one at a time, and ten thousand files are parsed on all cores at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Where a shell asks for completions, this answers it and ends the process.
    clap_complete::CompleteEnv::with_factory(|| cli::completion::with_candidates(cli::described()))
        .var(cli::completion::VARIABLE)
        .complete();
    let run = || -> Result<ExitCode, process::failure::Failure> {
        let context = process::context::Context::capture()?;
        match cli::parse() {
            Ok(typed) => {
                let context = typed.global.applied_to(context);
                process::logging::begin(typed.global.log_options(), &context)?;
                typed.command.run(&context)
            }
            Err(usage) => Ok(process::failure::report_usage(&usage)),
        }
    };
    run().unwrap_or_else(|failure| process::failure::report(&failure).into())
}

//! The shell of Servanda: reads what was typed, gathers what the core needs, and carries out what it says.

mod failure;
mod context;
mod args;
mod log;
mod files;
mod git;
mod commit;
mod repository;
mod proposal;
#[cfg_attr(
    not(test),
    expect(
        dead_code,
        unused_imports,
        reason = "tests reach further into the embedded helpdesk than commands do"
    )
)]
mod sandbox;
mod embedded;
mod helpdesk;
mod connection;
mod ledger;
mod channel;
mod forge;
mod ping;
mod baseline;
mod survey;
mod recording;
mod accept;
mod saved;
mod drawing;
mod signal;
mod journal;
mod progress;
mod apply;
mod pass;
mod deliver;
mod skeleton;
mod typed;
mod question;
mod writing;
mod founding;
mod command;
mod complete;

use std::process::ExitCode;

/// Ten thousand files are parsed on all cores at once, which the system's allocator serves one by one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // A shell that asks what can follow is answered, and nothing else is done.
    clap_complete::CompleteEnv::with_factory(complete::command)
        .var(command::completions::ASKED_BY)
        .complete();
    let run = || -> Result<ExitCode, failure::Failure> {
        let context = context::Context::of_this_process()?;
        match args::parse() {
            Ok(typed) => command::run(typed, &context),
            Err(usage) => Ok(failure::report_usage(&usage)),
        }
    };
    run().unwrap_or_else(|failure| failure::report(&failure))
}

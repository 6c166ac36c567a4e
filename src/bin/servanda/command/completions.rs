//! `servanda completions`: a script that completes commands and switches in a shell.

use clap::CommandFactory as _;

use crate::args::Typed;
use crate::failure::{Exit, Failure, tell};

const AFTER_HELP: &str = "\
Examples:
  servanda completions bash > ~/.local/share/bash-completion/completions/servanda
  servanda completions zsh > ~/.zfunc/_servanda";

/// Write a completion script for a shell
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The shell
    shell: clap_complete::Shell,
}

/// Prints the script.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Typed::command(), "servanda", &mut script);
    tell(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Fine)
}

//! `servanda completions`: the script by which a shell asks this program for completions.

use clap_complete::env::Shells;

use crate::cli::completion::VARIABLE;
use crate::process::failure::{Exit, Failure, print_data};

const AFTER_HELP: &str = "\
Examples:
  servanda completions bash \\
      > ~/.local/share/bash-completion/completions/servanda
  servanda completions zsh > ~/.zfunc/_servanda
  servanda completions fish > ~/.config/fish/completions/servanda.fish

Completes commands, switches, and the ids of agreements, templates, clients, services, managers and calendars of the \
repository: the current one, or that of -C. Write the script again after an update of Servanda.";

/// Write a completion script for a shell
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The shell
    shell: clap_complete::Shell,
}

/// Prints the script.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let name = env!("CARGO_BIN_NAME");
    let shells = Shells::builtins();
    let shell = arguments.shell.to_string();
    let known = shells.completer(&shell).ok_or_else(|| {
        Failure::usage(
            format!("no completion script for {shell}"),
            "choose bash, elvish, fish, powershell or zsh",
        )
    })?;
    let mut script = Vec::new();
    known
        .write_registration(VARIABLE, name, name, name, &mut script)
        .map_err(|error| Failure::new(Exit::Failure, "script-not-written", error.to_string()))?;
    print_data(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Fine)
}

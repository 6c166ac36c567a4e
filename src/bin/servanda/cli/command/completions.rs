//! `servanda completions`: a script by which a shell asks this program what can follow.

use clap_complete::env::Shells;

use crate::process::failure::{Exit, Failure, tell};

const AFTER_HELP: &str = "\
Examples:
  servanda completions bash > ~/.local/share/bash-completion/completions/servanda
  servanda completions zsh > ~/.zfunc/_servanda
  servanda completions fish > ~/.config/fish/completions/servanda.fish

Commands and switches are completed, and the ids of agreements, templates, clients, services, managers and calendars of
the repository that one stands in, or that is named with -C. Write the script anew after an update.";

/// Write a completion script for a shell
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The shell
    shell: clap_complete::Shell,
}

/// The variable by which a shell asks.
pub(crate) const ASKED_BY: &str = "COMPLETE";

/// Prints the script.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let name = env!("CARGO_BIN_NAME");
    let shells = Shells::builtins();
    let shell = arguments.shell.to_string();
    let known = shells.completer(&shell).ok_or_else(|| {
        Failure::usage(
            format!("no script is made for {shell}"),
            "there is one for bash, elvish, fish, powershell and zsh",
        )
    })?;
    let mut script = Vec::new();
    known
        .write_registration(ASKED_BY, name, name, name, &mut script)
        .map_err(|error| Failure::new(Exit::Failure, "cli-failure", error.to_string()))?;
    tell(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Fine)
}

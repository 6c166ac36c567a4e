//! `servanda man`: what `--help` says, as pages of the manual.

use std::path::PathBuf;

use clap::CommandFactory as _;

use crate::args::Typed;
use crate::failure::{Exit, Failure, say};
use crate::files;

const AFTER_HELP: &str = "\
Examples:
  servanda man ~/.local/share/man/man1    then `man servanda`, `man servanda-plan` and so on
  servanda man pages                      into any folder, for a package";

/// Write the pages of the manual
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The folder that they are written into
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Writes a page for each command.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let mut command = Typed::command();
    command.build();
    let mut count = 0;
    let mut waiting = vec![command];
    while let Some(command) = waiting.pop() {
        let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
        let mut page = Vec::new();
        let rendered = clap_mangen::Man::new(command.clone()).render(&mut page);
        rendered.map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;
        files::write_whole(&arguments.folder.join(format!("{name}.1")), &String::from_utf8_lossy(&page))?;
        count += 1;
        waiting.extend(command.get_subcommands().filter(|below| below.get_name() != "help").cloned());
    }
    say(&format!("{count} pages in {}\n", arguments.folder.display()));
    Ok(Exit::Fine)
}

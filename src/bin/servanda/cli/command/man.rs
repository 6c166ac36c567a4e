//! `servanda man`: the help of all commands as manual pages.

use std::io;
use std::path::PathBuf;

use servanda::render;

use crate::process::failure::{Exit, Failure};
use crate::process::messages::inform;
use crate::workspace::files;

const AFTER_HELP: &str = "\
Examples:
  servanda man ~/.local/share/man/man1    for `man servanda-plan` and so on
  servanda man pages                      into any folder, for a package";

/// Write the manual pages
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The folder to write them into
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Writes a page for each of the described commands.
pub(crate) fn run(arguments: &Arguments, described: clap::Command) -> Result<Exit, Failure> {
    let mut count = 0;
    let mut waiting = vec![described];
    while let Some(command) = waiting.pop() {
        let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
        let page = page(&command, &name)
            .map_err(|error| Failure::new(Exit::Failure, "manual-not-written", error.to_string()))?;
        files::write_whole(&arguments.folder.join(format!("{name}.1")), &page)?;
        count += 1;
        waiting.extend(command.get_subcommands().filter(|below| below.get_name() != "help").cloned());
    }
    inform(&format!("{count} pages in {}\n", arguments.folder.display()));
    Ok(Exit::Fine)
}

/// The manual page of a command: its help, in the usual sections.
fn page(command: &clap::Command, name: &str) -> io::Result<String> {
    let man = clap_mangen::Man::new(command.clone())
        .title(name.to_uppercase())
        .source(concat!("servanda ", env!("CARGO_PKG_VERSION")))
        .manual("Servanda");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.get_subcommands().next().is_some() {
        man.render_subcommands_section(&mut page)?;
    }
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    Ok(String::from_utf8_lossy(&page).into_owned() + &render::manual::sections(&help))
}

//! Shows long output page by page on a terminal, as git does.

use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;

use crate::process::context::Context;
use crate::process::failure::{Failure, print_data};
use crate::process::runtime::on_own_thread;

/// The variables that a pager gets unless they are set: `less` ends at once if all fits on one screen, keeps colours, and
/// leaves the text on the terminal.
const USUAL: [(&str, &str); 2] = [("LESS", "FRX"), ("LV", "-c")];

/// Prints data to standard output; what is longer than the terminal goes through the pager of the user.
pub(crate) fn print_page(text: &str, context: &Context) -> Result<(), Failure> {
    match context.pager(text.lines().count()) {
        Some(pager) if on_own_thread(page(text, &pager))? => Ok(()),
        _ => print_data(text),
    }
}

/// Passes a text to a pager and waits until it ends. Returns whether it could be started.
async fn page(text: &str, pager: &str) -> bool {
    let Ok(mut child) = command(pager).spawn() else {
        return false;
    };
    let mut input = child.stdin.take().expect("it was piped");
    let shown = async move {
        // Whoever leaves the pager early has seen enough.
        let _ = input.write_all(text.as_bytes()).await;
        drop(input);
        let _ = child.wait().await;
    };
    // The pager handles an interrupt, and this process must not end before it.
    let interrupts = async {
        while tokio::signal::ctrl_c().await.is_ok() {}
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = shown => {}
        () = interrupts => {}
    }
    true
}

/// The command of a pager, which a shell reads, as for git.
#[expect(clippy::disallowed_methods, reason = "the user names the pager, as for git")]
fn command(pager: &str) -> tokio::process::Command {
    let mut command = if cfg!(windows) {
        let mut words = pager.split_whitespace();
        let mut command = tokio::process::Command::new(words.next().unwrap_or(pager));
        command.args(words);
        command
    } else {
        let mut command = tokio::process::Command::new("/bin/sh");
        command.args(["-c", pager]);
        command
    };
    command.env_clear().envs(USUAL).envs(Context::environment()).stdin(Stdio::piped());
    command
}

#[cfg(test)]
mod tests {
    use super::page;
    use crate::process::runtime::on_own_thread;

    #[test]
    #[cfg(unix)]
    #[expect(clippy::disallowed_methods, reason = "the pager wrote this file")]
    fn a_pager_gets_the_text_and_the_usual_options() {
        let folder = tempfile::tempdir().expect("a folder");
        let seen = folder.path().join("seen");
        let pager = format!("{{ cat; echo \"${{LESS-}}\"; }} > '{}'", seen.display());
        assert!(on_own_thread(page("one\ntwo\n", &pager)).expect("a thread"));
        let text = std::fs::read_to_string(&seen).expect("it was written");
        assert!(text.starts_with("one\ntwo\n") && text.lines().count() == 3, "{text}");
        // One that leaves at once is no error.
        assert!(on_own_thread(page(&"line\n".repeat(100_000), "true")).expect("a thread"));
    }
}

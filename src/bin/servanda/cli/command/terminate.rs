//! `servanda terminate`: ends an agreement early, and asks what happens to its successors.

use servanda::agreement::Agreement;
use servanda::author::{self, EditTarget, EditedFile, EffectiveFrom};

use crate::cli::options::ChangeOptions;
use crate::cli::prompt::Prompter;
use crate::cli::value_parsers;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::workspace::change_set::{EditSession, Origin, ProposedFile};

const AFTER_HELP: &str = "\
Examples:
  servanda terminate severny-veter-2026 --on 2026-09-30 \\
      --reason 'notice by the client of 2026-08-14'
  servanda terminate almaty-trade-2026 --on 2026-11-13T18:00:00+05:00
                                        at an instant
  servanda terminate portovik-2026 --on 2026-12-15 --with-successors
                                        what renews it never begins

The agreement is still in force on that day. A later termination of it is replaced.

Exit codes: 0 written, 1 refused, 3 the files would be invalid, and nothing was written.";

/// End an agreement early
#[derive(clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// The last day, inclusive, or the instant of the end
    #[arg(long, value_name = "DAY", value_parser = value_parsers::moment)]
    on: EffectiveFrom,
    /// The reason, for people who read the file later
    #[arg(long)]
    reason: Option<String>,
    /// Terminate the agreements that renew it as well, so that they never begin
    #[arg(long, conflicts_with = "keep_successors")]
    with_successors: bool,
    /// Leave the agreement that renews it as it is, and confirm that in its file
    #[arg(long)]
    keep_successors: bool,
    #[command(flatten)]
    change: ChangeOptions,
}

/// The decision about the successors.
enum Successors {
    Terminate,
    Keep,
}

/// Terminates the agreement.
pub(crate) fn run(arguments: &Arguments, context: &Context) -> Result<Exit, Failure> {
    let Arguments { on, reason, change, .. } = arguments;
    let session = EditSession::open(None, context)?;
    let subject = session.subject(&change.id)?;
    let mut edits = vec![(subject, author::terminate(&subject, *on, reason.as_deref())?)];
    let is_kept = |agreement: &Agreement| {
        session.subject(agreement.id.as_str()).is_ok_and(|follower| author::is_kept(&follower))
    };
    let followers = author::followers(&session.checked.agreements, &subject, *on, is_kept);
    if let Some(first) = followers.first() {
        match decide(arguments, &followers, context)? {
            Successors::Terminate => {
                for follower in &followers {
                    let follower = session.subject(follower.id.as_str())?;
                    edits.push((follower, author::terminate(&follower, *on, reason.as_deref())?));
                }
            }
            Successors::Keep => {
                let usual = format!("stays after the termination of {}", change.id);
                let kept = session.subject(first.id.as_str())?;
                edits.push((kept, author::keep(&kept, reason.as_deref().unwrap_or(&usual))?));
            }
        }
    }
    let proposals = proposals(&session, edits)?;
    session.commit(proposals, change.write.mode(), context)
}

/// The decision of the options, or of the person at the terminal.
fn decide(arguments: &Arguments, followers: &[&Agreement], context: &Context) -> Result<Successors, Failure> {
    if arguments.with_successors {
        return Ok(Successors::Terminate);
    }
    if arguments.keep_successors {
        return Ok(Successors::Keep);
    }
    let ids: Vec<String> = followers.iter().map(|follower| format!("`{}`", follower.id)).collect();
    let message = format!("`{}` is renewed by {}", arguments.change.id, ids.join(" and "));
    let Some(mut prompter) = Prompter::on_terminal(context) else {
        return Err(Failure::new(Exit::Failure, "has-successors", message)
            .help("pass `--with-successors` so that it never begins, or `--keep-successors` if it stays"));
    };
    prompter.ask(&format!("{message}. Terminate that too, or keep it (terminate, keep)"), |answer| {
        match answer {
            "terminate" => Ok(Successors::Terminate),
            "keep" => Ok(Successors::Keep),
            _ => Err("answer `terminate` or `keep`".to_owned()),
        }
    })
}

/// The edited files. Two edits of one file would overwrite each other.
fn proposals(
    session: &EditSession,
    edits: Vec<(EditTarget<'_>, EditedFile)>,
) -> Result<Vec<ProposedFile>, Failure> {
    let mut proposals: Vec<ProposedFile> = Vec::with_capacity(edits.len());
    for (subject, edited) in edits {
        let path = session.path_of(&subject);
        if proposals.iter().any(|proposal| proposal.path == path) {
            let message = format!("{path} contains several of these agreements");
            return Err(Failure::new(Exit::Failure, "edit-refused", message)
                .help("nothing was written; edit the file by hand"));
        }
        proposals.push(ProposedFile { path, from: Origin::Itself, text: edited.text, root: None });
    }
    Ok(proposals)
}

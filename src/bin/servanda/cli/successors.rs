//! Decides what happens to the successors of an agreement that ends early: by an option, or by a question.

use clap::Args;
use servanda::agreement::Agreement;
use servanda::author::{self, EditTarget, EditedFile, EffectiveFrom};

use crate::cli::prompt::Prompter;
use crate::process::context::Context;
use crate::process::failure::{Exit, Failure};
use crate::workspace::change_set::{EditSession, ProposedFile};

/// Switches of the commands that end an agreement early.
#[derive(Args)]
pub(crate) struct SuccessorOptions {
    /// Terminate the agreements that renew it as well, so that they never begin
    #[arg(long, conflicts_with = "keep_successors")]
    with_successors: bool,
    /// Leave the agreement that renews it as it is, and confirm that in its file
    #[arg(long)]
    keep_successors: bool,
}

/// The decision about the successors.
enum Successors {
    Terminate,
    Keep,
}

impl SuccessorOptions {
    /// Whether one of them was passed.
    pub(crate) const fn is_any(&self) -> bool {
        self.with_successors || self.keep_successors
    }

    /// The files to write: the edited one of an agreement whose last day is that of `on`, and those of its successors.
    pub(crate) fn proposals(
        &self,
        session: &EditSession,
        subject: EditTarget<'_>,
        edited: EditedFile,
        on: EffectiveFrom,
        reason: Option<&str>,
        context: &Context,
    ) -> Result<Vec<ProposedFile>, Failure> {
        let is_kept = |agreement: &Agreement| {
            session.subject(agreement.id.as_str()).is_ok_and(|follower| author::is_kept(&follower))
        };
        let followers = author::followers(&session.checked.agreements, &subject, on, is_kept);
        let id = subject.agreement.id.clone();
        let mut edits = vec![(subject, edited)];
        if let Some(first) = followers.first() {
            match self.decide(id.as_str(), &followers, context)? {
                Successors::Terminate => {
                    for follower in &followers {
                        let follower = session.subject(follower.id.as_str())?;
                        edits.push((follower, author::terminate(&follower, on, reason)?));
                    }
                }
                Successors::Keep => {
                    let usual = format!("stays after the termination of {id}");
                    let kept = session.subject(first.id.as_str())?;
                    edits.push((kept, author::keep(&kept, reason.unwrap_or(&usual))?));
                }
            }
        }
        proposals(session, edits)
    }

    /// The decision of the options, or of the person at the terminal.
    fn decide(&self, id: &str, followers: &[&Agreement], context: &Context) -> Result<Successors, Failure> {
        if self.with_successors {
            return Ok(Successors::Terminate);
        }
        if self.keep_successors {
            return Ok(Successors::Keep);
        }
        let ids: Vec<String> = followers.iter().map(|follower| format!("`{}`", follower.id)).collect();
        let message = format!("`{id}` is renewed by {}", ids.join(" and "));
        let Some(mut prompter) = Prompter::on_terminal(context) else {
            return Err(Failure::new(Exit::Failure, "has-successors", message).help(
                "pass `--with-successors` so that it never begins, or `--keep-successors` if it stays",
            ));
        };
        prompter.ask(&format!("{message}. Terminate that too, or keep it (terminate, keep)"), |answer| {
            match answer {
                "terminate" => Ok(Successors::Terminate),
                "keep" => Ok(Successors::Keep),
                _ => Err("answer `terminate` or `keep`".to_owned()),
            }
        })
    }
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
        proposals.push(session.proposal(&subject, edited));
    }
    Ok(proposals)
}

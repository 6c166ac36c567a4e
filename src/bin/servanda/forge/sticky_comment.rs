//! Keeps one comment on a pull request up to date: edited in place, or posted anew if the plan is more severe
//! than before.
//!
//! A comment is recognised by a hidden line *and* by the owner of the token as its author, since anybody can
//! write the line. Of several such comments the latest counts. After posting, the comments are read again, so
//! that of two jobs that post at the same time only one comment remains.
//!
//! A plan with more risks than one comment can contain is continued in further ones. These are never edited:
//! each contains the digest of its plan, and those whose digest differs from that of the first comment are
//! deleted. So two concurrent jobs cannot mix two plans.

use std::collections::BTreeSet;

use servanda::render::comment_state::{CommentMarker, CommentSeverity, MARKER_LIMIT, marked, superseded};
use servanda::render::markdown::Budget;
use servanda::settings::Language;

use super::client::ForgeClient;
use super::dialect::Comment;
use super::error::ForgeError;

/// The text to post.
pub(crate) trait CommentText: Sync {
    /// The texts of the first comment and of its continuations, each within a budget.
    fn within(&self, budget: Budget) -> Vec<String>;
    /// The severity; `None` for that of the comment that is replaced.
    fn severity(&self) -> Option<CommentSeverity>;
    /// The language of the text that replaces an earlier comment.
    fn language(&self) -> Language {
        Language::default()
    }
}

/// The outcome for the comments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommentOutcome {
    /// The first comment was posted.
    Created,
    /// The earlier comment was edited.
    Updated,
    /// The earlier comment already had this text.
    Unchanged,
    /// A new comment was posted for a more severe plan, and the earlier one links to it.
    Escalated,
}

/// Posts or updates the comment with this key on a pull request. A text that the forge refuses is shortened.
pub(crate) async fn post(
    forge: &ForgeClient,
    number: u64,
    key: &str,
    text: &impl CommentText,
) -> Result<CommentOutcome, ForgeError> {
    let language = text.language();
    let thread = Thread { forge, number, key, language, myself: forge.myself().await? };
    let mut before = thread.ours().await?;
    let severity = text
        .severity()
        .unwrap_or_else(|| before.firsts.last().map_or(CommentSeverity::Harmless, |first| first.severity));
    let mut budget = Budget::comment(forge.markdown());
    loop {
        let bodies = marked(&text.within(budget.less(MARKER_LIMIT)), key, severity);
        match thread.publish(&before, severity, &bodies).await {
            Err(ForgeError::Refused(_)) if budget.most() > Budget::LEAST => {
                budget = budget.halved();
                // A part of the comments may have been posted.
                before = thread.ours().await?;
            }
            result => return result,
        }
    }
}

/// A first comment.
struct First {
    comment: Comment,
    severity: CommentSeverity,
    /// The digest that its continuations contain.
    set: Option<String>,
}

/// A comment that continues a plan.
struct Continuation {
    id: u64,
    set: String,
    part: usize,
}

/// The comments with one key by the owner of the token, each kind in the order of posting.
struct OwnComments {
    firsts: Vec<First>,
    continuations: Vec<Continuation>,
}

impl OwnComments {
    /// Continuations that belong to another plan than the latest first comment, precede it, or are duplicates.
    fn stray(&self) -> Vec<u64> {
        let mut seen = BTreeSet::new();
        let is_stray = |further: &&Continuation| -> bool {
            let belongs = self.firsts.last().is_some_and(|first| {
                further.id > first.comment.id && first.set.as_ref() == Some(&further.set)
            });
            !belongs || !seen.insert(further.part)
        };
        self.continuations.iter().filter(is_stray).map(|further| further.id).collect()
    }

    /// Whether the continuations of these texts are posted, given that the first comment is.
    fn has_continuations_of(&self, bodies: &[String]) -> bool {
        self.stray().is_empty() && self.continuations.len() + 1 == bodies.len()
    }
}

/// The digest that the continuations of the first of these texts contain.
fn set_of(bodies: &[String], key: &str) -> Option<String> {
    match CommentMarker::of(&bodies[0], key)? {
        CommentMarker::First { set, .. } => set,
        CommentMarker::Continuation { .. } => None,
    }
}

/// The comments of one pull request.
struct Thread<'a> {
    forge: &'a ForgeClient,
    number: u64,
    key: &'a str,
    language: Language,
    myself: u64,
}

impl Thread<'_> {
    async fn ours(&self) -> Result<OwnComments, ForgeError> {
        let mut comments = self.forge.comments(self.number).await?;
        comments.retain(|comment| comment.author == self.myself);
        comments.sort_by_key(|comment| comment.id);
        let mut ours = OwnComments { firsts: Vec::new(), continuations: Vec::new() };
        for comment in comments {
            match CommentMarker::of(&comment.body, self.key) {
                Some(CommentMarker::First { severity, set }) => {
                    ours.firsts.push(First { comment, severity, set });
                }
                Some(CommentMarker::Continuation { set, part }) => {
                    ours.continuations.push(Continuation { id: comment.id, set, part });
                }
                None => {}
            }
        }
        Ok(ours)
    }

    /// Posts or updates the comments with exactly these texts.
    async fn publish(
        &self,
        before: &OwnComments,
        severity: CommentSeverity,
        bodies: &[String],
    ) -> Result<CommentOutcome, ForgeError> {
        let known: BTreeSet<u64> = before.firsts.iter().map(|first| first.comment.id).collect();
        if let Some((latest, earlier)) = before.firsts.split_last()
            && severity <= latest.severity
        {
            self.supersede(earlier).await?;
            let is_posted = latest.comment.body.trim_end() == bodies[0].trim_end();
            if is_posted && before.has_continuations_of(bodies) {
                return Ok(CommentOutcome::Unchanged);
            }
            if !is_posted {
                self.forge.edit(self.number, latest.comment.id, &bodies[0]).await?;
            }
            self.post_continuations(latest, before, bodies).await?;
            self.remove_duplicates(&known).await?;
            return Ok(CommentOutcome::Updated);
        }
        self.forge.post(self.number, &bodies[0]).await?;
        self.supersede(&before.firsts).await?;
        for body in &bodies[1..] {
            self.forge.post(self.number, body).await?;
        }
        self.remove_duplicates(&known).await?;
        Ok(if before.firsts.is_empty() { CommentOutcome::Created } else { CommentOutcome::Escalated })
    }

    /// Posts the continuations of the first comment that are missing.
    async fn post_continuations(
        &self,
        first: &First,
        before: &OwnComments,
        bodies: &[String],
    ) -> Result<(), ForgeError> {
        let set = set_of(bodies, self.key);
        let belongs =
            |further: &&Continuation| further.id > first.comment.id && Some(&further.set) == set.as_ref();
        let present: BTreeSet<usize> =
            before.continuations.iter().filter(belongs).map(|further| further.part).collect();
        for (_, body) in (2..).zip(&bodies[1..]).filter(|(part, _)| !present.contains(part)) {
            self.forge.post(self.number, body).await?;
        }
        Ok(())
    }

    /// Reads the comments again and deletes what another job posted at the same time, except for the latest
    /// first comment and its continuations.
    async fn remove_duplicates(&self, known: &BTreeSet<u64>) -> Result<(), ForgeError> {
        let ours = self.ours().await?;
        let duplicates = ours.firsts.iter().rev().skip(1).map(|first| first.comment.id);
        let duplicates = duplicates.filter(|id| !known.contains(id));
        for id in duplicates.chain(ours.stray()) {
            self.forge.delete(self.number, id).await?;
        }
        Ok(())
    }

    /// Replaces earlier comments by a link to the latest one, so that they are no longer found.
    async fn supersede(&self, firsts: &[First]) -> Result<(), ForgeError> {
        for First { comment, .. } in firsts {
            match self.forge.edit(self.number, comment.id, superseded(self.language)).await {
                Ok(()) => self.forge.fold(comment).await,
                Err(ForgeError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

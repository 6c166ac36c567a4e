//! One comment stays one comment: written over where it stands, posted anew where the plan is graver than before.
//!
//! A comment is ours if it bears the hidden line *and* was written by the owner of our token: anybody can write the
//! line. Where several are ours, the latest is the one. Whoever has just posted looks again, so that of two jobs
//! that post at once one comment is left, whichever is first.
//!
//! A plan with more risks than one comment holds goes on in further ones ([`Set`]). These are never written over: each bears
//! the digest of the plan it belongs to, and what bears another than the first comment does is taken away. So two jobs
//! that write at once cannot mix two plans.

use std::collections::BTreeSet;

use servanda::render::comment_state::{CommentMarker, CommentSeverity, MARKER_LIMIT, marked, superseded};
use servanda::render::markdown::Budget;

use super::{Comment, Forge, ForgeError};

/// What is to be said.
pub(crate) trait Text: Sync {
    /// The texts, each within a budget; one at least.
    fn within(&self, budget: Budget) -> Vec<String>;
    /// How grave it is, if it says so; else it is as grave as what it takes the place of.
    fn class(&self) -> Option<CommentSeverity>;
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Posted {
    /// A new comment.
    New,
    /// Our earlier comment was written over.
    Edited,
    /// Our earlier comment said just that.
    Unchanged,
    /// A new comment, and the earlier one points to it.
    Risen,
}

/// Says it on a pull request.
pub(crate) async fn post(
    forge: &Forge,
    number: u64,
    key: &str,
    text: &impl Text,
) -> Result<Posted, ForgeError> {
    let thread = Thread { forge, number, key, myself: forge.myself().await? };
    let mut before = thread.ours().await?;
    let class = text
        .class()
        .unwrap_or_else(|| before.firsts.last().map_or(CommentSeverity::Harmless, |first| first.class));
    let mut budget = Budget::comment(forge.markdown());
    loop {
        let bodies = marked(&text.within(budget.less(MARKER_LIMIT)), key, class);
        match thread.say(&before, class, &bodies).await {
            Err(ForgeError::Refused(_)) if budget.most() > Budget::LEAST => {
                budget = budget.halved();
                // Some of it may stand there.
                before = thread.ours().await?;
            }
            result => return result,
        }
    }
}

/// A first comment of ours.
struct First {
    comment: Comment,
    class: CommentSeverity,
    /// What the comments that go on with it bear.
    set: Option<String>,
}

/// A comment of ours that goes on with a plan.
struct Further {
    id: u64,
    set: String,
    part: usize,
}

/// Our comments under one key, each kind in the order in which they were posted.
struct Ours {
    firsts: Vec<First>,
    further: Vec<Further>,
}

impl Ours {
    /// What goes on with another plan than the latest first comment tells, stands above it, or is there twice.
    fn stray(&self) -> Vec<u64> {
        let mut seen = BTreeSet::new();
        let is_stray = |further: &&Further| -> bool {
            let belongs = self.firsts.last().is_some_and(|first| {
                further.id > first.comment.id && first.set.as_ref() == Some(&further.set)
            });
            !belongs || !seen.insert(further.part)
        };
        self.further.iter().filter(is_stray).map(|further| further.id).collect()
    }

    /// Whether just what these texts have beside the first stands there, if the first does.
    fn goes_on_with(&self, bodies: &[String]) -> bool {
        self.stray().is_empty() && self.further.len() + 1 == bodies.len()
    }
}

/// What the comments that go on with the first of these bear.
fn set_of(bodies: &[String], key: &str) -> Option<String> {
    match CommentMarker::of(&bodies[0], key)? {
        CommentMarker::First { set, .. } => set,
        CommentMarker::Continuation { .. } => None,
    }
}

/// The comments of one pull request.
struct Thread<'a> {
    forge: &'a Forge,
    number: u64,
    key: &'a str,
    myself: u64,
}

impl Thread<'_> {
    async fn ours(&self) -> Result<Ours, ForgeError> {
        let mut comments = self.forge.comments(self.number).await?;
        comments.retain(|comment| comment.author == self.myself);
        comments.sort_by_key(|comment| comment.id);
        let mut ours = Ours { firsts: Vec::new(), further: Vec::new() };
        for comment in comments {
            match CommentMarker::of(&comment.body, self.key) {
                Some(CommentMarker::First { severity: class, set }) => {
                    ours.firsts.push(First { comment, class, set })
                }
                Some(CommentMarker::Continuation { set, part }) => {
                    ours.further.push(Further { id: comment.id, set, part });
                }
                None => {}
            }
        }
        Ok(ours)
    }

    /// Says it all in these very words.
    async fn say(
        &self,
        before: &Ours,
        class: CommentSeverity,
        bodies: &[String],
    ) -> Result<Posted, ForgeError> {
        let known: BTreeSet<u64> = before.firsts.iter().map(|first| first.comment.id).collect();
        if let Some((latest, earlier)) = before.firsts.split_last()
            && class <= latest.class
        {
            self.retire(earlier).await?;
            let is_said = latest.comment.body.trim_end() == bodies[0].trim_end();
            if is_said && before.goes_on_with(bodies) {
                return Ok(Posted::Unchanged);
            }
            if !is_said {
                self.forge.edit(self.number, latest.comment.id, &bodies[0]).await?;
            }
            self.go_on(latest, before, bodies).await?;
            self.tidy(&known).await?;
            return Ok(Posted::Edited);
        }
        self.forge.post(self.number, &bodies[0]).await?;
        self.retire(&before.firsts).await?;
        for body in &bodies[1..] {
            self.forge.post(self.number, body).await?;
        }
        self.tidy(&known).await?;
        Ok(if before.firsts.is_empty() { Posted::New } else { Posted::Risen })
    }

    /// Posts what goes on with the first comment and is not there yet.
    async fn go_on(&self, first: &First, before: &Ours, bodies: &[String]) -> Result<(), ForgeError> {
        let set = set_of(bodies, self.key);
        let belongs =
            |further: &&Further| further.id > first.comment.id && Some(&further.set) == set.as_ref();
        let present: BTreeSet<usize> =
            before.further.iter().filter(belongs).map(|further| further.part).collect();
        for (_, body) in (2..).zip(&bodies[1..]).filter(|(part, _)| !present.contains(part)) {
            self.forge.post(self.number, body).await?;
        }
        Ok(())
    }

    /// Looks again: what another job posted at the same time goes, but for the first comment that came last; and so does
    /// what goes on with another plan than that comment tells, or is there twice.
    async fn tidy(&self, known: &BTreeSet<u64>) -> Result<(), ForgeError> {
        let ours = self.ours().await?;
        let doubled = ours.firsts.iter().rev().skip(1).map(|first| first.comment.id);
        let doubled = doubled.filter(|id| !known.contains(id));
        for id in doubled.chain(ours.stray()) {
            self.forge.delete(self.number, id).await?;
        }
        Ok(())
    }

    /// What is not the latest any more points to what is, and is found no more.
    async fn retire(&self, firsts: &[First]) -> Result<(), ForgeError> {
        for First { comment, .. } in firsts {
            match self.forge.edit(self.number, comment.id, &superseded()).await {
                Ok(()) => self.forge.fold(comment).await,
                Err(ForgeError::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

//! One comment stays one comment: written over where it stands, posted anew where the plan is graver than before.
//!
//! A comment is ours if it bears the hidden line *and* was written by the owner of our token: anybody can write the
//! line. Where several are ours, the latest is the one. Whoever has just posted looks again, so that of two jobs
//! that post at once one comment is left, whichever is first.

use servanda::render::markdown::Budget;
use servanda::render::posted::{Class, MARK_LIMIT, class_of, marked, superseded};

use super::{Comment, Forge, ForgeError};

/// What is to be said.
pub(crate) trait Text: Sync {
    /// The text within a budget.
    fn within(&self, budget: Budget) -> String;
    /// How grave it is, if it says so; else it is as grave as what it takes the place of.
    fn class(&self) -> Option<Class>;
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
    let myself = forge.myself().await?;
    let ours = ours(forge, number, key, myself).await?;
    let class = text.class().unwrap_or_else(|| ours.last().map_or(Class::Calm, |(_, class)| *class));
    let writing = Writing { forge, number, key, text, class };
    if let Some(((latest, before), earlier)) = ours.split_last()
        && class <= *before
    {
        retire(forge, number, earlier.iter().map(|(comment, _)| comment)).await?;
        if latest.body.trim_end() == writing.body(Budget::comment(forge.markdown())).trim_end() {
            return Ok(Posted::Unchanged);
        }
        writing.over(latest).await?;
        return Ok(Posted::Edited);
    }
    let new = writing.anew().await?;
    retire(forge, number, ours.iter().map(|(comment, _)| comment)).await?;
    let known = |comment: &Comment| ours.iter().any(|(ours, _)| ours.id == comment.id);
    let all = self::ours(forge, number, key, myself).await?;
    let latest = all.last().map_or(new.id, |(latest, _)| latest.id);
    for (doubled, _) in all.iter().filter(|(comment, _)| comment.id != latest && !known(comment)) {
        // Another job posted at the same time. What came last stays.
        forge.delete(number, doubled.id).await?;
    }
    Ok(if ours.is_empty() { Posted::New } else { Posted::Risen })
}

/// Our comments under this key, the latest last.
async fn ours(
    forge: &Forge,
    number: u64,
    key: &str,
    myself: u64,
) -> Result<Vec<(Comment, Class)>, ForgeError> {
    let comments = forge.comments(number).await?.into_iter().filter(|comment| comment.author == myself);
    let mut ours: Vec<(Comment, Class)> =
        comments.filter_map(|comment| class_of(&comment.body, key).map(|class| (comment, class))).collect();
    ours.sort_by_key(|(comment, _)| comment.id);
    Ok(ours)
}

/// What is not the latest any more points to what is, and is found no more.
async fn retire<'a>(
    forge: &Forge,
    number: u64,
    comments: impl Iterator<Item = &'a Comment>,
) -> Result<(), ForgeError> {
    for comment in comments {
        match forge.edit(number, comment.id, &superseded()).await {
            Ok(()) => forge.fold(comment).await,
            Err(ForgeError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A text on its way.
struct Writing<'a, T> {
    forge: &'a Forge,
    number: u64,
    key: &'a str,
    text: &'a T,
    class: Class,
}

impl<T: Text> Writing<'_, T> {
    fn body(&self, budget: Budget) -> String {
        marked(&self.text.within(budget.less(MARK_LIMIT)), self.key, self.class)
    }

    async fn over(&self, comment: &Comment) -> Result<(), ForgeError> {
        let mut budget = Budget::comment(self.forge.markdown());
        loop {
            match self.forge.edit(self.number, comment.id, &self.body(budget)).await {
                Err(ForgeError::Refused(_)) if budget.most() > Budget::LEAST => budget = budget.halved(),
                result => return result,
            }
        }
    }

    async fn anew(&self) -> Result<Comment, ForgeError> {
        let mut budget = Budget::comment(self.forge.markdown());
        loop {
            match self.forge.post(self.number, &self.body(budget)).await {
                Err(ForgeError::Refused(_)) if budget.most() > Budget::LEAST => budget = budget.halved(),
                result => return result,
            }
        }
    }
}

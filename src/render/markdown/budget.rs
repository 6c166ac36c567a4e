//! The size limits of forges, and the Markdown that they support.

/// The software that a comment is posted to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Forge {
    /// GitHub, in the cloud or self-hosted.
    GitHub,
    /// GitLab, likewise.
    GitLab,
    /// Gitea and Forgejo.
    Gitea,
    /// Bitbucket.
    Bitbucket,
}

impl Forge {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::GitHub, Self::GitLab, Self::Gitea, Self::Bitbucket];
}

/// The size limits of a text, in bytes. Some forges count characters, which are never more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The size of a text, unless its risks alone are longer.
    pub(super) usual: usize,
    /// The size of a text whose risks are longer.
    pub(super) most: usize,
    /// Whether the forge supports `<details>`.
    pub(super) folds: bool,
    /// The largest number of texts of one plan, if its risks do not fit into one.
    pub(super) texts: usize,
}

impl Budget {
    /// The smallest budget, with room for verdict and totals only.
    pub const LEAST: usize = 1_000;

    /// The largest number of comments of one plan: enough for 20,000 risks with ids of maximum length, on any forge.
    const COMMENTS: usize = 150;

    /// The budget of a comment on a pull request.
    ///
    /// GitHub refuses more than 65,536 characters; Gitea documents no limit, and gets the same. GitLab accepts 1,000,000,
    /// of which only risks make use. Bitbucket Server refuses more than 32,768, and displays HTML as text.
    pub const fn comment(forge: Forge) -> Self {
        let (usual, most, folds) = match forge {
            Forge::GitHub | Forge::Gitea => (60_000, 60_000, true),
            Forge::GitLab => (100_000, 900_000, true),
            Forge::Bitbucket => (30_000, 30_000, false),
        };
        Self { usual, most, folds, texts: Self::COMMENTS }
    }

    /// The budget of a GitHub job summary: 1 MiB. GitHub drops a longer one without failing the job.
    pub const fn summary() -> Self {
        const MOST: usize = (1 << 20) - 1_024;
        Self { usual: MOST, most: MOST, folds: true, texts: 1 }
    }

    /// Half of the budget, for a forge that refused the whole.
    #[must_use]
    pub const fn halved(self) -> Self {
        Self { usual: self.usual / 2, most: self.most / 2, ..self }
    }

    /// The budget less these bytes, which are reserved for other text of the same comment.
    #[must_use]
    pub const fn less(self, bytes: usize) -> Self {
        let (usual, most) = (self.usual.saturating_sub(bytes), self.most.saturating_sub(bytes));
        Self { usual, most, ..self }
    }

    /// The share of one of several plans in the same text, after these bytes.
    #[must_use]
    pub fn shared(self, plans: usize, bytes: usize) -> Self {
        let share = |size: usize| size.saturating_sub(bytes) / plans;
        Self { usual: share(self.usual), most: share(self.most), texts: self.texts / plans, ..self }
    }

    /// The maximum size of a text, in bytes.
    pub const fn most(self) -> usize {
        if self.most < Self::LEAST { Self::LEAST } else { self.most }
    }
}

//! How much a forge takes, and what its Markdown knows.

/// Where a comment is posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Forge {
    /// GitHub, in the cloud or at home.
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

/// How many bytes a text may take. What forges count in characters is counted in bytes here, which is never less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// What a text takes at most, as long as nothing risky asks for more.
    pub(super) usual: usize,
    /// What it takes where the risks alone are longer.
    pub(super) most: usize,
    /// Whether the sink folds what stands in `<details>`.
    pub(super) folds: bool,
    /// How many texts one plan may take, where its risks do not fit into one.
    pub(super) texts: usize,
}

impl Budget {
    /// Below this there is only room for the verdict and the totals.
    pub const LEAST: usize = 1_000;

    /// Comments that one plan may take: twenty thousand risks whose ids are as long as an id may be fit, on any forge.
    const COMMENTS: usize = 150;

    /// What a comment on a pull request may take.
    ///
    /// GitHub refuses more than 65,536 characters; Gitea names no limit, and is given the same. GitLab refuses a million,
    /// which nobody reads: only risks make use of it. Bitbucket Server refuses 32,768, and shows HTML as it is
    /// written.
    pub const fn comment(forge: Forge) -> Self {
        let (usual, most, folds) = match forge {
            Forge::GitHub | Forge::Gitea => (60_000, 60_000, true),
            Forge::GitLab => (100_000, 900_000, true),
            Forge::Bitbucket => (30_000, 30_000, false),
        };
        Self { usual, most, folds, texts: Self::COMMENTS }
    }

    /// What the summary of a GitHub job may take: 1 MiB, beyond which it is dropped while the job stays green.
    pub const fn summary() -> Self {
        const MOST: usize = (1 << 20) - 1_024;
        Self { usual: MOST, most: MOST, folds: true, texts: 1 }
    }

    /// Half of it, for a forge that refused the whole.
    #[must_use]
    pub const fn halved(self) -> Self {
        Self { usual: self.usual / 2, most: self.most / 2, ..self }
    }

    /// Less these bytes, which somebody else writes into the same comment.
    #[must_use]
    pub const fn less(self, bytes: usize) -> Self {
        let (usual, most) = (self.usual.saturating_sub(bytes), self.most.saturating_sub(bytes));
        Self { usual, most, ..self }
    }

    /// The bytes that a text never exceeds.
    pub const fn most(self) -> usize {
        if self.most < Self::LEAST { Self::LEAST } else { self.most }
    }
}

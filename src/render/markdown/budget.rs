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
}

impl Budget {
    /// Below this there is only room for the verdict and the totals.
    pub const LEAST: usize = 1_000;

    /// What a comment on a pull request may take.
    ///
    /// GitHub refuses more than 65,536 characters; Gitea names no limit, and is given the same. GitLab refuses a million,
    /// which nobody reads: only risks make use of it. Bitbucket Server refuses 32,768, and shows HTML as it is
    /// written.
    pub const fn comment(forge: Forge) -> Self {
        match forge {
            Forge::GitHub | Forge::Gitea => Self { usual: 60_000, most: 60_000, folds: true },
            Forge::GitLab => Self { usual: 100_000, most: 900_000, folds: true },
            Forge::Bitbucket => Self { usual: 30_000, most: 30_000, folds: false },
        }
    }

    /// What the summary of a GitHub job may take: 1 MiB, beyond which it is dropped while the job stays green.
    pub const fn summary() -> Self {
        const MOST: usize = (1 << 20) - 1_024;
        Self { usual: MOST, most: MOST, folds: true }
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
